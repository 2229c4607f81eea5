/*
 * Looking at what stands on the broker: lists, what waits, what is held.
 *
 * Nothing there is found by an id; the server goes through the text and hands
 * out what may be meant.  A list that is longer than CHUNK and is taken from
 * meanwhile may hide a few.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/going.h"
#include "backend/redis/keyname.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "base/clock.h"
#include "base/date.h"

#define CHUNK	"10000"

/* ---- one message ----------------------------------------------------- */

/* "waits for gpu=2 slot=3" */
static int
needs_what(struct tq_info *out, struct tq_arena *mem)
{
	struct tq_buf b;
	size_t i;

	tq_buf_init(&b);
	tq_buf_str(&b, "waits for");
	for (i = 0; i < out->task.nneeds; i++)
		tq_buf_printf(&b, " %s", out->task.needs[i]);
	out->why = tq_buf_ok(&b) ? tq_arena_copy(mem, b.p, b.n) : NULL;
	tq_buf_fini(&b);
	return out->why == NULL ? -1 : 0;
}

/* parked: the letter that says why, see take.lua, or 0. */
static int
add_why(struct tq_info *out, struct tq_arena *mem, char parked)
{
	char text[64] = "delayed until ";
	size_t n = strlen(text);

	if (parked == 'l')
		out->why = "lane busy";
	if (parked == 'c' || parked == 'r')
		out->why = parked == 'c' ? "cap" : "rate";
	if (parked == 'n')
		return needs_what(out, mem);
	if (out->state != TQ_DELAYED && out->state != TQ_RETRY)
		return 0;
	tq_date_format(text + n, sizeof(text) - n, out->eta);
	out->why = tq_arena_copy(mem, text, strlen(text));
	return out->why == NULL ? -1 : 0;
}

int
tq_redis_describe(struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_read *in, enum tq_redis_where place,
    const char *queue, const char *score, const char *tag)
{
	unsigned past = (unsigned)in->msg.retries + in->crashes + in->laters;
	tq_time now = tq_clock_wall();
	void *keep = out->mem;
	char parked = 0;

	memset(out, 0, sizeof(*out));
	out->mem = keep;
	tq_outcome_init(&out->end, TQ_ABSENT);
	tq_task_init(&out->task);
	/* one that no handler can have is shown as far as it goes */
	if (tq_celery_task_view(&out->task, mem, &in->msg, NULL) == -1) {
		tq_task_init(&out->task);
		out->task.name = in->msg.task;
	}
	strlcpy(out->id.s, in->name, sizeof(out->id.s));
	out->task.id = in->name;
	out->task.queue = queue;
	if (in->env.priority >= 0 && in->env.priority <= 9)
		out->task.pri = 9 - in->env.priority;
	out->body_size = out->task.body.n;
	out->attempt = past;
	out->crashes = in->crashes;
	out->laters = in->laters;
	out->failures = (unsigned)in->msg.retries;
	out->put = tq_uuid_time(in->name);
	out->eta = in->msg.eta;
	out->state = TQ_READY;
	if (place == TQ_REDIS_IN_WAIT && *score == '\0') {
		if ((tag = strrchr(tag, '.')) != NULL)
			parked = tag[1];
		if (parked == 'k')
			out->state = TQ_BLOCKED;
	} else if (place == TQ_REDIS_IN_WAIT) {
		out->eta = tq_redis_time(score);
		out->state = past > 0 ? TQ_RETRY : TQ_DELAYED;
	} else if (in->msg.eta > now)
		out->state = TQ_DELAYED;
	else if (place == TQ_REDIS_IN_HAND) {
		out->state = TQ_STARTED;
		out->attempt++;
	}
	return add_why(out, mem, parked);
}

/* ---- everything ------------------------------------------------------ */

/* Messages of unacked carry the queue behind them. */
static int
unwrap(struct tq_bytes *text, const char **queue, struct tq_arena *mem,
    enum tq_redis_where place)
{
	const char *cut;

	if (place == TQ_REDIS_IN_HAND)
		return tq_redis_split(text, queue, mem, text->p, text->n);
	if (place == TQ_REDIS_IN_WAIT) {
		/* list key, newline, message; a step may follow the queue */
		if ((cut = memchr(text->p, '\n', text->n)) == NULL)
			return -1;
		*queue = tq_arena_copy(mem, text->p,
		    (size_t)(cut - text->p));
		text->n -= (size_t)(cut + 1 - text->p);
		text->p = cut + 1;
		return *queue == NULL ? -1 : 0;
	}
	return 0;
}

