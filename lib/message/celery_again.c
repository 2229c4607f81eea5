/*
 * The message of an attempt that ended, sent again: for a retry, the next item
 * of a map, another look at the members of a chord.
 */
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_settle.h"

struct tq_celery_task *
tq_settle_copy(const struct tq_settling *t)
{
	struct tq_celery_task *m;

	if ((m = tq_plan_alloc(t->p, sizeof(*m))) == NULL)
		return NULL;
	*m = *t->m;
	m->protocol = 2;
	m->redelivered = 0;
	return m;
}

int
tq_settle_header(struct tq_planner *p, struct tq_celery_task *m, const char *name,
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
	struct tq_bytes past = tq_celery_others_get(m->others, m->nothers,
	    TQ_CELERY_PAST), value;
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
	return tq_settle_header(p, m, "\"" TQ_CELERY_PAST "\"", value);
}

struct tq_celery_step *
tq_settle_again(const struct tq_settling *t, const struct tq_celery_task *m)
{
	struct tq_celery_sig to;
	struct tq_celery_step *s;

	tq_celery_sig_init(&to);
	/* where it came from; by the nameless exchange, if that is not known */
	to.queue = t->p->site->from;
	to.exchange = t->env->exchange != NULL ? t->env->exchange : "";
	to.routing_key = t->env->routing_key;
	to.priority = t->env->priority > 0 ? t->env->priority : 0;
	if (tq_plan_send(t->p, m, &to) == -1)
		return NULL;
	s = &t->p->plan->step[t->p->plan->nsteps - 1];
	s->flags = TQ_CELERY_AGAIN;
	return s;
}
