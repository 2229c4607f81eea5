/* The members of Celery's JSON objects, by tables: reading. */
#include "message/celery_field.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* ---- reading --------------------------------------------------------- */

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

static int64_t
get_count(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	int64_t n;

	if (r->failed || tq_scan_unset(v))
		return TQ_CELERY_NONE;
	if (!tq_scan_int(&n, v) || n < 0) {
		tq_celery_want(r, name, "a whole number from 0", v);
		return TQ_CELERY_NONE;
	}
	return n;
}

static int64_t
get_loose_count(struct tq_celery_reader *r, const char *name,
    struct tq_bytes v)
{
	double real;
	int64_t n;
	int on;

	if (tq_scan_bool(&on, v))
		return on;
	if (tq_scan_int(&n, tq_celery_unquoted(v)))
		return n < 0 ? TQ_CELERY_NONE : n;
	if (tq_scan_real(&real, v) && real > -1e15 && real < 1e15)
		return real < 0 ? TQ_CELERY_NONE : (int64_t)real;
	return get_count(r, name, v);
}

/*
 * What is beyond 0 and 9 is the nearer of them (kombu 5.2.3,
 * transport/virtual/base.py, _get_message_priority).
 */
static int64_t
get_rank(struct tq_bytes v)
{
	struct tq_bytes number = tq_celery_unquoted(v);
	double n;
	int on;

	if (tq_scan_bool(&on, v))
		return on;
	if (!tq_scan_real(&n, number))
		return TQ_CELERY_NONE;
	return n < 0 ? 0 : n > 9 ? 9 : (int64_t)n;
}

static int64_t
get_signed(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	int64_t n;

	if (r->failed || tq_scan_unset(v))
		return 0;
	if (!tq_scan_int(&n, v)) {
		tq_celery_want(r, name, "a whole number", v);
		return 0;
	}
	return n;
}

static int
get_flag(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	int on;

	if (r->failed || tq_scan_unset(v))
		return TQ_CELERY_NONE;
	if (!tq_scan_bool(&on, v)) {
		tq_celery_want(r, name, "true or false", v);
		return TQ_CELERY_NONE;
	}
	return on;
}

static tq_time
get_date(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
{
	struct tq_err why;
	tq_time t = 0;

	if (r->failed || tq_scan_unset(v))
		return 0;
	if (tq_celery_date_parse(&t, NULL, v, &why) == -1)
		tq_celery_bad(r, EBADMSG, "%s: %s", name, why.text);
	return t;
}

static struct tq_bytes
get_text(struct tq_celery_reader *r, const char *name, struct tq_bytes v)
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
	s = get_text(r, name, v);
	p = (char *)(uintptr_t)s.p;
	for (i = 0; i < s.n; i++) {
		if (p[i] == '\0')
			p[i] = '?';
	}
	return s.p;
}

