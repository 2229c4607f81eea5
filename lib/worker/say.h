/*
 * What a worker has to say to people; who asked for it prints it.
 *
 * To the journal it goes as systemd likes it: a priority in front, and what is
 * known of a task as words that can be sought, in one form (logfmt):
 *
 *	<6>ended task=ID queue=mail attempt=1 state=failure status=2 why="..."
 */
#ifndef TQ_WORKER_SAY_H
#define TQ_WORKER_SAY_H

#include <tq/tq.h>

enum tq_say_level {
	TQ_SAY_WRONG,		/* something is wrong: always shown */
	TQ_SAY_NOTE,		/* nothing is, but it is good to know */
	TQ_SAY_STEP,		/* a task began or ended: with -v */
	TQ_SAY_HINT,		/* to who sits at a terminal: what to do next */
	TQ_SAY_NOW		/* and how things stand, in place of the last
				 * line like this; not with -v */
};

struct tq_say {
	int		 steps;		/* 0: no TQ_SAY_STEP */
	int		 terminal;	/* 0: no TQ_SAY_HINT, no TQ_SAY_NOW */
	int		 journal;	/* as the journal likes it */
	/* prints a sentence; for the journal a line, escaped already */
	void		(*fn)(void *arg, enum tq_say_level, const char *);
	void		*arg;
};

void	tq_say(const struct tq_say *, enum tq_say_level, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
/* That a task began to run program, and how it ended. */
void	tq_say_started(const struct tq_say *, const struct tq_claim *,
	    const char *program);
void	tq_say_ended(const struct tq_say *, const struct tq_claim *,
	    const struct tq_outcome *);
/* 1 if a descriptor is what $JOURNAL_STREAM says the journal reads. */
int	tq_say_journal(int fd);
#endif
