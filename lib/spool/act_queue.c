/*
 * What people do to queues and to a spool: pause, close, remove, settings.
 * Every change is a record, and durable before the caller is told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/due.h"
#include "spool/gate.h"
#include "spool/verb.h"

/* Write the QUEUE record of a row (0: the spool's settings). */
static int
write_queue(struct tq_spool *sp, uint32_t number, unsigned flags,
    const struct tq_settings *set, uint64_t keep, tq_time now,
    struct tq_err *e)
{
	struct tq_rec r = { .type = TQ_REC_QUEUE, .number = number };
	char name[TQ_NAME_MAX + 1] = "";
	struct tq_buf b;
	int rv;

	tq_buf_init(&b);
	tq_buf_byte(&b, flags);
	tq_settings_encode(&b, set);
	if (number != 0)
		memcpy(name, sp->t.qrows[number].name, sizeof(name));
	r.name.p = name;
	r.name.n = strlen(name);
	r.bytes.p = (const char *)b.p;
	r.bytes.n = b.n;
	rv = tq_buf_ok(&b) ? tq_core_write_one(sp, &r, keep, now, e) :
	    tq_fail_sys(e, ENOMEM, "%s", sp->path);
	tq_buf_fini(&b);
	return rv;
}

static int
remove_queue(struct tq_spool *sp, uint32_t number, tq_time now,
    struct tq_err *e)
{
	struct tq_rec r = { .type = TQ_REC_RMQ, .number = number };

	r.name.p = sp->t.qrows[number].name;
	r.name.n = strlen(r.name.p);
	return tq_core_write_one(sp, &r, 0, now, e);
}

/* Let a queue be empty: revoke what has not ended, forget what has. */
static int
empty_queue(struct tq_spool *sp, const char *queue, struct tq_err *e)
{
	static const enum tq_verb verbs[] = { TQ_DO_REVOKE, TQ_DO_FORGET };
	struct tq_uuid *ids;
	uint64_t changed = 0;
	size_t n, which, i;
	int rv = 0;

	for (i = 0; rv == 0 && i < 2; i++) {
		if (tq_spool_ids(sp, &queue, 1, 0, &ids, &n, e) == -1)
			return -1;
		/* also what others in other queues wait for */
		rv = tq_spool_act(sp, verbs[i], ids, n, NULL, TQ_DO_FORCE,
		    &changed, &which, e);
		if (rv == -1 && errno == ENOENT)
			rv = 0;		/* gone meanwhile: as wanted */
		free(ids);
	}
	return rv;
}

/* A queue may always be opened again: those in it are to be claimed. */
static uint64_t
queue_keep(const struct tq_spool *sp, enum tq_verb verb)
{
	return verb == TQ_DO_PAUSE || verb == TQ_DO_CLOSE ?
	    tq_ledger_kept(&sp->l) : 0;
}

/* As tq_core_write(); 2: the queue has tasks that may be removed first. */
static int
queue_locked(struct tq_spool *sp, enum tq_verb verb, const char *queue,
    unsigned flags, tq_time now, uint64_t *changed, struct tq_err *e)
{
	uint32_t n = tq_table_queue_find(&sp->t, queue, strlen(queue));
	unsigned paused, closed, all = 0, unended = 0;
	struct tq_qrow *q;
	int s;

	if (n == 0)
		return tq_fail(e, ENOENT, "%s: no such queue", queue);
	q = &sp->t.qrows[n];
	paused = q->paused;
	closed = q->closed;
	*changed = 0;
	switch (verb) {
	case TQ_DO_PAUSE:
	case TQ_DO_RESUME:
		paused = verb == TQ_DO_PAUSE;
		break;
	case TQ_DO_CLOSE:
	case TQ_DO_OPEN:
		closed = verb == TQ_DO_CLOSE;
		break;
	case TQ_DO_RMQ:
		for (s = TQ_HELD; s < TQ_NSTATES; s++) {
			all += q->count[s];
			if (!TQ_STATE_ENDED(s))
				unended += q->count[s];
		}
		if (unended > 0 && !(flags & TQ_DO_FORCE))
			return tq_fail(e, EBUSY, "%s: %u tasks are in it",
			    queue, unended);
		if (all > 0)
			return 2;
		(*changed)++;
		return remove_queue(sp, n, now, e);
	default:
		return tq_fail(e, EINVAL, "not a verb of queues");
	}
	if (paused == q->paused && closed == q->closed)
		return 1;
	(*changed)++;
	if (verb == TQ_DO_RESUME)
		tq_due_ring(sp, n);
	return write_queue(sp, n, paused | closed << 1, &q->set,
	    queue_keep(sp, verb), now, e);
}

