/*
 * Durations, times of day and sizes as people write them (pure): the current
 * time and the time zone's rules are arguments or libc's.
 */
#ifndef TQ_BASE_DATE_H
#define TQ_BASE_DATE_H

#include <stddef.h>

#include <tq/types.h>

/* "30", "30s", "5m", "2h", "7d", "1h30m", "0.5" → ns ≥ 0.  EINVAL, quoted. */
int	tq_duration_parse(tq_time *out, const char *, struct tq_err *);
/* The shortest such form into out ("1h30m", "250ms" is "0.25"). */
void	tq_duration_format(char *out, size_t, tq_time);
/*
 * "@epoch", "HH:MM" (past today is tomorrow), "YYYY-MM-DD",
 * "YYYY-MM-DDTHH:MM[:SS][Z|±HH:MM]" → ns since 1970.  now: wall clock.  A date
 * that does not exist is EINVAL.
 */
int	tq_date_parse(tq_time *out, const char *, tq_time now, struct tq_err *);
/* "2026-11-23T12:00:00.123Z" (UTC, ms). */
void	tq_date_format(char *out, size_t, tq_time);
/* "64k", "10M", "2G", "1T", "123" → bytes.  EINVAL. */
int	tq_size_parse(uint64_t *out, const char *, struct tq_err *);
#endif
