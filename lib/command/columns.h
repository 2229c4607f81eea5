/*
 * The columns of a task: one table says the name, which is also the JSON
 * name and stable for ever, and how it is printed.
 */
#ifndef TQ_COMMAND_COLUMNS_H
#define TQ_COMMAND_COLUMNS_H

#include "command/print.h"

#include <tq/tq.h>

#define TQ_COLUMNS_MAX		64
#define TQ_COLUMNS_DEFAULT	"tail,queue,state,put,cmd"
/* body, out and err show at most this much; tqresult writes all of it. */
#define TQ_COLUMNS_BYTES	(1 << 20)

struct tq_column;

struct tq_columns {
	const struct tq_column *v[TQ_COLUMNS_MAX];
	size_t		 n;
};

/* What columns look at. */
struct tq_row {
	struct tq	*tq;	/* for body, out and err */
	const struct tq_info *info;
	tq_time		 now;	/* wall clock */
};

/* "id,state" → columns; opt as in arg.h; "all" is all.  Exits 64. */
void	tq_columns_parse(struct tq_columns *, const char *opt,
	    const char *list);
/* Every column but body, out, err and result: what -v shows. */
void	tq_columns_most(struct tq_columns *);
const char *tq_column_name(const struct tq_column *);

void	tq_columns_header(const struct tq_columns *, struct tq_print *);
/* Print a whole record. */
void	tq_columns_print(const struct tq_columns *, struct tq_print *,
	    const struct tq_row *);
/*
 * Print the whole task as the JSON record that tqput -mJ takes, behind the
 * fields printed so far; a body over TQ_COLUMNS_BYTES is only counted.  What
 * -J without -o shows.
 */
void	tq_columns_whole(struct tq_print *, const struct tq_row *);
/*
 * Print a record, and behind it what else tqput -mJ needs to put the task again:
 * the members of the whole one that no column is called like, and its body.
 */
void	tq_columns_all(const struct tq_columns *, struct tq_print *,
	    const struct tq_row *);
/* Print one field. */
void	tq_column_print(const struct tq_column *, struct tq_print *,
	    const struct tq_row *);
/* Let *out (tq_info_init'ed) show a claim; borrows from the claim. */
void	tq_columns_claim(struct tq_info *out, const struct tq_claim *);
#endif
