/*
 * The tasks that every Celery worker knows by itself, under names that begin
 * with "celery.".
 *
 * celery.map and celery.starmap call a task for each item of a list and
 * return the list of results.  Here each item is an attempt: the header
 * tq_done holds the results so far, and the end of one item sends the message
 * again with its result added, as the next one to be taken.  So a crash
 * repeats one item, and a Python worker that takes the message in between
 * does all of it.
 */
#include <errno.h>
#include <string.h>

#include "message/celery_settle.h"

#define DONE		"tq_done"	/* header: results of items */
#define DONE_MAX	(512 << 10)	/* bytes of DONE */

/* ---- headers of our own ---------------------------------------------- */

static struct tq_bytes
header(const struct tq_celery_task *m, const char *name)
{
	struct tq_bytes none = { NULL, 0 };
	size_t k;

	for (k = m->nothers; k-- > 0;) {
		if (tq_scan_says(m->others[k].name, name))
			return m->others[k].value;
	}
	return none;
}

/* Let m, a copy, have a header; name is given in quotes. */
static int
set_header(struct tq_planner *p, struct tq_celery_task *m, const char *name,
    struct tq_bytes value)
{
	struct tq_celery_member *others;
	size_t k, n = 0;

	if ((others = tq_plan_alloc(p, (m->nothers + 1) * sizeof(*others))) ==
	    NULL)
		return -1;
	for (k = 0; k < m->nothers; k++) {
		if (m->others[k].name.n != strlen(name) ||
		    memcmp(m->others[k].name.p, name, strlen(name)) != 0)
			others[n++] = m->others[k];
	}
	others[n].name.p = name;
	others[n].name.n = strlen(name);
	others[n++].value = value;
	m->others = others;
	m->nothers = n;
	return 0;
}

int
tq_settle_later(struct tq_planner *p, struct tq_celery_task *m)
{
	struct tq_bytes past = header(m, TQ_CELERY_PAST), value;
	int64_t crashes = 0, laters = 0;
	struct tq_buf b;

	(void)tq_scan_int(&crashes, tq_scan_at(past, 0));
	(void)tq_scan_int(&laters, tq_scan_at(past, 1));
	if (crashes < 0 || crashes > TQ_CELERY_PAST_MAX)
		crashes = 0;
	if (laters < 0 || laters > TQ_CELERY_PAST_MAX)
		laters = 0;
	tq_buf_init(&b);
	tq_buf_printf(&b, "[%d, %d]", (int)crashes, (int)laters + 1);
	if ((value = tq_plan_keep(p, &b)).p == NULL)
		return -1;
	return set_header(p, m, "\"" TQ_CELERY_PAST "\"", value);
}

/* ---- what they are asked --------------------------------------------- */

enum own {
	OWN_NONE, OWN_ACCUMULATE, OWN_CLEANUP, OWN_CHUNKS, OWN_MAP, OWN_PING,
	OWN_SHAPE, OWN_STARMAP, OWN_UNLOCK
};

static enum own
own_of(const char *name)
{
	static const struct {
		const char	*name;
		enum own	 own;
	} known[] = {
		{ "accumulate", OWN_ACCUMULATE },
		{ "backend_cleanup", OWN_CLEANUP },
		{ "chain", OWN_SHAPE },
		{ "chord", OWN_SHAPE },
		{ "chord_unlock", OWN_UNLOCK },
		{ "chunks", OWN_CHUNKS },
		{ "group", OWN_SHAPE },
		{ "map", OWN_MAP },
		{ "ping", OWN_PING },
		{ "starmap", OWN_STARMAP }
	};
	size_t k;

	if (strncmp(name, "celery.", 7) != 0)
		return OWN_NONE;
	for (k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		if (strcmp(name + 7, known[k].name) == 0)
			return known[k].own;
	}
	return OWN_NONE;
}

/* An argument, by its name or its place. */
static struct tq_bytes
argument(const struct tq_celery_task *m, const char *name, size_t place)
{
	struct tq_bytes v = tq_scan_get(m->kwargs, name);

	return v.p != NULL ? v : tq_scan_at(m->args, place);
}

