/* Pieces of Celery's JSON, as its clients write them. */
#include <string.h>

#include "message/celery_field.h"

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
