/*
 * Signatures as trees, and what comes of applying one: the planner's inside.
 *
 * A signature of Celery is a task or a shape made of signatures.  Here its
 * parts stand in a tree that can be changed: freezing gives every task of it
 * an id and tells it of the group and chord it counts for, as Celery's
 * clients and workers do it, so that what is then written as text, or sent,
 * is what they would write or send.
 *
 * Shapes come from outside and nest: TQ_TREE_DEPTH bounds the recursion.
 */
#ifndef TQ_MESSAGE_CELERY_TREE_H
#define TQ_MESSAGE_CELERY_TREE_H

#include "message/celery.h"
#include "message/celery_plan.h"
#include "message/celery_result.h"
#include "message/celery_sig.h"

/*
 * Header of a command that is given the results of a group: each of them is a
 * line of its stdin; true as JSON, false as it was written.
 */
#define TQ_CELERY_EACH	"tq_each"

#define TQ_TREE_DEPTH	16	/* shapes in each other; each is three levels
				 * of JSON */

enum tq_tree_shape {
	TQ_TREE_TASK,
	TQ_TREE_CHAIN,		/* kids in the order in which they run */
	TQ_TREE_GROUP,		/* kids are its members */
	TQ_TREE_CHORD		/* one kid, a group; and the body after it */
};

struct tq_tree {
	enum tq_tree_shape shape;
	struct tq_celery_sig sig;	/* not the kwargs of a shape */
	struct tq_tree	**kid;
	size_t		 nkids;
	struct tq_tree	*body;		/* of a chord */
};

/* Where planning stands.  Failing calls set errno and *e, and return -1. */
struct tq_planner {
	struct tq_celery_plan *plan;
	struct tq_arena	*mem;
	const struct tq_celery_site *site;
	struct tq_err	*e;
	/* the task that does the sending, and the root of what it sends */
	const char	*id, *root;
	/* ids are derived from an id and what happened */
	const char	*seed, *word;
	unsigned	 made;		/* ids derived so far */
	const char	*chord;		/* steps are of the end of this one */
	int		 stamping;	/* who put it is of Celery 5.3 or later:
					 * stamps, and dates with a zone */
	size_t		 weight;	/* bytes planned so far */
	int		 starved;	/* there was no memory for a piece */
	struct tq_buf	 trail;		/* result tuples of what it sent, ", "
					 * between; fini it */
};

void	tq_planner_init(struct tq_planner *, struct tq_celery_plan *,
	    const struct tq_celery_site *, const char *id, const char *root,
	    const char *word, struct tq_err *);
/* The same for what follows from a message. */
void	tq_planner_follow(struct tq_planner *, struct tq_celery_plan *,
	    const struct tq_celery_site *, const struct tq_celery_task *,
	    const char *word, struct tq_err *);
void	tq_planner_fini(struct tq_planner *);

/* ---- pieces ---------------------------------------------------------- */

/*
 * What follows from one message at most.  A producer is not bound: it puts
 * piece by piece.
 */
#define TQ_PLAN_STEPS	120000
#define TQ_PLAN_BYTES	((size_t)256 << 20)

/* Move what a buffer holds into the arena; {NULL, 0}: ENOMEM, EMSGSIZE. */
struct tq_bytes tq_plan_keep(struct tq_planner *, struct tq_buf *);
/* A list of one value. */
struct tq_bytes tq_plan_list(struct tq_planner *, struct tq_bytes v);
void	*tq_plan_alloc(struct tq_planner *, size_t n);
/* Members of an object as a list in the arena; of what is none there are 0. */
int	tq_plan_members(const struct tq_celery_member **out, size_t *n,
	    struct tq_planner *, struct tq_bytes object);
/* The next derived id: a UUID of version 8, a hash of seed, word and number. */
const char *tq_plan_id(struct tq_planner *);
/* Another step or count, empty; NULL: ENOMEM, EMSGSIZE. */
struct tq_celery_step *tq_plan_step(struct tq_planner *, enum tq_celery_do,
	    const char *id);
struct tq_celery_count *tq_plan_count(struct tq_planner *);
/* The queue that the name of a task leads to. */
const char *tq_plan_route(const struct tq_celery_site *, const char *name);
/* Send a message, to where sig says or the name leads. */
int	tq_plan_send(struct tq_planner *, const struct tq_celery_task *,
	    const struct tq_celery_sig *sig);

/* ---- trees ----------------------------------------------------------- */

/* Parse; EBADMSG names what is wrong, EMSGSIZE it is too deep. */
int	tq_tree_parse(struct tq_tree **out, struct tq_planner *,
	    struct tq_bytes text);
/* The same of a list: trees of one shape under a sig of the planner's own. */
struct tq_tree *tq_tree_new(struct tq_planner *, enum tq_tree_shape,
	    size_t nkids);
/* Its text as a signature; {NULL, 0}: ENOMEM. */
struct tq_bytes tq_tree_text(struct tq_planner *, const struct tq_tree *);
/* Options of src that are set replace those of dst; group_id only if none. */
void	tq_tree_merge(struct tq_celery_sig *dst,
	    const struct tq_celery_sig *src);
/* "[" list a without its brackets, list b without its, "]". */
struct tq_bytes tq_tree_concat(struct tq_planner *, struct tq_bytes a,
	    struct tq_bytes b);

/* A list of signatures as a body has it: one stands in brackets, none is no
 * value. */
struct tq_bytes tq_tree_listed(struct tq_planner *, struct tq_bytes);
/* The message of a signature whose options are whole; NULL on failure. */
struct tq_celery_task *tq_tree_message(struct tq_planner *,
	    const struct tq_celery_sig *);

/* Let callbacks and errbacks, lists or none, be of its end too: of an open
 * chain the errbacks are of each step. */
int	tq_tree_link(struct tq_planner *, struct tq_tree *,
	    struct tq_bytes link, struct tq_bytes link_error);

/* What freezing tells a tree; NULL, none and TQ_CELERY_NONE: nothing. */
struct tq_bond {
	const char	*id;		/* of its last task, if it has none */
	const char	*group_id, *root_id, *parent_id;
	struct tq_bytes	 chord;
	int64_t		 index;		/* in the group */
};

void	tq_bond_init(struct tq_bond *);
int	tq_tree_freeze(struct tq_planner *, struct tq_tree *,
	    const struct tq_bond *);
/* Let a chain hold the steps of chains in it, and chords where a step follows
 * a group; freezing does. */
int	tq_tree_open_chain(struct tq_planner *, struct tq_tree *);
/* Let a group hold the members of groups in it; freezing does, in reverse. */
int	tq_tree_open_group(struct tq_planner *, struct tq_tree *,
	    int reverse);
/* The result tuple of a frozen tree; parent a tuple or none. */
struct tq_bytes tq_tree_tuple(struct tq_planner *, const struct tq_tree *,
	    struct tq_bytes parent);
/* How many ends of tasks close a chord with this in its header. */
size_t	tq_tree_weight(const struct tq_tree *);
/* 1 if the tuple of the tree is a group's. */
int	tq_tree_is_group(const struct tq_tree *);

/*
 * Send what the tree asks for: args are put before its own unless it is
 * immutable; of o the options count, over the tree's own.  In a group the
 * trail is the group's.
 */
int	tq_tree_apply(struct tq_planner *, struct tq_tree *,
	    struct tq_bytes args, const struct tq_celery_sig *o,
	    int in_group);
/* All trees of a list of signatures, or of one. */
int	tq_tree_list(struct tq_tree ***out, size_t *n, struct tq_planner *,
	    struct tq_bytes text);
#endif