/* The results of items that are done; one that is no list is none. */
static struct tq_bytes
done_of(const struct tq_celery_task *m)
{
	struct tq_bytes none = { "[]", 2 }, done = header(m, DONE);

	return tq_scan_type(done) == TQ_SCAN_ARRAY ? done : none;
}

/* Nothing is run: it has ended so. */
static int
end(struct tq_celery_work *out, enum tq_state state, struct tq_bytes result)
{
	out->next = TQ_CELERY_END;
	tq_outcome_init(&out->end, state);
	if (state == TQ_SUCCESS)
		out->end.status = 0;
	out->end.result = result;
	return 0;
}

static int
refuse(struct tq_celery_work *out, struct tq_arena *mem, const char *why)
{
	struct tq_bytes none = { NULL, 0 };

	end(out, TQ_FAILURE, none);
	out->end.type = "InvalidTaskError";
	out->end.why = tq_arena_copy(mem, why, strlen(why));
	return out->end.why != NULL ? 0 : -1;
}

static int
end_text(struct tq_celery_work *out, const char *json)
{
	struct tq_bytes result = { json, strlen(json) };

	return end(out, TQ_SUCCESS, result);
}

/* ---- looking --------------------------------------------------------- */

/* The next item of a map as a call of its task. */
static int
look_at_item(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m, int spread)
{
	struct tq_bytes it = argument(m, "it", 1), item, none = { NULL, 0 };
	size_t k = tq_scan_count(done_of(m));
	struct tq_celery_task *call;
	struct tq_celery_sig sig;
	struct tq_err why;
	struct tq_buf b;

	if (tq_scan_type(it) != TQ_SCAN_ARRAY)
		return refuse(out, mem, "it: not an array");
	if (tq_celery_sig_decode(&sig, mem, argument(m, "task", 0), &why) ==
	    -1)
		return errno == ENOMEM ? -1 : refuse(out, mem, why.text);
	if (tq_scan_count(it) == 0)
		return end_text(out, "[]");
	if (k >= tq_scan_count(it))
		return refuse(out, mem, "more items are done than there are");
	item = tq_scan_at(it, k);
	if (spread && tq_scan_type(item) != TQ_SCAN_ARRAY)
		return refuse(out, mem, "an item is not an array");
	if ((call = tq_arena_alloc(mem, sizeof(*call))) == NULL)
		return -1;
	*call = *m;
	call->task = sig.task;
	tq_buf_init(&b);
	tq_buf_str(&b, spread ? "" : "[");
	tq_buf_put(&b, item.p, item.n);
	tq_buf_str(&b, spread ? "" : "]");
	call->args.p = tq_buf_ok(&b) ? tq_arena_copy(mem, b.p, b.n) : NULL;
	call->args.n = b.n;
	tq_buf_fini(&b);
	if (call->args.p == NULL)
		return -1;
	call->kwargs.p = "{}";
	call->kwargs.n = 2;
	call->argsrepr = call->kwargsrepr = NULL;
	call->callbacks = call->errbacks = call->chain = none;
	call->chord = call->embed = none;
	out->next = TQ_CELERY_RUN;
	out->task = call;
	return 0;
}

/* A value as people read it: a string as it is, others as JSON; a line. */
static int
put_line(struct tq_buf *b, struct tq_arena *mem, struct tq_bytes v, int json)
{
	struct tq_bytes s;

	if (json || tq_scan_type(v) != TQ_SCAN_STRING) {
		tq_scan_compact(b, v);
	} else {
		if ((s = tq_scan_string(mem, v)).p == NULL)
			return -1;
		tq_buf_put(b, s.p, s.n);
	}
	tq_buf_byte(b, '\n');
	return 0;
}

/*
 * A raw command with arguments: results of those before it, put there by a
 * chain, a chord or a link.  They are its stdin.
 */
