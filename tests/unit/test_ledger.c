/* Unit tests of lib/spool/ledger.c and commit.c. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/spool/ledger.h"
#include "lib/spool/lock.h"
#include "tests/lib/spool.h"

#define NOW	((tq_time)1000)

/* A ledger of one empty segment, and the table its tail stands in. */
struct fixture {
	char		 dir[T_PATH_MAX];
	int		 dirfd;
	struct tq_table	 t;
	struct tq_ledger l;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct tq_seg_head h = { .version = TQ_FORMAT, .number = 1,
	    .salt = 77, .size = TQ_SEG_MIN };

	t_tmpdir(f->dir);
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(f->dirfd, -1);
	assert_int_equal(tq_segment_make(f->dirfd, &h, 0600, 0), 0);
	t_table_make(&f->t);
	f->t.top->seg_size = TQ_SEG_MIN;
	f->t.top->salt = 77;
	f->t.top->tail = TQ_LSN(1, TQ_SEG_HEAD);
	f->t.top->base = f->t.top->last = 1;
	f->t.top->durable = TQ_LSN(1, 0);
	tq_ledger_open(&f->l, f->dirfd, 0600, f->t.top);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_ledger_close(&f->l);
	t_table_free(&f->t);
	close(f->dirfd);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

/* Add a CTX record of that many bytes and number. */
static void
add(struct fixture *f, uint32_t number, size_t bytes)
{
	static const char zeros[TQ_SEG_MIN];
	struct tq_rec r = { .type = TQ_REC_CTX, .number = number,
	    .bytes = { zeros, bytes } };

	assert_int_equal(tq_ledger_add(&f->l, &r), 0);
}

/* Write what was added. */
static void
write_out(struct fixture *f, tq_lsn *lsn)
{
	assert_int_equal(tq_ledger_write(&f->l, NOW, lsn), 0);
	assert_int_equal(f->t.top->dirty, 1);
	tq_ledger_applied(&f->l);
}

/* Append one record; where it stands. */
static tq_lsn
append(struct fixture *f, uint32_t number, size_t bytes)
{
	tq_lsn lsn;

	tq_ledger_begin(&f->l);
	add(f, number, bytes);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), 1);
	write_out(f, &lsn);
	return lsn;
}

static void
prepare(struct fixture *f, uint64_t bytes)
{
	if (tq_ledger_prepare(&f->l, bytes, 0, 1, NOW, &f->e) == -1)
		fail_msg("%s", f->e.text);
}

/* ---- appending -------------------------------------------------------------- */

static void
record_is_read_where_it_was_put(void **state)
{
	struct fixture *f = *state;
	tq_lsn lsn = append(f, 5, 100);
	struct tq_rec r;

	assert_true(lsn == TQ_LSN(1, TQ_SEG_HEAD));
	assert_int_equal(tq_ledger_read(&f->l, lsn, &r), 0);
	assert_int_equal(r.type, TQ_REC_CTX);
	assert_int_equal(r.number, 5);
	assert_int_equal(r.bytes.n, 100);
	assert_int_equal(r.seq, 1);
	assert_int_equal(r.time, NOW);
	assert_int_equal(r.salt, 77);
	assert_true(f->t.top->tail == lsn + TQ_REC_ROOM(r.length));
	assert_int_equal(f->t.top->dirty, 0);
	assert_int_equal(f->t.top->intent, 0);
}

static void
long_record_is_read_whole(void **state)
{
	struct fixture *f = *state;
	tq_lsn lsn = append(f, 1, 10000);
	struct tq_rec r;

	assert_int_equal(tq_ledger_read(&f->l, lsn, &r), 0);
	assert_int_equal(r.bytes.n, 10000);
}

