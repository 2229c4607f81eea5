/*
 * A robust process-shared mutex with a deadline and a named holder, and the
 * futex words that waiters sleep on.
 */
#ifndef TQ_SPOOL_LOCK_H
#define TQ_SPOOL_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <tq/types.h>

/* Tell the processor that this is a short wait. */
#if defined(__x86_64__) || defined(__i386__)
#define tq_relax()	__builtin_ia32_pause()
#else
#define tq_relax()	atomic_signal_fence(memory_order_seq_cst)
#endif

/* How long a live holder is waited for before that is an error. */
#define TQ_LOCK_PATIENCE	(5 * TQ_SECOND)

/*
 * Take m.  0: taken; 1: taken, and its last holder died inside, which is told
 * once: mend what it guards.  -1: EBUSY, a holder kept it for longer than
 * TQ_LOCK_PATIENCE without *progress changing (progress may be NULL).
 */
int	tq_lock_take(pthread_mutex_t *m, const _Atomic uint32_t *progress);
/* The same, but EBUSY at once when somebody has it. */
int	tq_lock_try(pthread_mutex_t *m);
void	tq_lock_give(pthread_mutex_t *m);

/*
 * Sleep while *word is `seen`, at most `timeout` ns.  May return early for no
 * reason: look again.
 */
void	tq_futex_wait(_Atomic uint32_t *word, uint32_t seen, tq_time timeout);
/* Change the word and wake everybody who sleeps on it. */
void	tq_futex_wake(_Atomic uint32_t *word);
#endif
