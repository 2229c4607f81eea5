/*
 * A Celery site in memory, for tests of the planner: one queue, one result
 * store, and a worker that runs the tasks of the capture's program (cap.add,
 * cap.tsum, ...).  Messages are text in the queue, and plans are carried out
 * as celery_plan.h says, so what is tested is what peers would see.
 */
#ifndef TQ_TESTS_CELERY_H
#define TQ_TESTS_CELERY_H

#include <jansson.h>

#include "lib/message/celery.h"
#include "lib/message/celery_plan.h"
#include "lib/message/celery_result.h"

/* Checked JSON, as slices of messages are; fails the test. */
struct tq_bytes t_json(const char *text, const struct tq_scan_bounds *);
/* A value as text in mem. */
struct tq_bytes t_json_text(struct tq_arena *mem, const json_t *);

struct t_site {
	struct tq_celery_site facts;
	struct tq_arena	 mem;		/* of the step being made */
	json_t		*queue;		/* array of envelopes' texts */
	json_t		*delayed;	/* the same, that may not start yet */
	json_t		*metas;		/* by task id, as texts */
	json_t		*groups;	/* by group id, as texts */
	json_t		*sizes;		/* .s by group id */
	json_t		*parts;		/* .j: by group id, [score, text]s */
	json_t		*owners;	/* who saw a chord complete */
	json_t		*sent;		/* ids sent once */
	unsigned	 tags;		/* of messages, made so far */
	json_t		*ran;		/* "name args" of what was run */
	const char	*result;	/* JSON that tq.exec returns */
	int		 die;		/* the worker dies: 1 before recording
					 * parts, 2 before the rest; once */
};

void	t_site_init(struct t_site *);
void	t_site_fini(struct t_site *);
/* cmocka's setup and teardown: *state is a struct t_site. */
int	t_setup_site(void **state);
int	t_teardown_site(void **state);
/* Put a message of a vector, or one's own text. */
void	t_site_push(struct t_site *, const char *envelope);
/* Send what a signature asks for, as a client does. */
void	t_site_apply(struct t_site *, const char *signature);
/* Carry out a plan: its messages go to the queue. */
void	t_site_do(struct t_site *, const struct tq_celery_plan *);
/* Run one message; 0 when there is none. */
int	t_site_step(struct t_site *);
/* Run until the queue is empty; what is delayed is due at once. */
void	t_site_run(struct t_site *);
/* The meta of a task, parsed; borrowed.  Fails when there is none. */
json_t	*t_site_meta(struct t_site *, const char *id);
/* Its state and its result as compact JSON, "SUCCESS 5". */
const char *t_site_result(struct t_site *, const char *id);
/* How often a text stands in `ran`. */
int	t_site_ran(const struct t_site *, const char *what);
#endif
