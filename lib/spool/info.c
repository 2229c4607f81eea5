/* What queues and workers look like from outside. */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/verb.h"

/* ---- queues ---------------------------------------------------------------- */

/* Copies of all rows in use and when the first ready task of each came. */
struct queues {
	struct tq_qrow	*row;
	tq_time		*oldest;
	uint32_t	 n;
};

/* Let *t sink to when the first task of ten lists came into line. */
static void
oldest_in(struct tq_spool *sp, const struct tq_list *lists, tq_time *t)
{
	struct tq_slot *s;
	int p;

	for (p = 0; p <= TQ_PRI_MAX; p++) {
		s = tq_table_slot(&sp->t, lists[p].head);
		if (s != NULL && (*t == 0 || s->time < *t))
			*t = s->time;
	}
}

/* Who waits at a gate is ready, too. */
static void
oldest_parked(struct tq_spool *sp, tq_time *oldest, uint32_t used)
{
	struct tq_wait *w;
	uint32_t n;

	for (n = 1; n <= sp->t.top->waits.used; n++) {
		w = &sp->t.waits[n];
		if (w->gate != 0 && w->queue <= used)
			oldest_in(sp, w->list, &oldest[w->queue]);
	}
}

static int
copy_queues(struct tq_spool *sp, struct queues *out, struct tq_err *e)
{
	uint32_t i, used;

	memset(out, 0, sizeof(*out));
	if (tq_core_enter(sp, e) == -1)
		return -1;
	used = sp->t.top->queues.used;
	out->row = calloc((size_t)used + 1, sizeof(*out->row));
	out->oldest = calloc((size_t)used + 1, sizeof(*out->oldest));
	for (i = 1; out->row != NULL && out->oldest != NULL && i <= used; i++)
		if (i < sp->t.top->queues.cap && sp->t.qrows[i].used) {
			out->row[i] = sp->t.qrows[i];
			oldest_in(sp, out->row[i].ready, &out->oldest[i]);
		}
	if (out->oldest != NULL)
		oldest_parked(sp, out->oldest, used);
	tq_core_leave(sp);
	if (out->row == NULL || out->oldest == NULL) {
		free(out->row);
		free(out->oldest);
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	}
	out->n = used;
	return 0;
}

static void
count_workers(struct tq_queue_info *q, uint32_t number,
    const struct tq_wrow *all)
{
	unsigned row;
	int i;

	for (row = 1; row < TQ_WORKERS_MAX; row++) {
		if (all[row].joined == 0)
			continue;
		for (i = 0; i < TQ_QUEUES_MAX && all[row].queue[i] != 0; i++)
			if (all[row].queue[i] == number) {
				q->workers++;
				q->sleeping += all[row].sleeping != 0;
				break;
			}
	}
}

int
tq_spool_queues(struct tq_spool *sp,
    int (*each)(const struct tq_queue_info *, void *), void *arg,
    struct tq_err *e)
{
	struct tq_queue_info q;
	struct tq_wrow *all;
	struct queues c;
	uint32_t i;
	int rv = 0, s;

	if (tq_timers_turn(sp, e) == -1 || copy_queues(sp, &c, e) == -1)
		return -1;
	if ((all = tq_rows_copy(sp, e)) == NULL) {
		free(c.row);
		free(c.oldest);
		return -1;
	}
	for (i = 1; rv == 0 && i <= c.n; i++) {
		if (!c.row[i].used)
			continue;
		memset(&q, 0, sizeof(q));
		q.name = c.row[i].name;
		q.paused = c.row[i].paused;
		q.closed = c.row[i].closed;
		for (s = 0; s < TQ_NSTATES; s++)
			q.count[s] = c.row[i].count[s];
		q.puts = c.row[i].puts;
		q.claims = c.row[i].claims;
		q.successes = c.row[i].successes;
		q.failures = c.row[i].failures;
		q.bytes = c.row[i].bytes;
		q.oldest = c.oldest[i];
		count_workers(&q, i, all);
		rv = each(&q, arg);
	}
	free(all);
	free(c.row);
	free(c.oldest);
	return rv;
}

