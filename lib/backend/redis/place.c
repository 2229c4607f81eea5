/* What the URL of a Redis server says. */
#include "backend/redis/place.h"

#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/url.h"

#define PORT		6379
#define SEP		"\x06\x16"		/* as kombu's */
#define VISIBILITY	(3600 * TQ_SECOND)	/* as kombu's */
#define TIMEOUT		(5 * TQ_SECOND)
#define LEASE		(30 * TQ_SECOND)
#define CRASHES		3
#define DB_MAX		1000000
#define PASSWORD_MAX	4096

static const char *const options[] = {
	"chord-ordered", "crashes", "db", "extended", "lease", "passfile",
	"prefix", "result-prefix", "sep", "ssl_ca_certs", "ssl_cert_reqs",
	"ssl_certfile", "ssl_check_hostname", "ssl_keyfile", "steps",
	"timeout", "track", "virtual_host", "visibility", "workers"
};

static int
is_option(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strlen(options[i]) == n && memcmp(options[i], s, n) == 0)
			return 1;
	return 0;
}

/* 1 if the name of n bytes at `at` is one of an option before it, too. */
static int
stands_before(const char *query, const char *at, size_t n)
{
	const char *s;

	for (s = query; s < at; s += strcspn(s, "&") + 1)
		if (strcspn(s, "=&") == n && memcmp(s, at, n) == 0)
			return 1;
	return 0;
}

/* What is not understood would not be kept: it is refused. */
static int
check_options(const struct tq_url *u, struct tq_err *e)
{
	const char *s = u->query;
	size_t n;

	while (s != NULL && *s != '\0') {
		n = strcspn(s, "=&");
		if (!is_option(s, n))
			return tq_fail(e, EINVAL, "%s: no option '%.*s' of a "
			    "URL", u->scheme, (int)(n < 80 ? n : 80), s);
		if (stands_before(u->query, s, n))
			return tq_fail(e, EINVAL, "%s: option '%.*s' twice in "
			    "the URL", u->scheme, (int)n, s);
		s += strcspn(s, "&");
		s += *s == '&';
	}
	return 0;
}

static int
get_crashes(struct tq_redis_place *p, const struct tq_url *u,
    struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	const char *error;
	int rv;

	p->crashes = CRASHES;
	if ((rv = tq_redis_place_option(value, u, "crashes", e)) != 1)
		return rv;
	p->crashes = (unsigned)strtonum(value, 1, 100000, &error);
	if (error != NULL)
		return tq_fail(e, EINVAL, "%s: crashes='%.80s': want 1 to "
		    "100000", u->scheme, value);
	return 0;
}

static int
get_db(struct tq_redis_place *p, const struct tq_url *u, const char *text,
    struct tq_err *e)
{
	const char *error;

	p->db = (int)strtonum(text, 0, DB_MAX, &error);
	if (error != NULL)
		return tq_fail(e, EINVAL, "%s: '%.80s' is no database: want "
		    "a number", u->scheme, text);
	return 0;
}

/* "0,3,6,9" */
static int
get_steps(struct tq_redis_place *p, const struct tq_url *u, struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX], *rest = value, *word;
	const char *error;
	unsigned n;
	int rv;

	p->nsteps = 4;
	p->steps[0] = 0;
	p->steps[1] = 3;
	p->steps[2] = 6;
	p->steps[3] = 9;
	if ((rv = tq_redis_place_option(value, u, "steps", e)) != 1)
		return rv;
	p->nsteps = 0;
	while ((word = strsep(&rest, ",")) != NULL) {
		n = (unsigned)strtonum(word, 0, 255, &error);
		if (error != NULL || p->nsteps == TQ_REDIS_STEPS_MAX ||
		    (p->nsteps == 0 ? n != 0 : n <= p->steps[p->nsteps - 1]))
			return tq_fail(e, EINVAL, "%s: steps: '%.80s': want "
			    "at most %d numbers that rise from 0", u->scheme,
			    word, TQ_REDIS_STEPS_MAX);
		p->steps[p->nsteps++] = n;
	}
	return 0;
}

