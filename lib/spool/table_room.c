/*
 * Room of the table: what of its regions is there, can be and comes to be.
 */
#include "spool/region.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"

/* Regions grow by this many bytes: little enough to waste, enough to be rare. */
#define GROW_BYTES	(256u << 10)

int
tq_region_allocate(int fd, uint64_t at, uint64_t n)
{
	int rv = tq_sys.posix_fallocate(fd, (off_t)at, (off_t)n);

	if (rv != 0) {
		errno = rv == EFBIG ? ENOSPC : rv;
		return -1;
	}
	return 0;
}

/* Let a region have at least `want` items, growing it by a whole step. */
static int
region_grow(struct tq_table *t, struct tq_region *r, uint64_t at, size_t item,
    uint32_t want, uint32_t max)
{
	uint32_t step = (uint32_t)(GROW_BYTES / item), cap = r->cap;

	if (cap > max)
		t->bad = 1;
	else if (want <= cap)
		return 0;
	if (cap > max || want > max) {
		errno = ENOSPC;
		return -1;
	}
	while (cap < want)
		cap = max - cap < step ? max : cap + step;
	if (tq_region_allocate(t->fd, at + (uint64_t)r->cap * item,
	    (uint64_t)(cap - r->cap) * item) == -1)
		return -1;
	r->cap = cap;
	return 0;
}

/* These regions are empty, and not allocated, until a task is tied. */
static int
ties_sane(const struct tq_top *top)
{
	if ((top->exts.cap | top->exts.used | top->keys.cap | top->keys.used |
	    top->edges.cap | top->edges.used | top->nexts |
	    top->nedges) == 0)
		return 1;
	return top->exts.cap <= TQ_SLOTS_MAX &&
	    (top->exts.used < top->exts.cap || top->exts.used == 0) &&
	    top->nexts <= top->exts.used &&
	    top->keys.cap <= TQ_KEYS_MAX && top->keys.used <= top->keys.cap &&
	    top->edges.cap <= TQ_EDGES_MAX &&
	    (top->edges.used < top->edges.cap || top->edges.used == 0) &&
	    top->nedges <= top->edges.used;
}

/* A region of rows from 1 on, empty until the first is wanted. */
static int
rows_sane(const struct tq_region *r, uint32_t max)
{
	return r->cap <= max && (r->used < r->cap || r->used == 0);
}

static int
gates_sane(const struct tq_top *top)
{
	/* nobody has asked for a gate yet: what most spools are like */
	if ((top->gate_index.cap | top->passes.used | top->gates.used |
	    top->waits.used | top->needs.used | top->units.used) == 0)
		return 1;
	return rows_sane(&top->passes, TQ_SLOTS_MAX) &&
	    rows_sane(&top->gates, TQ_GATES_MAX) &&
	    rows_sane(&top->waits, TQ_GATES_MAX) &&
	    rows_sane(&top->needs, TQ_CLASSES_MAX) &&
	    rows_sane(&top->units, TQ_SHARES_MAX) &&
	    (top->gate_index.cap == 0 ||
	    top->gate_index.cap == TQ_GATE_BUCKETS);
}

int
tq_table_sane(struct tq_table *t)
{
	const struct tq_top *top = t->top;

	if (top->slots.cap <= TQ_SLOTS_MAX &&
	    top->slots.used < top->slots.cap &&
	    top->ntasks <= top->slots.used && top->started <= top->ntasks &&
	    top->buckets.cap <= TQ_SLOTS_MAX &&
	    top->buckets.used <= top->buckets.cap &&
	    top->heap.cap <= TQ_SLOTS_MAX &&
	    top->heap.used <= top->heap.cap &&
	    top->queues.cap <= TQ_QROWS_MAX &&
	    top->queues.used < top->queues.cap &&
	    top->ctxs.cap <= TQ_CTX_MAX && top->ctxs.used < top->ctxs.cap &&
	    top->ticks.cap <= TQ_TICKS_MAX &&
	    top->ticks.used <= top->ticks.cap &&
	    ties_sane(top) && gates_sane(top))
		return 1;
	t->bad = 1;
	return 0;
}

