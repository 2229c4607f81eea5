/* Options of a URL, as place.c and place_tls.c read them. */
#include <errno.h>
#include <string.h>

#include "backend/redis/place.h"
#include "base/date.h"
#include "base/url.h"

int
tq_redis_place_option(char value[TQ_REDIS_OPTION_MAX],
    const struct tq_url *u, const char *name, struct tq_err *e)
{
	int rv = tq_url_option(u, name, value, TQ_REDIS_OPTION_MAX);

	if (rv == -1)
		return tq_fail(e, EINVAL, "%s: bad value of '%s' in the URL",
		    u->scheme, name);
	return rv;
}

int
tq_redis_place_time(tq_time *out, const struct tq_url *u, const char *name,
    struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	struct tq_err why;
	int rv;

	if ((rv = tq_redis_place_option(value, u, name, e)) != 1)
		return rv;
	if (tq_duration_parse(out, value, &why) == -1 || *out <= 0)
		return tq_fail(e, EINVAL, "%s: %s='%.80s' is no length of "
		    "time", u->scheme, name, value);
	/* no operation is done by then */
	if (*out < TQ_MS)
		return tq_fail(e, EINVAL, "%s: %s='%.80s': want at least "
		    "0.001", u->scheme, name, value);
	return 0;
}

int
tq_redis_place_yes(int *out, const struct tq_url *u, const char *name,
    struct tq_err *e)
{
	char value[TQ_REDIS_OPTION_MAX];
	int rv;

	if ((rv = tq_redis_place_option(value, u, name, e)) != 1)
		return rv;
	*out = strcmp(value, "yes") == 0;
	if (!*out && strcmp(value, "no") != 0)
		return tq_fail(e, EINVAL, "%s: %s='%.80s': want yes or no",
		    u->scheme, name, value);
	return 0;
}
