/*
 * What goes on failing is said once, and again when it has gone on for long or
 * fails for another reason (pure).  Whatever there is to say, and in whichever
 * turns, it is no more than a few lines a minute.
 */
#ifndef TQ_BASE_ONCE_H
#define TQ_BASE_ONCE_H

#include <tq/types.h>

#define TQ_ONCE_AGAIN	(600 * TQ_SECOND)	/* the same text */
#define TQ_ONCE_APART	(10 * TQ_SECOND)	/* any, when all are taken */
#define TQ_ONCE_TEXTS	4

/* All zero: nothing was said. */
struct tq_once {
	struct {
		tq_time	 at;		/* 0: none */
		char	 text[256];	/* as much of it as is compared */
	} said[TQ_ONCE_TEXTS];
	tq_time		 last;
};

/* 1 if it is to be said now, which is remembered; 0.  Now is not 0. */
int	tq_once_due(struct tq_once *, const char *text, tq_time now);
/* It works again: whatever fails next is news. */
void	tq_once_reset(struct tq_once *);
#endif
