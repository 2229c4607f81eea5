/*
 * What the settings of handlers say for all workers: how many tasks of a name
 * run at once, and how many start in a time.  It is the broker that keeps it.
 */
#ifndef TQ_WORKER_BOUND_H
#define TQ_WORKER_BOUND_H

#include "place.h"

/*
 * Read `name.conf` of every handler and program, and set what it says of
 * concurrency and rate at the broker where that is something else.  What
 * cannot be read or set is said, and goes without.
 */
void	tq_bounds_set(const struct tq_place_rules *);
#endif
