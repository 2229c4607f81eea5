/*
 * Start one process.
 *
 * clone(2) as vfork(2) does it, and not posix_spawn(3), which cannot set a
 * umask, a directory or limits; both start 2,500 times `true` a
 * second here.  The child shares our memory until it execs and we stand still
 * meanwhile: it tells what failed by storing it in its plan, no pipe is
 * needed.  So it must change nothing else of ours and allocate nothing.  It
 * has a stack of its own, which vfork has not, so that sanitizers bear it.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clone.h"
#include "limit.h"
#include "proc.h"

#define PATH_DEFAULT	"/usr/local/bin:/usr/bin:/bin"
#define CHILD_STACK	65536

enum step { STEP_NONE, STEP_SETUP, STEP_DIR, STEP_EXEC };

/* What the child is to do, and its answer. */
struct plan {
	const struct tq_proc *p;
	const char	*path;		/* where to look, colons between */
	pid_t		 parent;
	int		 enter;		/* its cgroup: it is born in ours */
	enum step	 step;		/* where it failed */
	int		 err;		/* with this errno */
	char		 tried[PATH_MAX];	/* what exec was given last */
};

static const char *
find_path(const char *const *env)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return PATH_DEFAULT;
}

/*
 * Give signal n its default action if it is ignored; exec(2) does it for
 * those that are caught.
 */
static int
reset_signal(int n)
{
	struct sigaction sa;

	if (sigaction(n, NULL, &sa) == -1)
		return errno == EINVAL ? 0 : -1;	/* libc's own */
	if (sa.sa_handler != SIG_IGN || n == SIGKILL || n == SIGSTOP)
		return 0;
	sa.sa_handler = SIG_DFL;
	return sigaction(n, &sa, NULL);
}

/* Move to the cgroup of that directory. */
static int
enter(int dir)
{
	int fd = openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	return fd != -1 && write(fd, "0", 1) == 1 && close(fd) == 0 ? 0 : -1;
}

