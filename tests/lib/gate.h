/* Tasks that ask something of gates, put, claimed and looked at by number. */
#ifndef TQ_TESTS_GATE_H
#define TQ_TESTS_GATE_H

#include "tests/lib/spool.h"

struct t_gate_task {
	const char	*queue;		/* NULL: q */
	const char	*lane, *name, *need;
	uint8_t		 pri;		/* 0: 4 */
	tq_time		 expires;
};

void	 t_gate_put(struct t_spool *, uint32_t n, const struct t_gate_task *);
/* Claim from a queue, or from q: the number of the task, 0 none. */
uint32_t t_gate_claim_as(struct t_spool *, const char *queue,
	    const struct tq_offer *, size_t noffers, struct tq_spool_got *);
uint32_t t_gate_claim(struct t_spool *, struct tq_spool_got *);
/* Let an attempt end in RETRY until a time. */
void	 t_gate_retry(struct t_spool *, const struct tq_spool_got *,
	    tq_time when);
void	 t_gate_set(struct t_spool *, const char *queue, const char *name,
	    const char *value);
/* Do a verb that changes task n. */
void	 t_gate_act(struct t_spool *, enum tq_verb, uint32_t n,
	    const char *value);
/* The table agrees with itself; the same after it was made anew. */
void	 t_gate_sound(struct t_spool *);
void	 t_gate_rebuild(struct t_spool *);
/* Let the ledger begin with what is written from now on. */
void	 t_gate_turn(struct t_spool *);
struct tq_slot *t_gate_slot(struct t_spool *, uint32_t n);
int	 t_gate_parked(struct t_spool *, uint32_t n);
/* The attempt of the task that is under way, 0 when none is. */
unsigned t_gate_attempt(struct t_spool *, const struct tq_spool_got *);
#endif
