/* Strings, times and checks that everything in JSON here is made of. */
#include "message/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/date.h"
#include "message/base64.h"
#include "message/scan.h"
#include "message/utf8.h"

/* ---- out ------------------------------------------------------------- */

static void
put_char(struct tq_buf *b, uint32_t c, const char *p, size_t len)
{
	switch (c) {
	case '"':
	case '\\':
		tq_buf_byte(b, '\\');
		tq_buf_byte(b, c);
		return;
	case '\n':
		tq_buf_str(b, "\\n");
		return;
	case '\t':
		tq_buf_str(b, "\\t");
		return;
	}
	if (tq_utf8_control(c))		/* all of them are below U+10000 */
		tq_buf_printf(b, "\\u%04" PRIx32, c);
	else
		tq_buf_put(b, p, len);
}

void
tq_json_str(struct tq_buf *b, const char *p, size_t n)
{
	uint32_t c;
	size_t len;

	tq_buf_byte(b, '"');
	for (; n > 0; p += len, n -= len) {
		len = tq_utf8_get(&c, p, n);
		if (len > 0) {
			put_char(b, c, p, len);
		} else {
			tq_buf_str(b, "\xef\xbf\xbd");	/* U+FFFD */
			len = 1;
		}
	}
	tq_buf_byte(b, '"');
}

void
tq_json_bytes(struct tq_buf *b, const char *p, size_t n)
{
	/* a NUL is valid UTF-8, but few who read JSON take \u0000 */
	if (n == 0 ||
	    (memchr(p, '\0', n) == NULL && tq_utf8_valid(p, n))) {
		tq_json_str(b, p, n);
		return;
	}
	tq_buf_str(b, "{\"base64\":\"");
	tq_base64_put(b, p, n);
	tq_buf_str(b, "\"}");
}

void
tq_json_date(struct tq_buf *b, tq_time t)
{
	char text[64];

	tq_date_format(text, sizeof(text), t);
	tq_json_str(b, text, strlen(text));
}

void
tq_json_seconds(struct tq_buf *b, tq_time t)
{
	int64_t part = t % TQ_SECOND;
	int digits = 9;

	tq_buf_str(b, t < 0 && t / TQ_SECOND == 0 ? "-" : "");
	tq_buf_int(b, t / TQ_SECOND);
	if (part == 0)
		return;
	for (part = part < 0 ? -part : part; part % 10 == 0; part /= 10)
		digits--;
	tq_buf_printf(b, ".%0*" PRId64, digits, part);
}

/* ---- checks ---------------------------------------------------------- */

/* Depth of arrays and objects, before any parser recurses into them. */
static size_t
depth_of(const char *p, size_t n)
{
	size_t depth = 0, i, most = 0;
	int in_string = 0;

	for (i = 0; i < n; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = 0;
			continue;
		}
		if (p[i] == '"')
			in_string = 1;
		else if ((p[i] == '[' || p[i] == '{') && ++depth > most)
			most = depth;
		else if ((p[i] == ']' || p[i] == '}') && depth > 0)
			depth--;
	}
	return most;
}

json_t *
tq_json_load(const char *p, size_t n, size_t depth, struct tq_err *e)
{
	json_error_t why;
	json_t *v = NULL;

	if (n > TQ_JSON_TEXT_MAX)
		tq_fail(e, EMSGSIZE, "JSON of %zu bytes, over %d", n,
		    TQ_JSON_TEXT_MAX);
	else if (depth_of(p, n) > depth)
		tq_fail(e, EMSGSIZE, "JSON '%.*s' is deeper than %zu",
		    n < 40 ? (int)n : 40, p, depth);
	else if ((v = json_loadb(p, n, JSON_DECODE_ANY |
	    JSON_REJECT_DUPLICATES, &why)) == NULL)
		tq_fail(e, EINVAL, "'%.*s' is not JSON: %s",
		    n < 80 ? (int)n : 80, p, why.text);
	return v;
}

void
tq_json_skeleton(struct tq_buf *b, struct tq_bytes v)
{
	const char *p = v.p, *end = v.p + v.n, *from;

	while (p < end) {
		from = p;
		if (*p == '"') {
			for (p++; *p != '"'; p++) {
				if (*p == '\\')
					p++;
			}
			p++;
			tq_buf_put(b, from, (size_t)(p - from));
		} else if (*p == '-' || (*p >= '0' && *p <= '9')) {
			while (p < end && strchr("+-.0123456789eE", *p) !=
			    NULL)
				p++;
			tq_buf_byte(b, '0');
		} else {
			tq_buf_byte(b, (unsigned char)*p++);
		}
	}
}

/* 1 if nothing is wrong but that jansson's numbers are too small. */
static int
has_large_number(const char *p, size_t n)
{
	static const struct tq_scan_bounds most = {
		TQ_JSON_TEXT_MAX, SIZE_MAX, TQ_JSON_DEPTH_MAX
	};
	struct tq_bytes v;
	struct tq_buf b;
	json_t *root;
	int rv;

	if (tq_scan_check_strict(&v, p, n, &most, NULL) == -1)
		return 0;
	tq_buf_init(&b);
	tq_json_skeleton(&b, v);
	root = tq_buf_ok(&b) ? tq_json_load((char *)b.p, b.n,
	    TQ_JSON_DEPTH_MAX, NULL) : NULL;
	rv = root != NULL;
	json_decref(root);
	tq_buf_fini(&b);
	return rv;
}

int
tq_json_check(const char *p, size_t n, struct tq_err *e)
{
	json_t *v;
	int why;

	if ((v = tq_json_load(p, n, TQ_JSON_DEPTH_MAX, e)) == NULL) {
		why = errno;
		if (has_large_number(p, n))
			return 0;
		errno = why;
		return -1;
	}
	json_decref(v);
	return 0;
}
