/*
 * The members of Celery's JSON objects, by tables: a table says which member
 * goes to which field of a struct and how, and both ways are read from it, so
 * that what is decoded is what is encoded.
 *
 * Reading takes null for "not set", refuses a value of another type, and
 * keeps what no table names apart.
 */
#ifndef TQ_MESSAGE_CELERY_FIELD_H
#define TQ_MESSAGE_CELERY_FIELD_H

#include "message/celery.h"

enum tq_celery_kind {		/* type of the field, its "not set" */
	TQ_CELERY_STRING,	/* const char *, NULL; without NUL */
	TQ_CELERY_NAME,		/* the same, a number as its digits */
	TQ_CELERY_NOTE,		/* the same, for people: what cannot be in it
				 * is replaced; what is no string is none */
	TQ_CELERY_COUNT,	/* int64_t from 0, TQ_CELERY_NONE */
	TQ_CELERY_LOOSE_COUNT,	/* the same, also as Python counts: 1.0, "1",
				 * true; below 0 is none */
	TQ_CELERY_RANK,		/* int64_t from 0 to 9, TQ_CELERY_NONE: a
				 * priority as kombu has it, of any value */
	TQ_CELERY_SIGNED,	/* int64_t, 0 */
	TQ_CELERY_FLAG,		/* int, TQ_CELERY_NONE */
	TQ_CELERY_TRUTH,	/* the same; of any value, as Python has it */
	TQ_CELERY_LENGTH,	/* tq_time, TQ_CELERY_NONE; a number of s */
	TQ_CELERY_LIMIT,	/* tq_time, 0; a number of s */
	TQ_CELERY_DATE,		/* tq_time, 0; a date */
	TQ_CELERY_STAMP,	/* tq_time, 0; s since 1970 */
	TQ_CELERY_TEXT,		/* struct tq_bytes of a string, n 0 */
	TQ_CELERY_LOOSE,	/* the same; what is no string is none */
	TQ_CELERY_ARRAY,	/* struct tq_bytes of JSON, n 0 */
	TQ_CELERY_OBJECT,
	TQ_CELERY_OURS,		/* the same; what is none is another's, and
				 * among the rest */
	TQ_CELERY_LOOSE_ARRAY,	/* the same; what is none is not set */
	TQ_CELERY_LOOSE_OBJECT,
	TQ_CELERY_VALUE,	/* any */
	TQ_CELERY_OTHER		/* no field: read and written by hand */
};

/* What is written of a field that is not set. */
enum tq_celery_unset {
	TQ_CELERY_OUT,		/* nothing */
	TQ_CELERY_NULL		/* null */
};

struct tq_celery_field {
	const char	*name;
	enum tq_celery_kind kind;
	enum tq_celery_unset unset;
	size_t		 at;		/* offset of the field */
};

/* ---- celery_read.c: values by hand -------------------------------------- */

/* Reading goes on until the first failure, which stays. */
struct tq_celery_reader {
	struct tq_arena	*mem;
	const char	*what;		/* "header", for sentences */
	struct tq_err	*e;
	int		 failed;
};

void	tq_celery_bad(struct tq_celery_reader *, int num, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
/* Fail: the member is not what was wanted but v. */
void	tq_celery_want(struct tq_celery_reader *, const char *name,
	    const char *wanted, struct tq_bytes v);

/* Null and no value are "not set". */
const char *tq_celery_get_string(struct tq_celery_reader *, const char *name,
	    struct tq_bytes v);
/* The same, and a number is its digits: Python makes a key of either. */
const char *tq_celery_get_name(struct tq_celery_reader *, const char *name,
	    struct tq_bytes v);
/* Of TQ_CELERY_NOTE. */
const char *tq_celery_get_note(struct tq_celery_reader *, const char *name,
	    struct tq_bytes v);
/* Of TQ_CELERY_TEXT. */
struct tq_bytes tq_celery_get_text(struct tq_celery_reader *,
	    const char *name, struct tq_bytes v);
tq_time	tq_celery_get_seconds(struct tq_celery_reader *, const char *name,
	    struct tq_bytes v, tq_time unset);
struct tq_bytes tq_celery_get_typed(struct tq_celery_reader *,
	    const char *name, struct tq_bytes v, enum tq_scan_type);

/* 1 for what Python takes for nothing: null, false, 0, "", [] and {}. */
int	tq_celery_nothing(struct tq_bytes v);
/* A number in a string without the quotes; anything else as it is. */
struct tq_bytes tq_celery_unquoted(struct tq_bytes v);

/* ---- celery_field.c: by tables, both ways ------------------------------- */

/* Set a struct of size bytes to 0, but fields of the table to "not set". */
void	tq_celery_fields_init(void *base, size_t size,
	    const struct tq_celery_field *, size_t n);
/*
 * Read the members of object that the table names into *base; the rest into
 * *others, if that is not NULL.
 */
void	tq_celery_fields_get(struct tq_celery_reader *, void *base,
	    const struct tq_celery_field *, size_t n, struct tq_bytes object,
	    const struct tq_celery_member **others, size_t *nothers);
/* Read one member: 1, or 0 when the table does not name it. */
int	tq_celery_field_get(struct tq_celery_reader *, void *base,
	    const struct tq_celery_field *, size_t n,
	    const struct tq_celery_member *);
/* The last of n members that has that name, or no value. */
struct tq_bytes tq_celery_others_get(const struct tq_celery_member *,
	    size_t n, const char *name);
/* Put what is set as members. */
void	tq_celery_fields_put(struct tq_buf *, const void *base,
	    const struct tq_celery_field *, size_t n);

/* ---- celery_write.c: pieces --------------------------------------------- */

/* A comma, unless an array or object has just been opened, or all begins. */
void	tq_celery_comma(struct tq_buf *);
/* A slice, with such a comma before it. */
void	tq_celery_item_put(struct tq_buf *, struct tq_bytes v);
/*
 * "name": with such a comma before it.  A name of ours needs no escapes; a key
 * may be any text.
 */
void	tq_celery_name_put(struct tq_buf *, const char *name);
void	tq_celery_key_put(struct tq_buf *, const char *text);
void	tq_celery_members_put(struct tq_buf *,
	    const struct tq_celery_member *, size_t n);
/* A string, null when s is NULL. */
void	tq_celery_string_put(struct tq_buf *, const char *s);
/* A slice, or what stands for none. */
void	tq_celery_value_put(struct tq_buf *, struct tq_bytes v,
	    const char *none);
#endif
