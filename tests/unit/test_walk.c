/* Unit tests of lib/spool/walk.c: each rule of walk.h by itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/spool/segment.h"
#include "lib/spool/walk.h"
#include "tests/lib/t.h"

#define SEGS	5

/*
 * A ledger written by hand, record by record, and what a walk found in it.
 * The segments are images until image_write().
 */
struct fixture {
	char		 dir[T_PATH_MAX];
	struct tq_spool	 sp;		/* as much of it as a walk needs */

	/* the ledger */
	struct image {
		unsigned char	 b[TQ_SEG_MIN];
		uint32_t	 used;	/* 0: there is no such segment */
		struct tq_seg_head h;
	}		 seg[SEGS + 1];
	uint32_t	 now;		/* number of the segment written to */
	uint64_t	 seq;
	uint32_t	 crc;

	/* what was given, as numbers of CTX records */
	uint32_t	 given[64];
	size_t		 ngiven;
	char		 said[1024];
	struct tq_walk	 w;
	struct tq_err	 e;
};

static void
note_record(struct tq_walk *w, const struct tq_rec *r, tq_lsn lsn)
{
	struct fixture *f = w->arg;

	(void)lsn;
	if (r->type == TQ_REC_CTX && f->ngiven < T_COUNT(f->given))
		f->given[f->ngiven++] = r->number;
}

static void
note_words(const char *s, void *arg)
{
	struct fixture *f = arg;
	size_t n = strlen(f->said);

	(void)snprintf(f->said + n, sizeof(f->said) - n, "%s\n", s);
}

/* Go on in segment `number`, a fresh one. */
static void
segment(struct fixture *f, uint32_t number)
{
	struct image *g = &f->seg[number];

	f->now = number;
	g->used = TQ_SEG_HEAD;
	g->h.version = TQ_FORMAT;
	g->h.number = number;
	g->h.size = TQ_SEG_MIN;
	g->h.salt = 1000 + number;
}

/* Append *r with that lag; where it stands in its segment. */
static uint32_t
append(struct fixture *f, struct tq_rec *r, uint32_t lag)
{
	struct image *g = &f->seg[f->now];
	uint32_t at = g->used;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_rec_encode(&b, r);
	assert_true(tq_buf_ok(&b));
	r->prev = f->crc;
	r->salt = g->h.salt;
	r->seq = ++f->seq;
	r->lag = lag;
	f->crc = tq_rec_seal(b.p, r, (uint32_t)b.n);
	memcpy(g->b + at, b.p, b.n);
	g->used += (uint32_t)TQ_REC_ROOM(b.n);
	tq_buf_fini(&b);
	return at;
}

/* The usual record: the number says which; nothing of it is durable. */
static uint32_t
add(struct fixture *f, uint32_t number)
{
	struct tq_rec r = { .type = TQ_REC_CTX, .number = number };

	return append(f, &r, (uint32_t)f->seq + 1);
}

/* One that says that all before it was durable. */
static uint32_t
add_durable(struct fixture *f, uint32_t number)
{
	struct tq_rec r = { .type = TQ_REC_CTX, .number = number };

	return append(f, &r, 1);
}

static uint32_t
add_more(struct fixture *f, uint32_t number)
{
	struct tq_rec r = { .type = TQ_REC_CTX, .number = number,
	    .flags = TQ_REC_MORE };

	return append(f, &r, (uint32_t)f->seq + 1);
}

static void
add_base(struct fixture *f, uint32_t number)
{
	struct tq_rec r = { .type = TQ_REC_BASE, .number = number };

	(void)append(f, &r, (uint32_t)f->seq + 1);
}

/* Overwrite bytes of an image. */
static void
scribble(struct fixture *f, uint32_t number, uint32_t at)
{
	memset(f->seg[number].b + at, 0xee, 24);
}

static void
image_write(struct fixture *f)
{
	char name[TQ_SEG_NAME], path[T_PATH_MAX];
	uint32_t i;

	for (i = 1; i <= SEGS; i++) {
		if (f->seg[i].used == 0)
			continue;
		tq_seg_encode(f->seg[i].b, &f->seg[i].h);
		tq_segment_name(name, i);
		(void)snprintf(path, sizeof(path), "ledger/%s", name);
		t_write(f->dir, path, f->seg[i].b, TQ_SEG_MIN);
	}
}