static void
each_record_names_the_one_before(void **state)
{
	struct fixture *f = *state;
	tq_lsn first = append(f, 1, 1), second = append(f, 2, 2);
	struct tq_rec a, b;

	assert_int_equal(tq_ledger_read(&f->l, first, &a), 0);
	assert_int_equal(tq_ledger_read(&f->l, second, &b), 0);
	assert_int_equal(a.prev, 0);
	assert_int_equal(b.prev, a.crc);
	assert_int_equal(b.seq, a.seq + 1);
	assert_int_equal(f->t.top->crc, b.crc);
}

static void
transaction_is_flagged_to_its_last(void **state)
{
	struct fixture *f = *state;
	struct tq_rec r;
	tq_lsn lsn[3];

	tq_ledger_begin(&f->l);
	add(f, 1, 3);
	add(f, 2, 30);
	add(f, 3, 300);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), 1);
	write_out(f, lsn);
	assert_int_equal(tq_ledger_read(&f->l, lsn[0], &r), 0);
	assert_int_equal(r.flags, TQ_REC_MORE);
	assert_int_equal(tq_ledger_read(&f->l, lsn[1], &r), 0);
	assert_int_equal(r.flags, TQ_REC_MORE);
	assert_int_equal(tq_ledger_read(&f->l, lsn[2], &r), 0);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.number, 3);
	assert_int_equal(r.seq, 3);
	assert_int_equal(f->t.top->seq, 3);
}

static void
record_says_how_far_durable_is_behind(void **state)
{
	struct fixture *f = *state;
	struct tq_rec r;
	tq_lsn lsn;

	(void)append(f, 1, 1);
	(void)append(f, 2, 1);
	f->t.top->durable_seq = 2;
	lsn = append(f, 3, 1);
	assert_int_equal(tq_ledger_read(&f->l, lsn, &r), 0);
	assert_int_equal(r.seq - r.lag, 2);
}

static void
failed_write_changes_nothing(void **state)
{
	struct fixture *f = *state;
	tq_lsn before, lsn;

	(void)append(f, 1, 1);
	before = f->t.top->tail;
	tq_ledger_begin(&f->l);
	add(f, 2, 1);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), 1);
	t_sys_arm(1, EIO);
	assert_int_equal(tq_ledger_write(&f->l, NOW, &lsn), -1);
	t_sys_disarm();
	assert_true(f->t.top->tail == before);
	assert_int_equal(f->t.top->seq, 1);
	assert_int_equal(f->t.top->dirty, 0);
	/* the next one takes its place */
	assert_true(append(f, 3, 1) == before);
}

static void
damage(struct fixture *f, tq_lsn lsn)
{
	struct tq_segment *s = tq_ledger_segment(&f->l, TQ_LSN_SEG(lsn));

	assert_non_null(s);
	assert_int_equal(tq_segment_write(s, "        ", 8, TQ_LSN_OFF(lsn) &
	    ~7U), 0);
}

/* How many looks it takes from lsn to a record, or to the end: *found 0. */
static unsigned
looks(struct fixture *f, tq_lsn lsn, tq_lsn *found)
{
	struct tq_rec r;
	unsigned n = 0;

	int rv;

	do {
		rv = tq_ledger_skip(&f->l, lsn, &lsn);
		assert_int_not_equal(rv, -1);
		n++;
	} while (rv == 1 && tq_ledger_peek(&f->l, lsn, &r) == NULL);
	*found = rv == 1 ? lsn : 0;
	return n;
}

static void
record_behind_a_hole_is_found_in_few_looks(void **state)
{
	struct fixture *f = *state;
	tq_lsn hole, one, two, behind, found;

	hole = append(f, 1, 16);
	one = append(f, 2, 16000);
	two = append(f, 3, 16000);
	behind = append(f, 4, 16);
	/* in neither of the two in between does its CRC hold */
	damage(f, one + 4000);
	damage(f, two + 4000);
	assert_in_range(looks(f, hole, &found), 2, 4);
	assert_true(found == behind);
}

static void
end_behind_a_hole_is_found_in_few_looks(void **state)
{
	struct fixture *f = *state;
	tq_lsn last = append(f, 1, 16), found;

	assert_in_range(looks(f, last, &found), 2, 1 + TQ_SEG_MIN / TQ_SKIP);
	assert_true(found == 0);
}

