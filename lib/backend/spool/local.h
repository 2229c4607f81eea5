/*
 * The spool as a broker and result store: what its files share.
 *
 * lib/spool keeps tasks as bytes, lib/message writes them; here the two meet.
 * A handle reuses its buffers, so that a loop of puts, claims and settles
 * allocates nothing.
 */
#ifndef TQ_BACKEND_SPOOL_LOCAL_H
#define TQ_BACKEND_SPOOL_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include <tq/backend.h>

#include "backend/spool/piece.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "spool/spool.h"

/* Where the parts of one task of a put stand in the buffer, which may move. */
struct tq_local_place {
	size_t		 head, head_size;
	size_t		 ctx, ctx_size;
	struct tq_piece	 body;
	int		 tied;		/* to others: */
	size_t		 after;		/* ids of those it waits for */
	size_t		 ask;		/* of gates */
	struct tq_spool_ties ties;
};

struct tq_local {
	struct tq_spool	*sp;
	uint32_t	 uid;		/* whoever opened it puts and claims */
	struct tq_buf	 bytes;		/* of the call going on */
	struct tq_spool_put *puts;	/* room of them, and of places */
	struct tq_local_place *places;
	size_t		 room;
	struct tq_uuid	*ids;		/* nids of them, for tq_wait() */
	size_t		 nids;
};

/* ---- id.c -------------------------------------------------------------- */

/*
 * The number of an id: itself when it is a UUIDv7 as tq writes it, else a
 * digest.  Returns 1 for a digest: the id is foreign.
 */
int	tq_local_id(struct tq_uuid *out, const char *id);
/* The numbers of n ids in l->ids, good until the next call. */
int	tq_local_ids(struct tq_local *l, const char *const *ids, size_t n,
	    struct tq_err *);
/*
 * The id that people gave a task of that number; one that is forgotten keeps
 * the number.
 */
void	tq_local_name(struct tq_local *l, const struct tq_uuid *number,
	    struct tq_id *out);
/* The same of a number as text, any other text being an id; NULL: ENOMEM. */
const char *tq_local_given(struct tq_local *l, const char *s,
	    struct tq_arena *mem);
/* Give the tasks that t is tied to the ids that people gave them. */
int	tq_local_names(struct tq_local *l, struct tq_task *t,
	    struct tq_arena *mem, struct tq_err *);

/* ---- list.c ------------------------------------------------------------ */

/* Which queues have workers, from one look to the next. */
struct tq_local_served {
	struct tq_buf	 names;		/* ",mail,default," */
	int		 known;
};
/*
 * Look at one task: 1 and *out filled, 0 unknown, -1.  served begins with zeros
 * and ends with tq_buf_fini(&served.names).
 */
int	tq_local_look(struct tq_local *l, const struct tq_uuid *id,
	    unsigned attempt, struct tq_local_served *served,
	    struct tq_info *out, struct tq_err *);
int	tq_local_list(void *b, const struct tq_select *,
	    int (*each)(const struct tq_info *, void *), void *,
	    struct tq_err *);

/* ---- group.c ----------------------------------------------------------- */

/*
 * The ids of a selection and, behind them, those of the members of groups
 * among them.  Free *out; what stands in it is sel's or mem's.
 */
int	tq_local_expand(struct tq_local *l, const struct tq_select *sel,
	    struct tq_arena *mem, const char ***out, size_t *n,
	    struct tq_err *);

/* ---- tie.c ------------------------------------------------------------- */

/* The ties of task i of a put, its ids behind the bytes of l->bytes. */
int	tq_local_tie(struct tq_local *l, size_t i, const struct tq_task *t,
	    struct tq_err *);
/* Say why the spool refused task `which` of t; out[which] is who has its key. */
int	tq_local_refused(struct tq_local *l, const struct tq_task *t,
	    size_t which, struct tq_id *out, const struct tq_err *why,
	    struct tq_err *);

/* ---- pipe.c ------------------------------------------------------------ */

/* Let the output of `from` be the task's body.  ENOENT: it is not kept. */
int	tq_local_pipe(struct tq_local *l, struct tq_task *t,
	    struct tq_arena *mem, const struct tq_uuid *from, struct tq_err *);

/* ---- calls of the broker, as tq/backend.h says them -------------------- */

/* put.c */
int	tq_local_put(void *b, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
int	tq_local_tick(void *b, const struct tq_tick *,
	    const struct tq_task *, tq_time timeout, struct tq_id *out,
	    struct tq_err *);
int	tq_local_last(void *b, const char *schedule, tq_time *at,
	    struct tq_err *);
/* claim.c */
int	tq_local_claim(void *b, const struct tq_take *, struct tq_claim *,
	    struct tq_err *);
int	tq_local_settle(void *b, const struct tq_ref *, struct tq_outcome *,
	    unsigned flags, struct tq_err *);
int	tq_local_renew(void *b, const struct tq_ref *, tq_time lease,
	    struct tq_err *);
int	tq_local_report(void *b, const struct tq_claim *,
	    const struct tq_report *, struct tq_err *);
/* worker.c */
int	tq_local_workers(void *b,
	    int (*each)(const struct tq_worker_info *, void *), void *,
	    struct tq_err *);
/* act.c */
int	tq_local_act(void *b, enum tq_verb, const struct tq_select *,
	    const char *value, unsigned flags, uint64_t *changed,
	    struct tq_err *);
/* event.c */
int	tq_local_events(void *b, uint64_t *seq, tq_time timeout,
	    int (*each)(const struct tq_event *, void *), void *,
	    struct tq_err *);
/* result.c */
extern const struct tq_store_ops tq_local_store;

#endif
