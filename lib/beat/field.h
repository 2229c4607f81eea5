/*
 * Reading a line of a schedule: the place where a function is, and the fields
 * of crontab(5).  Each function leaves c->p behind what it took or, when it
 * fails, at what it could not take.
 */
#ifndef TQ_BEAT_FIELD_H
#define TQ_BEAT_FIELD_H

#include <stddef.h>

#include "crontab.h"

/* What is being read: the line from its first byte to its end. */
struct tq_reader {
	const char	*p, *end;
	struct tq_err	*e;
};

/* The rest of the word at c->p, for a sentence that quotes it. */
#define TQ_QUOTED(c)	(int)tq_reader_word(c), (c)->p

static inline int
tq_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline void
tq_reader_skip(struct tq_reader *c)
{
	while (c->p < c->end && tq_is_blank(*c->p))
		c->p++;
}

/* Length of the word at c->p. */
static inline size_t
tq_reader_word(const struct tq_reader *c)
{
	const char *p = c->p;

	while (p < c->end && !tq_is_blank(*p))
		p++;
	return (size_t)(p - c->p);
}

/* field blanks field blanks field blanks field blanks field: 0 or -1. */
int	tq_fields_take(struct tq_reader *c, struct tq_cron *out);

#endif
