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

#include "backend/redis/redis.h"

#define HELD_MOST	10000	/* messages that are looked at */

/* Nobody can be told. */
static int
end_nameless(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
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
	struct tq_err own;
	int rv;

	if ((rv = is_held(r, h, in->msg.id, e)) == -1)
		return -1;
	if (rv == 1) {
		strlcpy(r->untold, "another message with that id is held",
		    sizeof(r->untold));
		return end_nameless(r, h, e);
	}
	tq_redis_held_use(h);
	rv = end_named(r, h, in, why, &own);
	if (rv == -1 && is_refusal(own.num) && !h->dropped) {
		snprintf(r->untold, sizeof(r->untold), "%.*s",
		    (int)sizeof(r->untold) - 1, own.text);
		rv = end_nameless(r, h, e);
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
	rv = in.name == NULL ? end_nameless(r, h, e) :
	    tell_and_end(r, h, &in, why, e);
	r->letter = NULL;
	tq_buf_fini(&b);
	return rv;
}
