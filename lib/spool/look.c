/*
 * Looking at tasks: one by id, many by state, their bodies and outputs.
 *
 * The slot is copied under the lock, the record read outside it; a record that
 * was carried elsewhere or retired in between is looked up again.
 */
#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/core.h"
#include "spool/gate.h"
#include "spool/graph.h"

/* Looks at a task whose records move: more often than they ever do. */
#define TRIES	8
/* Slots that one critical section passes over. */
#define SLICE	4096
/* Tasks of one hash of keys: more than two is chance, or a riot. */
#define KEYED_MAX	16

/* What a blocked task waits for: one of it. */
static void
look_waits(struct tq_spool *sp, const struct tq_slot *s,
    struct tq_spool_look *out)
{
	uint32_t n = s->state == TQ_BLOCKED ? tq_graph_awaited(&sp->t, s) : 0;

	out->has_after = n != 0;
	if (n != 0)
		out->after = sp->t.slots[n].id;
}

/* ---- why it is not running ------------------------------------------------ */

static void
rate_text(struct tq_spool_look *out, uint32_t limit, tq_time period)
{
	char rate[40];

	tq_rate_format(rate, sizeof(rate), limit, period);
	snprintf(out->why_text, sizeof(out->why_text), "rate %s", rate);
	out->why = out->why_text;
}

static void
cap_text(struct tq_spool_look *out, int64_t cap)
{
	snprintf(out->why_text, sizeof(out->why_text), "cap %lld",
	    (long long)cap);
	out->why = out->why_text;
}

/* The gate that keeps it back. */
static void
look_gate(struct tq_spool *sp, const struct tq_gate *g,
    struct tq_spool_look *out)
{
	struct tq_slot *s;

	switch (g->kind) {
	case TQ_GATE_LANE:
		out->why = "lane busy";
		if ((s = tq_table_slot(&sp->t, g->more)) != NULL)
			out->gate.busy = s->id;
		break;
	case TQ_GATE_RATE:
		rate_text(out, g->limit, g->period);
		break;
	default:
		cap_text(out, g->limit);
		break;
	}
}

/* Whether any worker that serves its queue has what it needs. */
static void
look_needs(struct tq_spool *sp, const struct tq_slot *s,
    struct tq_spool_look *out)
{
	struct tq_pass *p = tq_table_pass(&sp->t, s);
	struct tq_gate *g = p == NULL ? NULL : tq_table_gate(&sp->t, p->class);
	struct tq_needs *needs = g == NULL ? NULL : tq_table_needs(&sp->t, g);
	uint32_t i, n = needs == NULL ? 0 : needs->n;
	unsigned row, served = 0;
	int met[TQ_NEEDS_MAX] = { 0 };
	const struct tq_wrow *w;

	for (row = 1; n > 0 && row <= sp->t.top->rows && row < TQ_WORKERS_MAX;
	    row++) {
		w = &sp->t.wrows[row];
		if (w->joined == 0 || !tq_row_serves(w, s->queue))
			continue;
		served = 1;
		if (tq_line_offered(&sp->t, s, w))
			return;
		for (i = 0; i < n; i++)
			met[i] |= tq_line_meets(&sp->t, &needs->v[i], w);
	}
	if (!served)
		return;
	out->gate.unoffered = 1;
	for (i = 0; i < n; i++)
		if (!met[i])
			out->gate.lacking = needs->v[i].hash;
}

static void
look_why(struct tq_spool *sp, const struct tq_slot *s,
    const struct tq_qrow *q, tq_time now, struct tq_spool_look *out)
{
	const struct tq_settings *all = &sp->t.top->set;
	struct tq_gate *g;

	switch (tq_queue_closed(&sp->t, q, now)) {
	case TQ_CLOSED_PAUSE:
		out->why = "paused";
		return;
	case TQ_CLOSED_CAP:
		cap_text(out, tq_setting_get(&q->set, all, TQ_SET_CAP));
		return;
	case TQ_CLOSED_RATE:
		rate_text(out, (uint32_t)tq_setting_get(&q->set, all,
		    TQ_SET_RATE), tq_setting_get(&q->set, all,
		    TQ_SET_PERIOD));
		return;
	case TQ_OPEN:
		break;
	}
	if (s->pass == 0)
		return;
	g = tq_table_gate(&sp->t, tq_gate_refuses(&sp->t, s, now));
	if (g != NULL)
		look_gate(sp, g, out);
	else
		look_needs(sp, s, out);
}

