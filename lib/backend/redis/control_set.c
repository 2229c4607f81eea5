/*
 * Remote control that changes a worker: its places, its queues, and the limits
 * of tasks by their names.  All of it lasts as long as the worker, as Celery
 * has it.
 *
 * A rate is that of this worker.  A task over it waits on the broker, like any
 * that may not start yet, until the time that it was given (claim.c).
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/control.h"
#include "backend/redis/names.h"
#include "backend/redis/work.h"
#include "backend/redis/worker.h"
#include "base/pace.h"

#define PLACES_MAX	1024
#define LIMIT_MAX	9e9	/* seconds */

static const char busy[] = "busy: try again";

/* To the loop, and what it was; or that it has too much to do. */
static void
send(struct tq_redis_asked *a, const char *mail, const char *ok)
{
	if (tq_redis_mail_add(a->r, "%s", mail) == -1)
		tq_celery_value_error(&a->value, busy);
	else
		tq_celery_value_ok(&a->value, ok);
}

static struct tq_bytes
argument(const struct tq_redis_asked *a, const char *name)
{
	return tq_scan_get(a->q->arguments, name);
}

/* A name of a queue or of tasks; NULL: the answer is given. */
static const char *
name_of(struct tq_redis_asked *a, const char *argument_name)
{
	const char *s = tq_scan_string(&a->mem,
	    argument(a, argument_name)).p;
	char text[80];

	if (s != NULL && tq_name_valid(s))
		return s;
	snprintf(text, sizeof(text), "%s: want a name", argument_name);
	tq_celery_value_error(&a->value, text);
	return NULL;
}

/* ---- places ---------------------------------------------------------- */

/* A count in *out, which is left as it is when there is none; 0 or -1. */
static int
count_of(struct tq_redis_asked *a, const char *name, int64_t least,
    int64_t *out)
{
	struct tq_bytes v = argument(a, name);
	char text[80];

	if (tq_scan_unset(v))
		return 0;
	if (tq_scan_int(out, v) && *out >= least && *out <= PLACES_MAX)
		return 0;
	snprintf(text, sizeof(text), "%s: want %d to %d", name, (int)least,
	    PLACES_MAX);
	tq_celery_value_error(&a->value, text);
	return -1;
}

void
tq_redis_on_pool(struct tq_redis_asked *a)
{
	int grow = strcmp(a->q->method, "pool_grow") == 0;
	char mail[32];
	int64_t n = 1;

	if (count_of(a, "n", 1, &n) == -1)
		return;
	snprintf(mail, sizeof(mail), "%s %d", grow ? "grow" : "shrink",
	    (int)n);
	send(a, mail, grow ? "pool will grow" : "pool will shrink");
}

/* Celery may have no process at all; here there is always a place. */
void
tq_redis_on_autoscale(struct tq_redis_asked *a)
{
	const struct tq_redis_worker *w = a->r->worker;
	int64_t least = w->jobs_min, most = w->jobs_max;
	char mail[48], ok[64];

	if (count_of(a, "max", 1, &most) == -1 ||
	    count_of(a, "min", 0, &least) == -1)
		return;
	if (least < 1)
		least = 1;
	if (least > most)
		least = most;
	snprintf(mail, sizeof(mail), "scale %d %d", (int)least, (int)most);
	snprintf(ok, sizeof(ok), "autoscale now max=%d min=%d", (int)most,
	    (int)least);
	send(a, mail, ok);
}

/* ---- queues ---------------------------------------------------------- */

void
tq_redis_on_consumer(struct tq_redis_asked *a)
{
	int add = strcmp(a->q->method, "add_consumer") == 0;
	char mail[16 + TQ_NAME_MAX], ok[32 + TQ_NAME_MAX];
	const char *queue = name_of(a, "queue");
	struct tq_err e;

	if (queue == NULL)
		return;
	/* the loop must come to know what all others are told */
	if (a->r->worker->nmails == TQ_REDIS_MAILS) {
		tq_celery_value_error(&a->value, busy);
		return;
	}
	if ((add ? tq_redis_serve(a->r, queue, &e) :
	    tq_redis_leave_queue(a->r, queue, &e)) == -1) {
		tq_celery_value_error(&a->value, e.text);
		return;
	}
	snprintf(mail, sizeof(mail), "%s %s", add ? "serve" : "leave", queue);
	snprintf(ok, sizeof(ok), "%s %s", add ? "add consumer" :
	    "no longer consuming from", queue);
	send(a, mail, ok);
}

/* ---- limits of names ------------------------------------------------- */

/* A name that this worker runs; NULL: the answer is given. */
static const char *
task_of(struct tq_redis_asked *a)
{
	const char *name = name_of(a, "task_name");

	if (name != NULL && !tq_redis_runs(a->r, name)) {
		tq_celery_value_error(&a->value, "unknown task");
		return NULL;
	}
	return name;
}

/* A time in seconds; none is 0. */
static int
seconds_of(struct tq_redis_asked *a, const char *name, tq_time *out)
{
	struct tq_bytes v = argument(a, name);
	char text[80];
	double s = 0;

	*out = 0;
	if (tq_scan_unset(v))
		return 0;
	if (!tq_scan_real(&s, v) || !(s >= 0 && s < LIMIT_MAX)) {
		snprintf(text, sizeof(text), "%s: want seconds", name);
		tq_celery_value_error(&a->value, text);
		return -1;
	}
	*out = (tq_time)(s * 1e9);
	return 0;
}

void
tq_redis_on_time_limit(struct tq_redis_asked *a)
{
	const char *name = task_of(a);
	char mail[64 + TQ_NAME_MAX];
	tq_time soft, hard;

	if (name == NULL || seconds_of(a, "soft", &soft) == -1 ||
	    seconds_of(a, "hard", &hard) == -1)
		return;
	snprintf(mail, sizeof(mail), "limit %s %lld %lld", name,
	    (long long)soft, (long long)hard);
	send(a, mail, "time limits set successfully");
}

/* "10/m" or a number, as text. */
static const char *
rate_of(struct tq_redis_asked *a)
{
	struct tq_bytes v = argument(a, "rate_limit");

	if (tq_scan_unset(v))
		return "";
	if (tq_scan_type(v) == TQ_SCAN_NUMBER)
		return tq_arena_copy(&a->mem, v.p, v.n);
	return tq_scan_string(&a->mem, v).p;
}

void
tq_redis_on_rate_limit(struct tq_redis_asked *a)
{
	const char *name = task_of(a), *text;
	struct tq_redis_name *t;
	char why[160];
	struct tq_err e;
	tq_time period;

	if (name == NULL)
		return;
	if ((text = rate_of(a)) == NULL ||
	    strlen(text) >= TQ_REDIS_RATE_MAX)
		text = "?";
	if (tq_pace_parse(&period, text, &e) == -1) {
		snprintf(why, sizeof(why), "Invalid rate limit string: %.120s",
		    e.text);
		tq_celery_value_error(&a->value, why);
		return;
	}
	if ((t = tq_redis_name(&a->r->worker->names, name)) == NULL) {
		tq_celery_value_error(&a->value, "too many names");
		return;
	}
	tq_pace_set(&t->pace, period);
	(void)strlcpy(t->rate, period == 0 ? "" : text, sizeof(t->rate));
	tq_celery_value_ok(&a->value, period == 0 ?
	    "rate limit disabled successfully" :
	    "new rate limit set successfully");
}
