/* Reading UTF-8 (RFC 3629), strictly. */
#include "message/utf8.h"

size_t
tq_utf8_get(uint32_t *out, const char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t i, len;

	if (p[0] < 0x80) {
		*out = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return 0;
	c = p[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return len;
}

int
tq_utf8_valid(const char *p, size_t n)
{
	uint32_t c;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		if ((len = tq_utf8_get(&c, p, n)) == 0)
			return 0;
	}
	return 1;
}

int
tq_utf8_control(uint32_t c)
{
	/*
	 * Bidi_Control of Unicode, and the line and paragraph separators,
	 * which break a record in two.
	 */
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}
