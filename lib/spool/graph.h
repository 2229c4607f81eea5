/*
 * Who waits for whom: the ties of a table's tasks, as rows (struct tq_ext) and
 * edges (struct tq_edge).
 *
 * An edge leads from a task to one that waits for it, or to the group that it
 * is in.  What a task waits for says its record, so the edges are no part of
 * the ledger: a put makes them, and after a replay link.c makes all of them
 * anew.  A task becomes ready, or must end, by what the edges to it say; the
 * first needs no record, the second writes one (cascade.c).
 *
 * Rules
 *  1. An edge stands while both its tasks are known.
 *  2. Edges lead from older tasks to younger ones, but from a member to its
 *     group; tq_graph_may_join() keeps these from closing a circle.
 *  3. An edge is MET once what follows from the end of `from` has been done:
 *     `left` counts the edges to a task that are not, `bad` those that were
 *     met without success.  An END has all edges from it looked at, a few at a
 *     time: `work` lists whose edges have still to be.
 *  4. BLOCKED is a task that has not started and has edges left, or a group
 *     that has not ended; nothing else is.
 *  5. A task whose result somebody may still want is kept: `pins` counts the
 *     edges from it to unended tasks and to groups that are known.  An ended
 *     task with pins stands in no list and has no timer.
 *  6. A task that was replaced ends when its substitute does, for all who wait
 *     for it: an edge of kind ALIAS leads there.
 *  7. What a person lets run although what it waited for has failed is FREED:
 *     it heeds no edge any more until it starts or ends, held or not, whatever
 *     begins again.  It is not if all that it waited for in vain begins again
 *     with it, by the same call: then it waits for that (retry.c).  An ended
 *     one is FREED of its cause when that was undone and it had to stay as it
 *     is, because another task has its key: it is asked once, for a table made
 *     anew must not decide otherwise.  A claim and an end take the flag away.
 */
#ifndef TQ_SPOOL_GRAPH_H
#define TQ_SPOOL_GRAPH_H

#include "spool/record.h"
#include "spool/relation.h"
#include "spool/table.h"

struct tq_spool;

enum tq_edge_kind {
	TQ_EDGE_AFTER = 1,
	TQ_EDGE_PIPE,		/* its output is stdin: must have succeeded */
	TQ_EDGE_FOLLOW,		/* of the same key: must have ended */
	TQ_EDGE_MEMBER,		/* to the group */
	TQ_EDGE_ALIAS		/* to the task that `from` replaced */
};

/* Flags of an edge. */
#define TQ_EG_MET	0x01
#define TQ_EG_BAD	0x02	/* met without success */
#define TQ_EG_PIN	0x04	/* counted in pins of from */
#define TQ_EG_BLAME	0x08	/* the first that was BAD: `to` ends for it */

/* Flags of a row. */
#define TQ_XF_GROUP	0x0001	/* it is a group */
#define TQ_XF_CAUSED	0x0002	/* it ended by what it waited for */
#define TQ_XF_REPLACED	0x0004	/* see rule 6 */
#define TQ_XF_PIPEBAD	0x0008	/* its stdin will never come */
#define TQ_XF_LOST	0x0010	/* what it waits for is not known any more */
#define TQ_XF_WORK	0x0020	/* stands in the list of work */
#define TQ_XF_TODO	0x0040	/* stands in the list of things to do */
#define TQ_XF_CURSOR	0x0080	/* the first phase of its work has begun */
/* Phases of its work, in this order. */
#define TQ_XF_REOPEN	0x0100	/* it was reopened: so are those it ended */
#define TQ_XF_OUT	0x0200	/* it ended: edges from it are to be met */
#define TQ_XF_DOWN	0x0400	/* a group that was given up: members end */
#define TQ_XF_GONE	0x0800	/* it is forgotten, edge by edge */
#define TQ_XF_PHASES	0x0f00
#define TQ_XF_BLAMED	0x1000	/* an edge to it has TQ_EG_BLAME */
#define TQ_XF_TIED	0x2000	/* its record names other tasks */

/* What is to be done to a task, with a record. */
enum tq_todo {
	TQ_TODO_NONE,
	TQ_TODO_JUDGE,		/* end it, if its edges say so */
	TQ_TODO_DOWN,		/* end it with its group */
	TQ_TODO_REOPEN
};

/* What the edges to a task say. */
enum tq_verdict {
	TQ_VERDICT_WAIT,
	TQ_VERDICT_RUN,
	TQ_VERDICT_SUCCESS,	/* a group, that is */
	TQ_VERDICT_FAILED,
	TQ_VERDICT_UNNEEDED
};
enum tq_verdict	 tq_graph_verdict(struct tq_table *t, const struct tq_slot *);
/*
 * 1 if a task may not run for what it waits for has come to, even if what
 * comes() says 1 of, by its slot, begins again.
 */
