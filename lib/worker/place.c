/* One place of the pool: claim, start, end and settle one task at a time. */
#define _GNU_SOURCE		/* memfd_create(2) */
#include <sys/mman.h>
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "feed.h"
#include "base/io.h"
#include "limit.h"
#include "message/json.h"
#include "outcome.h"
#include "place.h"
#include "proc.h"
#include "tree.h"

/* A task that names another in its place for ever is none. */
#define REPLACED_MAX	100

/* As in a wait status: "exited with n". */
#define EXITED(n)	((n) << 8)

/* Make the files for input; what was there before is closed. */
static int
make_input(struct tq_place *p, struct tq_err *e)
{
	static const char *const names[] = { "tq-stdin", "tq-task" };
	int i, fd, *fds[] = { &p->input, &p->json };

	for (i = 0; i < 2; i++) {
		if ((fd = memfd_create(names[i], MFD_CLOEXEC)) == -1)
			return tq_fail_sys(e, errno, "memfd");
		if (*fds[i] != -1)
			close(*fds[i]);
		*fds[i] = fd;
	}
	return 0;
}

int
tq_place_open(struct tq_place *p, const struct tq_place_rules *rules,
    unsigned number, struct tq_err *e)
{
	memset(p, 0, sizeof(*p));
	p->number = number;
	tq_claim_init(&p->claim);
	tq_arena_init(&p->mem);
	tq_arena_init(&p->other);
	tq_leaf_init(&p->leaf, number);
	p->input = p->json = p->talk.in = -1;
	if (make_input(p, e) == 0 && tq_feed_open(p, rules, e) == 0 &&
	    tq_talk_open(&p->talk, rules->epoll, rules->talk_key + number - 1,
	    e) == 0 &&
	    tq_capture_open(&p->capture, rules->tq, number, e) == 0)
		return 0;
	tq_talk_close(&p->talk);
	if (p->input != -1)
		close(p->input);
	if (p->json != -1)
		close(p->json);
	tq_feed_close(p);
	tq_claim_fini(&p->claim);
	return -1;
}

void
tq_place_close(struct tq_place *p, const struct tq_place_rules *rules)
{
	tq_feed_close(p);
	tq_talk_close(&p->talk);
	if (rules->cgroup != NULL)
		tq_leaf_close(&p->leaf, rules->cgroup);
	tq_capture_close(&p->capture);
	tq_claim_fini(&p->claim);
	tq_arena_fini(&p->mem);
	tq_arena_fini(&p->other);
	close(p->input);
	close(p->json);
}

/* The smaller of two lengths of time of which 0 is none. */
static tq_time
lesser(tq_time a, tq_time b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static void
set_limits(struct tq_place *p)
{
	tq_time now;

	p->soft = p->hard = 0;
	if (p->plan.soft == 0 && p->plan.hard == 0)
		return;
	now = tq_clock_boot();
	if (p->plan.soft != 0)
		p->soft = tq_clock_deadline(now, p->plan.soft);
	if (p->plan.hard != 0)
		p->hard = tq_clock_deadline(now, p->plan.hard);
}

static void
decide(struct tq_place *p, int wstatus)
{
	struct tq_policy policy;
	tq_time now = 0;
	uint64_t rnd = 0;

	tq_policy_of(&policy, &p->claim, p->plan.retries);
	if (wstatus != 0) {
		tq_random(&rnd, sizeof(rnd));
		now = tq_clock_wall();
	}
	tq_outcome_decide(&p->end, wstatus, &policy, rnd, now);
}

static void
set_why(struct tq_place *p, const char *why)
{
	strlcpy(p->why, why, sizeof(p->why));
	p->end.why = p->why;
}

/* It could not be started: a status as from sh(1), or nothing it did. */
static void
refuse(struct tq_place *p, const struct tq_place_rules *rules, int status,
    const struct tq_err *why)
{
	tq_outcome_init(&p->end, TQ_READY);
	p->state = TQ_PLACE_ENDED;
	if (status == -1) {
		tq_say(rules->say, TQ_SAY_WRONG, "%s: handed back: %s",
		    p->claim.ref.id.s, why->text);
		return;
	}
	decide(p, EXITED(status));
	set_why(p, why->text);
}

static void
set_running(struct tq_place *p, const struct tq_place_rules *rules,
    const char *program)
{
	p->cause = TQ_CAUSE_NONE;
	p->state = TQ_PLACE_RUNNING;
	set_limits(p);
	tq_say_started(rules->say, &p->claim, program);
}

/* Let its cgroup keep the limits it can keep. */
static void
set_group(struct tq_proc *proc, struct tq_place *p,
    const struct tq_place_rules *rules)
{
	const char *id = p->claim.ref.id.s;
	struct tq_err e;

	if (rules->cgroup != NULL && rules->cgroup->dir != -1) {
		if (tq_leaf_make(&p->leaf, rules->cgroup, &proc->limits,
		    &e) == 0)
			proc->leaf = &p->leaf;
		else
			tq_say(rules->say, TQ_SAY_WRONG, "%s: %s", id, e.text);
	}
	if (proc->limits.v[TQ_LIMIT_CPUS] != 0)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: limit cpus is not "
		    "kept: it takes a cgroup with cpu", id);
}

