/* The words that tqctl sends to a worker (pure). */
#ifndef TQ_WORKER_MAIL_H
#define TQ_WORKER_MAIL_H

#include <tq/types.h>

#define TQ_MAIL_MAX	512

enum tq_mail_verb {
	TQ_MAIL_PING, TQ_MAIL_STOP, TQ_MAIL_GROW, TQ_MAIL_SHRINK,
	TQ_MAIL_KILL, TQ_MAIL_SCALE, TQ_MAIL_SERVE, TQ_MAIL_LEAVE,
	TQ_MAIL_LIMIT, TQ_MAIL_SAY
};

struct tq_mail {
	enum tq_mail_verb verb;
	unsigned	 n;		/* grow, shrink: places; scale: the least, */
	unsigned	 most;		/* and the most of them */
	uint64_t	 pong;		/* ping: what to answer, 0: nothing */
	struct tq_id	 id;		/* kill: which task */
	int		 sig;		/* kill: TERM if not said */
	char		 name[TQ_NAME_MAX + 1];	/* serve, leave: a queue;
					 * limit: of tasks */
	tq_time		 soft, hard;	/* limit: 0 none */
	char		 text[TQ_MAIL_MAX];	/* say: a line for people */
};

/*
 * "ping [n]", "stop", "grow n", "shrink n", "kill id [signal]", where signal is
 * a number or a name with or without SIG; "scale min max", "serve queue",
 * "leave queue", "limit name soft hard" with times in ns; "say text", of the
 * broker.  EINVAL, quoted.
 */
int	tq_mail_parse(struct tq_mail *out, const char *words,
	    struct tq_err *);
#endif
