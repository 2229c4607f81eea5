/*
 * What a transfer to another broker does here (tqctl transfer).
 *
 * A task on its way is held, and marked with a number of the place it goes to:
 * the `epoch` of a held slot, and in the ALTER that holds it.  So it starts
 * here no more, whoever is killed; and who comes again with the same place
 * knows that it may be there already, as with any other place that it must not
 * be put there.
 *
 *	HOLD	line, held -> held and marked
 *	RELEASE	marked -> as it was, what was in line at the end of it
 *	REVOKE	marked -> revoked, with an outcome that says where it went
 *
 * Rules
 *  1. Only what is tied to no other task may go: its end here would be the end
 *     of what waits for it, and there nobody knows what it waits for.  A key is
 *     no tie, unless somebody follows.  All this is looked at under the lock,
 *     in the transaction that marks, and nobody can come to wait for one that
 *     is marked: a put that names it is refused.
 *  2. `row` says what a marked one was (TQ_WAS_*): what was held is held when it
 *     comes back, what waited to be tried again does.  Who had a lane keeps it
 *     meanwhile: what stands behind it in the lane must not start before it.
 *  3. A marked task is released, revoked, moved and given a priority by force
 *     only.
 *  4. A full disk has room to mark a task, once, and to end it with the `brief`
 *     outcome: ledger.h, TQ_TASK_ROOM.  To give it back, to mark it for another
 *     place, and for the whole outcome, free room is needed.  So a task that is
 *     refused there, and cannot be given back, stays marked, and the room for
 *     its end stays, too, however often it is tried.
 *  5. One handle at a time does it, which holds byte 2 of SPOOL/lock: that a
 *     task was marked before means that its transfer was cut off.
 */
#define _GNU_SOURCE	/* F_OFD_SETLK */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "spool/arrow.h"
#include "spool/gate.h"
#include "spool/graph.h"
#include "spool/verb.h"

#define BYTE	2		/* of SPOOL/lock; share.c has 0 and 1 */

uint32_t
tq_transfer_mark(const struct tq_slot *s)
{
	return s->state == TQ_HELD ? s->epoch : 0;
}

int
tq_transfer_is_kept(enum tq_verb verb, unsigned flags,
    const struct tq_spool_transfer *tr)
{
	return verb == TQ_DO_HOLD ? !(flags & TQ_DO_FORCE) :
	    verb == TQ_DO_REVOKE && tr->meta.p == tr->brief.p;
}

/* Rule 1. */
static int
is_tied(struct tq_table *t, const struct tq_slot *s)
{
	const struct tq_ext *x = tq_table_ext(t, s);

	return x != NULL && (x->in != 0 || x->out != 0 ||
	    x->flags & (TQ_XF_GROUP | TQ_XF_TIED));
}

/* What one that is held becomes when it is let go, and waits for no other. */
static enum tq_state
was(const struct tq_slot *s, tq_time now)
{
	if (s->due <= now)
		return TQ_READY;
	return tq_transfer_mark(s) != 0 && s->row & TQ_WAS_RETRY ? TQ_RETRY :
	    TQ_DELAYED;
}

void
tq_transfer_release(struct tq_rec *r, struct tq_table *t,
    const struct tq_slot *s, tq_time now)
{
	r->st.row = 0;
	r->st.epoch = 0;
	r->st.state = s->attempt == 0 && tq_graph_waits(t, s) ? TQ_BLOCKED :
	    was(s, now);
	r->st.seq = t->top->seq + 1;	/* a new place in line */
	tq_alter_why(r, "released");
}

static uint16_t
what_it_is(struct tq_table *t, const struct tq_slot *s)
{
	return (s->state == TQ_HELD ? TQ_WAS_HELD : 0) |
	    (s->state == TQ_RETRY ? TQ_WAS_RETRY : 0) |
	    (tq_gate_has_lane(t, s) ? TQ_WAS_LANE : 0);
}

static int
hold(struct tq_rec *r, unsigned flags, uint32_t to, struct tq_table *t,
    const struct tq_slot *s)
{
	uint32_t mark = tq_transfer_mark(s);

	if (is_tied(t, s) || mark == to || (mark != 0 &&
	    !(flags & TQ_DO_FORCE)) || (s->state != TQ_HELD &&
	    !tq_arrow_leads(TQ_ARROW_HOLD, s->state)))
		return 0;
	if (mark == 0)
		r->st.row = what_it_is(t, s);
	r->st.state = TQ_HELD;
	r->st.epoch = to;
	tq_alter_why(r, "transfer");
	return 1;
}

int
tq_transfer_decide(struct tq_rec *r, enum tq_verb verb, unsigned flags,
    const struct tq_spool_transfer *tr, struct tq_table *t,
    const struct tq_slot *s, tq_time now)
{
	tq_alter_record(r, s);
	if (verb == TQ_DO_HOLD)
		return hold(r, flags, tr->mark, t, s);
	if (tq_transfer_mark(s) != tr->mark)
		return 0;
	switch (verb) {
	case TQ_DO_RELEASE:
		tq_transfer_release(r, t, s, now);
		if (s->row & TQ_WAS_HELD) {
			r->st.state = TQ_HELD;
			r->st.seq = s->seq;
			tq_alter_why(r, "held");
		}
		return 1;
	case TQ_DO_REVOKE:
		tq_end_record(r, s, TQ_REVOKED, TQ_EF_NOCLAIM, now);
		r->end.meta = tr->meta;
		return 1;
	default:
		return 0;
	}
}

int
tq_transfer_lock(struct tq_spool *sp, struct tq_err *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = BYTE, .l_len = 1 };
	int num;

	if (sp->transfer != -1)
		return 0;
	sp->transfer = openat(sp->dirfd, "lock", O_RDWR | O_CLOEXEC |
	    O_NOFOLLOW);
	if (sp->transfer == -1)
		return tq_fail_sys(e, errno, "%s/lock", sp->path);
	if (fcntl(sp->transfer, F_OFD_SETLK, &fl) == 0)
		return 0;
	num = errno;
	(void)close(sp->transfer);
	sp->transfer = -1;
	if (num == EAGAIN || num == EACCES)
		return tq_fail(e, EBUSY, "%s: somebody else is transferring "
		    "tasks", sp->path);
	return tq_fail_sys(e, num, "%s/lock", sp->path);
}
