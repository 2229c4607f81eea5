/* Time zones by libc's database, one at a time. */
#ifndef TQ_BEAT_ZONE_H
#define TQ_BEAT_ZONE_H

#include <stddef.h>

#include "next.h"

#define TQ_ZONE_MAX	128		/* bytes in a name, with its NUL */

/*
 * libc computes in the zone of $TZ.  While another is in use, that is set; ""
 * is the zone that the process began with, and must be in use again before
 * anything else reads the environment.
 */
struct tq_zones {
	char		*own;		/* $TZ at first, or NULL */
	char		 used[TQ_ZONE_MAX];
};

/* 0 or -1 with ENOMEM. */
int	tq_zones_init(struct tq_zones *);
void	tq_zones_fini(struct tq_zones *);
/* Use the zone of that name: its rules, until another is used. */
struct tq_zone tq_zones_use(struct tq_zones *, const char *name);
/*
 * 0 if there is a zone of that name of n bytes: a file of the database, or
 * rules in words as in "CET-1CEST,M3.5.0,M10.5.0/3".  -1 with EINVAL.
 */
int	tq_zone_check(const char *name, size_t n, struct tq_err *);
/* "2026-11-25T12:00:00+01:00", what the clocks of the zone show at t. */
void	tq_zone_format(char *out, size_t size, const struct tq_zone *,
	    tq_time t);
#endif