/* The first line of a file that not everybody can read. */
static int
read_password(struct tq_redis_place *p, const char *path, struct tq_err *e)
{
	char buf[PASSWORD_MAX + 1];
	struct stat st;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return tq_fail_sys(e, errno, "passfile: %s", path);
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IROTH) != 0) {
		close(fd);
		return tq_fail(e, EPERM, "passfile: %s: everybody can read it",
		    path);
	}
	n = tq_io_read(fd, buf, sizeof(buf));
	close(fd);
	if (n == -1)
		return tq_fail_sys(e, errno, "passfile: %s", path);
	if (n > PASSWORD_MAX)
		return tq_fail(e, EINVAL, "passfile: %s: more than %d bytes",
		    path, PASSWORD_MAX);
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	free(p->password);
	p->password = strdup(buf);
	explicit_bzero(buf, sizeof(buf));
	return p->password == NULL ?
	    tq_fail_sys(e, ENOMEM, "passfile: %s", path) : 0;
}

/* 1 if it may be in keys: newlines and kombu's marks stand between them. */
static int
is_prefix(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return 0;
	return 1;
}

/* A prefix, as tq_redis_place_option(). */
static int
get_prefix(char value[TQ_REDIS_OPTION_MAX], const struct tq_url *u,
    const char *name, struct tq_err *e)
{
	int rv;

	if ((rv = tq_redis_place_option(value, u, name, e)) != 1)
		return rv;
	if (strlen(value) > TQ_REDIS_PREFIX_MAX)
		return tq_fail(e, EINVAL, "%s: a prefix of more than %d bytes",
		    u->scheme, TQ_REDIS_PREFIX_MAX);
	if (!is_prefix(value))
		return tq_fail(e, EINVAL, "%s: %s holds a control character",
		    u->scheme, name);
	return 1;
}

static int
get_prefixes(struct tq_redis_place *p, const struct tq_url *u, int is_store,
    struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	size_t n;
	int rv;

	if ((rv = get_prefix(value, u, "prefix", e)) == -1)
		return -1;
	if (rv == 1 && is_store)
		strlcpy(p->results, value, TQ_REDIS_PREFIX_MAX + 1);
	else if (rv == 1)
		strlcpy(p->prefix, value, sizeof(p->prefix));
	if ((rv = get_prefix(value, u, "result-prefix", e)) == -1)
		return -1;
	if (rv == 1)
		strlcpy(p->results, value, TQ_REDIS_PREFIX_MAX + 1);
	/* Celery's rule: celery.backends.base, KeyValueStoreBackend */
	n = strlen(p->results);
	if (n > 0 && strchr(":_-.", p->results[n - 1]) == NULL)
		strlcat(p->results, "_", sizeof(p->results));
	return 0;
}

/* A newline stands between the name of a list and its message (tq.waiting). */
static int
get_sep(struct tq_redis_place *p, const struct tq_url *u, struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	int rv;

	strlcpy(p->sep, SEP, sizeof(p->sep));
	if ((rv = tq_redis_place_option(value, u, "sep", e)) != 1)
		return rv;
	if (*value == '\0' || strchr(value, '\n') != NULL ||
	    strlcpy(p->sep, value, sizeof(p->sep)) >= sizeof(p->sep))
		return tq_fail(e, EINVAL, "%s: sep='%.80s': want 1 to %d "
		    "bytes and no newline", u->scheme, value,
		    TQ_REDIS_SEP_MAX);
	return 0;
}

