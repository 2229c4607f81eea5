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
#include "ending.h"
#include "feed.h"
#include "mark.h"
#include "place.h"
#include "proc.h"
#include "replace.h"
#include "tree.h"

/* The exception of a name without a handler, see tq_handlers_find(). */
#define NOT_REGISTERED	"NotRegistered"

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
	tq_ending_decide(p, TQ_EXITED(status));
	tq_ending_why(p, why->text);
	if (strncmp(why->text, NOT_REGISTERED, sizeof(NOT_REGISTERED) - 1) ==
	    0)
		p->end.type = NOT_REGISTERED;
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
		.offers = rules->offers,
		.status = p->talk.out,
		.now = tq_clock_wall(),
	};
	const struct tq_use *use;
	struct tq_err e;
	int status;

	use = tq_uses_find(rules->plan.uses, &p->claim.task);
	tq_arena_reset(&p->mem);
	if (use != NULL && use->resident) {
		p->plan.retries = rules->plan.retries;
		if (tq_feed_start(p, rules, use, &status, &e) == -1) {
			refuse(p, rules, status, &e);
			return;
		}
		p->plan.conf = p->at->conf;
		if (p->plan.conf.retries >= 0)
			p->plan.retries = p->plan.conf.retries;
		p->sig = 0;
		tq_plan_time(&p->plan, &p->claim.task, &rules->plan);
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

/*
 * The last attempt lost its worker: its first process died with it, but what
 * that had started may still be there and must not meet the next attempt.
 */
static void
end_remains(struct tq_place *p, const struct tq_place_rules *rules)
{
	const struct tq_ref *ref = &p->claim.ref;
	char mark[TQ_MARK_SIZE];
	int left;

	tq_mark_make(mark, rules->plan.site, &p->claim, ref->attempt - 1);
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
	p->weight = tq_offers_weight(&p->claim.task);
	if (rules->offers != NULL)
		tq_offers_give(rules->offers, p->number, &p->claim.task);
	if (p->claim.crashes > 0)
		end_remains(p, rules);
	tq_arena_reset(&p->other);
	p->replaced = 0;
	start(p, rules);
	return 1;
}

/* ---- what the task says ---------------------------------------------- */

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
	if (p->state != TQ_PLACE_RUNNING)
		return TQ_FOREVER;
	return tq_talk_tick(&p->talk, rules->tq, &p->claim, now);
}

/* ---- its end --------------------------------------------------------- */

int
tq_place_hear(struct tq_place *p, const struct tq_place_rules *rules,
    size_t n, tq_time now)
{
	struct tq_answer a;
	struct tq_err e;

	switch (tq_feed_hear(&a, p, rules, n, now, &e)) {
	case TQ_HEARD_NOTHING:
		return 0;
	case TQ_HEARD_REPORT:
		tq_talk_say(&p->talk, &a.report);
		(void)tq_place_tell(p, rules, now);
		break;
	case TQ_HEARD_ANSWER:
		tq_ending_answer(p, rules, &a);
		break;
	case TQ_HEARD_GARBAGE:
		tq_ending_status(p, TQ_ANSWER_BAD, e.text);
		break;
	case TQ_HEARD_TWICE:
		/* its own answer is not to be had any more */
		tq_outcome_init(&p->end, TQ_READY);
		p->state = TQ_PLACE_ENDED;
		break;
	case TQ_HEARD_END:
		/* it is about to exit, and is given time to */
		if (p->cause == TQ_CAUSE_NONE)
			p->cause = TQ_CAUSE_MUTE;
		p->hard = lesser(p->hard, now + TQ_SECOND);
		break;
	}
	return 1;
}

int
tq_place_has_more(const struct tq_place *p)
{
	return p->state == TQ_PLACE_RUNNING && tq_feed_has_more(p);
}

/*
 * Its resident handler has ended, and all that it answered before is heard but
 * perhaps the task at hand.
 */
static void
resident_ended(struct tq_place *p, int wstatus)
{
	const char *oom;
	char why[64];
	int unseen;

	unseen = tq_feed_unseen(p);
	tq_resident_end(p->at);
	if (unseen && (p->cause == TQ_CAUSE_NONE ||
	    p->cause == TQ_CAUSE_MUTE)) {
		tq_outcome_init(&p->end, TQ_READY);
		p->state = TQ_PLACE_ENDED;
		return;
	}
	tq_outcome_init(&p->end, TQ_ABSENT);
	tq_ending_decide(p, wstatus != 0 ? wstatus :
	    TQ_EXITED(TQ_ANSWER_BAD));
	tq_feed_why(why, sizeof(why), wstatus);
	tq_ending_why(p, why);
	tq_ending_cause(p);
	oom = tq_leaf_why(&p->at->leaf);
	/* its output closes with it, and may be seen to before it is reaped */
	if (oom != NULL && p->end.signal == SIGKILL &&
	    (p->cause == TQ_CAUSE_NONE || p->cause == TQ_CAUSE_MUTE))
		tq_ending_why(p, oom);
	p->state = TQ_PLACE_ENDED;
}

