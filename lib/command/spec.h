/*
 * What options of tqput(1) say of a task, wherever they stand: on its command
 * line, in a line of a flow, in the brackets of a schedule.  tq_spec_set() is
 * the one place that knows what an option does to a task; here is also how the
 * words of the command line and those of a line or a record go together.
 */
#ifndef TQ_COMMAND_SPEC_H
#define TQ_COMMAND_SPEC_H

#include <tq/tq.h>

#include "base/arena.h"
#include "command/ids.h"
#include "command/place.h"
#include "command/put_options.h"
#include "message/limits.h"

/* Strings are borrowed from the words that were read. */
struct tq_spec {
	struct tq_task	 task;
	tq_time		 now;		/* what -d, -x and -a count from */
	unsigned char	 said[TQ_PUT_KEYS];	/* by key: the option was there */
	struct tq_ids	 after, pipe;	/* -A, -P as they were given */
	/* what the task borrows from here */
	struct tq_place	 place;
	struct tq_limits limits;
	char		 limits_text[TQ_LIMITS_MAX + 1];
	const char	**needs, **kwargs;
};

/*
 * now: wall clock of the put.  0: there will be many, and what the task gets
 * for eta and expires counts from each; a date is refused then.
 */
void	tq_spec_init(struct tq_spec *, tq_time now);
/* One that says what base does until it is told otherwise.  0, or -1, ENOMEM. */
int	tq_spec_from(struct tq_spec *, const struct tq_spec *base,
	    struct tq_err *);
void	tq_spec_fini(struct tq_spec *);

/*
 * Take an option, and note that it was there: 1; 0 when it says nothing of a
 * task, but how to put it; -1 with "option: what is wrong with its value",
 * EINVAL or ENOMEM.
 */
int	tq_spec_set(struct tq_spec *, int key, const char *value,
	    struct tq_err *);
/*
 * All are taken, and the kind of the task is set: let the task have what they
 * say; a command runs here, as far as they name no other place.
 */
void	tq_spec_finish(struct tq_spec *);
/*
 * Put the ids of -A and -P into the task, in full where the broker is a spool;
 * others are asked by the put itself.  0 or -1, ENOENT.
 */
int	tq_spec_resolve(struct tq_spec *, struct tq *, struct tq_err *);

/* Copy to mem what t, made of the spec's task, borrows from there.  0 or -1. */
int	tq_spec_keep(const struct tq_spec *, struct tq_task *t,
	    struct tq_arena *mem, struct tq_err *);
/*
 * Let a task that was read from a record be what the options say, where they
 * say something, and run where they do, where it names no place.  0 or -1.
 */
int	tq_spec_over(const struct tq_spec *, struct tq_task *t,
	    struct tq_arena *mem, struct tq_err *);
#endif
