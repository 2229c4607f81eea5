/*
 * Limits that the system keeps for a process and what it starts.
 *
 *	limit	kept as			over it
 *	cpu	RLIMIT_CPU		XCPU, KILL after CPU_GRACE more
 *	fsize	RLIMIT_FSIZE		XFSZ
 *	mem	RLIMIT_AS		no memory is to be had
 *	nofile	RLIMIT_NOFILE		no file can be opened
 *	nproc	RLIMIT_NPROC		no process can be started; it counts
 *					all of the user, and root is exempt
 *	nice	setpriority(2)
 *	ionice	ioprio_set(2)
 *
 * out is the worker's own: see capture.c.
 */
#define _GNU_SOURCE		/* syscall(2) */
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "limit.h"

#define CPU_GRACE	5	/* seconds */

/* From linux/ioprio.h, which not every system's headers have. */
#define IOPRIO_WHO_PROCESS	1
#define IOPRIO_CLASS_BE		2
#define IOPRIO_CLASS_IDLE	3
#define IOPRIO_CLASS_SHIFT	13

static int
lower(int resource, int64_t value, int64_t grace)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r) == -1)
		return -1;
	if ((rlim_t)(value + grace) < r.rlim_max)
		r.rlim_max = (rlim_t)(value + grace);
	if ((rlim_t)value < r.rlim_cur)
		r.rlim_cur = (rlim_t)value;
	return setrlimit((__rlimit_resource_t)resource, &r);
}

static int
set_nice(int nice)
{
	int now;

	errno = 0;
	now = getpriority(PRIO_PROCESS, 0);
	if (now == -1 && errno != 0)
		return -1;
	return now < nice ? setpriority(PRIO_PROCESS, 0, nice) : 0;
}

static int
set_ionice(int64_t v)
{
	long prio;

	if (v == TQ_IONICE_IDLE)
		prio = IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT;
	else
		prio = IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT | (long)(v - 1);
	return (int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, prio);
}

/* Whole seconds, a part counts as one. */
static int64_t
seconds(tq_time t)
{
	return t / TQ_SECOND + (t % TQ_SECOND != 0);
}

int
tq_limit_set(const struct tq_limits *l)
{
	static const struct {
		enum tq_limit	 limit;
		int		 resource;
	} same[] = {
		{ TQ_LIMIT_FSIZE, RLIMIT_FSIZE },
		{ TQ_LIMIT_MEM, RLIMIT_AS },
		{ TQ_LIMIT_NOFILE, RLIMIT_NOFILE },
		{ TQ_LIMIT_NPROC, RLIMIT_NPROC },
	};
	const int64_t *v = l->v;
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (v[same[i].limit] != 0 &&
		    lower(same[i].resource, v[same[i].limit], 0) == -1)
			return -1;
	if (v[TQ_LIMIT_CPU] != 0 &&
	    lower(RLIMIT_CPU, seconds(v[TQ_LIMIT_CPU]), CPU_GRACE) == -1)
		return -1;
	if (v[TQ_LIMIT_NICE] != 0 && set_nice((int)v[TQ_LIMIT_NICE]) == -1)
		return -1;
	return v[TQ_LIMIT_IONICE] != 0 ? set_ionice(v[TQ_LIMIT_IONICE]) : 0;
}

const char *
tq_limit_why(const struct tq_limits *l, const struct tq_outcome *o)
{
	/* 128 + n is also what a shell says whose child died of it */
	switch (o->status - 128) {
	case SIGXCPU:
		return l->v[TQ_LIMIT_CPU] != 0 ? "cpu limit" : NULL;
	case SIGXFSZ:
		return l->v[TQ_LIMIT_FSIZE] != 0 ? "fsize limit" : NULL;
	case SIGKILL:
		return l->v[TQ_LIMIT_CPU] != 0 &&
		    o->user + o->sys >= l->v[TQ_LIMIT_CPU] ? "cpu limit" :
		    NULL;
	}
	return NULL;
}
