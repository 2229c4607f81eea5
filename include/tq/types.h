/*
 * The words every other header of tq speaks: time, limits, ids, states,
 * slices of bytes, and the error that failing calls fill in.
 */
#ifndef TQ_TYPES_H
#define TQ_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TQ_VERSION		"0.1.0"

/*
 * Nanoseconds: since 1970-01-01 UTC for a point in time, or a length of
 * time.  0 is "not set".
 */
typedef int64_t tq_time;

#define TQ_SECOND		((tq_time)1000000000)
#define TQ_MS			((tq_time)1000000)
#define TQ_FOREVER		INT64_MAX	/* as a timeout: no limit */

/* Limits.  What is over one of them is refused with EMSGSIZE or EINVAL. */
#define TQ_ID_MAX		255		/* bytes in an id */
#define TQ_NAME_MAX		128		/* queue and task names */
#define TQ_LABEL_MAX		255		/* labels, keys, lanes */
#define TQ_WHY_MAX		255		/* reason of an outcome */
#define TQ_RETRIES_MAX		60000		/* of one task */
#define TQ_LIMITS_MAX		255		/* limits of a task, as text */
#define TQ_PROGRESS_MAX		1024		/* bytes of a report */
#define TQ_ARGS_MAX		(1 << 20)	/* bytes of argv and options */
#define TQ_BATCH_MAX		1000		/* tasks in one tq_put_many() */
#define TQ_QUEUES_MAX		16		/* queues in one claim */
#define TQ_PRI_MAX		9
#define TQ_PRI_DEFAULT		4

/* An id as people see it: NUL-terminated, 1 to TQ_ID_MAX bytes. */
struct tq_id {
	char		 s[TQ_ID_MAX + 1];
};

/* n bytes that somebody else owns; p may be NULL when n is 0. */
struct tq_bytes {
	const char	*p;
	size_t		 n;
};

/*
 * Where a task stands.  The first six are unended, the rest are ends.
 * tq_spool(5) draws the arrows between them.
 */
enum tq_state {
	TQ_ABSENT = 0,		/* no such task */
	TQ_HELD,		/* until somebody releases it */
	TQ_DELAYED,		/* until its ETA */
	TQ_BLOCKED,		/* until what it depends on has ended */
	TQ_READY,		/* may be claimed */
	TQ_STARTED,		/* claimed by a worker */
	TQ_RETRY,		/* failed; runs again at its ETA */
	TQ_SUCCESS,
	TQ_FAILURE,		/* a dead letter */
	TQ_REVOKED,
	TQ_EXPIRED
};
#define TQ_NSTATES		11
#define TQ_STATE_ENDED(s)	((s) >= TQ_SUCCESS)

/* Returns the lower-case name of a state, "unknown" for none of them. */
const char	*tq_state_name(enum tq_state);
/* The state of a name of length n, or TQ_ABSENT. */
enum tq_state	 tq_state_parse(const char *, size_t);

/*
 * What went wrong: an errno value for programs, a sentence for people
 * (lower case, no full stop, the thing it is about first).
 */
struct tq_err {
	int		 num;
	char		 text[512];
};

/*
 * Fill *e (NULL allowed) from a printf format, set errno to num, and
 * return -1, so that failing is one line.
 */
int	tq_fail(struct tq_err *e, int num, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
/* The same; ": strerror(num)" is appended to the sentence. */
int	tq_fail_sys(struct tq_err *e, int num, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
