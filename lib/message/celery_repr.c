/*
 * Values as Python shows them to people (repr), and the plain values behind
 * the objects in which newer kombu wraps what JSON has no type for.
 */
#include <errno.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/json.h"
#include "message/utf8.h"

#define REPR_MAX	1024		/* bytes, as Celery cuts them */

/* ---- repr ------------------------------------------------------------ */

static void
put_char(struct tq_buf *b, uint32_t c, const char *p, size_t len, char quote)
{
	if (c == (unsigned char)quote || c == '\\')
		tq_buf_printf(b, "\\%c", (int)c);
	else if (c == '\n')
		tq_buf_str(b, "\\n");
	else if (c == '\t')
		tq_buf_str(b, "\\t");
	else if (c == '\r')
		tq_buf_str(b, "\\r");
	else if (!tq_utf8_control(c))
		tq_buf_put(b, p, len);
	else if (c < 0x100)
		tq_buf_printf(b, "\\x%02x", (unsigned)c);
	else
		tq_buf_printf(b, "\\u%04x", (unsigned)c);
}

/* A string in the quotes Python would choose. */
static void
put_string(struct tq_buf *b, struct tq_bytes v)
{
	struct tq_arena mem;
	struct tq_bytes s;
	const char *p, *end;
	uint32_t c;
	size_t len;
	char quote;

	tq_arena_init(&mem);
	s = tq_scan_text(&mem, v);
	quote = s.n > 0 && memchr(s.p, '\'', s.n) != NULL &&
	    memchr(s.p, '"', s.n) == NULL ? '"' : '\'';
	tq_buf_byte(b, (unsigned char)quote);
	for (p = s.p, end = s.n > 0 ? p + s.n : p; p < end && b->n < REPR_MAX;
	    p += len) {
		if ((len = tq_utf8_get(&c, p, (size_t)(end - p))) == 0)
			break;
		put_char(b, c, p, len, quote);
	}
	tq_buf_byte(b, (unsigned char)quote);
	tq_arena_fini(&mem);
}

static void
put_word(struct tq_buf *b, struct tq_bytes v)
{
	static const struct {
		const char	*json, *python;
	} words[] = {
		{ "true", "True" }, { "false", "False" }, { "null", "None" },
		{ "NaN", "nan" }, { "Infinity", "inf" },
		{ "-Infinity", "-inf" }
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].json) == v.n &&
		    memcmp(words[i].json, v.p, v.n) == 0) {
			tq_buf_str(b, words[i].python);
			return;
		}
	}
	tq_buf_put(b, v.p, v.n);
}

/* Length of the part that begins at p: a string, a bracket, a word. */
static size_t
part_length(const char *p, const char *end)
{
	const char *from = p;

	if (*p == '"') {
		for (p++; p < end && *p != '"'; p++) {
			if (*p == '\\')
				p++;
		}
		return (size_t)(p - from) + 1;
	}
	if (strchr("[]{},:", *p) != NULL)
		return 1;
	while (p < end && strchr(" \t\r\n[]{},:\"", *p) == NULL)
		p++;
	return (size_t)(p - from);
}

static void
put_parts(struct tq_buf *b, struct tq_bytes v)
{
	const char *p = v.p, *end;
	struct tq_bytes part;

	if (v.n == 0)
		return;
	for (end = p + v.n; p < end && b->n < REPR_MAX; p += part.n) {
		part.p = p;
		part.n = 1;
		if (strchr(" \t\r\n", *p) != NULL)
			continue;
		part.n = part_length(p, end);
		if (*p == '"')
			put_string(b, part);
		else if (*p == ',' || *p == ':')
			tq_buf_printf(b, "%c ", *p);
		else if (part.n == 1 && strchr("[]{}", *p) != NULL)
			tq_buf_byte(b, (unsigned char)*p);
		else
			put_word(b, part);
	}
}

/* Cut what is longer, before a character rather than in it. */
static void
cut(struct tq_buf *b)
{
	if (!tq_buf_ok(b) || b->n <= REPR_MAX)
		return;
	b->n = REPR_MAX;
	while (b->n > 0 && (b->p[b->n] & 0xc0) == 0x80)
		b->n--;
	tq_buf_str(b, "...");
}

void
tq_celery_repr(struct tq_buf *b, struct tq_bytes v)
{
	put_parts(b, v);
	cut(b);
}

void
tq_celery_argsrepr(struct tq_buf *b, struct tq_bytes args)
{
	struct tq_bytes inside;

	if (tq_scan_type(args) != TQ_SCAN_ARRAY) {
		tq_celery_repr(b, args);
		return;
	}
	inside.p = args.p + 1;
	inside.n = args.n - 2;
	tq_buf_byte(b, '(');
	put_parts(b, inside);
	tq_buf_str(b, tq_scan_count(args) == 1 ? ",)" : ")");
	cut(b);
}

/* ---- wrapped values -------------------------------------------------- */

/* 32 hexadecimal digits as 8-4-4-4-12, in quotes. */
static void
put_uuid(struct tq_buf *b, struct tq_bytes hex)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	const char *p = hex.p + 1;
	size_t i;

	tq_buf_byte(b, '"');
	for (i = 0; i < 5; p += groups[i], i++) {
		if (i > 0)
			tq_buf_byte(b, '-');
		tq_buf_put(b, p, groups[i]);
	}
	tq_buf_byte(b, '"');
}

static int
is_hex32(struct tq_bytes v)
{
	size_t i;

	if (tq_scan_type(v) != TQ_SCAN_STRING || v.n != 34)
		return 0;
	for (i = 1; i < 33; i++) {
		if (strchr("0123456789abcdefABCDEF", v.p[i]) == NULL)
			return 0;
	}
	return 1;
}

static struct tq_bytes
plain_uuid(struct tq_arena *mem, struct tq_bytes value, struct tq_bytes hex)
{
	struct tq_bytes out;
	struct tq_buf b;

	if (!is_hex32(hex))
		return value;
	tq_buf_init(&b);
	put_uuid(&b, hex);
	out = tq_arena_keep(mem, &b);
	tq_buf_fini(&b);
	return out.p == NULL ? value : out;
}

struct tq_bytes
tq_celery_plain(struct tq_arena *mem, struct tq_bytes value)
{
	static const char *const strings[] = {
		"datetime", "date", "time", "decimal", "bytes", "base64"
	};
	struct tq_bytes type, inner;
	size_t i;

	if (tq_scan_type(value) != TQ_SCAN_OBJECT ||
	    tq_scan_count(value) != 2)
		return value;
	type = tq_scan_get(value, "__type__");
	inner = tq_scan_get(value, "__value__");
	if (type.n == 0 || inner.n == 0)
		return value;
	if (tq_scan_says(type, "uuid"))
		return plain_uuid(mem, value, tq_scan_get(inner, "hex"));
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (tq_scan_says(type, strings[i]) &&
		    tq_scan_type(inner) == TQ_SCAN_STRING)
			return inner;
	}
	return value;
}

void
tq_celery_seconds_put(struct tq_buf *b, tq_time t)
{
	tq_json_seconds(b, t);
}