/* ---- room ------------------------------------------------------------------- */

static void
too_much_at_once_is_refused(void **state)
{
	struct fixture *f = *state;

	tq_ledger_begin(&f->l);
	add(f, 1, tq_ledger_max(&f->l));
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), -1);
	assert_int_equal(errno, EMSGSIZE);
}

static void
what_is_reserved_must_still_fit(void **state)
{
	struct fixture *f = *state;
	uint64_t free = TQ_SEG_MIN - TQ_SEG_HEAD;

	tq_ledger_begin(&f->l);
	add(f, 1, 1000);
	assert_int_equal(tq_ledger_fit(&f->l, free - f->l.buf.n, 0, NOW), 1);
	assert_int_equal(tq_ledger_fit(&f->l, free - f->l.buf.n + 1, 0, NOW), 0);
	/* another segment makes the room */
	prepare(f, 0);
	assert_int_equal(tq_ledger_fit(&f->l, free, 0, NOW), 1);
}

static void
full_segment_without_another_wants_one(void **state)
{
	struct fixture *f = *state;
	tq_lsn before;

	(void)append(f, 1, 16000);
	(void)append(f, 2, 16000);
	(void)append(f, 3, 16000);
	(void)append(f, 4, 16000);
	before = f->t.top->tail;
	tq_ledger_begin(&f->l);
	add(f, 5, 16000);
	assert_int_equal(tq_ledger_wants_segment(&f->l), 1);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), 0);
	assert_true(f->t.top->tail == before);
}

static void
prepared_segments_hold_what_was_asked(void **state)
{
	struct fixture *f = *state;

	prepare(f, 0);
	assert_int_equal(f->t.top->last, 2);
	prepare(f, 0);
	assert_int_equal(f->t.top->last, 2);
	prepare(f, 4 * TQ_SEG_MIN);
	tq_ledger_begin(&f->l);
	add(f, 1, 1000);
	assert_int_equal(tq_ledger_fit(&f->l, 4 * TQ_SEG_MIN - 2000, 0, NOW), 1);
}

/* Room of a segment that is prepared, or that the disk has room for. */
#define EMPTY	(TQ_SEG_MIN - TQ_SEG_MIN / 4 - TQ_SEG_HEAD - 48)

static void
what_is_kept_counts_segments_and_disk(void **state)
{
	struct fixture *f = *state;
	uint64_t room = tq_ledger_room(&f->l);

	tq_ledger_begin(&f->l);
	add(f, 1, 1000);
	f->t.top->left = TQ_OUTPUT_ROOM + 3 * TQ_SEG_MIN - 1;
	room += 2 * EMPTY - f->l.buf.n;
	assert_int_equal(tq_ledger_fit(&f->l, 0, room, NOW), 1);
	assert_int_equal(tq_ledger_fit(&f->l, 0, room + 1, NOW), 0);
	/* who brings tasks nearer to their end may take it */
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), 1);
	/* one more segment, which is one less that the disk has room for */
	prepare(f, 0);
	f->t.top->left = TQ_OUTPUT_ROOM + 2 * TQ_SEG_MIN - 1;
	assert_int_equal(tq_ledger_fit(&f->l, 0, room, NOW), 1);
	assert_int_equal(tq_ledger_fit(&f->l, 0, room + 1, NOW), 0);
}

static void
half_a_segment_is_kept_in_segments(void **state)
{
	struct fixture *f = *state;

	(void)append(f, 1, 16000);
	(void)append(f, 2, 16000);
	f->t.top->left = UINT64_C(1) << 40;
	tq_ledger_begin(&f->l);
	add(f, 3, 1000);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 1, NOW), 0);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 0, NOW), 1);
	assert_int_equal(tq_ledger_prepare(&f->l, f->l.buf.n, 1, 1, NOW,
	    &f->e), 0);
	assert_int_equal(tq_ledger_fit(&f->l, 0, 1, NOW), 1);
}

