/*
 * URLs of brokers and result stores, RFC 3986 with three rules of our own:
 *
 * 1. A value that has a '/' and no scheme is the directory of a spool, taken
 *    as it stands; a spool's URL has a path and no host.
 * 2. '#' must be written %23: a URL of ours has no fragment, and a password
 *    cut off at one would be a riddle.
 * 3. No message quotes a password, not even one that broke the URL.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

#define URL_QUOTE	256	/* bytes of a URL that messages quote */

static int
url_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of the scheme before ':', 0: none. */
static size_t
url_scheme(const char *s)
{
	size_t n;

	if (!url_is_alpha(s[0]))
		return 0;
	/* no strspn(3): its tables are 4 us of page faults in every tqput */
	for (n = 1; url_is_alpha(s[n]) || (s[n] != '\0' &&
	    strchr("0123456789+-.", s[n]) != NULL); n++)
		continue;
	return s[n] == ':' ? n : 0;
}

static int
url_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Schemes are case-insensitive (RFC 3986 §3.1); in lower case from here on. */
static void
url_lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

/*
 * Decode n bytes at s, NUL-terminated, into to (size bytes).  The length, or
 * -1: a bad escape or a NUL (EINVAL), no room (EMSGSIZE).
 */
static ssize_t
url_decode(char *to, size_t size, const char *s, size_t n)
{
	size_t i, len = 0;
	int hi, lo;

	for (i = 0; i < n; i++) {
		if (len + 1 >= size) {
			errno = EMSGSIZE;
			return -1;
		}
		to[len] = s[i];
		if (s[i] == '%') {
			if (n - i < 3 || (hi = url_hex(s[i + 1])) == -1 ||
			    (lo = url_hex(s[i + 2])) == -1 || hi + lo == 0) {
				errno = EINVAL;
				return -1;
			}
			to[len] = (char)(hi << 4 | lo);
			i += 2;
		}
		len++;
	}
	if (len >= size) {
		errno = EMSGSIZE;
		return -1;
	}
	to[len] = '\0';
	return (ssize_t)len;
}

/* A piece of the block that the parts of a URL are decoded into. */
struct url_mem {
	char		*p;
	size_t		 n;
};

/* Decode n bytes at s into the block; *out stays NULL for none.  0 or -1. */
static int
url_part(const char **out, struct url_mem *mem, const char *s, size_t n)
{
	ssize_t len;

	if (n == 0)
		return 0;
	if ((len = url_decode(mem->p, mem->n, s, n)) == -1)
		return -1;
	*out = mem->p;
	mem->p += len + 1;
	mem->n -= (size_t)len + 1;
	return 0;
}

/* A port of n digits; none is 0.  -1: not one. */
static int
url_port(const char *s, size_t n)
{
	int port = 0;
	size_t i;

	if (n > 5)
		return -1;
	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		port = port * 10 + (s[i] - '0');
	}
	return port > 65535 || (n > 0 && port == 0) ? -1 : port;
}

/* The last c in n bytes at s, or NULL. */
static const char *
url_last(const char *s, size_t n, char c)
{
	while (n > 0)
		if (s[--n] == c)
			return s + n;
	return NULL;
}

/* "[user[:password]@]host[:port]", host maybe in brackets.  0 or -1. */
static int
url_authority(struct tq_url *u, struct url_mem *mem, const char *s, size_t n)
{
	const char *at, *colon, *end = s + n;

	if ((at = url_last(s, n, '@')) != NULL) {
		n = (size_t)(at - s);
		if ((colon = memchr(s, ':', n)) == NULL)
			colon = at;
		else if (url_part(&u->password, mem, colon + 1,
		    (size_t)(at - colon - 1)) == -1)
			return -1;
		if (url_part(&u->user, mem, s, (size_t)(colon - s)) == -1)
			return -1;
		s = at + 1;
	}
	n = (size_t)(end - s);
	/* the colons of an IPv6 address stand within its brackets */
	if (n > 0 && *s == '[') {
		if ((colon = memchr(s, ']', n)) == NULL)
			return -1;
		if (url_part(&u->host, mem, s + 1,
		    (size_t)(colon - s - 1)) == -1)
			return -1;
		colon++;
		if (colon < end && *colon != ':')
			return -1;
	} else {
		if ((colon = url_last(s, n, ':')) == NULL)
			colon = end;
		/* else an address would lose its last part to the port */
		if (memchr(s, ':', (size_t)(colon - s)) != NULL)
			return -1;
		if (url_part(&u->host, mem, s, (size_t)(colon - s)) == -1)
			return -1;
	}
	if (colon < end &&
	    (u->port = url_port(colon + 1, (size_t)(end - colon - 1))) == -1)
		return -1;
	return 0;
}

