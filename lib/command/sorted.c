/*
 * Tasks in the order of one of their columns.
 *
 * An info is only valid while it is listed, so the first walk keeps an id and
 * the column as -0 would print it, and the second looks up each id again.
 */
#include "command/sorted.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/columns.h"
#include "command/print.h"
#include "command/status.h"

struct entry {
	char		*id, *key;	/* one block, at id */
	size_t		 place;		/* in order of the put */
	int		 is_number, down;
	double		 number;
};

struct sorting {
	struct tq	*tq;
	const struct tq_column *column;
	struct entry	*v;
	size_t		 n, cap;
	int		 down;
	tq_time		 now;
	struct tq_print	 print;		/* never flushed: renders a key */
	struct tq_err	*e;
};

static void
forget(struct sorting *s)
{
	while (s->n > 0)
		free(s->v[--s->n].id);
	free(s->v);
}

/* The column of a task without its final NUL; *n bytes, borrowed. */
static const char *
render(struct sorting *s, const struct tq_info *info, size_t *n)
{
	struct tq_row row = { s->tq, info, s->now };

	tq_print_fini(&s->print);
	tq_print_init(&s->print, -1, TQ_PRINT_NUL);
	tq_column_print(s->column, &s->print, &row);
	if (!tq_buf_ok(&s->print.buf))
		return NULL;
	*n = s->print.buf.n > 0 ? s->print.buf.n - 1 : 0;
	return *n > 0 ? (const char *)s->print.buf.p : "";
}

static int
keep(const struct tq_info *info, void *arg)
{
	struct sorting *s = arg;
	size_t nid = strlen(info->id.s) + 1, nkey, cap;
	struct entry *v;
	const char *key;
	char *end;

	if (s->n == s->cap) {
		cap = s->cap == 0 ? 64 : s->cap * 2;
		if ((v = reallocarray(s->v, cap, sizeof(*v))) == NULL)
			return tq_fail_sys(s->e, ENOMEM, "sort");
		s->v = v;
		s->cap = cap;
	}
	v = &s->v[s->n];
	if ((key = render(s, info, &nkey)) == NULL ||
	    (v->id = malloc(nid + nkey + 1)) == NULL)
		return tq_fail_sys(s->e, ENOMEM, "sort");
	memcpy(v->id, info->id.s, nid);
	v->key = v->id + nid;
	memcpy(v->key, key, nkey);
	v->key[nkey] = '\0';
	v->number = strtod(v->key, &end);
	v->is_number = end != v->key && *end == '\0' && !isnan(v->number);
	v->down = s->down;
	v->place = s->n++;
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c;

	if (x->is_number && y->is_number)
		c = x->number < y->number ? -1 : x->number > y->number;
	else if (x->is_number != y->is_number)
		c = x->is_number ? -1 : 1;
	else
		c = strcmp(x->key, y->key);
	if (c != 0)
		return x->down ? -c : c;
	return x->place < y->place ? -1 : 1;
}

static int
list_again(struct sorting *s, int (*each)(const struct tq_info *, void *),
    void *arg, struct tq_err *e)
{
	struct tq_info info;
	size_t i;
	int rv = 0;

	tq_info_init(&info);
	for (i = 0; i < s->n && rv == 0; i++)
		switch (tq_stat(s->tq, s->v[i].id, 0, &info, e)) {
		case 1:
			rv = each(&info, arg);
			break;
		case -1:
			rv = -1;
			break;
		}
	tq_info_fini(&info);
	return rv;
}

int
tq_list_sorted(struct tq *tq, const struct tq_select *sel, const char *column,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct sorting s = { .tq = tq, .now = tq_clock_wall(), .e = e };
	struct tq_columns one;
	int rv;

	s.down = column[0] == '-';
	tq_columns_parse(&one, "--sort", column + s.down);
	if (one.n != 1)
		tq_die(TQ_EXIT_USAGE, "--sort: '%s' is not one column",
		    column);
	s.column = one.v[0];
	tq_print_init(&s.print, -1, TQ_PRINT_NUL);
	if ((rv = tq_list(tq, sel, keep, &s, e)) == 0 && s.n > 0) {
		qsort(s.v, s.n, sizeof(*s.v), by_key);
		rv = list_again(&s, each, arg, e);
	}
	tq_print_fini(&s.print);
	forget(&s);
	return rv;
}
