/*
 * From a claimed task to the process to start.
 *
 *	task				runs
 *	command, sh -c string		if put here (TQ_TASK_LOCAL), not with -X
 *	  by the worker's own uid	as its submitter: directory, umask, env
 *	  by another uid		as a named task does
 *	named				its -u program or its handler, in the
 *					worker's directory with umask 077 and a
 *					scrubbed env
 *	body only			never: it has no command
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "capture.h"
#include "env.h"
#include "operand.h"
#include "plan.h"
#include "tell.h"

/* 1 if its submitter is the user who runs the worker. */
static int
is_own(const struct tq_task *t)
{
	return t->kind != TQ_KIND_NAMED && (t->flags & TQ_TASK_LOCAL) != 0 &&
	    t->uid == (int64_t)geteuid();
}

/* What must be refused whatever its operands are. */
static int
check_kind(const struct tq_task *t, const struct tq_plan_rules *rules,
    struct tq_err *e)
{
	if (t->kind == TQ_KIND_NAMED)
		return 0;
	if (t->kind == TQ_KIND_BODY || t->argc < 1)
		return tq_fail(e, EINVAL, "no command to run");
	if (rules->named_only)
		return tq_fail(e, EPERM, "only named tasks run here");
	if ((t->flags & TQ_TASK_LOCAL) == 0 && !rules->commands)
		return tq_fail(e, EPERM, "commands of a remote broker do not "
		    "run here");
	return 0;
}

/* Words before the operands, the operands, NULL. */
static int
make_argv(struct tq_proc *out, struct tq_arena *mem, const char *const *first,
    size_t n, const struct tq_task *t, int skip, struct tq_err *e)
{
	size_t rest = (size_t)(t->argc - skip);
	const char **argv;

	argv = tq_arena_alloc(mem, (n + rest + 1) * sizeof(*argv));
	if (argv == NULL)
		return tq_fail_sys(e, ENOMEM, "operands");
	if (n > 0)
		memcpy(argv, first, n * sizeof(*argv));
	if (rest > 0)
		memcpy(argv + n, t->argv + skip, rest * sizeof(*argv));
	argv[n + rest] = NULL;
	out->argv = argv;
	return 0;
}

/* The path of the program of a named task. */
static int
find_program(char path[PATH_MAX], const struct tq_plan_rules *rules,
    const struct tq_task *t, struct tq_err *e)
{
	const struct tq_use *use = tq_uses_find(rules->uses, t);

	if (use == NULL)
		return tq_handlers_find(path, rules->handlers, t->name, e);
	strlcpy(path, use->path, PATH_MAX);
	return tq_handler_check(path, e);
}

int
tq_plan_has(const void *rules, const struct tq_task *t)
{
	char path[PATH_MAX];

	return t->kind != TQ_KIND_NAMED ||
	    find_program(path, rules, t, NULL) == 0 || errno != ENOENT;
}

/*
 * What of the operands a handler is given; who reads them in the task itself
 * may get more than execve(2) takes, and what no program can be given.
 */
static int
plan_operands(const struct tq_plan *plan, struct tq_arena *mem,
    struct tq_task *t, struct tq_err *e)
{
	const struct tq_task in = *t;

	if (plan->conf.operands)
		return tq_operands_plain(t, mem, &in, e);
	t->argc = t->kwc = 0;
	return 0;
}

/*
 * A named task: its handler, with the settings that stand beside it.  t is
 * left as the handler sees it.
 */
static int
plan_handler(struct tq_plan *out, struct tq_arena *mem,
    struct tq_task *t, const struct tq_plan_rules *rules, int *status,
    struct tq_err *e)
{
	const char *first[2] = { NULL, "--" };
	char path[PATH_MAX];

