/* What a worker has to say to people; who asked for it prints it. */
#ifndef TQ_WORKER_SAY_H
#define TQ_WORKER_SAY_H

enum tq_say_level {
	TQ_SAY_WRONG,		/* something is wrong: always shown */
	TQ_SAY_STEP		/* a task began or ended: with -v */
};

struct tq_say {
	int		 steps;		/* 0: no TQ_SAY_STEP */
	void		(*fn)(void *arg, enum tq_say_level,
			    const char *sentence);
	void		*arg;
};

void	tq_say(const struct tq_say *, enum tq_say_level, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
#endif
