#include "tests/lib/celery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/celery_tree.h"
#include "tests/lib/t.h"

struct tq_bytes
t_json(const char *text, const struct tq_scan_bounds *most)
{
	struct tq_bytes v;
	struct tq_err e;

	if (tq_scan_check(&v, text, strlen(text), most, &e) == -1)
		fail_msg("%s: %s", text, e.text);
	return v;
}

struct tq_bytes
t_json_text(struct tq_arena *mem, const json_t *v)
{
	char *text = json_dumps(v, JSON_ENCODE_ANY);
	struct tq_bytes out;

	assert_non_null(text);
	out.n = strlen(text);
	out.p = tq_arena_copy(mem, text, out.n);
	free(text);
	return out;
}

void
t_site_init(struct t_site *s)
{
	memset(s, 0, sizeof(*s));
	s->facts.now = 1795420000 * TQ_SECOND;
	s->facts.origin = "gen1@test";
	s->facts.worker = "w@test";
	s->facts.queue = "celery";
	tq_arena_init(&s->mem);
	s->queue = json_array();
	s->delayed = json_array();
	s->metas = json_object();
	s->groups = json_object();
	s->sizes = json_object();
	s->parts = json_object();
	s->owners = json_object();
	s->sent = json_object();
	s->ran = json_array();
}

void
t_site_fini(struct t_site *s)
{
	json_decref(s->queue);
	json_decref(s->delayed);
	json_decref(s->metas);
	json_decref(s->groups);
	json_decref(s->sizes);
	json_decref(s->parts);
	json_decref(s->owners);
	json_decref(s->sent);
	json_decref(s->ran);
	tq_arena_fini(&s->mem);
}

int
t_setup_site(void **state)
{
	static struct t_site s;

	t_site_init(&s);
	*state = &s;
	return 0;
}

int
t_teardown_site(void **state)
{
	t_site_fini(*state);
	return 0;
}

void
t_site_push(struct t_site *s, const char *envelope)
{
	json_array_append_new(s->queue, json_string(envelope));
}

/* ---- carrying out ---------------------------------------------------- */

/* 1 if the id of a step was sent before, by the same message. */
static int
was_sent(struct t_site *s, const struct tq_celery_step *step)
{
	char key[300];

	snprintf(key, sizeof(key), "%s/%s", step->task->id,
	    step->by != NULL ? step->by : "");
	if (json_object_get(s->sent, key) != NULL)
		return 1;
	json_object_set_new(s->sent, key, json_true());
	return 0;
}

static void
send_message(struct t_site *s, const struct tq_celery_step *step)
{
	struct tq_celery_envelope env;
	struct tq_err e;
	struct tq_buf b;
	char tag[24];
	json_t *text;

	if (step->flags & TQ_CELERY_ONCE && was_sent(s, step))
		return;
	if (tq_celery_task_wrap(&env, &s->mem, step->task, s->facts.now,
	    &e) == -1)
		fail_msg("%s: %s", step->task->id, e.text);
	snprintf(tag, sizeof(tag), "tag%u", s->tags++);
	env.delivery_tag = tag;
	env.exchange = step->exchange != NULL ? step->exchange : "";
	env.routing_key = step->queue != NULL ? step->queue :
	    step->routing_key;
	env.priority = step->priority;
	tq_buf_init(&b);
	tq_celery_envelope_encode(&b, &env);
	assert_true(tq_buf_ok(&b));
	text = json_stringn((char *)b.p, b.n);
	assert_non_null(text);
	tq_buf_fini(&b);
	if (step->eta > s->facts.now)
		json_array_append_new(s->delayed, text);
	else if (step->flags & TQ_CELERY_FIRST)
		json_array_insert_new(s->queue, 0, text);
	else
		json_array_append_new(s->queue, text);
}

static void
store_meta(struct t_site *s, const struct tq_celery_step *step)
{
	const char *old = json_string_value(json_object_get(s->metas,
	    step->id));

	if (old != NULL && strstr(old, "\"SUCCESS\"") != NULL)
		return;
	json_object_set_new(s->metas, step->id,
	    json_stringn(step->text.p, step->text.n));
}

