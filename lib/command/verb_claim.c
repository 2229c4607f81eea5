/*
 * Verbs of tqctl on claims: what a holder that is not our child says became
 * of its task.  A bare id is never taken: only the attempt in a claim tells
 * the holder from the one it lost the task to.
 */
#include "command/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rules.h"
#include "command/arg.h"
#include "command/body.h"
#include "command/status.h"

#define EX_LATER	75	/* the status that means "try later" */

/* Settle or renew one claim: o is how, NULL to renew. */
static int
settle(struct tq_ctl *c, const char *claim, struct tq_outcome *o,
    tq_time lease, struct tq_err *e)
{
	struct tq_ref ref;

	if (tq_ref_parse(&ref, claim, e) == -1)
		return -1;
	if (o == NULL)
		return tq_renew(c->tq, &ref, lease, e);
	return tq_settle(c->tq, &ref, o, TQ_SETTLE_SYNC, e);
}

/* One setting of a queue in words; 0 where the broker has no such setting. */
static int
rule(struct tq_ctl *c, const char *queue, const char *name, char *buf,
    size_t size, struct tq_err *e)
{
	if (tq_get(c->tq, queue, name, buf, size, e) >= 0)
		return 1;
	return e->num == ENOTSUP || e->num == EINVAL ? 0 : -1;
}

/* The rules of a queue, as a worker gets them with a claim. */
static int
rules_of(struct tq_ctl *c, const char *queue, int *retries,
    struct tq_rules *r, struct tq_err *e)
{
	char text[1024];
	int rv;

	*retries = 0;
	tq_rules_init(r);
	if ((rv = rule(c, queue, "retries", text, sizeof(text), e)) != 1)
		return rv;
	*retries = (int)strtol(text, NULL, 10);
	if ((rv = rule(c, queue, "later", text, sizeof(text), e)) != 1)
		return rv;
	r->later = (unsigned)strtoul(text, NULL, 10);
	if ((rv = rule(c, queue, "backoff", text, sizeof(text), e)) != 1 ||
	    (rv = tq_backoff_parse(&r->backoff, &r->factor, &r->backoff_cap,
	    text, e)) == -1 ||
	    (rv = rule(c, queue, "permanent", text, sizeof(text), e)) != 1 ||
	    (rv = tq_statuses_parse(r->permanent, text, e)) == -1 ||
	    (rv = rule(c, queue, "temporary", text, sizeof(text), e)) != 1)
		return rv;
	return tq_statuses_parse(r->temporary, text, e);
}

/*
 * How an attempt that exited with status ends, by the task's own rules and,
 * where it has none, its queue's.
 */
static int
decide(struct tq_ctl *c, const char *claim, int status, struct tq_outcome *o,
    struct tq_err *e)
{
	struct tq_rules rules;
	struct tq_info info;
	struct tq_ref ref;
	int rv = -1, retries;

	if (tq_ref_parse(&ref, claim, e) == -1)
		return -1;
	tq_info_init(&info);
	switch (tq_stat(c->tq, ref.id.s, 0, &info, e)) {
	case -1:
		goto out;
	case 0:
		/* as done says of it, whose id is not looked for */
		tq_fail(e, ESTALE, "%s: the claim is no longer yours", claim);
		goto out;
	}
	if (rules_of(c, info.task.queue, &retries, &rules, e) == -1)
		goto out;
	c->decide(o, &info, retries, &rules, status);
	rv = 0;
out:
	tq_info_fini(&info);
	return rv;
}

/*
 * Do one thing to each claim.  One that is lost does not keep the others from
 * being settled; the first failure is the exit status.
 */
static int
each_claim(struct tq_ctl *c, int (*one)(struct tq_ctl *, const char *,
    const struct tq_task *, struct tq_err *), struct tq_err *e)
{
	struct tq_body body;
	struct tq_task in;	/* what stdin was, if it was read */
	uint64_t changed = 0;
	size_t i;
	int status = TQ_EXIT_OK;

	for (i = 0; c->from_stdin && i < (size_t)c->argc; i++)
		if (strcmp(c->argv[i], "-") == 0)
			tq_verb_usage(c, "stdin cannot be claims and result");
	tq_ids_operands(&c->ids, c->argc, c->argv);
	tq_task_init(&in);
	tq_body_init(&body);
	if (c->from_stdin && tq_body_stdin(&body, &in, tq_spool_dir(c->tq),
	    e) == -1) {
		tq_body_fini(&body);
		return -1;
	}
	for (i = 0; i < c->ids.n; i++) {
		if (one(c, c->ids.v[i], &in, e) == 0) {
			changed++;
			continue;
		}
		tq_warn("%s", e->text);
		if (status == TQ_EXIT_OK)
			status = tq_exit_of(e->num);
	}
	tq_body_fini(&body);
	tq_verb_changed(c, changed);
	return status;
}

static void
set_output(struct tq_outcome *o, const struct tq_task *in)
{
	o->out = in->body;
	o->out_fd = in->body_fd;
}

static int
done_one(struct tq_ctl *c, const char *claim, const struct tq_task *in,
    struct tq_err *e)
{
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	set_output(&o, in);
	return settle(c, claim, &o, 0, e);
}

int
tq_verb_done(struct tq_ctl *c, struct tq_err *e)
{
	return each_claim(c, done_one, e);
}

static int
fail_one(struct tq_ctl *c, const char *claim, const struct tq_task *in,
    struct tq_err *e)
{
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_FAILURE);
	if (decide(c, claim, (int)tq_arg_number("fail", c->value, 1, 255), &o,
	    e) == -1)
		return -1;
	set_output(&o, in);
	return settle(c, claim, &o, 0, e);
}

int
tq_verb_fail(struct tq_ctl *c, struct tq_err *e)
{
	tq_arg_number("fail", c->value, 1, 255);
	return each_claim(c, fail_one, e);
}

/* As a handler's "try later", and at most as often; only when is said. */
static int
later_one(struct tq_ctl *c, const char *claim, const struct tq_task *in,
    struct tq_err *e)
{
	struct tq_outcome o;

	(void)in;
	tq_outcome_init(&o, TQ_RETRY);
	if (decide(c, claim, EX_LATER, &o, e) == -1)
		return -1;
	if (o.state == TQ_RETRY)
		o.when = tq_clock_deadline(tq_clock_wall(),
		    tq_arg_duration("later", c->value));
	if (settle(c, claim, &o, 0, e) == -1)
		return -1;
	if (o.state == TQ_FAILURE)
		tq_warn("%s: failure: %s", claim, o.why);
	return 0;
}

int
tq_verb_later(struct tq_ctl *c, struct tq_err *e)
{
	tq_arg_duration("later", c->value);
	return each_claim(c, later_one, e);
}

static int
touch_one(struct tq_ctl *c, const char *claim, const struct tq_task *in,
    struct tq_err *e)
{
	(void)in;
	return settle(c, claim, NULL, tq_arg_duration("touch", c->value), e);
}

int
tq_verb_touch(struct tq_ctl *c, struct tq_err *e)
{
	tq_arg_duration("touch", c->value);
	return each_claim(c, touch_one, e);
}