static int
get_options(struct tq_redis_place *p, const struct tq_url *u, int is_store,
    struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	int rv, ordered = 1;

	p->visibility = VISIBILITY;
	p->timeout = TIMEOUT;
	p->lease = LEASE;
	if (check_options(u, e) == -1 ||
	    get_prefixes(p, u, is_store, e) == -1 ||
	    tq_redis_place_time(&p->visibility, u, "visibility", e) == -1 ||
	    tq_redis_place_time(&p->timeout, u, "timeout", e) == -1 ||
	    tq_redis_place_time(&p->lease, u, "lease", e) == -1 ||
	    tq_redis_place_yes(&p->extended, u, "extended", e) == -1 ||
	    tq_redis_place_yes(&p->track, u, "track", e) == -1 ||
	    tq_redis_place_yes(&ordered, u, "chord-ordered", e) == -1 ||
	    get_crashes(p, u, e) == -1 || get_steps(p, u, e) == -1 ||
	    get_sep(p, u, e) == -1)
		return -1;
	if ((rv = tq_redis_place_option(value, u, "workers", e)) == -1)
		return -1;
	if (rv == 1 && strcmp(value, "tq") != 0 &&
	    strcmp(value, "celery") != 0)
		return tq_fail(e, EINVAL, "%s: workers='%.80s': want tq or "
		    "celery", u->scheme, value);
	p->unordered = !ordered;
	p->tq_only = rv == 1 && strcmp(value, "tq") == 0;
	if ((rv = tq_redis_place_option(value, u, "passfile", e)) == -1)
		return -1;
	return rv == 1 ? read_password(p, value, e) : 0;
}

/* Where it listens, and which database. */
static int
get_address(struct tq_redis_place *p, const struct tq_url *u,
    struct tq_err *e)
{
	const char *path = u->path == NULL ? "" : u->path, *name;
	char value[TQ_REDIS_OPTION_MAX];
	int rv, is_socket;

	is_socket = strcmp(u->scheme, "redis+socket") == 0 ||
	    (u->host == NULL && path[0] == '/' &&
	    path[1 + strspn(path + 1, "0123456789")] != '\0');
	p->port = u->port == 0 ? PORT : u->port;
	if (is_socket && (u->host != NULL || u->port != 0))
		return tq_fail(e, EINVAL, "%s: a socket has no host",
		    u->scheme);
	if (is_socket)
		p->path = strdup(path);
	else
		p->host = strdup(u->host == NULL ? "localhost" : u->host);
	if (p->path == NULL && p->host == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", u->scheme);
	if (!is_socket && path[0] == '/' && path[1] != '\0' &&
	    get_db(p, u, path + 1, e) == -1)
		return -1;
	for (name = "db"; name != NULL;
	    name = strcmp(name, "db") == 0 ? "virtual_host" : NULL) {
		if ((rv = tq_redis_place_option(value, u, name, e)) == -1 ||
		    (rv == 1 && get_db(p, u, value, e) == -1))
			return -1;
	}
	if (is_socket)
		snprintf(p->name, sizeof(p->name), "redis://%s?db=%d",
		    p->path, p->db);
	else
		snprintf(p->name, sizeof(p->name),
		    strchr(p->host, ':') != NULL ? "%s://[%s]:%d/%d" :
		    "%s://%s:%d/%d", u->scheme, p->host, p->port, p->db);
	return 0;
}

int
tq_redis_place_init(struct tq_redis_place *p, const struct tq_url *u,
    int is_store, struct tq_err *e)
{
	memset(p, 0, sizeof(*p));
	if (u->user != NULL && (p->user = strdup(u->user)) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", u->scheme);
	if (u->password != NULL &&
	    (p->password = strdup(u->password)) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", u->scheme);
	if (get_address(p, u, e) == -1 || tq_redis_place_tls(p, u, e) == -1)
		return -1;
	return get_options(p, u, is_store, e);
}

void
tq_redis_place_fini(struct tq_redis_place *p)
{
	int saved = errno;

	if (p->password != NULL)
		explicit_bzero(p->password, strlen(p->password));
	free(p->password);
	free(p->user);
	free(p->host);
	free(p->path);
	free(p->tls.ca);
	free(p->tls.cert);
	free(p->tls.key);
	memset(p, 0, sizeof(*p));
	errno = saved;
}

int
tq_redis_place_same(const struct tq_redis_place *a,
    const struct tq_redis_place *b)
{
	if (a->path != NULL || b->path != NULL)
		return a->path != NULL && b->path != NULL &&
		    strcmp(a->path, b->path) == 0;
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}