static void
walk(struct fixture *f)
{
	f->w = (struct tq_walk){ .record = note_record, .say = note_words,
	    .arg = f };
	f->ngiven = 0;
	f->said[0] = '\0';
	if (tq_walk(&f->sp, &f->w, &f->e) == -1)
		fail_msg("%s", f->e.text);
}

static void
write_and_walk(struct fixture *f)
{
	image_write(f);
	walk(f);
}

/* Cut what was found to be torn; then nothing is. */
static void
cut(struct fixture *f)
{
	assert_int_equal(f->w.cut, 1);
	assert_int_equal(tq_walk_cut(&f->sp, &f->w, &f->e), 0);
	walk(f);
	assert_int_equal(f->w.cut, 0);
}

/* The records 1 to n were given, and no others. */
static void
assert_given(const struct fixture *f, uint32_t n)
{
	uint32_t i;

	assert_int_equal(f->ngiven, n);
	for (i = 0; i < n; i++)
		assert_int_equal(f->given[i], i + 1);
}

/* Of the ledger 1 to n were given, and it goes on in a segment behind them. */
static void
assert_whole(const struct fixture *f, uint32_t n, uint32_t seg)
{
	assert_given(f, n);
	assert_int_equal(f->w.damaged, 0);
	assert_int_equal(f->w.cut, 0);
	assert_true(f->w.tail == TQ_LSN(seg, f->seg[seg].used));
}

/* They were given, and what is behind them in segment 1 was torn off. */
static void
assert_torn(const struct fixture *f, uint32_t n, uint32_t at)
{
	assert_given(f, n);
	assert_int_equal(f->w.damaged, 0);
	assert_int_equal(f->w.cut, 1);
	assert_true(f->w.tail == TQ_LSN(1, at));
}

/* They were given, with one damage between that tears nothing off. */
static void
assert_damaged(const struct fixture *f, uint32_t n)
{
	assert_given(f, n);
	assert_int_equal(f->w.damaged, 1);
	assert_int_equal(f->w.cut, 0);
}

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	char path[T_PATH_MAX + 16];

	t_tmpdir(f->dir);
	f->sp.path = f->dir;
	f->sp.format.segment = TQ_SEG_MIN;
	f->sp.dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->sp.dirfd, "ledger", 0700), 0);
	assert_int_equal(mkdirat(f->sp.dirfd, "damaged", 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/ledger", f->dir);
	f->sp.ledgerfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(f->sp.ledgerfd, -1);
	segment(f, 1);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	close(f->sp.ledgerfd);
	close(f->sp.dirfd);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

/* ---- what holds ---------------------------------------------------------------- */

static void
segment_of_another_size_is_refused(void **state)
{
	struct fixture *f = *state;

	f->seg[1].h.size = 4 * TQ_SEG_MIN;
	image_write(f);
	f->w = (struct tq_walk){ .record = note_record, .arg = f };
	assert_int_equal(tq_walk(&f->sp, &f->w, &f->e), -1);
	assert_int_equal(errno, EPROTO);
	assert_non_null(strstr(f->e.text, "of 262144 bytes, where the format "
	    "says 65536"));
}

static void
no_segment_is_no_tail(void **state)
{
	struct fixture *f = *state;

	walk(f);
	assert_true(f->w.tail == 0);
	assert_int_equal(f->w.base, 1);
	assert_int_equal(f->w.damaged, 0);
}

static void
empty_segment_is_its_own_tail(void **state)
{
	struct fixture *f = *state;

	write_and_walk(f);
	assert_whole(f, 0, 1);
	assert_int_equal(f->w.salt, 1001);
	assert_int_equal(f->w.last, 1);
	assert_int_equal(f->w.seq, 0);
}

static void
chain_is_given_in_order(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	(void)add(f, 2);
	(void)add(f, 3);
	write_and_walk(f);
	assert_whole(f, 3, 1);
	assert_int_equal(f->w.seq, 3);
	assert_int_equal(f->w.crc, f->crc);
	assert_int_equal(f->w.records, 3);
}

static void
chain_goes_on_in_the_next_segment(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	add_base(f, 1);
	(void)add(f, 2);
	write_and_walk(f);
	assert_whole(f, 2, 2);
	assert_int_equal(f->w.salt, 1002);
	assert_int_equal(f->w.last, 2);
}

static void
prepared_segments_count_as_last(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	segment(f, 3);
	write_and_walk(f);
	assert_whole(f, 1, 1);
	assert_int_equal(f->w.last, 3);
}

static void
retired_segments_are_passed_over(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 9);
	segment(f, 2);
	add_base(f, 1);
	(void)add(f, 1);
	add_base(f, 2);
	(void)add(f, 2);
	write_and_walk(f);
	assert_given(f, 2);
	assert_int_equal(f->w.base, 2);
	assert_int_equal(f->w.damaged, 0);
}

static void
sealed_segment_ends_where_it_was_sealed(void **state)
{
	struct fixture *f = *state;
	uint32_t at, crc;

	(void)add(f, 1);
	crc = f->crc;
	/* a sync of these failed, and they were written again behind */
	at = add(f, 99);
	segment(f, 2);
	add_base(f, 1);
	segment(f, 3);
	f->seg[3].h.sealed = TQ_LSN(1, at);
	f->crc = crc;
	f->seq = 1;
	(void)add(f, 2);
	(void)add(f, 3);
	write_and_walk(f);
	assert_whole(f, 3, 3);
}

/* Who wrote the records again died before he had written one. */
static void
segment_without_a_record_seals_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = add(f, 2);
	(void)add(f, 3);
	segment(f, 2);
	f->seg[2].h.sealed = TQ_LSN(1, at);
	write_and_walk(f);
	assert_whole(f, 3, 1);
	/* and must not, once it is used: it is no prepared one */
	assert_int_equal(f->w.last, 1);
}

