/*
 * Being a worker: the row that others see, sleeping until a ring, and mail.
 *
 * A sleeper registers in its row and looks for ready work under the same lock,
 * so that a put either sees it asleep or is seen by it.  Whoever rings takes
 * the registration away: one ring for one sleep.
 */
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/clock.h"
#include "spool/due.h"
#include "spool/gate.h"
#include "spool/row.h"
#include "spool/verb.h"

/* Steps of retirement that a worker takes before it sleeps. */
#define IDLE_STEPS	64

static void
bell_once(struct tq_spool *sp)
{
	if (sp->bell_tried)
		return;
	sp->bell_tried = 1;
	sp->alarm = tq_alarm_make();
	(void)tq_bell_make(&sp->bell, sp->format.mode & 0660, sp->format.gid,
	    NULL);
}

/* Under the lock: let our row say who we are and what we serve. */
static int
row_fill(struct tq_spool *sp, const struct tq_take *take)
{
	struct tq_top *top = sp->t.top;
	struct tq_wrow *w = &sp->t.wrows[sp->owner.row];
	uint32_t n;
	size_t i;
	int k = 0;

	if (w->joined != sp->owner.epoch) {
		tq_row_clear(&sp->t, w);
		w->joined = sp->owner.epoch;
		w->pid = sp->pid;
		w->since = tq_clock_wall();
		w->claims = w->done = w->failed = 0;
		w->rss = 0;
		w->pong = 0;
		(void)gethostname(w->host, sizeof(w->host) - 1);
		if (top->rows < sp->owner.row)
			top->rows = sp->owner.row;
	}
	bell_once(sp);
	w->jobs = sp->jobs;
	strlcpy(w->status, sp->status, sizeof(w->status));
	strlcpy(w->limits, sp->limits, sizeof(w->limits));
	if (sp->bell.mq != (mqd_t)-1) {
		strlcpy(w->mq, sp->bell.name, sizeof(w->mq));
		w->mq_dev = sp->bell.dev;
		w->mq_ino = sp->bell.ino;
	}
	memset(w->offer, 0, sizeof(w->offer));
	for (i = 0; i < take->noffers && i < TQ_NEEDS_MAX; i++) {
		w->offer[i].hash = tq_gate_hash(take->offer[i].name,
		    strlen(take->offer[i].name));
		w->offer[i].n = take->offer[i].total;
	}
	for (i = 0; i < take->nqueues; i++) {
		n = tq_table_queue_find(&sp->t, take->queue[i],
		    strlen(take->queue[i]));
		if (n != 0)
			w->queue[k++] = (uint16_t)n;
	}
	if (k < TQ_QUEUES_MAX)
		w->queue[k] = 0;
	return k == (int)take->nqueues;
}

/* A worker's queues come into being with it. */
static int
make_queues(struct tq_spool *sp, const struct tq_take *take,
    struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	uint32_t n;
	size_t i;

	for (i = 0; i < take->nqueues && t.rv != -1; i++)
		while (tq_turn_next(sp, &t, e))
			t.rv = tq_queue_need(sp, take->queue[i], &n, 0, t.now,
			    e);
	return t.rv == -1 ? -1 : 0;
}

int
tq_spool_join(struct tq_spool *sp, const struct tq_take *take, unsigned jobs,
    struct tq_err *e)
{
	size_t i;

	if (tq_own(sp, e) == -1)
		return -1;
	sp->jobs = jobs;
	if (make_queues(sp, take, e) == -1 || tq_core_enter(sp, e) == -1)
		return -1;
	(void)row_fill(sp, take);
	tq_core_leave(sp);
	for (i = 0; i < take->nqueues; i++)
		tq_call_remove(sp, take->queue[i]);
	return 0;
}

void
tq_spool_status(struct tq_spool *sp, const struct tq_worker_state *s)
{
	struct tq_wrow *w;

	sp->jobs = s->jobs;
	strlcpy(sp->status, s->status, sizeof(sp->status));
	strlcpy(sp->limits, s->limits, sizeof(sp->limits));
	if (sp->owner.fd == -1 || tq_core_enter(sp, NULL) == -1)
		return;
	w = &sp->t.wrows[sp->owner.row];
	w->jobs = s->jobs;
	strlcpy(w->status, s->status, sizeof(w->status));
	strlcpy(w->limits, s->limits, sizeof(w->limits));
	w->rss = s->rss;
	w->pong = s->pong;
	tq_core_leave(sp);
}

