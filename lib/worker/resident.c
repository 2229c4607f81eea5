/* A handler that stays up. */
#define _GNU_SOURCE		/* pipe2(2), syscall(2) for pidfd_open(2) */
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/io.h"
#include "env.h"
#include "handler.h"
#include "proc.h"
#include "resident.h"
#include "rss.h"
#include "tell.h"
#include "tree.h"

#define READ_SIZE	4096
/* Between two looks at its size: each costs as much as a small task. */
#define LOOK_EVERY	(100 * TQ_MS)

void
tq_resident_init(struct tq_resident *r, int epoll, uint64_t key,
    const struct tq_cgroup *cgroup)
{
	memset(r, 0, sizeof(*r));
	r->in = r->out = -1;
	r->epoll = epoll;
	r->key = key;
	r->cgroup = cgroup;
	tq_leaf_init(&r->leaf, (unsigned)key);
	tq_buf_init(&r->request);
	tq_buf_init(&r->line);
	tq_arena_init(&r->mem);
}

/* KILL a process that is not reaped yet, and what it started. */
static void
kill_tree(pid_t pid, const char *mark)
{
	const struct tq_tree tree = { pid, mark, NULL, 0 };

	(void)tq_tree_end(&tree);
}

static void
hang_up(struct tq_resident *r)
{
	if (r->in != -1)
		close(r->in);
	if (r->out != -1)
		close(r->out);
	r->in = r->out = -1;
	r->blocked = 0;
}

/* Wait until a child has ended, but not longer than until then. */
static void
wait_for(pid_t pid, tq_time until)
{
	struct pollfd p = { .events = POLLIN };
	tq_time left = until - tq_clock_boot();

	/* without pidfds (Linux before 5.3) it gets no time */
	if (left <= 0 || (p.fd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1)
		return;
	(void)poll(&p, 1, (int)(left / TQ_MS));
	close(p.fd);
}

void
tq_resident_fini(struct tq_resident *r)
{
	tq_time until = tq_clock_boot() + TQ_RESIDENT_LEAVE;

	hang_up(r);
	if (r->old != 0) {
		wait_for(r->old, r->until);
		kill_tree(r->old, r->old_mark);
	}
	if (r->pid != 0) {
		wait_for(r->pid, until);
		tq_leaf_kill(&r->leaf);
		kill_tree(r->pid, r->mark);
	}
	if (r->cgroup != NULL)
		tq_leaf_close(&r->leaf, r->cgroup);
	tq_buf_fini(&r->request);
	tq_buf_fini(&r->line);
	tq_arena_fini(&r->mem);
}

/* ---- starting -------------------------------------------------------- */

static const char *const *
make_env(const struct tq_resident *r, const struct tq_plan_rules *rules,
    unsigned number, struct tq_arena *mem)
{
	struct tq_env env;
	char slot[16];

	snprintf(slot, sizeof(slot), "%u", number);
	tq_env_init(&env, mem);
	tq_env_add(&env, "TQ_RESIDENT", strchr(r->mark, '=') + 1);
	tq_env_add(&env, "TQ_SLOT", slot);
	tq_env_add(&env, "TQ_BROKER", rules->url);
	tq_env_add(&env, "TQ_RESULTS", rules->results);
	tq_env_add(&env, "TQ_DIR", rules->dir);
	tq_env_add_trusted(&env, r->conf.env);
	(void)tq_env_add_scrubbed(&env, rules->env, NULL);
	return tq_env_take(&env);
}

static int
watch(const struct tq_resident *r, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	ev.data.u64 = r->key;
	return epoll_ctl(r->epoll, op, fd, &ev);
}

/* Start it on the far ends of its pipes. */
static int
spawn(struct tq_resident *r, const struct tq_use *use,
    const struct tq_plan_rules *rules, unsigned number, int in, int out,
    int *status, struct tq_err *e)
{
	const char *const argv[] = { use->path, NULL };
	struct tq_proc proc;
	struct tq_arena mem;
	int rv;

	memset(&proc, 0, sizeof(proc));
	proc.file = use->path;
	proc.argv = argv;
	proc.umask = 077;
	proc.limits = rules->limits;
	tq_limits_narrow(&proc.limits, &r->conf.limits);
	proc.fd[0] = in;
	proc.fd[1] = out;
	proc.fd[2] = STDERR_FILENO;
	tq_arena_init(&mem);
	snprintf(r->mark, sizeof(r->mark), "TQ_RESIDENT=%ld/%llu/%lu",
	    (long)getpid(), (unsigned long long)r->key, ++r->starts);
	if ((proc.env = make_env(r, rules, number, &mem)) == NULL)
		rv = tq_fail_sys(e, errno, "environment");
	else {
		/* who is to leave may still be in the one before */
		tq_leaf_leave(&r->leaf);
		if (r->cgroup != NULL && tq_leaf_make(&r->leaf, r->cgroup,
		    &proc.limits, NULL) == 0)
			proc.leaf = &r->leaf;
		rv = tq_proc_start(&r->pid, &proc, status, e);
	}
	tq_arena_fini(&mem);
	return rv;
}

int
tq_resident_start(struct tq_resident *r, const struct tq_use *use,
    const struct tq_plan_rules *rules, unsigned number, int *status,
    struct tq_err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, rv = -1;

	*status = 126;
	tq_arena_reset(&r->mem);
	if (tq_handler_check(use->path, e) == -1 ||
	    tq_conf_read(&r->conf, &r->mem, use->path, e) == -1)
		return -1;
	*status = -1;
	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(out[0], F_SETFL, O_NONBLOCK) == -1 ||
	    watch(r, EPOLL_CTL_ADD, out[0], EPOLLIN) == -1) {
		tq_fail_sys(e, errno, "pipes of %s", use->path);
		goto out;
	}
	if (spawn(r, use, rules, number, in[0], out[1], status, e) == -1)
		goto out;
	r->in = in[1];
	r->out = out[0];
	in[1] = out[0] = -1;
	r->answered = r->fed = 0;
	r->sent = r->heard = 0;
	r->blocked = r->worn = 0;
	r->last.s[0] = '\0';
	r->pace = 0;
	tq_buf_reset(&r->request);
	tq_buf_reset(&r->line);
	rv = 0;
out:
	if (in[0] != -1)
		close(in[0]);
	if (in[1] != -1)
		close(in[1]);
	if (out[0] != -1)
		close(out[0]);
	if (out[1] != -1)
		close(out[1]);
	return rv;
}

