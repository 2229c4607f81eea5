/* Without an end: a held message goes back, or to where it waits. */
#include <errno.h>

#include "backend/redis/keyname.h"
#include "backend/redis/message.h"
#include "backend/redis/send.h"
#include "base/clock.h"

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
