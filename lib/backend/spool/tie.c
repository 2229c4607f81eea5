/*
 * What ties a task to others, between its strings and the numbers that
 * lib/spool has for ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"
#include "backend/spool/translate.h"
#include "spool/gate.h"

static int
is_tied(const struct tq_task *t)
{
	return t->key != NULL || t->nafter > 0 || t->pipe != NULL ||
	    t->group != NULL || t->kind == TQ_KIND_GROUP;
}

/* 1 if there may be a gate on its way. */
static int
asks(const struct tq_task *t)
{
	return t->lane != NULL || t->nneeds > 0 || t->name != NULL;
}

static int
ask(struct tq_local *l, struct tq_local_place *p, const struct tq_task *t,
    struct tq_err *e)
{
	struct tq_ask a = { .lane = 0 };
	size_t i;

	if (t->lane != NULL)
		a.lane = tq_gate_hash(t->lane, strlen(t->lane));
	if (t->name != NULL)
		a.name = tq_gate_hash(t->name, strlen(t->name));
	for (i = 0; i < t->nneeds; i++)
		if (tq_ask_need(&a, t->needs[i], e) == -1)
			return -1;
	tq_ask_encode(&l->bytes, &a);
	p->ties.rel.ask.n = l->bytes.n - p->ask;
	p->ties.rel.has |= 1u << TQ_REL_ASK;
	return 0;
}

int
tq_local_tie(struct tq_local *l, size_t i, const struct tq_task *t,
    struct tq_err *e)
{
	struct tq_local_place *p = &l->places[i];
	struct tq_spool_ties *v = &p->ties;
	struct tq_uuid id;
	size_t k;

	p->tied = is_tied(t) || asks(t);
	if (!p->tied)
		return 0;
	memset(v, 0, sizeof(*v));
	p->ask = l->bytes.n;
	if (asks(t) && ask(l, p, t, e) == -1)
		return -1;
	if (t->nafter > TQ_AFTER_MAX)
		return tq_fail(e, EINVAL, "waits for %zu tasks, %d at most "
		    "(put them into a group)", t->nafter, TQ_AFTER_MAX);
	if (t->key != NULL) {
		v->rel.has |= 1u << TQ_REL_KEY;
		v->rel.key = (struct tq_bytes){ t->key, strlen(t->key) };
		v->on_key = (uint8_t)t->on_key;
	}
	p->after = l->bytes.n;
	for (k = 0; k < t->nafter; k++) {
		(void)tq_local_id(&id, t->after[k]);
		tq_buf_put(&l->bytes, &id, sizeof(id));
	}
	v->rel.after.n = t->nafter * sizeof(id);
	if (t->nafter > 0)
		v->rel.has |= 1u << TQ_REL_AFTER;
	v->rel.when = (uint8_t)t->when;
	if (t->when != TQ_WHEN_OK)
		v->rel.has |= 1u << TQ_REL_WHEN;
	if (t->pipe != NULL) {
		v->rel.has |= 1u << TQ_REL_PIPE;
		(void)tq_local_id(&v->rel.pipe, t->pipe);
		v->rel.pipe_as = t->flags & TQ_TASK_CHORD ? TQ_PIPE_JSON :
		    TQ_PIPE_BYTES;
	}
	if (t->group != NULL) {
		v->rel.has |= 1u << TQ_REL_MEMBER;
		/* of a thousand members all name the same */
		if (i > 0 && t->group == t[-1].group)
			v->rel.member = l->places[i - 1].ties.rel.member;
		else
			(void)tq_local_id(&v->rel.member, t->group);
	}
	if (t->kind == TQ_KIND_GROUP)
		v->rel.has |= 1u << TQ_REL_GROUP;
	v->open = (t->flags & TQ_TASK_OPEN) != 0;
	return 0;
}

/* The string that the caller named another task by. */
static const char *
name_of(const struct tq_task *t, const struct tq_uuid *number)
{
	struct tq_uuid id;
	size_t i;

	for (i = 0; i < t->nafter; i++)
		if (tq_local_id(&id, t->after[i]) >= 0 &&
		    memcmp(&id, number, sizeof(id)) == 0)
			return t->after[i];
	if (t->pipe != NULL && tq_local_id(&id, t->pipe) >= 0 &&
	    memcmp(&id, number, sizeof(id)) == 0)
		return t->pipe;
	return t->group;
}

int
tq_local_refused(struct tq_local *l, const struct tq_task *t,
    size_t which, struct tq_id *out, const struct tq_err *why,
    struct tq_err *e)
{
	static const struct tq_uuid none;
	struct tq_uuid other = *tq_spool_other(l->sp);
	size_t i;

	if (memcmp(&other, &none, sizeof(none)) == 0)
		return why->num != EEXIST ?
		    tq_fail(e, why->num, "%s", why->text) :
		    tq_fail(e, EEXIST, "%s: %s", out[which].s, why->text);
	if (why->num != EEXIST)
		return tq_fail(e, why->num, "%s: %s",
		    name_of(&t[which], &other) == NULL ? "?" :
		    name_of(&t[which], &other), why->text);
	/* of the same call, or known */
	for (i = 0; i < which; i++)
		if (memcmp(&l->puts[i].id, &other, sizeof(other)) == 0)
			return tq_fail(e, EEXIST, "key '%s' is there twice",
			    t[which].key);
	tq_local_name(l, &other, &out[which]);
	return tq_fail(e, EEXIST, "key '%s' is taken by %s", t[which].key,
	    out[which].s);
}
