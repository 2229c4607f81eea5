/*
 * A task: what to run, with what, when and how.  The struct is a view: every
 * pointer in it is borrowed, from the caller for a put, from the claim or
 * info that holds it otherwise.
 */
#ifndef TQ_TASK_H
#define TQ_TASK_H

#include <tq/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What kind of work a task is. */
enum tq_kind {
	TQ_KIND_BODY,		/* a body and nothing else */
	TQ_KIND_COMMAND,	/* argv, run with execvp(3) */
	TQ_KIND_SHELL,		/* argv[0] run by sh -c, the rest $1, $2, ... */
	TQ_KIND_NAMED,		/* a handler `name` of the worker's choosing */
	TQ_KIND_GROUP		/* no work: ends when all its members have */
};

/* When what a task waits for lets it run. */
enum tq_when {
	TQ_WHEN_OK,		/* all succeeded; else it fails with them */
	TQ_WHEN_FAIL,		/* all ended, at least one without success;
				 * else it is revoked: not needed */
	TQ_WHEN_ANY		/* all ended */
};

/* What a put does when an unended task has its key. */
enum tq_on_key {
	TQ_KEY_SKIP,		/* nothing: EEXIST, with the id of that task */
	TQ_KEY_REPLACE,		/* revoke the one that has not started */
	TQ_KEY_FOLLOW		/* at most one behind the one that runs */
};

/* Flags of a task. */
#define TQ_TASK_HOLD		0x01	/* wait for tqctl release */
#define TQ_TASK_ONCE		0x02	/* at most one start */
#define TQ_TASK_NORESULT	0x04	/* keep no output of a success */
#define TQ_TASK_JSON		0x08	/* named: args and kwargs are JSON text */
#define TQ_TASK_LOCAL		0x10	/* command put by a user of this spool */
#define TQ_TASK_OPEN		0x20	/* a group whose members come in later
					 * puts, until TQ_DO_SEAL; it fails if
					 * the handle is closed before */
#define TQ_TASK_CHORD		0x40	/* the outputs of `pipe` become JSON
					 * values, one a line */
#define TQ_TASK_PRI		0x80	/* somebody asked for pri: without it a
					 * broker may have another usual one */
#define TQ_TASK_FLAGS		0xff

struct tq_task {
	/* identity; id NULL: the put makes one */
	const char	*id;
	const char	*queue;		/* NULL: the broker's default */
	const char	*label;		/* for people and selectors, or NULL */
	const char	*parent, *root;	/* ids of the task that put it, or NULL */

	/* the work */
	enum tq_kind	 kind;
	unsigned	 flags;		/* TQ_TASK_* */
	const char	*name;		/* TQ_KIND_NAMED: the handler */
	int		 argc;
	const char *const *argv;	/* argc strings */
	int		 kwc;
	const char *const *kwargs;	/* kwc strings "name=value" */

	/* its stdin: n bytes at body.p, or, with body_fd >= 0, all of a file */
	struct tq_bytes	 body;
	int		 body_fd;	/* -1: none; read from offset 0 */

	/* where it runs; NULL and -1: the worker's own */
	const char	*dir;
	int		 umask;
	const char *const *env;		/* NULL-terminated "name=value", or NULL */
	int64_t		 uid;		/* of the submitter; set by the broker */

	/* when it runs */
	int		 pri;		/* 0 to 9, higher first */
	tq_time		 eta;		/* not before, 0: now */
	tq_time		 expires;	/* not started after, 0: never */

	/* after what, and beside what; ids may be of the same put */
	const char	*key;		/* one unended task of a key, or NULL */
	enum tq_on_key	 on_key;
	const char	*lane;		/* one after another in a lane, or NULL */
	const char *const *after;	/* nafter ids of tasks or groups */
	size_t		 nafter;
	enum tq_when	 when;
	const char	*pipe;		/* id whose stdout is its stdin, or NULL */
	const char	*group;		/* id of the group it is in, or NULL */
	const char *const *needs;	/* nneeds resources, "name=n" */
	size_t		 nneeds;

	/* what happens on failure, and what is kept; -1: the queue's rule */
	int		 retries;
	tq_time		 backoff;	/* longest first delay of a retry */
	unsigned	 factor;	/* of each next one, in thousandths */
	tq_time		 backoff_cap;	/* no delay is longer */
	tq_time		 soft, hard;	/* time limits, 0: none */
	const char	*limits;	/* others, as --limit of tqput(1) has
					 * them: "mem=2G,cpu=1h"; or NULL */
	tq_time		 keep;		/* of the result; -1: the queue's rule */
};

/* Set *t to an empty task of default priority, fds and limits at "not set". */
void	tq_task_init(struct tq_task *t);

/*
 * Check that a task may be put: names, ids, sizes, priorities, kind and
 * arguments agree.  Returns 0, or -1 with EINVAL or EMSGSIZE and a sentence
 * that quotes what was found.
 */
int	tq_task_check(const struct tq_task *t, struct tq_err *e);

/* 1 if s is a queue or handler name: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}. */
int	tq_name_valid(const char *s);
/* 1 if s can be an id: 1 to 255 bytes, none a control character. */
int	tq_id_valid(const char *s);

#ifdef __cplusplus
}
#endif
#endif
