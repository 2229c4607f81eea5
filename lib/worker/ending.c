/*
 * How an attempt ended: from the status of its process, or its answer, what
 * was said on TQ_STATUS_FD, and what we did to it.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/io.h"
#include "ending.h"
#include "limit.h"
#include "message/json.h"
#include "outcome.h"

/* The rules that hold: of the task, else of its handler, else of its queue. */
static void
policy_of(struct tq_policy *out, const struct tq_place *p)
{
	tq_policy_of(out, &p->claim, p->plan.retries);
	if (p->plan.conf.set == 0)
		return;
	tq_conf_rules(&out->rules, &p->plan.conf);
	tq_policy_backoff(&out->rules, &p->claim.task);
}

void
tq_ending_decide(struct tq_place *p, int wstatus)
{
	struct tq_policy policy;
	tq_time now = 0;
	uint64_t rnd = 0;

	policy_of(&policy, p);
	if (wstatus != 0) {
		tq_random(&rnd, sizeof(rnd));
		now = tq_clock_wall();
	}
	tq_outcome_decide(&p->end, wstatus, &policy, rnd, now);
}

void
tq_ending_why(struct tq_place *p, const char *why)
{
	strlcpy(p->why, why, sizeof(p->why));
	p->end.why = p->why;
}

void
tq_ending_cause(struct tq_place *p)
{
	switch (p->cause) {
	case TQ_CAUSE_TIME:
		if (p->end.state != TQ_SUCCESS)
			tq_ending_why(p, "time limit");
		break;
	case TQ_CAUSE_MUTE:
		if (p->end.signal == SIGKILL)
			tq_ending_why(p, "closed its output without an answer");
		break;
	case TQ_CAUSE_KILL:
		if (p->end.state != TQ_SUCCESS) {
			p->end.state = TQ_FAILURE;
			p->end.when = 0;
			tq_ending_why(p, "killed on request");
		}
		break;
	case TQ_CAUSE_BACK:
		/* also with status 0: a handler of TERM may have left early */
		tq_outcome_init(&p->end, TQ_READY);
		break;
	case TQ_CAUSE_NONE:
		break;
	}
}

static tq_time
of_timeval(const struct timeval *tv)
{
	return tv->tv_sec * TQ_SECOND + tv->tv_usec * 1000;
}

/* Say which limit the system ended it by, if one did. */
static void
name_limit(struct tq_place *p)
{
	const char *why = tq_limit_why(&p->plan.proc.limits, &p->end);

	if (why == NULL && p->end.status == 128 + SIGKILL)
		why = tq_leaf_why(&p->leaf);
	if (why != NULL && p->cause == TQ_CAUSE_NONE)
		tq_ending_why(p, why);
}

/*
 * 1 if what it wrote to stdout is JSON.  What was cut is not, nor is what we
 * cannot read.
 */
static int
wrote_json(const struct tq_place *p)
{
	const struct tq_outcome *o = &p->end;
	struct stat st;
	ssize_t n = -1;
	char *buf;
	int yes;

	if (o->out_fd == -1)
		return tq_json_check(o->out.p, o->out.n, NULL) == 0;
	if (fstat(o->out_fd, &st) == -1 ||
	    (buf = malloc((size_t)st.st_size)) == NULL)
		return 0;
	n = tq_io_pread(o->out_fd, buf, (size_t)st.st_size, 0);
	yes = n != -1 && tq_json_check(buf, (size_t)n, NULL) == 0;
	free(buf);
	return yes;
}

/*
 * A success must have what its handler promised.  What a command wrote is
 * text, of a named task it is JSON when it reads so.
 */
static void
check_result(struct tq_place *p)
{
	enum tq_conf_result wanted = p->plan.conf.result;
	unsigned cut;

	if (p->end.state != TQ_SUCCESS || p->end.result.n > 0 ||
	    p->claim.task.kind != TQ_KIND_NAMED ||
	    wanted == TQ_RESULT_TEXT || wanted == TQ_RESULT_NONE)
		return;
	if (wrote_json(p)) {
		p->end.flags |= TQ_OUTCOME_JSON;
		return;
	}
	if (wanted != TQ_RESULT_JSON)
		return;
	cut = p->end.flags & TQ_OUTCOME_CUT;
	tq_ending_decide(p, TQ_EXITED(TQ_ANSWER_BAD));
	p->end.flags |= cut;
	tq_ending_why(p, "its result is not JSON");
}

static void
fail_as(struct tq_place *p, int status, const char *why)
{
	tq_ending_decide(p, TQ_EXITED(status));
	tq_ending_why(p, why);
}