/* ---- tasks, ties and gates ------------------------------------------------ */

int
tq_table_timers(struct tq_table *t, uint32_t n)
{
	return region_grow(t, &t->top->heap, AT_HEAP, sizeof(*t->heap),
	    t->top->heap.used + n, TQ_SLOTS_MAX);
}

int
tq_table_reserve(struct tq_table *t, uint32_t n)
{
	struct tq_top *top = t->top;
	uint32_t want = top->slots.used + n + 1;

	/* as it is nearly always; what was sane as we came in cannot wrap */
	if (n < TQ_SLOTS_MAX && want <= top->slots.cap &&
	    want <= top->buckets.cap &&
	    top->heap.used + n + 1 <= top->heap.cap)
		return 0;
	if (top->slots.used > TQ_SLOTS_MAX || top->heap.used > TQ_SLOTS_MAX ||
	    n > TQ_SLOTS_MAX) {
		t->bad = n <= TQ_SLOTS_MAX;
		errno = ENOSPC;
		return -1;
	}
	if (region_grow(t, &top->slots, AT_SLOTS, sizeof(*t->slots), want,
	    TQ_SLOTS_MAX) == -1 ||
	    region_grow(t, &top->buckets, AT_BUCKETS, sizeof(*t->buckets),
	    want, TQ_SLOTS_MAX) == -1)
		return -1;
	return tq_table_timers(t, n + 1);
}