/* ---- talking --------------------------------------------------------- */

/*
 * A reader that has gone is no failure but of the process: its end says what
 * it was.
 */
int
tq_resident_flush(struct tq_resident *r)
{
	size_t left = r->request.n - r->sent;
	ssize_t n = 0;

	while (left > 0 && (n = write(r->in, r->request.p + r->sent,
	    left)) > 0) {
		r->sent += (size_t)n;
		left -= (size_t)n;
	}
	if (n == -1 && errno == EPIPE)
		return -1;
	if (left == 0) {
		r->fed += r->request.n;
		r->sent = 0;
		tq_buf_reset(&r->request);
	}
	if ((left > 0) == r->blocked)
		return 0;
	r->blocked = left > 0;
	return watch(r, r->blocked ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, r->in,
	    EPOLLOUT);
}

/* The body of a task into buf, when it lies in a file. */
static int
read_body(struct tq_buf *buf, int fd, struct tq_err *e)
{
	off_t size = lseek(fd, 0, SEEK_END);
	void *p;

	if (size == -1)
		return tq_fail_sys(e, errno, "body");
	if (size > TQ_ANSWER_MAX)
		return tq_fail(e, EMSGSIZE, "body of %lld bytes, over %d for "
		    "a resident handler", (long long)size, TQ_ANSWER_MAX);
	if ((p = tq_buf_grow(buf, (size_t)size)) == NULL)
		return tq_fail_sys(e, buf->err, "body");
	if (tq_io_pread(fd, p, (size_t)size, 0) != (ssize_t)size)
		return tq_fail_sys(e, EIO, "body");
	return 0;
}

int
tq_resident_feed(struct tq_resident *r, const struct tq_claim *c,
    uint64_t *at, struct tq_err *e)
{
	struct tq_bytes body = c->task.body;
	size_t before = r->request.n;
	struct tq_buf file;
	int rv = 0;

	*at = r->fed + before;
	tq_buf_init(&file);
	if (c->task.body_fd != -1) {
		rv = read_body(&file, c->task.body_fd, e);
		body.p = (const char *)file.p;
		body.n = file.n;
	}
	if (rv == 0) {
		tq_tell_task(&r->request, c, &body, NULL);
		if (!tq_buf_ok(&r->request)) {
			rv = tq_fail_sys(e, r->request.err, "task as JSON");
			r->request.err = 0;
			r->request.n = before;
		}
	}
	tq_buf_fini(&file);
	return rv;
}