/* _exit(2), before which a sanitizer looks at a stack that it takes for ours. */
static void
leave(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

static int
child_setup(const struct plan *plan)
{
	const struct tq_proc *p = plan->p;
	sigset_t none;
	int n;

	if (setpgid(0, 0) == -1)
		return -1;
	/* the parent may have died before prctl: then nobody would tell */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	if (getppid() != plan->parent)
		leave(126);
	if (plan->enter && enter(p->leaf->dir) == -1)
		return -1;
	for (n = 0; n < 3; n++)
		if (dup2(p->fd[n], n) == -1)
			return -1;
	/* dup2(2) to itself leaves it close-on-exec */
	if (p->extra > 0 && (p->extra == 3 ? fcntl(3, F_SETFD, 0) :
	    dup2(p->extra, 3)) == -1)
		return -1;
	if (p->umask != -1)
		umask((mode_t)p->umask);
	for (n = 1; n < NSIG; n++)
		if (reset_signal(n) == -1)
			return -1;
	if (tq_limit_set(&p->limits) == -1)
		return -1;
	/* last: what was pending for the group may kill it now */
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
try_exec(struct plan *plan)
{
	execve(plan->tried, (char *const *)(uintptr_t)plan->p->argv,
	    (char *const *)(uintptr_t)plan->p->env);
}

/*
 * As execvp(3), with the PATH of the task and not of the worker: the first
 * that can be executed; else EACCES if one was found that may not.
 */
static int
search_exec(struct plan *plan)
{
	const char *dir, *end, *file = plan->p->file;
	size_t n, len;
	int denied = 0;

	len = strlen(file);
	if (strchr(file, '/') != NULL) {
		if (len >= sizeof(plan->tried))
			return ENAMETOOLONG;
		memcpy(plan->tried, file, len + 1);
		try_exec(plan);
		return errno;
	}
	for (dir = plan->path; ; dir = end + 1) {
		end = dir + strcspn(dir, ":");
		n = (size_t)(end - dir);
		if (n + 1 + len < sizeof(plan->tried)) {
			memcpy(plan->tried, dir, n);
			if (n > 0)	/* an empty one is "." */
				plan->tried[n++] = '/';
			memcpy(plan->tried + n, file, len + 1);
			try_exec(plan);
			if (errno == EACCES)
				denied = 1;
			else if (errno != ENOENT && errno != ENOTDIR)
				return errno;
		}
		if (*end == '\0')
			return denied ? EACCES : ENOENT;
	}
}

static int
child(void *arg)
{
	struct plan *plan = arg;

	if (child_setup(plan) == -1) {
		plan->err = errno;
		plan->step = STEP_SETUP;
	} else if (plan->p->dir != NULL && chdir(plan->p->dir) == -1) {
		plan->err = errno;
		plan->step = STEP_DIR;
	} else {
		plan->err = plan->p->file[0] != '\0' ? search_exec(plan) :
		    ENOENT;
		plan->step = STEP_EXEC;
	}
	leave(plan->step == STEP_EXEC && plan->err == ENOENT ? 127 : 126);
	return 0;
}

/* Run the plan: 0, or -1 when there is no process to be had. */
static int
start(pid_t *out, struct plan *plan)
{
	const struct tq_leaf *leaf = plan->p->leaf;
	sigset_t all, old;
	pid_t pid = -1;
	char *stack;

	/* ours may be small: ulimit -s */
	if ((stack = malloc(CHILD_STACK)) == NULL)
		return -1;
	plan->step = STEP_NONE;
	plan->enter = 0;
	/* a handler must not run in the child: it has our memory */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (leaf != NULL) {
		pid = tq_clone(child, plan, stack, CHILD_STACK, leaf->dir);
		plan->enter = pid == -1 && errno == ENOSYS;
	}
	if (leaf == NULL || plan->enter)
		pid = tq_clone(child, plan, stack, CHILD_STACK, -1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	/* the child has left it, or there is none: clone(2), CLONE_VFORK */
	free(stack);
	if (pid == -1)
		return -1;
	if (plan->step != STEP_NONE)
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
	*out = pid;
	return 0;
}

/*
 * A file that is executable but no program is a script of sh, as it is for
 * sh(1) and execvp(3).
 */
static int
start_script(pid_t *out, struct plan *plan)
{
	const struct tq_proc *old = plan->p;
	struct tq_proc p = *old;
	const char **argv;
	size_t n;
	int rv;

	for (n = 0; old->argv[n] != NULL; n++)
		;
	if ((argv = calloc(n + 3, sizeof(*argv))) == NULL)
		return -1;
	argv[0] = "sh";
	argv[1] = strdup(plan->tried);
	if (n > 1)
		memcpy(argv + 2, old->argv + 1, (n - 1) * sizeof(*argv));
	p.file = "/bin/sh";
	p.argv = argv;
	plan->p = &p;
	rv = argv[1] == NULL ? -1 : start(out, plan);
	plan->p = old;
	free((void *)(uintptr_t)argv[1]);
	free(argv);
	return rv;
}

int
tq_proc_start(pid_t *out, const struct tq_proc *p, int *status,
    struct tq_err *e)
{
	struct plan plan = { .p = p };
	int rv;

	*status = -1;
	plan.path = find_path(p->env);
	plan.parent = getpid();
	rv = start(out, &plan);
	if (rv == 0 && plan.step == STEP_EXEC && plan.err == ENOEXEC)
		rv = start_script(out, &plan);
	if (rv == -1)
		return tq_fail_sys(e, errno, "fork");

	switch (plan.step) {
	case STEP_NONE:
		return 0;
	case STEP_SETUP:
		*status = 126;
		return tq_fail_sys(e, plan.err, "cannot set up the process");
	case STEP_DIR:
		*status = 126;
		return tq_fail_sys(e, plan.err, "directory %s", p->dir);
	case STEP_EXEC:
		break;
	}
	*status = plan.err == ENOENT ? 127 : 126;
	if (plan.err == ENOENT && strchr(p->file, '/') == NULL)
		return tq_fail(e, plan.err, "%s: command not found", p->file);
	return tq_fail_sys(e, plan.err, "%s", p->file);
}
