/*
 * Caps and rates as settings: `cap` and `rate` of a queue, `cap.name:NAME` and
 * `rate.name:NAME`.  What they do is in take.lua; whoever sets one counts
 * what runs already, so that it holds from then on.
 *
 * Only workers of tq ask: the URL must say that there are no others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/going.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/see.h"
#include "base/clock.h"
#include "base/rules.h"

/* A limit: "cqQUEUE", "rqQUEUE", "cnNAME", "rnNAME". */
#define FIELD_MAX	(TQ_NAME_MAX + 3)

/* ---- setting ----------------------------------------------------------- */

/* The field of a setting; ENOTSUP for all that Redis does not keep. */
static int
field_of(char field[FIELD_MAX], const struct tq_redis *r, const char *queue,
    const char *name, struct tq_err *e)
{
	int cap = strncmp(name, "cap", 3) == 0;
	const char *rest = name + (cap ? 3 : 4), *of = queue;

	if (!cap && strncmp(name, "rate", 4) != 0)
		rest = NULL;
	else if (queue == NULL && strncmp(rest, ".name:", 6) == 0 &&
	    tq_name_valid(rest + 6))
		of = rest + 6;
	else if (queue == NULL || *rest != '\0')
		rest = NULL;
	if (rest == NULL)
		return tq_fail(e, ENOTSUP, "'%.80s' is not kept on Redis: cap "
		    "and rate are, of a queue or a name", name);
	if (!r->place.tq_only)
		return tq_fail(e, ENOTSUP, "%.80s: only workers of tq keep "
		    "it: say workers=tq in the URL", name);
	snprintf(field, FIELD_MAX, "%c%c%s", cap ? 'c' : 'r',
	    queue != NULL ? 'q' : 'n', of);
	return 0;
}

/* What is stored of a value, "" for none: "3", "6.000000000 10/m". */
static int
value_of(char out[96], const char *field, const char *value, struct tq_err *e)
{
	char text[48];
	tq_time period, gap;
	uint32_t limit;
	int64_t n;

	out[0] = '\0';
	if (*value == '\0')
		return 0;
	if (field[0] == 'c') {
		if (tq_number_parse(&n, value, 0, INT32_MAX, e) == -1)
			return -1;
		if (n > 0)
			snprintf(out, 96, "%lld", (long long)n);
		return 0;
	}
	if (tq_rate_parse(&limit, &period, value, e) == -1)
		return -1;
	if (limit == 0)
		return 0;
	/* up, to whole microseconds: never more than the rate */
	gap = (period + limit - 1) / limit / 1000 + 1;
	tq_rate_format(text, sizeof(text), limit, period);
	snprintf(out, 96, "%lld.%06lld %s", (long long)(gap / 1000000),
	    (long long)(gap % 1000000), text);
	return 0;
}

/* One command about a key of ours; its answer is not looked at. */
static int
tell(struct tq_redis *r, struct tq_err *e, const char *word, const char *key,
    const char *a, const char *b)
{
	redisReply *reply;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, word);
	tq_redis_cmd_join(&r->cmd, r->place.prefix, key, NULL);
	if (a != NULL)
		tq_redis_cmd_str(&r->cmd, a);
	if (b != NULL)
		tq_redis_cmd_str(&r->cmd, b);
	reply = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e);
	freeReplyObject(reply);
	return reply == NULL ? -1 : 0;
}

static int
take_away(struct tq_redis *r, const char *field, struct tq_err *e)
{
	char run[FIELD_MAX + 16];

	snprintf(run, sizeof(run), "tq.run.%s", field + 1);
	if (tell(r, e, "HDEL", "tq.limits", field, NULL) == -1)
		return -1;
	return field[0] == 'c' ? tell(r, e, "DEL", run, NULL, NULL) :
	    tell(r, e, "HDEL", "tq.next", field + 1, NULL);
}

/* It runs, and a limit is about to count it. */
static int
count_one(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	if (g->name != NULL ? strcmp(in->msg.task, g->name) == 0 :
	    strcmp(info->task.queue, g->sel->queues[0]) == 0)
		tq_redis_cmd_str(g->cmd, tag);
	return 0;
}

/* Count what is held of a queue, or (NULL) of a name, as running. */
static int
count_held(struct tq_redis *r, const char *limit, const char *queue,
    const char *name, struct tq_err *e)
{
	const struct tq_select sel = { .queues = &queue, .nqueues = 1 };
	struct tq_redis_cmd cmd;
	struct tq_redis_going g = {
		.r = r, .needle = "", .sel = &sel, .each = count_one,
		.name = name, .cmd = &cmd, .e = e
	};
	struct tq_info info;
	redisReply *a = NULL;
	int rv;

	memset(&info, 0, sizeof(info));
	tq_redis_cmd_init(&cmd);
	tq_redis_cmd_str(&cmd, "SADD");
	tq_redis_cmd_join(&cmd, r->place.prefix, "tq.run.", limit, NULL);
	rv = tq_redis_through(&g, TQ_REDIS_IN_HAND, NULL, "", &info);
	if (rv == 0 && cmd.n > 2 &&
	    (a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &cmd, e)) == NULL)
		rv = -1;
	freeReplyObject(a);
	tq_redis_cmd_fini(&cmd);
	return rv;
}