static void
greatest_durable_number_is_found(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	(void)add_durable(f, 2);
	(void)add(f, 3);
	write_and_walk(f);
	assert_int_equal(f->w.durable_seq, 1);
}

/* ---- torn tails --------------------------------------------------------------- */

static void
bytes_after_a_power_cut_are_a_torn_tail(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = add(f, 2);
	scribble(f, 1, at);
	write_and_walk(f);
	assert_torn(f, 1, at);
	assert_int_equal(f->w.seq, 1);
}

static void
hole_nobody_was_told_of_is_a_torn_tail(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = add(f, 2);
	(void)add(f, 3);
	scribble(f, 1, at);
	write_and_walk(f);
	assert_torn(f, 1, at);
}

static void
torn_end_before_a_segment_nobody_was_told_of(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = add(f, 2);
	scribble(f, 1, at);
	segment(f, 2);
	add_base(f, 1);
	(void)add(f, 3);
	write_and_walk(f);
	assert_torn(f, 1, at);
	assert_int_equal(f->w.last, 1);
}

static void
missing_end_before_a_segment_nobody_was_told_of(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = add(f, 2);
	memset(f->seg[1].b + at, 0, TQ_SEG_MIN - at);
	segment(f, 2);
	add_base(f, 1);
	(void)add(f, 3);
	write_and_walk(f);
	assert_torn(f, 1, at);
}

static void
cut_leaves_zeros_and_no_later_segment(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	scribble(f, 1, add(f, 2));
	(void)add(f, 3);
	segment(f, 2);
	(void)add(f, 4);
	write_and_walk(f);
	assert_int_equal(f->w.cut, 1);
	assert_int_equal(tq_walk_cut(&f->sp, &f->w, &f->e), 0);
	assert_int_equal(f->w.last, 1);
	assert_int_equal(faccessat(f->sp.ledgerfd, "00000002.seg", F_OK, 0),
	    -1);
	walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.cut, 0);
	assert_int_equal(f->w.damaged, 0);
}

/* Of the first writes to a segment the second came through, not the first. */
static void
torn_beginning_of_a_segment_is_cut(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	add_base(f, 1);
	(void)add(f, 9);
	memset(f->seg[2].b + TQ_SEG_HEAD, 0, 24);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 0);
	cut(f);
	assert_given(f, 1);
}

/* What is written there next must not meet them. */
static void
bytes_in_a_prepared_segment_are_cut(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	scribble(f, 2, TQ_SEG_HEAD + 512);
	segment(f, 3);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 0);
	cut(f);
	assert_given(f, 1);
}

/* ---- damage --------------------------------------------------------------------- */

static void
bytes_of_this_boot_are_damage(void **state)
{
	struct fixture *f = *state;

	f->sp.same_boot = 1;
	(void)add(f, 1);
	scribble(f, 1, add(f, 2));
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 1);
}

