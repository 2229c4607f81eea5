/* Values of Celery's JSON, read one by one. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message/celery_field.h"

/* 2^63 ns are 292 years; nobody times a task by more. */
#define SECONDS_MAX	INT64_C(9000000000)

void
tq_celery_bad(struct tq_celery_reader *r, int num, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (r->failed)
		return;
	r->failed = 1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tq_fail(r->e, num, "%s: %s", r->what, text);
}

void
tq_celery_want(struct tq_celery_reader *r, const char *name,
    const char *wanted, struct tq_bytes v)
{
	tq_celery_bad(r, EBADMSG, "%s: want %s, found %s %.*s", name, wanted,
	    tq_scan_type_name(v), v.n < 40 ? (int)v.n : 40, v.p);
}

const char *
tq_celery_get_string(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v)
{
	struct tq_bytes s;

	if (r->failed || tq_scan_unset(v))
		return NULL;
	s = tq_scan_string(r->mem, v);
	if (s.p == NULL && errno == EILSEQ)
		tq_celery_bad(r, EBADMSG, "%s: half a surrogate pair in %.*s",
		    name, v.n < 40 ? (int)v.n : 40, v.p);
	else if (s.p == NULL && errno == ENOMEM)
		tq_celery_bad(r, ENOMEM, "out of memory");
	else if (s.p == NULL)
		tq_celery_want(r, name, "a string", v);
	else if (memchr(s.p, '\0', s.n) != NULL)
		tq_celery_bad(r, EBADMSG, "%s holds a NUL: %.*s", name,
		    v.n < 40 ? (int)v.n : 40, v.p);
	return r->failed ? NULL : s.p;
}

const char *
tq_celery_get_name(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v)
{
	const char *s;

	if (r->failed || tq_scan_type(v) != TQ_SCAN_NUMBER)
		return tq_celery_get_string(r, name, v);
	if ((s = tq_arena_copy(r->mem, v.p, v.n)) == NULL)
		tq_celery_bad(r, ENOMEM, "out of memory");
	return s;
}

/*
 * Seconds in plain decimals as ns, digit by digit: a double since 1970 is
 * exact to 240 ns only.  1, or 0 when there is an exponent or too many.
 */
static int
exact_seconds(tq_time *out, struct tq_bytes v)
{
	tq_time unit = TQ_SECOND / 10;
	struct tq_bytes whole = { v.p, 0 };
	int64_t s;
	size_t i;

	if (v.n > 0 && v.p[0] == '-')
		return 0;		/* -0.5 has a whole part of 0 */
	while (whole.n < v.n && v.p[whole.n] != '.')
		whole.n++;
	if (!tq_scan_int(&s, whole) || s < 0 || s >= SECONDS_MAX)
		return 0;
	*out = s * TQ_SECOND;
	for (i = whole.n + 1; i < v.n; i++, unit /= 10) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 0;
		*out += (v.p[i] - '0') * unit;
	}
	return 1;
}

tq_time
tq_celery_get_seconds(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v, tq_time unset)
{
	tq_time exact;
	double s;

	if (r->failed || tq_scan_unset(v))
		return unset;
	if (exact_seconds(&exact, v))
		return exact;
	if (!tq_scan_real(&s, v) || !(s >= 0 && s < SECONDS_MAX)) {
		tq_celery_want(r, name, "seconds", v);
		return unset;
	}
	return (tq_time)(s * 1e9 + 0.5);
}

struct tq_bytes
tq_celery_get_typed(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v, enum tq_scan_type type)
{
	static const struct tq_bytes none = { NULL, 0 };

	if (r->failed || tq_scan_unset(v))
		return none;
	if (tq_scan_type(v) != type) {
		tq_celery_want(r, name, type == TQ_SCAN_ARRAY ? "an array" :
		    "an object", v);
		return none;
	}
	return v;
}

int
tq_celery_nothing(struct tq_bytes v)
{
	double n;
	int on;

	switch (tq_scan_type(v)) {
	case TQ_SCAN_BOOL:
		return tq_scan_bool(&on, v) && !on;
	case TQ_SCAN_NUMBER:
		return tq_scan_real(&n, v) && n == 0;
	case TQ_SCAN_STRING:
		return v.n == strlen("\"\"");
	case TQ_SCAN_ARRAY:
	case TQ_SCAN_OBJECT:
		return tq_scan_count(v) == 0;
	default:
		return 1;
	}
}

struct tq_bytes
tq_celery_unquoted(struct tq_bytes v)
{
	if (tq_scan_type(v) == TQ_SCAN_STRING && v.n > 2 && v.p[1] >= '0' &&
	    v.p[1] <= '9') {
		v.p++;
		v.n -= 2;
	}
	return v;
}

struct tq_bytes
tq_celery_get_text(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	struct tq_bytes s = { NULL, 0 };

	if (r->failed || tq_scan_unset(v))
		return s;
	s = tq_scan_text(r->mem, v);
	if (s.p == NULL && errno == ENOMEM)
		tq_celery_bad(r, ENOMEM, "out of memory");
	else if (s.p == NULL)
		tq_celery_want(r, name, "a string", v);
	return s;
}

/* A text without NUL: Celery's repr of a string has them as they are. */
const char *
tq_celery_get_note(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v)
{
	struct tq_bytes s;
	char *p;
	size_t i;

	if (tq_scan_type(v) != TQ_SCAN_STRING)
		return NULL;
	s = tq_celery_get_text(r, name, v);
	p = (char *)(uintptr_t)s.p;
	for (i = 0; i < s.n; i++) {
		if (p[i] == '\0')
			p[i] = '?';
	}
	return s.p;
}
