/*
 * Fuzz target of a walk along a ledger.  The input is a list of steps that
 * write one: whole records, records that do not continue the chain, any bytes,
 * holes, further segments.  A walk must end whatever it meets, and recovery
 * must lose nothing: after the cut a second walk finds what the first one did.
 * (It may find more: a sealing segment of which nothing was left seals no
 * longer.)
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/spool/segment.h"
#include "lib/spool/walk.h"

#define SEGS	3

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The directory of all runs; its files are written anew by each. */
static char dir[] = "/tmp/tq-fuzz.XXXXXX";

/* A ledger under construction. */
struct writer {
	unsigned char	 seg[SEGS][TQ_SEG_MIN];
	struct tq_seg_head h[SEGS];
	unsigned	 now, n;	/* segment written to; how many */
	uint32_t	 used;
	uint64_t	 seq;
	uint32_t	 crc;
	struct {
		tq_lsn		 at;
		uint64_t	 seq;
		uint32_t	 crc;
	}		 durable;	/* where a failed sync began */
};

static int
remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
clean_up(void)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

static int
open_in(int at, const char *name)
{
	if (mkdirat(at, name, 0700) == -1)
		abort();
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* As much of a spool as a walk needs. */
static void
start(struct tq_spool *sp)
{
	if (mkdtemp(dir) == NULL)
		abort();
	(void)atexit(clean_up);
	sp->path = dir;
	sp->format.segment = TQ_SEG_MIN;
	sp->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sp->ledgerfd = open_in(sp->dirfd, "ledger");
	(void)close(open_in(sp->dirfd, "damaged"));
	tq_sys.fsync = tq_sys.fdatasync = no_sync;
}

static void
segment(struct writer *w)
{
	if (w->n == SEGS)
		return;
	w->now = w->n++;
	w->used = TQ_SEG_HEAD;
	memset(&w->h[w->now], 0, sizeof(w->h[0]));
	w->h[w->now].version = TQ_FORMAT;
	w->h[w->now].number = w->n;
	w->h[w->now].salt = w->n;
	w->h[w->now].size = TQ_SEG_MIN;
}

/* One record: type and flags from the input, a payload of n bytes of it. */
static void
record(struct writer *w, struct tq_cur *c, uint32_t skew)
{
	unsigned type = tq_cur_byte(c), flags = tq_cur_byte(c);
	struct tq_rec r;
	const void *p;
	size_t n;

	if ((p = tq_cur_bytes(c, &n)) == NULL ||
	    TQ_REC_ROOM(TQ_REC_HEAD + n) > TQ_SEG_MIN - w->used)
		return;
	memset(&r, 0, sizeof(r));
	r.type = (uint8_t)type;
	r.flags = flags & TQ_REC_MORE;
	r.prev = w->crc ^ skew;
	r.salt = w->h[w->now].salt;
	r.seq = ++w->seq;
	r.lag = flags & 2 ? 1 : (uint32_t)w->seq;
	memcpy(w->seg[w->now] + w->used + TQ_REC_HEAD, p, n);
	w->crc = tq_rec_seal(w->seg[w->now] + w->used, &r,
	    (uint32_t)(TQ_REC_HEAD + n));
	w->used += (uint32_t)TQ_REC_ROOM(TQ_REC_HEAD + n);
}

static void
raw(struct writer *w, struct tq_cur *c)
{
	const void *p;
	size_t n;

	if ((p = tq_cur_bytes(c, &n)) == NULL || n > TQ_SEG_MIN - w->used)
		return;
	memcpy(w->seg[w->now] + w->used, p, n);
	w->used += (uint32_t)(n < TQ_SEG_MIN - w->used - 8 ?
	    TQ_REC_ROOM(n) : 0);
}

/* Go on in a segment that replaces all from the durable place on. */
static void
rescue(struct writer *w)
{
	if (w->n == SEGS || w->durable.at == 0)
		return;
	segment(w);
	w->h[w->now].sealed = w->durable.at;
	w->seq = w->durable.seq;
	w->crc = w->durable.crc;
}

static void
compose(struct writer *w, const uint8_t *p, size_t n)
{
	struct tq_cur c;

	segment(w);
	tq_cur_init(&c, p, n);
	while (c.n > 0 && !c.err)
		switch (tq_cur_byte(&c) & 7) {
		case 0:
			record(w, &c, 0);
			break;
		case 1:
			record(w, &c, 1);
			break;
		case 2:
			raw(w, &c);
			break;
		case 3:		/* a hole */
			w->used += 8 * tq_cur_byte(&c);
			if (w->used > TQ_SEG_MIN)
				w->used = TQ_SEG_MIN;
			break;
		case 4:
			segment(w);
			break;
		case 5:		/* numbers that were never written */
			w->seq += tq_cur_byte(&c);
			break;
		case 6:
			if (tq_cur_byte(&c) & 1) {
				rescue(w);
				break;
			}
			w->durable.at = TQ_LSN(w->n, w->used);
			w->durable.seq = w->seq;
			w->durable.crc = w->crc;
			break;
		default:	/* bytes changed later */
			n = tq_cur_varint(&c) % TQ_SEG_MIN;
			w->seg[w->now][n] ^= (unsigned char)tq_cur_byte(&c);
			break;
		}
}

static void
write_out(struct writer *w, int fd)
{
	char name[TQ_SEG_NAME];
	unsigned i;
	int out;

	for (i = 0; i < SEGS; i++) {
		tq_segment_name(name, i + 1);
		if (i >= w->n) {
			(void)unlinkat(fd, name, 0);
			continue;
		}
		tq_seg_encode(w->seg[i], &w->h[i]);
		out = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC |
		    O_CLOEXEC, 0600);
		if (out == -1 || tq_io_write(out, w->seg[i], TQ_SEG_MIN) == -1)
			abort();
		close(out);
	}
}

static void
count(struct tq_walk *w, const struct tq_rec *r, tq_lsn lsn)
{
	(void)r;
	(void)lsn;
	(*(uint64_t *)w->arg)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct tq_spool sp;
	static struct writer w;
	uint64_t first = 0, second = 0;
	struct tq_walk a = { .record = count, .arg = &first };
	struct tq_walk b = { .record = count, .arg = &second };

	if (sp.path == NULL)
		start(&sp);
	memset(&w, 0, sizeof(w));
	if (n > 0)
		sp.same_boot = p[0] & 1;
	compose(&w, n > 0 ? p + 1 : p, n > 0 ? n - 1 : 0);
	write_out(&w, sp.ledgerfd);
	if (tq_walk(&sp, &a, NULL) == -1)
		return 0;
	if (a.cut && tq_walk_cut(&sp, &a, NULL) == -1)
		abort();
	if (tq_walk(&sp, &b, NULL) == -1 || second < first)
		abort();
	return 0;
}
