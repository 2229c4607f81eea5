/* What may not start yet, kept in the spool here; see hold.h. */
#include "hold.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"

#define LOOK_AGAIN	TQ_SECOND	/* for what others put there */

/* Labels, for tqstat(1). */
#define LABEL_RETRY	"retry"
#define LABEL_ETA	"eta"

/* It waits on the broker then; said once until it works again. */
static int
keep(void *arg, const char *token, tq_time due, int retry,
    struct tq_bytes text, struct tq_err *e)
{
	struct tq_hold *h = arg;
	struct tq_task t;
	struct tq_id id;

	tq_task_init(&t);
	t.id = token;
	t.queue = h->queue;
	t.label = retry ? LABEL_RETRY : LABEL_ETA;
	t.kind = TQ_KIND_BODY;
	t.flags = TQ_TASK_NORESULT;
	t.eta = due;
	t.keep = 0;
	t.body = text;
	if (tq_put(h->spool, &t, 0, &id, e) == -1) {
		if (!h->failed)
			tq_say(h->say, TQ_SAY_WRONG, "--local-hold: %s; left "
			    "with the broker", e->text);
		h->failed = 1;
		return -1;
	}
	h->failed = 0;
	if (due < h->next)
		h->next = due;
	return 0;
}

int
tq_hold_open(struct tq_hold *h, struct tq *broker, const struct tq_say *say,
    struct tq_err *e)
{
	memset(h, 0, sizeof(*h));
	h->broker = broker;
	h->say = say;
	h->holder.keep = keep;
	h->holder.arg = h;
	tq_claim_init(&h->claim);
	/* each put must be on disk before the broker lets go of it */
	if (tq_open(&h->spool, "spool:", "spool:", TQ_OPEN_ONESHOT, e) == -1)
		return -1;
	if (tq_worker_hold(broker, &h->holder, h->queue, e) == -1 ||
	    /* dying is no fault of what is given back */
	    tq_set(h->spool, h->queue, "crashes", "0", e) == -1) {
		tq_hold_close(h);
		return -1;
	}
	return 0;
}

void
tq_hold_close(struct tq_hold *h)
{
	tq_claim_fini(&h->claim);
	tq_close(h->spool);
	h->spool = NULL;
}

/* The body of what was claimed; *mem, to be freed, may hold it. */
static int
body(struct tq_bytes *out, void **mem, const struct tq_task *t,
    struct tq_err *e)
{
	struct stat st;
	ssize_t n;

	*mem = NULL;
	*out = t->body;
	if (t->body_fd < 0)
		return 0;
	if (fstat(t->body_fd, &st) == -1 ||
	    (*mem = malloc((size_t)st.st_size + 1)) == NULL ||
	    (n = tq_io_pread(t->body_fd, *mem, (size_t)st.st_size, 0)) == -1)
		return tq_fail_sys(e, errno, "--local-hold: %s", t->id);
	out->p = *mem;
	out->n = (size_t)n;
	return 0;
}

/* Give one back: 0, or -1 and it stays. */
static int
release(struct tq_hold *h, struct tq_err *e)
{
	struct tq_outcome o;
	struct tq_bytes text;
	struct tq_err ignored;
	void *mem;
	int rv;

	if ((rv = body(&text, &mem, &h->claim.task, e)) == 0)
		rv = tq_worker_release(h->broker, h->claim.ref.id.s, text, e);
	free(mem);
	/* what cannot be read was not written by us: people may look at it */
	if (rv == -1 && e->num == EBADMSG) {
		tq_outcome_init(&o, TQ_FAILURE);
		o.why = "no message of a broker";
	} else if (rv == -1) {
		tq_outcome_init(&o, TQ_RETRY);
		o.when = tq_clock_wall() + LOOK_AGAIN;
	} else {
		tq_outcome_init(&o, TQ_SUCCESS);
	}
	/* at worst it is done again, and the broker says that it is void */
	(void)tq_settle(h->spool, &h->claim.ref, &o, 0, &ignored);
	return rv == -1 && o.state == TQ_RETRY ? -1 : 0;
}

int
tq_hold_tick(struct tq_hold *h, tq_time *wait, struct tq_err *e)
{
	const struct tq_take take = {
		.queue = { h->queue }, .nqueues = 1,
	};
	tq_time now = tq_clock_wall();
	int rv = 0;

	*wait = TQ_SECOND;
	if (h->spool == NULL)
		return 0;
	if (now >= h->next) {
		h->next = now + LOOK_AGAIN;
		while ((rv = tq_claim(h->spool, &take, &h->claim, e)) == 1)
			if (release(h, e) == -1 && e->num != EAGAIN) {
				rv = -1;
				break;
			}
	}
	if (h->next - now < *wait)
		*wait = h->next > now ? h->next - now : 0;
	return rv;
}