/* Start what was planned; as tq_proc_start(). */
static int
start_planned(struct tq_place *p, const struct tq_place_rules *rules,
    int *status, struct tq_err *e)
{
	struct tq_proc proc = p->plan.proc;

	set_group(&proc, p, rules);
	if (tq_proc_start(&p->pid, &proc, status, e) == 0)
		return 0;
	/* somebody may have taken its group away */
	if (*status == -1)
		tq_leaf_leave(&p->leaf);
	return -1;
}

/* Start what was claimed. */
static void
start(struct tq_place *p, const struct tq_place_rules *rules)
{
	struct tq_plan_place place = {
		.number = p->number,
		.null = rules->null,
		.input = p->input,
		.json = p->json,
		.output = p->capture.fd,
		.status = p->talk.out,
		.now = tq_clock_wall(),
	};
	const struct tq_use *use;
	struct tq_err e;
	int status;

	use = tq_uses_find(rules->plan.uses, &p->claim.task);
	tq_arena_reset(&p->mem);
	if (use != NULL && use->resident) {
		tq_conf_init(&p->plan.conf);
		p->plan.retries = rules->plan.retries;
		tq_plan_time(&p->plan, &p->claim.task, &rules->plan);
		if (tq_feed_start(p, rules, use, &status, &e) == -1)
			refuse(p, rules, status, &e);
		else
			set_running(p, rules, use->path);
		return;
	}
	if (tq_plan_make(&p->plan, &p->mem, &p->claim, &rules->plan, &place,
	    &status, &e) == -1 ||
	    start_planned(p, rules, &status, &e) == -1) {
		refuse(p, rules, status, &e);
		return;
	}
	if (p->plan.dropped > 0)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %zu unsafe environment "
		    "variables dropped", p->claim.ref.id.s, p->plan.dropped);
	set_running(p, rules, p->plan.proc.file);
}

/* What an attempt is found by in the environment of its processes. */
static void
make_mark(char *buf, size_t size, const char *id, unsigned attempt)
{
	snprintf(buf, size, "TQ_CLAIM=%s/%u", id, attempt);
}

/*
 * The last attempt lost its worker: its first process died with it, but what
 * that had started may still be there and must not meet the next attempt.
 */
static void
end_remains(struct tq_place *p, const struct tq_place_rules *rules)
{
	const struct tq_ref *ref = &p->claim.ref;
	char mark[TQ_ID_MAX + 32];
	int left;

	make_mark(mark, sizeof(mark), ref->id.s, ref->attempt - 1);
	if ((left = tq_tree_end_remains(mark)) > 0)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %d processes of the "
		    "attempt before do not end", ref->id.s, left);
}

int
tq_place_take(struct tq_place *p, const struct tq_place_rules *rules,
    struct tq_err *e)
{
	struct tq_take take = rules->take;
	int rv;

	take.capture = p->number;
	take.timeout = 0;
	if ((rv = tq_claim(rules->tq, &take, &p->claim, e)) != 1)
		return rv;
	if (p->claim.crashes > 0)
		end_remains(p, rules);
	tq_arena_reset(&p->other);
	p->replaced = 0;
	start(p, rules);
	return 1;
}

static tq_time
of_timeval(const struct timeval *tv)
{
	return tv->tv_sec * TQ_SECOND + tv->tv_usec * 1000;
}

