/* Commands that are run when something happened. */
#define _GNU_SOURCE		/* memfd_create(2) */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "hook.h"
#include "proc.h"
#include "tell.h"
#include "tree.h"

static const char *const names[TQ_NHOOKS] = {
	[TQ_HOOK_DEAD] = "dead",
	[TQ_HOOK_FAILURE] = "failure",
	[TQ_HOOK_RETRY] = "retry",
	[TQ_HOOK_START] = "start",
	[TQ_HOOK_STOP] = "stop",
	[TQ_HOOK_SUCCESS] = "success",
};

int
tq_hooks_add(struct tq_hooks *h, const char *definition, struct tq_err *e)
{
	size_t n = strcspn(definition, "=");
	int i;

	if (definition[n] == '\0' || definition[n + 1] == '\0')
		return tq_fail(e, EINVAL, "'%s': wanted event=command",
		    definition);
	for (i = 0; i < TQ_NHOOKS; i++)
		if (strlen(names[i]) == n &&
		    memcmp(names[i], definition, n) == 0)
			break;
	if (i == TQ_NHOOKS)
		return tq_fail(e, EINVAL, "'%.*s': wanted dead, failure, "
		    "retry, start, stop or success", (int)n, definition);
	if (h->command[i] != NULL)
		return tq_fail(e, EEXIST, "%s: has a command already",
		    names[i]);
	h->command[i] = definition + n + 1;
	return 0;
}

/* ---- running --------------------------------------------------------- */

