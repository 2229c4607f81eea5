/*
 * What a system must offer to be a broker or a result store of tq.
 *
 * A module is one shared object, $(libdir)/tq/<scheme>.so, that exports
 * `const struct tq_module tq_module`.  The spool and null are built in.  A
 * missing operation is NULL: the client answers ENOTSUP for it.  What each
 * operation means, returns and fails with is said in tq/tq.h at the call of
 * the same name; `b` is what open returned.  The client has checked every
 * argument already: tasks by tq_task_check(), ids, names and sizes; a task
 * or a claim without a queue has got the default one.
 *
 * What open is given lives until it returns.  The `mem` of a struct tq_claim
 * or tq_info is NULL at first, and then what tq_arena_reuse() of
 * lib/base/arena.h made: the client frees it.
 */
#ifndef TQ_BACKEND_H
#define TQ_BACKEND_H

#include <tq/tq.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TQ_BACKEND_VERSION	1

/* A URL in parts, percent-decoded; NULL: not given. */
struct tq_url {
	const char	*scheme;
	const char	*user, *password, *host, *path;
	int		 port;			/* 0: not given */
	const char	*query;			/* "a=b&c=d", still encoded */
};

struct tq_broker_ops {
	/* open and close: mandatory; flags are TQ_OPEN_* */
	int	(*open)(void **b, const struct tq_url *, unsigned flags,
		    struct tq_err *);
	void	(*close)(void *b);
	/*
	 * Keep the results too, at that URL of the same scheme: the broker's
	 * settle does what the store's put would, and its `b` is given to the
	 * store, which is then not opened.
	 */
	int	(*results)(void *b, const struct tq_url *, unsigned flags,
		    struct tq_err *);
	const char *(*dir)(void *b);		/* of a spool */
	int	(*put)(void *b, const struct tq_task *, size_t n,
		    tq_time timeout, struct tq_id *out, struct tq_err *);
	int	(*known)(void *b, const char *const *ids, size_t n,
		    unsigned char *known, struct tq_err *);
	int	(*same)(void *b, const struct tq_task *, struct tq_err *);
	int	(*tick)(void *b, const struct tq_tick *, const struct tq_task *,
		    tq_time timeout, struct tq_id *out, struct tq_err *);
	int	(*last)(void *b, const char *schedule, tq_time *at,
		    struct tq_err *);
	int	(*sync)(void *b, struct tq_err *);
	int	(*claim)(void *b, const struct tq_take *, struct tq_claim *,
		    struct tq_err *);
	int	(*settle)(void *b, const struct tq_ref *, struct tq_outcome *,
		    unsigned flags, struct tq_err *);
	tq_time	(*alive)(void *b);
	int	(*renew)(void *b, const struct tq_ref *, tq_time lease,
		    struct tq_err *);
	int	(*list)(void *b, const struct tq_select *,
		    int (*each)(const struct tq_info *, void *), void *,
		    struct tq_err *);
	int	(*wait_idle)(void *b, const char *const *queues, size_t n,
		    tq_time timeout, struct tq_err *);
	int	(*queues)(void *b,
		    int (*each)(const struct tq_queue_info *, void *), void *,
		    struct tq_err *);
	int	(*workers)(void *b,
		    int (*each)(const struct tq_worker_info *, void *),
		    void *, struct tq_err *);
	int	(*events)(void *b, uint64_t *seq, tq_time timeout,
		    int (*each)(const struct tq_event *, void *), void *,
		    struct tq_err *);
	int	(*act)(void *b, enum tq_verb, const struct tq_select *,
		    const char *value, unsigned flags, uint64_t *changed,
		    struct tq_err *);
	int	(*set)(void *b, const char *queue, const char *name,
		    const char *value, struct tq_err *);
	int	(*settings)(void *b, const char *queue,
		    int (*each)(const char *, const char *, int, void *),
		    void *, struct tq_err *);
	int	(*check)(void *b, unsigned flags,
		    void (*each)(const char *, void *), void *,
		    struct tq_err *);
	int	(*option)(void *b, const char *name, const char *value,
		    struct tq_err *);	/* of a worker */
	int	(*join)(void *b, const struct tq_take *, unsigned jobs,
		    struct tq_err *);
	void	(*status)(void *b, const struct tq_worker_state *);
	int	(*sleep)(void *b, const struct tq_take *, tq_time *next,
		    struct tq_err *);
	int	(*fd)(void *b);
	int	(*mail)(void *b, char *, size_t, struct tq_err *);
	int	(*send)(void *b, const char *name, const char *words,
		    unsigned *sent, struct tq_err *);
	int	(*capture)(void *b, unsigned, enum tq_stream, char *, size_t,
		    struct tq_err *);
	int	(*sweep)(void *b, struct tq_err *);
	int	(*report)(void *b, const struct tq_claim *,
		    const struct tq_report *, struct tq_err *);
	int	(*hold)(void *b, const struct tq_holder *,
		    char name[TQ_NAME_MAX + 1], struct tq_err *);
	int	(*release)(void *b, const char *token, struct tq_bytes,
		    struct tq_err *);
};

/*
 * Where outcomes are kept.  A broker that keeps them itself, in the same
 * record as the settling, shares its `b` with its store: open is NULL then,
 * or the broker has `results`, and put is never called.
 */
struct tq_store_ops {
	int	(*open)(void **b, const struct tq_url *, unsigned flags,
		    struct tq_err *);
	void	(*close)(void *b);
	int	(*put)(void *b, const struct tq_claim *, struct tq_outcome *,
		    struct tq_err *);
	int	(*stat)(void *b, const char *id, unsigned flags,
		    struct tq_info *, struct tq_err *);
	/* n ids that stat is asked for next; 0: no more.  For speed alone */
	int	(*ahead)(void *b, const char *const *ids, size_t n,
		    struct tq_err *);
	int	(*wait)(void *b, const char *const *ids, size_t n,
		    size_t count, tq_time timeout, enum tq_state *ended,
		    struct tq_err *);
	ssize_t	(*read)(void *b, const char *id, unsigned attempt,
		    enum tq_stream, uint64_t off, void *, size_t,
		    struct tq_err *);
	/* instead of the broker's, if there is one */
	int	(*report)(void *b, const struct tq_claim *,
		    const struct tq_report *, struct tq_err *);
};

struct tq_module {
	uint32_t	 version;	/* TQ_BACKEND_VERSION */
	const char	*scheme;
	const char	*queue;		/* the usual one; NULL: "default" */
	const struct tq_broker_ops *broker;	/* or NULL */
	const struct tq_store_ops *store;	/* or NULL */
};

#ifdef __cplusplus
}
#endif
#endif
