/*
 * Task messages as Celery 5 writes and reads them (protocol 2; protocol 1 is
 * read only), and the JSON envelope in which Redis and other virtual
 * transports of kombu carry them.
 *
 * A message is headers, properties and a body.  Its way in:
 *
 *	text --envelope_decode--> envelope --task_decode--> celery task
 *	    --task_view--> struct tq_task, which a worker runs
 *
 * and its way out:
 *
 *	struct tq_task --task_from--> celery task --task_wrap--> envelope
 *	    --envelope_encode--> text
 *
 * A transport with headers of its own (AMQP) makes and reads the middle form.
 *
 * Whatever is JSON to us stays text (scan.h): args, kwargs and signatures are
 * slices of the message, so they travel on with every digit they came with.
 * Slices and strings live in the arena given to the decode, or in the text:
 * both must outlive what was decoded.
 *
 * Decoding fails with EBADMSG (poison: *e names the field and what was
 * found), EMSGSIZE (over a bound), ENOTSUP (a content type or compression we
 * do not read) or ENOMEM.  All but the last are for ever: such a message
 * belongs into the dead letters, with the sentence.
 */
#ifndef TQ_MESSAGE_CELERY_H
#define TQ_MESSAGE_CELERY_H

#include <stddef.h>
#include <stdint.h>

#include <tq/task.h>

#include "base/arena.h"
#include "base/buf.h"
#include "message/scan.h"

/* ---- bounds ---------------------------------------------------------- */

/*
 * Undo a compression: append to out what `in` unpacks to, at most max bytes.
 * name is that of the header `compression`, "application/x-gzip" for example.
 * 0, or -1 with EBADMSG (damaged), EMSGSIZE (over max), ENOTSUP or ENOMEM.
 */
typedef int	tq_celery_unpack(struct tq_buf *out, const char *name,
		    struct tq_bytes in, size_t max, struct tq_err *);

struct tq_celery_bounds {
	size_t		 envelope;	/* bytes of an envelope's text */
	struct tq_scan_bounds body;	/* of a body, unpacked */
	tq_celery_unpack *unpack;	/* NULL: compressed is ENOTSUP */
};

/*
 * 1 MiB of body, 10,000 values, operands of depth 32; 2 MiB of envelope; no
 * unpacking.
 */
void	tq_celery_bounds_init(struct tq_celery_bounds *);
/* As much as there is: for what a store has kept and we have in memory. */
void	tq_celery_bounds_stored(struct tq_celery_bounds *);

/*
 * What a body may have at most.  Readers take no more for a message, so what
 * would become longer or deeper by a result is not sent.
 */
#define TQ_CELERY_BODY_MAX	(16 << 20)	/* bytes */
#define TQ_CELERY_DEPTH_MAX	100		/* arrays and objects in it */

/* ---- envelope -------------------------------------------------------- */

struct tq_celery_envelope {
	const char	*content_type;		/* NULL: not said */
	const char	*content_encoding;
	struct tq_bytes	 headers;		/* JSON object */
	struct tq_bytes	 properties;		/* the same, as it came */
	struct tq_bytes	 body;			/* without its base 64 */
	/* properties; NULL: not said */
	const char	*correlation_id;	/* the task's id */
	const char	*reply_to;
	const char	*delivery_tag;
	const char	*exchange, *routing_key;	/* delivery_info */
	const char	*expiration;		/* ms in a string */
	int		 delivery_mode;		/* 1 or 2, 0: not said */
	int		 priority;		/* -1: not said; the transport
						 * knows which end is urgent */
	int		 redelivered;		/* by properties or headers */
};

/* Set all to "not said"; headers to none, body empty. */
void	tq_celery_envelope_init(struct tq_celery_envelope *);
/*
 * Also when it fails, the properties that were read before are set: the
 * delivery tag tells what to take off the unacknowledged ones.  Headers that
 * are not there are {}.
 */
