/* JSON text read in place: arrays, objects and their parts. */
#include "message/scan.h"

#include <string.h>

static const struct tq_bytes nothing = { NULL, 0 };

static int
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *
skip_blank(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* Past the string that begins at p; most of them are long and plain. */
static const char *
skip_string(const char *p, const char *end)
{
	const char *quote, *escape;

	for (p++; p < end; p = escape + 2) {
		if ((quote = memchr(p, '"', (size_t)(end - p))) == NULL)
			break;
		escape = memchr(p, '\\', (size_t)(quote - p));
		if (escape == NULL)
			return quote + 1;
	}
	return end;
}

/* Past the value that begins at p. */
static const char *
skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			p = skip_string(p, end);
			continue;
		}
		if (*p == '[' || *p == '{')
			depth++;
		else if (*p == ']' || *p == '}')
			depth--;
		else if (depth == 0) {
			/* a number or a word: up to what ends it */
			while (p < end && !is_blank(*p) && *p != ',' &&
			    *p != ']' && *p != '}')
				p++;
			return p;
		}
		p++;
	} while (depth > 0 && p < end);
	return p;
}

/* ---- values ---------------------------------------------------------- */

void
tq_scan_init(struct tq_scan *s, struct tq_bytes v)
{
	s->p = s->end = NULL;
	if (tq_scan_type(v) < TQ_SCAN_ARRAY)
		return;
	s->p = v.p + 1;
	s->end = v.p + v.n - 1;
}

/* Cut the next value off, and what separates it from the one after it. */
static int
cut_value(struct tq_scan *s, struct tq_bytes *out)
{
	*out = nothing;
	s->p = skip_blank(s->p, s->end);
	if (s->p == s->end)
		return 0;
	out->p = s->p;
	s->p = skip_value(s->p, s->end);
	out->n = (size_t)(s->p - out->p);
	s->p = skip_blank(s->p, s->end);
	if (s->p < s->end && (*s->p == ',' || *s->p == ':'))
		s->p++;
	return 1;
}

int
tq_scan_next(struct tq_scan *s, struct tq_bytes *value)
{
	return cut_value(s, value);
}

int
tq_scan_member(struct tq_scan *s, struct tq_bytes *name,
    struct tq_bytes *value)
{
	return cut_value(s, name) && cut_value(s, value);
}

size_t
tq_scan_count(struct tq_bytes v)
{
	struct tq_scan s;
	struct tq_bytes part;
	size_t n = 0;

	tq_scan_init(&s, v);
	while (tq_scan_next(&s, &part))
		n++;
	return tq_scan_type(v) == TQ_SCAN_OBJECT ? n / 2 : n;
}

struct tq_bytes
tq_scan_get(struct tq_bytes object, const char *name)
{
	struct tq_bytes found = nothing, key, value;
	struct tq_scan s;

	if (tq_scan_type(object) != TQ_SCAN_OBJECT)
		return nothing;
	tq_scan_init(&s, object);
	while (tq_scan_member(&s, &key, &value)) {
		if (tq_scan_says(key, name))
			found = value;
	}
	return found;
}

struct tq_bytes
tq_scan_at(struct tq_bytes array, size_t i)
{
	struct tq_bytes value = nothing;
	struct tq_scan s;

	if (tq_scan_type(array) != TQ_SCAN_ARRAY)
		return nothing;
	tq_scan_init(&s, array);
	while (tq_scan_next(&s, &value)) {
		if (i-- == 0)
			return value;
	}
	return nothing;
}

/* ---- pieces ---------------------------------------------------------- */

void
tq_scan_pieces(struct tq_scan *s, struct tq_bytes v)
{
	s->p = v.p;
	s->end = v.n > 0 ? v.p + v.n : v.p;
}

int
tq_scan_piece(struct tq_scan *s, struct tq_bytes *out)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
	if (s->p == s->end)
		return 0;
	out->p = s->p;
	if (*s->p == '"')
		s->p = skip_string(s->p, s->end);
	else
		while (s->p < s->end && !is_blank(*s->p) && *s->p != '"')
			s->p++;
	out->n = (size_t)(s->p - out->p);
	return 1;
}

void
tq_scan_compact(struct tq_buf *b, struct tq_bytes v)
{
	struct tq_bytes piece;
	struct tq_scan s;

	tq_scan_pieces(&s, v);
	while (tq_scan_piece(&s, &piece))
		tq_buf_put(b, piece.p, piece.n);
}
