/*
 * Settling: the outcome of an attempt and its output are one END record, so
 * that a crash leaves both or neither.  COMMIT POINT: the record is in the
 * ledger; it is durable before anybody outside is told (wait.c).
 *
 * Fencing: the END must be of the attempt that is under way.  Who held an
 * earlier one, comes after the task was revoked, or after his lease passed,
 * even if nobody has taken the task from him yet, gets ESTALE and changes
 * nothing.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/file.h"
#include "spool/lease.h"
#include "spool/verb.h"

/* Slot number of the attempt, 0 with ESTALE. */
static uint32_t
attempt_slot(struct tq_spool *sp, const struct tq_uuid *id, uint32_t hint,
    unsigned attempt)
{
	struct tq_slot *s = NULL;
	uint32_t n = hint;

	if (n == 0 || n > sp->t.top->slots.used ||
	    (s = tq_table_slot(&sp->t, n)) == NULL ||
	    memcmp(&s->id, id, sizeof(*id)) != 0) {
		n = tq_table_find(&sp->t, id);
		s = tq_table_slot(&sp->t, n);
	}
	if (s == NULL || s->state != TQ_STARTED || s->attempt != attempt ||
	    (s->flags & TQ_PF_LEASED && tq_lease_over(s->epoch))) {
		errno = ESTALE;
		return 0;
	}
	return n;
}

static int
stale(struct tq_err *e, unsigned attempt)
{
	return tq_fail(e, ESTALE, "attempt %u is over: the claim is no longer "
	    "yours", attempt);
}

/* When the result of a task with a keep of its own is to go; 0 not by time. */
static tq_time
own_keep(struct tq_spool *sp, const struct tq_slot *s, tq_time now)
{
	struct tq_rec r;

	/* what cannot be read now is kept rather than dropped */
	if (tq_ledger_read(&sp->l, s->put, &r) == -1 || r.put.keep < 0)
		return 0;
	return r.put.keep > INT64_MAX - now ? 0 : now + r.put.keep;
}

static int
encode(struct tq_spool *sp, const struct tq_rec *r, struct tq_err *e)
{
	tq_ledger_begin(&sp->l);
	if (tq_ledger_add(&sp->l, r) == -1)
		return tq_fail_sys(e, errno, "%s", sp->path);
	return 0;
}

/* What an END has to leave of room: all that is kept if it says much. */
static uint64_t
end_keep(const struct tq_spool *sp, const struct tq_rec *r)
{
	if (r->end.out.n + r->end.err.n <= TQ_SAY_ROOM)
		return 0;
	return tq_ledger_kept(&sp->l) - TQ_TASK_ROOM + TQ_ENDED_ROOM;
}

/* Under the lock; begun: what the record was encoded into.  As
 * tq_core_write(). */
static int
settle_locked(struct tq_spool *sp, struct tq_rec *r, uint32_t hint,
    uint64_t begun, tq_time now, struct tq_err *e)
{
	struct tq_slot *s;
	struct tq_wrow *w;
	uint32_t n;
	int rv;

	if ((n = attempt_slot(sp, &r->id, hint, r->end.attempt)) == 0)
		return stale(e, r->end.attempt);
	s = &sp->t.slots[n];
	r->hint = n;
	r->end.prev = s->end;
	r->end.start = s->time;
	r->end.end = now;
	if (TQ_STATE_ENDED(r->end.state) && s->flags & TQ_PF_KEEP)
		r->end.when = own_keep(sp, s, now);
	w = tq_table_owner(&sp->t, s->row);
	if (begun == sp->l.begun)
		tq_ledger_place(&sp->l, 0, r);
	else if (encode(sp, r, e) == -1)	/* a repair took the buffer */
		return -1;
	rv = tq_core_write(sp, r, (uint64_t)(sp->t.top->started - 1) *
	    tq_format_end_room(&sp->format), end_keep(sp, r), now, e);
	if (rv == 1 && w != NULL) {
		w->done += r->end.state == TQ_SUCCESS;
		w->failed += r->end.state == TQ_FAILURE;
	}
	return rv;
}

/*
 * The disk is full: let it say no more than an END may always say.  A part of a
 * stream might be taken for the whole, so a line stands for it.  0: it says no
 * more.
 */
