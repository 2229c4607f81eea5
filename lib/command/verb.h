/*
 * The verbs of tqctl.  bin/tqctl.c has the table that help, parsing and
 * dispatch read; here is what a verb gets, and the verbs themselves.
 */
#ifndef TQ_COMMAND_VERB_H
#define TQ_COMMAND_VERB_H

#include <tq/tq.h>

#include "command/ids.h"
#include "command/options.h"
#include "command/print.h"

/* Options a verb may take, as bits. */
#define TQ_CTL_QUEUE	0x0001	/* -q */
#define TQ_CTL_STATE	0x0002	/* -s */
#define TQ_CTL_KEY	0x0004	/* -k */
#define TQ_CTL_LABEL	0x0008	/* -l */
#define TQ_CTL_SELECT	0x000f	/* all of these: the verb is for tasks */
#define TQ_CTL_STDIN	0x0010	/* -i */
#define TQ_CTL_WAIT	0x0020	/* -w */
#define TQ_CTL_TIMEOUT	0x0040	/* -t */
#define TQ_CTL_FORCE	0x0080	/* --force */
#define TQ_CTL_SALVAGE	0x0100	/* --salvage */
#define TQ_CTL_SIGNAL	0x0200	/* --signal */
#define TQ_CTL_MODE	0x0400	/* -m */
#define TQ_CTL_GROUP	0x0800	/* -g */
/* What else is special about it. */
#define TQ_CTL_DESTROYS	0x1000	/* tails of ids on a terminal only */
#define TQ_CTL_CLOSED	0x2000	/* runs without a broker */
#define TQ_CTL_LOOK	0x4000	/* changes nothing */
#define TQ_CTL_OWN	0x8000	/* outcomes are those of the broker itself */
#define TQ_CTL_MAKES	0x10000	/* makes a spool that is not there */

struct tq_ctl;

struct tq_verb_row {
	const char	*name;
	const char	*value;		/* the first operand, NULL: none */
	const char	*operands;	/* the others, as usage shows them */
	/* do it: the exit status, or -1 and e */
	int		 (*run)(struct tq_ctl *, struct tq_err *e);
	int		 act;		/* enum tq_verb, for tq_do(), or 0 */
	unsigned	 flags;		/* TQ_CTL_* */
	const char	*help;
};

/* One call of tqctl. */
struct tq_ctl {
	struct tq	*tq;		/* NULL: TQ_CTL_CLOSED */
	const struct tq_verb_row *verb;
	const struct tq_options *options;	/* those of tqctl */
	const char	*value;		/* NULL when the verb has none */
	int		 argc;		/* operands behind the value */
	char		**argv;
	/* from the options; those the verb does not take are not set */
	const char	**queues;
	size_t		 nqueues;
	unsigned	 states;
	const char	*key, *label, *signal, *mode, *group;
	int		 from_stdin, quiet, verbose, wait, force, salvage;
	tq_time		 timeout;
	/*
	 * How an attempt that exited with status ends; retries and the rules
	 * are the queue's.  Lib/worker decides it, and that room is not below
	 * this one.
	 */
	void		 (*decide)(struct tq_outcome *, const struct tq_info *,
			    int retries, const struct tq_rules *, int status);
	/* ids or claims made from the operands where the verb takes them */
	struct tq_ids	 ids;
	struct tq_ids	 named;		/* those before a selection made others */
	struct tq_print	 print;
};

/* Print what --help says of the verb of a tq_ctl. */
void	tq_verb_help(const struct tq_options *, const void *ctl);
/* Say what is wrong with the operands, and the verb's usage; exits 64. */
_Noreturn void tq_verb_usage(const struct tq_ctl *, const char *what);
/*
 * Check that operands are there, or selectors in their stead, before anything
 * is opened.  Nothing selected is a mistake, never "all": a script whose
 * variable is empty must not revoke everything.
 */
void	tq_verb_check_operands(const struct tq_ctl *);
/* Print how many were changed, with -v. */
void	tq_verb_changed(struct tq_ctl *, uint64_t changed);

/* left.c: say which of the ids named were not changed, and why. */
void	tq_verb_left(const struct tq_ctl *, uint64_t changed);

/* verb_claim.c */
int	tq_verb_done(struct tq_ctl *, struct tq_err *);
int	tq_verb_fail(struct tq_ctl *, struct tq_err *);
int	tq_verb_later(struct tq_ctl *, struct tq_err *);
int	tq_verb_touch(struct tq_ctl *, struct tq_err *);

/* verb_task.c: a tq_do() on tasks, on queues, on the broker. */
/*
 * Make a selection of the operands and selectors.  1, or 0 when operands
 * were given but "-" brought none: then nothing is selected, whatever the
 * selectors say.
 */
int	tq_verb_select(struct tq_select *sel, struct tq_ctl *, struct tq_err *);
int	tq_verb_tasks(struct tq_ctl *, struct tq_err *);
int	tq_verb_kill(struct tq_ctl *, struct tq_err *);
int	tq_verb_move(struct tq_ctl *, struct tq_err *);
int	tq_verb_pri(struct tq_ctl *, struct tq_err *);
int	tq_verb_queues(struct tq_ctl *, struct tq_err *);
int	tq_verb_drain(struct tq_ctl *, struct tq_err *);
int	tq_verb_broker(struct tq_ctl *, struct tq_err *);

/* verb_spool.c */
int	tq_verb_set(struct tq_ctl *, struct tq_err *);
int	tq_verb_get(struct tq_ctl *, struct tq_err *);
int	tq_verb_limit(struct tq_ctl *, struct tq_err *);
int	tq_verb_init(struct tq_ctl *, struct tq_err *);
int	tq_verb_check(struct tq_ctl *, struct tq_err *);

/* verb_transfer.c */
int	tq_verb_transfer(struct tq_ctl *, struct tq_err *);

/* verb_worker.c */
int	tq_verb_ping(struct tq_ctl *, struct tq_err *);
int	tq_verb_workers(struct tq_ctl *, struct tq_err *);
int	tq_verb_resize(struct tq_ctl *, struct tq_err *);
int	tq_verb_stop(struct tq_ctl *, struct tq_err *);
#endif
