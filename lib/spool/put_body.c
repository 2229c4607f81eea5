/*
 * Bodies that are files: a large one is a file under the task's id before its
 * record is written.  A crash in between leaves a file that no record names.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/file.h"
#include "spool/put.h"

int
tq_batch_store(struct tq_spool *sp, struct tq_batch *b, struct tq_err *e)
{
	size_t max = tq_format_inline_max(&sp->format), i;
	char name[TQ_FILE_NAME];
	struct tq_rec *r;
	int fd, taken, rv;

	for (i = 0; i < b->n; i++) {
		r = &b->recs[i];
		fd = b->v[i].body_fd;
		if (fd == -1 && b->v[i].body.n <= max)
			continue;
		*b->which = i;
		if (fd == -1 && (fd = tq_file_memory(b->v[i].body.p,
		    b->v[i].body.n)) == -1)
			return tq_fail_sys(e, errno, "%s/files", sp->path);
		tq_random(&r->put.file, sizeof(r->put.file));
		tq_file_name(name, &r->id, TQ_FILE_BODY, r->put.file);
		rv = tq_file_store(sp, name, fd, &r->put.body_size, &taken, e);
		if (fd != b->v[i].body_fd)
			close(fd);
		if (rv == -1)
			return -1;
		r->put.flags |= TQ_PF_BODYFILE;
		r->put.body.n = 0;
		r->put.body.p = NULL;
	}
	return 0;
}

int
tq_batch_has_bodies(struct tq_spool *sp, const struct tq_batch *b)
{
	char name[TQ_FILE_NAME];
	struct stat st;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (!(b->recs[i].put.flags & TQ_PF_BODYFILE))
			continue;
		tq_file_name(name, &b->recs[i].id, TQ_FILE_BODY,
		    b->recs[i].put.file);
		if (fstatat(tq_file_dir(sp), name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
			return 0;
	}
	return 1;
}

void
tq_batch_drop(struct tq_spool *sp, const struct tq_batch *b)
{
	char name[TQ_FILE_NAME];
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->recs[i].put.flags & TQ_PF_BODYFILE) {
			tq_file_name(name, &b->recs[i].id, TQ_FILE_BODY,
			    b->recs[i].put.file);
			(void)tq_sys.unlinkat(tq_file_dir(sp), name, 0);
		}
}
