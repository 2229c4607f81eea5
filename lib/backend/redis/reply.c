/* What error replies of a server mean to us. */
#include <errno.h>
#include <string.h>

#include "backend/redis/conn.h"

/* The server's words, without where in our script it met that. */
static int
fail_with(int num, const struct tq_redis_place *p, const char *text,
    struct tq_err *e)
{
	const char *end = strstr(text, " script: ");
	size_t n = end != NULL ? (size_t)(end - text) : strlen(text);

	return tq_fail(e, num, "%s: %.*s", p->name, (int)(n < 300 ? n : 300),
	    text);
}

int
tq_redis_failed(const struct tq_redis_place *p, const redisReply *r,
    struct tq_err *e)
{
	/* by the first word; EINPROGRESS: it will answer soon */
	static const struct {
		const char	*word;
		int		 num;
		const char	*hint;
	} known[] = {
		/* these two, said by our scripts, name a key */
		{ "NOPERM", EACCES, NULL },
		{ "a key has another type: ", EPROTO, NULL },
		{ "BUSYKEY", EEXIST, NULL },
		{ "BUSY ", EINPROGRESS, "busy: it runs a script of somebody" },
		{ "CLUSTERDOWN", ECONNREFUSED, NULL },
		{ "ERR AUTH", EACCES, NULL },
		{ "ERR DB index", EINVAL, "no such database" },
		{ "ERR invalid DB", EINVAL, "no such database" },
		{ "LOADING", EINPROGRESS, "loading: it still reads its data" },
		{ "MASTERDOWN", ECONNREFUSED, NULL },
		{ "MISCONF", ENOSPC, NULL },
		{ "MOVED", ENOTSUP, "a cluster is not served" },
		/* these, said to a script: by Redis 7, and by 8 */
		{ "cluster is down", ECONNREFUSED, "its cluster is down" },
		{ "non local key", ENOTSUP, "a cluster is not served" },
		{ "slot not served", ENOTSUP, "a cluster is not served" },
		{ "keys that do not hash", ENOTSUP, "a cluster is not served" },
		{ "NOAUTH", EACCES, "wants a password" },
		{ "NOREPLICAS", ENOSPC, "takes no writes: too few replicas" },
		{ "OOM", ENOSPC, "full: maxmemory is reached" },
		{ "READONLY", EROFS, "a replica that takes no writes" },
		/* to a script, by Redis 7.0 */
		{ "The user executing the script", EACCES, NULL },
		{ "WRONGPASS", EACCES, "wrong user or password" },
		{ "WRONGTYPE", EPROTO, "a key has another type: is "
		    "this another program's database?" },
	};
	static const char acl[] = "ACL failure in script: ";
	const char *at;
	size_t i;

	/* Redis 7.2 and later, to a script; other words follow in each */
	if ((at = strstr(r->str, acl)) != NULL)
		return fail_with(EACCES, p, at + sizeof(acl) - 1, e);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		/* an error of a call in a script has its text inside */
		at = strstr(r->str, known[i].word);
		if (at == NULL || (at != r->str && at[-1] != ' ' &&
		    at[-1] != '-' && at[-1] != '\''))
			continue;
		if (known[i].hint != NULL)
			return tq_fail(e, known[i].num, "%s: %s", p->name,
			    known[i].hint);
		return fail_with(known[i].num, p, at, e);
	}
	return fail_with(EPROTO, p, r->str, e);
}