	if (find_program(path, rules, t, e) == -1) {
		*status = errno == ENOENT ? 127 : 126;
		return -1;
	}
	if (tq_conf_read(&out->conf, mem, path, e) == -1 ||
	    plan_operands(out, mem, t, e) == -1)
		return -1;
	if ((first[0] = tq_arena_copy(mem, path, strlen(path))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", t->name);
	out->proc.file = first[0];
	return make_argv(&out->proc, mem, first,
	    out->conf.dashdash ? 2 : 1, t, 0, e);
}

static int
plan_words(struct tq_plan *plan, struct tq_arena *mem,
    struct tq_task *t, const struct tq_plan_rules *rules, int *status,
    struct tq_err *e)
{
	const char *shell[4] = { "sh", "-c", NULL, "sh" };
	struct tq_proc *out = &plan->proc;

	switch (t->kind) {
	case TQ_KIND_SHELL:
		out->file = "/bin/sh";
		shell[2] = t->argv[0];
		return make_argv(out, mem, shell, 4, t, 1, e);
	case TQ_KIND_NAMED:
		return plan_handler(plan, mem, t, rules, status, e);
	default:
		out->file = t->argv[0];
		return make_argv(out, mem, NULL, 0, t, 0, e);
	}
}

/* The strictest of what the worker, the handler and the task say. */
static int
plan_limits(struct tq_plan *out, const struct tq_task *t,
    const struct tq_plan_rules *rules, struct tq_err *e)
{
	struct tq_limits l = { .v = { 0 } };

	if (t->limits != NULL && tq_limits_parse(&l, t->limits, e) == -1)
		return -1;
	out->proc.limits = rules->limits;
	if (out->proc.limits.v[TQ_LIMIT_OUT] == 0)
		out->proc.limits.v[TQ_LIMIT_OUT] = TQ_CAPTURE_MAX;
	tq_limits_narrow(&out->proc.limits, &out->conf.limits);
	tq_limits_narrow(&out->proc.limits, &l);
	return 0;
}

/* The smaller of two lengths of time of which 0 is none. */
static tq_time
lesser(tq_time a, tq_time b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

void
tq_plan_time(struct tq_plan *out, const struct tq_task *t,
    const struct tq_plan_rules *rules)
{
	const struct tq_remote_times *set = tq_remote_limits(rules->remote,
	    t->name);
	tq_time soft = set != NULL ? set->soft : out->conf.soft;
	tq_time hard = set != NULL ? set->hard : out->conf.hard;

	out->soft = lesser(lesser(t->soft, soft), rules->soft);
	out->hard = lesser(lesser(t->hard, hard), rules->hard);
	if (out->soft != 0 && out->hard == 0)
		out->hard = tq_clock_deadline(out->soft, TQ_KILL_AFTER);
}

/* Let fd hold exactly n bytes and stand at its beginning. */
static int
fill(int fd, const void *p, size_t n, struct tq_err *e)
{
	if (ftruncate(fd, 0) == -1 || tq_io_pwrite(fd, p, n, 0) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)
		return tq_fail_sys(e, errno, "input of %zu bytes", n);
	return 0;
}

/* The task as JSON into the place's file; its body is on stdin, not there. */
static int
write_json(const struct tq_claim *c, int fd, struct tq_err *e)
{
	struct tq_buf buf;
	int rv;

	tq_buf_init(&buf);
	tq_tell_task(&buf, c, NULL, NULL);
	rv = tq_buf_ok(&buf) ? fill(fd, buf.p, buf.n, e) :
	    tq_fail_sys(e, buf.err, "task as JSON");
	tq_buf_fini(&buf);
	return rv;
}

/* What it reads: its body; else, for a handler, itself; else nothing. */
static int
plan_input(struct tq_plan *plan, const struct tq_claim *c,
    const struct tq_plan_place *place, struct tq_err *e)
{
	const struct tq_task *t = &c->task;
	struct tq_proc *out = &plan->proc;

	if (t->kind == TQ_KIND_NAMED && write_json(c, place->json, e) == -1)
		return -1;
	if (t->body_fd != -1) {
		if (lseek(t->body_fd, 0, SEEK_SET) == -1)
			return tq_fail_sys(e, errno, "body");
		out->fd[0] = t->body_fd;
	} else if (t->body.n > 0) {
		if (fill(place->input, t->body.p, t->body.n, e) == -1)
			return -1;
		out->fd[0] = place->input;
	} else if (t->kind == TQ_KIND_NAMED)
		out->fd[0] = place->json;
	else
		out->fd[0] = place->null;
	out->fd[1] = plan->conf.result == TQ_RESULT_NONE ? place->null :
	    place->output[0];
	out->fd[2] = place->output[1];
	out->extra = place->status;
	return 0;
}

/* How often a failure is tried again: the first that says so. */
static int
plan_retries(const struct tq_plan *out, const struct tq_task *t,
    const struct tq_plan_rules *rules)
{
	if (t->retries >= 0)
		return t->retries;
	return out->conf.retries >= 0 ? out->conf.retries : rules->retries;
}

/* When a time limit will end it, 0: none will. */
static tq_time
deadline(const struct tq_plan *plan, tq_time now)
{
	tq_time length = plan->soft != 0 ? plan->soft : plan->hard;

	return length == 0 ? 0 : tq_clock_deadline(now, length);
}

static int
plan_env(struct tq_plan *out, struct tq_arena *mem, const struct tq_claim *c,
    const struct tq_plan_rules *rules, const struct tq_plan_place *place,
    struct tq_err *e)
{
	struct tq_env_facts facts = {
		.claim = c,
		.url = rules->url,
		.results = rules->results,
		.dir = rules->dir,
		.site = rules->site,
		.place = place->number,
		.offers = place->offers,
		.retries = out->retries,
		.deadline = deadline(out, place->now),
		.status_fd = place->status > 0 ? 3 : 0,
	};
	const struct tq_task *t = &c->task;
	struct tq_env env;
	char file[64];

	if (t->kind == TQ_KIND_NAMED) {
		/* ours: the task may be a shell that opens it by itself */
		snprintf(file, sizeof(file), "/proc/%ld/fd/%d",
		    (long)getpid(), place->json);
		facts.task_file = file;
	}
	tq_env_init(&env, mem);
	tq_env_add_facts(&env, &facts);
	tq_env_add_trusted(&env, out->conf.env);
	if (is_own(t))
		tq_env_add_trusted(&env, t->env);
	else
		out->dropped = tq_env_add_scrubbed(&env, rules->env, t->env);
	if ((out->proc.env = tq_env_take(&env)) == NULL)
		return tq_fail_sys(e, errno, "environment");
	return 0;
}

int
tq_plan_make(struct tq_plan *out, struct tq_arena *mem,
    const struct tq_claim *c, const struct tq_plan_rules *rules,
    const struct tq_plan_place *place, int *status, struct tq_err *e)
{
	struct tq_claim view = *c;

	out->dropped = 0;
	tq_conf_init(&out->conf);
	out->retries = plan_retries(out, &c->task, rules);
	*status = 126;
	if (check_kind(&c->task, rules, e) == -1 ||
	    (c->task.kind != TQ_KIND_NAMED && tq_operands_plain(&view.task,
	    mem, &c->task, e) == -1) ||
	    plan_words(out, mem, &view.task, rules, status, e) == -1 ||
	    plan_limits(out, &c->task, rules, e) == -1)
		goto fail;
	out->retries = plan_retries(out, &c->task, rules);
	tq_plan_time(out, &c->task, rules);
	/* a full file system or no memory is nothing that a task did */
	*status = -1;
	if (plan_input(out, c, place, e) == -1 ||
	    plan_env(out, mem, &view, rules, place, e) == -1)
		return -1;
	out->proc.dir = is_own(&c->task) ? c->task.dir : NULL;
	out->proc.umask = is_own(&c->task) ? c->task.umask : 077;
	return 0;
fail:
	if (errno == ENOMEM)
		*status = -1;
	return -1;
}