/* ---- workers --------------------------------------------------------------- */

/* Ids of what a row's owner runs, as strings; at most as many as it has. */
static int
running(struct tq_spool *sp, unsigned row, uint32_t epoch, char (**ids)[37],
    struct tq_err *e)
{
	struct tq_slot *s;
	uint32_t n, max, k = 0;

	*ids = NULL;
	if (tq_core_enter(sp, e) == -1)
		return -1;
	max = sp->t.wrows[row].claimed.n;
	if (max > 0 && max <= sp->t.top->slots.used &&
	    (*ids = calloc(max, sizeof(**ids))) != NULL)
		for (n = sp->t.wrows[row].claimed.head; n != 0 && k < max;
		    n = s->next) {
			if ((s = tq_table_slot(&sp->t, n)) == NULL)
				break;
			if (s->epoch == epoch)
				tq_uuid_format((*ids)[k++], &s->id);
		}
	tq_core_leave(sp);
	return (int)k;
}

static void
queue_names(struct tq_spool *sp, const struct tq_wrow *w, char *out,
    size_t size)
{
	struct tq_qrow *q;
	int i;

	*out = '\0';
	if (tq_core_enter(sp, NULL) == -1)
		return;
	for (i = 0; i < TQ_QUEUES_MAX && w->queue[i] != 0; i++) {
		if (w->queue[i] >= sp->t.top->queues.cap)
			break;
		q = &sp->t.qrows[w->queue[i]];
		if (*out != '\0')
			strlcat(out, ",", size);
		strlcat(out, q->name, size);
	}
	tq_core_leave(sp);
}

static int
one_worker(struct tq_spool *sp, unsigned row, const struct tq_wrow *w,
    int (*each)(const struct tq_worker_info *, void *), void *arg,
    struct tq_err *e)
{
	char name[128], queues[TQ_QUEUES_MAX * (TQ_NAME_MAX + 1)];
	struct tq_worker_info info;
	const char **v = NULL;
	char (*ids)[37];
	int i, n, rv = -1;

	if ((n = running(sp, row, w->joined, &ids, e)) == -1)
		return -1;
	if (n > 0 && (v = reallocarray(NULL, (size_t)n, sizeof(*v))) == NULL) {
		tq_fail_sys(e, ENOMEM, "%s", sp->path);
		goto out;
	}
	for (i = 0; i < n; i++)
		v[i] = ids[i];
	queue_names(sp, w, queues, sizeof(queues));
	snprintf(name, sizeof(name), "%s.%d.%u", w->host, (int)w->pid, row);
	memset(&info, 0, sizeof(info));
	info.name = name;
	info.host = w->host;
	info.pid = w->pid;
	info.since = w->since;
	info.queues = queues;
	info.jobs = w->jobs;
	info.running = (unsigned)n;
	info.sleeping = w->sleeping;
	info.claims = w->claims;
	info.done = w->done;
	info.failed = w->failed;
	info.status = w->status;
	info.limits = w->limits;
	info.rss = w->rss;
	info.pong = w->pong;
	info.ids = v;
	info.nids = (size_t)n;
	rv = each(&info, arg);
 out:
	free(v);
	free(ids);
	return rv;
}

int
tq_spool_workers(struct tq_spool *sp,
    int (*each)(const struct tq_worker_info *, void *), void *arg,
    struct tq_err *e)
{
	struct tq_wrow *all = tq_rows_copy(sp, e);
	unsigned row;
	int rv = 0;

	if (all == NULL)
		return -1;
	for (row = 1; rv == 0 && row < TQ_WORKERS_MAX; row++)
		if (all[row].joined != 0)
			rv = one_worker(sp, row, &all[row], each, arg, e);
	free(all);
	return rv;
}
