/*
 * What every broker and its result store must do, asked through libtq alone,
 * so that each new broker is asked the same.  A test program says how to make
 * an empty broker and which groups it can keep.
 */
#ifndef TQ_TESTS_CONTRACT_H
#define TQ_TESTS_CONTRACT_H

#include <tq/tq.h>

#include "tests/lib/t.h"

#define CONTRACT_PUT	0x01	/* tasks go in as they are */
#define CONTRACT_LIMIT	0x02	/* full queues push back */
#define CONTRACT_CLAIM	0x04	/* order, holding, deaths */
#define CONTRACT_TIME	0x08	/* leases, delays, retries, expiry */
#define CONTRACT_RESULT	0x10	/* outcomes and output */
#define CONTRACT_LOOK	0x20	/* listings, states, reasons */
#define CONTRACT_CHANGE	0x40	/* verbs and settings */
#define CONTRACT_WORKER	0x80	/* workers, mail, events */
#define CONTRACT_TICK	0x100	/* schedules */
#define CONTRACT_GRAPH	0x200	/* dependencies, groups */
#define CONTRACT_KEY	0x400	/* one task of a key at a time */
#define CONTRACT_GATE	0x800	/* lanes, resources, caps, rates */
#define CONTRACT_FLOW	0x1000	/* chains, groups, chords of one put */
#define CONTRACT_ALL	0x1fff
/* of a broker that does not keep GRAPH: it says so */
#define CONTRACT_APART	0x2000
/* of one whose workers are not all ours: it says what they do not keep */
#define CONTRACT_MIXED	0x4000

struct contract {
	/* URL of a broker that is not there yet, in a directory of its own */
	void	(*url)(char *url, size_t size, const char *dir);
	/* What is to be undone besides the directory, or NULL. */
	void	(*gone)(const char *dir);
	unsigned groups;		/* CONTRACT_* */
	/* tests of what this broker cannot offer, and why; NULL ends them */
	const struct contract_lack {
		const char	*name, *why;
	}		*lacks, *more_lacks;
};

/* Run the suite; the value is main()'s. */
int	contract_run(const struct contract *);

/* ---- for the tests ---------------------------------------------------- */

/* What a test finds in *state: an open, empty broker. */
struct ground {
	const struct contract *k;
	char		 dir[T_PATH_MAX];
	char		 url[T_PATH_MAX + 16];
	struct tq	*tq;
	struct tq_claim	 c;
	struct tq_info	 i;
	struct tq_err	 e;
};

struct contract_test {
	const char	*name;
	CMUnitTestFunction f;
};
#define CONTRACT_TEST(f)	{ #f, f }

/* The tests of each file; a NULL name ends them. */
extern const struct contract_test contract_put[], contract_limit[],
    contract_claim[], contract_time[], contract_result[], contract_look[],
    contract_change[], contract_worker[], contract_tick[],
    contract_graph[], contract_key[], contract_gate[], contract_flow[],
    contract_apart[], contract_mixed[];

/* A call that must not fail. */
#define MUST(g, call) do {						\
	if ((call) == -1)						\
		fail_msg("%s: %s", #call, (g)->e.text);			\
} while (0)
/* A call that must fail with this errno and a sentence with these words. */
#define MUST_FAIL(g, call, num, words) do {				\
	(g)->e.text[0] = '\0';						\
	assert_int_equal((call), -1);					\
	contract_failed((g), num, words);				\
} while (0)
void	contract_failed(const struct ground *, int num, const char *words);

/* Another handle on the same broker; ends with tq_close(). */
struct tq *contract_open(struct ground *);
/* Put a body task of that text, id NULL to make one. */
struct tq_id contract_put_text(struct ground *, const char *queue,
	    const char *id, const char *text);
/* Put what is ready-made; its id. */
struct tq_id contract_put_task(struct ground *, const struct tq_task *);
/* Claim from one queue without waiting: as tq_claim(). */
int	contract_claim_now(struct ground *, const char *queue);
/* Claim, and the text of its body must be this. */
void	contract_claim_text(struct ground *, const char *queue,
	    const char *text);
/* Settle the ground's claim. */
void	contract_settle(struct ground *, enum tq_state, int status);
/* Claim from the queue and settle. */
void	contract_run_one(struct ground *, const char *queue, enum tq_state,
	    int status);
/* The state of a task, its info in g->i. */
enum tq_state contract_state(struct ground *, const char *id);
/* What stands in a stream must be these n bytes. */
void	contract_stream(struct ground *, const char *id, unsigned attempt,
	    enum tq_stream, const void *, size_t n);
/* Do a verb to one task; how many it changed. */
uint64_t contract_do(struct ground *, enum tq_verb, const char *id,
	    const char *value, unsigned flags);
/* Do a verb to one queue. */
uint64_t contract_do_queue(struct ground *, enum tq_verb, const char *queue,
	    unsigned flags);
/* How many tasks there are in those states, 0: all. */
size_t	contract_count(struct ground *, const char *queue, unsigned states);

/* ---- scenes in one queue, "q" ------------------------------------------ */

/* A task of that id; what else is to be said of it the test says. */
struct tq_task *contract_task(struct tq_task *, const char *id);
/* The next one is this, and ends so, with that output. */
void	contract_end(struct ground *, const char *id, enum tq_state,
	    const char *output, unsigned flags);
void	contract_run_next(struct ground *, const char *id, enum tq_state);
/* The next one is this, with that body; the claim stays. */
void	contract_claim_body(struct ground *, const char *id,
	    const char *text);
/* There is none to run. */
void	contract_idle(struct ground *);
/* It has ended so, and that is why. */
void	contract_ended(struct ground *, const char *id, enum tq_state,
	    const char *why);

#endif
