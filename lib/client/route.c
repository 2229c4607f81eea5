/* secure_getenv(3) is glibc's own */
#define _GNU_SOURCE
/* Where a handle leads: the environment, lists of URLs, the default spool. */
#include "client/route.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/url.h"

#define ROOT_SPOOL	"/var/spool/tq"

const char *
tq_route_env(const char *name)
{
	const char *s = secure_getenv(name);

	return s == NULL || *s == '\0' ? NULL : s;
}

/* By hand: strcspn(3) is 5 us of page faults in every tqput. */
static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

int
tq_route_next(char word[TQ_ROUTE_URL_MAX], const char **list,
    struct tq_err *e)
{
	const char *s = *list;
	size_t n = 0;

	while (is_blank(*s))
		s++;
	while (s[n] != '\0' && !is_blank(s[n]))
		n++;
	*list = s + n;
	if (n == 0)
		return 0;
	if (n >= TQ_ROUTE_URL_MAX)
		return tq_fail(e, EINVAL, "a URL of %zu bytes, over %d", n,
		    TQ_ROUTE_URL_MAX - 1);
	memcpy(word, s, n);
	word[n] = '\0';
	return 1;
}

/* ---- the directory of a spool ---------------------------------------- */

int
tq_route_path(char **out, const char *path, struct tq_err *e)
{
	char here[PATH_MAX];
	struct tq_buf b;

	*out = NULL;
	tq_buf_init(&b);
	if (*path != '/') {
		if (getcwd(here, sizeof(here)) == NULL)
			return tq_fail_sys(e, errno, "%s: the directory that "
			    "it is relative to", path);
		tq_buf_str(&b, strcmp(here, "/") == 0 ? "" : here);
		tq_buf_byte(&b, '/');
		while (path[0] == '.' && path[1] == '/')
			path += 1 + strspn(path + 1, "/");
	}
	tq_buf_str(&b, path);
	tq_buf_byte(&b, '\0');
	if (!tq_buf_ok(&b)) {
		tq_buf_fini(&b);
		return tq_fail_sys(e, ENOMEM, "%s", path);
	}
	*out = (char *)b.p;
	return 0;
}

/* dir and tail as one new string. */
static int
join(char **out, const char *dir, const char *tail, struct tq_err *e)
{
	size_t n = strlen(dir), size = strlen(tail) + 1;

	if ((*out = malloc(n + size)) == NULL)
		return tq_fail_sys(e, ENOMEM, "spool directory");
	memcpy(*out, dir, n);
	memcpy(*out + n, tail, size);
	return 0;
}

static int
default_dir(char **out, struct tq_err *e)
{
	const char *dir;

	if ((dir = tq_route_env("TQ_DIR")) != NULL)
		return tq_route_path(out, dir, e);
	if (geteuid() == 0)
		return join(out, ROOT_SPOOL, "", e);
	/* a relative one is to be ignored (XDG Base Directory, "Basics") */
	dir = tq_route_env("XDG_STATE_HOME");
	if (dir != NULL && *dir == '/')
		return join(out, dir, "/tq", e);
	if ((dir = tq_route_env("HOME")) == NULL)
		return tq_fail(e, EINVAL,
		    "no directory for the spool: set TQ_DIR or HOME");
	return join(out, dir, "/.local/state/tq", e);
}

int
tq_route_parse(struct tq_route *out, const char *url, struct tq_err *e)
{
	memset(out, 0, sizeof(*out));
	if (tq_url_parse(&out->url, &out->mem, url, e) == -1) {
		out->mem = NULL;
		return -1;
	}
	if (strcmp(out->url.scheme, "spool") != 0 ||
	    (out->url.path != NULL && *out->url.path == '/'))
		return 0;
	if ((out->url.path == NULL ? default_dir(&out->dir, e) :
	    tq_route_path(&out->dir, out->url.path, e)) == -1)
		return -1;
	out->url.path = out->dir;
	return 0;
}

void
tq_route_free(struct tq_route *r)
{
	int saved = errno;

	free(r->mem);
	free(r->dir);
	memset(r, 0, sizeof(*r));
	errno = saved;
}
