/*
 * A snapshot of a broker in Prometheus' text format.
 *
 * The format wants all samples of a metric together below its HELP and TYPE,
 * so each metric is one entry of a table and one walk over the snapshot.  What
 * a broker does not count is left out: 0 would be a lie.
 * Names follow the rules that `promtool check metrics` enforces: base units
 * as a suffix, _total on counters and on nothing else.  They are as stable
 * as the columns of tqstat: add, never rename.
 */
#include "command/prometheus.h"

#include <string.h>

struct queue_metric {
	const char	*name, *type, *help;
	/* -1: the broker does not know */
	double		 (*value)(const struct tq_queue_info *, tq_time now);
};

struct worker_metric {
	const char	*name, *type, *help;
	double		 (*value)(const struct tq_worker_info *);
};

static double
count(uint64_t n)
{
	return n == TQ_UNCOUNTED ? -1 : (double)n;
}

static double
queue_paused(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return q->paused != 0;
}

static double
queue_closed(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return q->closed != 0;
}

static double
queue_bytes(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->bytes);
}

/* A clock set back makes an age negative; 0 is nearer to the truth. */
static double
queue_age(const struct tq_queue_info *q, tq_time now)
{
	if (q->oldest == 0)
		return q->count[TQ_READY] > 0 ? -1 : 0;
	if (q->oldest > now)
		return 0;
	return (double)(now - q->oldest) / (double)TQ_SECOND;
}

static double
queue_workers(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->workers);
}

static double
queue_sleeping(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->sleeping);
}

static double
queue_puts(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->puts);
}

static double
queue_claims(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->claims);
}

static double
queue_successes(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->successes);
}

static double
queue_failures(const struct tq_queue_info *q, tq_time now)
{
	(void)now;
	return count(q->failures);
}

static double
worker_jobs(const struct tq_worker_info *w)
{
	return w->jobs;
}

static double
worker_running(const struct tq_worker_info *w)
{
	return w->running;
}

static double
worker_start(const struct tq_worker_info *w)
{
	return (double)w->since / (double)TQ_SECOND;
}

static double
worker_claims(const struct tq_worker_info *w)
{
	return (double)w->claims;
}

static double
worker_done(const struct tq_worker_info *w)
{
	return (double)w->done;
}

static double
worker_failed(const struct tq_worker_info *w)
{
	return (double)w->failed;
}

static const struct queue_metric queue_metrics[] = {
	{ "tq_queue_paused", "gauge",
	    "Whether workers claim nothing from the queue.", queue_paused },
	{ "tq_queue_closed", "gauge",
	    "Whether the queue takes no new tasks.", queue_closed },
	{ "tq_queue_bytes", "gauge",
	    "Size of the tasks that have not ended.", queue_bytes },
	{ "tq_queue_oldest_ready_seconds", "gauge",
	    "Age of the first ready task, 0 when there is none.", queue_age },
	{ "tq_queue_workers", "gauge",
	    "Workers that serve the queue.", queue_workers },
	{ "tq_queue_workers_sleeping", "gauge",
	    "Workers that serve the queue and have nothing to do.",
	    queue_sleeping },
	{ "tq_queue_puts_total", "counter",
	    "Tasks ever put into the queue.", queue_puts },
	{ "tq_queue_claims_total", "counter",
	    "Attempts ever started from the queue.", queue_claims },
	{ "tq_queue_successes_total", "counter",
	    "Tasks of the queue that ended in success.", queue_successes },
	{ "tq_queue_failures_total", "counter",
	    "Tasks of the queue that ended in failure.", queue_failures },
};

static const struct worker_metric worker_metrics[] = {
	{ "tq_worker_jobs", "gauge",
	    "Tasks the worker may run at a time.", worker_jobs },
	{ "tq_worker_running", "gauge",
	    "Tasks the worker runs now.", worker_running },
	{ "tq_worker_start_time_seconds", "gauge",
	    "When the worker started, in seconds since 1970.", worker_start },
	{ "tq_worker_claims_total", "counter",
	    "Attempts the worker has started.", worker_claims },
	{ "tq_worker_done_total", "counter",
	    "Attempts the worker has settled.", worker_done },
	{ "tq_worker_failed_total", "counter",
	    "Attempts the worker has settled as failed.", worker_failed },
};

static void
head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name="value", escaped as the format's section on comments and labels says. */
static void
label(FILE *f, const char *name, const char *value)
{
	fprintf(f, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n') {
			fputs("\\n", f);
			continue;
		}
		if (*value == '"' || *value == '\\')
			putc('\\', f);
		putc(*value, f);
	}
	putc('"', f);
}

static void
tasks(FILE *f, const struct tq_snapshot *s)
{
	size_t i;
	int state;

	head(f, "tq_queue_tasks", "gauge",
	    "Tasks known in the queue, ended ones that are kept included.");
	for (i = 0; i < s->nqueues; i++)
		for (state = TQ_HELD; state < TQ_NSTATES; state++) {
			if (s->queue[i].count[state] == TQ_UNCOUNTED)
				continue;
			fputs("tq_queue_tasks{", f);
			label(f, "queue", s->queue[i].name);
			fprintf(f, ",state=\"%s\"} %llu\n",
			    tq_state_name((enum tq_state)state),
			    (unsigned long long)s->queue[i].count[state]);
		}
}

static void
queue_metric(FILE *f, const struct queue_metric *m,
    const struct tq_snapshot *s)
{
	double value;
	size_t i, n = 0;

	for (i = 0; i < s->nqueues; i++) {
		if ((value = m->value(&s->queue[i], s->at)) < 0)
			continue;
		if (n++ == 0)
			head(f, m->name, m->type, m->help);
		fprintf(f, "%s{", m->name);
		label(f, "queue", s->queue[i].name);
		fprintf(f, "} %.15g\n", value);
	}
}

static void
worker_metric(FILE *f, const struct worker_metric *m,
    const struct tq_snapshot *s)
{
	size_t i;

	head(f, m->name, m->type, m->help);
	for (i = 0; i < s->nworkers; i++) {
		fprintf(f, "%s{", m->name);
		label(f, "worker", s->worker[i].name);
		fprintf(f, "} %.15g\n", m->value(&s->worker[i]));
	}
}

void
tq_prometheus_print(FILE *f, const struct tq_snapshot *s)
{
	size_t i;

	tasks(f, s);
	for (i = 0; i < sizeof(queue_metrics) / sizeof(queue_metrics[0]); i++)
		queue_metric(f, &queue_metrics[i], s);
	for (i = 0; i < sizeof(worker_metrics) / sizeof(worker_metrics[0]); i++)
		worker_metric(f, &worker_metrics[i], s);
}