/* Start what the task named in its place; 0, or -1. */
static int
replace(struct tq_place *p, const struct tq_place_rules *rules,
    struct tq_err *e)
{
	const struct tq_outcome written = { .out.n = 1, .err.n = 1 };
	const struct tq_buf *text = &p->talk.text;

	if (tq_replace_task(p, rules, (const char *)text->p, text->n - 1,
	    e) == -1)
		return -1;
	/* what it started may still write */
	if (tq_capture_reset(&p->capture, &written, 1, e) == -1 ||
	    tq_talk_reset(&p->talk, 1, e) == -1 || make_input(p, e) == -1)
		return -1;
	tq_say(rules->say, TQ_SAY_STEP, "%s: replaced", p->claim.ref.id.s);
	start(p, rules);
	return 0;
}

void
tq_place_ended(struct tq_place *p, const struct tq_place_rules *rules,
    int wstatus, const struct rusage *ru)
{
	struct tq_err e;

	if (p->at != NULL) {
		resident_ended(p, wstatus);
		return;
	}
	tq_talk_last(&p->talk);
	if (wstatus == 0 && p->cause == TQ_CAUSE_NONE &&
	    p->talk.wish == TQ_WISH_REPLACE && p->talk.wrong[0] == '\0') {
		if (replace(p, rules, &e) == 0)
			return;
		snprintf(p->talk.wrong, sizeof(p->talk.wrong), "!replace: "
		    "%.200s", e.text);
	}
	tq_ending_program(p, rules, wstatus, ru);
}

/* Its task is none of ours any more. */
static void
set_free(struct tq_place *p, const struct tq_place_rules *rules, int shared)
{
	struct tq_err e;

	if (p->at == NULL &&
	    (tq_capture_reset(&p->capture, &p->end, shared, &e) == -1 ||
	    tq_talk_reset(&p->talk, shared, &e) == -1 ||
	    (shared && make_input(p, &e) == -1)))
		tq_say(rules->say, TQ_SAY_WRONG, "%s", e.text);
	if (shared)
		tq_leaf_leave(&p->leaf);
	p->talk.untold = 0;
	p->state = TQ_PLACE_FREE;
	p->again = 0;
	if (rules->offers != NULL)
		tq_offers_return(rules->offers, p->number);
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
		if (p->cause == TQ_CAUSE_KILL)	/* who revokes has it killed */
			tq_say(rules->say, TQ_SAY_NOTE, "%s: revoked", id);
		else
			tq_say(rules->say, TQ_SAY_WRONG, "%s: ended, but not "
			    "ours any more: %s", id, own.text);
	} else
		tq_say_ended(rules->say, &p->claim, &p->end);
	set_free(p, rules, shared);
	return 0;
}

void
tq_place_give_up(struct tq_place *p, const struct tq_place_rules *rules,
    int shared)
{
	tq_say(rules->say, TQ_SAY_WRONG, "%s: ended (%s), which cannot be "
	    "recorded: it will run again", p->claim.ref.id.s,
	    tq_state_name(p->end.state));
	set_free(p, rules, shared);
}

int
tq_place_next(struct tq_place *p, const struct tq_place_rules *rules)
{
	if (!tq_feed_next(p)) {
		tq_feed_hand_back(p, rules);
		return 0;
	}
	tq_arena_reset(&p->mem);
	tq_plan_time(&p->plan, &p->claim.task, &rules->plan);
	set_running(p, rules,
	    rules->plan.uses->use[p->at - p->resident].path);
	return 1;
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
	char mark[TQ_MARK_SIZE];
	struct tq_tree tree = { p->pid, mark, mains, nmains };
	int left;

	p->cause = cause;
	p->soft = p->hard = 0;
	if (p->at != NULL)
		tree.mark = p->at->mark;
	else
		tq_mark_make(mark, rules->plan.site, &p->claim,
		    p->claim.ref.attempt);
	/* all at once: what forks faster than we look cannot run away */
	tq_leaf_kill(p->at != NULL ? &p->at->leaf : &p->leaf);
	if ((left = tq_tree_end(&tree)) > 0)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %d processes do not "
		    "end", p->claim.ref.id.s, left);
}
