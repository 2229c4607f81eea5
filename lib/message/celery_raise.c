/* Exceptions for Python, of what became of a task. */
#include "message/celery_raise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/utf8.h"

/* Exceptions of Python that a text alone makes; sorted. */
static const char *const builtins[] = {
	"ArithmeticError", "AssertionError", "AttributeError",
	"BlockingIOError", "BrokenPipeError", "BufferError", "BytesWarning",
	"ChildProcessError", "ConnectionAbortedError", "ConnectionError",
	"ConnectionRefusedError", "ConnectionResetError",
	"DeprecationWarning", "EOFError", "EnvironmentError", "Exception",
	"FileExistsError", "FileNotFoundError", "FloatingPointError",
	"FutureWarning", "IOError", "ImportError", "ImportWarning",
	"IndentationError", "IndexError", "InterruptedError",
	"IsADirectoryError", "KeyError", "LookupError", "MemoryError",
	"ModuleNotFoundError", "NameError", "NotADirectoryError",
	"NotImplementedError", "OSError", "OverflowError",
	"PendingDeprecationWarning", "PermissionError", "ProcessLookupError",
	"RecursionError", "ReferenceError", "ResourceWarning", "RuntimeError",
	"RuntimeWarning", "StopAsyncIteration", "StopIteration",
	"SyntaxError", "SyntaxWarning", "SystemError", "TabError",
	"TimeoutError", "TypeError", "UnboundLocalError", "UnicodeError",
	"UnicodeWarning", "UserWarning", "ValueError", "Warning",
	"ZeroDivisionError"
};

static const char *const celery[] = {
	"ChordError", "IncompleteStream", "InvalidTaskError",
	"MaxRetriesExceededError", "NotRegistered", "QueueNotFound",
	"SecurityError", "TaskRevokedError"
};

static const char *const billiard[] = {
	"SoftTimeLimitExceeded", "TimeLimitExceeded", "WorkerLostError"
};

static int
compare(const void *key, const void *p)
{
	return strcmp(key, *(const char *const *)p);
}

#define HAS(table, name) \
	(bsearch(name, table, sizeof(table) / sizeof((table)[0]), \
	sizeof((table)[0]), compare) != NULL)

static const char *
module_of(const char *name)
{
	if (HAS(builtins, name))
		return "builtins";
	if (HAS(celery, name))
		return TQ_RAISE_CELERY;
	if (HAS(billiard, name))
		return "billiard.exceptions";
	return TQ_RAISE_MODULE;
}

/* ---- text ------------------------------------------------------------ */

static void
put_utf8(struct tq_buf *b, const char *p, size_t n)
{
	uint32_t c;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		if ((len = tq_utf8_get(&c, p, n)) > 0) {
			tq_buf_put(b, p, len);
		} else {
			tq_buf_str(b, "\xef\xbf\xbd");	/* U+FFFD */
			len = 1;
		}
	}
}

static struct tq_bytes
keep(struct tq_arena *mem, struct tq_buf *b)
{
	struct tq_bytes out = tq_arena_keep(mem, b);

	tq_buf_fini(b);
	return out;
}

struct tq_bytes
tq_celery_trace(struct tq_arena *mem, struct tq_bytes err)
{
	struct tq_buf b;

	if (err.n > TQ_RAISE_TRACE_MAX) {
		err.p += err.n - TQ_RAISE_TRACE_MAX;
		err.n = TQ_RAISE_TRACE_MAX;
		/* begin with a character */
		for (; (*err.p & 0xc0) == 0x80 && err.n > 1; err.p++)
			err.n--;
	}
	tq_buf_init(&b);
	put_utf8(&b, err.p, err.n);
	return keep(mem, &b);
}

/* The last line that is not empty, at most 200 bytes of it. */
static struct tq_bytes
last_line(struct tq_bytes text)
{
	struct tq_bytes line = text;
	const char *p;

	while (line.n > 0 && strchr(" \t\r\n", line.p[line.n - 1]) != NULL)
		line.n--;
	for (p = line.p + line.n; p > line.p && p[-1] != '\n';)
		p--;
	line.n -= (size_t)(p - line.p);
	line.p = p;
	if (line.n > 200)
		line.n = 200;
	return line;
}

static int
set(struct tq_celery_exc *out, struct tq_arena *mem, const char *module,
    const char *type, struct tq_buf *message, struct tq_err *e)
{
	memset(out, 0, sizeof(*out));
	out->module = module;
	out->type = type;
	out->message = keep(mem, message);
	return out->message.p != NULL ? 0 :
	    tq_fail(e, ENOMEM, "out of memory");
}

static void
put_argument(struct tq_buf *b, const char *text)
{
	struct tq_buf clean;

	tq_buf_init(&clean);
	put_utf8(&clean, text, strlen(text));
	tq_buf_byte(b, '[');
	tq_scan_quote(b, (const char *)clean.p, clean.n);
	tq_buf_byte(b, ']');
	tq_buf_fini(&clean);
}

int
tq_celery_raise_text(struct tq_celery_exc *out, struct tq_arena *mem,
    const char *module, const char *type, const char *text, struct tq_err *e)
{
	struct tq_buf b;

	tq_buf_init(&b);
	put_argument(&b, text);
	return set(out, mem, module, type, &b, e);
}

