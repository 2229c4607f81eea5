/*
 * Settings of a handler: the file `name.conf` beside its program.  A line is
 * a key and its value; blank lines and those that begin with # are skipped.
 *
 *	backoff base[,factor[,cap]]
 *				delays of retries, for tasks that say nothing
 *	concurrency n		tasks of the name that run at once, over all
 *				workers; 0 no limit
 *	dashdash yes|no		put "--" before the operands
 *	env NAME=VALUE		into its environment; may be repeated
 *	ionice idle|0-7		as tqrun --ionice
 *	later n			ends with "try later" that it may have
 *	limit name=value,...	as tqrun --limit
 *	nice n			as tqrun --nice
 *	operands yes|no		give it operands; no: it reads them in the task
 *	permanent list		statuses that are not worth a retry
 *	rate n/time		starts of tasks of the name, over all workers
 *	result auto|text|json|none
 *				what a success has written to stdout: JSON
 *				or text as it reads, text, JSON or it is
 *				none, or what nobody wants
 *	retries n		for tasks that say nothing
 *	temporary list		statuses that mean "try later"
 *	time-limit soft[,hard]	as tqrun -T
 */
#ifndef TQ_WORKER_CONF_H
#define TQ_WORKER_CONF_H

#include <tq/tq.h>

#include "base/arena.h"
#include "message/limits.h"

#define TQ_CONF_ENV_MAX	32		/* variables */

enum tq_conf_result {
	TQ_RESULT_AUTO, TQ_RESULT_JSON, TQ_RESULT_NONE, TQ_RESULT_TEXT
};

/* What of its rules a handler sets. */
#define TQ_CONF_BACKOFF		0x01
#define TQ_CONF_LATER		0x02
#define TQ_CONF_PERMANENT	0x04
#define TQ_CONF_TEMPORARY	0x08

struct tq_conf {
	unsigned	 set;		/* TQ_CONF_* of the rules */
	struct tq_rules	 rules;
	struct tq_limits limits;
	tq_time		 soft, hard;	/* 0: none */
	int		 retries;	/* -1: not said */
	int		 dashdash, operands;
	/* as tqctl cap and rate take them, in the arena; NULL: not said */
	const char	*concurrency, *rate;
	enum tq_conf_result result;
	/* "NAME=VALUE", NULL-terminated, strings in the arena */
	const char	*env[TQ_CONF_ENV_MAX + 1];
	size_t		 nenv;
};

/* Nothing is set. */
void	tq_conf_init(struct tq_conf *);
/*
 * Set what the text says.  EINVAL: "file:line: ...", EMSGSIZE: too many
 * variables, ENOMEM; *out is undefined then.
 */
int	tq_conf_parse(struct tq_conf *out, struct tq_arena *mem,
	    const char *file, const char *text, struct tq_err *e);
/* Let the handler's rules stand before those of the task's queue. */
void	tq_conf_rules(struct tq_rules *, const struct tq_conf *);
/*
 * The settings of the handler whose program is at path; nothing is set when
 * it has no file.  Besides tq_conf_parse()'s: EPERM somebody else may have
 * written the file, EMSGSIZE it is too long, and those of open(2).
 */
int	tq_conf_read(struct tq_conf *out, struct tq_arena *mem,
	    const char *path, struct tq_err *e);
#endif
