/* What the files that plan the ends of tasks share: the planner's inside. */
#ifndef TQ_MESSAGE_CELERY_SETTLE_H
#define TQ_MESSAGE_CELERY_SETTLE_H

#include "message/celery_raise.h"
#include "message/celery_tree.h"

/* One end being planned. */
struct tq_settling {
	struct tq_planner *p;
	const struct tq_celery_task *m;
	const struct tq_celery_envelope *env;
	const struct tq_celery_end *end;
};

/* ---- celery_end.c: results, and the ends of tasks that never begin ------ */

/* What an attempt that succeeded returns, as JSON; {NULL, 0}: ENOMEM. */
struct tq_bytes tq_settle_result(struct tq_planner *,
	    const struct tq_celery_end *);
/* Tell in a meta what the task was stamped with; m keeps the values. */
int	tq_settle_stamps(struct tq_planner *, struct tq_celery_meta *,
	    const struct tq_celery_task *m);
/* Store a meta under id; dates are added. */
int	tq_settle_store(struct tq_planner *, const char *id,
	    struct tq_celery_meta *);

/* A member of a chord, and what it leaves there; none of a chord: nothing. */
struct tq_settle_member {
	const char	*gid, *id;
	int64_t		 index;
	struct tq_bytes	 chord;
	int		 unknown;	/* whether there is a chord */
};
int	tq_settle_part(struct tq_planner *, const struct tq_settle_member *,
	    const char *status, struct tq_bytes result);

/* Why tasks end that have not begun. */
struct tq_settle_cause {
	const char	*status;
	const struct tq_celery_exc *exc;
	struct tq_bytes	 trace;
	struct tq_bytes	 map;		/* exc as JSON */
};
struct tq_bytes tq_settle_map(struct tq_planner *,
	    const struct tq_celery_exc *);
/* End every task of a tree that has an id; its chord hears of it. */
int	tq_settle_end(struct tq_planner *, const struct tq_tree *,
	    const struct tq_settle_cause *);
/* The same of the rest of a chain, the next one being the last of the list. */
int	tq_settle_end_chain(struct tq_planner *, struct tq_bytes chain,
	    const struct tq_settle_cause *);
/* Send errbacks the id of what failed. */
int	tq_settle_errbacks(struct tq_planner *, struct tq_bytes errbacks,
	    const char *id);

/* ---- celery_again.c: the message of the end itself, sent again ---------- */

/* A copy of it to change; NULL: ENOMEM. */
struct tq_celery_task *tq_settle_copy(const struct tq_settling *);
/* Let a copy have a header; name is given in quotes. */
int	tq_settle_header(struct tq_planner *, struct tq_celery_task *,
	    const char *name, struct tq_bytes value);
/* Count one more "try later" in a copy. */
int	tq_settle_later(struct tq_planner *, struct tq_celery_task *);
/* Send it to where it came from; NULL on failure. */
struct tq_celery_step *tq_settle_again(const struct tq_settling *,
	    const struct tq_celery_task *);

/* ---- special ends ------------------------------------------------------- */

/*
 * What is special about the success of a task of Celery's own: 0 and
 * *result, with which all goes on as usual; 1 all is planned; -1.
 * (celery_own_settle.c)
 */
int	tq_settle_own(const struct tq_settling *, struct tq_bytes *result);
/* It named another task to run in its place (celery_replace.c). */
int	tq_settle_replace(const struct tq_settling *);

/* ---- celery_join.c: chords whose members have ended --------------------- */

struct tq_join {
	struct tq_celery_part *part;	/* in the order of their results */
	size_t		 n;
	const struct tq_celery_part **by_id;
};

/* Order them by id, and leave out what a member said twice. */
int	tq_join_index(struct tq_join *, struct tq_planner *);
/*
 * The body's one argument is the list of results: nested as tuples are when
 * there are such, else in order of the members.  1 the chord has ended; 0 a
 * member is missing; -1.
 */
int	tq_join_end(struct tq_planner *, const struct tq_join *,
	    struct tq_bytes callback, struct tq_bytes tuples);
/*
 * The body ends with a ChordError and all that it was to start; who waits for
 * it, a chord around this one too, hears of it; its errbacks are sent its id.
 */
int	tq_join_fail(struct tq_planner *, const struct tq_tree *body,
	    const char *why);
#endif
