/*
 * The tasks that every Celery worker knows by itself, under names that begin
 * with "celery.".
 *
 * celery.map and celery.starmap call a task for each item of a list and
 * return the list of results.  Here each item is an attempt: the header
 * tq_done holds the results so far, and the end of one item sends the message
 * again with its result added, as the next one to be taken.  So a crash
 * repeats one item, and a Python worker that takes the message in between
 * does all of it.
 */
#ifndef TQ_MESSAGE_CELERY_OWN_H
#define TQ_MESSAGE_CELERY_OWN_H

#include "message/celery.h"

#define TQ_OWN_DONE	"tq_done"	/* header: results of items */

enum tq_own {
	TQ_OWN_NONE,		/* none of Celery's own */
	TQ_OWN_ACCUMULATE, TQ_OWN_CHUNKS, TQ_OWN_CLEANUP, TQ_OWN_MAP,
	TQ_OWN_PING, TQ_OWN_STARMAP, TQ_OWN_UNLOCK,
	TQ_OWN_SHAPE		/* a chain, group or chord */
};

enum tq_own tq_own_of(const char *name);
/* An argument, by its name or its place. */
struct tq_bytes tq_own_argument(const struct tq_celery_task *,
	    const char *name, size_t place);
/* The results of items that are done; one that is no list is none. */
struct tq_bytes tq_own_done(const struct tq_celery_task *);
#endif
