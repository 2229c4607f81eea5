/* Verbs: on tasks by ids or selectors, on queues, on the whole spool. */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"
#include "base/arena.h"
#include "message/native.h"

#define WAITING		(1u << TQ_HELD | 1u << TQ_DELAYED | \
			1u << TQ_BLOCKED | 1u << TQ_READY | 1u << TQ_RETRY)
#define ALL_STATES	((1u << TQ_NSTATES) - 1)

/* ---- tasks ----------------------------------------------------------- */

/* Gather the numbers of a listing. */
static int
add_number(const struct tq_info *i, void *arg)
{
	struct tq_buf *numbers = arg;
	struct tq_uuid id;

	(void)tq_local_id(&id, i->id.s);
	tq_buf_put(numbers, &id, sizeof(id));
	return 0;
}

/* Verb on n numbers; with names an unknown one is an error. */
static int
act_on(struct tq_local *l, enum tq_verb verb, const struct tq_uuid *ids,
    size_t n, const char *const *names, const char *value, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	size_t i, which;

	for (i = 0; i < n; i += which + 1) {
		which = 0;
		if (tq_spool_act(l->sp, verb, ids + i, n - i, value, flags,
		    changed, &which, e) == 0)
			return 0;
		if (errno != ENOENT)
			return -1;
		if (names != NULL)
			return tq_fail(e, ENOENT, "%s: no such task",
			    names[i + which]);
		/* it was there when it was listed: forgotten since */
	}
	return 0;
}

static int
act_on_ids(struct tq_local *l, enum tq_verb verb,
    const struct tq_select *sel, const char *value, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	if (tq_local_ids(l, sel->ids, sel->nids, e) == -1)
		return -1;
	return act_on(l, verb, l->ids, sel->nids, sel->ids, value, flags,
	    changed, e);
}

/* By queue and state: the spool knows both without reading a task. */
static int
act_on_states(struct tq_local *l, enum tq_verb verb,
    const struct tq_select *sel, const char *value, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	struct tq_uuid *ids = NULL;
	size_t n = 0;
	int rv;

	rv = tq_spool_ids(l->sp, sel->queues, sel->nqueues,
	    sel->states == 0 ? ALL_STATES : sel->states, &ids, &n, e);
	if (rv == 0)
		rv = act_on(l, verb, ids, n, NULL, value, flags, changed, e);
	free(ids);
	return rv;
}

static int
act_on_tasks(struct tq_local *l, enum tq_verb verb,
    const struct tq_select *sel, const char *value, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	struct tq_buf found;
	int rv;

	if (sel->key == NULL && sel->label == NULL) {
		if (sel->nids == 0)
			return act_on_states(l, verb, sel, value, flags,
			    changed, e);
		if (sel->nqueues == 0 && sel->states == 0)
			return act_on_ids(l, verb, sel, value, flags, changed,
			    e);
	}
	tq_buf_init(&found);
	rv = tq_local_list(l, sel, add_number, &found, e);
	if (rv == 0 && !tq_buf_ok(&found))
		rv = tq_fail_sys(e, found.err, "selected tasks");
	if (rv == 0)
		rv = act_on(l, verb, (const struct tq_uuid *)found.p,
		    found.n / sizeof(struct tq_uuid), NULL, value, flags,
		    changed, e);
	tq_buf_fini(&found);
	return rv;
}

/* ---- kill ------------------------------------------------------------ */

struct killing {
	struct tq_local	*l;
	const char	*signal;
	uint64_t	*changed;
	struct tq_err	*e;
};

/* Ask the worker that holds it; the worker settles it when it has ended. */
static int
kill_one(const struct tq_info *i, void *arg)
{
	struct killing *k = arg;
	char words[TQ_ID_MAX + 64];
	unsigned sent = 0;

	if (i->state != TQ_STARTED)
		return 0;
	if (i->worker[0] == '\0')
		return tq_fail(k->e, ENOTSUP,
		    "%s: claimed by lease, nobody to signal", i->id.s);
	(void)snprintf(words, sizeof(words), "kill %s %s", i->id.s,
	    k->signal);
	if (tq_spool_send(k->l->sp, i->worker, words, &sent, k->e) == -1)
		return errno == ENOENT ? tq_fail(k->e, ENOTSUP,
		    "%s: %s takes no mail", i->id.s, i->worker) : -1;
	*k->changed += sent > 0;
	return 0;
}

