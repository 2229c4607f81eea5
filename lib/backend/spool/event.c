/*
 * The ledger as a stream of events.
 *
 * Records are taken one at a time, and told once the spool is out of its
 * reading: a foreign id must be looked up, and who is told may call back.
 */
#include <errno.h>
#include <string.h>

#include "backend/spool/local.h"
#include "backend/spool/translate.h"
#include "base/arena.h"
#include "base/clock.h"
#include "spool/setting.h"

struct event {
	struct tq_event	 ev;
	struct tq_uuid	 number;
	struct tq_arena	 mem;		/* of ev.queue and ev.why */
	int		 taken;
};

/* ---- from a record ---------------------------------------------------- */

static enum tq_state
state_of_put(const struct tq_rec *r)
{
	if (r->put.flags & TQ_PF_HOLD)
		return TQ_HELD;
	return r->put.eta > r->time ? TQ_DELAYED : TQ_READY;
}

static void
from_end(struct event *v, const struct tq_rec *r)
{
	struct tq_outcome o;
	int cut;

	v->ev.state = (enum tq_state)r->end.state;
	v->ev.attempt = r->end.attempt;
	/* what cannot be read is told without its reason */
	if (tq_translate_end(&o, &cut, &v->mem, &r->end, NULL, NULL) == -1)
		return;
	v->ev.status = o.status;
	v->ev.why = o.why;
}

/* "paused limit=100 keep=1d": what now holds; see apply.c of lib/spool. */
static void
from_queue(struct event *v, const struct tq_rec *r)
{
	struct tq_settings set;
	struct tq_buf b;
	struct tq_cur c;
	char value[1024];
	unsigned flags;
	int i;

	tq_cur_init(&c, r->bytes.p, r->bytes.n);
	flags = tq_cur_byte(&c);
	if (tq_settings_decode(&set, &c) == -1)
		return;
	tq_buf_init(&b);
	if (flags & 1)
		tq_buf_str(&b, " paused");
	if (flags & 2)
		tq_buf_str(&b, " closed");
	for (i = 0; i < TQ_NSETTINGS; i++) {
		if (!(set.is_set & TQ_SET_BIT(i)) ||
		    tq_setting_name(i) == NULL)
			continue;
		tq_setting_format(i, &set, &set, value, sizeof(value));
		tq_buf_printf(&b, " %s=%s", tq_setting_name(i), value);
	}
	if (b.n > 1 && tq_buf_ok(&b))
		v->ev.why = tq_arena_copy(&v->mem, b.p + 1, b.n - 1);
	tq_buf_fini(&b);
}

/* 1 if the record is an event, which is taken; 0 if it is housekeeping. */
static int
take(const struct tq_rec *r, const char *queue, void *arg)
{
	struct event *v = arg;
	struct tq_event *ev = &v->ev;

	memset(ev, 0, sizeof(*ev));
	ev->status = -1;
	switch (r->type) {
	case TQ_REC_PUT:
		ev->type = TQ_EV_PUT;
		ev->state = state_of_put(r);
		break;
	case TQ_REC_CLAIM:
		ev->type = TQ_EV_CLAIM;
		ev->state = TQ_STARTED;
		ev->attempt = r->st.attempt;
		break;
	case TQ_REC_END:
		ev->type = TQ_EV_END;
		from_end(v, r);
		break;
	case TQ_REC_ALTER:
		ev->type = TQ_EV_ALTER;
		ev->state = (enum tq_state)r->st.state;
		ev->attempt = r->st.attempt;
		if (r->why.n > 0)
			ev->why = tq_arena_copy(&v->mem, r->why.p, r->why.n);
		break;
	case TQ_REC_FORGET:
		ev->type = TQ_EV_FORGET;
		break;
	case TQ_REC_QUEUE:
		ev->type = TQ_EV_SET;
		from_queue(v, r);
		break;
	case TQ_REC_RMQ:
		ev->type = TQ_EV_SET;
		ev->why = "removed";
		break;
	default:
		return 0;
	}
	ev->seq = r->seq;
	ev->time = r->time;
	if (ev->type == TQ_EV_SET && r->name.n > 0)
		ev->queue = tq_arena_copy(&v->mem, r->name.p, r->name.n);
	else if (ev->type != TQ_EV_SET && queue != NULL)
		ev->queue = tq_arena_copy(&v->mem, queue, strlen(queue));
	v->number = r->id;
	if (ev->type == TQ_EV_PUT)
		tq_translate_id(&ev->id, &r->id, r->put.foreign);
	v->taken = 1;
	return 1;
}

/* ---- telling ---------------------------------------------------------- */

/* The next event: 1, 0 none before the (monotonic) deadline, -1. */
static int
next(struct tq_local *l, uint64_t *seq, tq_time deadline, struct event *v,
    struct tq_err *e)
{
	tq_time left;
	int rv;

	tq_arena_reset(&v->mem);
	v->taken = 0;
	do {
		left = deadline == TQ_FOREVER ? TQ_FOREVER :
		    deadline - tq_clock_mono();
		rv = tq_spool_events(l->sp, seq, left < 0 ? 0 : left, take, v,
		    e);
		if (v->taken) {
			/* of a foreign id other records have the number only */
			if (v->ev.type != TQ_EV_SET && v->ev.type != TQ_EV_PUT)
				tq_local_name(l, &v->number, &v->ev.id);
			return 1;
		}
		/* records that are no events do not end the wait */
	} while (rv > 0);
	return rv;
}

int
tq_local_events(void *b, uint64_t *seq, tq_time timeout,
    int (*each)(const struct tq_event *, void *), void *arg, struct tq_err *e)
{
	struct tq_local *l = b;
	tq_time deadline = tq_clock_deadline(tq_clock_mono(), timeout);
	struct event v = { .taken = 0 };
	int rv, seen = 0;

	tq_arena_init(&v.mem);
	while ((rv = next(l, seq, deadline, &v, e)) == 1) {
		seen++;
		deadline = 0;		/* of what there is now, no more */
		if ((rv = each(&v.ev, arg)) != 0)
			break;
	}
	tq_arena_fini(&v.mem);
	return rv != 0 ? rv : seen;
}
