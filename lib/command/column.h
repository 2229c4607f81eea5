/*
 * The columns of a task, each by itself: what columns.c puts together.  Names
 * and meanings are stable for ever (tqstat(1), COLUMNS); a new one goes at the
 * end of what --help and -v show.
 */
#ifndef TQ_COMMAND_COLUMN_H
#define TQ_COMMAND_COLUMN_H

#include "command/columns.h"

struct tq_column {
	const char	*name;
	void		(*print)(struct tq_print *, const char *name,
			    const struct tq_row *);
};

/* All of them, *n; the last TQ_COLUMN_DATA hold data of any size. */
const struct tq_column *tq_column_table(size_t *n);
#define TQ_COLUMN_DATA	4

/* The beginning of a stream, up to TQ_COLUMNS_BYTES.  0, or -1: none. */
int	tq_column_read(struct tq_buf *, const struct tq_row *,
	    enum tq_stream);
#endif