static int
act_kill(struct tq_local *l, const struct tq_select *sel, const char *value,
    uint64_t *changed, struct tq_err *e)
{
	struct killing k = { l, value == NULL ? "TERM" : value, changed, e };

	if (strlen(k.signal) > 32)
		return tq_fail(e, EINVAL, "no signal '%.80s'", k.signal);
	return tq_local_list(l, sel, kill_one, &k, e);
}

/* ---- revoke ---------------------------------------------------------- */

/* Note whom to tell: the worker's name and the words, a string each. */
static int
note_worker(const struct tq_info *i, void *arg)
{
	struct tq_buf *mails = arg;

	if (i->state != TQ_STARTED || i->worker[0] == '\0')
		return 0;
	tq_buf_printf(mails, "%s", i->worker);
	tq_buf_byte(mails, '\0');
	tq_buf_printf(mails, "kill %s TERM", i->id.s);
	tq_buf_byte(mails, '\0');
	return 0;
}

/*
 * Revoke, and end what runs.  Revoked first: its worker must find the attempt
 * settled already, or the signal would be its outcome.  A worker that cannot
 * be told finds out when it settles; the task is revoked all the same.
 */
static int
act_revoke(struct tq_local *l, const struct tq_select *sel, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	struct tq_select running = *sel;
	const char *name, *words;
	struct tq_buf mails;
	size_t at;
	int rv = 0;

	tq_buf_init(&mails);
	running.states = 1u << TQ_STARTED;
	if (sel->states == 0 || sel->states & running.states)
		rv = tq_local_list(l, &running, note_worker, &mails, e);
	if (rv == 0 && !tq_buf_ok(&mails))
		rv = tq_fail_sys(e, mails.err, "revoked tasks");
	if (rv == 0)
		rv = act_on_tasks(l, TQ_DO_REVOKE, sel, NULL, flags, changed,
		    e);
	for (at = 0; rv == 0 && at < mails.n; at += strlen(words) + 1) {
		name = (const char *)mails.p + at;
		at += strlen(name) + 1;
		words = (const char *)mails.p + at;
		(void)tq_spool_send(l->sp, name, words, NULL, NULL);
	}
	tq_buf_fini(&mails);
	return rv;
}

/* ---- transfer -------------------------------------------------------- */

/* By ids alone; those that are gone by now are no mistake. */
static int
act_transfer(struct tq_local *l, enum tq_verb verb,
    const struct tq_select *sel, const char *place, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	static const struct tq_native_sizes none;
	struct tq_spool_transfer tr = { .mark = tq_mark(place) };
	char why[TQ_WHY_MAX + 1];
	struct tq_outcome o;
	struct tq_buf b;
	size_t n;
	int rv;

	tq_buf_init(&b);
	tq_outcome_init(&o, TQ_REVOKED);
	o.why = "transferred";
	tq_native_outcome_put(&b, &o, &none);
	n = b.n;
	(void)snprintf(why, sizeof(why), "transferred to %s", place);
	o.why = why;
	tq_native_outcome_put(&b, &o, &none);
	if (tq_buf_ok(&b)) {
		tr.brief = (struct tq_bytes){ (const char *)b.p, n };
		tr.meta = (struct tq_bytes){ (const char *)b.p + n, b.n - n };
	}
	if (!tq_buf_ok(&b))
		rv = tq_fail_sys(e, b.err, "outcome");
	else if ((rv = tq_local_ids(l, sel->ids, sel->nids, e)) == 0)
		rv = tq_spool_transfer(l->sp, verb, l->ids, sel->nids, &tr,
		    flags & TQ_DO_FORCE, changed, e);
	tq_buf_fini(&b);
	return rv;
}

/* ---- queues and the spool -------------------------------------------- */

static int
is_named(const struct tq_queue_info *q, void *arg)
{
	return strcmp(q->name, arg) == 0;
}

/* Revoke everything not started. */
static int
act_purge(struct tq_local *l, const struct tq_select *sel, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	struct tq_select waiting = *sel;
	char name[TQ_NAME_MAX + 1];
	size_t i;
	int rv;

	for (i = 0; i < sel->nqueues; i++) {
		(void)strlcpy(name, sel->queues[i], sizeof(name));
		if ((rv = tq_spool_queues(l->sp, is_named, name, e)) == -1)
			return -1;
		if (rv == 0)
			return tq_fail(e, ENOENT, "%s: no such queue", name);
	}
	waiting.states = WAITING;
	return act_on_tasks(l, TQ_DO_REVOKE, &waiting, NULL, flags, changed,
	    e);
}

