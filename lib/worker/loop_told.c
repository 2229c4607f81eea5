/* What a worker is told: by signals, by mails of tqctl and remote control. */
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/notify.h"
#include "base/signals.h"
#include "bound.h"
#include "loop_own.h"
#include "mail.h"

/*
 * timeout(1) and a shell's trap send TERM to us and again to our group: that
 * is one wish, not the second one that ends tasks at once.
 */
#define APART	(200 * TQ_MS)

void
tq_loop_happen(struct tq_loop *l, enum tq_life_event event)
{
	switch (tq_life_step(&l->life, event)) {
	case TQ_LIFE_NOTHING:
		return;
	case TQ_LIFE_CLAIM:
		tq_notify("READY=1");
		tq_hooks_worker(l->w->rules.hooks, TQ_HOOK_START, l->now);
		break;
	case TQ_LIFE_FINISH:
		break;
	case TQ_LIFE_DRAIN:
		l->deadline = tq_clock_deadline(l->now, l->w->grace);
		tq_face_stopping(l->w->grace);
		if (l->pool.busy > 0)
			tq_say(l->say, TQ_SAY_HINT, "waiting for %u that run; "
			    "a second signal ends them", l->pool.busy);
		break;
	case TQ_LIFE_TERM:
		l->deadline = tq_clock_deadline(l->now, TQ_KILL_AFTER);
		tq_pool_term(&l->pool, l->now);
		break;
	case TQ_LIFE_KILL:
		l->deadline = TQ_FOREVER;
		tq_pool_kill(&l->pool);
		break;
	case TQ_LIFE_LEAVE:
		break;
	}
	tq_say(l->say, TQ_SAY_STEP, "%s", tq_life_name(l->life));
}

void
tq_loop_size(struct tq_loop *l, unsigned size)
{
	if (size == l->pool.size)
		return;
	tq_pool_resize(&l->pool, size);
	tq_face_row(&l->face);
	tq_say(l->say, TQ_SAY_STEP, "%u places", l->pool.size);
}

/* Somebody wants more or fewer: of a range, both ends move. */
static void
resize(struct tq_loop *l, long by)
{
	long size = (long)l->pool.size + by;

	tq_scale_move(&l->scale, by, TQ_PLACES_MAX);
	if (size < (long)l->scale.min)
		size = (long)l->scale.min;
	tq_loop_size(l, size < (long)l->scale.max ? (unsigned)size :
	    l->scale.max);
}

/* Other bounds of the places, as -j min,max. */
static void
scale(struct tq_loop *l, unsigned least, unsigned most)
{
	unsigned size = l->pool.size;

	l->scale.min = least;
	l->scale.max = most;
	if (size < least)
		size = least;
	tq_loop_size(l, size < most ? size : most);
	tq_face_row(&l->face);
}

static void
on_signal(struct tq_loop *l, unsigned signo)
{
	switch (signo) {
	case SIGCHLD:
		tq_pool_reap(&l->pool);
		break;
	case SIGTERM:
	case SIGINT:
		if (l->life == TQ_LIFE_STOPPED && l->now - l->told >= APART)
			tq_hooks_kill(l->w->rules.hooks);
		if (l->told == 0 || l->now - l->told >= APART)
			tq_loop_happen(l, TQ_LIFE_STOP);
		l->told = l->now;
		break;
	case SIGQUIT:
		if (l->life == TQ_LIFE_STOPPED)
			tq_hooks_kill(l->w->rules.hooks);
		tq_loop_happen(l, TQ_LIFE_NOW);
		break;
	case SIGUSR1:
		resize(l, 1);
		break;
	case SIGUSR2:
		resize(l, -1);
		break;
	case SIGHUP:
		/* other settings of handlers are read for each task */
		tq_bounds_set(&l->w->rules);
		tq_pool_renew(&l->pool, l->now);
		tq_say(l->say, TQ_SAY_STEP, "settings are read again");
		break;
	}
}

void
tq_loop_signals(struct tq_loop *l)
{
	unsigned signo;

	while ((signo = tq_signals_next(l->signals)) != 0)
		on_signal(l, signo);
}

/* Of remote control: another queue or time limit. */
static void
change(struct tq_loop *l, const struct tq_mail *mail)
{
	struct tq_take *take = &l->pool.rules.take;
	struct tq_err e;
	int rv = 0;

	if (mail->verb == TQ_MAIL_LIMIT)
		rv = tq_remote_limit(&l->remote, mail->name, mail->soft,
		    mail->hard, &e);
	else if (mail->verb == TQ_MAIL_SERVE)
		rv = tq_remote_serve(&l->remote, take, mail->name, &e);
	else
		tq_remote_leave(take, mail->name);
	if (rv == -1)
		tq_say(l->say, TQ_SAY_WRONG, "%s", e.text);
	tq_face_queues(&l->face, take);
}

void
tq_loop_mails(struct tq_loop *l)
{
	char words[TQ_MAIL_MAX];
	struct tq_mail mail;
	struct tq_err e;

	while (tq_worker_mail(l->tq, words, sizeof(words), &e) == 1) {
		if (tq_mail_parse(&mail, words, &e) == -1) {
			tq_say(l->say, TQ_SAY_WRONG, "%s", e.text);
			continue;
		}
		switch (mail.verb) {
		case TQ_MAIL_PING:
			/* the answer is in its row */
			l->face.pong = mail.pong;
			tq_face_row(&l->face);
			break;
		case TQ_MAIL_STOP:
			/* unlike a second TERM, a second one says the same */
			if (l->life <= TQ_LIFE_FINISHING)
				tq_loop_happen(l, TQ_LIFE_STOP);
			break;
		case TQ_MAIL_GROW:
			resize(l, (long)mail.n);
			break;
		case TQ_MAIL_SHRINK:
			resize(l, -(long)mail.n);
			break;
		case TQ_MAIL_KILL:
			/* it may have ended meanwhile */
			(void)tq_pool_signal(&l->pool, mail.id.s, mail.sig,
			    l->now);
			break;
		case TQ_MAIL_SCALE:
			scale(l, mail.n, mail.most);
			break;
		case TQ_MAIL_SERVE:
		case TQ_MAIL_LEAVE:
		case TQ_MAIL_LIMIT:
			change(l, &mail);
			break;
		case TQ_MAIL_SAY:
			tq_say(l->say, TQ_SAY_WRONG, "%s", mail.text);
			break;
		}
	}
}