int
tq_spool_fd(struct tq_spool *sp)
{
	return sp->bell.mq == (mqd_t)-1 ? -1 : (int)sp->bell.mq;
}

/*
 * 1 if there is, or may be, a task that may be claimed.  *next sinks to when a
 * queue may give one that its rate keeps back now.
 */
static int
any_ready(struct tq_spool *sp, const struct tq_take *take, tq_time now,
    tq_time *next)
{
	struct tq_qrow *q;
	uint32_t n;
	size_t i;
	int parks;

	if (tq_choose(sp, take, now, &parks) != 0 || parks <= 0)
		return 1;
	for (i = 0; i < take->nqueues; i++) {
		n = tq_table_queue_find(&sp->t, take->queue[i],
		    strlen(take->queue[i]));
		if (n != 0 && (q = tq_table_queue(&sp->t, n)) != NULL &&
		    q->nready > 0 && q->next < *next &&
		    tq_queue_closed(&sp->t, q, now) == TQ_CLOSED_RATE)
			*next = q->next;
	}
	return 0;
}

/*
 * Under the lock: register, if nothing is ready.  1 it sleeps until *next at
 * most, 2 it is awake, 3 a queue is missing; 0 and -1 as tq_core_write().
 */
static int
sleep_locked(struct tq_spool *sp, const struct tq_take *take, tq_time now,
    tq_time *next, struct tq_err *e)
{
	struct tq_wrow *w;
	tq_time due;
	int rv;

	if ((rv = tq_timers(sp, now, &due, e)) != 1)
		return rv;
	if (!row_fill(sp, take) && tq_setting_get(NULL, &sp->t.top->set,
	    TQ_SET_AUTOCREATE))
		return 3;
	w = &sp->t.wrows[sp->owner.row];
	sp->retire_due = tq_retire_due(sp, TQ_RETIRE_BUSY);
	*next = now + TQ_SECOND;
	if (due != 0 && due < *next)
		*next = due;
	rv = !any_ready(sp, take, now, next) && *next > now;
	if (sp->t.bad)
		return 0;
	w->wake = *next;
	if (rv != (int)w->sleeping) {
		w->sleeping = (uint32_t)rv;
		sp->t.top->sleepers += rv ? 1 : (uint32_t)-1;
	}
	return rv ? 1 : 2;
}

/*
 * Who has no place free comes by here before each sleep, perhaps a thousand
 * times a second: what it wrote is synced a moment later, not every time.
 */
static int
keep_later(struct tq_spool *sp, tq_time *next, struct tq_err *e)
{
	tq_time now = tq_clock_mono(), due = sp->t.top->synced + TQ_SYNC_LATER;

	*next = tq_clock_wall() + TQ_SECOND;
	if (tq_ledger_durable(&sp->l, sp->mine))
		return 1;
	if (now >= due)
		return tq_core_keep(sp, sp->mine, e) == -1 ? -1 : 1;
	*next += due - now - TQ_SECOND;
	return 1;
}

int
tq_spool_sleep(struct tq_spool *sp, const struct tq_take *take,
    tq_time *next, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	int i;

	if (take == NULL)
		return keep_later(sp, next, e);
	if (tq_own(sp, e) == -1)
		return -1;
	/* who has nothing to do retires what others had no time for */
	for (i = 0; i < IDLE_STEPS && tq_retire_due(sp, TQ_RETIRE_IDLE); i++)
		if (tq_retire_try(sp, TQ_RETIRE_IDLE, tq_clock_wall(),
		    NULL) != 1)
			break;
	/* before it sleeps a process syncs what it wrote */
	if (tq_core_keep(sp, sp->mine, e) == -1)
		return -1;
	do {
		while (tq_turn_next(sp, &t, e))
			t.rv = sleep_locked(sp, take, t.now, next, e);
		if (t.rv == 3 && make_queues(sp, take, e) == -1)
			return -1;
	} while (t.rv == 3);
	return t.rv == -1 ? -1 : t.rv == 1;
}

/* ---- leaving ---------------------------------------------------------------- */

