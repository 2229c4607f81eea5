/* Children that die, and the oracle; see crash.h. */
#define _GNU_SOURCE	/* O_TMPFILE */
#include "tests/lib/crash.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INLINE_MAX	4096	/* of segments of 64 KiB */

/* ---- world ------------------------------------------------------------ */

static void
rmtree(const char *dir)
{
	if (access(dir, F_OK) == 0)
		t_rmdir(dir);
}

int
crash_setup(void **state)
{
	struct crash_world *w;

	setenv("TQ_SEGMENT", "65536", 1);
	unsetenv("TQ_RESULTS");
	unsetenv("TQ_DEFAULT_QUEUE");
	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(w, MAP_FAILED);
	t_tmpdir(w->dir);
	*state = w;
	return 0;
}

int
crash_teardown(void **state)
{
	struct crash_world *w = *state;

	crash_lose_table(w);
	rmtree(w->dir);
	munmap(w, sizeof(*w));
	return 0;
}

void
crash_again(struct crash_world *w)
{
	crash_lose_table(w);
	rmtree(w->dir);
	memset(w, 0, sizeof(*w));
	t_tmpdir(w->dir);
}

/* What the lock file says, NUL-terminated; 0 if it says nothing. */
static int
read_lock(const struct crash_world *w, char *buf, size_t size)
{
	char path[T_PATH_MAX + 8];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/lock", w->dir);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

void
crash_lose_table(const struct crash_world *w)
{
	t_lose_table(w->dir);
}

void
crash_other_boot(const struct crash_world *w)
{
	char buf[512], *p = buf;
	int words;

	if (!read_lock(w, buf, sizeof(buf)))
		return;
	/* "tq table object dev ino boot ..." */
	for (words = 0; words < 5 && (p = strchr(p, ' ')) != NULL; words++)
		p++;
	if (p == NULL)
		return;
	*p = *p == '0' ? '1' : '0';
	t_write(w->dir, "lock", buf, strlen(buf));
}

/* ---- children --------------------------------------------------------- */

pid_t
crash_start(void (*f)(struct crash_world *), struct crash_world *w)
{
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	if ((pid = fork()) == -1)
		fail_msg("fork: %s", strerror(errno));
	if (pid != 0)
		return pid;
	alarm(CRASH_SECONDS);
	f(w);
	_exit(0);
}

int
crash_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fail_msg("waitpid: %s", strerror(errno));
	return status;
}

int
crash_run(void (*f)(struct crash_world *), struct crash_world *w)
{
	return crash_wait(crash_start(f, w));
}

void
crash_must(void (*f)(struct crash_world *), struct crash_world *w,
    const char *what)
{
	int status = crash_run(f, w);

	if (status == 0)
		return;
	fail_msg("%s: %s %d, with %d in call %u", what,
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    w->inject, w->at);
}

void
crash_harm(void (*f)(struct crash_world *), struct crash_world *w,
    unsigned at, int inject)
{
	int status;

	w->at = at;
	w->inject = inject;
	status = crash_run(f, w);
	if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	    inject <= 0) && status != 0)
		fail_msg("status %#x with %d in call %u", (unsigned)status,
		    inject, at);
}

void
crash_every_call(struct crash_world *w, void (*run)(struct crash_world *,
    unsigned, int, int), const struct crash_kind *kinds, size_t n)
{
	unsigned at, calls;
	size_t i;

	run(w, 0, 0, 0);
	calls = w->calls;
	assert_true(calls > 0);
	for (i = 0; i < n; i++)
		for (at = 1; at <= calls; at++)
			run(w, at, kinds[i].inject, kinds[i].lose);
	print_message("# %u calls, %zu harms each\n", calls, n);
}

void
crash_die(const struct crash_world *w, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "# %s, with %d in call %u: ", w->dir, w->inject, w->at);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(1);
}

/* ---- asking ------------------------------------------------------------ */

struct tq *
crash_open(struct crash_world *w)
{
	char url[T_PATH_MAX + 8];
	struct tq_err e;
	struct tq *tq;

	snprintf(url, sizeof(url), "spool:%s", w->dir);
	if (tq_open(&tq, url, NULL, 0, &e) == -1)
		crash_die(w, "open: %s", e.text);
	return tq;
}

/* n bytes that name the task they are of, wherever one looks. */
static char *
text_of(char kind, unsigned task, uint32_t n)
{
	char *p = malloc((size_t)n + 16);
	uint32_t at;

	if (p == NULL)
		abort();
	for (at = 0; at < n; at += 8)
		snprintf(p + at, 9, "%c%05u.%c", kind, task, at & 8 ? 'x' : 'y');
	return p;
}

static int
same_text(const char *p, size_t n, char kind, unsigned task, uint32_t want)
{
	char *text = text_of(kind, task, want);
	int same = n == want && memcmp(p, text, n) == 0;

	free(text);
	return same;
}

