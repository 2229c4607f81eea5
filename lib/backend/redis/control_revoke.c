/*
 * Remote control that revokes: tasks by their ids, and by what they were
 * stamped with (Celery 5.3, worker/control.py: revoke_by_stamped_headers).
 * Those that run are killed by the loop, to which it is mailed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/control.h"
#include "backend/redis/message.h"
#include "backend/redis/redis.h"
#include "backend/redis/worker.h"
#include "base/signame.h"
#include "message/celery_field.h"

const char *
tq_redis_name_of(struct tq_redis_asked *a, struct tq_bytes id)
{
	const char *s = tq_scan_string(&a->mem, id).p;

	return s == NULL || *s == '\0' ? NULL :
	    tq_celery_id_name(&a->mem, s);
}

/* The ids of a request, by their names: one, or a list. */
static size_t
ids_of(struct tq_redis_asked *a, const char ***out)
{
	struct tq_bytes v = tq_scan_get(a->q->arguments, "task_id"), one;
	struct tq_scan scan;
	size_t n = 0;

	*out = tq_arena_alloc(&a->mem, (tq_scan_count(v) + 1) *
	    sizeof(**out));
	if (*out == NULL)
		return 0;
	if (tq_scan_type(v) == TQ_SCAN_STRING) {
		(*out)[0] = tq_redis_name_of(a, v);
		return (*out)[0] != NULL;
	}
	tq_scan_init(&scan, v);
	while (tq_scan_next(&scan, &one)) {
		(*out)[n] = tq_redis_name_of(a, one);
		n += (*out)[n] != NULL;
	}
	return n;
}

/* The signal that is asked for, by name or number; 0, and it is said: none. */
static int
signal_of(struct tq_redis_asked *a)
{
	struct tq_bytes v = tq_scan_get(a->q->arguments, "signal");
	const char *name;
	char text[80];
	int64_t n;

	if (v.n == 0 || tq_scan_type(v) == TQ_SCAN_NULL)
		return SIGTERM;
	if (tq_scan_int(&n, v) && n > 0 && n <= TQ_SIGNAL_MAX)
		return (int)n;
	name = tq_scan_string(&a->mem, v).p;
	if (name != NULL && (n = tq_signal_number(name)) != 0)
		return (int)n;
	snprintf(text, sizeof(text), "signal: '%.40s' is none", name != NULL ?
	    name : "?");
	tq_celery_value_error(&a->value, text);
	return 0;
}

/* End those of ours that run; revoked: that is how they end. */
static unsigned
terminate(struct tq_redis_asked *a, int sig, const char **ids, size_t n,
    int revoked)
{
	struct tq_redis_held *h;
	unsigned done = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		TAILQ_FOREACH(h, &a->r->held, link) {
			if (h->stage != TQ_REDIS_CLAIMED ||
			    strcmp(h->id.s, ids[i]) != 0)
				continue;
			h->revoked |= revoked;
			tq_redis_mail_kill(a->r, h, sig);
			done++;
		}
	}
	return done;
}

void
tq_redis_on_revoke(struct tq_redis_asked *a)
{
	int all = strcmp(a->q->method, "terminate") == 0, kill = 0, only = 0, sig = 0;
	struct tq_buf text;
	struct tq_err e;
	const char **ids;
	size_t i, n = ids_of(a, &ids);

	(void)tq_scan_bool(&kill, tq_scan_get(a->q->arguments, "terminate"));
	if (n == 0) {
		tq_celery_value_error(&a->value, "task_id: want ids");
		return;
	}
	if ((all || kill) && (sig = signal_of(a)) == 0)
		return;
	/* from tqctl kill: it ends as killed */
	(void)tq_scan_bool(&only, tq_scan_get(a->q->arguments, "kill"));
	if (!only && tq_redis_revoke(a->r, ids, n, &e) == -1) {
		tq_celery_value_error(&a->value, e.text);
		return;
	}
	tq_buf_init(&text);
	if ((all || kill) && terminate(a, sig, ids, n, !only) == 0)
		tq_buf_str(&text, "terminate: tasks unknown");
	else {
		tq_buf_str(&text, all || kill ? "terminate: " : "tasks ");
		for (i = 0; i < n; i++) {
			if (i > 0)
				tq_buf_str(&text, ", ");
			tq_buf_str(&text, ids[i]);
		}
		if (!all && !kill)
			tq_buf_str(&text, " flagged as revoked");
	}
	tq_buf_byte(&text, '\0');
	if (tq_buf_ok(&text))
		tq_celery_value_ok(&a->value, (const char *)text.p);
	tq_buf_fini(&text);
}

/* ---- stamps ---------------------------------------------------------- */

