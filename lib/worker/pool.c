/*
 * The places of a worker.
 *
 * A place is looked for from the lowest number up, so that the same few are
 * used while there is little to do, and numbers above the size after it
 * shrank are left as soon as their tasks end.
 */
#define _GNU_SOURCE		/* wait4(2), gettid(2) */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "feed.h"
#include "pool_own.h"

int
tq_pool_init(struct tq_pool *pool, const struct tq_place_rules *rules,
    unsigned size, uint64_t count, struct tq_err *e)
{
	char path[64];

	memset(pool, 0, sizeof(*pool));
	pool->rules = *rules;
	pool->left = count;
	tq_pool_resize(pool, size);
	pool->rules.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (pool->rules.null == -1)
		return tq_fail_sys(e, errno, "/dev/null");
	snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
	    (long)gettid());
	pool->children = open(path, O_RDONLY | O_CLOEXEC);
	return 0;
}

void
tq_pool_fini(struct tq_pool *pool)
{
	unsigned i;

	/* all of them before the first is waited for */
	for (i = 0; i < pool->made; i++)
		tq_feed_retire(pool->place[i], tq_clock_boot());
	while (pool->made > 0) {
		tq_place_close(pool->place[--pool->made], &pool->rules);
		free(pool->place[pool->made]);
	}
	close(pool->rules.null);
	if (pool->children != -1)
		close(pool->children);
}

void
tq_pool_resize(struct tq_pool *pool, unsigned size)
{
	if (size < 1)
		size = 1;
	pool->size = size < TQ_PLACES_MAX ? size : TQ_PLACES_MAX;
	for (size = pool->size; size < pool->made; size++)
		tq_feed_retire(pool->place[size], tq_clock_boot());
}

/*
 * 1 if processes of ended tasks may still be there: we have more children
 * than running tasks, idle resident handlers and hooks.  A list we cannot read
 * says "may be".
 */
static int
strays(const struct tq_pool *pool)
{
	char buf[4096];
	unsigned children = 0, running = 0, i;
	ssize_t n, k;

	if (pool->children == -1)
		return 1;
	if ((n = pread(pool->children, buf, sizeof(buf), 0)) == -1 ||
	    n == sizeof(buf))
		return 1;
	for (k = 0; k < n; k++)
		children += buf[k] == ' ';	/* one behind each pid */
	for (i = 0; i < pool->made; i++)
		running += (pool->place[i]->state == TQ_PLACE_RUNNING) +
		    tq_feed_idlers(pool->place[i]);
	if (pool->rules.hooks != NULL)
		running += pool->rules.hooks->nrunning;
	return children > running;
}

static void	 settled(struct tq_pool *, struct tq_place *);

void
tq_pool_settle(struct tq_pool *pool, struct tq_place *p)
{
	int shared = p->at == NULL && strays(pool);
	tq_time now = tq_clock_boot();

	if (now < p->again && !pool->broken)
		return;
	if (tq_place_settle(p, &pool->rules, shared, &pool->trouble) == -1) {
		p->again = now + TQ_SECOND;
		if (!pool->broken)
			return;
		tq_place_give_up(p, &pool->rules, shared);
	} else {
		pool->done += p->end.state == TQ_SUCCESS;
		pool->failed += p->end.state == TQ_FAILURE;
		tq_hooks_task(pool->rules.hooks, &p->claim, &p->end, now);
	}
	/* what comes behind it in the place is one that needs nothing */
	pool->wide -= p->weight - 1;
	p->weight = 1;
	settled(pool, p);
}

void
tq_pool_returned(struct tq_pool *pool, struct tq_place *p)
{
	pool->left += p->returned;
	p->returned = 0;
}

static struct tq_place *
find_pid(const struct tq_pool *pool, pid_t pid)
{
	unsigned i;

	for (i = 0; i < pool->made; i++)
		if (pool->place[i]->state == TQ_PLACE_RUNNING &&
		    pool->place[i]->pid == pid)
			return pool->place[i];
	return NULL;
}

/* KILL all processes of a running task. */
static void
kill_tree(struct tq_pool *pool, struct tq_place *p, enum tq_place_cause cause)
{
	pid_t mains[TQ_PLACES_MAX];
	size_t n = 0;
	unsigned i;

	for (i = 0; i < pool->made; i++)
		if (pool->place[i]->state == TQ_PLACE_RUNNING)
			mains[n++] = pool->place[i]->pid;
	pool->ending += p->cause == TQ_CAUSE_NONE;
	tq_place_kill(p, cause, &pool->rules, mains, n);
}

