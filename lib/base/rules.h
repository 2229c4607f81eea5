/*
 * Rules as people write them (pure): statuses as "64-68,77", backoff as
 * "1s,2,10m", rates as "10/m".  tq(7) says what they do.
 */
#ifndef TQ_BASE_RULES_H
#define TQ_BASE_RULES_H

#include <stddef.h>

#include <tq/tq.h>

#define TQ_PERIOD_MAX	(366 * 86400 * TQ_SECOND)
#define TQ_FACTOR_MAX	1000000		/* thousandths: a thousand */

/*
 * "1-3,7" → bits of statuses 1 to 255; "none" for none at all.  EINVAL,
 * quoted.
 */
int	tq_statuses_parse(uint64_t out[4], const char *, struct tq_err *);
/* The shortest such text; with 1,024 bytes there is room for every one. */
void	tq_statuses_format(char *out, size_t, const uint64_t v[4]);
/* 1 if the status is in the list. */
int	tq_statuses_has(const uint64_t v[4], int status);

/*
 * "base[,factor[,cap]]": the longest first delay, by how much each next one
 * is longer (1 to 1000, with up to three decimals), the longest of all.  What
 * is not said, or empty, is left alone.  EINVAL, quoted.
 */
int	tq_backoff_parse(tq_time *base, unsigned *factor, tq_time *cap,
	    const char *, struct tq_err *);
/* Such a text; factor 0 and cap -1 are not said in it. */
void	tq_backoff_format(char *out, size_t, tq_time base, unsigned factor,
	    tq_time cap);

/* A whole number in [min, max].  EINVAL, quoted. */
int	tq_number_parse(int64_t *out, const char *, int64_t min, int64_t max,
	    struct tq_err *);

/* After TERM, so long until KILL, where nothing else is said. */
#define TQ_KILL_AFTER	(10 * TQ_SECOND)

/*
 * Time limits "soft[,hard]", 0 is none; hard is soft + TQ_KILL_AFTER when not
 * given.  EINVAL, quoted.
 */
int	tq_time_limits_parse(tq_time *soft, tq_time *hard, const char *,
	    struct tq_err *);

/* "10/m", also "10/90s": starts and period.  EINVAL, quoted; 0 is no limit. */
int	tq_rate_parse(uint32_t *limit, tq_time *period, const char *,
	    struct tq_err *);
void	tq_rate_format(char *out, size_t, uint32_t limit, tq_time period);
#endif
