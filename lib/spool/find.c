/*
 * Finding tasks: by queue and state, by key, by the tail of an id.
 *
 * All slots are passed over a slice at a time, so that nobody waits long for
 * the lock: what is put or ends meanwhile may be found or not.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spool/graph.h"
#include "spool/verb.h"

/* Slots that one critical section passes over. */
#define SLICE	4096
/* Tasks of one hash of keys: more than two is chance, or a riot. */
#define KEYED_MAX	16

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

/* With a slot: 0, 1 that is enough, -1.  With NULL: forget all that were. */
typedef int slot_fn(struct tq_spool *, const struct tq_slot *, void *);

/* Under the lock: f for a slice from *n on.  1 all, 2 more, 3 enough, -1. */
static int
each_of_slice(struct tq_spool *sp, uint32_t *n, slot_fn *f, void *arg)
{
	const uint32_t used = sp->t.top->slots.used, end = *n + SLICE;
	struct tq_slot *s;
	int rv;

	for (; *n <= used && *n < end; (*n)++) {
		if ((s = tq_table_slot(&sp->t, *n)) == NULL)
			return -1;
		if (s->state != TQ_ABSENT && (rv = f(sp, s, arg)) != 0)
			return rv == -1 ? -1 : 3;
	}
	return *n <= used ? 2 : 1;
}

/*
 * Call f for every slot in use, a slice a critical section; from the start again
 * when the table was rebuilt in between, for its tasks stand elsewhere then.
 */
static int
each_slot(struct tq_spool *sp, slot_fn *f, void *arg, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	uint64_t generation = 0;
	uint32_t table = 0, n = 1;

	do {
		while (tq_turn_next(sp, &t, e)) {
			if (table != sp->tables ||
			    generation != sp->t.top->generation) {
				table = sp->tables;
				generation = sp->t.top->generation;
				n = 1;
				(void)f(sp, NULL, arg);
			}
			t.rv = each_of_slice(sp, &n, f, arg);
			if (t.rv == -1)
				tq_fail_sys(e, errno, "%s", sp->path);
		}
	} while (t.rv == 2);
	return t.rv == -1 ? -1 : 0;
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

	if (s == NULL) {
		w->n = 0;
		return 0;
	}
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
		return -1;
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
	struct tq_turn turn = { .rv = 0 };
	struct tq_slot *s;
	uint32_t ext;
	uint64_t hash;

	*n = 0;
	/* the caller looks at each whether the key is its own */
	if ((*out = calloc(KEYED_MAX, sizeof(**out))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", sp->path);
	while (tq_turn_next(sp, &turn, e)) {
		hash = tq_key_hash(t, key, strlen(key));
		*n = 0;
		ext = 0;
		while (*n < KEYED_MAX && (ext = tq_key_next(t, hash, ext)) != 0)
			if ((s = tq_table_slot(t, t->exts[ext].slot)) != NULL)
				(*out)[(*n)++] = s->id;
		turn.rv = 1;
	}
	if (turn.rv != -1)
		return 0;
	free(*out);
	*out = NULL;
	*n = 0;
	return -1;
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
	if (s == NULL) {
		t->found = 0;
		return 0;
	}
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