/* What it wished counts unless it was ended by force. */
static void
apply_wish(struct tq_place *p)
{
	const struct tq_talk *t = &p->talk;
	struct tq_policy policy;

	if (p->cause != TQ_CAUSE_NONE || p->end.signal != 0)
		return;
	if (t->wrong[0] != '\0') {
		fail_as(p, TQ_ANSWER_BAD, t->wrong);
		return;
	}
	switch (t->wish) {
	case TQ_WISH_FAIL:
		fail_as(p, p->end.status != 0 ? p->end.status : 1,
		    (const char *)t->text.p);
		p->end.type = (const char *)t->type.p;
		break;
	case TQ_WISH_RETRY:
		policy_of(&policy, p);
		tq_outcome_later(&p->end, &policy, t->delay, tq_clock_wall());
		break;
	case TQ_WISH_NONE:
	case TQ_WISH_REPLACE:
		break;
	}
	if (p->end.state == TQ_SUCCESS)
		p->end.result = (struct tq_bytes){
			(const char *)t->result.p, t->result.n
		};
}

/* What it said that it put, whatever became of it. */
static void
set_children(struct tq_place *p)
{
	struct tq_buf *b = &p->talk.children;

	if (b->n == 0)
		return;
	tq_buf_byte(b, ']');
	if (tq_buf_ok(b))
		p->end.children = (struct tq_bytes){
			(const char *)b->p, b->n
		};
}

void
tq_ending_program(struct tq_place *p, const struct tq_place_rules *rules,
    int wstatus, const struct rusage *ru)
{
	struct tq_err e;

	tq_outcome_init(&p->end, TQ_ABSENT);
	tq_ending_decide(p, wstatus);
	tq_ending_cause(p);
	apply_wish(p);
	p->end.user = of_timeval(&ru->ru_utime);
	p->end.sys = of_timeval(&ru->ru_stime);
	p->end.maxrss = (int64_t)ru->ru_maxrss * 1024;
	name_limit(p);
	if (tq_capture_collect(&p->capture, &p->end,
	    p->plan.proc.limits.v[TQ_LIMIT_OUT], &e) == -1)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %s",
		    p->claim.ref.id.s, e.text);
	check_result(p);
	set_children(p);
	p->state = TQ_PLACE_ENDED;
}

/* As tq_ending_decide(), of an answer that may say how often it may fail. */
static void
decide_again(struct tq_place *p, const struct tq_answer *a)
{
	struct tq_policy policy;
	tq_time now = tq_clock_wall();
	uint64_t rnd = 0;

	policy_of(&policy, p);
	policy.retries = a->retries;
	tq_random(&rnd, sizeof(rnd));
	tq_outcome_decide(&p->end, TQ_EXITED(a->status), &policy, rnd, now);
	if (p->end.state == TQ_RETRY && a->retry != -1 &&
	    !(p->end.flags & TQ_OUTCOME_LATER))
		p->end.when = tq_clock_deadline(now, a->retry);
}

/* Something that needs no process any more to end. */
static void
end_alone(struct tq_place *p, const char *why)
{
	if (why != NULL)
		tq_ending_why(p, why);
	/* an answer of success is one, whatever we did meanwhile */
	if (p->end.state != TQ_SUCCESS)
		tq_ending_cause(p);
	p->state = TQ_PLACE_ENDED;
}

void
tq_ending_status(struct tq_place *p, int status, const char *why)
{
	tq_outcome_init(&p->end, TQ_ABSENT);
	tq_ending_decide(p, TQ_EXITED(status));
	end_alone(p, why);
}

/* Another task is to run in its place: only Celery has such a place. */
static void
answer_replace(struct tq_place *p, const struct tq_place_rules *rules,
    struct tq_bytes sig)
{
	if (rules->plan.dir != NULL) {
		tq_ending_status(p, EX_CONFIG, "a signature can only be put "
		    "on a broker of Celery");
		return;
	}
	tq_ending_status(p, 0, NULL);
	p->end.flags |= TQ_OUTCOME_REPLACED;
	p->end.result = sig;
}

void
tq_ending_answer(struct tq_place *p, const struct tq_place_rules *rules,
    const struct tq_answer *a)
{
	struct tq_policy policy;

	if (a->replace.n > 0) {
		answer_replace(p, rules, a->replace);
		return;
	}
	if (a->retries == -1) {
		tq_ending_status(p, a->status, a->why);
	} else {
		tq_outcome_init(&p->end, TQ_ABSENT);
		decide_again(p, a);
		end_alone(p, a->why);
	}
	if (p->end.state == TQ_READY)
		return;
	p->end.type = a->type;
	p->end.result = p->end.state == TQ_SUCCESS ? a->exact : a->args;
	p->end.children = a->children;
	p->end.out = a->out;
	p->end.err = a->err;
	if (a->json)
		p->end.flags |= TQ_OUTCOME_JSON;
	if (a->retry == -1 || a->retries != -1 || p->cause != TQ_CAUSE_NONE)
		return;
	policy_of(&policy, p);
	tq_outcome_later(&p->end, &policy, a->retry, tq_clock_wall());
}
