/*
 * What a worker took and may not start yet, kept by the worker and not by the
 * server (tqrun --local-hold).  Two stores have no transaction in common, so
 * the server has the last word on which copy counts:
 *
 *	           keep, durably     H: tq.local[tag], unacked[tag] gone
 *	unacked --------------> both ---------------------------> the worker's
 *	   ^                     |                                    | due
 *	   '---- lease passed ---'             list <---- RELEASE ----'
 *
 *  1.	The worker's copy counts while tq.local has its tag.  Keeping comes
 *	first, the step H with the end of the claim second, in one script.
 *  2.	A copy whose tag is neither in tq.local nor in unacked is void, and
 *	stays so: H needs the tag in unacked, where no tag comes twice.  It is
 *	what a worker leaves that was killed between the two, or what remains of
 *	one that was given back when the answer was lost.
 *  3.	A tag that is in unacked may still get its H: the copy waits.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "base/crc.h"

int
tq_redis_local_add(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const char *tag, const char *id, tq_time due, int retry, const char *list,
    struct tq_bytes text)
{
	const char *queue = list + strlen(r->place.prefix);
	int nqueue = (int)tq_redis_list_queue(&r->place, queue);
	struct tq_bytes both;
	char words[TQ_ID_MAX + TQ_NAME_MAX + 128];
	struct tq_err e;

	if (r->holder == NULL)
		return 0;
	tq_buf_reset(&r->buf);
	tq_buf_str(&r->buf, list);
	tq_buf_byte(&r->buf, '\n');
	tq_buf_put(&r->buf, text.p, text.n);
	both.p = (const char *)r->buf.p;
	both.n = r->buf.n;
	if (!tq_buf_ok(&r->buf) ||
	    r->holder->keep(r->holder->arg, tag, due, retry, both, &e) == -1)
		return 0;
	/* for people: what waits, and what was lost with a machine; see away.c */
	snprintf(words, sizeof(words), "%s until %lld on %s in %.*s%s", id,
	    (long long)(due / TQ_SECOND), r->host, nqueue, queue,
	    retry ? " again" : "");
	tq_redis_cmd_str(cmd, "H");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_str(cmd, tag);
	tq_redis_cmd_str(cmd, words);
	return 1;
}

/*
 * The broker as the name of a queue: its URL without options, what no name has
 * made '_', and a checksum that tells apart what became the same.
 */
static void
name_of(char name[TQ_NAME_MAX + 1], const struct tq_redis *r)
{
	char text[TQ_NAME_MAX + 1];
	uint32_t crc = tq_crc32c(0, r->place.name, strlen(r->place.name));
	char *p;

	crc = tq_crc32c(crc, r->place.prefix, strlen(r->place.prefix));
	(void)strlcpy(text, r->place.name, sizeof(text));
	for (p = text; *p != '\0'; p++)
		if ((*p < '0' || *p > '9') && (*p < 'a' || *p > 'z') &&
		    (*p < 'A' || *p > 'Z') && *p != '.' && *p != '-')
			*p = '_';
	snprintf(name, TQ_NAME_MAX + 1, "%.100s.%08lx", text,
	    (unsigned long)crc);
}

int
tq_redis_local_hold(void *b, const struct tq_holder *h,
    char name[TQ_NAME_MAX + 1], struct tq_err *e)
{
	struct tq_redis *r = b;

	(void)e;
	r->holder = h;
	name_of(name, r);
	return 0;
}

int
tq_redis_local_release(void *b, const char *token, struct tq_bytes text,
    struct tq_err *e)
{
	struct tq_redis *r = b;
	const char *cut = memchr(text.p, '\n', text.n);
	redisReply *a;
	long long rv;

	if (cut == NULL)
		return tq_fail(e, EBADMSG, "%s: kept without its list", token);
	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_redis_cmd_reset(&r->cmd);
	tq_redis_cmd_str(&r->cmd, r->place.prefix);
	tq_redis_cmd_str(&r->cmd, token);
	tq_redis_cmd_put(&r->cmd, text.p, (size_t)(cut - text.p));
	tq_redis_cmd_put(&r->cmd, cut + 1,
	    text.n - (size_t)(cut + 1 - text.p));
	if ((a = tq_redis_call(&r->main, TQ_REDIS_RELEASE, &r->cmd, e)) ==
	    NULL)
		return -1;
	rv = a->integer;
	freeReplyObject(a);
	if (rv == 2)
		return tq_fail(e, EAGAIN, "%s: not settled yet", token);
	return rv == 1;
}