static int
look_at_command(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m)
{
	struct tq_bytes each = header(m, TQ_CELERY_EACH);
	struct tq_celery_task *call;
	struct tq_buf text, kw;
	struct tq_bytes v;
	struct tq_scan i;
	int rv = 0, json = 0;

	if ((call = tq_arena_alloc(mem, sizeof(*call))) == NULL)
		return -1;
	*call = *m;
	(void)tq_scan_bool(&json, each);
	tq_buf_init(&text);
	tq_scan_init(&i, tq_scan_type(each) == TQ_SCAN_BOOL ?
	    tq_scan_at(m->args, 0) : m->args);
	while (rv == 0 && tq_scan_next(&i, &v))
		rv = put_line(&text, mem, v, json);
	if (rv == -1) {
		tq_buf_fini(&text);
		return errno == ENOMEM ? -1 : refuse(out, mem,
		    "a result before it is no text");
	}
	tq_buf_init(&kw);
	tq_buf_put(&kw, m->kwargs.p, m->kwargs.n - 1);
	tq_buf_str(&kw, tq_scan_count(m->kwargs) > 0 ? ", \"body\": " :
	    "\"body\": ");
	tq_scan_quote(&kw, (const char *)text.p, text.n);
	tq_buf_byte(&kw, '}');
	call->kwargs.p = tq_buf_ok(&text) && tq_buf_ok(&kw) ?
	    tq_arena_copy(mem, kw.p, kw.n) : NULL;
	call->kwargs.n = kw.n;
	call->args.p = "[]";
	call->args.n = 2;
	tq_buf_fini(&text);
	tq_buf_fini(&kw);
	out->task = call;
	return call->kwargs.p != NULL ? 0 : -1;
}

static int
look_at_sum(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m)
{
	struct tq_bytes index = tq_scan_get(m->kwargs, "index"), v;
	int64_t i;

	if (tq_scan_unset(index))
		return end(out, TQ_SUCCESS, m->args);
	if (!tq_scan_int(&i, index) || i < 0 ||
	    (v = tq_scan_at(m->args, (size_t)i)).p == NULL)
		return refuse(out, mem, "index: no such argument");
	return end(out, TQ_SUCCESS, v);
}

int
tq_celery_look(struct tq_celery_work *out, struct tq_arena *mem,
    const struct tq_celery_task *m, const struct tq_celery_site *site,
    struct tq_err *e)
{
	struct tq_bytes none = { NULL, 0 };
	int rv = 0;

	memset(out, 0, sizeof(*out));
	out->next = TQ_CELERY_RUN;
	out->task = m;
	if (m->expires != 0 && site->now > m->expires)
		return end(out, TQ_EXPIRED, none);
	switch (own_of(m->task)) {
	case OWN_NONE:
		if (strcmp(m->task, TQ_CELERY_EXEC) == 0 &&
		    tq_scan_count(m->args) > 0)
			rv = look_at_command(out, mem, m);
		break;
	case OWN_ACCUMULATE:
		rv = look_at_sum(out, mem, m);
		break;
	case OWN_CLEANUP:	/* results have a time to live */
	case OWN_SHAPE:
	case OWN_CHUNKS:
		rv = end_text(out, "null");
		break;
	case OWN_PING:
		rv = end_text(out, "\"pong\"");
		break;
	case OWN_MAP:
	case OWN_STARMAP:
		rv = look_at_item(out, mem, m,
		    own_of(m->task) == OWN_STARMAP);
		break;
	case OWN_UNLOCK:
		out->next = TQ_CELERY_LOOK;
		rv = tq_settle_awaited(&out->ids, &out->nids, mem,
		    tq_scan_get(m->kwargs, "result"));
		if (rv == -1 && errno != ENOMEM)
			rv = refuse(out, mem, "result: no list of results");
		break;
	}
	return rv == 0 ? 0 : tq_fail(e, ENOMEM, "out of memory");
}

/* ---- and settling ---------------------------------------------------- */

/* One more item is done: 1 the message is sent again, 0 *result is all. */
static int
settle_item(const struct tq_settling *t, struct tq_bytes *result)
{
	struct tq_bytes it = argument(t->m, "it", 1), list;
	struct tq_planner *p = t->p;
	struct tq_celery_step *s;
	struct tq_celery_task *m;
	struct tq_buf b;

	if (tq_scan_count(it) == 0)
		return 0;
	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	tq_buf_put(&b, result->p, result->n);
	tq_buf_byte(&b, ']');
	if ((list = tq_plan_keep(p, &b)).p == NULL ||
	    (list = tq_tree_concat(p, done_of(t->m), list)).p == NULL)
		return -1;
	if (tq_scan_count(list) >= tq_scan_count(it)) {
		*result = list;
		return 0;
	}
	if (list.n > DONE_MAX)
		return tq_fail(p->e, EMSGSIZE, "results of %s are over %d "
		    "bytes", t->m->task, DONE_MAX);
	if ((m = tq_plan_alloc(p, sizeof(*m))) == NULL)
		return -1;
	*m = *t->m;
	m->protocol = 2;
	m->redelivered = 0;
	if (set_header(p, m, "\"" DONE "\"", list) == -1 ||
	    (s = tq_settle_again(t, m)) == NULL)
		return -1;
	s->flags |= TQ_CELERY_FIRST;
	return 1;
}

