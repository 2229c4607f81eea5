/*
 * One file of the ledger: made, opened, written, read, synced.  A segment is
 * prepared whole before its first use: header, zeros to its full size, both
 * synced, then renamed to its name, so that a later sync of data finds no
 * metadata to write, and so that room once prepared is room.
 */
#ifndef TQ_SPOOL_SEGMENT_H
#define TQ_SPOOL_SEGMENT_H

#include <sys/types.h>

#include <tq/types.h>

#include "spool/record.h"

#define TQ_SEG_SIZE	(8u << 20)	/* of a new spool */
#define TQ_SEG_MIN	(64u << 10)
#define TQ_SEG_MAX	(1u << 30)
#define TQ_SEG_WINDOW	(256u << 10)	/* made present at once */
#define TQ_SEG_NAME	16		/* "0000001a.seg" */

/* A part of a map whose pages are present. */
struct tq_window {
	uint32_t	 from, to;
};

struct tq_segment {
	uint32_t	 number;	/* 0: empty */
	uint32_t	 size;
	uint32_t	 salt;
	int		 fd;
	unsigned char	*map;		/* whole file, NULL: not mapped */
	struct tq_window store, load;	/* present for stores, for loads */
	uint64_t	 used;		/* for the cache: when last */
};

void	tq_segment_name(char out[TQ_SEG_NAME], uint32_t number);
/* Number of a file name, 0 if it is none of a segment. */
uint32_t tq_segment_number(const char *name);
/*
 * Make segment *h in dirfd: zeroed, so that its blocks are written ones and its
 * pages cheap to map; with durable set synced, too.  ENOSPC leaves nothing.
 */
int	tq_segment_make(int dirfd, const struct tq_seg_head *h, mode_t mode,
	    int durable);
/* The same with n bytes of records in it before it has its name. */
int	tq_segment_fill(int dirfd, const struct tq_seg_head *h, mode_t mode,
	    int durable, const void *records, size_t n);
/*
 * Open and verify its header.  EBADMSG and ENOENT say what is on the disk
 * (EPROTO too: a newer format).  Any other error, no descriptor left, no memory,
 * a disk that does not answer, is the caller's and says nothing of the file:
 * who took it for damage would let go of what is there.
 */
int	tq_segment_open(struct tq_segment *s, struct tq_seg_head *h,
	    int dirfd, uint32_t number);
/* 1 if that error of opening or reading tells that there is nothing to read. */
int	tq_segment_lost(int error);
void	tq_segment_close(struct tq_segment *s);
/* Zero the bytes between two places of its file. */
int	tq_segment_zero(int fd, uint32_t from, uint32_t to);
/* Map it for stores and loads; 0, or -1 and it goes on by pread and pwrite. */
int	tq_segment_map(struct tq_segment *s);
/*
 * Write n bytes at off: by a store when they are mapped and present, else by
 * pwrite(2).  -1 with errno.
 */
int	tq_segment_write(struct tq_segment *s, const void *, size_t n,
	    uint32_t off);
/*
 * Outside the lock, with the tail at off: have the next window present before
 * it is needed under the lock.
 */
void	tq_segment_ahead(struct tq_segment *s, uint32_t off);
/* Up to n bytes at off; a pointer into the map, or into buf. */
const unsigned char *tq_segment_read(struct tq_segment *s, void *buf,
	    size_t *n, uint32_t off);
/* 1 where the file system overwrites in place, 0 where it allocates. */
int	tq_segment_in_place(int dirfd);
/*
 * Name of a file system that cannot hold a spool, NULL for others: locks and
 * syncs there are not the kernel's own.  Numbers: statfs(2).
 */
const char *tq_segment_refused(int dirfd);

#endif