/*
 * The next child that has ended, or 0.  A task that we ended is left a zombie
 * until the rest of it has gone too: after that its pid may be another's.
 */
static pid_t
next_end(struct tq_pool *pool, int *wstatus, struct rusage *ru)
{
	struct tq_place *p;
	siginfo_t si;
	pid_t pid = -1;

	if (pool->ending > 0) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == -1 ||
		    si.si_pid == 0)
			return 0;
		pid = si.si_pid;
		p = find_pid(pool, pid);
		if (p != NULL && p->cause != TQ_CAUSE_NONE)
			kill_tree(pool, p, p->cause);
	}
	pid = wait4(pid, wstatus, WNOHANG, ru);
	return pid > 0 ? pid : 0;
}

/*
 * Take what resident handler n of a place has to say, line by line; 0: it was
 * nothing.
 */
static int
hear(struct tq_pool *pool, struct tq_place *p, size_t n, tq_time now)
{
	enum tq_place_cause before;
	int rv;

	do {
		before = p->cause;
		rv = tq_place_hear(p, &pool->rules, n, now);
		if (p->state == TQ_PLACE_ENDED) {
			pool->ending -= before != TQ_CAUSE_NONE;
			tq_pool_settle(pool, p);
		} else
			pool->ending += before == TQ_CAUSE_NONE &&
			    p->cause != TQ_CAUSE_NONE;
	} while (p->at == &p->resident[n] && tq_place_has_more(p));
	return rv;
}

void
tq_pool_hear(struct tq_pool *pool, uint64_t data, tq_time now)
{
	uint64_t n = data - pool->rules.key, i = n / TQ_USES_MAX;
	struct tq_place *p = i < pool->made ? pool->place[i] : NULL;

	if (p != NULL && n % TQ_USES_MAX < p->nresident)
		(void)hear(pool, p, (size_t)(n % TQ_USES_MAX), now);
}

void
tq_pool_listen(struct tq_pool *pool, uint64_t data, tq_time now)
{
	uint64_t i = data - pool->rules.talk_key;

	if (i < pool->made)
		tq_place_listen(pool->place[i], &pool->rules, now);
}

/* The end of a process that is no task's. */
static void
reap_other(struct tq_pool *pool, pid_t pid, int wstatus)
{
	unsigned i;

	if (tq_hooks_reaped(pool->rules.hooks, pid, wstatus,
	    tq_clock_boot()))
		return;
	for (i = 0; i < pool->made; i++)
		if (tq_feed_reaped(pool->place[i], &pool->rules, pid,
		    wstatus))
			return;
	/* else it was adopted from a task */
}

/*
 * The process of a resident handler has ended: what it had answered before is
 * heard first.  1 if it leaves a task behind.
 */
static int
hear_last(struct tq_pool *pool, struct tq_place *p)
{
	struct tq_resident *r = p->at;
	size_t n = (size_t)(r - p->resident);

	r->pid = 0;
	/* until there is no more of it, or nothing is asked any more */
	while (p->at == r && r->out != -1 && p->state == TQ_PLACE_RUNNING &&
	    hear(pool, p, n, tq_clock_boot()))
		continue;
	if (p->at == r && p->state == TQ_PLACE_RUNNING)
		return 1;
	tq_resident_end(r);
	return 0;
}

void
tq_pool_reap(struct tq_pool *pool)
{
	struct tq_place *p;
	struct rusage ru;
	int wstatus;
	pid_t pid;

	while ((pid = next_end(pool, &wstatus, &ru)) != 0) {
		if ((p = find_pid(pool, pid)) == NULL) {
			reap_other(pool, pid, wstatus);
			continue;
		}
		if (p->at != NULL && !hear_last(pool, p))
			continue;
		pool->ending -= p->cause != TQ_CAUSE_NONE;
		tq_place_ended(p, &pool->rules, wstatus, &ru);
		if (p->state == TQ_PLACE_ENDED)
			tq_pool_settle(pool, p);
	}
}

static void
signal_place(struct tq_pool *pool, struct tq_place *p, int sig,
    enum tq_place_cause cause, tq_time now)
{
	int before = p->cause != TQ_CAUSE_NONE;

	tq_place_signal(p, sig, cause, now);
	pool->ending += !before && p->cause != TQ_CAUSE_NONE;
}

