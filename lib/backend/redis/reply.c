/* What replies of a server mean to us: as strings, and as errors. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "backend/redis/conn.h"

/* Strings are read and never written. */
static char none[1];

/* What is in no reply: neither a string nor a list. */
static const redisReply nothing = { .type = REDIS_REPLY_NIL, .str = none };

static void
fill(redisReply *r)
{
	if (r->str == NULL)
		r->str = none;	/* freeReplyObject() frees none of these */
}

void
tq_redis_reply_fill(redisReply *r)
{
	redisReply *a;
	size_t i, k;

	fill(r);
	for (i = 0; i < r->elements; i++) {
		fill(a = r->element[i]);
		for (k = 0; k < a->elements; k++)
			fill(a->element[k]);
	}
}

const redisReply *
tq_redis_reply_at(const redisReply *r, size_t i)
{
	return i < r->elements ? r->element[i] : &nothing;
}

int
tq_redis_cursor(const struct tq_redis_place *p, char out[TQ_REDIS_CURSOR],
    const redisReply *r, struct tq_err *e)
{
	const char *at = tq_redis_reply_at(r, 0)->str;

	/* an empty one would begin again for ever */
	if (*at == '\0' || at[strspn(at, "0123456789")] != '\0' ||
	    strlcpy(out, at, TQ_REDIS_CURSOR) >= TQ_REDIS_CURSOR)
		return tq_fail(e, EPROTO, "%s: bad answer to a scan", p->name);
	return 0;
}

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
