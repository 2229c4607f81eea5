/* _GNU_SOURCE: O_TMPFILE, a file that never has a name to be left behind. */
#define _GNU_SOURCE

/* A task's body read from stdin. */
#include "command/body.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

void
tq_body_init(struct tq_body *b)
{
	b->mem = NULL;
	b->fd = -1;
}

void
tq_body_fini(struct tq_body *b)
{
	free(b->mem);
	if (b->fd > STDIN_FILENO)
		close(b->fd);
	tq_body_init(b);
}

/* A file system without O_TMPFILE: a name for the shortest time. */
static int
open_named(const char *dir)
{
	char path[4096];
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/.tqput.XXXXXXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		unlink(path);
	return fd;
}

int
tq_body_file(const char *dir, struct tq_err *e)
{
	int fd;

	if (dir == NULL)
		dir = secure_getenv("TMPDIR");
	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(dir);
	if (fd == -1)
		return tq_fail_sys(e, errno, "%s: a file for the body", dir);
	return fd;
}

/* Copy what was read and the rest of stdin to a file of ours. */
static int
spill(struct tq_body *b, size_t n, const char *dir, struct tq_err *e)
{
	ssize_t got = (ssize_t)n;

	b->fd = tq_body_file(dir, e);
	if (b->fd == -1)
		return -1;
	do {
		if (tq_io_write(b->fd, b->mem, (size_t)got) == -1)
			return tq_fail_sys(e, errno, "body");
		got = tq_io_read(STDIN_FILENO, b->mem, TQ_BODY_SMALL);
	} while (got > 0);
	return got == -1 ? tq_fail_sys(e, errno, "stdin") : 0;
}

int
tq_body_stdin(struct tq_body *b, struct tq_task *t, const char *dir,
    struct tq_err *e)
{
	struct stat st;
	ssize_t n;

	/* a file is its own best copy, if nothing of it was read before us */
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > TQ_BODY_SMALL &&
	    lseek(STDIN_FILENO, 0, SEEK_CUR) == 0) {
		b->fd = t->body_fd = STDIN_FILENO;
		return 0;
	}
	b->mem = malloc(TQ_BODY_SMALL);
	if (b->mem == NULL)
		return tq_fail_sys(e, errno, "body");
	n = tq_io_read(STDIN_FILENO, b->mem, TQ_BODY_SMALL);
	if (n == -1)
		return tq_fail_sys(e, errno, "stdin");
	if (n < TQ_BODY_SMALL) {
		t->body = (struct tq_bytes){ b->mem, (size_t)n };
		return 0;
	}
	if (spill(b, (size_t)n, dir, e) == -1)
		return -1;
	t->body_fd = b->fd;
	return 0;
}
