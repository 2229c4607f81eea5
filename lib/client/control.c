/* Changing: verbs on tasks, queues and the broker; settings; checks. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "client/handle.h"
#include "spool/spool.h"

/* ---- verbs ----------------------------------------------------------- */

/* What a verb is done to, and so what must be selected. */
enum target { ON_TASKS, ON_QUEUES, ON_BROKER, ON_NOTHING };

static enum target
target_of(enum tq_verb verb)
{
	switch (verb) {
	case TQ_DO_HOLD:
	case TQ_DO_RELEASE:
	case TQ_DO_REVOKE:
	case TQ_DO_FORGET:
	case TQ_DO_RETRY:
	case TQ_DO_MOVE:
	case TQ_DO_PRI:
	case TQ_DO_KILL:
	case TQ_DO_SEAL:
		return ON_TASKS;
	case TQ_DO_PAUSE:
	case TQ_DO_RESUME:
	case TQ_DO_CLOSE:
	case TQ_DO_OPEN:
	case TQ_DO_RMQ:
	case TQ_DO_PURGE:
		return ON_QUEUES;
	case TQ_DO_GC:
	case TQ_DO_FLUSH:
		return ON_BROKER;
	}
	return ON_NOTHING;
}

/* Nothing selected is a mistake, never "all". */
static int
check_select(enum tq_verb verb, const struct tq_select *sel, unsigned flags,
    struct tq_err *e)
{
	switch (target_of(verb)) {
	case ON_TASKS:
		if (flags & TQ_DO_TRANSFER && sel != NULL)
			break;
		if (sel == NULL || (sel->nqueues == 0 && sel->nids == 0 &&
		    sel->states == 0 && sel->key == NULL &&
		    sel->label == NULL))
			return tq_fail(e, EINVAL, "no tasks are selected");
		break;
	case ON_QUEUES:
		if (sel == NULL || sel->nqueues == 0)
			return tq_fail(e, EINVAL, "no queue is named");
		break;
	case ON_BROKER:
		return 0;
	case ON_NOTHING:
		return tq_fail(e, EINVAL, "no verb %d", (int)verb);
	}
	if (tq_check_queues(sel->queues, sel->nqueues, e) == -1)
		return -1;
	return tq_check_ids(sel->ids, sel->nids, e);
}

static int
check_value(enum tq_verb verb, const char *value, struct tq_err *e)
{
	switch (verb) {
	case TQ_DO_MOVE:
		return tq_check_queue(value, e);
	case TQ_DO_PRI:
		if (value == NULL || value[0] < '0' ||
		    value[0] > '0' + TQ_PRI_MAX || value[1] != '\0')
			return tq_fail(e, EINVAL,
			    "priority '%.80s' is not 0 to %d",
			    value == NULL ? "" : value, TQ_PRI_MAX);
		return 0;
	default:
		return 0;
	}
}

static int
check_flags(const struct tq *tq, enum tq_verb verb, const char *value,
    unsigned flags, struct tq_err *e)
{
	if (flags & ~(unsigned)(TQ_DO_FORCE | TQ_DO_TRANSFER) ||
	    (flags & TQ_DO_TRANSFER && verb != TQ_DO_HOLD &&
	    verb != TQ_DO_RELEASE && verb != TQ_DO_REVOKE))
		return tq_fail(e, EINVAL, "flags 0x%x of a verb", flags);
	if (!(flags & TQ_DO_TRANSFER))
		return 0;
	if (tq_spool_dir(tq) == NULL)
		return tq_broker_lacks(tq, "let its tasks go", e);
	if (value == NULL || *value == '\0')
		return tq_fail(e, EINVAL, "a transfer to nowhere");
	return 0;
}

int
tq_do(struct tq *tq, enum tq_verb verb, const struct tq_select *sel,
    const char *value, unsigned flags, uint64_t *changed, struct tq_err *e)
{
	static const struct tq_select nothing = { .nids = 0 };
	uint64_t count = 0;
	struct tq_err why;
	int rv;

	if (check_select(verb, sel, flags, e) == -1 ||
	    check_value(verb, value, e) == -1)
		return -1;
	if (check_flags(tq, verb, value, flags, e) == -1)
		return -1;
	if (tq->ops->act == NULL)
		return tq_broker_lacks(tq, "change tasks or queues", e);
	rv = tq->ops->act(tq->b, verb, sel == NULL ? &nothing : sel, value,
	    flags, &count, &why);
	if (changed != NULL)
		*changed = count;
	if (rv == -1 && verb == TQ_DO_SEAL && tq->spare != NULL)
		return tq_spare_sealed(tq, &why, e);
	return rv == -1 ? tq_fail(e, why.num, "%s", why.text) : rv;
}

/* ---- settings -------------------------------------------------------- */

int
tq_set(struct tq *tq, const char *queue, const char *name, const char *value,
    struct tq_err *e)
{
	if (queue != NULL && tq_check_queue(queue, e) == -1)
		return -1;
	if (tq->ops->set == NULL)
		return tq_broker_lacks(tq, "change settings", e);
	return tq->ops->set(tq->b, queue, name, value, e);
}

int
tq_settings(struct tq *tq, const char *queue, int (*each)(const char *name,
    const char *value, int is_set, void *), void *arg, struct tq_err *e)
{
	if (queue != NULL && tq_check_queue(queue, e) == -1)
		return -1;
	if (tq->ops->settings == NULL)
		return tq_broker_lacks(tq, "tell settings", e);
	return tq->ops->settings(tq->b, queue, each, arg, e);
}

/* The setting that tq_get() looks for. */
struct wanted {
	const char	*name;
	char		*buf;
	size_t		 size;
	size_t		 length;	/* of the value */
	int		 is_set;
};

/* Returns 1 at the one wanted, which ends the walk. */
static int
is_wanted(const char *name, const char *value, int is_set, void *arg)
{
	struct wanted *w = arg;

	if (strcmp(name, w->name) != 0)
		return 0;
	w->length = strlcpy(w->buf, value, w->size);
	w->is_set = is_set;
	return 1;
}

int
tq_get(struct tq *tq, const char *queue, const char *name, char *buf,
    size_t size, struct tq_err *e)
{
	struct wanted w = { .name = name, .buf = buf, .size = size };
	int rv;

	if ((rv = tq_settings(tq, queue, is_wanted, &w, e)) == -1)
		return -1;
	if (rv == 0)
		return tq_fail(e, EINVAL, "no setting '%.80s'", name);
	if (w.length >= size)
		return tq_fail(e, EMSGSIZE, "%s: its value has %zu bytes",
		    name, w.length);
	return w.is_set != 0;
}

/* ---- the broker ------------------------------------------------------ */

int
tq_check(struct tq *tq, unsigned flags, void (*each)(const char *, void *),
    void *arg, struct tq_err *e)
{
	if (flags & ~(unsigned)TQ_CHECK_SALVAGE)
		return tq_fail(e, EINVAL, "flags 0x%x of a check", flags);
	if (tq->ops->check == NULL)
		return tq_broker_lacks(tq, "check itself", e);
	return tq->ops->check(tq->b, flags, each, arg, e);
}

int
tq_init(const char *dir, mode_t mode, gid_t gid, struct tq_err *e)
{
	if (mode != 0700 && mode != 02770)
		return tq_fail(e, EINVAL, "mode %04o is not 0700 or 2770",
		    (unsigned)mode);
	return tq_spool_init(dir, mode, gid, e);
}
