/* The table in shared memory; its rules are in table.h. */
#include "spool/table.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/record.h"
#include "spool/region.h"

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
	memset(t->named, 0, sizeof(t->named));
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
	int i;

	t->fd = fd;
	if (tq_region_allocate(fd, 0, AT_QROWS) == -1 ||
	    tq_region_allocate(fd, AT_SEGS, AT_HEAP - AT_SEGS) == -1 ||
	    mutex_init(&top->lock) == -1 || mutex_init(&top->care) == -1)
		return -1;
	for (i = 0; i < TQ_LEADS; i++)
		if (mutex_init(&top->sync[i]) == -1)
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
	    tq_region_allocate(t->fd, AT_QROWS, AT_HEAP - AT_QROWS) == 0) {
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
