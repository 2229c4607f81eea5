/*
 * Settings of a queue or of the whole spool: numbers with a name, a unit and
 * a default, in one table.
 */
#ifndef TQ_SPOOL_SETTING_H
#define TQ_SPOOL_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

#include "base/buf.h"

enum tq_setting {
	TQ_SET_AUTOCREATE,	/* spool: a put makes an unknown queue */
	TQ_SET_CRASHES,		/* worker deaths that make a failure */
	TQ_SET_FLOOR,		/* spool: free bytes that puts leave alone */
	TQ_SET_KEEP,		/* how long a success is kept */
	TQ_SET_KEEP_FAILED,	/* how long a failure is kept, 0 no limit */
	TQ_SET_KEEP_OUTCOME,	/* spool: ended tasks kept of each kind */
	TQ_SET_LIMIT,		/* unended tasks a queue takes, 0 no limit */
	TQ_SET_LIMIT_BYTES,	/* bytes of them, 0 no limit */
	TQ_SET_ON_FULL,		/* wait or refuse */
	TQ_SET_RETRIES,		/* of a task that does not say */
	TQ_SET_SYNC,		/* spool: full, batch or none */
	TQ_NSETTINGS
};

enum { TQ_SYNC_FULL, TQ_SYNC_BATCH, TQ_SYNC_NONE };
enum { TQ_FULL_WAIT, TQ_FULL_REFUSE };

/* Values that are set; the rest have their default. */
struct tq_settings {
	int64_t		 v[TQ_NSETTINGS];
	uint32_t	 is_set;	/* 1 << enum tq_setting */
	uint32_t	 pad;
};

/* Number of a name of length n, -1 when there is none. */
int	tq_setting_find(const char *name, size_t n);
const char *tq_setting_name(int);
/* 1 if it may be set on a queue; else on the spool only. */
int	tq_setting_of_queue(int);
/* Value of a text; "" sets back to the default.  EINVAL, quoted. */
int	tq_setting_parse(struct tq_settings *, int, const char *,
	    struct tq_err *);
void	tq_setting_format(int, int64_t, char *, size_t);
/* What holds: the queue's value, else the spool's, else the default. */
int64_t	tq_setting_get(const struct tq_settings *queue,
	    const struct tq_settings *spool, int);
/* The bytes in a QUEUE record: for each set one its name and varint value. */
void	tq_settings_encode(struct tq_buf *, const struct tq_settings *);
/* Unknown names are skipped: a later release may have set them. */
int	tq_settings_decode(struct tq_settings *, struct tq_cur *);
#endif
