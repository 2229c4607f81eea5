/* The table in shared memory; its rules are in table.h. */
#include "spool/table.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/record.h"

/* Where each region begins; every one on a boundary of 64 KiB. */
#define ALIGN(n)	(((uint64_t)(n) + 0xffff) & ~(uint64_t)0xffff)
#define AT_WROWS	ALIGN(sizeof(struct tq_top))
#define AT_QROWS	ALIGN(AT_WROWS + TQ_WORKERS_MAX * sizeof(struct tq_wrow))
#define AT_CROWS	ALIGN(AT_QROWS + TQ_QROWS_MAX * sizeof(struct tq_qrow))
#define AT_SEGS		ALIGN(AT_CROWS + TQ_CTX_MAX * sizeof(struct tq_crow))
#define AT_HEAP		ALIGN(AT_SEGS + TQ_SEGS_MAX * sizeof(uint32_t))
#define AT_BUCKETS	ALIGN(AT_HEAP + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_heap_item))
#define AT_SLOTS	ALIGN(AT_BUCKETS + (uint64_t)TQ_SLOTS_MAX * 4)
#define AT_EXTS		ALIGN(AT_SLOTS + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_slot))
#define AT_KEYS		ALIGN(AT_EXTS + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_ext))
#define AT_EDGES	ALIGN(AT_KEYS + \
			    (uint64_t)TQ_KEYS_MAX * sizeof(struct tq_keys))
#define AT_TICKS	ALIGN(AT_EDGES + \
			    (uint64_t)TQ_EDGES_MAX * sizeof(struct tq_edge))
#define AT_PASSES	ALIGN(AT_TICKS + TQ_TICKS_MAX * sizeof(struct tq_trow))
#define AT_GATES	ALIGN(AT_PASSES + \
			    (uint64_t)TQ_SLOTS_MAX * sizeof(struct tq_pass))
#define AT_WAITS	ALIGN(AT_GATES + \
			    (uint64_t)TQ_GATES_MAX * sizeof(struct tq_gate))
#define AT_GATE_INDEX	ALIGN(AT_WAITS + \
			    (uint64_t)TQ_GATES_MAX * sizeof(struct tq_wait))
#define AT_NEEDS	ALIGN(AT_GATE_INDEX + \
			    (uint64_t)TQ_GATE_BUCKETS * sizeof(uint32_t))
#define AT_UNITS	ALIGN(AT_NEEDS + \
			    (uint64_t)TQ_CLASSES_MAX * sizeof(struct tq_needs))
#define AT_END		ALIGN(AT_UNITS + \
			    (uint64_t)TQ_SHARES_MAX * sizeof(struct tq_units))

/* Regions grow by this many bytes: little enough to waste, enough to be rare. */
#define GROW_BYTES	(256u << 10)

_Static_assert(offsetof(struct tq_top, tail) == 64 &&
    offsetof(struct tq_top, slots) == 128 &&
    offsetof(struct tq_top, salt) == 192, "hot lines of the table");
_Static_assert(sizeof(struct tq_slot) == 120, "a slot is 120 bytes");

uint64_t
tq_table_size(void)
{
	return AT_END;
}

static uint64_t
layout(void)
{
	const uint64_t v[] = {
		TQ_FORMAT, 2 /* how index.c spreads ids */,
		sizeof(struct tq_top), sizeof(struct tq_slot),
		sizeof(struct tq_qrow), sizeof(struct tq_wrow),
		sizeof(struct tq_crow), sizeof(pthread_mutex_t), AT_END,
		offsetof(struct tq_top, tail), offsetof(struct tq_top, slots),
		offsetof(struct tq_top, swept), offsetof(struct tq_top, home),
		offsetof(struct tq_slot, heap),
		offsetof(struct tq_qrow, ready), TQ_NSETTINGS,
		sizeof(struct tq_ext), sizeof(struct tq_edge),
		sizeof(struct tq_trow),
		offsetof(struct tq_top, exts), offsetof(struct tq_ext, when),
		sizeof(struct tq_pass), sizeof(struct tq_gate),
		sizeof(struct tq_wait), sizeof(struct tq_needs),
		sizeof(struct tq_units), offsetof(struct tq_top, passes),
	};
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		h = (h ^ v[i]) * UINT64_C(0x100000001b3);
	return h;
}

