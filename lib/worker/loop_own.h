/*
 * What the files that make up the loop share: rounds are in loop.c, what it is
 * told to do in loop_told.c, what it finds to do in loop_claim.c.
 */
#ifndef TQ_WORKER_LOOP_OWN_H
#define TQ_WORKER_LOOP_OWN_H

#include "base/once.h"
#include "face.h"
#include "loop.h"
#include "peers.h"
#include "pool.h"
#include "remote.h"
#include "scale.h"
#include "states.h"

struct tq_loop {
	struct tq_worker *w;
	struct tq	*tq;
	const struct tq_say *say;
	int		 shown;		/* how it is, at a terminal */
	struct tq_pool	 pool;
	struct tq_cgroup cgroup;
	struct tq_scale	 scale;
	struct tq_remote remote;
	struct tq_peers	 peers;
	struct tq_face	 face;
	int		 epoll, signals;
	int		 alarm;		/* of the next timer, -1: none to be had */
	enum tq_life	 life;
	tq_time		 now;		/* CLOCK_BOOTTIME, once a round */
	tq_time		 deadline;	/* of TQ_LIFE_GRACE, TQ_FOREVER: none */
	tq_time		 told;		/* by TERM or INT to stop, 0: not yet */
	tq_time		 pause;		/* claim nothing before */
	tq_time		 weighed;	/* the load of the machine, */
	char		 heavy[24];	/* and what is over its bound, "" none */
	tq_time		 second;	/* what is done once a second, next */
	unsigned	 contrary;	/* times that a claim found nothing and
					 * a sleep something, in a row */
	struct tq_err	 gone;		/* why there is no broker any more */
	struct tq_once	 said;		/* complaints about the broker, */
	struct tq_once	 untold;	/* and why it takes no outcome */
	tq_time		 starved;	/* no descriptor since, 0: there are */
	int		 served;	/* it let us look for tasks once */
};

/* ---- loop_told.c ------------------------------------------------------- */

/* An event of its life: take the step that states.h draws for it. */
void	tq_loop_happen(struct tq_loop *, enum tq_life_event);
/* Have so many places from now on. */
void	tq_loop_size(struct tq_loop *, unsigned size);
/* Do what signals, and what mails, of now tell. */
void	tq_loop_signals(struct tq_loop *);
void	tq_loop_mails(struct tq_loop *);

/* ---- loop_claim.c ------------------------------------------------------ */

/*
 * Something outside fails: say it once, try again in a second.  A broker that
 * is gone for good, whose disk is, or who will never do what we ask, is not
 * waited for, nor are descriptors that nothing will give back.
 */
void	tq_loop_complain(struct tq_loop *, const struct tq_err *);
/* The same of an outcome that is not taken, which begins with the task's id. */
void	tq_loop_untold(struct tq_loop *, const struct tq_err *);
/* Claim what can be claimed; returns how long there is nothing to do. */
tq_time	tq_loop_claim(struct tq_loop *);
tq_time	tq_loop_keep(struct tq_loop *);
#endif
