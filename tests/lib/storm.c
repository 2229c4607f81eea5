/* A crew, a killer and a log; see storm.h. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/lib/storm.h"

#define HANG		(5 * TQ_SECOND)	/* without a step */
#define END		(60 * TQ_SECOND)	/* of the calm */

struct storm_sea *storm_sea;
const char *storm_dir;

static const char *logname;
static int logfd;
static uint64_t rng;

unsigned
storm_any(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 33) % n;
}

static void
seed(uint64_t from, unsigned place)
{
	rng = from * UINT64_C(0x9e3779b97f4a7c15) + place + 1;
}

void
storm_nap(tq_time t)
{
	struct timespec ts;

	tq_clock_timespec(&ts, t);
	(void)nanosleep(&ts, NULL);
}

void *
storm_shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

void
storm_log(const char *path)
{
	logname = path;
	logfd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (logfd == -1)
		err(1, "%s", path);
}

const char *
storm_logpath(void)
{
	return logname;
}

void
storm_note(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	if (write(logfd, line, (size_t)n) != n)
		err(1, "%s", logname);
}

void
storm_wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
	storm_sea->wrong = 1;
}

struct tq *
storm_open(unsigned flags)
{
	struct tq_err e;
	struct tq *tq;

	if (tq_open(&tq, storm_dir, NULL, flags, &e) == -1) {
		storm_wrong("open: %s", e.text);
		_exit(1);
	}
	return tq;
}

static void
finding(const char *text, void *arg)
{
	(void)arg;
	if (strncmp(text, "note:", 5) != 0)
		warnx("%s", text);
}

void
storm_check(struct tq *tq)
{
	struct tq_err e;

	if (tq_check(tq, 0, finding, NULL, &e) != 0)
		storm_wrong("check: damage");
}

/* ---- the crew ----------------------------------------------------------- */

static pid_t
launch(const struct storm *s, unsigned place, unsigned from)
{
	pid_t pid;

	storm_sea->life[place]++;
	storm_sea->beat[place] = 0;
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	seed(from, place);
	s->live(place);
	_exit(0);
}

static void
end(unsigned place, pid_t *pid)
{
	storm_sea->dead[place] = storm_sea->life[place];
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* Note who has gone by himself: how many are left. */
static unsigned
reap(const struct storm *s, pid_t *pid)
{
	unsigned i, left = 0;
	int status;

	for (i = 0; i < s->crew; i++) {
		if (pid[i] != 0 && waitpid(pid[i], &status, WNOHANG) ==
		    pid[i]) {
			if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1)
				storm_wrong("%u of the crew: status %#x", i,
				    (unsigned)status);
			pid[i] = 0;
		}
		left += pid[i] != 0;
	}
	return left;
}

static void
watch(unsigned place, pid_t pid)
{
	tq_time beat = storm_sea->beat[place];

	if (pid == 0 || beat == 0 || tq_clock_mono() - beat < HANG)
		return;
	storm_wrong("process %d (%u of the crew) hangs", (int)pid, place);
	storm_sea->beat[place] = tq_clock_mono();
}

/* The table goes: everybody makes it anew from the ledger. */
static void
lose_table(void)
{
	char path[4096], name[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/lock", storm_dir);
	if ((f = fopen(path, "r")) == NULL)
		return;
	if (fscanf(f, "tq table /%100[^/ \n]", name) == 1) {
		(void)snprintf(path, sizeof(path), "/dev/shm/%s", name);
		(void)unlink(path);
	}
	fclose(f);
}

static unsigned
blow(const struct storm *s, pid_t *pid)
{
	unsigned kills = 0, i;

	while (!s->all_put() && !storm_sea->wrong) {
		storm_nap((tq_time)(5 + storm_any(s->ms - 4)) * TQ_MS);
		(void)reap(s, pid);
		i = storm_any(s->crew);
		watch(i, pid[i]);
		if (pid[i] != 0) {
			end(i, &pid[i]);
			kills++;
		}
		if (s->losses != 0 && storm_any(s->losses) == 0)
			lose_table();
		pid[i] = launch(s, i, storm_any(1u << 30));
	}
	return kills;
}

static void
calm(const struct storm *s, pid_t *pid)
{
	tq_time until = tq_clock_mono() + END;
	unsigned i;

	for (i = s->putters; i < s->crew; i++)
		if (pid[i] != 0 && s->again != NULL && s->again(i))
			end(i, &pid[i]);
	storm_sea->calm = 1;
	for (i = s->putters; i < s->crew; i++)
		if (pid[i] == 0)
			pid[i] = launch(s, i, i);
	while (reap(s, pid) > 0 && tq_clock_mono() < until) {
		storm_nap(5 * TQ_MS);
		for (i = 0; i < s->crew; i++)
			watch(i, pid[i]);
	}
	for (i = 0; i < s->crew; i++)
		if (pid[i] != 0) {
			storm_wrong("%u of the crew comes to no end", i);
			end(i, &pid[i]);
		}
}

void
storm_begin(uint64_t from, const char *dir, const char *logpath)
{
	storm_dir = dir;
	storm_log(logpath);
	storm_sea = storm_shared(sizeof(*storm_sea));
	seed(from, 0);
}

unsigned
storm_blow(const struct storm *s)
{
	pid_t pid[STORM_CREW] = { 0 }, judge;
	unsigned kills, i;
	int status;

	for (i = 0; i < s->crew; i++)
		pid[i] = launch(s, i, i);
	kills = blow(s, pid);
	calm(s, pid);
	/* a fresh process: this one never mapped the table */
	if ((judge = fork()) == -1)
		err(1, "fork");
	if (judge == 0) {
		s->judge();
		_exit(0);
	}
	if (waitpid(judge, &status, 0) == -1 || status != 0)
		storm_wrong("the judge: status %#x", (unsigned)status);
	return kills;
}