/* A signature that came as a task of its own. */
static int
shape_of(struct tq_tree **out, const struct tq_settling *t)
{
	struct tq_bytes text, partial = argument(t->m, "partial_args", 3);
	struct tq_celery_sig sig;
	struct tq_buf b;

	tq_celery_sig_init(&sig);
	sig.task = t->m->task;
	if (tq_scan_type(partial) == TQ_SCAN_ARRAY)
		sig.args = partial;
	sig.kwargs = t->m->kwargs;
	tq_buf_init(&b);
	tq_celery_sig_encode(&b, &sig);
	if ((text = tq_plan_keep(t->p, &b)).p == NULL)
		return -1;
	return tq_tree_parse(out, t->p, text);
}

/* Chunks: the items in parts of n, each a starmap of a group. */
static int
chunks_of(struct tq_tree **out, const struct tq_settling *t)
{
	struct tq_bytes it = argument(t->m, "it", 1), v;
	struct tq_bytes task = argument(t->m, "task", 0);
	struct tq_planner *p = t->p;
	struct tq_celery_sig *sig;
	struct tq_tree *group;
	struct tq_scan i;
	struct tq_buf b;
	int64_t k, n = 0;

	if (tq_scan_type(it) != TQ_SCAN_ARRAY ||
	    tq_scan_type(task) != TQ_SCAN_OBJECT ||
	    !tq_scan_int(&n, argument(t->m, "n", 2)) || n < 1)
		return tq_fail(p->e, EBADMSG, "chunks need a task, a list and "
		    "a number over 0");
	if ((group = tq_tree_new(p, TQ_TREE_GROUP, tq_scan_count(it))) == NULL)
		return -1;
	group->nkids = 0;
	tq_scan_init(&i, it);
	while (tq_scan_next(&i, &v)) {
		tq_buf_init(&b);
		tq_buf_str(&b, "{\"task\": ");
		tq_buf_put(&b, task.p, task.n);
		tq_buf_str(&b, ", \"it\": [");
		tq_buf_put(&b, v.p, v.n);
		for (k = 1; k < n && tq_scan_next(&i, &v); k++) {
			tq_buf_str(&b, ", ");
			tq_buf_put(&b, v.p, v.n);
		}
		tq_buf_str(&b, "]}");
		if ((v = tq_plan_keep(p, &b)).p == NULL ||
		    (group->kid[group->nkids] = tq_tree_new(p, TQ_TREE_TASK,
		    0)) == NULL)
			return -1;
		sig = &group->kid[group->nkids++]->sig;
		sig->task = "celery.starmap";
		sig->kwargs = v;
		sig->immutable = 1;
	}
	*out = group;
	return 0;
}

int
tq_settle_builtin(const struct tq_settling *t, struct tq_bytes *result)
{
	struct tq_bytes none = { NULL, 0 };
	enum own own = own_of(t->m->task);
	struct tq_celery_sig o;
	struct tq_tree *tree;

	if ((*result = tq_settle_result(t->p, t->end)).p == NULL)
		return -1;
	if (own == OWN_MAP || own == OWN_STARMAP)
		return settle_item(t, result);
	if (own != OWN_SHAPE && own != OWN_CHUNKS)
		return 0;
	tq_celery_sig_init(&o);
	o.parent_id = t->m->id;
	o.root_id = t->p->root;
	if ((own == OWN_SHAPE ? shape_of(&tree, t) :
	    chunks_of(&tree, t)) == -1 ||
	    tq_tree_apply(t->p, tree, none, &o, 0) == -1)
		return -1;
	*result = tq_tree_tuple(t->p, tree, none);
	return result->p != NULL ? 0 : -1;
}
