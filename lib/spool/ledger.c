/* Appending to the ledger and reading from it; see ledger.h. */
#include "spool/ledger.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/lock.h"

/* A handle that writes more than this maps its segments (policy none). */
#define MAP_AFTER	16
/* A first read of this much holds most records whole. */
#define READ_FIRST	4096

void
tq_ledger_open(struct tq_ledger *l, int dirfd, mode_t mode,
    struct tq_top *top)
{
	int i;

	memset(l, 0, sizeof(*l));
	l->dirfd = dirfd;
	l->mode = mode;
	l->top = top;
	l->in_place = -1;
	for (i = 0; i < TQ_LEDGER_CACHE; i++)
		l->cache[i].fd = -1;
	tq_buf_init(&l->buf);
	tq_buf_init(&l->rbuf);
}

void
tq_ledger_close(struct tq_ledger *l)
{
	int i;

	for (i = 0; i < TQ_LEDGER_CACHE; i++)
		tq_segment_close(&l->cache[i]);
	tq_buf_fini(&l->buf);
	tq_buf_fini(&l->rbuf);
	free(l->pend);
	l->pend = NULL;
}

struct tq_segment *
tq_ledger_segment(struct tq_ledger *l, uint32_t number)
{
	struct tq_segment *s, *old = &l->cache[0];

	for (s = l->cache; s < l->cache + TQ_LEDGER_CACHE; s++) {
		if (s->number == number) {
			s->used = ++l->clock;
			return s;
		}
		if (s->used < old->used)
			old = s;
	}
	tq_segment_close(old);
	if (tq_segment_open(old, NULL, l->dirfd, number) == -1)
		return NULL;
	old->used = ++l->clock;
	return old;
}

void
tq_ledger_drop(struct tq_ledger *l, uint32_t base)
{
	int i;

	for (i = 0; i < TQ_LEDGER_CACHE; i++)
		if (l->cache[i].number < base)
			tq_segment_close(&l->cache[i]);
}

/* ---- appending -------------------------------------------------------- */

void
tq_ledger_begin(struct tq_ledger *l)
{
	tq_buf_reset(&l->buf);
	l->npend = 0;
	l->begun++;
}

