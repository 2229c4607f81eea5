/* Base 64 (RFC 4648 section 4), with padding and without line breaks. */
#include "message/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
tq_base64_put(struct tq_buf *b, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	unsigned char *to;
	size_t i, k;
	uint32_t v;

	if ((to = tq_buf_grow(b, (n + 2) / 3 * 4)) == NULL)
		return;
	for (; n >= 3; p += 3, n -= 3) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		for (k = 0; k < 4; k++)
			*to++ = (unsigned char)digits[v >> (18 - 6 * k) &
			    0x3f];
	}
	if (n == 0)
		return;
	for (i = 0, v = 0; i < 3; i++)
		v = v << 8 | (i < n ? p[i] : 0);
	for (k = 0; k < 4; k++)
		*to++ = k > n ? '=' : (unsigned char)digits[v >> (18 - 6 * k) &
		    0x3f];
}

/* Value of a digit, -1 for none. */
static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
tq_base64_get(void *out, size_t *len, const char *s, size_t n)
{
	unsigned char *to = out;
	size_t i, pad = 0;
	uint32_t v = 0;
	int d;

	if (n % 4 != 0)
		return 0;
	while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
		pad++;
	for (i = 0; i < n; i++) {
		d = i < n - pad ? value(s[i]) : 0;
		if (d == -1)
			return 0;
		v = v << 6 | (uint32_t)d;
		if (i % 4 != 3)
			continue;
		*to++ = v >> 16 & 0xff;
		*to++ = v >> 8 & 0xff;
		*to++ = v & 0xff;
	}
	*len = n / 4 * 3 - pad;
	return 1;
}
