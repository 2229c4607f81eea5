/*
 * SPOOL/format: what a spool says of itself, and what follows from that alone.
 *
 * It knows neither ledger nor table.
 */
#ifndef TQ_SPOOL_FORMAT_H
#define TQ_SPOOL_FORMAT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

#include "spool/record.h"

struct tq_format {
	uint32_t	 version;
	uint32_t	 segment;	/* bytes */
	mode_t		 mode;		/* of the directory: 0700 or 2770 */
	gid_t		 gid;		/* (gid_t)-1: whatever it is */
};

/*
 * Read and write the file in the directory of a spool; path is for what is
 * said.  To read: 1, 0 there is none, -1.
 */
int	tq_format_read(struct tq_format *f, int dirfd, const char *path,
	    struct tq_err *e);
int	tq_format_write(const struct tq_format *f, int dirfd);
/*
 * Nobody else uses the spool: let the file say the version that is written
 * from now on, so that an older tq refuses it.
 */
int	tq_format_raise(struct tq_format *f, int dirfd, const char *path,
	    struct tq_err *e);

/* Bytes of one output that fit into a record. */
static inline size_t
tq_format_inline_max(const struct tq_format *f)
{
	return f->segment / 16 < (16u << 10) ? f->segment / 16 : 16u << 10;
}

/* Bytes promised to the END of one claim. */
static inline uint64_t
tq_format_end_room(const struct tq_format *f)
{
	/* header, id, fixed part and lengths, 1 KiB of meta, the outputs */
	return TQ_REC_HEAD + 128 + 1024 + tq_format_inline_max(f);
}

/*
 * The number whose digits stand at *p, which moves behind them: 1, or 0 when
 * there is none or too large a one.  By hand: the page faults of strtoull(3)
 * and scanf(3) are 5 and 10 us in every tqput.
 */
int	tq_digits(uint64_t *out, const char **p, unsigned base);

#endif
