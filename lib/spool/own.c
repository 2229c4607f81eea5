/*
 * Being somebody who may claim.
 *
 * A claimer is an owner (owner.c).  It takes its row with the first claim and
 * then hands back what an earlier owner of that row held, before it claims
 * anything itself.
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "spool/verb.h"

/* Hand back all that rows of dead owners hold, in slices. */
int
tq_spool_sweep(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	int n = 0;

	do {
		while (tq_turn_next(sp, &t, e))
			t.rv = tq_sweep(sp, t.now, &n, e);
	} while (t.rv == 2);
	return t.rv == -1 ? -1 : n;
}

int
tq_own(struct tq_spool *sp, struct tq_err *e)
{
	if (sp->owner.fd != -1)
		return 0;
	if (sp->probe == -1 &&
	    (sp->probe = tq_owner_probe(sp->dirfd)) == -1)
		return tq_fail_sys(e, errno, "%s/owners", sp->path);
	if (tq_owner_take(&sp->owner, sp->dirfd, TQ_WORKERS_MAX,
	    tq_clock_wall(), e) == -1)
		return -1;
	/* what an owner before us in this row held is nobody's now */
	return tq_spool_sweep(sp, e) == -1 ? -1 : 0;
}

/* ---- what is named by its row ----------------------------------------------- */

int
tq_capture_path(struct tq_spool *sp, unsigned row, unsigned capture,
    enum tq_stream stream, char *path, size_t size, struct tq_err *e)
{
	int n = snprintf(path, size, "%s/live/%u.%u.%s", sp->path, row,
	    capture, stream == TQ_STDIN ? "in" :
	    stream == TQ_STDOUT ? "out" : "err");

	if (n < 0 || (size_t)n >= size)
		return tq_fail(e, ENAMETOOLONG, "%s: path is too long",
		    sp->path);
	return 0;
}

int
tq_spool_capture(struct tq_spool *sp, unsigned capture,
    enum tq_stream stream, char *path, size_t size, struct tq_err *e)
{
	if (tq_own(sp, e) == -1)
		return -1;
	return tq_capture_path(sp, sp->owner.row, capture, stream, path, size,
	    e);
}
