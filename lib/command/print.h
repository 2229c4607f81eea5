/*
 * Records on stdout: one a line with TAB between fields and everything
 * escaped, or fields that end in NUL (-0), or one JSON object a line (-J).
 * What is not set is "-", empty, or null.
 */
#ifndef TQ_COMMAND_PRINT_H
#define TQ_COMMAND_PRINT_H

#include "base/buf.h"

#include <tq/types.h>

enum tq_print_form { TQ_PRINT_TEXT, TQ_PRINT_NUL, TQ_PRINT_JSON };

struct tq_print {
	int		 fd;
	enum tq_print_form form;
	unsigned	 fields;	/* in the record so far */
	struct tq_buf	 buf;		/* not yet written */
	/* called with an errno before it exits, as it cannot be; or NULL */
	void		(*lost)(void *arg, int num);
	void		*arg;
};

void	tq_print_init(struct tq_print *, int fd, enum tq_print_form);
void	tq_print_fini(struct tq_print *);	/* does not flush */

/* The names of the columns as a record; nothing with -J. */
void	tq_print_header(struct tq_print *, const char *const *names, size_t n);

/* One field of the record; name is its column. */
void	tq_print_bytes(struct tq_print *, const char *name, const void *,
	    size_t n);
void	tq_print_str(struct tq_print *, const char *name, const char *);
					/* NULL: not set */
/* Text that is safe to show already, as tq_quote_argv() makes it. */
void	tq_print_quoted(struct tq_print *, const char *name, const void *,
	    size_t n);
void	tq_print_int(struct tq_print *, const char *name, int64_t);
void	tq_print_none(struct tq_print *, const char *name);
/* A point in time as ISO 8601 in UTC, 0: not set. */
void	tq_print_date(struct tq_print *, const char *name, tq_time);
/* Seconds with a fraction, as 1.25. */
void	tq_print_seconds(struct tq_print *, const char *name, tq_time);
/* Strings as a JSON array, joined by blanks elsewhere. */
void	tq_print_list(struct tq_print *, const char *name,
	    const char *const *v, size_t n);
/* Every member of a JSON object, n bytes "{...}"; for TQ_PRINT_JSON only. */
void	tq_print_members(struct tq_print *, const void *, size_t n);
/* Blanks before the first field of a record, for people. */
void	tq_print_indent(struct tq_print *, unsigned n);
/* End of the record.  Writes when much has gathered. */
void	tq_print_end(struct tq_print *);

/* Write what has gathered; exits 74 when it cannot be written. */
void	tq_print_flush(struct tq_print *);
/* Exit so, for an errno that a write said. */
_Noreturn void tq_print_lost(struct tq_print *, int num);
#endif
