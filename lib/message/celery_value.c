/* Values of control replies, in the shapes Celery's own clients print. */
#include <inttypes.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_remote.h"
#include "message/json.h"

static void
put_number(struct tq_buf *b, const char *name, int64_t v)
{
	tq_celery_name_put(b, name);
	tq_buf_int(b, v);
}

static void
put_string(struct tq_buf *b, const char *name, const char *s)
{
	tq_celery_name_put(b, name);
	tq_celery_string_put(b, s);
}

static void
put_text(struct tq_buf *b, const char *name, const char *text)
{
	tq_buf_byte(b, '{');
	put_string(b, name, text);
	tq_buf_byte(b, '}');
}

void
tq_celery_value_ok(struct tq_buf *b, const char *text)
{
	put_text(b, "ok", text);
}

void
tq_celery_value_error(struct tq_buf *b, const char *text)
{
	put_text(b, "error", text);
}

/* ---- tasks ----------------------------------------------------------- */

static void
put_repr(struct tq_buf *b, const char *name, const char *sent,
    struct tq_bytes v, void (*repr)(struct tq_buf *, struct tq_bytes))
{
	struct tq_buf text;

	tq_celery_name_put(b, name);
	if (sent != NULL) {
		tq_celery_string_put(b, sent);
		return;
	}
	tq_buf_init(&text);
	repr(&text, v);
	tq_scan_quote(b, tq_buf_ok(&text) && text.n > 0 ?
	    (char *)text.p : "", tq_buf_ok(&text) ? text.n : 0);
	tq_buf_fini(&text);
}

static void
put_operands(struct tq_buf *b, const struct tq_celery_active *a)
{
	const struct tq_celery_task *t = a->task;

	if (a->safe) {
		put_repr(b, "args", t->argsrepr, t->args, tq_celery_argsrepr);
		put_repr(b, "kwargs", t->kwargsrepr, t->kwargs,
		    tq_celery_repr);
		return;
	}
	tq_celery_name_put(b, "args");
	tq_celery_value_put(b, t->args, "[]");
	tq_celery_name_put(b, "kwargs");
	tq_celery_value_put(b, t->kwargs, "{}");
}

void
tq_celery_value_active(struct tq_buf *b, const struct tq_celery_active *a)
{
	tq_buf_byte(b, '{');
	put_string(b, "id", a->task->id);
	put_string(b, "name", a->task->task);
	put_operands(b, a);
	put_string(b, "type", a->task->task);
	put_string(b, "hostname", a->node);
	tq_celery_name_put(b, "time_start");
	if (a->start > 0)
		tq_celery_seconds_put(b, a->start);
	else
		tq_buf_str(b, "null");
	tq_celery_name_put(b, "acknowledged");
	tq_buf_str(b, a->acknowledged ? "true" : "false");
	tq_celery_name_put(b, "delivery_info");
	tq_buf_byte(b, '{');
	put_string(b, "exchange", a->exchange == NULL ? "" : a->exchange);
	put_string(b, "routing_key", a->routing_key);
	put_number(b, "priority", a->priority);
	tq_celery_name_put(b, "redelivered");
	tq_buf_str(b, a->task->redelivered ? "true}" : "null}");
	tq_celery_name_put(b, "worker_pid");
	if (a->pid > 0)
		tq_buf_int(b, a->pid);
	else
		tq_buf_str(b, "null");
	tq_buf_byte(b, '}');
}

/* ---- the worker ------------------------------------------------------ */

static void
put_total(struct tq_buf *b, const struct tq_celery_stats *s)
{
	size_t i;

	tq_celery_name_put(b, "total");
	tq_buf_byte(b, '{');
	for (i = 0; i < s->ntotal; i++) {
		tq_celery_key_put(b, s->total[i].name);
		tq_buf_int(b, s->total[i].n);
	}
	tq_buf_byte(b, '}');
}