/* ---- of an outcome --------------------------------------------------- */

/* 1 if s is names with dots between, the last one a class by its look. */
static int
is_class(const char *s)
{
	const char *last = s;
	int first = 1;

	for (; *s != '\0'; s++) {
		if (*s == '.') {
			if (first)
				return 0;
			first = 1;
			last = s + 1;
			continue;
		}
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    *s == '_' || (!first && *s >= '0' && *s <= '9')))
			return 0;
		first = 0;
	}
	return !first && *last >= 'A' && *last <= 'Z';
}

/* What the task itself called it. */
static int
raise_named(struct tq_celery_exc *out, struct tq_arena *mem,
    const struct tq_outcome *o, struct tq_err *e)
{
	const char *type = o->type, *module, *dot;
	struct tq_buf b;

	if ((dot = strrchr(type, '.')) != NULL &&
	    strncmp(type, "builtins.", 9) != 0) {
		module = tq_arena_copy(mem, type, (size_t)(dot - type));
		type = dot + 1;
	} else {
		type = dot != NULL ? dot + 1 : type;
		module = module_of(type);
	}
	if (module == NULL)
		return tq_fail(e, ENOMEM, "out of memory");
	tq_buf_init(&b);
	if (tq_scan_type(o->result) == TQ_SCAN_ARRAY)
		tq_buf_put(&b, o->result.p, o->result.n);
	else
		put_argument(&b, o->why != NULL ? o->why : "");
	return set(out, mem, module, type, &b, e);
}

static int
raise_revoked(struct tq_celery_exc *out, struct tq_arena *mem,
    const struct tq_outcome *o, struct tq_err *e)
{
	const char *why = o->why;

	if (o->state == TQ_EXPIRED)
		why = "expired";
	else if (why == NULL)
		why = o->signal != 0 ? "terminated" : "revoked";
	return tq_celery_raise_text(out, mem, TQ_RAISE_CELERY,
	    "TaskRevokedError", why, e);
}

static int
raise_limit(struct tq_celery_exc *out, struct tq_arena *mem,
    const struct tq_celery_task *m, const struct tq_outcome *o,
    struct tq_err *e)
{
	struct tq_buf b;

	tq_buf_init(&b);
	tq_buf_byte(&b, '[');
	if (o->signal == SIGKILL && m->hard > 0)
		tq_celery_seconds_put(&b, m->hard);
	tq_buf_byte(&b, ']');
	return set(out, mem, "billiard.exceptions", o->signal == SIGKILL ?
	    "TimeLimitExceeded" : "SoftTimeLimitExceeded", &b, e);
}

/* What the worker says of retries, and the task's own words say more than. */
static int
is_of_retries(const char *why)
{
	return strcmp(why, "may start only once") == 0 ||
	    strcmp(why, "no retries left") == 0 ||
	    strcmp(why, "not worth a retry") == 0 ||
	    strcmp(why, "tried later too often") == 0;
}

static int
raise_status(struct tq_celery_exc *out, struct tq_arena *mem,
    const struct tq_celery_end *end, struct tq_err *e)
{
	const struct tq_outcome *o = end->outcome;
	struct tq_bytes line = last_line(end->err);
	char text[512], *p = text;
	size_t left = sizeof(text);
	int n;

	if (o->signal > 0)
		n = snprintf(p, left, "killed by signal %d", o->signal);
	else if (o->status >= 0)
		n = snprintf(p, left, "exit status %d", o->status);
	else
		n = snprintf(p, left, "failed");
	p += n;
	left -= (size_t)n;
	if (o->why != NULL && (line.n == 0 || !is_of_retries(o->why)))
		snprintf(p, left, ": %s", o->why);
	else if (line.n > 0)
		snprintf(p, left, ": %.*s", (int)line.n, line.p);
	return tq_celery_raise_text(out, mem, TQ_RAISE_MODULE,
	    "CommandFailed", text, e);
}

int
tq_celery_raise(struct tq_celery_exc *out, struct tq_arena *mem,
    const struct tq_celery_task *m, const struct tq_celery_end *end,
    struct tq_err *e)
{
	const struct tq_outcome *o = end->outcome;
	const char *why = o->why != NULL ? o->why : "";

	if (o->state == TQ_REVOKED || o->state == TQ_EXPIRED)
		return raise_revoked(out, mem, o, e);
	if (strncmp(why, "NotRegistered", 13) == 0 ||
	    (o->type != NULL && strcmp(o->type, "NotRegistered") == 0))
		return tq_celery_raise_text(out, mem, TQ_RAISE_CELERY,
		    "NotRegistered", m->task, e);
	if (o->type != NULL && is_class(o->type))
		return raise_named(out, mem, o, e);
	if (strncmp(why, "time limit", 10) == 0)
		return raise_limit(out, mem, m, o, e);
	/* it has no status of its own: its workers died */
	if (o->status == -1 && o->signal == 0)
		return tq_celery_raise_text(out, mem, "billiard.exceptions",
		    "WorkerLostError", *why != '\0' ? why : "worker lost", e);
	return raise_status(out, mem, end, e);
}