int
tq_spool_act_queue(struct tq_spool *sp, enum tq_verb verb, const char *queue,
    unsigned flags, uint64_t *changed, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	uint64_t n = 0;

	do {
		while (tq_turn_next(sp, &t, e))
			t.rv = queue_locked(sp, verb, queue, flags, t.now, &n,
			    e);
		if (t.rv == 2 && empty_queue(sp, queue, e) == -1)
			return -1;
	} while (t.rv == 2);
	if (t.rv == -1)
		return -1;
	*changed += n;
	return tq_core_commit(sp, sp->mine, e);
}

/* ---- settings ------------------------------------------------------------- */

/* Under the lock: set one of a queue, or of the spool.  As tq_core_write(). */
static int
set_locked(struct tq_spool *sp, const char *queue, int which,
    const char *value, tq_time now, struct tq_err *e)
{
	const uint64_t keep = tq_ledger_kept(&sp->l);
	struct tq_settings set = sp->t.top->set;
	const struct tq_qrow *q;
	unsigned flags = 0;
	uint32_t n = 0;
	int rv;

	if (queue != NULL) {
		n = tq_table_queue_find(&sp->t, queue, strlen(queue));
		if (n == 0 && (rv = tq_queue_make(sp, queue, &n, keep, now,
		    e)) != 1)
			return rv;
		q = &sp->t.qrows[n];
		set = q->set;
		flags = q->paused | (unsigned)q->closed << 1;
	}
	if (tq_setting_parse(&set, which, value, e) == -1)
		return -1;
	return write_queue(sp, n, flags, &set, keep, now, e);
}

int
tq_spool_set(struct tq_spool *sp, const char *queue, const char *name,
    const char *value, struct tq_err *e)
{
	int which = tq_setting_find(name, strlen(name));
	struct tq_settings set = { .is_set = 0 };
	struct tq_turn t = { .rv = 0 };

	if (which == -1 && queue == NULL && tq_gate_named(name))
		return tq_gate_change(sp, name, value, e);
	if (which == -1)
		return tq_fail(e, EINVAL, "%s: no such setting", name);
	if (queue != NULL && !tq_setting_of_queue(which))
		return tq_fail(e, EINVAL, "%s: is a setting of the whole "
		    "spool", name);
	/* before a queue is made for it */
	if (tq_setting_parse(&set, which, value, e) == -1)
		return -1;
	while (tq_turn_next(sp, &t, e))
		t.rv = set_locked(sp, queue, which, value, t.now, e);
	if (t.rv == -1)
		return -1;
	/* a new policy holds for what was written before it, too */
	sp->l.policy = (int)tq_setting_get(NULL, &sp->t.top->set, TQ_SET_SYNC);
	if (which == TQ_SET_SYNC && sp->l.policy != TQ_SYNC_NONE &&
	    tq_ledger_sync_spares(&sp->l) == -1)
		return tq_fail_sys(e, errno, "%s/ledger", sp->path);
	return tq_core_commit(sp, sp->mine, e);
}

int
tq_spool_settings(struct tq_spool *sp, const char *queue,
    int (*each)(const char *, const char *, int, void *), void *arg,
    struct tq_err *e)
{
	struct tq_settings all, own = { .is_set = 0 };
	char value[1024];
	uint32_t n = 0;
	int i, rv = 0;

	if (tq_core_enter(sp, e) == -1)
		return -1;
	all = sp->t.top->set;
	if (queue != NULL && (n = tq_table_queue_find(&sp->t, queue,
	    strlen(queue))) != 0)
		own = sp->t.qrows[n].set;
	tq_core_leave(sp);
	if (queue != NULL && n == 0)
		return tq_fail(e, ENOENT, "%s: no such queue", queue);
	for (i = 0; rv == 0 && i < TQ_NSETTINGS; i++) {
		if (tq_setting_name(i) == NULL ||
		    (queue != NULL && !tq_setting_of_queue(i)))
			continue;
		tq_setting_format(i, &own, &all, value, sizeof(value));
		rv = each(tq_setting_name(i), value,
		    (queue == NULL ? all.is_set : own.is_set) >> i & 1, arg);
	}
	return rv == 0 && queue == NULL ? tq_gate_list(sp, each, arg, e) : rv;
}
