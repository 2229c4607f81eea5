/*
 * From what lib/spool keeps to what tq/tq.h tells (pure).  The views given
 * die with the next call on the spool, so everything is copied into the
 * arena first and decoded there.
 */
#ifndef TQ_BACKEND_SPOOL_TRANSLATE_H
#define TQ_BACKEND_SPOOL_TRANSLATE_H

#include <tq/tq.h>

#include "base/arena.h"
#include "spool/spool.h"

/* A stored task, in views. */
struct tq_stored {
	const struct tq_uuid *id;
	const struct tq_slot *slot;
	const struct tq_rec *rec;	/* its PUT or CARRY */
	struct tq_bytes	 ctx;
	const char	*queue;
};

/* The id as people see it: the number, or the foreign id it stands for. */
void	tq_translate_id(struct tq_id *out, const struct tq_uuid *id,
	    struct tq_bytes foreign);
/*
 * The task, with its copies in mem; a body in a file is left out.  0; -1:
 * EBADMSG damaged, EPROTO of a newer tq, ENOMEM.
 */
int	tq_translate_task(struct tq_task *out, struct tq_arena *mem,
	    const struct tq_stored *in, struct tq_err *);
/*
 * Failed attempts among so many.  A slot counts them up to 255; beyond that
 * each attempt that is known to be nothing else is one.
 */
unsigned tq_translate_failures(const struct tq_slot *s, unsigned attempts);
/* When it was put. */
tq_time	tq_translate_put_time(const struct tq_rec *rec);
/*
 * All of *out; mem is that of *out.  why is set for a task that waits for
 * something of its own; whether a worker serves its queue is not known here.
 */
int	tq_translate_info(struct tq_info *out, struct tq_arena *mem,
	    const struct tq_spool_look *in, struct tq_err *);
/*
 * An outcome, also one the spool itself made of a worker's death or a date
 * passed; out->why and *cut too.  slot NULL: its counts are not known.
 */
int	tq_translate_end(struct tq_outcome *out, int *cut,
	    struct tq_arena *mem, const struct tq_rec_end *in,
	    const struct tq_slot *slot, struct tq_err *);

/* Why another task ended this one; name: of that, NULL its number. */
const char *tq_translate_cause(struct tq_arena *mem,
	    const struct tq_rec_end *in, const char *name, int group);

#endif
