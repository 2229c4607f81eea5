#define _GNU_SOURCE		/* memfd_create(2) */

/*
 * Run one command for one claimed task and wait for it.
 *
 * The signals we wait for are blocked from before the start until after the
 * end, so none is missed and no handler is needed.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/io.h"
#include "client/route.h"
#include "env.h"
#include "foreground.h"
#include "mark.h"
#include "operand.h"
#include "outcome.h"
#include "proc.h"
#include "tree.h"

extern char **environ;

#define HARD_AGAIN	(100 * TQ_MS)	/* between KILLs of a tree */

/* The command with the task's operands behind it, NULL-terminated. */
static const char *const *
make_argv(struct tq_arena *mem, const struct tq_foreground *f,
    const struct tq_task *t, struct tq_err *e)
{
	static const char *const shell[] = { "sh", "-c" };
	size_t n = 0;
	const char **v;
	int i;

	v = tq_arena_alloc(mem, ((size_t)f->argc + (size_t)t->argc + 4) *
	    sizeof(*v));
	if (v == NULL) {
		tq_fail_sys(e, ENOMEM, "%s", f->argv[0]);
		return NULL;
	}
	for (i = 0; i < f->argc; i++)
		v[n++] = f->argv[i];
	if (t->kind == TQ_KIND_SHELL) {
		v[n++] = shell[0];
		v[n++] = shell[1];
	}
	for (i = 0; i < t->argc; i++) {
		v[n++] = t->argv[i];
		/* $0 of the string; what follows is $1, $2, ... */
		if (i == 0 && t->kind == TQ_KIND_SHELL && t->argc > 1)
			v[n++] = shell[0];
	}
	v[n] = NULL;
	return v;
}

static const char *const *
make_env(struct tq_arena *mem, struct tq *tq, const struct tq_claim *c,
    char mark[TQ_MARK_SIZE], struct tq_err *e)
{
	char site[TQ_SITE_SIZE];
	const struct tq_env_facts facts = {
		.claim = c,
		.url = tq_route_url(tq),
		.dir = tq_spool_dir(tq),
		.site = site,
		.retries = c->task.retries > 0 ? c->task.retries : 0,
	};
	const char *const *v;
	struct tq_env env;

	tq_mark_site(site, facts.dir, tq_url(tq));
	tq_mark_make(mark, site, c, c->ref.attempt);
	tq_env_init(&env, mem);
	tq_env_add_facts(&env, &facts);
	tq_env_add_trusted(&env, (const char *const *)environ);
	v = tq_env_take(&env);
	if (v == NULL)
		tq_fail_sys(e, ENOMEM, "environment");
	return v;
}

/* A descriptor with the body at offset 0; *ours if it is to be closed. */
static int
open_input(const struct tq_task *t, int *ours, struct tq_err *e)
{
	int fd;

	*ours = t->body_fd == -1;
	if (t->body_fd != -1) {
		if (lseek(t->body_fd, 0, SEEK_SET) == -1)
			return tq_fail_sys(e, errno, "body");
		return t->body_fd;
	}
	if (t->body.n == 0)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else
		fd = memfd_create("tq-stdin", MFD_CLOEXEC);
	if (fd == -1)
		return tq_fail_sys(e, errno, "stdin");
	if (t->body.n > 0 && (tq_io_write(fd, t->body.p, t->body.n) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)) {
		tq_fail_sys(e, errno, "stdin");
		close(fd);
		return -1;
	}
	return fd;
}

