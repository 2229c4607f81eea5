/*
 * Whether bytes are JSON: the grammar of RFC 8259, one byte after another,
 * with a bit for each open array or object instead of recursion.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "message/scan.h"
#include "message/utf8.h"

struct check {
	const char	*begin, *p, *end;
	const char	*want;		/* what was not there, NULL: all well */
	size_t		 nodes;
	unsigned	 depth;
	int		 strict;
	unsigned char	 in_object[TQ_SCAN_DEPTH_MAX];
};

static int
lacks(struct check *c, const char *want)
{
	c->want = want;
	return 0;
}

static void
blank(struct check *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' ||
	    *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

static int
take_word(struct check *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
		return lacks(c, "a value");
	c->p += n;
	return 1;
}

/* A word of Python's that JSON does not have. */
static int
take_beyond(struct check *c, const char *word)
{
	return c->strict ? lacks(c, "a value") : take_word(c, word);
}

/* One digit or more. */
static int
take_digits(struct check *c)
{
	const char *from = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		c->p++;
	return c->p > from ? 1 : lacks(c, "a digit");
}

static int
take_number(struct check *c)
{
	if (*c->p == '-') {
		c->p++;
		if (c->p < c->end && *c->p == 'I')
			return take_beyond(c, "Infinity");
	}
	if (c->p < c->end && *c->p == '0')
		c->p++;
	else if (!take_digits(c))
		return 0;
	if (c->p < c->end && *c->p == '.') {
		c->p++;
		if (!take_digits(c))
			return 0;
	}
	if (c->p < c->end && (*c->p | 0x20) == 'e') {
		c->p++;
		if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
			c->p++;
		return take_digits(c);
	}
	return 1;
}

static int
take_escape(struct check *c)
{
	int i;

	if (c->end - c->p < 2 || c->p[1] == '\0' ||
	    strchr("\"\\/bfnrtu", c->p[1]) == NULL)
		return lacks(c, "an escape");
	if (c->p[1] != 'u') {
		c->p += 2;
		return 1;
	}
	if (c->end - c->p < 6)
		return lacks(c, "four hexadecimal digits");
	for (i = 2; i < 6; i++) {
		if (c->p[i] == '\0' ||
		    strchr("0123456789abcdefABCDEF", c->p[i]) == NULL)
			return lacks(c, "four hexadecimal digits");
	}
	c->p += 6;
	return 1;
}

static int
take_string(struct check *c)
{
	uint32_t code;
	size_t len;

	if (c->p == c->end || *c->p != '"')
		return lacks(c, "a string");
	for (c->p++; c->p < c->end && *c->p != '"';) {
		if (*c->p >= 0x20 && *c->p < 0x7f && *c->p != '\\') {
			c->p++;
		} else if (*c->p == '\\') {
			if (!take_escape(c))
				return 0;
		} else if ((unsigned char)*c->p < 0x20) {
			return lacks(c, "an escape of a control character");
		} else {
			len = tq_utf8_get(&code, c->p,
			    (size_t)(c->end - c->p));
			if (len == 0)
				return lacks(c, "UTF-8");
			c->p += len;
		}
	}
	if (c->p == c->end)
		return lacks(c, "the end of a string");
	c->p++;
	return 1;
}

/* A value that holds no others. */
static int
take_plain(struct check *c)
{
	switch (*c->p) {
	case '"':
		return take_string(c);
	case 't':
		return take_word(c, "true");
	case 'f':
		return take_word(c, "false");
	case 'n':
		return take_word(c, "null");
	case 'N':
		return take_beyond(c, "NaN");
	case 'I':
		return take_beyond(c, "Infinity");
	default:
		if (*c->p != '-' && (*c->p < '0' || *c->p > '9'))
			return lacks(c, "a value");
		return take_number(c);
	}
}

/* "name" : */
static int
take_name(struct check *c)
{
	c->nodes++;
	blank(c);
	if (!take_string(c))
		return 0;
	blank(c);
	if (c->p == c->end || *c->p != ':')
		return lacks(c, "a colon");
	c->p++;
	return 1;
}

/*
 * After a value: close what ends here, up to a comma that another value must
 * follow (1) or the end of it all (1 with depth 0).
 */
static int
take_closes(struct check *c)
{
	while (c->depth > 0) {
		blank(c);
		if (c->p == c->end)
			return lacks(c, "a comma or a closing bracket");
		if (*c->p == ',') {
			c->p++;
			return !c->in_object[c->depth - 1] || take_name(c);
		}
		if (*c->p != (c->in_object[c->depth - 1] ? '}' : ']'))
			return lacks(c, "a comma or a closing bracket");
		c->p++;
		c->depth--;
	}
	return 1;
}

/* An opening bracket; *empty when the closing one follows. */
static int
take_open(struct check *c, int *empty)
{
	int object = *c->p++ == '{';

	c->in_object[c->depth++] = object;
	blank(c);
	*empty = c->p < c->end && *c->p == (object ? '}' : ']');
	return *empty || !object || take_name(c);
}

static int
too_much(const struct check *c, const struct tq_scan_bounds *most,
    struct tq_err *e)
{
	if (c->depth > most->depth)
		return tq_fail(e, EMSGSIZE, "JSON deeper than %u",
		    most->depth);
	if (c->nodes > most->nodes)
		return tq_fail(e, EMSGSIZE, "JSON of more than %zu values",
		    most->nodes);
	return 0;
}

/* Quote what stands where something else was wanted. */
static int
not_json(const struct check *c, struct tq_err *e)
{
	size_t left = (size_t)(c->end - c->p), n = 0;

	while (n < left && n < 20 && c->p[n] >= 0x20 && c->p[n] < 0x7f)
		n++;
	return tq_fail(e, EBADMSG,
	    "not JSON: want %s at byte %zu, found %s%.*s%s", c->want,
	    (size_t)(c->p - c->begin),
	    left == 0 ? "the end" : n == 0 ? "a strange byte" : "'",
	    (int)n, c->p, n == 0 ? "" : "'");
}

static int
check_value(struct check *c, const struct tq_scan_bounds *most,
    struct tq_err *e)
{
	int empty, ok;

	do {
		blank(c);
		if (c->p == c->end) {
			lacks(c, "a value");
			return not_json(c, e);
		}
		c->nodes++;
		if (*c->p == '[' || *c->p == '{') {
			if (c->depth >= TQ_SCAN_DEPTH_MAX)
				return tq_fail(e, EMSGSIZE,
				    "JSON deeper than %d", TQ_SCAN_DEPTH_MAX);
			ok = take_open(c, &empty);
			if (ok && !empty) {
				if (too_much(c, most, e) == -1)
					return -1;
				continue;
			}
		} else {
			ok = take_plain(c);
		}
		if (too_much(c, most, e) == -1)
			return -1;
		if (!ok || !take_closes(c))
			return not_json(c, e);
	} while (c->depth > 0);
	return 0;
}

static int
check(struct tq_bytes *out, const char *p, size_t n,
    const struct tq_scan_bounds *most, int strict, struct tq_err *e)
{
	struct check c = { .strict = strict };

	out->p = NULL;
	out->n = 0;
	c.begin = c.p = n == 0 ? "" : p;
	c.end = c.p + n;
	if (n > most->bytes)
		return tq_fail(e, EMSGSIZE, "JSON of %zu bytes, over %zu", n,
		    most->bytes);
	blank(&c);
	out->p = c.p;
	if (check_value(&c, most, e) == -1)
		return -1;
	out->n = (size_t)(c.p - out->p);
	blank(&c);
	if (c.p != c.end) {
		lacks(&c, "the end");
		return not_json(&c, e);
	}
	return 0;
}

int
tq_scan_check(struct tq_bytes *out, const char *p, size_t n,
    const struct tq_scan_bounds *most, struct tq_err *e)
{
	return check(out, p, n, most, 0, e);
}

int
tq_scan_check_strict(struct tq_bytes *out, const char *p, size_t n,
    const struct tq_scan_bounds *most, struct tq_err *e)
{
	return check(out, p, n, most, 1, e);
}