static void
hole_of_this_boot_is_damage(void **state)
{
	struct fixture *f = *state;

	f->sp.same_boot = 1;
	(void)add(f, 1);
	scribble(f, 1, add(f, 9));
	(void)add(f, 2);
	write_and_walk(f);
	assert_damaged(f, 2);
}

/* Then the segment looks as if nothing had ever been written there. */
static void
beginning_of_the_last_segment_may_be_damaged(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	add_base(f, 1);
	(void)add_durable(f, 2);
	scribble(f, 2, TQ_SEG_HEAD);
	segment(f, 3);
	for (f->sp.same_boot = 0; f->sp.same_boot < 2; f->sp.same_boot++) {
		write_and_walk(f);
		assert_damaged(f, 2);
		assert_int_equal(f->w.last, 3);
		assert_true(f->w.tail == TQ_LSN(2, f->seg[2].used));
	}
}

static void
hole_in_what_was_durable_is_damage(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	scribble(f, 1, add(f, 9));
	(void)add_durable(f, 2);
	write_and_walk(f);
	assert_damaged(f, 2);
	assert_true(f->w.tail == TQ_LSN(1, f->seg[1].used));
}

/* The record behind the hole knew nothing yet; a later one, elsewhere, did. */
static void
hole_that_a_late_record_calls_durable_is_damage(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	scribble(f, 1, add(f, 9));
	(void)add(f, 2);
	segment(f, 2);
	(void)add(f, 3);
	(void)add_durable(f, 4);
	write_and_walk(f);
	assert_damaged(f, 4);
}

static void
damage_is_named_and_set_aside(void **state)
{
	struct fixture *f = *state;
	uint32_t at, end;
	char name[64];
	char *copy;
	size_t n;

	(void)add(f, 1);
	at = add(f, 9);
	end = add_durable(f, 2);
	scribble(f, 1, at);
	write_and_walk(f);
	(void)snprintf(name, sizeof(name), "damaged/00000001.%08x", at);
	copy = t_read(f->dir, name, &n);
	assert_int_equal(n, end - at);
	assert_memory_equal(copy, f->seg[1].b + at, n);
	free(copy);
	assert_non_null(strstr(f->said, "ledger/00000001.seg: damaged from"));
	assert_non_null(strstr(f->said, name));
}

static void
torn_end_of_what_was_durable_is_damage(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	scribble(f, 1, add(f, 9));
	segment(f, 2);
	(void)add_durable(f, 2);
	write_and_walk(f);
	assert_given(f, 2);
	assert_in_range(f->w.damaged, 1, 2);
	assert_true(f->w.tail == TQ_LSN(2, f->seg[2].used));
}

static void
missing_segment_is_damage(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	(void)add(f, 9);
	segment(f, 3);
	(void)add_durable(f, 2);
	f->seg[2].used = 0;
	write_and_walk(f);
	assert_given(f, 2);
	assert_in_range(f->w.damaged, 1, 2);
	assert_non_null(strstr(f->said, "00000002.seg: is missing"));
}

static void
missing_segment_before_a_prepared_one_is_damage(void **state)
{
	struct fixture *f = *state;

	f->sp.same_boot = 1;
	(void)add(f, 1);
	segment(f, 3);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 1);
	assert_int_equal(f->w.where, 2);
	assert_non_null(strstr(f->said, "00000002.seg: is missing"));
	/* what was prepared is made anew, in its order */
	assert_int_equal(f->w.last, 1);
	assert_int_equal(f->w.cut, 1);
	assert_int_equal(tq_walk_cut(&f->sp, &f->w, &f->e), 0);
	f->sp.same_boot = 0;
	walk(f);
	assert_whole(f, 1, 1);
}

static void
ledger_of_prepared_segments_only_is_damage(void **state)
{
	struct fixture *f = *state;

	f->sp.same_boot = 1;
	f->seg[1].used = 0;
	segment(f, 2);
	segment(f, 3);
	write_and_walk(f);
	assert_int_equal(f->w.damaged, 1);
	assert_non_null(strstr(f->said, "00000001.seg: is missing"));
	assert_int_equal(TQ_LSN_SEG(f->w.tail), 2);
}

static void
power_cut_may_take_what_was_prepared(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 3);
	write_and_walk(f);
	assert_int_equal(f->w.damaged, 0);
	assert_int_equal(f->w.last, 1);
	assert_int_equal(f->w.cut, 1);
}

