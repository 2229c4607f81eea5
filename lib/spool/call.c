/*
 * Calling a worker where none is: SPOOL/ready/QUEUE is made when a task is
 * ready in a queue that nobody serves, and removed by who comes to serve it.
 * A service manager that watches it needs no worker to be there all the time
 * (tqrun(1), SYSTEMD).
 *
 * As a ring it is a hint: one may be lost to a worker that was killed, until
 * somebody looks again; one too many starts a worker that finds nothing and
 * leaves.  Its rules:
 *
 *  1. Whether anybody serves the queue is looked at every other second at
 *     most: q->called is when.  A put costs it no system call.
 *  2. q->called is 0 when a worker of the queue has left or was found dead, so
 *     that the next ready task is looked at.
 *  3. Who leaves ready tasks behind calls for them: a worker that leaves when
 *     there is nothing to do looks before that, and there may be a put in
 *     between, which saw it serve.
 *  4. Files are made and removed outside the lock; who removes them is in its
 *     row already, so a put after that sees him.
 */
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/due.h"
#include "spool/row.h"

#define LOOK_EVERY	2		/* seconds */

/* 1 if a live worker serves the queue. */
static int
is_served(struct tq_spool *sp, uint32_t queue)
{
	const struct tq_top *top = sp->t.top;
	struct tq_wrow *w;
	unsigned row;

	if (sp->probe == -1 && (sp->probe = tq_owner_probe(sp->dirfd)) == -1)
		return 1;		/* rather no hint than a wrong one */
	for (row = 1; row <= top->rows && row < TQ_WORKERS_MAX; row++) {
		w = &sp->t.wrows[row];
		if (w->joined != 0 && tq_row_serves(w, queue) &&
		    tq_owner_alive(sp->probe, row, w->joined) != 0)
			return 1;
	}
	return 0;
}

void
tq_call(struct tq_spool *sp, uint32_t queue)
{
	uint32_t now = (uint32_t)(sp->came / TQ_SECOND) + 1;
	struct tq_qrow *q = tq_table_queue(&sp->t, queue);

	if (q == NULL || (q->called != 0 && now - q->called < LOOK_EVERY))
		return;
	if (!is_served(sp, queue)) {
		if (sp->ncalls == TQ_CALLS_MAX)
			return;		/* with the next task */
		sp->call[sp->ncalls++] = (uint16_t)queue;
	}
	q->called = now;
}

void
tq_call_left(struct tq_spool *sp, const struct tq_wrow *w)
{
	struct tq_qrow *q;
	int i;

	for (i = 0; i < TQ_QUEUES_MAX && w->queue[i] != 0; i++)
		if ((q = tq_table_queue(&sp->t, w->queue[i])) != NULL &&
		    q->nready > 0)
			tq_call(sp, w->queue[i]);
}

/* ---- outside the lock ---------------------------------------------------- */

/*
 * "ready/NAME"; 0 for a name that is no queue's: it comes from memory that
 * others write too.
 */
static int
file_name(char *out, size_t size, const char *name)
{
	int n = snprintf(out, size, "ready/%s", name);

	return n > 0 && (size_t)n < size && name[0] != '\0' &&
	    name[0] != '.' && strchr(name, '/') == NULL;
}

void
tq_call_name(struct tq_spool *sp, char *out, size_t size, uint32_t queue)
{
	const struct tq_qrow *q = tq_table_queue(&sp->t, queue);

	out[0] = '\0';
	if (q != NULL && memchr(q->name, '\0', sizeof(q->name)) != NULL)
		(void)strlcpy(out, q->name, size);
}

/* Spools of earlier releases have no directory for it. */
static int
make_dir(struct tq_spool *sp)
{
	if (mkdirat(sp->dirfd, "ready", 0700) == -1)
		return errno == EEXIST ? 0 : -1;
	if (sp->format.gid != (gid_t)-1)
		(void)fchownat(sp->dirfd, "ready", (uid_t)-1, sp->format.gid,
		    AT_SYMLINK_NOFOLLOW);
	return fchmodat(sp->dirfd, "ready", sp->format.mode, 0);
}

void
tq_call_make(struct tq_spool *sp, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	char path[TQ_NAME_MAX + 8];
	int fd;

	if (!file_name(path, sizeof(path), name))
		return;
	fd = openat(sp->dirfd, path, flags, sp->format.mode & 0660);
	if (fd == -1 && errno == ENOENT && make_dir(sp) == 0)
		fd = openat(sp->dirfd, path, flags, sp->format.mode & 0660);
	if (fd != -1)
		close(fd);
}

void
tq_call_remove(struct tq_spool *sp, const char *name)
{
	char path[TQ_NAME_MAX + 8];

	if (file_name(path, sizeof(path), name))
		(void)unlinkat(sp->dirfd, path, 0);
}
