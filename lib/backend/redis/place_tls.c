/*
 * What a rediss:// URL says of TLS, in the words of Celery and redis-py
 * (celery.backends.redis, kombu.utils.url, redis.connection.SSLConnection).
 *
 * Two defaults are not theirs: the name of the server is checked, which
 * redis-py did not before its release 6, and ssl_ca_certs stands for the
 * system's certificates, not beside them.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/redis/place.h"
#include "base/url.h"

/* An option: 1 and its value, 0 not there, -1; no other scheme has it. */
static int
get(char value[TQ_REDIS_OPTION_MAX], const struct tq_url *u, const char *name,
    struct tq_err *e)
{
	int rv = tq_redis_place_option(value, u, name, e);

	if (rv == 1 && strcmp(u->scheme, "rediss") != 0)
		return tq_fail(e, EINVAL, "%s: '%s' is for rediss://",
		    u->scheme, name);
	return rv;
}

static int
get_file(char **out, const struct tq_url *u, const char *name,
    struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	int rv;

	if ((rv = get(value, u, name, e)) != 1)
		return rv;
	if (value[0] == '\0')
		return tq_fail(e, EINVAL, "%s: %s: no file", u->scheme, name);
	if ((*out = strdup(value)) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", u->scheme);
	return 0;
}

/* A client's "optional" is "required", see ssl.CERT_OPTIONAL of Python. */
static int
get_trust(int *any, const struct tq_url *u, struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	const char *word = value;
	int rv;

	if ((rv = get(value, u, "ssl_cert_reqs", e)) != 1)
		return rv;
	if (strncmp(word, "CERT_", 5) == 0)
		word += 5;
	*any = strcasecmp(word, "none") == 0;
	if (!*any && strcasecmp(word, "required") != 0 &&
	    strcasecmp(word, "optional") != 0)
		return tq_fail(e, EINVAL, "%s: ssl_cert_reqs='%.80s': want "
		    "required or none", u->scheme, value);
	return 0;
}

/*
 * In redis-py's words: redis.connection.to_bool().  Celery 5.2.6 gives
 * redis-py 4.3 the word as a string, and each of them is true; an option
 * without a value it does not see, and the name is not checked by default.  So
 * nothing is "no" here: it is what both understand.
 */
static int
get_name_check(int *any, const struct tq_url *u, struct tq_err *e)
{
	static const char *const words[2][6] = {
		{ "1", "on", "t", "true", "y", "yes" },
		{ "", "0", "f", "false", "n", "no" }
	};
	char value[TQ_REDIS_OPTION_MAX];
	size_t i;
	int rv;

	if ((rv = get(value, u, "ssl_check_hostname", e)) != 1)
		return rv;
	for (i = 0; i < 12; i++)
		if (strcasecmp(value, words[i / 6][i % 6]) == 0) {
			*any = i >= 6;
			return 0;
		}
	return tq_fail(e, EINVAL, "%s: ssl_check_hostname='%.80s': want yes "
	    "or no", u->scheme, value);
}

int
tq_redis_place_tls(struct tq_redis_place *p, const struct tq_url *u,
    struct tq_err *e)
{
	p->is_tls = strcmp(u->scheme, "rediss") == 0;
	if (p->is_tls && p->path != NULL)
		return tq_fail(e, EINVAL, "rediss: a socket has no TLS");
	if (get_trust(&p->tls.any_cert, u, e) == -1 ||
	    get_name_check(&p->tls.any_host, u, e) == -1 ||
	    get_file(&p->tls.ca, u, "ssl_ca_certs", e) == -1 ||
	    get_file(&p->tls.cert, u, "ssl_certfile", e) == -1 ||
	    get_file(&p->tls.key, u, "ssl_keyfile", e) == -1)
		return -1;
	if (p->tls.key != NULL && p->tls.cert == NULL)
		return tq_fail(e, EINVAL, "rediss: ssl_keyfile without "
		    "ssl_certfile");
	return 0;
}