static void
get_field(struct tq_celery_reader *r, void *base,
    const struct tq_celery_field *f, struct tq_bytes v)
{
	void *to = (char *)base + f->at;

	switch (f->kind) {
	case TQ_CELERY_STRING:
		*(const char **)to = tq_celery_get_string(r, f->name, v);
		break;
	case TQ_CELERY_NAME:
		*(const char **)to = tq_celery_get_name(r, f->name, v);
		break;
	case TQ_CELERY_NOTE:
		*(const char **)to = tq_celery_get_note(r, f->name, v);
		break;
	case TQ_CELERY_COUNT:
		*(int64_t *)to = get_count(r, f->name, v);
		break;
	case TQ_CELERY_LOOSE_COUNT:
		*(int64_t *)to = get_loose_count(r, f->name, v);
		break;
	case TQ_CELERY_RANK:
		*(int64_t *)to = get_rank(v);
		break;
	case TQ_CELERY_SIGNED:
		*(int64_t *)to = get_signed(r, f->name, v);
		break;
	case TQ_CELERY_FLAG:
		*(int *)to = get_flag(r, f->name, v);
		break;
	case TQ_CELERY_TRUTH:
		*(int *)to = tq_scan_unset(v) ? TQ_CELERY_NONE :
		    !tq_celery_nothing(v);
		break;
	case TQ_CELERY_LENGTH:
		*(tq_time *)to = tq_celery_get_seconds(r, f->name, v,
		    TQ_CELERY_NONE);
		break;
	case TQ_CELERY_LIMIT:
	case TQ_CELERY_STAMP:
		*(tq_time *)to = tq_celery_get_seconds(r, f->name, v, 0);
		break;
	case TQ_CELERY_DATE:
		*(tq_time *)to = get_date(r, f->name, v);
		break;
	case TQ_CELERY_LOOSE:
		if (tq_scan_type(v) != TQ_SCAN_STRING)
			break;
		/* FALLTHROUGH */
	case TQ_CELERY_TEXT:
		*(struct tq_bytes *)to = get_text(r, f->name, v);
		break;
	case TQ_CELERY_LOOSE_ARRAY:
		if (tq_scan_type(v) != TQ_SCAN_ARRAY)
			break;
		/* FALLTHROUGH */
	case TQ_CELERY_ARRAY:
		*(struct tq_bytes *)to = tq_celery_get_typed(r, f->name, v,
		    TQ_SCAN_ARRAY);
		break;
	case TQ_CELERY_LOOSE_OBJECT:
		if (tq_scan_type(v) != TQ_SCAN_OBJECT)
			break;
		/* FALLTHROUGH */
	case TQ_CELERY_OURS:
	case TQ_CELERY_OBJECT:
		*(struct tq_bytes *)to = tq_celery_get_typed(r, f->name, v,
		    TQ_SCAN_OBJECT);
		break;
	case TQ_CELERY_VALUE:
		*(struct tq_bytes *)to = v;
		break;
	case TQ_CELERY_OTHER:
		break;
	}
}

void
tq_celery_fields_init(void *base, size_t size,
    const struct tq_celery_field *f, size_t n)
{
	void *to;

	memset(base, 0, size);
	for (; n > 0; f++, n--) {
		to = (char *)base + f->at;
		switch (f->kind) {
		case TQ_CELERY_COUNT:
		case TQ_CELERY_LOOSE_COUNT:
		case TQ_CELERY_RANK:
			*(int64_t *)to = TQ_CELERY_NONE;
			break;
		case TQ_CELERY_LENGTH:
			*(tq_time *)to = TQ_CELERY_NONE;
			break;
		case TQ_CELERY_FLAG:
		case TQ_CELERY_TRUTH:
			*(int *)to = TQ_CELERY_NONE;
			break;
		default:
			break;
		}
	}
}

static const struct tq_celery_field *
find(const struct tq_celery_field *table, size_t n, struct tq_bytes name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (tq_scan_says(name, table[i].name))
			return &table[i];
	}
	return NULL;
}

int
tq_celery_field_get(struct tq_celery_reader *r, void *base,
    const struct tq_celery_field *table, size_t n,
    const struct tq_celery_member *m)
{
	const struct tq_celery_field *f = find(table, n, m->name);

	if (f == NULL || (f->kind == TQ_CELERY_OURS &&
	    tq_scan_type(m->value) != TQ_SCAN_OBJECT))
		return 0;
	get_field(r, base, f, m->value);
	return 1;
}

void
tq_celery_fields_get(struct tq_celery_reader *r, void *base,
    const struct tq_celery_field *table, size_t n, struct tq_bytes object,
    const struct tq_celery_member **others, size_t *nothers)
{
	struct tq_celery_member m, *rest = NULL;
	struct tq_scan s;

	if (others != NULL) {
		*others = NULL;
		*nothers = 0;
	}
	tq_scan_init(&s, object);
	while (!r->failed && tq_scan_member(&s, &m.name, &m.value)) {
		if (tq_celery_field_get(r, base, table, n, &m) ||
		    others == NULL)
			continue;
		/* room for all at once, when the first one turns up */
		if (rest == NULL && (rest = tq_arena_alloc(r->mem,
		    tq_scan_count(object) * sizeof(*rest))) == NULL) {
			tq_celery_bad(r, ENOMEM, "out of memory");
			return;
		}
		rest[(*nothers)++] = m;
		*others = rest;
	}
}

struct tq_bytes
tq_celery_others_get(const struct tq_celery_member *others, size_t n,
    const char *name)
{
	const struct tq_bytes none = { NULL, 0 };

	while (n-- > 0) {
		if (tq_scan_says(others[n].name, name))
			return others[n].value;
	}
	return none;
}