static void
do_step(struct t_site *s, const struct tq_celery_step *step)
{
	switch (step->what) {
	case TQ_CELERY_STORE:
		store_meta(s, step);
		break;
	case TQ_CELERY_SEND:
		send_message(s, step);
		break;
	case TQ_CELERY_SIZE:
		if (!(step->flags & TQ_CELERY_IF_NONE) ||
		    json_object_get(s->sizes, step->id) == NULL)
			json_object_set_new(s->sizes, step->id,
			    json_integer((json_int_t)step->size));
		break;
	case TQ_CELERY_SAVE:
		json_object_set_new(s->groups, step->id,
		    json_stringn(step->text.p, step->text.n));
		break;
	case TQ_CELERY_CLOSE:
		json_object_del(s->groups, step->id);
		json_object_del(s->sizes, step->id);
		json_object_del(s->parts, step->id);
		break;
	}
}

void
t_site_do(struct t_site *s, const struct tq_celery_plan *plan)
{
	json_t *open = json_deep_copy(s->sizes);
	size_t k;

	for (k = 0; k < plan->nsteps; k++) {
		if (plan->step[k].chord == NULL ||
		    json_object_get(open, plan->step[k].chord) != NULL)
			do_step(s, &plan->step[k]);
	}
	json_decref(open);
}

static double
score_of(const json_t *part)
{
	return json_real_value(json_array_get(part, 0));
}

static const char *
text_of(const json_t *part)
{
	return json_string_value(json_array_get(part, 1));
}

/* Place of a part in its set, by score and then by text. */
static void
insert_part(json_t *set, double score, const char *text)
{
	json_t *old;
	size_t k;

	json_array_foreach(set, k, old) {
		if (score_of(old) > score || (score_of(old) == score &&
		    strcmp(text_of(old), text) > 0))
			break;
	}
	json_array_insert_new(set, k, json_pack("[os]", score < 1e9 ?
	    json_real(score) : json_real(1e9), text));
}

/* Record a part; 1 when the chord is complete and this one sees to it. */
static int
record(struct t_site *s, const struct tq_celery_count *c)
{
	json_t *set = json_object_get(s->parts, c->gid), *old, *size;
	const char *owner;
	char *member;
	size_t k, n, was = 0;

	if (set == NULL) {
		json_object_set_new(s->parts, c->gid, json_array());
		set = json_object_get(s->parts, c->gid);
	}
	for (k = 0; k < json_array_size(set);) {
		old = json_array_get(set, k);
		if (strncmp(text_of(old), c->head.p, c->head.n) == 0) {
			json_array_remove(set, k);
			was = 1;
		} else {
			k++;
		}
	}
	member = strndup(c->member.p, c->member.n);
	insert_part(set, c->score, member);
	free(member);
	size = json_object_get(s->sizes, c->gid);
	n = json_array_size(set);
	if (size == NULL || n < (size_t)json_integer_value(size) ||
	    (n > (size_t)json_integer_value(size) &&
	    json_object_get(s->groups, c->gid) == NULL))
		return 0;
	owner = json_string_value(json_object_get(s->owners, c->gid));
	if (was && (owner == NULL || strcmp(owner, c->id) != 0))
		return 0;
	json_object_set_new(s->owners, c->gid, json_string(c->id));
	return 1;
}

static void
end_chord(struct t_site *s, struct tq_celery_plan *plan, size_t k)
{
	json_t *set = json_object_get(s->parts, plan->count[k].gid), *v;
	const char *saved = json_string_value(json_object_get(s->groups,
	    plan->count[k].gid));
	struct tq_bytes *member, shape = { NULL, 0 };
	struct tq_err e;
	size_t i, n = json_array_size(set), nsteps = plan->nsteps;

	member = calloc(n + 1, sizeof(*member));
	json_array_foreach(set, i, v) {
		member[i].p = text_of(v);
		member[i].n = strlen(text_of(v));
	}
	if (saved != NULL) {
		shape.p = saved;
		shape.n = strlen(saved);
	}
	/* as for a state that was gone when it came to it */
	if (tq_celery_chord(plan, k, member, n, shape, &s->facts, &e) == -1)
		fail_msg("%s", e.text);
	tq_celery_chord_undo(plan, k);
	assert_int_equal(plan->nsteps, nsteps);
	if (tq_celery_chord(plan, k, member, n, shape, &s->facts, &e) == -1)
		fail_msg("%s", e.text);
	free(member);
}