/* All that follows "scheme:".  0 or -1. */
static int
url_rest(struct tq_url *u, struct url_mem *mem, const char *s)
{
	size_t n;

	if (strncmp(s, "//", 2) == 0) {
		s += 2;
		n = strcspn(s, "/?");
		if (url_authority(u, mem, s, n) == -1)
			return -1;
		s += n;
	}
	n = strcspn(s, "?");
	if (url_part(&u->path, mem, s, n) == -1)
		return -1;
	s += n;
	if (*s == '?' && s[1] != '\0') {
		/* stays encoded: '&' and '=' may be in a value */
		u->query = mem->p;
		memcpy(mem->p, s + 1, strlen(s + 1) + 1);
	}
	return 0;
}

int
tq_url_parse(struct tq_url *out, void **mem, const char *s, struct tq_err *e)
{
	char quoted[URL_QUOTE];
	struct tq_url u = { 0 };
	struct url_mem left;
	size_t n = url_scheme(s), len = strlen(s);
	char *block;

	*mem = NULL;
	tq_url_redact(quoted, sizeof(quoted), s);
	if (n == 0 && strchr(s, '/') == NULL)
		return tq_fail(e, EINVAL, "'%s': neither a URL nor a "
		    "directory (write ./%s)", quoted, quoted);
	/* every part is shorter than its text; five parts, each with a NUL */
	left.n = len + sizeof("spool") + 8;
	if ((block = left.p = malloc(left.n)) == NULL)
		return tq_fail_sys(e, errno, "url");
	if (n == 0) {
		u.scheme = "spool";
		memcpy(block, s, len + 1);
		u.path = block;
	} else if (strchr(s, '#') != NULL) {
		tq_fail(e, EINVAL, "'%s': '#' must be written %%23", quoted);
		goto bad;
	} else if (url_part(&u.scheme, &left, s, n) == -1 ||
	    url_rest(&u, &left, s + n + 1) == -1) {
		tq_fail(e, EINVAL, u.port == -1 ? "'%s': a port is a number "
		    "from 1 to 65535" : "'%s': want scheme://[user[:password]"
		    "@]host[:port][/path][?name=value], an address with "
		    "colons in brackets", quoted);
		goto bad;
	}
	if (n > 0)
		url_lower(block);	/* the scheme is its first part */
	if (n > 0 && strcmp(u.scheme, "spool") == 0 &&
	    (u.host != NULL || u.user != NULL || u.password != NULL ||
	    u.port != 0)) {
		tq_fail(e, EINVAL, "'%s': a spool has a path only: want "
		    "spool:/directory", quoted);
		goto bad;
	}
	*out = u;
	*mem = block;
	return 0;
bad:
	free(block);
	return -1;
}

int
tq_url_option(const struct tq_url *u, const char *name, char *buf, size_t size)
{
	const char *s = u->query, *value;
	size_t n, len = strlen(name);

	while (s != NULL && *s != '\0') {
		n = strcspn(s, "&");
		if (n >= len && strncmp(s, name, len) == 0 &&
		    (n == len || s[len] == '=')) {
			value = s + len + (n > len);
			return url_decode(buf, size, value,
			    (size_t)(s + n - value)) == -1 ? -1 : 1;
		}
		s += n + (s[n] == '&');
	}
	return 0;
}

/*
 * Where the text before which a password may stand ends, or NULL.  An '@'
 * after the authority counts when the port is none: then a '/' or '?' of an
 * unencoded password has cut the authority short.
 */
static const char *
url_secret_end(const char *s)
{
	const char *at, *colon;
	size_t n = strcspn(s, "/?#");

	if ((at = url_last(s, n, '@')) != NULL)
		return at;
	colon = url_last(s, n, ':');
	if (colon == NULL || url_last(s, n, ']') > colon ||
	    url_port(colon + 1, (size_t)(s + n - colon - 1)) != -1)
		return NULL;
	return url_last(s, strlen(s), '@');
}

void
tq_url_redact(char *buf, size_t size, const char *s)
{
	const char *rest, *at, *colon;

	/* whatever stands before "://": what is no URL may still be a secret */
	if ((rest = strstr(s, "://")) != NULL) {
		rest += 3;
		at = url_secret_end(rest);
		if (at != NULL && (colon = memchr(rest, ':',
		    (size_t)(at - rest))) != NULL) {
			snprintf(buf, size, "%.*s:***%s", (int)(colon - s), s,
			    at);
			return;
		}
	}
	/* no snprintf(3): it is 8 us of page faults in every tqput */
	(void)strlcpy(buf, s, size);
}
