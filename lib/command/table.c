/*
 * The tables of queues, workers and events: a row of a table here is a
 * column there.
 */
#include "command/table.h"

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "command/status.h"

#define N(v)	(sizeof(v) / sizeof((v)[0]))

/* ---- queues ---------------------------------------------------------- */

/* A number, if the broker counts that. */
static void
number(struct tq_print *p, const char *name, uint64_t n)
{
	if (n == TQ_UNCOUNTED)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, (int64_t)n);
}

/* A column that counts the tasks of one state. */
#define COUNT(fn, state)						\
static void								\
fn(struct tq_print *p, const char *name, const void *row)		\
{									\
	const struct tq_queue_row *r = row;				\
									\
	number(p, name, r->now->count[state]);				\
}

COUNT(queue_held, TQ_HELD)
COUNT(queue_delayed, TQ_DELAYED)
COUNT(queue_blocked, TQ_BLOCKED)
COUNT(queue_ready, TQ_READY)
COUNT(queue_started, TQ_STARTED)
COUNT(queue_retry, TQ_RETRY)
COUNT(queue_success, TQ_SUCCESS)
COUNT(queue_failure, TQ_FAILURE)
COUNT(queue_revoked, TQ_REVOKED)
COUNT(queue_expired, TQ_EXPIRED)

/* A column that is a number of the queue. */
#define NUMBER(fn, field)						\
static void								\
fn(struct tq_print *p, const char *name, const void *row)		\
{									\
	const struct tq_queue_row *r = row;				\
									\
	number(p, name, r->now->field);					\
}

NUMBER(queue_bytes, bytes)
NUMBER(queue_workers, workers)
NUMBER(queue_sleeping, sleeping)
NUMBER(queue_puts, puts)
NUMBER(queue_claims, claims)
NUMBER(queue_successes, successes)
NUMBER(queue_failures, failures)

static void
queue_name(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_queue_row *r = row;

	tq_print_str(p, name, r->now->name);
}

static void
queue_state(struct tq_print *p, const char *name, const void *row)
{
	static const char *const words[] = {
		"open", "paused", "closed", "paused,closed"
	};
	const struct tq_queue_row *r = row;

	tq_print_str(p, name,
	    words[(r->now->paused != 0) + 2 * (r->now->closed != 0)]);
}

/* The age of the first ready task, not below 0 when the clock is set back. */
static void
queue_oldest(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_queue_row *r = row;

	if (r->now->oldest == 0)
		tq_print_none(p, name);
	else
		tq_print_seconds(p, name, r->at > r->now->oldest ?
		    r->at - r->now->oldest : 0);
}

/* A rate a second is a decimal fraction, which seconds are printed as. */
static void
rate(struct tq_print *p, const char *name, const struct tq_queue_row *r,
    uint64_t before, uint64_t now)
{
	if (r->before == NULL || r->span <= 0 || now < before ||
	    now == TQ_UNCOUNTED)
		tq_print_none(p, name);
	else
		tq_print_seconds(p, name, (tq_time)((double)(now - before) *
		    (double)TQ_SECOND * (double)TQ_SECOND / (double)r->span));
}

static void
queue_put_rate(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_queue_row *r = row;

	rate(p, name, r, r->before ? r->before->puts : 0, r->now->puts);
}

static void
queue_claim_rate(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_queue_row *r = row;

	rate(p, name, r, r->before ? r->before->claims : 0, r->now->claims);
}

static const struct tq_table_column queue_columns[] = {
	{ "queue", queue_name },
	{ "state", queue_state },
	{ "held", queue_held },
	{ "delayed", queue_delayed },
	{ "blocked", queue_blocked },
	{ "ready", queue_ready },
	{ "started", queue_started },
	{ "retry", queue_retry },
	{ "success", queue_success },
	{ "failure", queue_failure },
	{ "revoked", queue_revoked },
	{ "expired", queue_expired },
	{ "bytes", queue_bytes },
	{ "oldest", queue_oldest },
	{ "workers", queue_workers },
	{ "sleeping", queue_sleeping },
	{ "put_total", queue_puts },
	{ "claim_total", queue_claims },
	{ "success_total", queue_successes },
	{ "failure_total", queue_failures },
	{ "put_rate", queue_put_rate },
	{ "claim_rate", queue_claim_rate },
};

const struct tq_table tq_table_queues = {
	queue_columns, N(queue_columns),
	"queue,state,ready,started,delayed,held,blocked,retry,failure,oldest,"
	"workers"
};

/* ---- workers --------------------------------------------------------- */

#define WORKER(fn, how, field)						\
static void								\
fn(struct tq_print *p, const char *name, const void *row)		\
{									\
	const struct tq_worker_info *w = row;				\
									\
	how(p, name, w->field);						\
}

WORKER(worker_name, tq_print_str, name)
WORKER(worker_host, tq_print_str, host)
WORKER(worker_pid, tq_print_int, pid)
WORKER(worker_since, tq_print_date, since)
WORKER(worker_queues, tq_print_str, queues)
WORKER(worker_jobs, tq_print_int, jobs)
WORKER(worker_running, tq_print_int, running)
WORKER(worker_sleeping, tq_print_int, sleeping)
WORKER(worker_claims, tq_print_int, claims)
WORKER(worker_done, tq_print_int, done)
WORKER(worker_failed, tq_print_int, failed)

