/*
 * Who is alive.  SPOOL/owners has one row of 64 bytes for each handle that
 * claims; a live owner holds an exclusive lock on the first byte of its row,
 * through an open file description of its own, and the kernel lets it go
 * whenever the process dies.
 *
 *	 0  u32  epoch: of the owner that locked it last
 *	 4  i32  pid	 8  i64  time it was taken
 *	16  40 bytes  host name, NUL-terminated
 *
 * An owner is (row, epoch).  F_OFD_GETLK does not report locks of its own
 * description, so a handle asks about others through another one.
 */
#ifndef TQ_SPOOL_OWNER_H
#define TQ_SPOOL_OWNER_H

#include <stdint.h>

#include <tq/types.h>

#define TQ_OWNER_SIZE	64
#define TQ_OWNER_HOST	40

struct tq_owner {
	int		 fd;		/* holds the lock, -1: not an owner */
	uint16_t	 row;
	uint32_t	 epoch;
};

struct tq_owner_info {
	uint32_t	 epoch;
	int		 pid;
	tq_time		 since;
	char		 host[TQ_OWNER_HOST];
};

/*
 * Take a free row of the owners file in dirfd below rows; *o is set.  0 or -1
 * (ENOSPC: every row is taken).
 */
int	tq_owner_take(struct tq_owner *o, int dirfd, unsigned rows, tq_time now,
	    struct tq_err *);
void	tq_owner_give(struct tq_owner *o);
/* 1 if (row, epoch) lives, 0 if not, -1.  probe: from tq_owner_probe(). */
int	tq_owner_alive(int probe, unsigned row, uint32_t epoch);
int	tq_owner_probe(int dirfd);
int	tq_owner_read(struct tq_owner_info *, int probe, unsigned row);

/*
 * Descriptors whose locks say that this process lives must not live on in a
 * forked child: those named here are closed in it.  0, or -1 ENOMEM.
 */
int	tq_owner_guard(int fd);
void	tq_owner_unguard(int fd);
#endif