int	tq_graph_vain(struct tq_table *t, const struct tq_slot *,
	    int (*comes)(struct tq_table *, uint32_t slot, const void *arg),
	    const void *arg);
/*
 * 1 if a task ended by what it waited for, and its edges do not say so any
 * more.  Of several that failed all must have been reopened: what is asked is
 * the present, not who was first, which no table made anew could tell.
 */
int	tq_graph_undone(struct tq_table *t, const struct tq_slot *);

/* ---- what apply.c calls ------------------------------------------------- */

/* A new slot has these relations: its row, its key, what it is. */
void	tq_graph_put(struct tq_table *t, uint32_t n,
	    const struct tq_relation *rel);
/* Make the edges to it from tasks that are known. */
void	tq_graph_tie(struct tq_table *t, uint32_t n,
	    const struct tq_relation *rel);
/* It has ended, or was reopened.  sp NULL: in replay, without edges. */
void	tq_graph_ended(struct tq_table *t, uint32_t n,
	    const struct tq_rec_end *end, struct tq_spool *sp);
void	tq_graph_reopened(struct tq_table *t, uint32_t n,
	    struct tq_spool *sp);
/*
 * Bring the state of a slot that may wait into agreement with its edges; what
 * needs a record is listed as to be done.
 */
void	tq_graph_settle(struct tq_table *t, uint32_t n, tq_time now,
	    struct tq_spool *sp);
/* Let `from` stand for a task that it replaced; meet that edge if it is due. */
void	tq_graph_alias(struct tq_table *t, uint32_t from, uint32_t to);
void	tq_graph_meet_alias(struct tq_table *t, uint32_t n);
/* 1 if it may be forgotten now; 0: it is kept, or goes edge by edge. */
int	tq_graph_forget(struct tq_table *t, uint32_t n);
/* 0 for an ended task that is kept no longer, and only not swept away yet. */
int	tq_graph_known(struct tq_table *t, const struct tq_slot *s,
	    tq_time now);
/* A slot is going away, whatever waits for it. */
void	tq_graph_drop(struct tq_table *t, uint32_t n, tq_time now);
/* 1 if a slot that is not ended waits for something or for a seal. */
int	tq_graph_waits(struct tq_table *t, const struct tq_slot *s);

/* ---- edges -------------------------------------------------------------- */

/* Slot whose end counts for n: n itself, or what replaced it; 0 lost. */
uint32_t tq_graph_real(struct tq_table *t, uint32_t n);
/* The task that is to blame when n did not succeed: itself, or a member. */
uint32_t tq_graph_blame(struct tq_table *t, uint32_t n);
/*
 * 1 if a member of group g may wait for task f without a circle: f is older
 * than g and all groups around it, or in that group.
 */
int	tq_graph_may_join(struct tq_table *t, uint32_t g, uint32_t f);
/* A task that a slot waits for, 0 none. */
uint32_t tq_graph_awaited(struct tq_table *t, const struct tq_slot *s);
/* The group that a slot is in, 0 none. */
uint32_t tq_graph_group(struct tq_table *t, uint32_t n);
/* Let this edge be the one for which its task ends. */
void	tq_graph_set_blame(struct tq_table *t, struct tq_edge *g);
/* Add a slot to the lists of cascade.c. */
void	tq_graph_work(struct tq_table *t, uint32_t n, unsigned phase);
void	tq_graph_todo(struct tq_table *t, uint32_t n, enum tq_todo act);
/*
 * Take one step of a slot's first phase: 1 there is more, 0 it is through, 2
 * and is to be forgotten.
 */
int	tq_graph_step(struct tq_table *t, uint32_t ext, tq_time now,
	    struct tq_spool *sp);

/* 1 if rows, edges and keys agree; else 0 and why.  graph_audit.c */
int	tq_graph_audit(struct tq_table *t, char *why, size_t size);

/* ---- keys (key.c) ------------------------------------------------------- */

/* Never 0. */
uint64_t tq_key_hash(const struct tq_table *t, const char *key, size_t n);
void	tq_key_add(struct tq_table *t, uint32_t ext);
void	tq_key_del(struct tq_table *t, uint32_t ext);
/* Have its bucket come, while other things are done. */
void	tq_key_expect(struct tq_table *t, uint64_t hash);
/*
 * The next row of that hash behind row `ext` (0: the first), 0 none.  All of
 * them are of unended tasks.
 */
uint32_t tq_key_next(struct tq_table *t, uint64_t hash, uint32_t ext);
/*
 * 1 if an unended task has the key of an ended one, or one that the n records
 * will bring back: they are not applied yet.
 */
int	tq_key_taken(struct tq_table *t, const struct tq_slot *,
	    const struct tq_rec *recs, size_t n);

#endif