int
tq_redis_set(void *b, const char *queue, const char *name, const char *value,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	char field[FIELD_MAX], text[96];

	if (field_of(field, r, queue, name, e) == -1 ||
	    value_of(text, field, value, e) == -1 ||
	    tq_redis_ready(r, e) == -1)
		return -1;
	if (text[0] == '\0') {
		if (take_away(r, field, e) == -1)
			return -1;
	} else if (tell(r, e, "HSET", "tq.limits", field, text) == -1 ||
	    /* what is taken from now on counts itself */
	    (field[0] == 'c' && count_held(r, field + 1, queue,
	    queue == NULL ? field + 2 : NULL, e) == -1))
		return -1;
	/* there may be room now */
	return tell(r, e, "INCR", "tq.bell", NULL, NULL);
}

/* ---- telling ----------------------------------------------------------- */

/* All fields and values, or NULL. */
static redisReply *
limits(struct tq_redis *r, struct tq_err *e)
{
	if (tq_redis_ready(r, e) == -1)
		return NULL;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, "HGETALL");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.limits", NULL);
	return tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e);
}

/* The value of a field for people, or NULL. */
static const char *
find(const redisReply *a, char kind, char of, const char *name)
{
	const char *field, *value;
	size_t i;

	for (i = 0; i + 1 < a->elements; i += 2) {
		field = a->element[i]->str;
		value = a->element[i + 1]->str;
		if (field[0] == kind && field[1] == of &&
		    strcmp(field + 2, name) == 0)
			return kind == 'c' ? value :
			    value + strcspn(value, " ") + 1;
	}
	return NULL;
}

static int
each_name(const redisReply *a, int (*each)(const char *, const char *, int,
    void *), void *arg)
{
	char setting[FIELD_MAX + 16];
	const char *field;
	size_t i;
	int rv = 0;

	for (i = 0; i + 1 < a->elements && rv == 0; i += 2) {
		field = a->element[i]->str;
		if (field[0] == '\0' || field[1] != 'n')
			continue;
		snprintf(setting, sizeof(setting), "%s.name:%s",
		    field[0] == 'c' ? "cap" : "rate", field + 2);
		rv = each(setting, find(a, field[0], 'n', field + 2), 1, arg);
	}
	return rv;
}

int
tq_redis_settings(void *b, const char *queue, int (*each)(const char *,
    const char *, int, void *), void *arg, struct tq_err *e)
{
	redisReply *a = limits(b, e);
	const char *cap, *rate;
	int rv;

	if (a == NULL)
		return -1;
	if (queue == NULL)
		rv = each_name(a, each, arg);
	else {
		cap = find(a, 'c', 'q', queue);
		rate = find(a, 'r', 'q', queue);
		rv = each("cap", cap == NULL ? "0" : cap, cap != NULL, arg);
		if (rv == 0)
			rv = each("rate", rate == NULL ? "0" : rate,
			    rate != NULL, arg);
	}
	freeReplyObject(a);
	return rv;
}

/* ---- why one does not start -------------------------------------------- */

/* 1 if the queue's limit, of value v, lets none start now; 0, -1. */
static int
is_shut(struct tq_redis *r, int cap, const char *queue, const char *v,
    struct tq_err *e)
{
	redisReply *a;
	int rv;

	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, cap ? "SCARD" : "HGET");
	tq_redis_cmd_join(&r->cmd, r->place.prefix,
	    cap ? "tq.run.q" : "tq.next", cap ? queue : "", NULL);
	if (!cap)
		tq_redis_cmd_join(&r->cmd, "q", queue, NULL);
	if ((a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &r->cmd, e)) == NULL)
		return -1;
	rv = cap ? a->integer >= strtoll(v, NULL, 10) :
	    a->type == REDIS_REPLY_STRING && strtod(a->str, NULL) >
	    (double)tq_clock_wall() / TQ_SECOND;
	freeReplyObject(a);
	return rv;
}

/* The limit that keeps it back: its value and 1 (a cap) or 0, or NULL. */
static const char *
keeps(const redisReply *a, const struct tq_info *info, int *cap)
{
	const char *v;

	/* what is parked has said which; a queue stands as a whole */
	if (info->why != NULL) {
		*cap = strcmp(info->why, "cap") == 0;
		return info->task.name != NULL && (*cap ||
		    strcmp(info->why, "rate") == 0) ?
		    find(a, *cap ? 'c' : 'r', 'n', info->task.name) : NULL;
	}
	*cap = (v = find(a, 'c', 'q', info->task.queue)) != NULL;
	return *cap ? v : find(a, 'r', 'q', info->task.queue);
}

int
tq_redis_limit_explain(struct tq_redis *r, struct tq_info *info,
    struct tq_arena *mem, struct tq_err *e)
{
	redisReply *a;
	const char *v;
	char why[64];
	int cap, rv = 1;

	if (info->state != TQ_READY)
		return 0;
	if ((a = limits(r, e)) == NULL)
		return -1;
	v = keeps(a, info, &cap);
	if (v != NULL && info->why == NULL)
		rv = is_shut(r, cap, info->task.queue, v, e);
	if (v != NULL && rv == 1) {
		snprintf(why, sizeof(why), "%s %s", cap ? "cap" : "rate", v);
		info->why = tq_arena_copy(mem, why, strlen(why));
		rv = info->why == NULL ? tq_fail_sys(e, ENOMEM, "%s",
		    info->id.s) : 0;
	}
	freeReplyObject(a);
	return rv == -1 ? -1 : 0;
}
