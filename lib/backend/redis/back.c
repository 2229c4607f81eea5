/*
 * Ends on their way, and those that are none: a held message goes back, or to
 * where it waits.
 *
 * An end is kept until the server has answered, and sent again over a new
 * connection when the answer was lost: done twice, it is STALE the second time.
 */
#include <errno.h>
#include <string.h>

#include "backend/redis/key.h"
#include "backend/redis/worker.h"
#include "base/clock.h"

#define ENDING_MAX	64	/* ends on their way */

/* ---- ends on their way ----------------------------------------------- */

/*
 * The server refuses an end.  Who is no worker returns it; a worker's waits and
 * is sent again, and of those that wait for one reason one is named.
 */
static void
refused(struct tq_redis_held *h, const redisReply *a)
{
	struct tq_redis *r = h->r;
	struct tq_redis_worker *w = r->worker;

	(void)tq_redis_failed(&r->place, a, &r->refused);
	h->refused = 1;
	if (w == NULL || !tq_once_due(&w->refused, r->refused.text,
	    tq_clock_mono()))
		return;
	/* an id may be long: the reason has to fit too */
	(void)tq_redis_mail_add(r, "say %.100s of queue %s: not told what "
	    "became of it, tried again: %s", h->id.s[0] != '\0' ? h->id.s :
	    "a message", h->queue, r->refused.text);
	w->noted = 0;		/* and who looks sees it */
}

static void
ended(void *arg, const redisReply *a)
{
	struct tq_redis_held *h = arg;

	/* OOM and the like: it is tried again; STALE: it is another's */
	if (a == NULL || a->type == REDIS_REPLY_ERROR) {
		/* somebody flushed the server's scripts */
		if (a != NULL && strncmp(a->str, "NOSCRIPT", 8) == 0)
			memset(h->r->main.sha, 0, sizeof(h->r->main.sha));
		else if (a != NULL)
			refused(h, a);
		h->posted = 0;
		return;
	}
	h->r->stale = strcmp(a->str, "STALE") == 0;
	tq_redis_held_drop(h->r, h);
}

int
tq_redis_end_post(struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis *r = h->r;

	h->posted = 1;
	if (tq_redis_post(&r->main, TQ_REDIS_DO, &h->end, ended, h, e) == 0)
		return 0;
	h->posted = 0;
	return -1;
}

/* Its end stands in h->end: off it goes. */
int
tq_redis_end_begin(struct tq_redis *r, struct tq_redis_held *h, unsigned flags,
    struct tq_err *e)
{
	r->ntaken -= h->stage == TQ_REDIS_TAKEN;
	r->nending += h->stage != TQ_REDIS_ENDING;
	h->stage = TQ_REDIS_ENDING;
	/* from here on it is kept; a lost server delays it, no more */
	if (tq_redis_end_post(h, e) == -1)
		return r->worker != NULL ? 0 : -1;
	/* who is no worker has nothing else to do than to hear of it */
	if (r->worker == NULL || flags & TQ_SETTLE_SYNC ||
	    r->nending > ENDING_MAX) {
		r->stale = 0;
		r->refused.num = 0;
		if (tq_redis_finish(&r->main, e) == -1)
			return -1;
		if (r->worker == NULL && r->refused.num != 0)
			return tq_fail(e, r->refused.num, "%s",
			    r->refused.text);
		if (r->stale && r->worker == NULL)
			return tq_fail(e, ESTALE, "the claim is no longer "
			    "yours");
	}
	return 0;
}

/* ---- without an end -------------------------------------------------- */

static int
put_back(struct tq_redis *r, struct tq_redis_held *h, const char *text,
    size_t n, int priority, struct tq_err *e)
{
	const char *list = tq_redis_list_key(&r->place, &r->mem, h->queue,
	    priority);

	if (list == NULL)
		return tq_fail_sys(e, ENOMEM, "queue %s", h->queue);
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	tq_redis_cmd_str(&h->end, "F");
	tq_redis_cmd_str(&h->end, "");
	tq_redis_cmd_str(&h->end, "");
	tq_redis_cmd_str(&h->end, list);
	tq_redis_cmd_put(&h->end, text, n);
	if (!tq_buf_ok(&h->end.bytes))
		return tq_fail_sys(e, ENOMEM, "queue %s", h->queue);
	return tq_redis_end_begin(r, h, 0, e);
}

/* To the end of the line, or to what waits for its time. */
int
tq_redis_requeue(struct tq_redis *r, struct tq_redis_held *h,
    const char *text, size_t n, int priority, tq_time eta, struct tq_err *e)
{
	const char *list = tq_redis_list_key(&r->place, &r->mem, h->queue,
	    priority);
	int later = eta > tq_clock_wall();

	if (list == NULL)
		return tq_fail_sys(e, ENOMEM, "queue %s", h->queue);
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	tq_redis_add_bindings(r, &h->end,
	    &(const char *){ h->queue }, 1);
	tq_redis_cmd_str(&h->end, later ? "D" : "P");
	tq_redis_cmd_str(&h->end, "");
	tq_redis_cmd_str(&h->end, "");
	if (later) {
		tq_redis_cmd_str(&h->end, h->tag);
		tq_redis_cmd_time(&h->end, eta);
	}
	tq_redis_cmd_str(&h->end, list);
	tq_redis_cmd_put(&h->end, text, n);
	if (!tq_buf_ok(&h->end.bytes))
		return tq_fail_sys(e, ENOMEM, "queue %s", h->queue);
	return tq_redis_end_begin(r, h, 0, e);
}

/* Let it be gone. */
int
tq_redis_drop(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_redis_read in;

	tq_arena_reset(&r->mem);
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	if (tq_redis_read(&in, &r->mem, h->text, h->n, NULL) == 0)
		tq_redis_let_go(r, &h->end, &in);
	return tq_redis_end_begin(r, h, 0, e);
}

int
tq_redis_back(struct tq_redis *r, struct tq_redis_held *h, struct tq_err *e)
{
	struct tq_celery_envelope env;
	struct tq_celery_bounds b;

	tq_arena_reset(&r->mem);
	tq_celery_bounds_init(&b);
	b.envelope = h->n;
	tq_celery_envelope_init(&env);
	/* what cannot be read is found out by who takes it next */
	(void)tq_celery_envelope_decode(&env, &r->mem, h->text, h->n, &b,
	    NULL);
	return put_back(r, h, h->text, h->n, env.priority, e);
}

int
tq_redis_return(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, unsigned crashes, unsigned laters,
    struct tq_err *e)
{
	struct tq_bytes text;

	if (tq_redis_reword(&text, &r->mem, in, crashes, laters, e) == -1)
		return -1;
	return put_back(r, h, text.p, text.n, in->env.priority, e);
}

int
tq_redis_delay(struct tq_redis *r, struct tq_redis_held *h, int priority,
    tq_time due, struct tq_err *e)
{
	const char *list = tq_redis_list_key(&r->place, &r->mem, h->queue,
	    priority);
	struct tq_bytes text = { h->text, h->n };

	if (list == NULL)
		return tq_fail_sys(e, ENOMEM, "queue %s", h->queue);
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	if (tq_redis_local_add(r, &h->end, h->tag, h->id.s, due,
	    h->attempt > 1, list, text))
		return tq_redis_end_begin(r, h, 0, e);
	if (r->due == 0 || due < r->due)
		r->due = due;
	return tq_redis_requeue(r, h, h->text, h->n, priority, due, e);
}
