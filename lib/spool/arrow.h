/*
 * The arrows between the states of a task, as tq_spool(5) has them under
 * "States": what can happen to a task, in which states it can, and to which
 * each leads.  Who writes the record of an arrow asks here whether there is
 * one; tests/unit/test_model.c compares these with the page.
 */
#ifndef TQ_SPOOL_ARROW_H
#define TQ_SPOOL_ARROW_H

#include <tq/types.h>

enum tq_arrow {
	TQ_ARROW_PUT,
	TQ_ARROW_CLAIM,
	TQ_ARROW_SETTLE,
	TQ_ARROW_CRASH,		/* its owner died, or its lease passed */
	TQ_ARROW_EXPIRE,
	TQ_ARROW_DUE,
	TQ_ARROW_EARLY,		/* the clock was set back */
	TQ_ARROW_HOLD,
	TQ_ARROW_RELEASE,
	TQ_ARROW_REVOKE,
	TQ_ARROW_DOWN,		/* with its group, or replaced */
	TQ_ARROW_RETRY,		/* by a person */
	TQ_ARROW_ORPHAN,	/* a group without who puts its members */
	TQ_ARROW_JUDGE,		/* by what it waits for */
	TQ_ARROW_UNBLOCK,
	TQ_ARROW_BLOCK,
	TQ_ARROW_REOPEN,	/* what ended it was reopened */
	TQ_ARROW_FORGET,
	TQ_ARROW_RETURN,	/* from a transfer that was refused */
	TQ_NARROWS
};

/* The states that an arrow leads to, a bit each; 0: there is none from here. */
unsigned tq_arrow_leads(enum tq_arrow, enum tq_state from);
/* 1 if it leads from one to the other. */
int	tq_arrow_is(enum tq_arrow, enum tq_state from, enum tq_state to);
/* Its word in tq_spool(5). */
const char *tq_arrow_name(enum tq_arrow);
#endif
