/* Words for the loop of the worker: tq_redis_mail() hands them out. */
#include <bsd/string.h>
#include <stdio.h>

#include "backend/redis/redis.h"
#include "backend/redis/worker.h"

void
tq_redis_mail_kill(struct tq_redis *r, struct tq_redis_held *h, int sig)
{
	h->kill = sig;
	r->worker->kills = 1;
}

int
tq_redis_mail_add(struct tq_redis *r, const char *fmt, ...)
{
	struct tq_redis_worker *w = r->worker;
	va_list ap;

	if (w->nmails == TQ_REDIS_MAILS)
		return -1;
	va_start(ap, fmt);
	vsnprintf(w->mail[(w->first + w->nmails) % TQ_REDIS_MAILS],
	    sizeof(w->mail[0]), fmt, ap);
	va_end(ap);
	w->nmails++;
	return 0;
}

/* One that is to be killed, and ends by itself meanwhile, needs no mail. */
static int
take_kill(struct tq_redis *r, char *buf, size_t size)
{
	struct tq_redis_held *h;

	if (!r->worker->kills)
		return 0;
	TAILQ_FOREACH(h, &r->held, link) {
		if (h->kill == 0)
			continue;
		snprintf(buf, size, "kill %s %d", h->id.s, h->kill);
		h->kill = 0;
		if (h->stage == TQ_REDIS_CLAIMED)
			return 1;
	}
	r->worker->kills = 0;
	return 0;
}

int
tq_redis_mail_take(struct tq_redis *r, char *buf, size_t size)
{
	struct tq_redis_worker *w = r->worker;

	if (take_kill(r, buf, size))
		return 1;
	if (w->nmails == 0)
		return 0;
	strlcpy(buf, w->mail[w->first], size);
	w->first = (w->first + 1) % TQ_REDIS_MAILS;
	w->nmails--;
	return 1;
}