static void
no_segment_is_made_of_what_is_kept(void **state)
{
	const uint64_t most = UINT64_C(1) << 60;
	struct fixture *f = *state;

	assert_int_equal(tq_ledger_prepare(&f->l, 0, most, 1, NOW, &f->e), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(f->l.full, 1);
	assert_int_equal(f->t.top->last, 1);
	prepare(f, 0);
	assert_int_equal(f->t.top->last, 2);
	assert_int_equal(f->l.full, 0);
}

static void
every_task_has_its_share_of_what_is_kept(void **state)
{
	struct fixture *f = *state;
	uint64_t none = tq_ledger_kept(&f->l);

	f->t.top->ntasks = 10;
	assert_int_equal(tq_ledger_kept(&f->l), none + 10 * TQ_TASK_ROOM);
	f->t.top->done.n = 3;
	f->t.top->dead.n = 1;
	assert_int_equal(tq_ledger_kept(&f->l), none + 6 * TQ_TASK_ROOM +
	    4 * TQ_ENDED_ROOM);
}

static void
no_room_on_disk_is_enospc(void **state)
{
	struct fixture *f = *state;

	t_sys_arm(2, EDQUOT);
	assert_int_equal(tq_ledger_prepare(&f->l, 0, 0, 1, NOW, &f->e), -1);
	t_sys_disarm();
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(f->t.top->last, 1);
}

/* Fill the first segment and go on in the second; the record there. */
static tq_lsn
fill_and_rotate(struct fixture *f)
{
	prepare(f, 0);
	(void)append(f, 1, 16000);
	(void)append(f, 2, 16000);
	(void)append(f, 3, 16000);
	(void)append(f, 4, 16000);
	return append(f, 5, 16000);
}

static void
next_segment_begins_with_the_base(void **state)
{
	struct fixture *f = *state;
	struct tq_rec base, r;
	tq_lsn lsn;

	lsn = fill_and_rotate(f);
	assert_int_equal(TQ_LSN_SEG(lsn), 2);
	assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(2, TQ_SEG_HEAD), &base),
	    0);
	assert_int_equal(base.type, TQ_REC_BASE);
	assert_int_equal(base.number, 1);
	assert_int_equal(base.seq, 5);
	assert_int_equal(tq_ledger_read(&f->l, lsn, &r), 0);
	assert_int_equal(r.prev, base.crc);
	assert_int_equal(r.seq, 6);
	assert_int_not_equal(r.salt, 77);
}

static void
chain_goes_through_the_rotation(void **state)
{
	struct fixture *f = *state;
	struct tq_rec last, base;

	(void)fill_and_rotate(f);
	assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(1, TQ_SEG_HEAD), &last),
	    0);
	assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(1, TQ_SEG_HEAD +
	    3 * TQ_REC_ROOM(last.length)), &last), 0);
	assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(2, TQ_SEG_HEAD), &base),
	    0);
	assert_int_equal(base.prev, last.crc);
}

/* ---- reading ------------------------------------------------------------------ */

static void
no_record_is_ebadmsg(void **state)
{
	struct fixture *f = *state;
	tq_lsn lsn = append(f, 1, 100);
	struct tq_rec r;

	assert_int_equal(tq_ledger_read(&f->l, lsn + 8, &r), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(tq_ledger_read(&f->l, f->t.top->tail, &r), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(1, TQ_SEG_MIN), &r), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(9, TQ_SEG_HEAD), &r),
	    -1);
	assert_int_equal(errno, ENOENT);
}