static void
worker_status(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_worker_info *w = row;

	tq_print_str(p, name, w->status != NULL && w->status[0] != '\0' ?
	    w->status : NULL);
}

static void
worker_limits(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_worker_info *w = row;

	tq_print_str(p, name, w->limits != NULL && w->limits[0] != '\0' ?
	    w->limits : NULL);
}

static void
worker_rss(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_worker_info *w = row;

	if (w->rss == 0)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, w->rss);
}

static void
worker_uptime(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_worker_info *w = row;
	tq_time now = tq_clock_wall();

	tq_print_seconds(p, name, now > w->since ? now - w->since : 0);
}

static void
worker_ids(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_worker_info *w = row;

	tq_print_list(p, name, w->ids, w->nids);
}

static const struct tq_table_column worker_columns[] = {
	{ "worker", worker_name },
	{ "host", worker_host },
	{ "pid", worker_pid },
	{ "since", worker_since },
	{ "queues", worker_queues },
	{ "jobs", worker_jobs },
	{ "running", worker_running },
	{ "sleeping", worker_sleeping },
	{ "claims", worker_claims },
	{ "done", worker_done },
	{ "failed", worker_failed },
	{ "status", worker_status },
	{ "ids", worker_ids },
	{ "uptime", worker_uptime },
	{ "rss", worker_rss },
	{ "limits", worker_limits },
};

const struct tq_table tq_table_workers = {
	worker_columns, N(worker_columns),
	"worker,queues,jobs,running,done,failed,uptime,rss,limits,ids"
};

/* ---- events ---------------------------------------------------------- */

static void
event_seq(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	tq_print_int(p, name, (int64_t)e->seq);
}

static void
event_time(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	tq_print_date(p, name, e->time);
}

static void
event_type(struct tq_print *p, const char *name, const void *row)
{
	static const char *const words[] = {
		[TQ_EV_PUT] = "put", [TQ_EV_CLAIM] = "claim",
		[TQ_EV_END] = "end", [TQ_EV_ALTER] = "alter",
		[TQ_EV_SET] = "set", [TQ_EV_FORGET] = "forget"
	};
	const struct tq_event *e = row;

	tq_print_str(p, name, (size_t)e->type < N(words) ?
	    words[e->type] : NULL);
}

static void
event_id(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	tq_print_str(p, name, e->id.s[0] != '\0' ? e->id.s : NULL);
}

static void
event_queue(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	tq_print_str(p, name, e->queue);
}

static void
event_state(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	tq_print_str(p, name, e->state != TQ_ABSENT ?
	    tq_state_name(e->state) : NULL);
}

static void
event_attempt(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	if (e->attempt == UINT_MAX)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, e->attempt);
}

static void
event_status(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	if (e->status == -1)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, e->status);
}

static void
event_why(struct tq_print *p, const char *name, const void *row)
{
	const struct tq_event *e = row;

	tq_print_str(p, name, e->why);
}

static const struct tq_table_column event_columns[] = {
	{ "seq", event_seq },
	{ "time", event_time },
	{ "event", event_type },
	{ "id", event_id },
	{ "queue", event_queue },
	{ "state", event_state },
	{ "attempt", event_attempt },
	{ "status", event_status },
	{ "why", event_why },
};

const struct tq_table tq_table_events = {
	event_columns, N(event_columns),
	"time,event,id,queue,state,attempt,status,why"
};

/* ---- all of them ----------------------------------------------------- */

/* Add the column whose name is the n bytes at name. */
static void
choose_one(struct tq_table_choice *c, const struct tq_table *t,
    const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strlen(t->v[i].name) == n &&
		    memcmp(t->v[i].name, name, n) == 0)
			break;
	if (i == t->n)
		tq_die(TQ_EXIT_USAGE, "-o: '%.*s' is not a column",
		    (int)n, name);
	if (c->n == TQ_TABLE_COLUMNS_MAX)
		tq_die(TQ_EXIT_USAGE, "-o: more than %d columns",
		    TQ_TABLE_COLUMNS_MAX);
	c->v[c->n++] = &t->v[i];
}

void
tq_table_choose(struct tq_table_choice *c, const struct tq_table *t,
    const char *list, enum tq_print_form form)
{
	size_t i, n;

	c->n = 0;
	if (list == NULL && form != TQ_PRINT_JSON)
		list = t->usual;
	if (list == NULL || strcmp(list, "all") == 0) {
		for (i = 0; i < t->n; i++)
			c->v[c->n++] = &t->v[i];
		return;
	}
	for (;;) {
		n = strcspn(list, ",");
		choose_one(c, t, list, n);
		if (list[n] == '\0')
			return;
		list += n + 1;
	}
}

int
tq_table_has(const struct tq_table_choice *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strcmp(c->v[i]->name, name) == 0)
			return 1;
	return 0;
}

void
tq_table_header(const struct tq_table_choice *c, struct tq_print *p)
{
	const char *names[TQ_TABLE_COLUMNS_MAX];
	size_t i;

	for (i = 0; i < c->n; i++)
		names[i] = c->v[i]->name;
	tq_print_header(p, names, c->n);
}

void
tq_table_print(const struct tq_table_choice *c, struct tq_print *p,
    const void *row)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		c->v[i]->print(p, c->v[i]->name, row);
	tq_print_end(p);
}