/* Leave so many bytes of a segment, with a prepared one behind it; walk. */
static void
cut_short(struct fixture *f, const char *name, off_t bytes)
{
	char path[T_PATH_MAX + 32];

	f->sp.same_boot = 1;
	segment(f, 3);
	image_write(f);
	(void)snprintf(path, sizeof(path), "%s/ledger/%s", f->dir, name);
	assert_int_equal(truncate(path, bytes), 0);
	walk(f);
	assert_non_null(strstr(f->said, name));
	assert_in_range(f->w.damaged, 1, 2);
	cut(f);
	assert_int_equal(f->w.damaged, 0);
}

static void
segment_cut_short_is_damage(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	segment(f, 2);
	add_base(f, 1);
	at = add(f, 2);
	/* behind a record: what is left of it looks whole */
	cut_short(f, "00000002.seg", at);
	assert_given(f, 1);
	assert_int_equal(TQ_LSN_SEG(f->w.tail), 2);
	assert_int_equal(TQ_LSN_OFF(f->w.tail), at);
}

static void
segment_cut_short_to_nothing_is_damage(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	add_base(f, 1);
	(void)add(f, 2);
	cut_short(f, "00000002.seg", 0);
	assert_given(f, 1);
	assert_int_equal(TQ_LSN_SEG(f->w.tail), 1);
}

static void
segment_with_a_damaged_head_is_damage(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	segment(f, 2);
	(void)add(f, 9);
	segment(f, 3);
	(void)add_durable(f, 2);
	image_write(f);
	t_write(f->dir, "ledger/00000002.seg", "nothing", 7);
	walk(f);
	assert_given(f, 2);
	assert_in_range(f->w.damaged, 1, 2);
	assert_non_null(strstr(f->said, "00000002.seg: its head is damaged"));
}

/* What continues the chain is worth more than the head before it. */
static void
head_is_made_again_from_the_first_record(void **state)
{
	struct fixture *f = *state;
	size_t n;
	char *copy;

	(void)add(f, 1);
	segment(f, 2);
	(void)add(f, 2);
	(void)add(f, 3);
	f->seg[2].h.number = 99;
	write_and_walk(f);
	assert_given(f, 3);
	assert_int_equal(f->w.damaged, 1);
	assert_true(f->w.tail == TQ_LSN(2, f->seg[2].used));
	assert_non_null(strstr(f->said, "00000002.seg: its head is damaged"));
	copy = t_read(f->dir, "damaged/00000002.00000000", &n);
	assert_int_equal(n, TQ_SEG_HEAD);
	free(copy);
	/* on disk only by who is to mend it */
	f->w = (struct tq_walk){ .record = note_record, .say = note_words,
	    .arg = f, .mends = 1 };
	assert_int_equal(tq_walk(&f->sp, &f->w, &f->e), 0);
	assert_int_equal(f->w.damaged, 1);
	walk(f);
	assert_given(f, 3);
	assert_int_equal(f->w.damaged, 0);
}

/* Nothing tells what it was: it is kept whole, for its number is used again. */
static void
segment_without_head_and_chain_is_set_aside(void **state)
{
	struct fixture *f = *state;
	size_t n;

	(void)add(f, 1);
	segment(f, 2);
	(void)add(f, 2);
	scribble(f, 2, TQ_SEG_HEAD);
	(void)add(f, 3);
	f->seg[2].h.number = 99;
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 1);
	assert_int_equal(f->w.last, 1);
	free(t_read(f->dir, "damaged/00000002.00000000", &n));
	assert_int_equal(n, TQ_SEG_MIN);
}

static void
segment_of_a_newer_format_ends_the_walk(void **state)
{
	struct fixture *f = *state;
	struct tq_walk w = { .record = note_record, .arg = f };

	(void)add(f, 1);
	f->seg[1].h.version = TQ_FORMAT + 1;
	image_write(f);
	assert_int_equal(tq_walk(&f->sp, &w, &f->e), -1);
	assert_int_equal(f->e.num, EPROTO);
}

/* ---- what does not continue the chain ------------------------------------------- */

static void
record_of_an_older_use_is_not_taken(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = f->seg[1].used;
	/* whole, next in number, but written to another segment */
	f->seg[1].h.salt++;
	(void)add(f, 2);
	f->seg[1].h.salt--;
	write_and_walk(f);
	assert_given(f, 1);
	assert_true(f->w.tail == TQ_LSN(1, at));
}

