/*
 * How an attempt ended: from the status of its process, or its answer, what
 * was said on TQ_STATUS_FD, and what we did to it.  All fill p->end.
 */
#ifndef TQ_WORKER_ENDING_H
#define TQ_WORKER_ENDING_H

#include <sys/resource.h>

#include "answer.h"
#include "place.h"

/* As in a wait status: "exited with n". */
#define TQ_EXITED(n)	((n) << 8)

/* By the policy of the task. */
void	tq_ending_decide(struct tq_place *, int wstatus);
/* Say why, in words that need not last. */
void	tq_ending_why(struct tq_place *, const char *why);
/* What our having ended it makes of how it ended. */
void	tq_ending_cause(struct tq_place *);

/* Its process ended, and used what ru says; the place is ENDED. */
void	tq_ending_program(struct tq_place *, const struct tq_place_rules *,
	    int wstatus, const struct rusage *ru);
/* As if a program had exited with that status; the place is ENDED. */
void	tq_ending_status(struct tq_place *, int status, const char *why);
/* Its resident handler answered; the place is ENDED. */
void	tq_ending_answer(struct tq_place *, const struct tq_place_rules *,
	    const struct tq_answer *);
#endif
