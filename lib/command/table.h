/*
 * What tqstat -O, -W and -f print: a table each of queues, workers and
 * events.  The columns of a task have a room of their own, columns.h; the
 * names here are as stable and are the JSON names too.
 */
#ifndef TQ_COMMAND_TABLE_H
#define TQ_COMMAND_TABLE_H

#include <stddef.h>

#include <tq/tq.h>

#include "command/print.h"

#define TQ_TABLE_COLUMNS_MAX	32

struct tq_table_column {
	const char	*name;
	void		 (*print)(struct tq_print *, const char *name,
			    const void *row);
};

struct tq_table {
	const struct tq_table_column *v;
	size_t		 n;
	const char	*usual;		/* columns without -o */
};

extern const struct tq_table tq_table_queues;	/* rows: tq_queue_row */
extern const struct tq_table tq_table_workers;	/* rows: tq_worker_info */
extern const struct tq_table tq_table_events;	/* rows: tq_event */

/* A queue, and what it was earlier if rates are wanted. */
struct tq_queue_row {
	const struct tq_queue_info *now, *before;	/* before: or NULL */
	tq_time		 at;		/* wall clock of now */
	tq_time		 span;		/* between the two */
};

/* The columns chosen from a table. */
struct tq_table_choice {
	const struct tq_table_column *v[TQ_TABLE_COLUMNS_MAX];
	size_t		 n;
};

/*
 * "queue,ready", "all", or NULL for the usual ones, and all of them for JSON.
 * Exits 64 with the value of -o quoted.
 */
void	tq_table_choose(struct tq_table_choice *, const struct tq_table *,
	    const char *list, enum tq_print_form);
/* 1 if the column of that name is among them. */
int	tq_table_has(const struct tq_table_choice *, const char *name);
void	tq_table_header(const struct tq_table_choice *, struct tq_print *);
/* Print a whole record. */
void	tq_table_print(const struct tq_table_choice *, struct tq_print *,
	    const void *row);
#endif