/* The task of a place is settled: the next one of its handler, or none. */
static void
settled(struct tq_pool *pool, struct tq_place *p)
{
	tq_time now = tq_clock_boot();

	if (tq_place_next(p, &pool->rules)) {
		if (p->sig == SIGKILL)
			kill_tree(pool, p, TQ_CAUSE_KILL);
		else if (p->sig > 0)
			signal_place(pool, p, p->sig, TQ_CAUSE_KILL, now);
		return;
	}
	tq_pool_returned(pool, p);
	pool->busy--;
	if (p->number > pool->size)
		tq_feed_retire(p, now);
}

/* A place that has something left over from before. */
static tq_time
mend(struct tq_pool *pool, struct tq_place *p, tq_time now)
{
	if (p->state == TQ_PLACE_ENDED) {
		tq_pool_settle(pool, p);
		if (p->state == TQ_PLACE_ENDED)
			return p->again;
		/* what it answered meanwhile */
		if (p->at != NULL && tq_place_has_more(p))
			(void)hear(pool, p, (size_t)(p->at - p->resident),
			    now);
	}
	if (p->state == TQ_PLACE_FREE && p->nahead > 0) {
		tq_feed_hand_back(p, &pool->rules);
		tq_pool_returned(pool, p);
		return p->nahead > 0 ? now + TQ_SECOND : TQ_FOREVER;
	}
	return TQ_FOREVER;
}

static tq_time
tick(struct tq_pool *pool, struct tq_place *p, tq_time now)
{
	if (p->soft != 0 && now >= p->soft)
		signal_place(pool, p, SIGTERM, TQ_CAUSE_TIME, now);
	if (p->hard != 0 && now >= p->hard)
		kill_tree(pool, p, p->cause != TQ_CAUSE_NONE ? p->cause :
		    TQ_CAUSE_TIME);
	if (p->soft != 0)
		return p->soft;
	return p->hard != 0 ? p->hard : TQ_FOREVER;
}

tq_time
tq_pool_tick(struct tq_pool *pool, tq_time now)
{
	struct tq_place *p;
	tq_time next = TQ_FOREVER, due;
	unsigned i;

	for (i = 0; i < pool->made; i++) {
		p = pool->place[i];
		due = tq_feed_tick(p, now);
		if (due < next)
			next = due;
		due = tq_place_tell(p, &pool->rules, now);
		if (due < next)
			next = due;
		due = p->state == TQ_PLACE_RUNNING ? tick(pool, p, now) :
		    mend(pool, p, now);
		if (due < next)
			next = due;
	}
	due = tq_hooks_tick(pool->rules.hooks, now);
	return due < next ? due : next;
}

void
tq_pool_renew(struct tq_pool *pool, tq_time now)
{
	unsigned i;

	for (i = 0; i < pool->made; i++) {
		if (pool->place[i]->at != NULL)
			pool->place[i]->at->worn = 1;
		tq_feed_retire(pool->place[i], now);
	}
}

void
tq_pool_trim(struct tq_pool *pool)
{
	struct tq_place *p;
	unsigned i;

	for (i = 0; i < pool->made; i++) {
		p = pool->place[i];
		if (p->state == TQ_PLACE_RUNNING && p->at == NULL)
			tq_capture_trim(&p->capture,
			    p->plan.proc.limits.v[TQ_LIMIT_OUT]);
	}
}

void
tq_pool_term(struct tq_pool *pool, tq_time now)
{
	unsigned i;

	pool->broken = 1;
	for (i = 0; i < pool->made; i++)
		if (pool->place[i]->state == TQ_PLACE_RUNNING)
			signal_place(pool, pool->place[i], SIGTERM,
			    TQ_CAUSE_BACK, now);
}

void
tq_pool_kill(struct tq_pool *pool)
{
	unsigned i;

	pool->broken = 1;
	for (i = 0; i < pool->made; i++)
		if (pool->place[i]->state == TQ_PLACE_RUNNING)
			kill_tree(pool, pool->place[i], TQ_CAUSE_BACK);
}

int
tq_pool_signal(struct tq_pool *pool, const char *id, int sig, tq_time now)
{
	struct tq_place *p;
	unsigned i;

	for (i = 0; i < pool->made; i++) {
		p = pool->place[i];
		if (p->state != TQ_PLACE_RUNNING)
			continue;
		if (tq_feed_signal(p, id, sig))
			return 0;
		if (strcmp(p->claim.ref.id.s, id) != 0)
			continue;
		if (sig == SIGKILL)
			kill_tree(pool, p, TQ_CAUSE_KILL);
		else
			signal_place(pool, p, sig, TQ_CAUSE_KILL, now);
		return 0;
	}
	errno = ENOENT;
	return -1;
}