int
tq_table_reserve_ties(struct tq_table *t, uint32_t exts, uint32_t edges)
{
	struct tq_top *top = t->top;

	if (!ties_sane(top)) {
		t->bad = 1;
		errno = ENOSPC;
		return -1;
	}
	if (exts > TQ_SLOTS_MAX || edges > TQ_EDGES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	/* a row is free in the list of those, or behind the last used */
	if (exts > 0 && (region_grow(t, &top->exts, AT_EXTS, sizeof(*t->exts),
	    top->exts.used + exts + 1, TQ_SLOTS_MAX) == -1 ||
	    region_grow(t, &top->keys, AT_KEYS, sizeof(*t->keys),
	    (top->exts.used + exts) / 4 + 1, TQ_KEYS_MAX) == -1))
		return -1;
	return edges == 0 ? 0 : region_grow(t, &top->edges, AT_EDGES,
	    sizeof(*t->edges), top->edges.used + edges + 1, TQ_EDGES_MAX);
}

/* So many more rows behind those used; those given back come on top. */
static int
rows_grow(struct tq_table *t, struct tq_region *r, uint64_t at, size_t item,
    uint32_t more, uint32_t max)
{
	return more == 0 ? 0 : region_grow(t, r, at, item,
	    r->used + more + 1 < max ? r->used + more + 1 : max, max);
}

int
tq_table_reserve_gates(struct tq_table *t, uint32_t passes, uint32_t gates)
{
	struct tq_top *top = t->top;

	if (!gates_sane(top) || top->passes.cap > TQ_SLOTS_MAX ||
	    top->gates.cap > TQ_GATES_MAX || top->waits.cap > TQ_GATES_MAX) {
		t->bad = 1;
		errno = ENOSPC;
		return -1;
	}
	if (passes > TQ_SLOTS_MAX || gates > TQ_GATES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if (top->gate_index.cap == 0) {
		if (region_grow(t, &top->gate_index, AT_GATE_INDEX,
		    sizeof(*t->gate_index), TQ_GATE_BUCKETS,
		    TQ_GATE_BUCKETS) == -1)
			return -1;
		memset(t->gate_index, 0, TQ_GATE_BUCKETS *
		    sizeof(*t->gate_index));
	}
	if (rows_grow(t, &top->passes, AT_PASSES, sizeof(*t->passes), passes,
	    TQ_SLOTS_MAX) == -1 ||
	    rows_grow(t, &top->gates, AT_GATES, sizeof(*t->gates), gates,
	    TQ_GATES_MAX) == -1 ||
	    rows_grow(t, &top->waits, AT_WAITS, sizeof(*t->waits), gates,
	    TQ_GATES_MAX) == -1)
		return -1;
	/* these two are small: all that there can be */
	if (region_grow(t, &top->needs, AT_NEEDS, sizeof(*t->needs),
	    TQ_CLASSES_MAX, TQ_CLASSES_MAX) == -1)
		return -1;
	return region_grow(t, &top->units, AT_UNITS, sizeof(*t->units),
	    TQ_SHARES_MAX, TQ_SHARES_MAX);
}

/* ---- queues, contexts and schedules -------------------------------------- */

static int
is_named(const struct tq_qrow *q, const char *name, size_t len)
{
	return q->used && memcmp(q->name, name, len) == 0 &&
	    q->name[len] == '\0';
}

/* Where it is noted which row has a name: numbered queues differ at the end. */
static uint16_t *
noted(struct tq_table *t, const char *name, size_t len)
{
	const unsigned char *last = (const unsigned char *)name + len - 1;

	return &t->named[(last[0] + 10u * last[len > 1 ? -1 : 0] + len) %
	    TQ_NAMED];
}

uint32_t
tq_table_queue_find(struct tq_table *t, const char *name, size_t len)
{
	uint32_t n, used = t->top->queues.used, cap = t->top->queues.cap;
	uint16_t *note;

	if (used >= cap || cap > TQ_QROWS_MAX || len > TQ_NAME_MAX) {
		t->bad |= used >= cap || cap > TQ_QROWS_MAX;
		return 0;
	}
	if (len == 0)
		return 0;
	note = noted(t, name, len);
	if (*note <= used && is_named(&t->qrows[*note], name, len))
		return *note;
	for (n = 1; n <= used; n++)
		if (is_named(&t->qrows[n], name, len))
			return *note = (uint16_t)n;
	return 0;
}

uint32_t
tq_table_queue_new(struct tq_table *t)
{
	uint32_t n;

	if (!tq_table_sane(t)) {
		errno = ENOSPC;
		return 0;
	}
	for (n = 1; n <= t->top->queues.used; n++)
		if (!t->qrows[n].used)
			return n;
	return tq_table_queue_at(t, n) == NULL ? 0 : n;
}

struct tq_qrow *
tq_table_queue_at(struct tq_table *t, uint32_t n)
{
	if (n == 0 || n >= TQ_QROWS_MAX) {
		errno = ENOSPC;
		return NULL;
	}
	if (region_grow(t, &t->top->queues, AT_QROWS, sizeof(*t->qrows), n + 1,
	    TQ_QROWS_MAX) == -1)
		return NULL;
	if (t->top->queues.used < n)
		t->top->queues.used = n;
	return &t->qrows[n];
}

struct tq_crow *
tq_table_ctx_at(struct tq_table *t, uint32_t n)
{
	if (n == 0 || n >= TQ_CTX_MAX) {
		errno = ENOSPC;
		return NULL;
	}
	if (region_grow(t, &t->top->ctxs, AT_CROWS, sizeof(*t->crows), n + 1,
	    TQ_CTX_MAX) == -1)
		return NULL;
	if (t->top->ctxs.used < n)
		t->top->ctxs.used = n;
	return &t->crows[n];
}

struct tq_trow *
tq_table_tick_at(struct tq_table *t, uint32_t n)
{
	if (n >= TQ_TICKS_MAX) {
		errno = ENOSPC;
		return NULL;
	}
	if (region_grow(t, &t->top->ticks, AT_TICKS, sizeof(*t->trows), n + 1,
	    TQ_TICKS_MAX) == -1)
		return NULL;
	return &t->trows[n];
}