/* What our having ended it makes of how it ended. */
static void
apply_cause(struct tq_place *p)
{
	switch (p->cause) {
	case TQ_CAUSE_TIME:
		if (p->end.state != TQ_SUCCESS)
			set_why(p, "time limit");
		break;
	case TQ_CAUSE_MUTE:
		if (p->end.signal == SIGKILL)
			set_why(p, "closed its output without an answer");
		break;
	case TQ_CAUSE_KILL:
		if (p->end.state != TQ_SUCCESS) {
			p->end.state = TQ_FAILURE;
			p->end.when = 0;
			set_why(p, "killed on request");
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

/* Say which limit the system ended it by, if one did. */
static void
name_limit(struct tq_place *p)
{
	static const char *const oom[] = {
		NULL,
		"killed: memory limit (cgroup)",
		"killed: out of memory (service or machine)",
	};
	const char *why = tq_limit_why(&p->plan.proc.limits, &p->end);

	if (why == NULL && p->end.status == 128 + SIGKILL)
		why = oom[tq_leaf_oom(&p->leaf)];
	if (why != NULL && p->cause == TQ_CAUSE_NONE)
		set_why(p, why);
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
	decide(p, EXITED(TQ_ANSWER_BAD));
	p->end.flags |= cut;
	set_why(p, "its result is not JSON");
}

/* ---- what the task said ---------------------------------------------- */

void
tq_place_listen(struct tq_place *p, const struct tq_place_rules *rules,
    tq_time now)
{
	if (p->state == TQ_PLACE_RUNNING && p->at == NULL) {
		tq_talk_hear(&p->talk, rules->tq, &p->claim, now);
		return;
	}
	/* a process that a task left behind: nobody asked it */
	tq_talk_last(&p->talk);
	(void)tq_talk_reset(&p->talk, 0, NULL);
}

tq_time
tq_place_tell(struct tq_place *p, const struct tq_place_rules *rules,
    tq_time now)
{
	if (p->state != TQ_PLACE_RUNNING || p->at != NULL)
		return TQ_FOREVER;
	return tq_talk_tick(&p->talk, rules->tq, &p->claim, now);
}

static void
fail_as(struct tq_place *p, int status, const char *why)
{
	decide(p, EXITED(status));
	set_why(p, why);
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
		tq_policy_of(&policy, &p->claim, p->plan.retries);
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

/*
 * Let the claimed task be t in all that says what is run, and how; local: it
 * is of this machine's spool.
 */
static void
put_on(struct tq_task *task, const struct tq_task *t, int local)
{
	/* what this user put, he may turn into a command */
	if (task->uid == (int64_t)geteuid() && local)
		task->flags |= TQ_TASK_LOCAL;
	task->kind = t->kind;
	task->flags = (task->flags & ~(unsigned)TQ_TASK_JSON) |
	    (t->flags & TQ_TASK_JSON);
	task->name = t->name;
	task->argc = t->argc;
	task->argv = t->argv;
	task->kwc = t->kwc;
	task->kwargs = t->kwargs;
	task->body = t->body;
	if (task->body_fd != -1)
		close(task->body_fd);
	task->body_fd = -1;
	if (t->dir != NULL)
		task->dir = t->dir;
	if (t->env != NULL)
		task->env = t->env;
	if (t->limits != NULL)
		task->limits = t->limits;
	if (t->retries >= 0)
		task->retries = t->retries;
	if (t->soft != 0 || t->hard != 0) {
		task->soft = t->soft;
		task->hard = t->hard;
	}
}

/*
 * The task that it named takes its place under the same claim, as a program
 * does by exec(2): who waits for the one waits for the other.
 */
static int
replace(struct tq_place *p, const struct tq_place_rules *rules,
    struct tq_err *e)
{
	const struct tq_outcome written = { .out.n = 1, .err.n = 1 };
	const struct tq_buf *text = &p->talk.text;
	struct tq_task t;

	if (p->replaced++ == REPLACED_MAX)
		return tq_fail(e, EINVAL, "replaced %d times", REPLACED_MAX);
	if (tq_json_task_decode(&t, &p->other, (const char *)text->p,
	    text->n - 1, e) == -1 || tq_task_check(&t, e) == -1)
		return -1;
	if (t.kind == TQ_KIND_BODY || t.kind == TQ_KIND_GROUP)
		return tq_fail(e, EINVAL, "nothing to run");
	/* what it started may still write */
	if (tq_capture_reset(&p->capture, &written, 1, e) == -1 ||
	    tq_talk_reset(&p->talk, 1, e) == -1 || make_input(p, e) == -1)
		return -1;
	put_on(&p->claim.task, &t, rules->plan.dir != NULL);
	tq_say(rules->say, TQ_SAY_STEP, "%s: replaced", p->claim.ref.id.s);
	start(p, rules);
	return 0;
}

/* ---- answers of resident handlers ------------------------------------ */

/* As if a program had exited with that status. */
static void
end_as(struct tq_place *p, int status, const char *why)
{
	tq_outcome_init(&p->end, TQ_ABSENT);
	decide(p, EXITED(status));
	if (why != NULL)
		set_why(p, why);
	/* an answer of success is one, whatever we did meanwhile */
	if (p->end.state != TQ_SUCCESS)
		apply_cause(p);
	p->state = TQ_PLACE_ENDED;
}

void
tq_place_hear(struct tq_place *p, const struct tq_place_rules *rules,
    size_t n, tq_time now)
{
	struct tq_answer a;
	struct tq_err e;

	switch (tq_feed_hear(&a, p, rules, n, now, &e)) {
	case TQ_HEARD_NOTHING:
		break;
	case TQ_HEARD_ANSWER:
		end_as(p, a.status, a.why);
		if (p->end.state == TQ_READY)
			break;
		p->end.out = a.out;
		p->end.err = a.err;
		break;
	case TQ_HEARD_GARBAGE:
		end_as(p, TQ_ANSWER_BAD, e.text);
		break;
	case TQ_HEARD_END:
		/* it is about to exit, and is given time to */
		if (p->cause == TQ_CAUSE_NONE)
			p->cause = TQ_CAUSE_MUTE;
		p->hard = lesser(p->hard, now + TQ_SECOND);
		break;
	}
}

/* Its resident handler has ended; there may be an answer of it. */
static void
resident_ended(struct tq_place *p, const struct tq_place_rules *rules,
    int wstatus)
{
	int unseen;

	p->at->pid = 0;
	if (p->at->out != -1)
		tq_place_hear(p, rules, (size_t)(p->at - p->resident),
		    tq_clock_boot());
	unseen = tq_feed_unseen(p);
	tq_resident_end(p->at);
	if (p->state == TQ_PLACE_ENDED)
		return;
	p->state = TQ_PLACE_ENDED;
	tq_outcome_init(&p->end, TQ_READY);
	if (unseen && (p->cause == TQ_CAUSE_NONE ||
	    p->cause == TQ_CAUSE_MUTE))
		return;
	decide(p, wstatus != 0 ? wstatus : EXITED(TQ_ANSWER_BAD));
	tq_feed_why(p, wstatus);
	apply_cause(p);
}

void
tq_place_ended(struct tq_place *p, const struct tq_place_rules *rules,
    int wstatus, const struct rusage *ru)
{
	struct tq_err e;

	if (p->at != NULL) {
		resident_ended(p, rules, wstatus);
		return;
	}
	tq_talk_last(&p->talk);
	tq_outcome_init(&p->end, TQ_ABSENT);
	if (wstatus == 0 && p->cause == TQ_CAUSE_NONE &&
	    p->talk.wish == TQ_WISH_REPLACE && p->talk.wrong[0] == '\0') {
		if (replace(p, rules, &e) == 0)
			return;
		snprintf(p->talk.wrong, sizeof(p->talk.wrong), "!replace: "
		    "%.200s", e.text);
	}
	decide(p, wstatus);
	apply_cause(p);
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
	p->state = TQ_PLACE_ENDED;
}

int
tq_place_settle(struct tq_place *p, const struct tq_place_rules *rules,
    int shared, struct tq_err *e)
{
	const char *id = p->claim.ref.id.s;
	struct tq_err own;

	if (tq_settle(rules->tq, &p->claim.ref, &p->end, 0, &own) == -1) {
		if (errno != ESTALE && errno != ENOENT)
			return tq_fail(e, errno, "%s: %s", id, own.text);
		tq_say(rules->say, TQ_SAY_WRONG, "%s: ended, but not ours "
		    "any more: %s", id, own.text);
	} else
		tq_say_ended(rules->say, &p->claim, &p->end);
	if (p->at == NULL &&
	    (tq_capture_reset(&p->capture, &p->end, shared, &own) == -1 ||
	    tq_talk_reset(&p->talk, shared, &own) == -1 ||
	    (shared && make_input(p, &own) == -1)))
		tq_say(rules->say, TQ_SAY_WRONG, "%s", own.text);
	if (shared)
		tq_leaf_leave(&p->leaf);
	p->state = TQ_PLACE_FREE;
	p->at = NULL;
	return 0;
}

void
tq_place_signal(struct tq_place *p, int sig, enum tq_place_cause cause,
    tq_time now)
{
	kill(-p->pid, sig);
	if (sig != SIGTERM && sig != SIGINT && sig != SIGQUIT)
		return;
	kill(-p->pid, SIGCONT);		/* a stopped one would not see it */
	p->cause = cause;
	p->soft = 0;
	/* a time limit has its own */
	if (cause != TQ_CAUSE_TIME)
		p->hard = lesser(p->hard, now + TQ_KILL_AFTER);
}

void
tq_place_kill(struct tq_place *p, enum tq_place_cause cause,
    const struct tq_place_rules *rules, const pid_t *mains, size_t nmains)
{
	char mark[TQ_ID_MAX + 32];
	struct tq_tree tree = { p->pid, mark, mains, nmains };
	int left;

	p->cause = cause;
	p->soft = p->hard = 0;
	if (p->at != NULL)
		tree.mark = p->at->mark;
	else
		make_mark(mark, sizeof(mark), p->claim.ref.id.s,
		    p->claim.ref.attempt);
	/* all at once: what forks faster than we look cannot run away */
	if (p->at == NULL)
		tq_leaf_kill(&p->leaf);
	if ((left = tq_tree_end(&tree)) > 0)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %d processes do not "
		    "end", p->claim.ref.id.s, left);
}