/* A file that holds what a call reads, -1. */
static int
make_input(const struct tq_hook_call *c)
{
	int fd;

	if ((fd = memfd_create("tq-hook", MFD_CLOEXEC)) == -1)
		return -1;
	if (tq_io_write(fd, c->json, c->n) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The worker's environment and three more; the caller frees it. */
static const char **
make_env(const struct tq_hooks *h, const char *event, const char *id,
    const char *mark)
{
	const char **v;
	size_t n = 0, k = 0;

	while (h->env[n] != NULL)
		n++;
	if ((v = reallocarray(NULL, n + 4, sizeof(*v))) == NULL)
		return NULL;
	v[k++] = event;
	v[k++] = id;
	v[k++] = mark;
	for (n = 0; h->env[n] != NULL; n++)
		if (strncmp(h->env[n], "TQ_EVENT=", 9) != 0 &&
		    strncmp(h->env[n], "TQ_HOOK=", 8) != 0 &&
		    strncmp(h->env[n], "TQ_ID=", 6) != 0)
			v[k++] = h->env[n];
	v[k] = NULL;
	return v;
}

/* Start a call: its pid, or -1. */
static pid_t
start(const struct tq_hooks *h, const struct tq_hook_call *c,
    struct tq_err *e)
{
	const char *const argv[] = { "sh", "-c", h->command[c->event], NULL };
	char event[32], id[TQ_ID_MAX + 8];
	struct tq_proc proc;
	const char **env;
	int fd, status, rv;
	pid_t pid;

	snprintf(event, sizeof(event), "TQ_EVENT=%s", names[c->event]);
	snprintf(id, sizeof(id), "TQ_ID=%s", c->id.s);
	if ((env = make_env(h, event, id, c->mark)) == NULL)
		return tq_fail_sys(e, errno, "environment");
	if ((fd = make_input(c)) == -1) {
		free(env);
		return tq_fail_sys(e, errno, "memfd");
	}
	memset(&proc, 0, sizeof(proc));
	proc.file = "/bin/sh";
	proc.argv = argv;
	proc.env = env;
	proc.umask = -1;
	proc.fd[0] = fd;
	proc.fd[1] = proc.fd[2] = STDERR_FILENO;
	rv = tq_proc_start(&pid, &proc, &status, e);
	close(fd);
	free(env);
	return rv == 0 ? pid : -1;
}

static void
forget(struct tq_hook_call *c)
{
	free(c->json);
	memset(c, 0, sizeof(*c));
}

/* Start as many of those that wait as may run. */
static void
go_on(struct tq_hooks *h, tq_time now)
{
	struct tq_hook_call *c, *r;
	struct tq_err e;

	while (h->nwaiting > 0 && h->nrunning < TQ_HOOKS_RUNNING) {
		c = &h->waiting[h->first];
		for (r = h->running; r->pid != 0; r++)
			continue;
		*r = *c;
		memset(c, 0, sizeof(*c));
		h->first = (h->first + 1) % TQ_HOOKS_WAITING;
		h->nwaiting--;
		snprintf(r->mark, sizeof(r->mark), "TQ_HOOK=%ld/%lu",
		    (long)getpid(), ++h->started);
		if ((r->pid = start(h, r, &e)) == -1) {
			tq_say(h->say, TQ_SAY_WRONG, "hook %s: %s",
			    names[r->event], e.text);
			forget(r);
			continue;
		}
		r->until = now + TQ_HOOK_TIME;
		h->nrunning++;
	}
	if (h->nwaiting == 0 && h->dropped > 0) {
		tq_say(h->say, TQ_SAY_WRONG, "%llu hooks were dropped: %d "
		    "were waiting", (unsigned long long)h->dropped,
		    TQ_HOOKS_WAITING);
		h->dropped = 0;
	}
}

/* ---- what happened --------------------------------------------------- */

static void
add(struct tq_hooks *h, enum tq_hook_event event, const char *id,
    const struct tq_buf *json)
{
	struct tq_hook_call *c;

	if (h->command[event] == NULL)
		return;
	c = &h->waiting[(h->first + h->nwaiting) % TQ_HOOKS_WAITING];
	if (h->nwaiting == TQ_HOOKS_WAITING || !tq_buf_ok(json) ||
	    (c->json = malloc(json->n)) == NULL) {
		h->dropped++;
		return;
	}
	memcpy(c->json, json->p, json->n);
	c->n = json->n;
	c->event = event;
	snprintf(c->id.s, sizeof(c->id.s), "%s", id);
	h->nwaiting++;
}

void
tq_hooks_task(struct tq_hooks *h, const struct tq_claim *c,
    const struct tq_outcome *end, tq_time now)
{
	struct tq_buf json;
	const char *id = c->ref.id.s;

	if (h == NULL || (end->state != TQ_SUCCESS &&
	    end->state != TQ_RETRY && end->state != TQ_FAILURE))
		return;
	tq_buf_init(&json);
	tq_tell_task(&json, c, NULL, end);
	if (end->state == TQ_SUCCESS)
		add(h, TQ_HOOK_SUCCESS, id, &json);
	else if (end->state == TQ_FAILURE ||
	    (end->flags & TQ_OUTCOME_LATER) == 0)
		add(h, TQ_HOOK_FAILURE, id, &json);
	if (end->state == TQ_RETRY)
		add(h, TQ_HOOK_RETRY, id, &json);
	if (end->state == TQ_FAILURE)
		add(h, TQ_HOOK_DEAD, id, &json);
	tq_buf_fini(&json);
	go_on(h, now);
}

void
tq_hooks_worker(struct tq_hooks *h, enum tq_hook_event event, tq_time now)
{
	struct tq_buf json;

	if (h == NULL)
		return;
	tq_buf_init(&json);
	tq_buf_printf(&json, "{\"event\":\"%s\",\"pid\":%ld}\n", names[event],
	    (long)getpid());
	add(h, event, "", &json);
	tq_buf_fini(&json);
	go_on(h, now);
}

/* ---- ending ---------------------------------------------------------- */

static void
say_end(const struct tq_hooks *h, const struct tq_hook_call *c, int wstatus)
{
	const char *of = c->id.s[0] != '\0' ? " of " : "";

	if (WIFSIGNALED(wstatus))
		tq_say(h->say, TQ_SAY_WRONG, "hook %s%s%s: killed by signal "
		    "%d", names[c->event], of, c->id.s, WTERMSIG(wstatus));
	else if (WEXITSTATUS(wstatus) != 0)
		tq_say(h->say, TQ_SAY_WRONG, "hook %s%s%s: status %d",
		    names[c->event], of, c->id.s, WEXITSTATUS(wstatus));
}

int
tq_hooks_reaped(struct tq_hooks *h, pid_t pid, int wstatus, tq_time now)
{
	struct tq_hook_call *c;

	if (h == NULL)
		return 0;
	for (c = h->running; c < h->running + TQ_HOOKS_RUNNING; c++) {
		if (c->pid != pid)
			continue;
		say_end(h, c, wstatus);
		forget(c);
		h->nrunning--;
		go_on(h, now);
		return 1;
	}
	return 0;
}

static void
end(struct tq_hook_call *c)
{
	const struct tq_tree tree = { c->pid, c->mark, NULL, 0 };

	(void)tq_tree_end(&tree);
}

tq_time
tq_hooks_tick(struct tq_hooks *h, tq_time now)
{
	struct tq_hook_call *c;
	tq_time next = TQ_FOREVER;

	if (h == NULL || h->nrunning == 0)
		return TQ_FOREVER;
	for (c = h->running; c < h->running + TQ_HOOKS_RUNNING; c++) {
		if (c->pid == 0)
			continue;
		if (now >= c->until) {
			tq_say(h->say, TQ_SAY_WRONG, "hook %s: over its %d "
			    "seconds", names[c->event],
			    (int)(TQ_HOOK_TIME / TQ_SECOND));
			c->until = TQ_FOREVER;
			end(c);
		} else if (c->until < next)
			next = c->until;
	}
	return next;
}

void
tq_hooks_kill(struct tq_hooks *h)
{
	struct tq_hook_call *c;

	for (; h->nwaiting > 0; h->nwaiting--) {
		forget(&h->waiting[h->first]);
		h->first = (h->first + 1) % TQ_HOOKS_WAITING;
	}
	for (c = h->running; c < h->running + TQ_HOOKS_RUNNING; c++)
		if (c->pid != 0)
			end(c);
}