int
tq_ledger_add(struct tq_ledger *l, const struct tq_rec *r)
{
	static const unsigned char zeros[8];
	struct tq_pend *p;
	size_t at = l->buf.n;

	if (l->npend == l->pendcap) {
		p = reallocarray(l->pend, l->pendcap + 64, sizeof(*p));
		if (p == NULL)
			return -1;
		l->pend = p;
		l->pendcap += 64;
	}
	tq_rec_encode(&l->buf, r);
	p = &l->pend[l->npend++];
	p->at = (uint32_t)at;
	p->length = (uint32_t)(l->buf.n - at);
	p->type = r->type;
	tq_buf_put(&l->buf, zeros, TQ_REC_ROOM(p->length) - p->length);
	if (!tq_buf_ok(&l->buf)) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
tq_ledger_place(struct tq_ledger *l, size_t i, const struct tq_rec *r)
{
	tq_rec_place(l->buf.p + l->pend[i].at, r);
}

int
tq_ledger_sane(const struct tq_ledger *l, uint32_t seg_size)
{
	const struct tq_top *top = l->top;
	uint32_t seg = TQ_LSN_SEG(top->tail), off = TQ_LSN_OFF(top->tail);

	return top->seg_size == seg_size && off >= TQ_SEG_HEAD &&
	    off <= seg_size && off % 8 == 0 && top->base <= seg &&
	    seg <= top->last && top->intent <= seg_size - off + TQ_BASE_ROOM;
}

int
tq_ledger_in_place(struct tq_ledger *l)
{
	if (l->in_place == -1)
		l->in_place = tq_segment_in_place(l->dirfd);
	return l->in_place;
}

/* A handle of many calls works through maps, where nothing is synced. */
static void
may_map(struct tq_ledger *l, struct tq_segment *s)
{
	if (s->map == NULL && l->policy == TQ_SYNC_NONE &&
	    l->writes++ >= MAP_AFTER && tq_ledger_in_place(l))
		(void)tq_segment_map(s);
}

/* Write n bytes at the tail and move it; intent covers a death in between. */
static int
write_at_tail(struct tq_ledger *l, const void *p, size_t n)
{
	struct tq_top *top = l->top;
	struct tq_segment *s;

	s = tq_ledger_segment(l, TQ_LSN_SEG(top->tail));
	if (s == NULL)
		return -1;
	may_map(l, s);
	top->intent = (uint32_t)n;
	if (tq_segment_write(s, p, n, TQ_LSN_OFF(top->tail)) == -1)
		return -1;
	atomic_signal_fence(memory_order_seq_cst);
	top->dirty = 1;
	atomic_signal_fence(memory_order_seq_cst);
	/* plain stores on x86: everything here is under the lock */
	atomic_store_explicit(&top->tail, top->tail + n, memory_order_release);
	top->intent = 0;
	return 0;
}

static void
head_of(const struct tq_ledger *l, struct tq_rec *r, tq_time now)
{
	const struct tq_top *top = l->top;
	uint64_t lag = top->seq + 1 - top->durable_seq;

	r->prev = top->crc;
	r->salt = top->salt;
	r->seq = top->seq + 1;
	r->lag = lag > UINT32_MAX ? UINT32_MAX : (uint32_t)lag;
	r->time = now;
}

/* Go on in the next segment, whose first record tells the base. */
static int
rotate(struct tq_ledger *l, tq_time now)
{
	struct tq_rec r = { .type = TQ_REC_BASE };
	struct tq_top *top = l->top;
	struct tq_segment *s;
	struct tq_buf b;
	uint32_t length;
	int rv = -1;

	if ((s = tq_ledger_segment(l, TQ_LSN_SEG(top->tail) + 1)) == NULL)
		return -1;
	tq_buf_init(&b);
	r.number = top->base;
	tq_rec_encode(&b, &r);
	length = (uint32_t)b.n;
	tq_buf_put(&b, "\0\0\0\0\0\0\0", TQ_REC_ROOM(length) - length);
	if (tq_buf_ok(&b)) {
		head_of(l, &r, now);
		r.salt = s->salt;
		r.crc = tq_rec_seal(b.p, &r, length);
		/* all that is left of this segment, and so much of the next */
		top->intent = top->seg_size - TQ_LSN_OFF(top->tail) +
		    (uint32_t)b.n;
		rv = tq_segment_write(s, b.p, b.n, TQ_SEG_HEAD);
	}
	if (rv == 0) {
		top->dirty = 1;
		atomic_signal_fence(memory_order_seq_cst);
		/* the tail first: seq is never ahead of it (commit.c) */
		atomic_store(&top->tail, TQ_LSN(s->number, TQ_SEG_HEAD + b.n));
		top->intent = 0;
		top->salt = s->salt;
		top->crc = r.crc;
		atomic_store(&top->seq, r.seq);
		atomic_signal_fence(memory_order_seq_cst);
		top->dirty = 0;
	}
	tq_buf_fini(&b);
	return rv;
}

static int
next(struct tq_ledger *l, tq_time now)
{
	if (tq_ledger_wants_segment(l))
		return 0;
	return rotate(l, now) == -1 ? -1 : 1;
}

int
tq_ledger_next(struct tq_ledger *l, tq_time now)
{
	l->asked = l->asked_keep = 0;
	return next(l, now);
}

int
tq_ledger_fit(struct tq_ledger *l, uint64_t reserve, uint64_t keep,
    tq_time now)
{
	struct tq_top *top = l->top;

	if (l->buf.n > tq_ledger_max(l)) {
		errno = EMSGSIZE;
		return -1;
	}
	l->asked = l->buf.n + reserve;
	l->asked_keep = keep;
	if (!tq_ledger_has_room(l, l->asked, keep))
		return 0;
	if (TQ_LSN_OFF(top->tail) + l->buf.n <= top->seg_size)
		return 1;
	return next(l, now);
}

int
tq_ledger_write(struct tq_ledger *l, tq_time now, tq_lsn *lsn)
{
	struct tq_top *top = l->top;
	uint64_t seq = top->seq;
	uint32_t crc = top->crc;
	struct tq_rec r;
	size_t i;

	head_of(l, &r, now);
	for (i = 0; i < l->npend; i++) {
		r.type = l->pend[i].type;
		r.flags = i + 1 < l->npend ? TQ_REC_MORE : 0;
		lsn[i] = top->tail + l->pend[i].at;
		crc = tq_rec_seal(l->buf.p + l->pend[i].at, &r,
		    l->pend[i].length);
		r.prev = crc;
		seq = r.seq++;
		if (r.lag != UINT32_MAX)
			r.lag++;
	}
	if (write_at_tail(l, l->buf.p, l->buf.n) == -1)
		return -1;
	atomic_store_explicit(&top->seq, seq, memory_order_release);
	top->crc = crc;
	return 0;
}

void
tq_ledger_unsettle(struct tq_ledger *l)
{
	l->top->dirty = 1;
	atomic_signal_fence(memory_order_seq_cst);
}

void
tq_ledger_applied(struct tq_ledger *l)
{
	atomic_signal_fence(memory_order_seq_cst);
	l->top->dirty = 0;
}

void
tq_ledger_ahead(struct tq_ledger *l)
{
	tq_lsn tail = atomic_load(&l->top->tail);
	struct tq_segment *s;

	for (s = l->cache; s < l->cache + TQ_LEDGER_CACHE; s++)
		if (s->number == TQ_LSN_SEG(tail))
			tq_segment_ahead(s, TQ_LSN_OFF(tail));
}

/* ---- reading ---------------------------------------------------------- */

/* Up to *n bytes at lsn: in the map, or read into l->rbuf. */
static const unsigned char *
bytes_at(struct tq_ledger *l, struct tq_segment *s, tq_lsn lsn, size_t *n)
{
	tq_buf_reset(&l->rbuf);
	if (tq_buf_grow(&l->rbuf, *n) == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	return tq_segment_read(s, l->rbuf.p, n, TQ_LSN_OFF(lsn));
}

const unsigned char *
tq_ledger_peek(struct tq_ledger *l, tq_lsn lsn, struct tq_rec *out)
{
	const unsigned char *p;
	struct tq_segment *s;
	size_t n = READ_FIRST;
	uint32_t length;

	if ((s = tq_ledger_segment(l, TQ_LSN_SEG(lsn))) == NULL)
		return NULL;
	may_map(l, s);
	if ((p = bytes_at(l, s, lsn, &n)) == NULL)
		return NULL;
	if (n >= TQ_REC_HEAD && (length = tq_le32(p + 4)) > n &&
	    length <= s->size) {
		n = length;
		if ((p = bytes_at(l, s, lsn, &n)) == NULL)
			return NULL;
	}
	if (tq_rec_head(out, p, n) == -1 || out->salt != s->salt) {
		errno = EBADMSG;
		return NULL;
	}
	return p;
}

int
tq_ledger_read(struct tq_ledger *l, tq_lsn lsn, struct tq_rec *out)
{
	const unsigned char *p = tq_ledger_peek(l, lsn, out);

	if (p == NULL)
		return -1;
	if (tq_rec_decode(out, p) == -1) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

int
tq_ledger_skip(struct tq_ledger *l, tq_lsn lsn, tq_lsn *next)
{
	unsigned char buf[TQ_SKIP];
	const unsigned char *p;
	struct tq_segment *s;
	size_t n = sizeof(buf), i;
	struct tq_rec r;

	lsn += 8;
	if ((s = tq_ledger_segment(l, TQ_LSN_SEG(lsn))) == NULL)
		return tq_segment_lost(errno) ? 0 : -1;
	if (TQ_LSN_OFF(lsn) + TQ_REC_HEAD > s->size)
		return 0;
	p = tq_segment_read(s, buf, &n, TQ_LSN_OFF(lsn));
	if (p == NULL)
		return -1;
	if (n < TQ_REC_HEAD)
		return 0;
	for (i = 0; i + TQ_REC_HEAD <= n; i += 8) {
		if (!tq_rec_seems(p + i, s->salt))
			continue;
		if (tq_ledger_peek(l, lsn + i, &r) != NULL)
			break;
		if (!tq_segment_lost(errno))
			return -1;
	}
	*next = lsn + i;
	return 1;
}