int	tq_celery_envelope_decode(struct tq_celery_envelope *out,
	    struct tq_arena *mem, const char *text, size_t n,
	    const struct tq_celery_bounds *, struct tq_err *);
/*
 * The body goes as base 64.  What is not said is left out, but for the content
 * type (application/json, utf-8).  redelivered goes where Celery's restore
 * puts it.
 */
void	tq_celery_envelope_encode(struct tq_buf *,
	    const struct tq_celery_envelope *);
/*
 * The body as the one JSON value it is, unpacked and checked, for task, event
 * and control messages: {NULL, 0} on failure.
 */
struct tq_bytes tq_celery_envelope_body(struct tq_arena *mem,
	    const struct tq_celery_envelope *,
	    const struct tq_celery_bounds *, struct tq_err *);

/* ---- task ------------------------------------------------------------ */

/* One member of an object, both as they stand in it. */
struct tq_celery_member {
	struct tq_bytes	 name, value;
};

/*
 * A number that may be missing: Celery tells null from 0.
 * (A limit of 0 s is none; a group_index of 0 is the first.)
 */
#define TQ_CELERY_NONE	(-1)

/* With them, the deaths and the "try later" ends are an attempt: 32 bits. */
#define TQ_CELERY_RETRIES_MAX	2000000000

struct tq_celery_task {
	int		 protocol;	/* 1 or 2; only 2 is written */
	/* headers of protocol 2; a string NULL: null or not there */
	const char	*lang;
	const char	*task;		/* the name; any text without NUL */
	const char	*id, *root_id, *parent_id, *group;
	int64_t		 group_index;	/* or TQ_CELERY_NONE */
	int64_t		 retries;	/* made so far; more than fit into
					 * an attempt are as many as do */
	tq_time		 hard, soft;	/* time limits, 0: none */
	tq_time		 eta, expires;	/* 0: none */
	const char	*shadow, *argsrepr, *kwargsrepr, *origin;
	int		 ignore_result;	/* or TQ_CELERY_NONE: not said */
	int64_t		 nesting;	/* replaced_task_nesting, or NONE */
	struct tq_bytes	 stamped_headers, stamps;	/* JSON or none */
	struct tq_bytes	 tq;		/* JSON object: policy of tq, or none */
	const struct tq_celery_member *others;	/* headers of users */
	size_t		 nothers;
	/* properties */
	const char	*reply_to;
	int		 redelivered;
	/* body: an array, an object, and lists of signatures or none */
	struct tq_bytes	 args, kwargs;
	struct tq_bytes	 callbacks, errbacks;
	struct tq_bytes	 chain;		/* the next one is the last element */
	struct tq_bytes	 chord;		/* one signature, or none */
	struct tq_bytes	 embed;		/* all four as they came, or none */
	int		 unknown;	/* salvaged without its body */
	struct tq_bytes	 odd_id;	/* salvaged without an id but this one, a
					 * JSON string with a NUL; or none */
};

/* A message with nothing in it: [] and {}, nothing set. */
void	tq_celery_task_init(struct tq_celery_task *);
/* Read the message of an envelope. */
int	tq_celery_task_decode(struct tq_celery_task *out, struct tq_arena *mem,
	    const struct tq_celery_envelope *,
	    const struct tq_celery_bounds *, struct tq_err *);
/*
 * Of a text that is no message, what its end can be told by: id (NULL: not
 * even that), group, errbacks, chain, chord.  The rest is as after init, and
 * task never NULL.
 */
void	tq_celery_salvage(struct tq_celery_task *out, struct tq_arena *mem,
	    const char *text, size_t n, const struct tq_celery_bounds *);
/*
 * Put headers and body as JSON.  argsrepr and kwargsrepr are made when they
 * are NULL; embed is not looked at.
 */
void	tq_celery_headers_encode(struct tq_buf *,
	    const struct tq_celery_task *);