/* Add the marks of a member of `headers`: its value, or each of a list. */
static int
add_marks(struct tq_redis_asked *a, const char **mark, size_t *n,
    struct tq_bytes name, struct tq_bytes value)
{
	struct tq_scan scan;
	struct tq_bytes one = value;

	if (tq_scan_type(value) != TQ_SCAN_ARRAY)
		return (mark[(*n)++] = tq_redis_mark(&a->mem, name, one)) !=
		    NULL;
	tq_scan_init(&scan, value);
	while (tq_scan_next(&scan, &one)) {
		if ((mark[(*n)++] = tq_redis_mark(&a->mem, name, one)) == NULL)
			return 0;
	}
	return 1;
}

/* "name=value", as `celery control` has it. */
static int
add_words(struct tq_redis_asked *a, const char **mark, size_t *n,
    struct tq_bytes word)
{
	const char *s = tq_scan_string(&a->mem, word).p, *eq;
	struct tq_buf b;
	struct tq_bytes name, value;
	size_t len;

	if (s == NULL || (eq = strchr(s, '=')) == NULL)
		return 0;
	len = (size_t)(eq - s);
	tq_buf_init(&b);
	tq_scan_quote(&b, s, len);
	name = tq_arena_keep(&a->mem, &b);
	tq_scan_quote(&b, eq + 1, strcspn(eq + 1, "="));
	value = tq_arena_keep(&a->mem, &b);
	tq_buf_fini(&b);
	return name.p != NULL && value.p != NULL &&
	    add_marks(a, mark, n, name, value);
}

/* The marks of `headers`, an object or a list of words; 0: none, or wrong. */
static size_t
marks_of(struct tq_redis_asked *a, struct tq_bytes headers,
    const char ***out)
{
	struct tq_scan scan;
	struct tq_bytes name, value;
	size_t most = 0, n = 0;

	tq_scan_init(&scan, headers);
	if (tq_scan_type(headers) == TQ_SCAN_OBJECT)
		while (tq_scan_member(&scan, &name, &value))
			most += 1 + tq_scan_count(value);
	else
		most = tq_scan_count(headers);
	*out = tq_arena_alloc(&a->mem, (most + 1) * sizeof(**out));
	if (*out == NULL)
		return 0;
	tq_scan_init(&scan, headers);
	if (tq_scan_type(headers) == TQ_SCAN_OBJECT) {
		while (tq_scan_member(&scan, &name, &value))
			if (!add_marks(a, *out, &n, name, value))
				return 0;
		return n;
	}
	while (tq_scan_type(headers) == TQ_SCAN_ARRAY &&
	    tq_scan_next(&scan, &value))
		if (!add_words(a, *out, &n, value))
			return 0;
	return n;
}

/* Kill those that run and have one of the marks: how many. */
static unsigned
terminate_marked(struct tq_redis_asked *a, int sig, const char **mark,
    size_t n)
{
	const struct tq_redis_held *h;
	struct tq_redis_read in;
	const char *id;
	unsigned done = 0;

	tq_redis_marks_sort(mark, n);
	TAILQ_FOREACH(h, &a->r->held, link) {
		if (h->stage != TQ_REDIS_CLAIMED || tq_redis_read(&in,
		    &a->mem, h->text, h->n, NULL) == -1 ||
		    !tq_redis_is_marked(&a->mem, &in.msg, mark, n))
			continue;
		id = h->id.s;
		done += terminate(a, sig, &id, 1, 1);
	}
	return done;
}

void
tq_redis_on_revoke_stamps(struct tq_redis_asked *a)
{
	struct tq_bytes headers = tq_scan_get(a->q->arguments, "headers");
	struct tq_buf text;
	struct tq_err e;
	const char **mark;
	size_t n = marks_of(a, headers, &mark);
	int kill = 0, sig = 0;

	(void)tq_scan_bool(&kill, tq_scan_get(a->q->arguments, "terminate"));
	if (n == 0) {
		tq_celery_value_error(&a->value, "headers: want stamps");
		return;
	}
	if (kill && (sig = signal_of(a)) == 0)
		return;
	if (tq_redis_revoke(a->r, mark, n, &e) == -1) {
		tq_celery_value_error(&a->value, e.text);
		return;
	}
	tq_buf_init(&text);
	tq_buf_str(&text, "headers ");
	tq_celery_repr(&text, headers);
	if (!kill)
		tq_buf_str(&text, " flagged as revoked, but not terminated");
	else
		tq_buf_str(&text, terminate_marked(a, sig, mark, n) > 0 ?
		    " revoked" : " were not terminated");
	tq_buf_byte(&text, '\0');
	if (tq_buf_ok(&text))
		tq_celery_value_ok(&a->value, (const char *)text.p);
	tq_buf_fini(&text);
}