/* ---- the capture's program ------------------------------------------- */

static char *
compact(const json_t *v)
{
	return json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
}

static json_t *
add(const json_t *args)
{
	json_int_t sum = 0;
	json_t *v;
	size_t k;

	json_array_foreach(args, k, v)
		sum += json_integer_value(v);
	return json_integer(sum);
}

/* What a task of that name makes of its arguments; NULL: it fails. */
static json_t *
call(const char *name, const json_t *args, const json_t *kwargs,
    struct tq_outcome *o)
{
	const char *s = json_string_value(json_array_get(args, 0));
	const char *label = json_string_value(json_object_get(kwargs,
	    "label"));
	static char why[80];
	char *text;
	json_t *v;

	if (strcmp(name, "cap.add") == 0 || strcmp(name, "cap.ignored") == 0)
		return add(args);
	if (strcmp(name, "cap.tsum") == 0)
		return add(json_array_get(args, 0));
	if (strcmp(name, "cap.identity") == 0)
		return json_incref(json_array_get(args, 0));
	if (strcmp(name, "cap.replace") == 0) {
		o->flags |= TQ_OUTCOME_REPLACED;
		return json_incref(json_array_get(args, 0));
	}
	if (strcmp(name, "cap.errback") == 0)
		return json_sprintf("errback for %s", s);
	if (strcmp(name, "cap.printmsg") == 0) {
		text = compact(json_array_get(args, 0));
		v = json_sprintf("%s:%s", label != NULL ? label : "cb", text);
		free(text);
		return v;
	}
	o->state = TQ_FAILURE;
	o->status = 1;
	o->type = "ValueError";
	if (strcmp(name, "cap.fail") != 0) {
		o->type = NULL;
		o->why = "NotRegistered";
		return NULL;
	}
	text = compact(json_array_get(args, 0));
	snprintf(why, sizeof(why), "%s", s != NULL ? s : text);
	free(text);
	o->why = why;
	return NULL;
}

static json_t *
parse(struct tq_bytes v)
{
	json_t *out = json_loadb(v.p, v.n, JSON_DECODE_ANY, NULL);

	if (out == NULL)
		fail_msg("not JSON: %.*s", (int)v.n, v.p);
	return out;
}

/* Run it; the text of the result is in mem. */
static void
run_task(struct t_site *s, const struct tq_celery_task *m,
    struct tq_outcome *o)
{
	json_t *args = parse(m->args), *kwargs = parse(m->kwargs), *v;
	char *text = compact(args);

	json_array_append_new(s->ran, json_sprintf("%s %s", m->task, text));
	free(text);
	tq_outcome_init(o, TQ_SUCCESS);
	o->status = 0;
	if (s->result != NULL && strcmp(m->task, TQ_CELERY_EXEC) == 0)
		v = json_loads(s->result, JSON_DECODE_ANY, NULL);
	else
		v = call(m->task, args, kwargs, o);
	if (v != NULL) {
		text = compact(v);
		o->result.n = strlen(text);
		o->result.p = tq_arena_copy(&s->mem, text, o->result.n);
		free(text);
		json_decref(v);
	}
	json_decref(args);
	json_decref(kwargs);
}

/* ---- the worker ------------------------------------------------------ */

static void
unlock(struct t_site *s, struct tq_celery_plan *plan,
    const struct tq_celery_task *m, const struct tq_celery_envelope *env,
    const struct tq_celery_work *work)
{
	struct tq_bytes *metas = calloc(work->nids + 1, sizeof(*metas));
	const char *text;
	struct tq_err e;
	size_t k;

	for (k = 0; k < work->nids; k++) {
		text = json_string_value(json_object_get(s->metas,
		    work->ids[k]));
		metas[k].p = text;
		metas[k].n = text != NULL ? strlen(text) : 0;
	}
	if (tq_celery_unlock(plan, m, env, metas, work->nids, &s->facts,
	    &e) == -1)
		fail_msg("%s", e.text);
	free(metas);
}