/* Read some more; as tq_resident_hear(). */
static int
read_more(struct tq_resident *r, struct tq_err *e)
{
	size_t before;
	ssize_t n;
	void *p;

	if (r->heard > 0) {
		r->line.n -= r->heard;
		memmove(r->line.p, r->line.p + r->heard, r->line.n);
		r->heard = 0;
	}
	for (;;) {
		before = r->line.n;
		if (before > TQ_ANSWER_MAX)
			return tq_fail(e, EMSGSIZE, "answer over %d bytes",
			    TQ_ANSWER_MAX);
		if ((p = tq_buf_grow(&r->line, READ_SIZE)) == NULL)
			return tq_fail(e, EMSGSIZE, "answer too long");
		n = read(r->out, p, READ_SIZE);
		r->line.n = before + (n > 0 ? (size_t)n : 0);
		if (n == -1)
			return errno == EAGAIN || errno == EINTR ? 0 :
			    tq_fail_sys(e, EPIPE, "answer");
		if (n == 0)
			return tq_fail(e, EPIPE, "no answer");
		if (memchr(p, '\n', (size_t)n) != NULL)
			return 1;
	}
}

size_t
tq_resident_peek(const struct tq_resident *r, const char **line)
{
	const char *end;

	*line = (const char *)r->line.p + r->heard;
	if (r->heard == r->line.n || (end = memchr(*line, '\n',
	    r->line.n - r->heard)) == NULL)
		return 0;
	return (size_t)(end + 1 - *line);
}

int
tq_resident_hear(struct tq_resident *r, const char **line, size_t *n,
    struct tq_err *e)
{
	int rv;

	if ((*n = tq_resident_peek(r, line)) == 0) {
		(void)tq_resident_flush(r);
		if ((rv = read_more(r, e)) != 1)
			return rv;
		*n = tq_resident_peek(r, line);
	}
	r->heard += *n;
	--*n;
	return 1;
}

int
tq_resident_unread(const struct tq_resident *r, uint64_t at)
{
	int n;

	return r->in != -1 && ioctl(r->in, FIONREAD, &n) == 0 &&
	    r->fed + r->sent <= at + (uint64_t)n;
}

/* ---- wear and pace --------------------------------------------------- */

static int
is_worn(struct tq_resident *r, const struct tq_use *use, tq_time now)
{
	if (use->tasks != 0 && r->answered >= use->tasks)
		return 1;
	if (use->rss == 0 || now - r->looked < LOOK_EVERY)
		return 0;
	r->looked = now;
	return (uint64_t)tq_rss(r->pid) > use->rss;
}

void
tq_resident_answered(struct tq_resident *r, const struct tq_use *use,
    const struct tq_id *id, tq_time now)
{
	tq_time took = now - r->since;

	/* slower counts at once, faster after some tasks; the first one had to
	 * wait for the program to start */
	if (r->answered++ == 0)
		took = TQ_AHEAD_TIME;
	else if (took < r->pace)
		took = (3 * r->pace + took) / 4;
	r->pace = took;
	r->since = now;
	memcpy(r->last.s, id->s, strlen(id->s) + 1);
	r->worn |= is_worn(r, use, now);
}

unsigned
tq_resident_ahead(const struct tq_resident *r, const struct tq_use *use)
{
	uint64_t n;

	if (r->worn || r->answered == 0)
		return 0;
	n = (uint64_t)(TQ_AHEAD_TIME / (r->pace + 1));
	if (n > use->ahead)
		n = use->ahead;
	/* the one it works on is not answered yet */
	if (use->tasks != 0 && n >= use->tasks - r->answered)
		n = use->tasks - r->answered - 1;
	return (unsigned)n;
}

/* ---- ending ---------------------------------------------------------- */

void
tq_resident_deafen(struct tq_resident *r)
{
	close(r->out);
	r->out = -1;
}

void
tq_resident_retire(struct tq_resident *r, tq_time now)
{
	if (r->out == -1 || r->old != 0)
		return;
	r->old = r->pid;
	memcpy(r->old_mark, r->mark, sizeof(r->mark));
	r->until = now + TQ_RESIDENT_LEAVE;
	r->pid = 0;
	hang_up(r);
}

void
tq_resident_end(struct tq_resident *r)
{
	if (r->pid != 0) {
		tq_leaf_kill(&r->leaf);
		kill_tree(r->pid, r->mark);
	}
	r->pid = 0;
	hang_up(r);
}

int
tq_resident_reaped(struct tq_resident *r, pid_t pid)
{
	if (pid == r->old) {
		r->old = 0;
		return 1;
	}
	if (pid != r->pid)
		return 0;
	r->pid = 0;
	return 1;
}

tq_time
tq_resident_tick(struct tq_resident *r, tq_time now)
{
	if (r->old == 0)
		return TQ_FOREVER;
	if (now < r->until)
		return r->until;
	kill_tree(r->old, r->old_mark);
	r->old = 0;		/* its end is nothing to us any more */
	return TQ_FOREVER;
}
