/*
 * A second place for tasks that their broker cannot take at the moment.
 *
 * The tasks of a put that fails so are handed over with ids of their own, the
 * ones that the put was tried with: it may have got there all the same (EIO),
 * and whoever puts them again must be told that they are there already.
 */
#ifndef TQ_CLIENT_SPARE_H
#define TQ_CLIENT_SPARE_H

#include <tq/tq.h>

struct tq_spare {
	/*
	 * Keep n tasks that were to be put in one transaction, all of them or
	 * none; why says what the broker answered, or that it did not.  0 or
	 * -1.
	 */
	int	(*keep)(void *arg, const struct tq_task *, size_t n,
		    const struct tq_err *why, struct tq_err *);
	void	*arg;
};

/* From now on; *spare lives as long as the handle. */
void	tq_set_spare(struct tq *, const struct tq_spare *);

/*
 * What a group that was to be put in parts fails with (tq_do): -1, why.  It has
 * no spare place.
 */
int	tq_spare_sealed(const struct tq *, const struct tq_err *why,
	    struct tq_err *);
/* Put through the handle, else into its spare place; tq.c. */
int	tq_spare_put(struct tq *, const struct tq_task *, size_t n,
	    tq_time timeout, struct tq_id *out, struct tq_err *);
#endif