static void
plan_message(struct t_site *s, struct tq_celery_plan *plan,
    const struct tq_celery_task *m, const struct tq_celery_envelope *env)
{
	struct tq_celery_end end;
	struct tq_celery_work work;
	struct tq_err e;

	if (tq_celery_look(&work, &s->mem, m, &s->facts, &e) == -1)
		fail_msg("%s", e.text);
	if (work.next == TQ_CELERY_LOOK) {
		unlock(s, plan, m, env, &work);
		return;
	}
	if (work.next == TQ_CELERY_RUN)
		run_task(s, work.task, &work.end);
	memset(&end, 0, sizeof(end));
	end.outcome = &work.end;
	if (tq_celery_settle(plan, m, env, &end, &s->facts, &e) == -1)
		fail_msg("%s: %s", m->id, e.text);
}

int
t_site_step(struct t_site *s)
{
	struct tq_celery_bounds bounds;
	struct tq_celery_envelope env;
	struct tq_celery_plan plan;
	struct tq_celery_task m;
	struct tq_err e;
	json_t *text = json_array_get(s->queue, 0);
	size_t k;
	int die = s->die;

	if (text == NULL)
		return 0;
	tq_arena_reset(&s->mem);
	tq_celery_bounds_init(&bounds);
	bounds.body.depth = TQ_CELERY_DEPTH_MAX;
	if (tq_celery_envelope_decode(&env, &s->mem, json_string_value(text),
	    json_string_length(text), &bounds, &e) == -1 ||
	    tq_celery_task_decode(&m, &s->mem, &env, &bounds, &e) == -1)
		fail_msg("%s", e.text);
	tq_celery_plan_init(&plan, &s->mem);
	plan_message(s, &plan, &m, &env);
	s->die = 0;
	if (die == 1)
		return 1;
	for (k = 0; k < plan.ncounts; k++) {
		if (record(s, &plan.count[k]))
			end_chord(s, &plan, k);
	}
	if (die == 2)
		return 1;
	json_incref(text);
	json_array_remove(s->queue, 0);
	t_site_do(s, &plan);
	json_decref(text);
	return 1;
}

void
t_site_run(struct t_site *s)
{
	int steps = 0;

	do {
		while (t_site_step(s)) {
			if (++steps > 10000)
				fail_msg("it does not end");
		}
		s->facts.now += 3600 * TQ_SECOND;
		json_array_extend(s->queue, s->delayed);
		json_array_clear(s->delayed);
	} while (json_array_size(s->queue) > 0);
}

void
t_site_apply(struct t_site *s, const char *signature)
{
	struct tq_bytes none = { NULL, 0 }, text = { signature,
		strlen(signature) };
	struct tq_celery_plan plan;
	struct tq_celery_sig o;
	struct tq_planner p;
	struct tq_tree *tree;
	struct tq_err e;
	size_t k;

	tq_arena_reset(&s->mem);
	tq_celery_plan_init(&plan, &s->mem);
	tq_planner_init(&p, &plan, &s->facts, NULL, NULL, "client", &e);
	p.seed = "client";
	tq_celery_sig_init(&o);
	if (tq_tree_parse(&tree, &p, text) == -1 ||
	    tq_tree_apply(&p, tree, none, &o, 1) == -1)
		fail_msg("%s: %s", signature, e.text);
	for (k = 0; k < plan.nsteps; k++)
		plan.step[k].flags &= ~(unsigned)TQ_CELERY_ONCE;
	t_site_do(s, &plan);
	tq_planner_fini(&p);
}

/* ---- looking --------------------------------------------------------- */

json_t *
t_site_meta(struct t_site *s, const char *id)
{
	static json_t *last;
	json_t *text = json_object_get(s->metas, id);

	if (text == NULL)
		fail_msg("no meta of %s", id);
	json_decref(last);
	last = json_loads(json_string_value(text), 0, NULL);
	assert_non_null(last);
	return last;
}

const char *
t_site_result(struct t_site *s, const char *id)
{
	static char out[512];
	json_t *meta;
	char *text;

	if (json_object_get(s->metas, id) == NULL)
		return "PENDING";
	meta = t_site_meta(s, id);
	text = compact(json_object_get(meta, "result"));
	snprintf(out, sizeof(out), "%s %s",
	    json_string_value(json_object_get(meta, "status")), text);
	free(text);
	return out;
}

int
t_site_ran(const struct t_site *s, const char *what)
{
	json_t *v;
	size_t k;
	int n = 0;

	json_array_foreach(s->ran, k, v)
		n += strcmp(json_string_value(v), what) == 0;
	return n;
}