void	tq_celery_body_encode(struct tq_buf *, const struct tq_celery_task *);
/*
 * The same as an envelope in mem, ready but for what the transport adds:
 * delivery_tag, exchange, routing_key, priority.  now is for `expiration`.
 * 0, or -1 with ENOMEM, or EBADMSG for a message that a Celery worker would
 * choke on: without name or id, args no array, kwargs no object.
 */
int	tq_celery_task_wrap(struct tq_celery_envelope *out,
	    struct tq_arena *mem, const struct tq_celery_task *, tq_time now,
	    struct tq_err *);

/* ---- ids ------------------------------------------------------------- */

/*
 * What tq calls the task of an id that Celery has: the id, if it is one of
 * ours (tq_id_valid()), else a name made of it, in mem.  NULL: ENOMEM.
 */
const char *tq_celery_id_name(struct tq_arena *mem, const char *id);
/* 1 if a name may be one that was made: the id is not known by it. */
int	tq_celery_id_is_made(const char *name);
/* A UUID (version 8) of all the bytes of two strings. */
void	tq_celery_id_derive(char out[37], const char *word, const char *of);

/* ---- and struct tq_task ---------------------------------------------- */

#define TQ_CELERY_EXEC	"tq.exec"	/* the task that is a raw command */

/*
 * What a worker runs: a named task with JSON operands, or what a tq.exec
 * carries (kind says which: the caller refuses the kinds it does not allow).
 * queue is not set; pri is the default: the envelope knows.  parent and root
 * are set, and with the id are names (tq_celery_id_name()).  attempt is
 * retries + 1, which has no place in the view.
 *
 * ENOENT: the name can be no handler's ("NotRegistered" to Celery).  EBADMSG:
 * the operands or the policy are none of ours, or tq.exec is malformed.
 * EMSGSIZE: too many kwargs.
 */
int	tq_celery_task_view(struct tq_task *out, struct tq_arena *mem,
	    const struct tq_celery_task *, struct tq_err *);
/*
 * The message of a task that passed tq_task_check() and has an id.  lang is
 * "c"; origin, shadow and the embed are the caller's to add.  What Celery has
 * no field for goes into the header `tq`.  EINVAL: text that is not UTF-8
 * where Celery wants text.  ENOTSUP: what is no message of its own (a group,
 * a pipe, after), or a body in a file.
 */
int	tq_celery_task_from(struct tq_celery_task *out, struct tq_arena *mem,
	    const struct tq_task *, struct tq_err *);
/*
 * The first thing asked of a task that a Celery worker would not do, as the
 * option of tqput(1) that asks it ("-r", "--once", ...), or NULL.
 */
const char *tq_celery_task_lacks(const struct tq_task *);

/* ---- parts ----------------------------------------------------------- */

/* Values as the repr() of Python, cut at 1024 bytes: args and kwargs. */
void	tq_celery_argsrepr(struct tq_buf *, struct tq_bytes args);
void	tq_celery_repr(struct tq_buf *, struct tq_bytes value);

/*
 * "2026-11-23T12:00:00[.ffffff][Z|+HH:MM]", or the object that kombu 5.3
 * makes of a datetime.  Without a zone it is UTC, and *naive (if not NULL) is
 * set.  0, or -1 with EBADMSG.
 */
int	tq_celery_date_parse(tq_time *out, int *naive, struct tq_bytes,
	    struct tq_err *);
/* The same in quotes, with microseconds unless they are 0. */
void	tq_celery_date_put(struct tq_buf *, tq_time, int naive);
/* Seconds as Python writes a float or an int. */
void	tq_celery_seconds_put(struct tq_buf *, tq_time);

/*
 * The plain value of what kombu 5.3 wraps as {"__type__": T, "__value__": V}:
 * V as a string for date, datetime, time, decimal, bytes (text) and base64
 * (still base 64), the dashed form for uuid.  Any other value is itself, an
 * unknown T too.
 */
struct tq_bytes tq_celery_plain(struct tq_arena *mem, struct tq_bytes value);
#endif
