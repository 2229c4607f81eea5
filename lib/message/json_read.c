/* The members of a JSON object, one by one and checked. */
#include "message/json_read.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "message/base64.h"
#include "message/scan.h"

void
tq_json_bad(struct tq_json_reader *r, int num, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (r->failed)
		return;
	r->failed = 1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tq_fail(r->e, num, "JSON task: %s", text);
}

/* The member of that name, NULL when it is not set. */
json_t *
tq_json_member(struct tq_json_reader *r, const char *name)
{
	json_t *v;

	if (r->failed)
		return NULL;
	v = json_object_get(r->root, name);
	return json_is_null(v) ? NULL : v;
}

/* ---- values ---------------------------------------------------------- */

void *
tq_json_alloc(struct tq_json_reader *r, size_t n)
{
	void *p;

	if ((p = tq_arena_alloc(r->mem, n)) == NULL)
		tq_json_bad(r, ENOMEM, "out of memory");
	return p;
}

/* 1 if v is {"base64": "..."}. */
int
tq_json_is_base64(const json_t *v)
{
	return json_object_size(v) == 1 &&
	    json_is_string(json_object_get(v, "base64"));
}

/* Bytes of a string or base64 object, with a NUL behind them. */
struct tq_bytes
tq_json_get_bytes(struct tq_json_reader *r, const char *name, const json_t *v)
{
	struct tq_bytes none = { NULL, 0 }, out;
	const json_t *s = v;
	char *p;

	if (tq_json_is_base64(v))
		s = json_object_get(v, "base64");
	if (!json_is_string(s)) {
		tq_json_bad(r, EINVAL, "%s is neither a string nor base64",
		    name);
		return none;
	}
	out.n = json_string_length(s);
	if ((p = tq_json_alloc(r, out.n + 1)) == NULL)
		return none;
	if (s == v) {
		memcpy(p, json_string_value(s), out.n);
	} else if (!tq_base64_get(p, &out.n, json_string_value(s), out.n)) {
		tq_json_bad(r, EINVAL, "%s is not base64", name);
		return none;
	}
	p[out.n] = '\0';
	out.p = p;
	return out;
}

/* The same without a NUL among them. */
const char *
tq_json_get_string(struct tq_json_reader *r, const char *name, const json_t *v)
{
	struct tq_bytes b = tq_json_get_bytes(r, name, v);

	if (b.p != NULL && memchr(b.p, '\0', b.n) != NULL) {
		tq_json_bad(r, EINVAL, "%s holds a NUL", name);
		return NULL;
	}
	return b.p;
}

/* A value as compact JSON text, digit for digit. */
const char *
tq_json_get_text(struct tq_json_reader *r, const char *prefix, size_t n,
    struct tq_bytes v)
{
	const char *copy;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_buf_put(&b, prefix, n);
	tq_scan_compact(&b, v);
	copy = tq_arena_keep(r->mem, &b).p;
	tq_buf_fini(&b);
	if (copy == NULL)
		tq_json_bad(r, ENOMEM, "out of memory");
	return copy;
}

/* ---- members --------------------------------------------------------- */

const char *
tq_json_string(struct tq_json_reader *r, const char *name)
{
	json_t *v = tq_json_member(r, name);

	return v == NULL ? NULL : tq_json_get_string(r, name, v);
}

void
tq_json_integer(struct tq_json_reader *r, const char *name, int *out)
{
	json_t *v = tq_json_member(r, name);

	if (v == NULL)
		return;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    json_integer_value(v) > INT_MAX)
		tq_json_bad(r, EINVAL, "%s is not a number from 0 to %d", name,
		    INT_MAX);
	else
		*out = (int)json_integer_value(v);
}

void
tq_json_flag(struct tq_json_reader *r, const char *name, unsigned bit,
    unsigned *flags)
{
	json_t *v = tq_json_member(r, name);

	if (v == NULL)
		return;
	if (!json_is_boolean(v))
		tq_json_bad(r, EINVAL, "%s is neither true nor false", name);
	else if (json_is_true(v))
		*flags |= bit;
}

/* Seconds as ns; 9e9 of them are short of INT64_MAX ns. */
static void
seconds(struct tq_json_reader *r, const char *name, const json_t *v,
    tq_time *out)
{
	double s = json_number_value(v);

	if (!json_is_number(v) || !(s >= 0 && s < 9e9))
		tq_json_bad(r, EINVAL, "%s is not a number of seconds", name);
	else if (json_is_integer(v))
		*out = json_integer_value(v) * TQ_SECOND;
	else
		*out = (tq_time)(s * 1e9 + 0.5);
}

void
tq_json_length(struct tq_json_reader *r, const char *name, tq_time *out)
{
	json_t *v = tq_json_member(r, name);

	if (v != NULL)
		seconds(r, name, v, out);
}

/* Dates only in the form that is complete: no "now" is needed to read it. */
void
tq_json_time(struct tq_json_reader *r, const char *name, tq_time *out)
{
	json_t *v = tq_json_member(r, name);
	const char *s;

	if (v == NULL)
		return;
	if (!json_is_string(v)) {
		seconds(r, name, v, out);
		return;
	}
	s = json_string_value(v);
	if (strchr(s, 'T') == NULL || tq_date_parse(out, s, 0, NULL) == -1)
		tq_json_bad(r, EINVAL, "%s '%.40s' is not a date and time",
		    name, s);
}

/* umask: an octal number as chmod(1) takes it, in a string. */
void
tq_json_mode(struct tq_json_reader *r, const char *name, int *out)
{
	json_t *v = tq_json_member(r, name);
	const char *s;
	size_t n;

	if (v == NULL)
		return;
	s = json_is_string(v) ? json_string_value(v) : "";
	n = strlen(s);
	if (n == 0 || n > 4 || strspn(s, "01234567") != n)
		tq_json_bad(r, EINVAL,
		    "%s is not an octal number in a string", name);
	else
		*out = (int)strtol(s, NULL, 8);
}
