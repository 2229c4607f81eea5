/* The members of Celery's JSON objects, by tables. */
#include "message/celery_field.h"

#include <errno.h>
#include <string.h>

#include "message/json.h"

/* ---- reading --------------------------------------------------------- */

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
		*(struct tq_bytes *)to = tq_celery_get_text(r, f->name, v);
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

/* ---- writing --------------------------------------------------------- */

static int
is_unset(const struct tq_celery_field *f, const void *at)
{
	switch (f->kind) {
	case TQ_CELERY_STRING:
	case TQ_CELERY_NAME:
	case TQ_CELERY_NOTE:
		return *(const char *const *)at == NULL;
	case TQ_CELERY_COUNT:
	case TQ_CELERY_LOOSE_COUNT:
	case TQ_CELERY_RANK:
		return *(const int64_t *)at < 0;
	case TQ_CELERY_SIGNED:
		return 0;
	case TQ_CELERY_FLAG:
	case TQ_CELERY_TRUTH:
		return *(const int *)at < 0;
	case TQ_CELERY_LENGTH:
		return *(const tq_time *)at < 0;
	case TQ_CELERY_LIMIT:
	case TQ_CELERY_DATE:
	case TQ_CELERY_STAMP:
		return *(const tq_time *)at <= 0;
	case TQ_CELERY_LOOSE:
	case TQ_CELERY_TEXT:
	case TQ_CELERY_ARRAY:
	case TQ_CELERY_OBJECT:
	case TQ_CELERY_OURS:
	case TQ_CELERY_LOOSE_ARRAY:
	case TQ_CELERY_LOOSE_OBJECT:
	case TQ_CELERY_VALUE:
		return ((const struct tq_bytes *)at)->n == 0;
	case TQ_CELERY_OTHER:
		break;
	}
	return 1;
}

static void
put_field(struct tq_buf *b, const struct tq_celery_field *f, const void *at)
{
	const struct tq_bytes *v = at;

	switch (f->kind) {
	case TQ_CELERY_STRING:
	case TQ_CELERY_NAME:
	case TQ_CELERY_NOTE:
		tq_celery_string_put(b, *(const char *const *)at);
		break;
	case TQ_CELERY_COUNT:
	case TQ_CELERY_LOOSE_COUNT:
	case TQ_CELERY_RANK:
	case TQ_CELERY_SIGNED:
		tq_buf_int(b, *(const int64_t *)at);
		break;
	case TQ_CELERY_FLAG:
	case TQ_CELERY_TRUTH:
		tq_buf_str(b, *(const int *)at ? "true" : "false");
		break;
	case TQ_CELERY_LENGTH:
	case TQ_CELERY_LIMIT:
	case TQ_CELERY_STAMP:
		tq_json_seconds(b, *(const tq_time *)at);
		break;
	case TQ_CELERY_DATE:
		tq_celery_date_put(b, *(const tq_time *)at, 0);
		break;
	case TQ_CELERY_LOOSE:
	case TQ_CELERY_TEXT:
		tq_scan_quote(b, v->p, v->n);
		break;
	case TQ_CELERY_ARRAY:
	case TQ_CELERY_OBJECT:
	case TQ_CELERY_OURS:
	case TQ_CELERY_LOOSE_ARRAY:
	case TQ_CELERY_LOOSE_OBJECT:
	case TQ_CELERY_VALUE:
		tq_buf_put(b, v->p, v->n);
		break;
	case TQ_CELERY_OTHER:
		break;
	}
}

void
tq_celery_fields_put(struct tq_buf *b, const void *base,
    const struct tq_celery_field *table, size_t n)
{
	const struct tq_celery_field *f;
	const void *at;

	for (f = table; f < table + n; f++) {
		at = (const char *)base + f->at;
		if (f->kind == TQ_CELERY_OTHER)
			continue;
		if (!is_unset(f, at)) {
			tq_celery_name_put(b, f->name);
			put_field(b, f, at);
		} else if (f->unset == TQ_CELERY_NULL) {
			tq_celery_name_put(b, f->name);
			tq_buf_str(b, "null");
		}
	}
}
