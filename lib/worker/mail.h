/* The words that tqctl sends to a worker (pure). */
#ifndef TQ_WORKER_MAIL_H
#define TQ_WORKER_MAIL_H

#include <tq/types.h>

enum tq_mail_verb {
	TQ_MAIL_PING, TQ_MAIL_STOP, TQ_MAIL_GROW, TQ_MAIL_SHRINK, TQ_MAIL_KILL
};

struct tq_mail {
	enum tq_mail_verb verb;
	unsigned	 n;		/* grow, shrink: places */
	uint64_t	 pong;		/* ping: what to answer, 0: nothing */
	struct tq_id	 id;		/* kill: which task */
	int		 sig;		/* kill: TERM if not said */
};

/*
 * "ping [n]", "stop", "grow n", "shrink n", "kill id [signal]", where signal is
 * a number or a name with or without SIG.  EINVAL, quoted.
 */
int	tq_mail_parse(struct tq_mail *out, const char *words,
	    struct tq_err *);
#endif
