/*
 * What the server's settings make of the promises of a broker: it is told where
 * they are less than those of a spool.
 *
 * Nothing is damaged by a setting, so nothing is counted.  A server that does
 * not tell (an ACL, a service that hides CONFIG) is said not to tell.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/redis.h"
#include "base/clock.h"

#define SENTENCE	512	/* bytes of one, its server's name with it */

struct check {
	struct tq_redis_conn *conn;
	const char	*name;		/* of the server */
	void		(*each)(const char *, void *);
	void		*arg;
	redisReply	*info;		/* INFO, or NULL: it is not told */
};

static void find(const struct check *, const char *, ...)
    __attribute__((__format__(__printf__, 2, 3)));

static void
find(const struct check *c, const char *fmt, ...)
{
	char text[SENTENCE];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "%.200s: ", c->name);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	c->each(text, c->arg);
}

/* "name:value\r\n" of INFO, value; "" where it is not there. */
static const char *
info_of(const struct check *c, const char *name, char out[64])
{
	size_t n = strlen(name);
	const char *p;

	out[0] = '\0';
	for (p = c->info->str; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) == 0 && p[n] == ':') {
			(void)snprintf(out, 64, "%.*s",
			    (int)strcspn(p + n + 1, "\r\n"), p + n + 1);
			break;
		}
	}
	return out;
}

static int
info_says(const struct check *c, const char *name, const char *value)
{
	char text[64];

	return strcmp(info_of(c, name, text), value) == 0;
}

/*
 * A command that may be forbidden: 1 and its reply, 0 it is not told, -1 the
 * server is lost.
 */
static int
ask(const struct check *c, redisReply **out, const char *a, const char *b,
    const char *d, struct tq_err *e)
{
	struct tq_err why;

	if ((*out = tq_redis_say(c->conn, &why, a, b, d, NULL)) != NULL)
		return 1;
	if (c->conn->wire.fd != -1)
		return 0;
	return tq_fail(e, why.num, "%s", why.text);
}

/* Without a file of what was done: since when may it be lost? */
static void
find_snapshot(const struct check *c)
{
	char saved[64], changes[64];
	int64_t at = strtoll(info_of(c, "rdb_last_save_time", saved), NULL,
	    10);
	int64_t ago = tq_clock_wall() / TQ_SECOND - at;

	(void)info_of(c, "rdb_changes_since_last_save", changes);
	find(c, "appendonly no: should the server die, all since its last "
	    "snapshot is lost, now %s changes in %" PRId64 " s",
	    changes[0] == '\0' ? "some" : changes,
	    ago > 0 && at > 0 ? ago : 0);
}

/* When what was told to be done is on the server's disk. */
static int
check_disk(const struct check *c, struct tq_err *e)
{
	const char *when = "";
	redisReply *a;
	int rv;

	if (info_says(c, "aof_enabled", "0")) {
		find_snapshot(c);
		return 0;
	}
	if (info_says(c, "aof_last_write_status", "err"))
		find(c, "its append-only file cannot be written");
	if ((rv = ask(c, &a, "CONFIG", "GET", "appendfsync", e)) == -1)
		return -1;
	if (rv == 1 && a->type == REDIS_REPLY_ARRAY && a->elements == 2)
		when = a->element[1]->str;
	if (when[0] == '\0')
		find(c, "appendfsync is not told to this user: unless it is "
		    "always, a power cut loses the last second or more");
	else if (strcmp(when, "always") != 0)
		find(c, "appendfsync %.20s: a power cut loses %s", when,
		    strcmp(when, "no") == 0 ?
		    "what its system has not written yet" : "the last second");
	if (rv == 1)
		freeReplyObject(a);
	return 0;
}

/* What it does by itself with what it holds. */
static void
check_memory(const struct check *c)
{
	char policy[64];

	if (info_says(c, "maxmemory", "0") ||
	    strcmp(info_of(c, "maxmemory_policy", policy), "noeviction") == 0 ||
	    policy[0] == '\0')
		return;
	find(c, "maxmemory-policy %s: when its memory is full it deletes "
	    "%s", policy, strncmp(policy, "volatile", 8) == 0 ?
	    "results before their time" : "keys, tasks and results");
}

static void
check_copies(const struct check *c)
{
	char n[64];

	if (!info_says(c, "role", "master"))
		find(c, "a replica: what is written here is its master's to "
		    "throw away");
	else if (strtol(info_of(c, "connected_slaves", n), NULL, 10) > 0)
		find(c, "%s replicas: should one take over, what it had not "
		    "got yet is lost", n);
}

static int
check_server(struct tq_redis_conn *conn, void (*each)(const char *, void *),
    void *arg, struct tq_err *e)
{
	struct check c = {
		.conn = conn, .name = conn->place->name, .each = each,
		.arg = arg
	};
	int rv;

	if ((rv = ask(&c, &c.info, "INFO", NULL, NULL, e)) == -1)
		return -1;
	if (rv == 0 || c.info->type != REDIS_REPLY_STRING)
		find(&c, "what it promises is not told to this user (INFO)");
	else if ((rv = check_disk(&c, e)) == 0) {
		check_memory(&c);
		check_copies(&c);
	}
	if (c.info != NULL)
		freeReplyObject(c.info);
	return rv == -1 ? -1 : 0;
}

int
tq_redis_check(void *b, unsigned flags, void (*each)(const char *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_redis *r = b;

	if (flags & TQ_CHECK_SALVAGE)
		return tq_fail(e, ENOTSUP, "%s: nothing to salvage: the server "
		    "keeps its own files", r->place.name);
	if (tq_redis_ready(r, e) == -1 ||
	    check_server(&r->main, each, arg, e) == -1)
		return -1;
	if (!r->apart)
		return 0;
	return tq_redis_ready_store(r, e) == -1 ? -1 :
	    check_server(&r->store, each, arg, e);
}
