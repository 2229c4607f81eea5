/* What others see of a worker; see face.h. */
#include "face.h"

#include <bsd/string.h>
#include <bsd/unistd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/notify.h"
#include "base/rules.h"
#include "rss.h"

void
tq_face_init(struct tq_face *f, struct tq *tq, const struct tq_pool *pool,
    const struct tq_scale *scale)
{
	memset(f, 0, sizeof(*f));
	f->tq = tq;
	f->pool = pool;
	f->scale = scale;
	f->watchdog = tq_notify_watchdog();
}

void
tq_face_queues(struct tq_face *f, const struct tq_take *take)
{
	size_t i;

	f->queues[0] = f->status[0] = '\0';
	for (i = 0; i < take->nqueues; i++) {
		strlcat(f->queues, i > 0 ? "," : "", sizeof(f->queues));
		strlcat(f->queues, take->queue[i], sizeof(f->queues));
	}
}

void
tq_face_row(const struct tq_face *f)
{
	const struct tq_worker_state state = {
		.jobs = f->pool->size,
		.jobs_min = f->scale->min,
		.jobs_max = f->scale->max,
		.status = f->status,
		.limits = f->limits,
		.rss = f->rss,
		.pong = f->pong,
	};

	tq_worker_status(f->tq, &state);
}

int
tq_face_status(struct tq_face *f, const char *how)
{
	char lines[128], text[sizeof(f->status)];
	int64_t rss = tq_rss(getpid());
	int news;

	snprintf(text, sizeof(text), "%s%u running, %llu done, %llu failed",
	    how, f->pool->busy, (unsigned long long)f->pool->done,
	    (unsigned long long)f->pool->failed);
	news = strcmp(text, f->status) != 0;
	if (!news && rss == f->rss)
		return 0;
	f->rss = rss;
	if (news) {
		memcpy(f->status, text, sizeof(text));
		snprintf(lines, sizeof(lines), "STATUS=%s", text);
		tq_notify(lines);
		setproctitle("%s: %s", f->queues, text);
	}
	tq_face_row(f);
	return news;
}

void
tq_face_stopping(tq_time grace)
{
	char lines[80];
	tq_time all = tq_clock_deadline(grace, 2 * TQ_KILL_AFTER);

	/*
	 * The manager's own patience holds, unless we were told how long tasks
	 * may take: then it is to wait as long.
	 */
	if (grace == TQ_FOREVER)
		strlcpy(lines, "STOPPING=1", sizeof(lines));
	else
		snprintf(lines, sizeof(lines), "STOPPING=1\n"
		    "EXTEND_TIMEOUT_USEC=%lld", (long long)(all / 1000));
	tq_notify(lines);
}

tq_time
tq_face_alive(struct tq_face *f, tq_time now)
{
	if (f->watchdog == 0)
		return TQ_FOREVER;
	if (now >= f->bark) {
		tq_notify("WATCHDOG=1");
		f->bark = now + f->watchdog;
	}
	return f->bark;
}