/* ---- one task ----------------------------------------------------------- */

/* Copy a slot and what the table knows around it: 1, 0 unknown, -1. */
static int
look_slot(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_spool_look *out, struct tq_err *e)
{
	struct tq_qrow *q;
	struct tq_wrow *w;
	struct tq_slot *s;
	tq_time now;
	uint32_t n;
	int rv;

	do {
		if (tq_core_enter(sp, e) == -1)
			return -1;
		now = tq_clock_wall();
		n = tq_table_find(&sp->t, id);
		s = tq_table_slot(&sp->t, n);
		/* it is what time has made of it, whoever was there to see */
		rv = s == NULL ? 1 : tq_timer_one(sp, n, now, e);
		if (rv == 1)
			break;
		tq_core_leave(sp);
		if (rv == -1 || (!sp->t.bad &&
		    tq_core_prepare(sp, 4096, now, e) == -1))
			return -1;
	} while (rv == 0);
	rv = 0;
	/* kept long enough: gone, whether somebody swept it away or not */
	if (s != NULL && tq_graph_known(&sp->t, s, now)) {
		rv = 1;
		out->s = *s;
		out->id = s->id;
		out->row = s->row;
		out->why = NULL;
		out->waits = out->cause = NULL;
		look_waits(sp, s, out);
		memset(&out->gate, 0, sizeof(out->gate));
		if ((q = tq_table_queue(&sp->t, s->queue)) != NULL) {
			strlcpy(out->queue, q->name, sizeof(out->queue));
			if (s->state == TQ_READY)
				look_why(sp, s, q, now, out);
		}
		if (s->state == TQ_STARTED &&
		    (w = tq_table_owner(&sp->t, s->row)) != NULL &&
		    w->joined == s->epoch) {
			out->pid = w->pid;
			memcpy(out->host, w->host, sizeof(out->host) - 1);
		}
	}
	tq_core_leave(sp);
	return rv;
}

/* Owners that only claim have no row to show: the owners file knows them. */
static void
look_owner(struct tq_spool *sp, struct tq_spool_look *out)
{
	struct tq_owner_info info;

	if (out->s.state != TQ_STARTED || out->pid != 0 || out->row == 0 ||
	    (sp->probe == -1 &&
	    (sp->probe = tq_owner_probe(sp->dirfd)) == -1) ||
	    tq_owner_read(&info, sp->probe, out->row) == -1 ||
	    info.epoch != out->s.epoch)
		return;
	out->pid = info.pid;
	strlcpy(out->host, info.host, sizeof(out->host));
}

/*
 * The outcome of an attempt (0: the newest), following the chain of END
 * records back; a CARRY holds the rest of the chain.  1 found; views are into
 * sp->l.rbuf.
 */
static int
find_end(struct tq_spool *sp, tq_lsn at, unsigned attempt,
    struct tq_rec_end *out)
{
	struct tq_rec r;
	struct tq_cur c;
	int steps;

	for (steps = 0; at != 0 && steps < UINT16_MAX; steps++) {
		if (tq_ledger_read(&sp->l, at, &r) == -1)
			return 0;
		if (r.type == TQ_REC_END) {
			*out = r.end;
			if (attempt == 0 || r.end.attempt == attempt)
				return 1;
			at = r.end.prev;
			continue;
		}
		if (r.type != TQ_REC_CARRY)
			return 0;
		tq_cur_init(&c, r.ends.p, r.ends.n);
		while (tq_rec_end_next(out, &c) == 1)
			if (attempt == 0 || out->attempt == attempt)
				return 1;
		return 0;
	}
	return 0;
}

/* Move a view from one copy of its bytes to another. */
static void
rebase(struct tq_bytes *b, const void *from, const void *to)
{
	if (b->p != NULL)
		b->p = (const char *)to + (b->p - (const char *)from);
}