void
tq_leave_work(struct tq_spool *sp)
{
	struct tq_wrow *w;

	if (sp->owner.fd == -1)
		return;
	if (tq_core_enter(sp, NULL) == -1)
		return;
	w = &sp->t.wrows[sp->owner.row];
	if (w->joined == sp->owner.epoch) {
		tq_row_clear(&sp->t, w);
		tq_call_left(sp, w);
	}
	tq_core_leave(sp);
	tq_bell_free(&sp->bell);
	tq_report_clear(sp);
	tq_owner_give(&sp->owner);
	/* claims not settled are free at once, not at somebody's next look */
	if (w->claimed.n != 0)
		(void)tq_spool_sweep(sp, NULL);
}

/* ---- mail ------------------------------------------------------------------- */

void
tq_mail_keep(struct tq_spool *sp, const char *words)
{
	tq_buf_put(&sp->mail, words, strlen(words) + 1);
}

int
tq_spool_mail(struct tq_spool *sp, char *buf, size_t size)
{
	size_t n;
	int rv;

	if (sp->mail.n > 0) {
		n = strlen((const char *)sp->mail.p) + 1;
		strlcpy(buf, (const char *)sp->mail.p, size);
		memmove(sp->mail.p, sp->mail.p + n, sp->mail.n - n);
		sp->mail.n -= n;
		return 1;
	}
	while ((rv = tq_bell_take(&sp->bell, buf, size)) == 2)
		continue;
	return rv;
}

static void
row_name(const struct tq_wrow *w, unsigned row, char *out, size_t size)
{
	snprintf(out, size, "%.64s.%d.%u", w->host, (int)w->pid, row);
}

int
tq_spool_send(struct tq_spool *sp, const char *name, const char *words,
    unsigned *sent, struct tq_err *e)
{
	struct tq_wrow *all, *w;
	unsigned row, n = 0, met = 0;
	char have[128];

	if (strlen(words) >= TQ_BELL_MSG)
		return tq_fail(e, EMSGSIZE, "mail of %zu bytes", strlen(words));
	if (sp->peers == NULL && tq_due_peers(sp) == -1)
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	if ((all = tq_rows_copy(sp, e)) == NULL)
		return -1;
	for (row = 1; row < TQ_WORKERS_MAX; row++) {
		w = &all[row];
		if (w->joined == 0)
			continue;
		row_name(w, row, have, sizeof(have));
		if (name != NULL && strcmp(name, have) != 0)
			continue;
		met++;
		if (w->mq[0] != '\0' && tq_bell_send(&sp->peers[row], w->mq,
		    w->mq_dev, w->mq_ino, words) == 0)
			n++;
	}
	free(all);
	if (sent != NULL)
		*sent = n;
	if (name != NULL && met == 0)
		return tq_fail(e, ENOENT, "%s: no such worker", name);
	if (name != NULL && n == 0)
		return tq_fail(e, EAGAIN, "%s: its inbox cannot be reached",
		    name);
	return 0;
}

struct tq_wrow *
tq_rows_copy(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_wrow *all = calloc(TQ_WORKERS_MAX, sizeof(*all));
	unsigned row;

	if (all == NULL) {
		tq_fail_sys(e, ENOMEM, "%s", sp->path);
		return NULL;
	}
	if (sp->probe == -1 &&
	    (sp->probe = tq_owner_probe(sp->dirfd)) == -1) {
		tq_fail_sys(e, errno, "%s/owners", sp->path);
		free(all);
		return NULL;
	}
	if (tq_core_enter(sp, e) == -1) {
		free(all);
		return NULL;
	}
	for (row = 1; row <= sp->t.top->rows && row < TQ_WORKERS_MAX; row++)
		if (sp->t.wrows[row].joined != 0)
			all[row] = sp->t.wrows[row];
	tq_core_leave(sp);
	for (row = 1; row < TQ_WORKERS_MAX; row++) {
		all[row].host[sizeof(all[row].host) - 1] = '\0';
		all[row].status[sizeof(all[row].status) - 1] = '\0';
		all[row].limits[sizeof(all[row].limits) - 1] = '\0';
		all[row].mq[sizeof(all[row].mq) - 1] = '\0';
		if (all[row].joined != 0 && tq_owner_alive(sp->probe, row,
		    all[row].joined) == 0)
			all[row].joined = 0;
	}
	return all;
}
