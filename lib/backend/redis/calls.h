/*
 * The calls of the module, as its tables have them (module.c); b is a handle.
 * What each does stands in <tq/backend.h>.
 */
#ifndef TQ_REDIS_CALLS_H
#define TQ_REDIS_CALLS_H

#include <tq/backend.h>

/* handle.c */
int	tq_redis_open(void **b, const struct tq_url *, unsigned flags,
	    struct tq_err *);
int	tq_redis_open_store(void **b, const struct tq_url *, unsigned flags,
	    struct tq_err *);
int	tq_redis_results(void *b, const struct tq_url *, unsigned flags,
	    struct tq_err *);
void	tq_redis_close(void *b);

/* put.c */
int	tq_redis_put(void *b, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
int	tq_redis_known(void *b, const char *const *ids, size_t n,
	    unsigned char *known, struct tq_err *);
int	tq_redis_tick(void *b, const struct tq_tick *, const struct tq_task *,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
int	tq_redis_last(void *b, const char *schedule, tq_time *at,
	    struct tq_err *);

/* same.c */
int	tq_redis_same(void *b, const struct tq_task *, struct tq_err *);

/* tend.c */
int	tq_redis_sync(void *b, struct tq_err *);
tq_time	tq_redis_alive(void *b);

/* take.c */
int	tq_redis_claim(void *b, const struct tq_take *, struct tq_claim *,
	    struct tq_err *);

/* settle.c */
int	tq_redis_settle(void *b, const struct tq_ref *, struct tq_outcome *,
	    unsigned flags, struct tq_err *);
int	tq_redis_renew(void *b, const struct tq_ref *, tq_time lease,
	    struct tq_err *);

/* sweep.c */
/* Put back what others held too long.  How many, or -1. */
int	tq_redis_sweep(void *b, struct tq_err *);

/* list.c: what stands on the broker */
int	tq_redis_list(void *b, const struct tq_select *,
	    int (*each)(const struct tq_info *, void *), void *arg,
	    struct tq_err *);

/* ahead.c: tq_stat_ahead() */
/* Few ids are looked for one by one. */
int	tq_redis_ahead(void *b, const char *const *ids, size_t n,
	    struct tq_err *);

/* queue.c */
int	tq_redis_queues(void *b, int (*each)(const struct tq_queue_info *,
	    void *), void *arg, struct tq_err *);
int	tq_redis_wait_idle(void *b, const char *const *queues, size_t n,
	    tq_time timeout, struct tq_err *);

/* act.c */
int	tq_redis_act(void *b, enum tq_verb, const struct tq_select *,
	    const char *value, unsigned flags, uint64_t *changed,
	    struct tq_err *);

/* limit.c: caps and rates */
int	tq_redis_set(void *b, const char *queue, const char *name,
	    const char *value, struct tq_err *);
int	tq_redis_settings(void *b, const char *queue, int (*each)(const char *,
	    const char *, int, void *), void *arg, struct tq_err *);

/* check.c */
int	tq_redis_check(void *b, unsigned flags, void (*each)(const char *,
	    void *), void *arg, struct tq_err *);

/* note.c */
int	tq_redis_workers(void *b, int (*each)(const struct tq_worker_info *,
	    void *), void *arg, struct tq_err *);

/* ask.c */
int	tq_redis_send(void *b, const char *name, const char *words,
	    unsigned *sent, struct tq_err *);

/* follow.c */
int	tq_redis_events(void *b, uint64_t *seq, tq_time timeout,
	    int (*each)(const struct tq_event *, void *), void *arg,
	    struct tq_err *);

/* local.c */
int	tq_redis_local_hold(void *b, const struct tq_holder *,
	    char name[TQ_NAME_MAX + 1], struct tq_err *);
int	tq_redis_local_release(void *b, const char *token, struct tq_bytes,
	    struct tq_err *);

/* worker.c */
int	tq_redis_option(void *b, const char *name, const char *value,
	    struct tq_err *);
int	tq_redis_join(void *b, const struct tq_take *, unsigned jobs,
	    struct tq_err *);
void	tq_redis_status(void *b, const struct tq_worker_state *);
int	tq_redis_fd(void *b);
int	tq_redis_sleep(void *b, const struct tq_take *, tq_time *next,
	    struct tq_err *);
int	tq_redis_mail(void *b, char *, size_t, struct tq_err *);

/* store.c */
int	tq_redis_store_put(void *b, const struct tq_claim *,
	    struct tq_outcome *, struct tq_err *);
int	tq_redis_stat(void *b, const char *id, unsigned flags,
	    struct tq_info *, struct tq_err *);
ssize_t	tq_redis_read_stream(void *b, const char *id, unsigned attempt,
	    enum tq_stream, uint64_t off, void *, size_t, struct tq_err *);

/* await.c */
int	tq_redis_wait(void *b, const char *const *ids, size_t n, size_t count,
	    tq_time timeout, enum tq_state *ended, struct tq_err *);

/* report.c */
int	tq_redis_report(void *b, const struct tq_claim *,
	    const struct tq_report *, struct tq_err *);
#endif
