/* What a running attempt says of itself, as a Celery task does. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/calls.h"
#include "backend/redis/end.h"
#include "backend/redis/message.h"
#include "backend/redis/meta.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "message/json.h"

/* The id of a claim as Celery has it. */
static const char *
id_of(struct tq_redis *r, const struct tq_claim *c, struct tq_err *e)
{
	const struct tq_redis_held *h;
	struct tq_redis_read in;

	if (!tq_celery_id_is_made(c->ref.id.s) ||
	    (h = tq_redis_held_find(r, &c->ref)) == NULL)
		return c->ref.id.s;
	return tq_redis_read(&in, &r->mem, h->text, h->n, e) == -1 ? NULL :
	    in.msg.id;
}

/*
 * What a running attempt says of itself, as a Celery task does with
 * update_state(): a meta that is no end.  Told and not waited for; it goes the
 * way of the end, and before it.
 */
int
tq_redis_report(void *b, const struct tq_claim *c, const struct tq_report *p,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	struct tq_celery_step step = { .what = TQ_CELERY_STORE };
	struct tq_celery_plan plan = { .step = &step, .nsteps = 1 };
	struct tq_celery_meta meta;
	struct tq_buf text, json;
	int rv = -1;

	tq_arena_reset(&r->mem);
	tq_celery_meta_init(&meta);
	tq_buf_init(&text);
	tq_buf_init(&json);
	if ((step.id = id_of(r, c, e)) == NULL)
		return -1;
	meta.task_id = step.id;
	meta.status = p->state != NULL ? p->state : TQ_REDIS_PROGRESS;
	if (p->state == NULL) {
		tq_json_str(&text, p->text.p, p->text.n);
		meta.result.p = (const char *)text.p;
		meta.result.n = text.n;
	} else
		meta.result = p->text;
	tq_celery_meta_encode(&json, &meta);
	step.text.p = (const char *)json.p;
	step.text.n = json.n;
	if (!tq_buf_ok(&text) || !tq_buf_ok(&json))
		tq_fail_sys(e, ENOMEM, "%s", c->ref.id.s);
	else if (r->apart)
		rv = tq_redis_store_plan(r, &r->mem, &plan, e);
	else if (tq_redis_ready(r, e) == 0) {
		tq_redis_do_begin(r, &r->cmd, "", 0, NULL, 0);
		if (tq_redis_do_plan(r, &r->cmd, &r->mem, &plan,
		    TQ_REDIS_ALL, e) == 0)
			rv = tq_redis_post(&r->main, TQ_REDIS_DO, &r->cmd,
			    NULL, NULL, e);
	}
	tq_buf_fini(&text);
	tq_buf_fini(&json);
	return rv;
}

void
tq_redis_report_start(struct tq_redis *r, const struct tq_claim *c)
{
	struct tq_report p = { .state = "STARTED" };
	struct tq_buf b;

	tq_buf_init(&b);
	tq_buf_printf(&b, "{\"pid\": %ld, \"hostname\": ", (long)getpid());
	tq_json_str(&b, r->node, strlen(r->node));
	tq_buf_byte(&b, '}');
	p.text.p = (const char *)b.p;
	p.text.n = b.n;
	if (tq_buf_ok(&b))
		(void)tq_redis_report(r, c, &p, NULL);
	tq_buf_fini(&b);
}