static int
act_on_queues(struct tq_local *l, enum tq_verb verb,
    const struct tq_select *sel, unsigned flags, uint64_t *changed,
    struct tq_err *e)
{
	size_t i;

	for (i = 0; i < sel->nqueues; i++) {
		if (tq_spool_act_queue(l->sp, verb, sel->queues[i], flags,
		    changed, e) == -1)
			return -1;
	}
	return 0;
}

/*
 * Forget a group, and then its members, which it keeps; and, while there are
 * any, those of groups in it.  The first nids of the ids were named.
 */
static int
forget_groups(struct tq_local *l, struct tq_select *all, size_t nids,
    unsigned flags, uint64_t *changed, struct tq_err *e)
{
	size_t n = all->nids;
	uint64_t before;
	int rv;

	all->nids = nids;
	rv = act_on_tasks(l, TQ_DO_FORGET, all, NULL, flags, changed, e);
	if (rv == -1 || n == nids)
		return rv;
	if (tq_local_ids(l, all->ids + nids, n - nids, e) == -1)
		return -1;
	do {
		before = *changed;
		rv = act_on(l, TQ_DO_FORGET, l->ids, n - nids, NULL, NULL,
		    flags, changed, e);
	} while (rv == 0 && *changed != before);
	return rv;
}

/*
 * The same on a group and its members.  The group comes first: a revoked one
 * takes its members with it, where they would let it fail.
 */
static int
act_on_groups(struct tq_local *l, enum tq_verb verb,
    const struct tq_select *sel, const char *value, unsigned flags,
    uint64_t *changed, struct tq_err *e)
{
	struct tq_select all = *sel;
	const char **ids;
	struct tq_arena mem;
	int rv;

	tq_arena_init(&mem);
	rv = tq_local_expand(l, sel, &mem, &ids, &all.nids, e);
	if (rv == 0) {
		all.ids = ids;
		if (verb == TQ_DO_REVOKE)
			rv = act_revoke(l, &all, flags, changed, e);
		else if (verb == TQ_DO_KILL)
			rv = act_kill(l, &all, value, changed, e);
		else if (verb == TQ_DO_FORGET && sel->nqueues == 0 &&
		    sel->states == 0)
			rv = forget_groups(l, &all, sel->nids, flags, changed,
			    e);
		else
			rv = act_on_tasks(l, verb, &all, value, flags, changed,
			    e);
		free(ids);
	}
	tq_arena_fini(&mem);
	return rv;
}

int
tq_local_act(void *b, enum tq_verb verb, const struct tq_select *sel,
    const char *value, unsigned flags, uint64_t *changed, struct tq_err *e)
{
	struct tq_local *l = b;

	if (flags & TQ_DO_TRANSFER)
		return act_transfer(l, verb, sel, value, flags, changed, e);
	if (sel->nids > 0 && (verb <= TQ_DO_PRI || verb == TQ_DO_KILL))
		return act_on_groups(l, verb, sel, value, flags, changed, e);
	switch (verb) {
	case TQ_DO_HOLD:
	case TQ_DO_RELEASE:
	case TQ_DO_FORGET:
	case TQ_DO_RETRY:
	case TQ_DO_MOVE:
	case TQ_DO_PRI:
	case TQ_DO_SEAL:
		return act_on_tasks(l, verb, sel, value, flags, changed, e);
	case TQ_DO_REVOKE:
		return act_revoke(l, sel, flags, changed, e);
	case TQ_DO_KILL:
		return act_kill(l, sel, value, changed, e);
	case TQ_DO_PAUSE:
	case TQ_DO_RESUME:
	case TQ_DO_CLOSE:
	case TQ_DO_OPEN:
	case TQ_DO_RMQ:
		return act_on_queues(l, verb, sel, flags, changed, e);
	case TQ_DO_PURGE:
		return act_purge(l, sel, flags, changed, e);
	case TQ_DO_GC:
		return tq_spool_gc(l->sp, changed, e);
	case TQ_DO_FLUSH:
		return tq_spool_flush(l->sp, e);
	}
	return tq_fail(e, EINVAL, "no verb %d", (int)verb);
}
