/*
 * Records from a descriptor, as they come: a reader that says when it would
 * have to wait, so that what was read can be dealt with first.
 */
#ifndef TQ_COMMAND_RECORDS_H
#define TQ_COMMAND_RECORDS_H

#include <stddef.h>

#include <tq/types.h>

struct tq_records {
	int		 fd;
	int		 delim;		/* ends a record; the last may lack it */
	int		 eof;
	char		*buf;		/* cap bytes and one for a NUL */
	size_t		 cap, max;
	size_t		 start;		/* of what was not returned yet */
	size_t		 seen;		/* from there: has no delim */
	size_t		 end;		/* of what was read */
};

void	tq_records_init(struct tq_records *, int fd, int delim, size_t max);
void	tq_records_fini(struct tq_records *);
/*
 * The next record that was read already, n bytes and a NUL in place of its
 * delimiter; NULL when there is none.  Valid until a tq_records_more() that
 * tq_records_ready() did not allow.
 */
char	*tq_records_next(struct tq_records *, size_t *n);
/*
 * 1 if tq_records_more() would not have to wait; nor, unless they have been
 * copied, to move records.
 */
int	tq_records_ready(const struct tq_records *, int copied);
/*
 * Read more.  1, 0 at the end of the input with no record left, -1: EMSGSIZE a
 * record over max bytes, or as read(2).
 */
int	tq_records_more(struct tq_records *, struct tq_err *);
#endif