static void
record_of_another_history_is_not_taken(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = f->seg[1].used;
	f->crc ^= 1;
	(void)add(f, 2);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.cut, 1);
	assert_true(f->w.tail == TQ_LSN(1, at));
}

static void
record_that_makes_no_sense_is_said(void **state)
{
	struct fixture *f = *state;
	struct tq_rec r = { .type = TQ_REC_END };

	(void)add(f, 1);
	(void)append(f, &r, 1);
	(void)add(f, 2);
	write_and_walk(f);
	assert_given(f, 2);
	assert_int_equal(f->w.damaged, 1);
	assert_non_null(strstr(f->said, "makes no sense"));
}

/* ---- transactions ---------------------------------------------------------------- */

static void
whole_transaction_is_given(void **state)
{
	struct fixture *f = *state;

	(void)add_more(f, 1);
	(void)add_more(f, 2);
	(void)add(f, 3);
	write_and_walk(f);
	assert_whole(f, 3, 1);
}

static void
transaction_without_its_end_is_passed_over(void **state)
{
	struct fixture *f = *state;

	(void)add(f, 1);
	(void)add_more(f, 2);
	(void)add_more(f, 3);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 0);
}

/* What is appended next must not become the end that it never had. */
static void
transaction_without_its_end_is_cut(void **state)
{
	struct fixture *f = *state;
	uint32_t crc, at;

	(void)add(f, 1);
	crc = f->crc;
	at = add_more(f, 2);
	(void)add_more(f, 3);
	write_and_walk(f);
	assert_int_equal(f->w.cut, 1);
	assert_true(f->w.tail == TQ_LSN(1, at));
	assert_int_equal(f->w.seq, 1);
	assert_int_equal(f->w.crc, crc);
}

/* It was written at once, so what is left of it counts. */
static void
transaction_with_a_hole_loses_the_hole(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	(void)add_more(f, 2);
	at = add_more(f, 9);
	(void)add_more(f, 3);
	(void)add_durable(f, 4);
	scribble(f, 1, at);
	for (f->sp.same_boot = 0; f->sp.same_boot < 2; f->sp.same_boot++) {
		write_and_walk(f);
		assert_damaged(f, 4);
		assert_true(f->w.tail == TQ_LSN(1, f->seg[1].used));
	}
}

/* Nobody was told: a power cut may have let the end through, and not this. */
static void
torn_transaction_with_a_hole_is_cut(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add(f, 1);
	at = add_more(f, 7);
	scribble(f, 1, add_more(f, 8));
	(void)add(f, 9);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 0);
	assert_true(f->w.tail == TQ_LSN(1, at));
}

static void
transaction_whose_end_is_damaged_counts(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add_more(f, 1);
	(void)add_more(f, 2);
	at = add(f, 9);
	(void)add_more(f, 3);
	(void)add_durable(f, 4);
	scribble(f, 1, at);
	for (f->sp.same_boot = 0; f->sp.same_boot < 2; f->sp.same_boot++) {
		write_and_walk(f);
		assert_given(f, 4);
		assert_int_equal(f->w.damaged, 1);
	}
}

/* Transactions do not go on in another segment. */
static void
transaction_before_a_later_segment_counts(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	(void)add_more(f, 1);
	(void)add_more(f, 2);
	at = add(f, 9);
	segment(f, 2);
	add_base(f, 1);
	(void)add_durable(f, 3);
	scribble(f, 1, at);
	for (f->sp.same_boot = 0; f->sp.same_boot < 2; f->sp.same_boot++) {
		write_and_walk(f);
		assert_given(f, 3);
		assert_true(f->w.tail == TQ_LSN(2, f->seg[2].used));
	}
	memset(f->seg[1].b + at, 0, TQ_SEG_MIN - at);
	for (f->sp.same_boot = 0; f->sp.same_boot < 2; f->sp.same_boot++) {
		write_and_walk(f);
		assert_given(f, 3);
		assert_int_equal(f->w.damaged, 1);
		assert_non_null(strstr(f->said, "records 3 to 3 are missing"));
	}
}