/* Outcome into out->end, its bytes kept in sp->keep. */
static int
look_end(struct tq_spool *sp, unsigned attempt, struct tq_spool_look *out)
{
	const char *p, *base;
	size_t n;

	out->has_end = 0;
	tq_buf_reset(&sp->keep);
	if (out->s.end == 0)
		return 0;
	if (!find_end(sp, out->s.end, attempt, &out->end))
		return attempt == 0 ? -1 : 0;
	/* meta, out and err stand one behind the other */
	base = out->end.meta.p;
	p = out->end.err.p != NULL ? out->end.err.p : base;
	n = (size_t)(p - base) + out->end.err.n;
	tq_buf_put(&sp->keep, base, n);
	if (!tq_buf_ok(&sp->keep)) {
		errno = ENOMEM;
		return -1;
	}
	rebase(&out->end.meta, base, sp->keep.p);
	rebase(&out->end.out, base, sp->keep.p);
	rebase(&out->end.err, base, sp->keep.p);
	out->has_end = 1;
	return 0;
}

/*
 * A record that was whole when it was indexed is damaged now.  Recovery is
 * what deals with damage: it sets the bytes aside, names them, and the rest
 * goes on.  The task is unknown then.
 */
static int
set_aside(struct tq_spool *sp, struct tq_err *e)
{
	int rv;

	if (tq_core_enter(sp, e) == -1)
		return -1;
	rv = tq_rebuild(sp, e);
	tq_core_leave(sp);
	return rv;
}

int
tq_spool_look(struct tq_spool *sp, const struct tq_uuid *id,
    unsigned attempt, struct tq_spool_look *out, struct tq_err *e)
{
	int i, rv;

	for (i = 0; i < TRIES; i++) {
		memset(out, 0, sizeof(*out));
		if ((rv = look_slot(sp, id, out, e)) != 1)
			return rv;
		/* nobody is told of an end that a power cut could undo */
		if (TQ_STATE_ENDED(out->s.state) && out->s.end != 0 &&
		    !tq_ledger_durable(&sp->l, out->s.end + 1)) {
			if (tq_core_told(sp, e) == -1)
				return -1;
			continue;	/* a rescue may have moved it */
		}
		look_owner(sp, out);
		if (look_end(sp, attempt, out) == -1 ||
		    tq_core_ctx(sp, out->s.ctx, &out->ctx) == -1 ||
		    tq_ledger_read(&sp->l, out->s.put, &out->rec) == -1 ||
		    memcmp(&out->rec.id, id, sizeof(*id)) != 0) {
			/* moved or retired meanwhile: descriptors may be old */
			tq_ledger_drop(&sp->l, UINT32_MAX);
			continue;
		}
		if (out->rec.type == TQ_REC_PUT)
			out->rec.st.put = out->rec.time;
		return 1;
	}
	return set_aside(sp, e);
}

/* ---- many -------------------------------------------------------------------- */

struct place {
	uint64_t	 seq;
	struct tq_uuid	 id;
};

