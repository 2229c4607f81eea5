/*
 * A system clock that a test sets: LD_PRELOAD it into a command.
 *
 * $CLOCK is a file of one number, nanoseconds that CLOCK_REALTIME is ahead of
 * the machine's, in TQ_CLOCK_WIDTH characters.  When it changes, timers of
 * timerfd_create(2) on that clock behave as if the clock had been set: those
 * with TFD_TIMER_CANCEL_ON_SET become readable and read(2) fails with
 * ECANCELED, the others go off by the new time.  The name of a command that
 * was told so is added to $CLOCK.told.
 *
 * The real clock of the machine stays as it is: others use it.
 */
#define _GNU_SOURCE
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WIDTH	20			/* of the number, with its sign */
#define FDS	1024
#define NS	INT64_C(1000000000)

static const volatile char *number;	/* the file, mapped */
static struct timer {
	_Atomic int	 wall;		/* on CLOCK_REALTIME */
	_Atomic int	 cancel;	/* to be told when the clock is set */
	_Atomic int	 cancelled;
	struct itimerspec its;		/* as it was set, by the test's clock */
} timers[FDS];

/* By hand: this runs in every read of the clock, before main() too. */
static int64_t
ahead(void)
{
	int64_t v = 0;
	int i;

	if (number == NULL)
		return 0;
	for (i = 1; i < WIDTH; i++)
		v = v * 10 + (number[i] - '0');
	return number[0] == '-' ? -v : v;
}

/* Note that we are told. */
static void
note(void)
{
	const char *path = getenv("CLOCK");
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s.told", path);
	if ((fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600)) == -1)
		return;
	dprintf(fd, "%s\n", program_invocation_short_name);
	syscall(SYS_close, fd);
}

static void
shift(struct timespec *ts, int64_t ns)
{
	int64_t t = ts->tv_sec * NS + ts->tv_nsec + ns;

	if (t < 0)
		t = 0;
	ts->tv_sec = t / NS;
	ts->tv_nsec = t % NS;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int rv = (int)syscall(SYS_clock_gettime, id, ts);

	if (rv == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		shift(ts, ahead());
	return rv;
}

time_t
time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

int
timerfd_create(clockid_t id, int flags)
{
	int fd = (int)syscall(SYS_timerfd_create, id, flags);

	if (fd >= 0 && fd < FDS) {
		atomic_store(&timers[fd].wall, id == CLOCK_REALTIME);
		atomic_store(&timers[fd].cancelled, 0);
		atomic_store(&timers[fd].cancel, 0);
	}
	return fd;
}

/* Let the kernel's timer go off when the test's clock shows t->its. */
static int
arm(int fd, const struct timer *t, int flags, struct itimerspec *old)
{
	struct itimerspec its = t->its;

	shift(&its.it_value, -ahead());
	if (its.it_value.tv_sec == 0 && its.it_value.tv_nsec == 0)
		its.it_value.tv_nsec = 1;
	return (int)syscall(SYS_timerfd_settime, fd, flags, &its, old);
}

int
timerfd_settime(int fd, int flags, const struct itimerspec *its,
    struct itimerspec *old)
{
	struct timer *t = fd >= 0 && fd < FDS ? &timers[fd] : NULL;
	int rv;

	if (t == NULL || !atomic_load(&t->wall) ||
	    !(flags & TFD_TIMER_ABSTIME) ||
	    (its->it_value.tv_sec == 0 && its->it_value.tv_nsec == 0))
		return (int)syscall(SYS_timerfd_settime, fd, flags, its, old);
	t->its = *its;
	atomic_store(&t->cancel, (flags & TFD_TIMER_CANCEL_ON_SET) != 0);
	rv = arm(fd, t, flags, old);
	if (atomic_exchange(&t->cancelled, 0) && rv == 0) {
		note();
		errno = ECANCELED;
		return -1;
	}
	return rv;
}

ssize_t
read(int fd, void *p, size_t n)
{
	if (fd >= 0 && fd < FDS && atomic_load(&timers[fd].wall) &&
	    atomic_exchange(&timers[fd].cancelled, 0)) {
		/* the timer that made it readable has no more to say */
		(void)syscall(SYS_read, fd, p, n);
		note();
		errno = ECANCELED;
		return -1;
	}
	return syscall(SYS_read, fd, p, n);
}

int
close(int fd)
{
	if (fd >= 0 && fd < FDS)
		atomic_store(&timers[fd].wall, 0);
	return (int)syscall(SYS_close, fd);
}

/* The clock was set. */
static void
tell(void)
{
	static const struct itimerspec now = { .it_value = { 0, 1 } };
	struct timer *t;
	int fd;

	for (fd = 0; fd < FDS; fd++) {
		t = &timers[fd];
		if (!atomic_load(&t->wall))
			continue;
		if (!atomic_load(&t->cancel)) {
			(void)arm(fd, t, TFD_TIMER_ABSTIME, NULL);
			continue;
		}
		atomic_store(&t->cancelled, 1);
		(void)syscall(SYS_timerfd_settime, fd, 0, &now, NULL);
	}
}

static void *
watch(void *arg)
{
	char events[4096];
	int fd = (int)(intptr_t)arg;

	while (syscall(SYS_read, fd, events, sizeof(events)) > 0)
		tell();
	return NULL;
}

static void __attribute__((constructor))
begin(void)
{
	const char *path = getenv("CLOCK");
	sigset_t all, old;
	pthread_t thread;
	int fd, events;
	void *p;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	p = mmap(NULL, WIDTH, PROT_READ, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	events = inotify_init1(IN_CLOEXEC);
	if (p == MAP_FAILED || events == -1 ||
	    inotify_add_watch(events, path, IN_MODIFY) == -1)
		return;
	number = p;
	/* signals are the command's own */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	if (pthread_create(&thread, NULL, watch, (void *)(intptr_t)events) ==
	    0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
