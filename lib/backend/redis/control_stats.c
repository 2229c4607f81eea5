/*
 * Remote control that asks what a worker is: its numbers, and its settings by
 * the names that they have in a site of Celery.
 */
#include <sys/resource.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/redis/control.h"
#include "backend/redis/names.h"
#include "backend/redis/pids.h"
#include "backend/redis/worker.h"
#include "base/clock.h"
#include "message/json.h"

/* ---- numbers --------------------------------------------------------- */

static void
count_names(struct tq_redis_asked *a, struct tq_celery_stats *s)
{
	const struct tq_redis_names *names = &a->r->worker->names;
	const struct tq_redis_name **v;
	struct tq_celery_total *total;
	size_t i;

	v = tq_arena_alloc(&a->mem, (names->n + 1) * sizeof(*v));
	total = tq_arena_alloc(&a->mem, (names->n + 1) * sizeof(*total));
	if (v == NULL || total == NULL)
		return;
	tq_redis_names_all(names, v);
	for (i = 0; i < names->n; i++) {
		if (v[i]->begun == 0)
			continue;
		total[s->ntotal].name = v[i]->name;
		total[s->ntotal++].n = (int64_t)v[i]->begun;
	}
	s->total = total;
}

void
tq_redis_on_stats(struct tq_redis_asked *a)
{
	const struct tq_redis *r = a->r;
	struct tq_celery_stats s;
	struct rusage ru;
	int64_t pids[TQ_REDIS_PIDS_MAX];
	char db[16];

	memset(&s, 0, sizeof(s));
	memset(&ru, 0, sizeof(ru));
	(void)getrusage(RUSAGE_SELF, &ru);
	snprintf(db, sizeof(db), "%d", r->place.db);
	s.pid = getpid();
	s.clock = r->worker->clock;
	s.uptime = tq_clock_wall() - r->worker->since;
	s.jobs = r->worker->jobs;
	s.jobs_min = r->worker->jobs_min;
	s.jobs_max = r->worker->jobs_max;
	count_names(a, &s);
	s.processes = pids;
	s.nprocesses = tq_redis_pids(pids);
	s.transport = "redis";
	s.hostname = r->place.host != NULL ? r->place.host : r->place.path;
	s.port = r->place.host != NULL ? r->place.port : 0;
	s.virtual_host = db;
	s.utime = ru.ru_utime.tv_sec * TQ_SECOND +
	    ru.ru_utime.tv_usec * 1000;
	s.stime = ru.ru_stime.tv_sec * TQ_SECOND +
	    ru.ru_stime.tv_usec * 1000;
	s.maxrss = ru.ru_maxrss * 1024;
	tq_celery_value_stats(&a->value, &s);
}

/* ---- settings -------------------------------------------------------- */

static void
put_text(struct tq_buf *b, const char *name, const char *value)
{
	tq_buf_printf(b, ", \"%s\": ", name);
	tq_json_str(b, value, strlen(value));
}

/* kombu's part of it. */
static void
put_transport(struct tq_buf *b, const struct tq_redis_place *p)
{
	size_t i;

	tq_buf_str(b, ", \"broker_transport_options\": "
	    "{\"visibility_timeout\": ");
	tq_json_seconds(b, p->visibility);
	if (p->prefix[0] != '\0')
		put_text(b, "global_keyprefix", p->prefix);
	tq_buf_str(b, ", \"priority_steps\": [");
	for (i = 0; i < p->nsteps; i++)
		tq_buf_printf(b, "%s%u", i > 0 ? ", " : "", p->steps[i]);
	tq_buf_str(b, "]}");
}

/* Names of places are without their passwords. */
void
tq_redis_on_conf(struct tq_redis_asked *a)
{
	const struct tq_redis *r = a->r;
	struct tq_buf *b = &a->value;

	tq_buf_str(b, "{\"accept_content\": [\"json\"]");
	put_text(b, "broker_url", r->place.name);
	put_text(b, "result_backend", r->results.name);
	put_text(b, "task_default_queue", r->usual);
	tq_buf_printf(b, ", \"result_extended\": %s, "
	    "\"worker_concurrency\": %u, \"worker_send_task_events\": %s",
	    r->results.extended ? "true" : "false", r->worker->jobs,
	    r->worker->events ? "true" : "false");
	put_transport(b, &r->place);
	tq_buf_byte(b, '}');
}
