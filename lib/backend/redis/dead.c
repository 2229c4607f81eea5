/* Dead letters: messages that are none, set aside with the reason. */
#include <errno.h>
#include <string.h>

#include "backend/redis/key.h"
#include "base/clock.h"
#include "message/celery_result.h"
#include "message/json.h"

/* How much is kept of a message: whole characters, if it has any. */
static size_t
kept(const struct tq_redis_held *h)
{
	size_t n = TQ_REDIS_DEAD_TEXT;
	int k;

	if (h->n <= n)
		return h->n;
	for (k = 0; k < 3 && ((unsigned char)h->text[n] & 0xc0) == 0x80; k++)
		n--;
	return n;
}

/*
 * {"why": ..., "queue": ..., "worker": ..., "time": ..., "message": text},
 * and of a text that was cut how long it was: "cut": bytes
 */
static void
letter(struct tq_redis *r, struct tq_buf *b, const struct tq_redis_held *h,
    const char *why)
{
	tq_buf_str(b, "{\"why\": ");
	tq_json_str(b, why, strlen(why));
	tq_buf_str(b, ", \"queue\": ");
	tq_json_str(b, h->queue, strlen(h->queue));
	tq_buf_str(b, ", \"worker\": ");
	tq_json_str(b, r->node, strlen(r->node));
	tq_buf_str(b, ", \"time\": ");
	tq_json_date(b, tq_clock_wall());
	if (kept(h) < h->n)
		tq_buf_printf(b, ", \"cut\": %zu", h->n);
	tq_buf_str(b, ", \"message\": ");
	tq_json_bytes(b, h->text, kept(h));
	tq_buf_str(b, "}");
}

/* Whoever waits for it is told, if we could read whom it is for. */
static int
tell_poison(struct tq_redis *r, struct tq_celery_plan *plan,
    const struct tq_redis_read *in, const char *why, struct tq_err *e)
{
	struct tq_celery_step *s;
	struct tq_celery_meta meta;
	struct tq_buf b;
	int rv = 0;

	if (in->msg.id == NULL || !tq_id_valid(in->msg.id))
		return 0;
	tq_celery_meta_init(&meta);
	meta.task_id = in->msg.id;
	meta.status = "FAILURE";
	meta.exc.type = "BadMessage";
	meta.exc.module = "tq.errors";
	meta.date_done = tq_clock_wall();
	tq_buf_init(&b);
	tq_buf_str(&b, "[");
	tq_json_str(&b, why, strlen(why));
	tq_buf_str(&b, "]");
	meta.exc.message.p = tq_arena_copy(&r->mem, b.p, b.n);
	meta.exc.message.n = b.n;
	tq_buf_reset(&b);
	tq_celery_meta_encode(&b, &meta);
	s = tq_arena_alloc(&r->mem, sizeof(*s));
	if (s == NULL || !tq_buf_ok(&b))
		rv = tq_fail_sys(e, ENOMEM, "%s", r->place.name);
	else {
		memset(s, 0, sizeof(*s));
		s->what = TQ_CELERY_STORE;
		s->id = in->msg.id;
		s->text.p = tq_arena_copy(&r->mem, b.p, b.n);
		s->text.n = b.n;
		plan->step = s;
		plan->nsteps = 1;
	}
	tq_buf_fini(&b);
	return rv;
}

int
tq_redis_bury(struct tq_redis *r, struct tq_redis_held *h,
    const struct tq_redis_read *in, const char *why, struct tq_err *e)
{
	struct tq_celery_plan plan = { .nsteps = 0 };
	struct tq_buf b;

	if (tell_poison(r, &plan, in, why, e) == -1)
		return -1;
	if (r->apart && tq_redis_store_plan(r, &r->mem, &plan, e) == -1)
		return -1;
	tq_redis_do_begin(r, &h->end, h->tag, 1, NULL, 0);
	if (!r->apart && tq_redis_do_plan(r, &h->end, &r->mem, &plan,
	    TQ_REDIS_ALL, e) == -1)
		return -1;
	tq_redis_let_go(r, &h->end, in);
	tq_buf_init(&b);
	letter(r, &b, h, why);
	tq_redis_cmd_str(&h->end, "L");
	tq_redis_cmd_str(&h->end, "");
	tq_redis_cmd_join(&h->end, r->place.prefix, "tq.dead", NULL);
	tq_redis_cmd_put(&h->end, b.p, b.n);
	tq_redis_cmd_num(&h->end, TQ_REDIS_DEAD_MAX);
	if (!tq_buf_ok(&b) || !tq_buf_ok(&h->end.bytes)) {
		tq_buf_fini(&b);
		return tq_fail_sys(e, ENOMEM, "dead letter");
	}
	tq_buf_fini(&b);
	return tq_redis_end_begin(r, h, 0, e);
}
