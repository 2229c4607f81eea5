/* The message that a signature with all its options asks for. */
#include "message/celery_tree.h"

#include <string.h>

#include "message/celery_field.h"

struct tq_bytes
tq_tree_listed(struct tq_planner *p, struct tq_bytes v)
{
	struct tq_bytes none = { NULL, 0 };

	if (tq_scan_type(v) == TQ_SCAN_ARRAY)
		return tq_scan_count(v) > 0 ? v : none;
	if (tq_scan_type(v) != TQ_SCAN_OBJECT)
		return none;
	return tq_plan_list(p, v);
}

/* ---- one task -------------------------------------------------------- */

int
tq_plan_members(const struct tq_celery_member **out, size_t *n,
    struct tq_planner *p, struct tq_bytes object)
{
	struct tq_celery_member *m;
	struct tq_scan i;
	size_t k;

	*n = tq_scan_count(object);
	if (tq_scan_type(object) != TQ_SCAN_OBJECT)
		*n = 0;
	if ((m = tq_plan_alloc(p, (*n + 1) * sizeof(*m))) == NULL)
		return -1;
	tq_scan_init(&i, object);
	for (k = 0; k < *n && tq_scan_member(&i, &m[k].name, &m[k].value); k++)
		continue;
	*n = k;
	*out = m;
	return 0;
}

/* Stamps that the options carry: those of the task that sends are its own. */
static int
put_stamps(struct tq_planner *p, struct tq_celery_task *m,
    const struct tq_celery_sig *sig)
{
	static const struct tq_bytes empty = { "{}", 2 };
	struct tq_bytes name;
	struct tq_scan i;
	struct tq_buf b;
	size_t k;

	if (p->stamping)
		m->stamps = empty;
	if (tq_scan_count(sig->stamped_headers) == 0)
		return 0;
	tq_buf_init(&b);
	tq_buf_byte(&b, '{');
	tq_scan_init(&i, sig->stamped_headers);
	while (tq_scan_next(&i, &name)) {
		for (k = sig->nothers; k-- > 0;) {
			if (sig->others[k].name.n == name.n &&
			    memcmp(sig->others[k].name.p, name.p, name.n) == 0)
				break;
		}
		if (k != (size_t)-1)
			tq_celery_members_put(&b, &sig->others[k], 1);
	}
	tq_buf_byte(&b, '}');
	m->stamped_headers = sig->stamped_headers;
	m->stamps = tq_plan_keep(p, &b);
	return m->stamps.p != NULL ? 0 : -1;
}

/* The message of a signature whose options are whole. */
struct tq_celery_task *
tq_tree_message(struct tq_planner *p, const struct tq_celery_sig *sig)
{
	struct tq_celery_task *m;
	tq_time now = p->site->now;

	if ((m = tq_plan_alloc(p, sizeof(*m))) == NULL)
		return NULL;
	tq_celery_task_init(m);
	m->protocol = 2;
	m->lang = "c";
	m->task = sig->task;
	m->id = sig->task_id;
	m->root_id = sig->root_id != NULL ? sig->root_id :
	    p->root != NULL ? p->root : sig->task_id;
	m->parent_id = sig->parent_id != NULL ? sig->parent_id : p->id;
	m->group = sig->group_id;
	m->group_index = sig->group_index;
	m->retries = sig->retries != TQ_CELERY_NONE ? sig->retries : 0;
	m->hard = sig->time_limit;
	m->soft = sig->soft_time_limit;
	m->eta = sig->eta;
	if (sig->countdown != TQ_CELERY_NONE && sig->countdown > 0)
		m->eta = now + sig->countdown;
	m->expires = sig->expires;
	if (sig->expires_in > 0)
		m->expires = now + sig->expires_in;
	m->shadow = sig->shadow;
	m->origin = p->site->origin;
	m->ignore_result = sig->ignore_result == 1;
	m->nesting = sig->nesting;
	m->reply_to = sig->reply_to != NULL ? sig->reply_to : "";
	m->args = sig->args;
	m->kwargs = sig->kwargs;
	m->callbacks = tq_tree_listed(p, sig->link);
	m->errbacks = tq_tree_listed(p, sig->link_error);
	m->chain = tq_tree_listed(p, sig->chain);
	m->chord = sig->chord;
	if (tq_plan_members(&m->others, &m->nothers, p, sig->headers) == -1 ||
	    put_stamps(p, m, sig) == -1)
		return NULL;
	return m;
}
