/*
 * URLs that are words of a list and lead to the same place from every directory.
 *
 * Of a URL these are paths: that of a spool, that of a socket, and the values
 * of the options below, whatever the scheme.  What is relative is so to the
 * directory of the process that was given it, and a task runs in another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/url.h"
#include "client/route.h"

static const char *const file_options[] = {
	"passfile=", "ssl_ca_certs=", "ssl_certfile=", "ssl_keyfile="
};

/* A path as it stands in a URL, which is a word of a list. */
static void
put_path(struct tq_buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || strchr("%?#&", *s) != NULL)
			tq_buf_printf(b, "%%%02X", (unsigned char)*s);
		else
			tq_buf_byte(b, (unsigned char)*s);
}

/* 1 and where its value begins, if it names a file by a relative path. */
static int
is_relative_file(const char *option, size_t *value)
{
	size_t i, n;

	for (i = 0; i < sizeof(file_options) / sizeof(file_options[0]); i++) {
		n = strlen(file_options[i]);
		*value = n;
		if (strncmp(option, file_options[i], n) == 0)
			return strchr("/&", option[n]) == NULL &&
			    strncasecmp(option + n, "%2f", 3) != 0;
	}
	return 0;
}

/* "?name=value&..." as it is, but for relative files. */
static int
put_query(struct tq_buf *b, const char *s, struct tq_err *e)
{
	size_t n, value;
	char *here;

	while (*s != '\0') {
		tq_buf_byte(b, (unsigned char)*s++);
		n = strcspn(s, "&");
		value = 0;
		if (is_relative_file(s, &value)) {
			if (tq_route_path(&here, "", e) == -1)
				return -1;
			tq_buf_put(b, s, value);
			put_path(b, here);
			free(here);
			s += value;
			n -= value;
		}
		tq_buf_put(b, s, n);
		s += n;
	}
	return 0;
}

/* A directory without a scheme stands in the URL as it is, options and all. */
static int
is_plain(const struct tq_url *u, const char *word)
{
	return u->path != NULL && strcmp(u->path, word) == 0;
}

static int
put_url(struct tq_buf *b, const char *word, struct tq_err *e)
{
	const char *query;
	char *path = NULL;
	struct tq_url u;
	void *mem;
	int rv = -1;

	/* who opens it says what is wrong with it */
	if (tq_url_parse(&u, &mem, word, NULL) == -1) {
		tq_buf_str(b, word);
		return 0;
	}
	query = is_plain(&u, word) ? NULL : strchr(word, '?');
	if (u.path != NULL && *u.path != '/' && u.host == NULL &&
	    (strcmp(u.scheme, "spool") == 0 ||
	    strcmp(u.scheme, "redis+socket") == 0)) {
		if (tq_route_path(&path, u.path, e) == -1)
			goto out;
		tq_buf_str(b, u.scheme);
		tq_buf_byte(b, ':');
		put_path(b, path);
	} else
		tq_buf_put(b, word, query == NULL ? strlen(word) :
		    (size_t)(query - word));
	rv = query == NULL ? 0 : put_query(b, query, e);
out:
	free(path);
	free(mem);
	return rv;
}

static char *
take(struct tq_buf *b, struct tq_err *e)
{
	tq_buf_byte(b, '\0');
	if (tq_buf_ok(b))
		return (char *)b->p;
	tq_buf_fini(b);
	tq_fail_sys(e, ENOMEM, "URL");
	return NULL;
}

char *
tq_route_whole(const char *list, struct tq_err *e)
{
	char word[TQ_ROUTE_URL_MAX];
	struct tq_buf b;
	int rv;

	tq_buf_init(&b);
	while ((rv = tq_route_next(word, &list, e)) == 1) {
		if (b.n > 0)
			tq_buf_byte(&b, ' ');
		if ((rv = put_url(&b, word, e)) == -1)
			break;
	}
	if (rv == 0)
		return take(&b, e);
	tq_buf_fini(&b);
	return NULL;
}

/* 1 if a word behind a blank has a scheme. */
static int
holds_another(const char *s)
{
	size_t n;

	while ((s = strpbrk(s, " \t\n")) != NULL) {
		s++;
		for (n = 0; (s[n] >= 'a' && s[n] <= 'z') || (n > 0 &&
		    strchr("0123456789+-.", s[n]) != NULL && s[n] != '\0'); n++)
			continue;
		if (n > 0 && s[n] == ':')
			return 1;
	}
	return 0;
}

char *
tq_route_word(const char *value, struct tq_err *e)
{
	char quoted[256];
	struct tq_buf b;
	struct tq_url u;
	void *mem;
	int is_spool;

	if (tq_url_parse(&u, &mem, value, e) == -1)
		return NULL;
	is_spool = strcmp(u.scheme, "spool") == 0 && !holds_another(value);
	tq_buf_init(&b);
	if (strpbrk(value, " \t\n") == NULL)
		tq_buf_str(&b, value);
	else if (is_spool && is_plain(&u, value)) {
		tq_buf_str(&b, "spool:");
		put_path(&b, value);
	} else if (is_spool) {
		for (; *value != '\0'; value++)
			if (strchr(" \t\n", *value) != NULL)
				tq_buf_printf(&b, "%%%02X", *value);
			else
				tq_buf_byte(&b, (unsigned char)*value);
	} else {
		free(mem);
		tq_url_redact(quoted, sizeof(quoted), value);
		tq_fail(e, EINVAL, "'%s': want one URL, with %%20 for a "
		    "blank; the option may be repeated", quoted);
		return NULL;
	}
	free(mem);
	return take(&b, e);
}
