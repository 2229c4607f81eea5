/*
 * What crash tests share: processes that die, and an oracle outside the queue
 * that knows what they were told.
 *
 * The test's own process never opens the spool (a table is mapped once for
 * the life of a process).  All work is done in children, which write down
 * before and after each call what they ask and what they were told, in memory
 * that outlives them.  A child that finds something wrong says so and exits
 * with 1.
 */
#ifndef TQ_TESTS_CRASH_H
#define TQ_TESTS_CRASH_H

#include <sys/types.h>

#include <stdint.h>

#include <tq/tq.h>

#include "tests/lib/t.h"

#define CRASH_TASKS	4096
/* A child that needs longer hangs, and is killed by SIGALRM. */
#define CRASH_SECONDS	30

enum crash_told {
	CRASH_NOT = 0,		/* never asked */
	CRASH_ASKED,		/* no answer: it may have happened */
	CRASH_DONE,		/* answered: it has */
	CRASH_REFUSED		/* answered: it has not */
};

/* What is known of one task, from outside. */
struct crash_task {
	uint32_t	 size;		/* of its body */
	uint32_t	 out;		/* of its output */
	unsigned char	 put, claim, end;	/* enum crash_told */
	unsigned char	 body_file;	/* put from a file */
};

/* The oracle, in memory shared with the children. */
struct crash_world {
	char		 dir[T_PATH_MAX];	/* of the spool */
	unsigned	 ntasks;
	unsigned	 calls;		/* through tq_sys, once counted */
	int		 inject;	/* errno injected, 0: it dies, -1: torn */
	unsigned	 at;		/* in which call */
	unsigned	 failures;	/* calls that were refused or unknown */
	char		 why[256];	/* the last of them */
	struct crash_task task[CRASH_TASKS];
};

/* cmocka's setup and teardown: *state is a world with an empty directory. */
int	crash_setup(void **state);
int	crash_teardown(void **state);
#define CRASH_TEST(f) \
	cmocka_unit_test_setup_teardown(f, crash_setup, crash_teardown)
/* Forget all that was known and start with an empty directory again. */
void	crash_again(struct crash_world *);

/* Run f in a child.  Its wait status. */
pid_t	crash_start(void (*f)(struct crash_world *), struct crash_world *);
int	crash_wait(pid_t);
int	crash_run(void (*f)(struct crash_world *), struct crash_world *);
/* The same; fails the test, naming `what`, if it did not exit with 0. */
void	crash_must(void (*f)(struct crash_world *), struct crash_world *,
	    const char *what);
/*
 * The same for one with errno `inject` in its call `at`, or a death there, for
 * inject 0 or T_SYS_TORN, which is no failure.
 */
void	crash_harm(void (*f)(struct crash_world *), struct crash_world *,
	    unsigned at, int inject);
/* What harms a call, and whether the table is lost after it. */
struct crash_kind {
	int	inject, lose;
};
/*
 * Run a scene unharmed, to have its calls in w->calls, and then with each of n
 * kinds of harm in each of its calls.  Call 0 is none.
 */
void	crash_every_call(struct crash_world *w, void (*run)(
	    struct crash_world *, unsigned at, int inject, int lose),
	    const struct crash_kind *, size_t n);
/* Remove the shared memory object of the spool. */
void	crash_lose_table(const struct crash_world *);
/* Let the lock file name another boot, as after a power cut. */
void	crash_other_boot(const struct crash_world *);

/* ---- in a child ------------------------------------------------------- */

/* Say what is wrong and exit with 1. */
void	crash_die(const struct crash_world *, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 2, 3), __noreturn__));
struct tq *crash_open(struct crash_world *);
/*
 * Put n tasks as one, with bodies of `size` bytes; -1 with what tq_put said.
 * Their numbers are first .. first+n-1.
 */
int	crash_put(struct crash_world *, struct tq *, unsigned first, unsigned n,
	    uint32_t size);
/* Claim what is ready: its number, -1 none, -2 failed. */
int	crash_claim(struct crash_world *, struct tq *, struct tq_claim *);
/* End it in success with an output of `size` bytes. */
int	crash_end(struct crash_world *, struct tq *, const struct tq_claim *,
	    uint32_t size);
/* Every task is where the oracle says; nothing is damaged. */
void	crash_verify(struct crash_world *);
/* The same, but damage is expected. */
void	crash_verify_damaged(struct crash_world *);
/* Work off all that is ready; then every task that is there has ended. */
void	crash_drain(struct crash_world *);

#endif
