/*
 * Fuzz target of what a worker plans for a message of Celery: the first byte
 * says how it ended, the rest is its envelope.  Whatever a message that
 * decodes carries, there is a plan, and what the plan sends decodes again.
 * So it is with what can be salvaged of one that does not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/celery.h"
#include "lib/message/celery_plan.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct tq_celery_site site = {
	.now = 1795420000 * TQ_SECOND,
	.origin = "gen1@fuzz",
	.worker = "w@fuzz",
	.queue = "celery"
};

/* A message that Celery workers and ours can read. */
static void
check_message(struct tq_arena *mem, const struct tq_celery_task *m)
{
	struct tq_celery_bounds bounds;
	struct tq_celery_envelope env, back;
	struct tq_celery_task again;
	struct tq_err e;
	struct tq_buf b;

	if (tq_celery_task_wrap(&env, mem, m, site.now, &e) == -1)
		abort();
	env.delivery_tag = "tag";
	env.exchange = "";
	env.routing_key = "celery";
	tq_celery_bounds_init(&bounds);
	bounds.envelope = 64 << 20;
	bounds.body.bytes = 64 << 20;
	bounds.body.nodes = 10000000;
	bounds.body.depth = TQ_SCAN_DEPTH_MAX;
	tq_buf_init(&b);
	tq_celery_envelope_encode(&b, &env);
	if (!tq_buf_ok(&b) || tq_celery_envelope_decode(&back, mem,
	    (char *)b.p, b.n, &bounds, &e) == -1 ||
	    tq_celery_task_decode(&again, mem, &back, &bounds, &e) == -1 ||
	    strcmp(again.id, m->id) != 0)
		abort();
	tq_buf_fini(&b);
}

static void
check_plan(struct tq_arena *mem, struct tq_celery_plan *plan)
{
	static const struct tq_bytes saved = { NULL, 0 };
	size_t k, n = plan->ncounts;

	for (k = 0; k < n; k++) {
		if (plan->count[k].callback.n > 0 && tq_celery_chord(plan, k, &plan->count[k].member, 1, saved,
		    &site, NULL) == -1)
			abort();
	}
	for (k = 0; k < plan->nsteps; k++) {
		if (plan->step[k].what == TQ_CELERY_SEND)
			check_message(mem, plan->step[k].task);
	}
}

static void
settle(struct tq_arena *mem, const struct tq_celery_task *m,
    const struct tq_celery_envelope *env, uint8_t how)
{
	static const enum tq_state ends[] = {
		TQ_SUCCESS, TQ_FAILURE, TQ_RETRY, TQ_REVOKED, TQ_EXPIRED
	};
	struct tq_celery_work work;
	struct tq_celery_plan plan;
	struct tq_celery_end end;

	if (tq_celery_look(&work, mem, m, &site, NULL) == -1)
		abort();
	tq_celery_plan_init(&plan, mem);
	if (work.next == TQ_CELERY_LOOK) {
		if (tq_celery_unlock(&plan, m, env, NULL, 0, &site, NULL) ==
		    -1)
			abort();
		check_plan(mem, &plan);
		return;
	}
	if (work.next == TQ_CELERY_RUN)
		tq_outcome_init(&work.end, ends[how % 5]);
	memset(&end, 0, sizeof(end));
	end.outcome = &work.end;
	if (tq_celery_settle(&plan, m, env, &end, &site, NULL) == -1)
		abort();
	check_plan(mem, &plan);
}

static void
bury(struct tq_arena *mem, const char *text, size_t n,
    const struct tq_celery_bounds *bounds)
{
	struct tq_celery_envelope env;
	struct tq_celery_task m;
	struct tq_celery_plan plan;
	struct tq_celery_end end;
	struct tq_outcome o;

	tq_celery_salvage(&m, mem, text, n, bounds);
	if (m.id == NULL)
		return;
	if (*m.id == '\0' || m.task == NULL)
		abort();
	tq_celery_envelope_init(&env);
	tq_celery_plan_init(&plan, mem);
	memset(&end, 0, sizeof(end));
	tq_outcome_init(&o, TQ_FAILURE);
	o.type = "BadMessage";
	o.why = "why";
	end.outcome = &o;
	if (tq_celery_settle(&plan, &m, &env, &end, &site, NULL) == -1 ||
	    plan.nsteps == 0)
		abort();
	check_plan(mem, &plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tq_celery_bounds bounds;
	struct tq_celery_envelope env;
	struct tq_celery_task m;
	struct tq_arena mem;

	if (n == 0)
		return 0;
	tq_arena_init(&mem);
	tq_celery_bounds_init(&bounds);
	if (tq_celery_envelope_decode(&env, &mem, (const char *)p + 1, n - 1,
	    &bounds, NULL) == 0 &&
	    tq_celery_task_decode(&m, &mem, &env, &bounds, NULL) == 0)
		settle(&mem, &m, &env, p[0]);
	else
		bury(&mem, (const char *)p + 1, n - 1, &bounds);
	tq_arena_fini(&mem);
	return 0;
}