static int
cut_outputs(const struct tq_spool *sp, struct tq_rec *r)
{
	static const char line[] = "[tq: cut, the disk is full]\n";
	struct tq_bytes *to[2] = { &r->end.out, &r->end.err };
	int i;

	if (end_keep(sp, r) == 0)
		return 0;
	for (i = 0; i < 2; i++)
		if (to[i]->n > TQ_SAY_ROOM / 2) {
			to[i]->p = line;
			to[i]->n = sizeof(line) - 1;
		}
	r->end.flags |= TQ_EF_CUT;
	return 1;
}

/*
 * Outputs that come as files, before the record that names them.  One that
 * cannot be stored, or takes what others need to be ended, is cut to what the
 * record takes, and marked so: an outcome is never refused for want of room.
 */
static void
store_outputs(struct tq_spool *sp, struct tq_rec *r, const int fd[2],
    int taken[2], unsigned char *cut, size_t max)
{
	static const uint8_t flag[2] = { TQ_EF_OUTFILE, TQ_EF_ERRFILE };
	struct tq_bytes *to[2] = { &r->end.out, &r->end.err };
	uint64_t *size[2] = { &r->end.out_size, &r->end.err_size };
	char name[TQ_FILE_NAME];
	ssize_t n;
	int i;

	taken[0] = taken[1] = 0;
	for (i = 0; i < 2; i++) {
		if (fd[i] == -1)
			continue;
		tq_file_name(name, &r->id, i == 0 ? TQ_FILE_OUT : TQ_FILE_ERR,
		    r->end.files);
		if (tq_ledger_spares(&sp->l) && tq_file_store(sp, name, fd[i],
		    size[i], &taken[i], NULL) == 0) {
			r->end.flags |= flag[i];
			continue;
		}
		n = tq_io_pread(fd[i], cut + (size_t)i * (max / 2), max / 2, 0);
		to[i]->p = (const char *)cut + (size_t)i * (max / 2);
		to[i]->n = n > 0 ? (size_t)n : 0;
		r->end.flags |= TQ_EF_CUT;
	}
}

int
tq_spool_settle(struct tq_spool *sp, const struct tq_uuid *id, uint32_t hint,
    unsigned attempt, struct tq_rec_end *end, const int fd[2], int taken[2],
    unsigned flags, struct tq_err *e)
{
	unsigned char cut[16 << 10];	/* tq_format_inline_max() at most */
	struct tq_turn t = { .rv = 0 };
	struct tq_rec r;
	uint64_t begun;

	memset(&r, 0, sizeof(r));
	r.type = TQ_REC_END;
	r.id = *id;
	r.end = *end;
	r.end.attempt = (uint16_t)attempt;
	r.end.files = (uint16_t)attempt;
	store_outputs(sp, &r, fd, taken, cut,
	    tq_format_inline_max(&sp->format));
	do {
		if (encode(sp, &r, e) == -1)
			return -1;
		begun = sp->l.begun;
		while (tq_turn_next(sp, &t, e))
			t.rv = settle_locked(sp, &r, hint, begun, t.now, e);
	} while (t.full && cut_outputs(sp, &r));
	if (t.rv == -1)
		return -1;
	tq_core_upkeep(sp, t.now);
	return flags & TQ_SETTLE_SYNC ? tq_core_keep(sp, sp->mine, e) : 0;
}

/* Under the lock; as tq_core_write(). */
static int
renew_locked(struct tq_spool *sp, const struct tq_uuid *id, uint32_t hint,
    unsigned attempt, tq_time lease, tq_time now, struct tq_err *e)
{
	struct tq_rec r = { .type = TQ_REC_TOUCH, .id = *id };
	struct tq_slot *s;
	tq_time given;
	uint32_t n;

	if ((n = attempt_slot(sp, id, hint, attempt)) == 0)
		return stale(e, attempt);
	s = &sp->t.slots[n];
	if (!(s->flags & TQ_PF_LEASED))
		return 1;		/* it lasts as long as its owner */
	given = tq_lease_bound(&sp->t, s, lease);
	r.st.due = tq_clock_deadline(now, given);
	r.st.epoch = tq_lease_end(given);
	return tq_core_write_one(sp, &r, 0, now, e);
}

int
tq_spool_renew(struct tq_spool *sp, const struct tq_uuid *id, uint32_t hint,
    unsigned attempt, tq_time lease, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };

	while (tq_turn_next(sp, &t, e))
		t.rv = renew_locked(sp, id, hint, attempt, lease, t.now, e);
	return t.rv == 1 ? tq_core_commit(sp, sp->mine, e) : -1;
}