static int
allocate(int fd, uint64_t at, uint64_t n)
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
	if (allocate(t->fd, at + (uint64_t)r->cap * item,
	    (uint64_t)(cap - r->cap) * item) == -1)
		return -1;
	r->cap = cap;
	return 0;
}

int
tq_table_map(struct tq_table *t, int fd)
{
	unsigned char *p;

	p = mmap(NULL, AT_END, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	t->top = (struct tq_top *)(void *)p;
	t->wrows = (struct tq_wrow *)(void *)(p + AT_WROWS);
	t->qrows = (struct tq_qrow *)(void *)(p + AT_QROWS);
	t->crows = (struct tq_crow *)(void *)(p + AT_CROWS);
	t->segs = (uint32_t *)(void *)(p + AT_SEGS);
	t->heap = (struct tq_heap_item *)(void *)(p + AT_HEAP);
	t->buckets = (uint32_t *)(void *)(p + AT_BUCKETS);
	t->slots = (struct tq_slot *)(void *)(p + AT_SLOTS);
	t->exts = (struct tq_ext *)(void *)(p + AT_EXTS);
	t->keys = (struct tq_keys *)(void *)(p + AT_KEYS);
	t->edges = (struct tq_edge *)(void *)(p + AT_EDGES);
	t->trows = (struct tq_trow *)(void *)(p + AT_TICKS);
	t->passes = (struct tq_pass *)(void *)(p + AT_PASSES);
	t->gates = (struct tq_gate *)(void *)(p + AT_GATES);
	t->waits = (struct tq_wait *)(void *)(p + AT_WAITS);
	t->gate_index = (uint32_t *)(void *)(p + AT_GATE_INDEX);
	t->needs = (struct tq_needs *)(void *)(p + AT_NEEDS);
	t->units = (struct tq_units *)(void *)(p + AT_UNITS);
	t->fd = fd;
	t->bad = 0;
	if (t->top->magic != 0 && (t->top->magic != TQ_TABLE_MAGIC ||
	    t->top->layout != layout())) {
		munmap(p, AT_END);
		errno = EPROTO;
		return -1;
	}
	return 0;
}

int
tq_table_home_read(int fd, char home[TQ_HOME_MAX])
{
	uint64_t head[2];

	_Static_assert(offsetof(struct tq_top, layout) ==
	    offsetof(struct tq_top, magic) + 8, "read as two");
	return tq_io_pread(fd, head, sizeof(head),
	    offsetof(struct tq_top, magic)) == (ssize_t)sizeof(head) &&
	    head[0] == TQ_TABLE_MAGIC && head[1] == layout() &&
	    tq_io_pread(fd, home, TQ_HOME_MAX, offsetof(struct tq_top,
	    home)) == TQ_HOME_MAX && memchr(home, '\0', TQ_HOME_MAX) != NULL;
}

int
tq_table_wrow_read(int fd, unsigned row, struct tq_wrow *out)
{
	return tq_io_pread(fd, out, sizeof(*out), (off_t)(AT_WROWS +
	    row * sizeof(*out))) == (ssize_t)sizeof(*out);
}

static int
mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;
	int rv;

	if ((rv = pthread_mutexattr_init(&a)) != 0)
		goto out;
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	rv = pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
 out:
	errno = rv;
	return rv == 0 ? 0 : -1;
}