static int
file_of(const struct crash_world *w, const char *p, size_t n)
{
	int fd = open(w->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n)
		abort();
	return fd;
}

/* How a call that failed was answered. */
static enum crash_told
answer(struct crash_world *w, const char *call, const struct tq_err *e)
{
	w->failures++;
	snprintf(w->why, sizeof(w->why), "%s: %.200s", call, e->text);
	if (errno != e->num)
		crash_die(w, "%s: errno %d, but %d is said", call, errno,
		    e->num);
	if (errno == EIO)
		return CRASH_ASKED;
	if (errno == ENOSPC && w->inject == ENOSPC)
		return CRASH_REFUSED;
	crash_die(w, "%s: %s (errno %d)", call, e->text, e->num);
}

int
crash_put(struct crash_world *w, struct tq *tq, unsigned first, unsigned n,
    uint32_t size)
{
	struct tq_task *t = calloc(n, sizeof(*t));
	struct tq_id *id = calloc(n, sizeof(*id)), *out;
	enum crash_told told = CRASH_DONE;
	struct tq_err e = { 0 };
	unsigned i;
	int rv;

	if (t == NULL || id == NULL ||
	    (out = calloc(n, sizeof(*out))) == NULL)
		abort();
	for (i = 0; i < n; i++) {
		snprintf(id[i].s, sizeof(id[i].s), "t%u", first + i);
		tq_task_init(&t[i]);
		t[i].id = id[i].s;
		t[i].body.p = text_of('b', first + i, size);
		t[i].body.n = size;
		w->task[first + i].size = size;
		w->task[first + i].put = CRASH_ASKED;
		if (w->ntasks < first + i + 1)
			w->ntasks = first + i + 1;
	}
	rv = tq_put_many(tq, t, n, 0, out, &e);
	/* the id is known: an answer that was lost has come now */
	if (rv == -1 && errno != EEXIST)
		told = answer(w, "put", &e);
	else
		rv = 0;
	for (i = 0; i < n; i++) {
		w->task[first + i].put = (unsigned char)told;
		free((void *)(uintptr_t)t[i].body.p);
	}
	free(t);
	free(id);
	free(out);
	return rv;
}

static unsigned
number_of(const struct crash_world *w, const char *id)
{
	unsigned long n = strtoul(id + 1, NULL, 10);

	if (id[0] != 't' || n >= w->ntasks)
		crash_die(w, "a task '%s' that nobody put", id);
	return (unsigned)n;
}

/* The body of a claimed task is the one that was put. */
static void
check_body(struct crash_world *w, const struct tq_claim *c, unsigned n)
{
	const struct crash_task *k = &w->task[n];
	char *buf;
	int same;

	if (c->task.body_fd == -1) {
		if (!same_text(c->task.body.p, c->task.body.n, 'b', n, k->size))
			crash_die(w, "t%u: its body is another", n);
		return;
	}
	if ((buf = malloc((size_t)k->size + 1)) == NULL)
		abort();
	same = same_text(buf, (size_t)pread(c->task.body_fd, buf,
	    (size_t)k->size + 1, 0), 'b', n, k->size);
	free(buf);
	if (!same)
		crash_die(w, "t%u: its body file is another", n);
}

int
crash_claim(struct crash_world *w, struct tq *tq, struct tq_claim *c)
{
	struct tq_take take = { .nqueues = 0 };
	struct tq_err e = { 0 };
	unsigned n;
	int rv;

	if ((rv = tq_claim(tq, &take, c, &e)) == -1) {
		(void)answer(w, "claim", &e);
		return -2;
	}
	if (rv == 0)
		return -1;
	n = number_of(w, c->ref.id.s);
	if (w->task[n].put == CRASH_REFUSED)
		crash_die(w, "t%u: claimed, but its put was refused", n);
	if (w->task[n].end == CRASH_DONE)
		crash_die(w, "t%u: claimed after its end", n);
	check_body(w, c, n);
	w->task[n].claim = CRASH_DONE;
	return (int)n;
}

int
crash_end(struct crash_world *w, struct tq *tq, const struct tq_claim *c,
    uint32_t size)
{
	unsigned n = number_of(w, c->ref.id.s);
	struct crash_task *k = &w->task[n];
	char *text = text_of('o', n, size);
	struct tq_err e = { 0 };
	struct tq_outcome o;
	int rv;

	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	if (size > INLINE_MAX / 2)
		o.out_fd = file_of(w, text, size);
	else {
		o.out.p = text;
		o.out.n = size;
	}
	k->out = size;
	k->end = CRASH_ASKED;
	rv = tq_settle(tq, &c->ref, &o, TQ_SETTLE_SYNC, &e);
	k->end = (unsigned char)(rv == 0 ? CRASH_DONE :
	    answer(w, "settle", &e));
	if (o.out_fd != -1)
		close(o.out_fd);
	free(text);
	return rv;
}

/* ---- the oracle -------------------------------------------------------- */