static void
record_of_another_segment_is_refused(void **state)
{
	struct fixture *f = *state;
	tq_lsn lsn = append(f, 1, 100);
	struct tq_segment *s;
	unsigned char *copy;
	struct tq_rec r;

	/* its bytes hold, but they were not written here */
	s = tq_ledger_segment(&f->l, 1);
	assert_non_null(s);
	copy = f->l.buf.p;
	r = (struct tq_rec){ .type = TQ_REC_CTX, .salt = 78 };
	tq_rec_seal(copy, &r, f->l.pend[0].length);
	assert_int_equal(tq_segment_write(s, copy, f->l.buf.n,
	    TQ_LSN_OFF(lsn)), 0);
	assert_int_equal(tq_ledger_read(&f->l, lsn, &r), -1);
	assert_int_equal(errno, EBADMSG);
}

static void
mapped_ledger_reads_what_it_stored(void **state)
{
	struct fixture *f = *state;
	struct tq_rec r;
	uint32_t i;
	tq_lsn lsn;

	f->l.policy = TQ_SYNC_NONE;
	f->l.in_place = 1;
	prepare(f, 0);
	for (i = 1; i <= 1000; i++) {
		lsn = append(f, i, i % 100);
		assert_int_equal(tq_ledger_read(&f->l, lsn, &r), 0);
		assert_int_equal(r.number, i);
		if (tq_ledger_wants_segment(&f->l))
			prepare(f, 0);
	}
	assert_non_null(tq_ledger_segment(&f->l,
	    TQ_LSN_SEG(f->t.top->tail))->map);
}

static void
many_segments_go_through_few_descriptors(void **state)
{
	struct fixture *f = *state;
	struct tq_rec r;
	uint32_t i;

	for (i = 1; i <= 3 * TQ_LEDGER_CACHE; i++) {
		prepare(f, 0);
		assert_int_equal(tq_ledger_next(&f->l, NOW), 1);
	}
	for (i = 2; i <= 3 * TQ_LEDGER_CACHE + 1; i++) {
		assert_int_equal(tq_ledger_read(&f->l, TQ_LSN(i, TQ_SEG_HEAD),
		    &r), 0);
		assert_int_equal(r.seq, i - 1);
	}
}

/* ---- syncing ------------------------------------------------------------------ */

static void
commit_moves_durable_to_the_tail(void **state)
{
	struct fixture *f = *state;
	tq_lsn lsn = append(f, 1, 1);

	(void)append(f, 2, 1);
	assert_int_equal(tq_ledger_durable(&f->l, lsn + 1), 0);
	assert_int_equal(tq_ledger_commit(&f->l, lsn + 1), 0);
	assert_true(f->t.top->durable == f->t.top->tail);
	assert_int_equal(f->t.top->durable_seq, 2);
	assert_int_equal(tq_ledger_durable(&f->l, f->t.top->tail), 1);
}

static void
commit_of_the_durable_does_not_sync(void **state)
{
	struct fixture *f = *state;

	(void)append(f, 1, 1);
	assert_int_equal(tq_ledger_commit(&f->l, f->t.top->tail), 0);
	t_sys_arm(UINT32_MAX, EIO);
	assert_int_equal(tq_ledger_commit(&f->l, f->t.top->tail), 0);
	assert_int_equal(t_sys_disarm(), 0);
}

static void
policy_none_calls_all_durable(void **state)
{
	struct fixture *f = *state;

	(void)append(f, 1, 1);
	f->l.policy = TQ_SYNC_NONE;
	assert_int_equal(tq_ledger_durable(&f->l, f->t.top->tail), 1);
}

