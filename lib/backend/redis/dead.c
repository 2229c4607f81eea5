/*
 * Dead letters: messages that are none, set aside with the reason.
 *
 * If it can be read whom one was for, it ends in the same step as a task that
 * failed: whoever waits for its result is told, and so is its chord.  Anybody can
 * write any id into a message, so this is not done while another message with
 * that id is held, and what the id has (a key, a lane) is let go by who looks
 * whether it is still somewhere (leak.c).
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/end.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "base/clock.h"
#include "message/celery_raise.h"
#include "message/celery_result.h"

#define HELD_MOST	10000	/* messages that are looked at */

/* What who waits for its result is told, as JSON in b. */
static int
put_meta(struct tq_redis *r, struct tq_buf *b, struct tq_bytes id,
    const char *why, struct tq_err *e)
{
	const struct tq_celery_member task_id = {
		.name = { "\"task_id\"", 9 }, .value = id
	};
	struct tq_celery_meta m;

	tq_celery_meta_init(&m);
	m.status = "FAILURE";
	m.date_done = tq_clock_wall();
	m.date_naive = 1;
	m.others = &task_id;
	m.nothers = 1;
	if (tq_celery_raise_text(&m.exc, &r->mem, TQ_RAISE_MODULE,
	    "BadMessage", why, e) == -1)
		return -1;
	tq_celery_meta_encode(b, &m);
	return 0;
}

/* The result of one whose id has a NUL, for which there is no name here. */
static int
add_odd(struct tq_redis *r, struct tq_redis_cmd *cmd, struct tq_bytes id,
    const char *why, struct tq_err *e)
{
	struct tq_bytes raw = tq_scan_string(&r->mem, id);
	struct tq_buf key, meta;
	int rv;

	tq_buf_init(&key);
	tq_buf_init(&meta);
	tq_buf_str(&key, r->results.results);
	tq_buf_str(&key, "celery-task-meta-");
	tq_buf_put(&key, raw.p, raw.n);
	if ((rv = put_meta(r, &meta, id, why, e)) == 0) {
		tq_redis_cmd_str(cmd, "S");
		tq_redis_cmd_str(cmd, "");
		tq_redis_cmd_put(cmd, key.p, key.n);
		tq_redis_cmd_str(cmd, TQ_REDIS_EXPIRES);
		tq_redis_cmd_put(cmd, meta.p, meta.n);
		if (!tq_buf_ok(&key) || !tq_buf_ok(&meta))
			rv = tq_fail_sys(e, ENOMEM, "dead letter");
	}
	tq_buf_fini(&key);
	tq_buf_fini(&meta);
	return rv;
}

/* The same on another server, before the message is let go. */
static int
tell_odd(struct tq_redis *r, struct tq_bytes id, const char *why,
    struct tq_err *e)
{
	redisReply *a;

	tq_redis_store_begin(r, &r->cmd);
	if (add_odd(r, &r->cmd, id, why, e) == -1 ||
	    tq_redis_ready_store(r, e) == -1 ||
	    (a = tq_redis_call(&r->store, TQ_REDIS_DO, &r->cmd, e)) == NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}

/* No more is told than that of an odd id, if there is one. */
static int
end_nameless(struct tq_redis *r, struct tq_redis_held *h,
    struct tq_bytes odd, const char *why, struct tq_err *e)
{
	if (odd.n > 0 && r->apart && tell_odd(r, odd, why, e) == -1)
		return -1;
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	if (odd.n > 0 && !r->apart && add_odd(r, &h->end, odd, why, e) == -1)
		return -1;
	tq_redis_bury_add(r, &h->end);
	return tq_buf_ok(&h->end.bytes) ? tq_redis_end_begin(r, h, 0, e) :
	    tq_fail_sys(e, ENOMEM, "dead letter");
}

/* It ends as a failure, with all that follows from one. */
static int
end_named(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const char *why, struct tq_err *e)
{
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_FAILURE);
	o.type = "BadMessage";
	o.why = why;
	strlcpy(h->id.s, in->name, sizeof(h->id.s));
	/* there was no attempt */
	h->attempt = (unsigned)in->msg.retries;
	h->put = tq_uuid_time(h->id.s);
	return tq_redis_end(r, h, in, &o, 0, e);
}

/* 1 if the server refuses what we say, and not us, or for a moment. */
static int
is_refusal(int num)
{
	return num == EPROTO || num == EACCES || num == EINVAL;
}

/* 1 if another message of that id is held: it tells its own end; 0, -1. */
static int
is_held(struct tq_redis *r, const struct tq_redis_held *h, const char *id,
    struct tq_err *e)
{
	static const char *const spaces[] = { " ", "" };	/* Python's */
	redisReply *a;
	size_t k;
	int rv;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_str(&r->cmd, h->tag);
	tq_redis_cmd_num(&r->cmd, HELD_MOST);
	for (k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++) {
		tq_buf_reset(&r->buf);
		tq_buf_printf(&r->buf, "\"id\":%s", spaces[k]);
		tq_scan_quote(&r->buf, id, strlen(id));
		if (!tq_buf_ok(&r->buf))
			return tq_fail_sys(e, ENOMEM, "%s", id);
		tq_redis_cmd_put(&r->cmd, r->buf.p, r->buf.n);
	}
	if ((a = tq_redis_call(&r->main, TQ_REDIS_HELD, &r->cmd, e)) == NULL)
		return -1;
	rv = a->integer == 1;
	freeReplyObject(a);
	return rv;
}

/*
 * What the message names may be anything: when the server refuses that, the
 * letter is all there is.
 */
static int
tell_and_end(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const char *why, struct tq_err *e)
{
	const struct tq_bytes none = { NULL, 0 };
	struct tq_err own;
	int rv;

	if ((rv = is_held(r, h, in->msg.id, e)) == -1)
		return -1;
	if (rv == 1) {
		strlcpy(r->untold, "another message with that id is held",
		    sizeof(r->untold));
		return end_nameless(r, h, none, why, e);
	}
	tq_redis_held_use(h);
	rv = end_named(r, h, in, why, &own);
	if (rv == -1 && is_refusal(own.num) && !h->dropped) {
		snprintf(r->untold, sizeof(r->untold), "%.*s",
		    (int)sizeof(r->untold) - 1, own.text);
		rv = end_nameless(r, h, none, why, e);
	} else if (rv == -1) {
		errno = own.num;
		if (e != NULL)
			*e = own;
	}
	(void)tq_redis_held_done(h);
	return rv;
}

int
tq_redis_bury(struct tq_redis *r, struct tq_redis_held *h, const char *why,
    struct tq_err *e)
{
	struct tq_redis_read in;
	struct tq_buf b;
	int rv;

	tq_redis_salvage(&in, &r->mem, h->text, h->n);
	tq_buf_init(&b);
	tq_redis_letter(r, &b, h, why);
	if (!tq_buf_ok(&b)) {
		tq_buf_fini(&b);
		return tq_fail_sys(e, ENOMEM, "dead letter");
	}
	r->letter = &b;
	r->untold[0] = '\0';
	rv = in.name == NULL ? end_nameless(r, h, in.msg.odd_id, why, e) :
	    tell_and_end(r, h, &in, why, e);
	r->letter = NULL;
	tq_buf_fini(&b);
	return rv;
}
