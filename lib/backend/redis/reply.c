/* What error replies of a server mean to us. */
#include <errno.h>
#include <string.h>

#include "backend/redis/conn.h"

int
tq_redis_failed(const struct tq_redis_place *p, const redisReply *r,
    struct tq_err *e)
{
	/* by the first word; a LOADING server will answer soon */
	static const struct {
		const char	*word;
		int		 num;
		const char	*hint;
	} known[] = {
		{ "BUSYKEY", EEXIST, NULL },
		{ "CLUSTERDOWN", ECONNREFUSED, NULL },
		{ "ERR AUTH", EPERM, NULL },
		{ "ERR DB index", EINVAL, "no such database" },
		{ "ERR invalid DB", EINVAL, "no such database" },
		{ "LOADING", ECONNREFUSED, NULL },
		{ "MASTERDOWN", ECONNREFUSED, NULL },
		{ "MISCONF", ENOSPC, NULL },
		{ "MOVED", ENOTSUP, "a cluster is not served" },
		{ "NOAUTH", EPERM, "wants a password" },
		{ "NOPERM", EPERM, NULL },
		{ "OOM", ENOSPC, "full: maxmemory is reached" },
		{ "READONLY", EROFS, "a replica that takes no writes" },
		{ "WRONGPASS", EPERM, "wrong user or password" },
		{ "WRONGTYPE", EPROTO, NULL },
	};
	const char *at;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		/* an error of a call in a script has its text inside */
		at = strstr(r->str, known[i].word);
		if (at == NULL || (at != r->str && at[-1] != ' ' &&
		    at[-1] != '-' && at[-1] != '\''))
			continue;
		if (known[i].hint != NULL)
			return tq_fail(e, known[i].num, "%s: %s", p->name,
			    known[i].hint);
		return tq_fail(e, known[i].num, "%s: %.300s", p->name, at);
	}
	return tq_fail(e, EPROTO, "%s: %.300s", p->name, r->str);
}
