/*
 * Whole reads and writes, atomic replacement and syncing, all through one
 * table of system calls so that tests can fail the n-th.
 */
#ifndef TQ_BASE_IO_H
#define TQ_BASE_IO_H

#include <sys/types.h>

#include <fcntl.h>
#include <stddef.h>

#include <tq/types.h>

/* The kernel, as far as the spool uses it to change things. */
struct tq_sys {
	int	(*openat)(int, const char *, int, ...);
	ssize_t	(*pwrite)(int, const void *, size_t, off_t);
	int	(*fdatasync)(int);
	int	(*fsync)(int);
	int	(*renameat)(int, const char *, int, const char *);
	int	(*linkat)(int, const char *, int, const char *, int);
	int	(*unlinkat)(int, const char *, int);
	int	(*ftruncate)(int, off_t);
	int	(*posix_fallocate)(int, off_t, off_t);
};
/* The table in use: libc's, unless a test put its own. */
extern struct tq_sys tq_sys;

/* All n bytes, restarted on EINTR and short counts.  0 or -1 (errno). */
int	tq_io_pwrite(int fd, const void *, size_t n, off_t);
/* Up to n bytes; fewer only at the end of the file.  Count or -1. */
ssize_t	tq_io_pread(int fd, void *, size_t n, off_t);
int	tq_io_write(int fd, const void *, size_t n);
ssize_t	tq_io_read(int fd, void *, size_t n);
/* What one read(2) gets, at least a byte but at the end.  Count or -1. */
ssize_t	tq_io_some(int fd, void *, size_t n);
/* Sync file data; sync a directory after a name in it changed. */
int	tq_io_sync(int fd);
int	tq_io_sync_dir(int dirfd);
/*
 * Replace file `name` in dirfd by n bytes: write ".name.tmp", sync, rename,
 * sync the directory.  A crash leaves the old or the new.
 */
int	tq_io_replace(int dirfd, const char *name, const void *, size_t n,
	    mode_t, struct tq_err *);
/* Copy n bytes (or to the end if n < 0) between descriptors.  Bytes or -1. */
off_t	tq_io_copy(int to, int from, off_t from_off, off_t n);
#endif