static void
failed_sync_is_never_repeated(void **state)
{
	struct fixture *f = *state;

	(void)append(f, 1, 1);
	t_sys_arm(1, EIO);
	assert_int_equal(tq_ledger_commit(&f->l, f->t.top->tail), -1);
	assert_int_equal(errno, EAGAIN);
	t_sys_disarm();
	/* the kernel would say 0 now, and lie */
	t_sys_arm(UINT32_MAX, EIO);
	assert_int_equal(tq_ledger_commit(&f->l, f->t.top->tail), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(t_sys_disarm(), 0);
	assert_true(f->t.top->durable == TQ_LSN(1, 0));
}

/* A leader that dies in its sync: robust mutexes notice a thread's end too. */
static void *
lead_and_die(void *sync)
{
	assert_int_equal(tq_lock_try(sync), 0);
	return NULL;
}

static void
heir_of_a_dead_leader_writes_again(void **state)
{
	struct fixture *f = *state;
	pthread_t leader;

	/* the kernel may have told the dead that its pages were lost */
	(void)append(f, 1, 1);
	assert_int_equal(pthread_create(&leader, NULL, lead_and_die,
	    &f->t.top->sync[0]), 0);
	assert_int_equal(pthread_join(leader, NULL), 0);
	t_sys_arm(UINT32_MAX, EIO);
	assert_int_equal(tq_ledger_commit(&f->l, f->t.top->tail), 0);
	assert_int_equal(t_sys_disarm(), 2);	/* pwrite(), fdatasync() */
	/* who inherits nothing syncs only */
	(void)append(f, 2, 1);
	t_sys_arm(UINT32_MAX, EIO);
	assert_int_equal(tq_ledger_commit(&f->l, f->t.top->tail), 0);
	assert_int_equal(t_sys_disarm(), 1);
}

/* A sync in which somebody passes its leader by, the first time. */
static struct {
	struct tq_top	*top;
	int		 calls, err;
} stop;

static int
sync_and_stop(int fd)
{
	(void)fd;
	if (stop.calls++ > 0)
		return 0;
	stop.top->lead = 1;
	errno = stop.err;
	return stop.err != 0 ? -1 : 0;
}

static int
commit_and_stop(struct fixture *f, int err)
{
	struct tq_sys real = tq_sys;
	int rv;

	(void)append(f, 1, 1);
	stop.top = f->t.top;
	stop.calls = 0;
	stop.err = err;
	tq_sys.fdatasync = sync_and_stop;
	rv = tq_ledger_commit(&f->l, f->t.top->tail);
	tq_sys = real;
	return rv;
}

static void
leader_who_was_passed_by_moves_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(commit_and_stop(f, 0), 0);
	assert_int_equal(stop.calls, 2);
	assert_true(f->t.top->durable == f->t.top->tail);
	assert_int_equal(f->t.top->durable_seq, 1);
}

static void
failure_of_one_who_was_passed_by_counts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(commit_and_stop(f, EIO), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(f->t.top->durable == TQ_LSN(1, 0));
	assert_true(f->t.top->fail_to == f->t.top->tail);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(record_is_read_where_it_was_put),
		TEST(long_record_is_read_whole),
		TEST(each_record_names_the_one_before),
		TEST(transaction_is_flagged_to_its_last),
		TEST(record_says_how_far_durable_is_behind),
		TEST(failed_write_changes_nothing),
		TEST(record_behind_a_hole_is_found_in_few_looks),
		TEST(end_behind_a_hole_is_found_in_few_looks),
		TEST(too_much_at_once_is_refused),
		TEST(what_is_reserved_must_still_fit),
		TEST(full_segment_without_another_wants_one),
		TEST(prepared_segments_hold_what_was_asked),
		TEST(what_is_kept_counts_segments_and_disk),
		TEST(half_a_segment_is_kept_in_segments),
		TEST(no_segment_is_made_of_what_is_kept),
		TEST(every_task_has_its_share_of_what_is_kept),
		TEST(no_room_on_disk_is_enospc),
		TEST(next_segment_begins_with_the_base),
		TEST(chain_goes_through_the_rotation),
		TEST(no_record_is_ebadmsg),
		TEST(record_of_another_segment_is_refused),
		TEST(mapped_ledger_reads_what_it_stored),
		TEST(many_segments_go_through_few_descriptors),
		TEST(commit_moves_durable_to_the_tail),
		TEST(commit_of_the_durable_does_not_sync),
		TEST(leader_who_was_passed_by_moves_nothing),
		TEST(failure_of_one_who_was_passed_by_counts),
		TEST(policy_none_calls_all_durable),
		TEST(failed_sync_is_never_repeated),
		TEST(heir_of_a_dead_leader_writes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
