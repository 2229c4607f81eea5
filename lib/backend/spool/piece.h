/*
 * A body or an output on its way into the spool: short ones stand in the
 * record, long ones become files, and either may be given as bytes or as a
 * file.
 */
#ifndef TQ_BACKEND_SPOOL_PIECE_H
#define TQ_BACKEND_SPOOL_PIECE_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

#include "base/buf.h"

struct tq_piece {
	struct tq_bytes	 given;
	int		 fd;		/* instead of given, or -1 */
	int		 made;		/* fd is ours to close */
	int		 is_file;	/* goes into a spool file */
	uint64_t	 size;
	size_t		 at;		/* in the buffer, when it was a file */
};

/* Begin with what a caller gave; fd -1: the bytes.  0 or -1. */
int	tq_piece_init(struct tq_piece *p, struct tq_bytes given, int fd,
	    struct tq_err *);
/*
 * Bring it where it goes: a short file is read to the end of *b, long bytes
 * are written to a nameless file.  0 or -1.
 */
int	tq_piece_bring(struct tq_piece *p, struct tq_buf *b, struct tq_err *);
/* The bytes of one that goes into the record; b has not moved since. */
struct tq_bytes tq_piece_bytes(const struct tq_piece *p,
	    const struct tq_buf *b);
/* Close what was made; keeps errno. */
void	tq_piece_fini(struct tq_piece *p);

#endif