/* No last record, no later one: as if it had been torn; but a copy is kept. */
static void
transaction_whose_end_is_damaged_at_the_tail_is_kept_aside(void **state)
{
	struct fixture *f = *state;
	uint32_t at, hole;
	char name[64];
	char *copy;
	size_t n;

	f->sp.same_boot = 1;
	(void)add(f, 1);
	at = add_more(f, 7);
	hole = add(f, 8);
	scribble(f, 1, hole);
	write_and_walk(f);
	assert_given(f, 1);
	assert_int_equal(f->w.damaged, 1);
	assert_true(f->w.tail == TQ_LSN(1, at));
	assert_int_equal(f->w.cut, 1);
	(void)snprintf(name, sizeof(name), "damaged/00000001.%08x", at);
	copy = t_read(f->dir, name, &n);
	assert_in_range(n, f->seg[1].used - at, TQ_SEG_MIN);
	assert_memory_equal(copy, f->seg[1].b + at, f->seg[1].used - at);
	free(copy);
}

/*
 * What tells that the first was whole, and that 2 is behind damage and no torn
 * tail, is cut itself.
 */
static void
cut_keeps_what_tells_of_a_gap(void **state)
{
	struct fixture *f = *state;
	struct tq_rec r = { .type = TQ_REC_CTX, .number = 9,
	    .flags = TQ_REC_MORE };
	int last;

	for (last = 0; last < 2; last++) {
		memset(f->seg, 0, sizeof(f->seg));
		f->seq = 0;
		f->crc = 0;
		segment(f, 1);
		(void)add_more(f, 1);
		scribble(f, 1, add(f, 9));
		if (last)
			(void)add(f, 2);
		(void)append(f, &r, 1);
		write_and_walk(f);
		assert_given(f, last ? 2 : 1);
		cut(f);
		assert_given(f, last ? 2 : 1);
	}
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(segment_of_another_size_is_refused),
		TEST(no_segment_is_no_tail),
		TEST(empty_segment_is_its_own_tail),
		TEST(chain_is_given_in_order),
		TEST(chain_goes_on_in_the_next_segment),
		TEST(prepared_segments_count_as_last),
		TEST(retired_segments_are_passed_over),
		TEST(sealed_segment_ends_where_it_was_sealed),
		TEST(segment_without_a_record_seals_nothing),
		TEST(greatest_durable_number_is_found),
		TEST(bytes_after_a_power_cut_are_a_torn_tail),
		TEST(hole_nobody_was_told_of_is_a_torn_tail),
		TEST(torn_end_before_a_segment_nobody_was_told_of),
		TEST(missing_end_before_a_segment_nobody_was_told_of),
		TEST(cut_leaves_zeros_and_no_later_segment),
		TEST(torn_beginning_of_a_segment_is_cut),
		TEST(bytes_in_a_prepared_segment_are_cut),
		TEST(bytes_of_this_boot_are_damage),
		TEST(beginning_of_the_last_segment_may_be_damaged),
		TEST(hole_of_this_boot_is_damage),
		TEST(hole_in_what_was_durable_is_damage),
		TEST(hole_that_a_late_record_calls_durable_is_damage),
		TEST(damage_is_named_and_set_aside),
		TEST(torn_end_of_what_was_durable_is_damage),
		TEST(missing_segment_is_damage),
		TEST(missing_segment_before_a_prepared_one_is_damage),
		TEST(ledger_of_prepared_segments_only_is_damage),
		TEST(power_cut_may_take_what_was_prepared),
		TEST(segment_cut_short_is_damage),
		TEST(segment_cut_short_to_nothing_is_damage),
		TEST(segment_with_a_damaged_head_is_damage),
		TEST(head_is_made_again_from_the_first_record),
		TEST(segment_without_head_and_chain_is_set_aside),
		TEST(segment_of_a_newer_format_ends_the_walk),
		TEST(record_of_an_older_use_is_not_taken),
		TEST(record_of_another_history_is_not_taken),
		TEST(record_that_makes_no_sense_is_said),
		TEST(whole_transaction_is_given),
		TEST(transaction_without_its_end_is_passed_over),
		TEST(transaction_without_its_end_is_cut),
		TEST(transaction_with_a_hole_loses_the_hole),
		TEST(torn_transaction_with_a_hole_is_cut),
		TEST(transaction_whose_end_is_damaged_counts),
		TEST(transaction_before_a_later_segment_counts),
		TEST(transaction_whose_end_is_damaged_at_the_tail_is_kept_aside),
		TEST(cut_keeps_what_tells_of_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
