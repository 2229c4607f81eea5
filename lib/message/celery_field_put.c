/* The members of Celery's JSON objects, by tables: writing. */
#include <errno.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/json.h"

void
tq_celery_comma(struct tq_buf *b)
{
	if (tq_buf_ok(b) && b->n > 0 && b->p[b->n - 1] != '{' &&
	    b->p[b->n - 1] != '[')
		tq_buf_put(b, ", ", 2);
}

void
tq_celery_item_put(struct tq_buf *b, struct tq_bytes v)
{
	tq_celery_comma(b);
	tq_buf_put(b, v.p, v.n);
}

void
tq_celery_name_put(struct tq_buf *b, const char *name)
{
	size_t n = strlen(name);
	char *p;

	tq_celery_comma(b);
	if ((p = tq_buf_grow(b, n + 4)) == NULL)
		return;
	*p++ = '"';
	memcpy(p, name, n);
	memcpy(p + n, "\": ", 3);
}

void
tq_celery_key_put(struct tq_buf *b, const char *text)
{
	tq_celery_comma(b);
	tq_scan_quote(b, text, strlen(text));
	tq_buf_str(b, ": ");
}

void
tq_celery_string_put(struct tq_buf *b, const char *s)
{
	if (s == NULL)
		tq_buf_str(b, "null");
	else
		tq_scan_quote(b, s, strlen(s));
}

void
tq_celery_value_put(struct tq_buf *b, struct tq_bytes v, const char *none)
{
	if (v.n == 0)
		tq_buf_str(b, none);
	else
		tq_buf_put(b, v.p, v.n);
}

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

void
tq_celery_members_put(struct tq_buf *b, const struct tq_celery_member *m,
    size_t n)
{
	for (; n > 0; m++, n--) {
		tq_celery_item_put(b, m->name);
		tq_buf_str(b, ": ");
		tq_buf_put(b, m->value.p, m->value.n);
	}
}
