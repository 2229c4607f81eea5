/*
 * Settings of a queue or of the whole spool: numbers with a name, a unit and
 * a default, in one table.
 */
#ifndef TQ_SPOOL_SETTING_H
#define TQ_SPOOL_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include <tq/tq.h>

#include "base/buf.h"

/*
 * Some settings are several numbers; those behind the first have no name that
 * people see.
 */
enum tq_setting {
	TQ_SET_AGEING,		/* waiting as long is one priority, 0 never */
	TQ_SET_AUTOCREATE,	/* spool: a put makes an unknown queue */
	TQ_SET_BACKOFF,		/* longest first delay of a retry */
	TQ_SET_FACTOR,		/* of each next one, in thousandths */
	TQ_SET_BACKOFF_CAP,	/* no delay is longer */
	TQ_SET_CAP,		/* tasks of a queue started at once, 0 no limit */
	TQ_SET_CRASHES,		/* worker deaths that make a failure */
	TQ_SET_FLOOR,		/* spool: free bytes that puts leave alone */
	TQ_SET_KEEP,		/* how long a success is kept */
	TQ_SET_KEEP_FAILED,	/* how long a failure is kept, 0 no limit */
	TQ_SET_KEEP_OUTCOME,	/* spool: ended tasks kept of each kind */
	TQ_SET_LATER,		/* "try later" ends of one task */
	TQ_SET_LEASE,		/* a claim's at most, 0 no limit */
	TQ_SET_LIMIT,		/* unended tasks a queue takes, 0 no limit */
	TQ_SET_LIMIT_BYTES,	/* bytes of them, 0 no limit */
	TQ_SET_ON_FULL,		/* wait or refuse */
	TQ_SET_PERMANENT,	/* statuses not worth a retry, 4 × 64 bits */
	TQ_SET_RATE = TQ_SET_PERMANENT + 4, /* starts, 0 no limit ... */
	TQ_SET_PERIOD,		/* ... in this time */
	TQ_SET_RETRIES,		/* of a task that does not say */
	TQ_SET_SYNC,		/* spool: full, batch or none */
	TQ_SET_TEMPORARY,	/* statuses that mean "try later" */
	TQ_SET_LAST = TQ_SET_TEMPORARY + 3,
	TQ_NSETTINGS
};

enum { TQ_SYNC_FULL, TQ_SYNC_BATCH, TQ_SYNC_NONE };
enum { TQ_FULL_WAIT, TQ_FULL_REFUSE };

/* Values that are set; the rest have their default. */
struct tq_settings {
	int64_t		 v[TQ_NSETTINGS];
	uint64_t	 is_set;	/* 1 << enum tq_setting */
};
/* The bit of a setting in is_set. */
#define TQ_SET_BIT(i)	(UINT64_C(1) << (i))
/* Those by which a claim is more than taking the head of a list. */
#define TQ_SET_GATES		(TQ_SET_BIT(TQ_SET_AGEING) | \
			    TQ_SET_BIT(TQ_SET_CAP) | TQ_SET_BIT(TQ_SET_RATE))
/* Those that say what becomes of an attempt that did not succeed. */
#define TQ_SET_RULES	(TQ_SET_BIT(TQ_SET_BACKOFF) | \
			    TQ_SET_BIT(TQ_SET_LATER) | \
			    TQ_SET_BIT(TQ_SET_PERMANENT) | \
			    TQ_SET_BIT(TQ_SET_TEMPORARY))

/* Number of a name of length n, -1 when there is none. */
int	tq_setting_find(const char *name, size_t n);
/* NULL for a number that is only part of a setting. */
const char *tq_setting_name(int);
/* 1 if it may be set on a queue; else on the spool only. */
int	tq_setting_of_queue(int);
/* Value of a text; "" sets back to the default.  EINVAL, quoted. */
int	tq_setting_parse(struct tq_settings *, int, const char *,
	    struct tq_err *);
/* What holds of a setting, in words; 1,024 bytes are enough for any. */
void	tq_setting_format(int, const struct tq_settings *queue,
	    const struct tq_settings *spool, char *, size_t);
/* The rules of trying again that hold. */
void	tq_setting_rules(struct tq_rules *out,
	    const struct tq_settings *queue, const struct tq_settings *spool);
/* What holds: the queue's value, else the spool's, else the default. */
int64_t	tq_setting_get(const struct tq_settings *queue,
	    const struct tq_settings *spool, int);
/* The bytes in a QUEUE record: for each set one its name and varint value. */
void	tq_settings_encode(struct tq_buf *, const struct tq_settings *);
/* Unknown names are skipped: a later release may have set them. */
int	tq_settings_decode(struct tq_settings *, struct tq_cur *);
#endif