static tq_time
shorter(tq_time a, tq_time b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What the waiting knows. */
struct watch {
	struct tq_tree	 tree;
	tq_time		 soft, hard;	/* due, monotonic; TQ_FOREVER: no more */
	int		 sig;		/* the first one passed on */
	int		 status;	/* as from waitpid(2) */
	struct rusage	 used;
};

/* Reap what has ended; 1 when the command is among it. */
static int
reap(struct watch *w)
{
	struct rusage used;
	int status, ended = 0;
	pid_t pid;

	/* as a subreaper we also get what the command left behind */
	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
		if (pid == w->tree.root) {
			w->status = status;
			w->used = used;
			ended = 1;
		}
	return ended;
}

static void
pass_on(struct watch *w, int sig)
{
	if (w->sig != 0) {
		tq_tree_end(&w->tree);
		return;
	}
	w->sig = sig;
	tq_tree_signal(&w->tree, sig);
}

static void
limits(struct watch *w, tq_time now)
{
	if (now >= w->hard) {
		tq_tree_end(&w->tree);
		w->hard = now + HARD_AGAIN;
	} else if (now >= w->soft) {
		tq_tree_signal(&w->tree, SIGTERM);
		w->soft = TQ_FOREVER;
	}
}

static void
watch(struct watch *w, const sigset_t *set, struct tq *tq)
{
	tq_time now, due, alive;
	struct timespec ts;
	int sig;

	while (!reap(w)) {
		now = tq_clock_mono();
		limits(w, now);
		due = w->soft < w->hard ? w->soft : w->hard;
		due = due == TQ_FOREVER ? 3600 * TQ_SECOND : due - now;
		/* the claim must not pass while the command runs */
		if ((alive = tq_alive(tq)) < due)
			due = alive;
		tq_clock_timespec(&ts, due > 0 ? due : 0);
		sig = sigtimedwait(set, NULL, &ts);
		if (sig > 0 && sig != SIGCHLD)
			pass_on(w, sig);
	}
}

static tq_time
from_timeval(const struct timeval *tv)
{
	return tv->tv_sec * TQ_SECOND + tv->tv_usec * (TQ_SECOND / 1000000);
}

/* How it ended, by the rules for every handler. */
static void
decide(struct tq_outcome *out, const struct watch *w,
    const struct tq_claim *c)
{
	struct tq_policy policy;
	uint64_t rnd;

	if (w->sig != 0) {
		tq_outcome_init(out, TQ_READY);
		return;
	}
	tq_policy_of(&policy, c, 0);
	tq_random(&rnd, sizeof(rnd));
	tq_outcome_init(out, TQ_SUCCESS);
	tq_outcome_decide(out, w->status, &policy, rnd, tq_clock_wall());
	out->user = from_timeval(&w->used.ru_utime);
	out->sys = from_timeval(&w->used.ru_stime);
	out->maxrss = (int64_t)w->used.ru_maxrss * 1024;
}

static int
run(struct tq_outcome *out, int *sig, const struct tq_proc *p,
    const char *mark, struct tq *tq, const struct tq_claim *c,
    const struct tq_foreground *f, struct tq_err *e)
{
	tq_time soft = shorter(f->soft, c->task.soft);
	tq_time hard = shorter(f->hard, c->task.hard), now;
	struct watch w = { .tree.mark = mark };
	sigset_t set, old;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	/* so that limits find processes whose parents are gone */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (tq_proc_start(&w.tree.root, p, &status, e) == -1) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		return -1;
	}
	w.tree.mains = &w.tree.root;
	w.tree.nmains = 1;
	now = tq_clock_mono();
	w.soft = soft != 0 ? tq_clock_deadline(now, soft) : TQ_FOREVER;
	w.hard = hard != 0 ? tq_clock_deadline(now, hard) : TQ_FOREVER;
	watch(&w, &set, tq);
	decide(out, &w, c);
	*sig = w.sig;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return 0;
}

int
tq_foreground_run(struct tq_outcome *out, int *sig, struct tq *tq,
    const struct tq_claim *c, const struct tq_foreground *f,
    struct tq_err *e)
{
	struct tq_proc p = {
		.umask = -1, .fd = { -1, STDOUT_FILENO, STDERR_FILENO },
	};
	char mark[TQ_MARK_SIZE];
	struct tq_task plain;
	struct tq_arena mem;
	int rv = -1, ours = 0;

	*sig = 0;
	tq_arena_init(&mem);
	if (tq_operands_plain(&plain, &mem, &c->task, e) == -1)
		goto out;
	if (plain.limits != NULL &&
	    tq_limits_parse(&p.limits, plain.limits, e) == -1)
		goto out;
	if ((p.argv = make_argv(&mem, f, &plain, e)) == NULL)
		goto out;
	p.file = p.argv[0];
	if ((p.env = make_env(&mem, tq, c, mark, e)) == NULL)
		goto out;
	if ((p.fd[0] = open_input(&c->task, &ours, e)) == -1)
		goto out;
	rv = run(out, sig, &p, mark, tq, c, f, e);
out:
	if (ours && p.fd[0] != -1)
		close(p.fd[0]);
	tq_arena_fini(&mem);
	return rv;
}