int
tq_table_init(struct tq_table *t, int fd)
{
	struct tq_top *top = t->top;

	t->fd = fd;
	if (allocate(fd, 0, AT_QROWS) == -1 ||
	    allocate(fd, AT_SEGS, AT_HEAP - AT_SEGS) == -1 ||
	    mutex_init(&top->lock) == -1 ||
	    mutex_init(&top->sync) == -1 || mutex_init(&top->care) == -1)
		return -1;
	tq_random(&top->hash_seed, sizeof(top->hash_seed));
	if (tq_table_reserve(t, 1) == -1 || tq_table_queue_at(t, 1) == NULL ||
	    tq_table_ctx_at(t, 1) == NULL)
		return -1;
	tq_table_clear(t);
	top->layout = layout();
	top->magic = TQ_TABLE_MAGIC;
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

/*
 * How much is allocated is not known any more.  Slots, buckets and timers are
 * allocated again as they come, which finds what is there; rows are told from
 * unused ones by what stands in them, so all of them must be zero.
 */
static void
forget_caps(struct tq_table *t)
{
	struct tq_top *top = t->top;

	top->slots.cap = top->buckets.cap = top->heap.cap = 0;
	top->queues.cap = top->ctxs.cap = 0;
	top->slots.used = top->heap.used = 0;
	top->exts.cap = top->keys.cap = top->edges.cap = 0;
	top->ticks.cap = 0;
	top->passes.cap = top->gates.cap = top->waits.cap = 0;
	top->gate_index.cap = top->needs.cap = top->units.cap = 0;
	if (tq_table_reserve(t, 1) == 0 &&
	    allocate(t->fd, AT_QROWS, AT_HEAP - AT_QROWS) == 0) {
		top->queues.cap = TQ_QROWS_MAX;
		top->ctxs.cap = TQ_CTX_MAX;
	}
}

void
tq_table_clear(struct tq_table *t)
{
	struct tq_top *top = t->top;
	uint32_t i;

	if (!tq_table_sane(t))
		forget_caps(t);
	memset(t->buckets, 0, (size_t)top->buckets.cap * sizeof(*t->buckets));
	memset(t->qrows, 0, (size_t)top->queues.cap * sizeof(*t->qrows));
	memset(t->crows, 0, (size_t)top->ctxs.cap * sizeof(*t->crows));
	memset(t->segs, 0, TQ_SEGS_MAX * sizeof(*t->segs));
	for (i = 0; i < TQ_WORKERS_MAX; i++)
		memset(&t->wrows[i].claimed, 0, sizeof(t->wrows[i].claimed));
	top->slots.used = top->buckets.used = top->heap.used = 0;
	top->queues.used = top->ctxs.used = 0;
	top->exts.used = top->keys.used = top->edges.used = 0;
	top->ticks.used = 0;
	top->free_ext = top->free_edge = 0;
	top->nexts = top->nedges = 0;
	top->work = top->work_last = top->todo = top->todo_last = 0;
	/* gates_sane() does not look at the others while this is 0 */
	if (top->gate_index.cap == 0)
		top->passes.cap = top->gates.cap = top->waits.cap =
		    top->needs.cap = top->units.cap = 0;
	memset(t->gate_index, 0, top->gate_index.cap * sizeof(*t->gate_index));
	top->passes.used = top->gates.used = top->waits.used = 0;
	top->needs.used = top->units.used = 0;
	top->free_pass = top->free_gate = top->free_wait = 0;
	top->free_need = top->free_unit = 0;
	top->rates = top->opened = 0;
	memset(top->ngates, 0, sizeof(top->ngates));
	top->level = top->key_level = 0;
	top->free = 0;
	top->ntasks = 0;
	top->started = 0;
	top->live = 0;
	top->reserved = 0;
	memset(&top->done, 0, sizeof(top->done));
	memset(&top->dead, 0, sizeof(top->dead));
	memset(&top->set, 0, sizeof(top->set));
	top->set_rec = 0;
	top->generation++;
	t->departed = 0;
	t->freed = 0;
	t->bad = 0;
}

/* ---- room ----------------------------------------------------------- */

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

/* ---- queues and contexts --------------------------------------------- */

uint32_t
tq_table_queue_find(struct tq_table *t, const char *name, size_t len)
{
	uint32_t n, used = t->top->queues.used, cap = t->top->queues.cap;

	if (used >= cap || cap > TQ_QROWS_MAX || len > TQ_NAME_MAX) {
		t->bad |= used >= cap || cap > TQ_QROWS_MAX;
		return 0;
	}
	for (n = 1; n <= used; n++)
		if (t->qrows[n].used &&
		    memcmp(t->qrows[n].name, name, len) == 0 &&
		    t->qrows[n].name[len] == '\0')
			return n;
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

void
tq_table_live(struct tq_table *t, tq_lsn from, tq_lsn to)
{
	if (from != 0)
		t->segs[TQ_LSN_SEG(from) % TQ_SEGS_MAX]--;
	if (to != 0)
		t->segs[TQ_LSN_SEG(to) % TQ_SEGS_MAX]++;
}

uint32_t
tq_table_lives(const struct tq_table *t, uint32_t number)
{
	return t->segs[number % TQ_SEGS_MAX];
}

unsigned
tq_table_word(const struct tq_uuid *id)
{
	return 1 + id->b[15] % (TQ_FUTEX_WORDS - 1);
}
