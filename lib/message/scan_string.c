/* JSON text read in place: strings, and how they are written. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "message/scan.h"
#include "message/utf8.h"

static const struct tq_bytes nothing = { NULL, 0 };

static uint32_t
hex4(const char *p)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++) {
		v <<= 4;
		if (p[i] <= '9')
			v |= (uint32_t)(p[i] - '0');
		else
			v |= (uint32_t)((p[i] | 0x20) - 'a' + 10);
	}
	return v;
}

/* Put a code point as UTF-8; returns past it. */
static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/*
 * The character of the escape at *s, which is moved past it; UINT32_MAX for
 * half a surrogate pair.
 */
static uint32_t
take_escape(const char **s, const char *end)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at;
	uint32_t c, low;

	if ((*s)[1] != 'u') {
		c = (unsigned char)(*s)[1];
		*s += 2;
		at = strchr(from, (int)c);
		return at == NULL ? c : (unsigned char)to[at - from];
	}
	c = hex4(*s + 2);
	*s += 6;
	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c > 0xdbff || end - *s < 6 || (*s)[0] != '\\' || (*s)[1] != 'u')
		return UINT32_MAX;
	low = hex4(*s + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return UINT32_MAX;
	*s += 6;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/* half: the character for half a surrogate pair; UINT32_MAX: fail. */
static struct tq_bytes
get_string(struct tq_arena *mem, struct tq_bytes v, uint32_t half)
{
	struct tq_bytes out = nothing;
	const char *p, *end, *from;
	uint32_t c;
	char *to;

	if (tq_scan_type(v) != TQ_SCAN_STRING) {
		errno = EINVAL;
		return nothing;
	}
	/* no escape is shorter than what it stands for */
	if ((to = tq_arena_alloc(mem, v.n)) == NULL)
		return nothing;
	out.p = to;
	for (p = v.p + 1, end = v.p + v.n - 1; p < end;) {
		if (*p != '\\') {
			from = p;
			p = memchr(p, '\\', (size_t)(end - p));
			p = p == NULL ? end : p;
			memcpy(to, from, (size_t)(p - from));
			to += p - from;
			continue;
		}
		if ((c = take_escape(&p, end)) == UINT32_MAX)
			c = half;
		if (c == UINT32_MAX) {
			errno = EILSEQ;
			return nothing;
		}
		to = put_utf8(to, c);
	}
	*to = '\0';
	out.n = (size_t)(to - out.p);
	return out;
}

struct tq_bytes
tq_scan_string(struct tq_arena *mem, struct tq_bytes v)
{
	return get_string(mem, v, UINT32_MAX);
}

struct tq_bytes
tq_scan_text(struct tq_arena *mem, struct tq_bytes v)
{
	return get_string(mem, v, 0xfffd);
}

int
tq_scan_says(struct tq_bytes v, const char *s)
{
	const char *p, *end;
	char utf8[4];
	size_t n;
	uint32_t c;

	if (tq_scan_type(v) != TQ_SCAN_STRING)
		return 0;
	for (p = v.p + 1, end = v.p + v.n - 1; p < end;) {
		if (*p != '\\') {
			if (*p++ != *s++)
				return 0;
			continue;
		}
		c = take_escape(&p, end);
		if (c == UINT32_MAX || c == 0)
			return 0;
		n = (size_t)(put_utf8(utf8, c) - utf8);
		if (strncmp(s, utf8, n) != 0)
			return 0;
		s += n;
	}
	return *s == '\0';
}

/* ASCII that stands for itself in a string. */
static int
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void
tq_scan_quote(struct tq_buf *b, const char *p, size_t n)
{
	uint32_t c;
	size_t len;

	tq_buf_byte(b, '"');
	for (; n > 0; p += len, n -= len) {
		for (len = 0; len < n && is_plain(p[len]); len++)
			continue;
		if (len > 0) {
			tq_buf_put(b, p, len);
			continue;
		}
		if ((len = tq_utf8_get(&c, p, n)) == 0) {
			len = 1;
			c = 0xfffd;
		}
		if (c == '"' || c == '\\')
			tq_buf_printf(b, "\\%c", (int)c);
		else if (c == '\n')
			tq_buf_str(b, "\\n");
		else if (c < 0x10000)
			tq_buf_printf(b, "\\u%04" PRIx32, c);
		else
			tq_buf_printf(b, "\\u%04" PRIx32 "\\u%04" PRIx32,
			    0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
	}
	tq_buf_byte(b, '"');
}