static void
finding(const char *text, void *arg)
{
	struct crash_world *w = arg;

	if (strncmp(text, "note:", 5) != 0)
		fprintf(stderr, "# %s: %s\n", w->dir, text);
}

struct seen {
	struct crash_world *w;
	unsigned char	 times[CRASH_TASKS];
	enum tq_state	 state[CRASH_TASKS];
	int		 cut[CRASH_TASKS];
};

static int
see(const struct tq_info *i, void *arg)
{
	struct seen *s = arg;
	unsigned n = number_of(s->w, i->id.s);

	s->times[n]++;
	s->state[n] = i->state;
	s->cut[n] = i->cut;
	return 0;
}

/* A stream of a task is what the oracle knows. */
static void
check_stream(struct crash_world *w, struct tq *tq, unsigned n, char kind,
    enum tq_stream stream, uint32_t want)
{
	char id[16], *buf = malloc((size_t)want + 1);
	struct tq_err e;
	ssize_t got;
	size_t at = 0;

	snprintf(id, sizeof(id), "t%u", n);
	if (buf == NULL)
		abort();
	do {
		got = tq_read(tq, id, 0, stream, at, buf + at,
		    (size_t)want + 1 - at, &e);
		if (got == -1)
			crash_die(w, "t%u: stream %d: %s", n, (int)stream,
			    e.text);
		at += (size_t)got;
	} while (got > 0 && at <= want);
	if (!same_text(buf, at, kind, n, want))
		crash_die(w, "t%u: stream %d has other bytes (%zu of %u)", n,
		    (int)stream, at, (unsigned)want);
	free(buf);
}

static void
check_task(struct crash_world *w, struct tq *tq, const struct seen *s,
    unsigned n)
{
	const struct crash_task *k = &w->task[n];

	if (s->times[n] > 1)
		crash_die(w, "t%u: is there %d times", n, s->times[n]);
	if (k->put == CRASH_DONE && s->times[n] == 0)
		crash_die(w, "t%u: LOST", n);
	if (s->times[n] == 0)
		return;
	if (k->put == CRASH_NOT || k->put == CRASH_REFUSED)
		crash_die(w, "t%u: is there, but its put was refused", n);
	if (k->end == CRASH_DONE && s->state[n] != TQ_SUCCESS)
		crash_die(w, "t%u: ended, and is %s now", n,
		    tq_state_name(s->state[n]));
	if (k->end == CRASH_NOT && TQ_STATE_ENDED(s->state[n]))
		crash_die(w, "t%u: is %s, but nobody ended it", n,
		    tq_state_name(s->state[n]));
	check_stream(w, tq, n, 'b', TQ_STDIN, k->size);
	/* an output that found no room is cut, and says so */
	if (s->state[n] == TQ_SUCCESS && !s->cut[n])
		check_stream(w, tq, n, 'o', TQ_STDOUT, k->out);
}

static void
verify(struct crash_world *w, struct tq *tq, int damage)
{
	const struct tq_select all = { .nids = 0 };
	struct seen *s = calloc(1, sizeof(*s));
	struct tq_err e;
	unsigned n;
	int rv;

	if (s == NULL)
		abort();
	s->w = w;
	if ((rv = tq_check(tq, 0, finding, w, &e)) == -1)
		crash_die(w, "check: %s", e.text);
	if (rv > 0 && !damage)
		crash_die(w, "check finds %d damages", rv);
	if (tq_list(tq, &all, see, s, &e) == -1)
		crash_die(w, "list: %s", e.text);
	for (n = 0; n < w->ntasks; n++)
		check_task(w, tq, s, n);
	free(s);
}

void
crash_verify(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	verify(w, tq, 0);
	tq_close(tq);
}

void
crash_verify_damaged(struct crash_world *w)
{
	struct tq *tq = crash_open(w);

	verify(w, tq, 1);
	tq_close(tq);
}

void
crash_drain(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	const struct tq_select open = { .states = 1u << TQ_READY |
	    1u << TQ_STARTED };
	struct seen *s = calloc(1, sizeof(*s));
	struct tq_claim c;
	struct tq_err e;
	unsigned n;
	int rv;

	if (s == NULL)
		abort();
	s->w = w;
	tq_claim_init(&c);
	while ((rv = crash_claim(w, tq, &c)) >= 0)
		if (crash_end(w, tq, &c, 100) == -1)
			crash_die(w, "t%d cannot be ended", rv);
	if (rv == -2)
		crash_die(w, "what is left cannot be claimed");
	tq_claim_fini(&c);
	if (tq_list(tq, &open, see, s, &e) == -1)
		crash_die(w, "list: %s", e.text);
	for (n = 0; n < w->ntasks; n++)
		if (s->times[n] != 0)
			crash_die(w, "t%u: is %s and cannot be claimed", n,
			    tq_state_name(s->state[n]));
	free(s);
	verify(w, tq, 0);
	tq_close(tq);
}