static int
by_seq(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Call f for every slot in use, a slice a critical section. */
static int
each_slot(struct tq_spool *sp, int (*f)(struct tq_spool *,
    const struct tq_slot *, void *), void *arg, struct tq_err *e)
{
	uint32_t n = 1, end;
	struct tq_slot *s;
	int rv = 0;

	do {
		if (tq_core_enter(sp, e) == -1)
			return -1;
		end = n + SLICE;
		for (; rv == 0 && n <= sp->t.top->slots.used && n < end; n++) {
			if ((s = tq_table_slot(&sp->t, n)) == NULL)
				break;
			if (s->state != TQ_ABSENT)
				rv = f(sp, s, arg);
		}
		end = sp->t.top->slots.used;
		tq_core_leave(sp);
	} while (rv == 0 && n <= end);
	return rv;
}

struct ids {
	const char *const *queues;
	size_t		 nqueues;
	unsigned	 states;
	tq_time		 now;
	struct place	*v;
	size_t		 n, cap;
};

static int
wanted_queue(struct tq_spool *sp, const struct ids *w,
    const struct tq_slot *s)
{
	struct tq_qrow *q = tq_table_queue(&sp->t, s->queue);
	size_t i;

	for (i = 0; q != NULL && i < w->nqueues; i++)
		if (strcmp(q->name, w->queues[i]) == 0)
			return 1;
	return w->nqueues == 0;
}

static int
collect(struct tq_spool *sp, const struct tq_slot *s, void *arg)
{
	struct ids *w = arg;
	struct place *v;
	size_t cap;

	if (!(w->states >> s->state & 1) || !wanted_queue(sp, w, s) ||
	    !tq_graph_known(&sp->t, s, w->now))
		return 0;
	if (w->n == w->cap) {
		cap = w->cap == 0 ? 256 : w->cap * 2;
		if ((v = reallocarray(w->v, cap, sizeof(*v))) == NULL)
			return -1;
		w->v = v;
		w->cap = cap;
	}
	w->v[w->n].seq = s->seq;
	w->v[w->n++].id = s->id;
	return 0;
}

int
tq_spool_ids(struct tq_spool *sp, const char *const *queues, size_t n,
    unsigned states, struct tq_uuid **out, size_t *count, struct tq_err *e)
{
	struct ids w = { .queues = queues, .nqueues = n,
	    .states = states == 0 ? ~0u : states, .now = tq_clock_wall() };
	size_t i;

	*out = NULL;
	*count = 0;
	if (tq_timers_turn(sp, e) == -1)
		return -1;
	if (each_slot(sp, collect, &w, e) == -1) {
		free(w.v);
		return tq_fail_sys(e, errno, "%s", sp->path);
	}
	if (w.n == 0) {
		free(w.v);
		return 0;
	}
	qsort(w.v, w.n, sizeof(*w.v), by_seq);
	if ((*out = reallocarray(NULL, w.n, sizeof(**out))) == NULL) {
		free(w.v);
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	}
	for (i = 0; i < w.n; i++)
		(*out)[i] = w.v[i].id;
	*count = w.n;
	free(w.v);
	return 0;
}

int
tq_spool_keyed(struct tq_spool *sp, const char *key, struct tq_uuid **out,
    size_t *n, struct tq_err *e)
{
	struct tq_table *t = &sp->t;
	struct tq_slot *s;
	uint32_t ext = 0;
	uint64_t hash;

	*n = 0;
	/* the caller looks at each whether the key is its own */
	if ((*out = calloc(KEYED_MAX, sizeof(**out))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	if (tq_core_enter(sp, e) == -1) {
		free(*out);
		*out = NULL;
		return -1;
	}
	hash = tq_key_hash(t, key, strlen(key));
	while (*n < KEYED_MAX && (ext = tq_key_next(t, hash, ext)) != 0)
		if ((s = tq_table_slot(t, t->exts[ext].slot)) != NULL)
			(*out)[(*n)++] = s->id;
	tq_core_leave(sp);
	return 0;
}

struct tail {
	const char	*text;
	size_t		 len;
	struct tq_uuid	*out;
	int		 found;
};

static int
match_tail(struct tq_spool *sp, const struct tq_slot *s, void *arg)
{
	struct tail *t = arg;
	char id[37];

	(void)sp;
	if (s->flags & TQ_PF_FOREIGN)
		return 0;
	tq_uuid_format(id, &s->id);
	if (strcmp(id + 36 - t->len, t->text) != 0)
		return 0;
	t->out[t->found++] = s->id;
	return t->found == 2;
}

int
tq_spool_tail(struct tq_spool *sp, const char *tail, struct tq_uuid out[2],
    struct tq_err *e)
{
	struct tail t = { .text = tail, .len = strlen(tail), .out = out };

	if (t.len > 36)
		return 0;
	if (each_slot(sp, match_tail, &t, e) == -1)
		return -1;
	return t.found;
}

/* ---- bytes --------------------------------------------------------------------- */

static ssize_t
from_memory(const struct tq_bytes *b, uint64_t off, void *buf, size_t n)
{
	if (off >= b->n)
		return 0;
	if (n > b->n - off)
		n = b->n - (size_t)off;
	memcpy(buf, b->p + off, n);
	return (ssize_t)n;
}

static ssize_t
from_file(int dirfd, const char *name, uint64_t off, void *buf, size_t n)
{
	ssize_t got;
	int fd, saved;

	if (off > INT64_MAX)
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	got = tq_io_pread(fd, buf, n, (off_t)off);
	saved = errno;
	close(fd);
	errno = saved;
	return got;
}

/* What a running attempt wrote so far, from its capture file. */
static ssize_t
read_live(struct tq_spool *sp, const struct tq_spool_look *k,
    enum tq_stream stream, uint64_t off, void *buf, size_t n)
{
	char path[1024];
	ssize_t got;

	if (k->s.capture == 0 || tq_capture_path(sp, k->row, k->s.capture,
	    stream, path, sizeof(path), NULL) == -1)
		return 0;
	got = from_file(AT_FDCWD, path, off, buf, n);
	return got == -1 && errno == ENOENT ? 0 : got;
}

ssize_t
tq_spool_read(struct tq_spool *sp, const struct tq_uuid *id,
    unsigned attempt, enum tq_stream stream, uint64_t off, void *buf,
    size_t n, struct tq_err *e)
{
	struct tq_spool_look k, after;
	char name[TQ_FILE_NAME];
	unsigned flag;
	ssize_t got;
	int rv;

	if ((rv = tq_spool_look(sp, id, attempt, &k, e)) != 1)
		return rv == 0 ? tq_fail(e, ENOENT, "no such task") : -1;
	if (stream == TQ_STDIN) {
		if (!(k.rec.put.flags & TQ_PF_BODYFILE))
			return from_memory(&k.rec.put.body, off, buf, n);
		tq_file_name(name, id, TQ_FILE_BODY, k.rec.put.file);
		got = from_file(tq_file_dir(sp), name, off, buf, n);
		return got == -1 ? tq_fail_sys(e, errno, "%s/files/%s",
		    sp->path, name) : got;
	}
	if (k.s.state == TQ_STARTED &&
	    (attempt == 0 || attempt == k.s.attempt)) {
		got = read_live(sp, &k, stream, off, buf, n);
		if (got == -1)
			return tq_fail_sys(e, errno, "%s/live", sp->path);
		/* the capture file may be another task's by now */
		if ((rv = look_slot(sp, id, &after, e)) == -1)
			return -1;
		if (rv == 1 && after.s.state == TQ_STARTED &&
		    after.s.attempt == k.s.attempt)
			return got;
		return tq_spool_read(sp, id, k.s.attempt, stream, off, buf, n,
		    e);
	}
	if (!k.has_end)
		return attempt == 0 ? 0 : tq_fail(e, ENOENT,
		    "nothing is kept of attempt %u", attempt);
	flag = stream == TQ_STDOUT ? TQ_EF_OUTFILE : TQ_EF_ERRFILE;
	if (!(k.end.flags & flag))
		return from_memory(stream == TQ_STDOUT ? &k.end.out :
		    &k.end.err, off, buf, n);
	tq_file_name(name, id, stream == TQ_STDOUT ? TQ_FILE_OUT :
	    TQ_FILE_ERR, k.end.files);
	got = from_file(tq_file_dir(sp), name, off, buf, n);
	return got == -1 ? tq_fail_sys(e, errno, "%s/files/%s", sp->path,
	    name) : got;
}

int
tq_spool_body(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_err *e)
{
	struct tq_spool_look k;
	char name[TQ_FILE_NAME];
	int fd, rv;

	if ((rv = tq_spool_look(sp, id, 0, &k, e)) != 1)
		return rv == 0 ? tq_fail(e, ENOENT, "no such task") : -1;
	if (!(k.rec.put.flags & TQ_PF_BODYFILE))
		return -1;
	tq_file_name(name, id, TQ_FILE_BODY, k.rec.put.file);
	fd = openat(tq_file_dir(sp), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return tq_fail_sys(e, errno, "%s/files/%s", sp->path, name);
	return fd;
}
