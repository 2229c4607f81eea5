/*
 * Whether the machine has room for more tasks: --load and --memfree.
 *
 *	--load n	while the load average of a minute is at most n
 *	--load n%	while somebody waits for a processor at most n % of the
 *			time
 *	--memfree size	while so much memory can be had
 *	--memfree n%	while somebody waits for memory at most n % of the time
 *
 * The first and the third are of proc(5).  The others are the averages of ten
 * seconds of Documentation/accounting/psi.rst in the Linux source ("some"),
 * which a kernel may lack.
 */
#ifndef TQ_WORKER_LOAD_H
#define TQ_WORKER_LOAD_H

#include <stddef.h>

#include <tq/types.h>

#define TQ_LOAD_EVERY	(250 * TQ_MS)	/* between two looks */

struct tq_load {
	double		 load, waiting;	/* average; % of cpu; 0: no bound */
	int64_t		 memfree;	/* bytes; 0: no bound */
	double		 stalled;	/* % of memory; 0: no bound */
};

/* Read the value of an option.  EINVAL. */
int	tq_load_parse(struct tq_load *, const char *value, struct tq_err *);
int	tq_memfree_parse(struct tq_load *, const char *value, struct tq_err *);

/*
 * 1 if there is room; 0 and in why, of at most size bytes, what is over its
 * bound; -1 when the system does not tell.
 */
int	tq_load_look(const struct tq_load *, char *why, size_t size,
	    struct tq_err *);

/* The first number behind the first `name` in text; -1: none (pure). */
double	tq_load_number(const char *text, const char *name);
#endif