static void
put_pool(struct tq_buf *b, const struct tq_celery_stats *s)
{
	size_t i;

	tq_celery_name_put(b, "pool");
	tq_buf_byte(b, '{');
	put_number(b, "max-concurrency", s->jobs);
	tq_celery_name_put(b, "processes");
	tq_buf_byte(b, '[');
	for (i = 0; i < s->nprocesses; i++) {
		tq_celery_comma(b);
		tq_buf_int(b, s->processes[i]);
	}
	tq_buf_str(b, "], \"max-tasks-per-child\": \"N/A\", "
	    "\"timeouts\": [0, 0]}");
}

static void
put_autoscaler(struct tq_buf *b, const struct tq_celery_stats *s)
{
	if (s->jobs_min == s->jobs_max)
		return;
	tq_celery_name_put(b, "autoscaler");
	tq_buf_byte(b, '{');
	put_number(b, "max", s->jobs_max);
	put_number(b, "min", s->jobs_min);
	put_number(b, "current", s->jobs);
	tq_buf_byte(b, '}');
}

static void
put_broker(struct tq_buf *b, const struct tq_celery_stats *s)
{
	tq_celery_name_put(b, "broker");
	tq_buf_byte(b, '{');
	put_string(b, "hostname", s->hostname);
	put_string(b, "virtual_host", s->virtual_host);
	put_number(b, "port", s->port);
	put_string(b, "transport", s->transport);
	tq_buf_byte(b, '}');
}

void
tq_celery_value_stats(struct tq_buf *b, const struct tq_celery_stats *s)
{
	tq_buf_byte(b, '{');
	put_total(b, s);
	put_number(b, "pid", s->pid);
	tq_celery_name_put(b, "clock");
	tq_buf_printf(b, "\"%" PRId64 "\"", s->clock);
	put_number(b, "uptime", s->uptime / TQ_SECOND);
	put_pool(b, s);
	put_autoscaler(b, s);
	put_broker(b, s);
	put_number(b, "prefetch_count", s->prefetch);
	tq_celery_name_put(b, "rusage");
	tq_buf_byte(b, '{');
	tq_celery_name_put(b, "utime");
	tq_celery_seconds_put(b, s->utime);
	tq_celery_name_put(b, "stime");
	tq_celery_seconds_put(b, s->stime);
	/* getrusage(2) says KiB, and so does Python */
	put_number(b, "maxrss", s->maxrss / 1024);
	tq_buf_str(b, "}}");
}

void
tq_celery_value_queue(struct tq_buf *b, const char *queue,
    const char *exchange, const char *routing_key)
{
	tq_buf_byte(b, '{');
	put_string(b, "name", queue);
	tq_celery_name_put(b, "exchange");
	tq_buf_byte(b, '{');
	put_string(b, "name", exchange);
	tq_buf_str(b, ", \"type\": \"direct\", \"durable\": true, "
	    "\"auto_delete\": false, \"arguments\": null, "
	    "\"delivery_mode\": null, \"no_declare\": false, "
	    "\"passive\": false}");
	put_string(b, "routing_key", routing_key);
	/* all that Celery says of a queue that has nothing of its own */
	tq_buf_str(b, ", \"durable\": true, \"exclusive\": false, "
	    "\"auto_delete\": false, \"no_ack\": false, "
	    "\"alias\": null, \"bindings\": [], \"no_declare\": null, "
	    "\"queue_arguments\": null, \"binding_arguments\": null, "
	    "\"consumer_arguments\": null, \"expires\": null, "
	    "\"message_ttl\": null, \"max_length\": null, "
	    "\"max_length_bytes\": null, \"max_priority\": null}");
}

void
tq_celery_value_hello(struct tq_buf *b, const char *const *revoked,
    const tq_time *when, size_t n, int64_t clock)
{
	size_t i;

	tq_buf_byte(b, '{');
	tq_celery_name_put(b, "revoked");
	tq_buf_byte(b, '{');
	for (i = 0; i < n; i++) {
		tq_celery_key_put(b, revoked[i]);
		tq_buf_byte(b, '[');
		tq_celery_seconds_put(b, when[i]);
		tq_buf_str(b, ", ");
		tq_celery_string_put(b, revoked[i]);
		tq_buf_byte(b, ']');
	}
	tq_buf_byte(b, '}');
	put_number(b, "clock", clock);
	tq_buf_byte(b, '}');
}