static int
one(struct tq_redis_going *g, enum tq_redis_where place, const char *queue,
    const redisReply *const *v, struct tq_info *info)
{
	struct tq_arena mem;
	struct tq_redis_read in;
	struct tq_bytes text = { v[1]->str, v[1]->len };
	size_t skip = strlen(g->r->place.prefix);
	char name[TQ_NAME_MAX + 1];
	int rv = 0;

	tq_arena_init(&mem);
	if (unwrap(&text, &queue, &mem, place) == 0 && queue != NULL &&
	    tq_redis_read(&in, &mem, text.p, text.n, NULL) == 0) {
		if (place == TQ_REDIS_IN_WAIT && strlen(queue) >= skip) {
			snprintf(name, sizeof(name), "%.*s", (int)
			    tq_redis_list_queue(&g->r->place, queue + skip),
			    queue + skip);
			queue = name;
		}
		g->place = place;
		g->score = v[2]->str;
		g->tag = v[0]->str;
		if (tq_redis_describe(info, &mem, &in, place, queue, v[2]->str,
		    v[0]->str) == -1)
			rv = tq_fail_sys(g->e, ENOMEM, "task");
		else
			rv = g->each(g, info, &in, v[0]->str);
	}
	tq_arena_fini(&mem);
	return rv;
}

/*
 * The id as the server can find it in a text: what JSON may spell in more than
 * one way, and the id behind a name that was made, are looked for here.
 */
static const char *
spelled(const char *id)
{
	const char *p = id;

	while (*p > ' ' && *p < 0x7f && strchr("\"&'/<>\\", *p) == NULL)
		p++;
	return *p != '\0' || tq_celery_id_is_made(id) ? "" : id;
}

int
tq_redis_through(struct tq_redis_going *g, enum tq_redis_where place,
    const char *queue, const char *list, struct tq_info *info)
{
	static const char *const names[] = {
		[TQ_REDIS_IN_LIST] = "list", [TQ_REDIS_IN_HAND] = "unacked",
		[TQ_REDIS_IN_WAIT] = "tq.waiting"
	};
	struct tq_redis *r = g->r;
	char cursor[TQ_REDIS_CURSOR] = "0";
	redisReply *a;
	size_t i;
	int rv = 0;

	g->list = list;
	do {
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, r->place.prefix);
		tq_redis_cmd_str(&r->cmd, names[place]);
		tq_redis_cmd_str(&r->cmd, cursor);
		tq_redis_cmd_str(&r->cmd, CHUNK);
		tq_redis_cmd_str(&r->cmd, spelled(g->needle));
		tq_redis_cmd_str(&r->cmd, list);
		a = tq_redis_call(&r->main, TQ_REDIS_LOOK, &r->cmd, g->e);
		if (a == NULL)
			return -1;
		rv = tq_redis_cursor(&r->place, cursor, a, g->e);
		for (i = 1; i + 2 < a->elements && rv == 0; i += 3)
			rv = one(g, place, queue,
			    (const redisReply *const *)a->element + i, info);
		freeReplyObject(a);
	} while (rv == 0 && strcmp(cursor, "0") != 0);
	return rv;
}

static int
is_chosen(const struct tq_redis_going *g, const char *queue)
{
	size_t i;

	if (g->sel == NULL || g->sel->nqueues == 0)
		return 1;
	for (i = 0; i < g->sel->nqueues; i++)
		if (strcmp(g->sel->queues[i], queue) == 0)
			return 1;
	return 0;
}

int
tq_redis_everywhere(struct tq_redis_going *g, struct tq_err *e)
{
	struct tq_redis *r = g->r;
	const char *const *queues;
	struct tq_info info;
	struct tq_arena mem;
	const char *list;
	size_t i, k, n;
	int rv;

	g->e = e;
	memset(&info, 0, sizeof(info));
	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_arena_init(&mem);
	n = 0;
	rv = tq_redis_through(g, TQ_REDIS_IN_HAND, NULL, "", &info);
	if (rv == 0 && !g->unready)
		rv = tq_redis_queue_names(r, &queues, &n, &mem, e);
	for (i = 0; rv == 0 && i < n; i++) {
		for (k = 0; is_chosen(g, queues[i]) && rv == 0 &&
		    k < r->place.nsteps; k++) {
			list = tq_redis_list_key(&r->place, &mem, queues[i],
			    (int)r->place.steps[k]);
			rv = list == NULL ? tq_fail_sys(e, ENOMEM, "queues") :
			    tq_redis_through(g, TQ_REDIS_IN_LIST, queues[i],
			    list, &info);
		}
	}
	if (rv == 0)
		rv = tq_redis_through(g, TQ_REDIS_IN_WAIT, NULL, "", &info);
	tq_arena_fini(&mem);
	return rv;
}

int
tq_redis_is_selected(const struct tq_select *s, const struct tq_info *i)
{
	size_t k;

	if (s->nqueues > 0) {
		/* one that has ended, or that nobody knows, is in none */
		for (k = 0; i->task.queue != NULL && k < s->nqueues; k++)
			if (strcmp(s->queues[k], i->task.queue) == 0)
				break;
		if (i->task.queue == NULL || k == s->nqueues)
			return 0;
	}
	if (s->states != 0 && !(s->states & 1u << i->state))
		return 0;
	if (s->key != NULL && (i->task.key == NULL ||
	    strcmp(s->key, i->task.key) != 0))
		return 0;
	return s->label == NULL || (i->task.label != NULL &&
	    strcmp(s->label, i->task.label) == 0);
}
