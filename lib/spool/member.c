/* The members of a group, in order. */
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/core.h"
#include "spool/graph.h"

/* Edges that one critical section passes over. */
#define SLICE	4096

struct member {
	uint32_t	 number;
	struct tq_uuid	 id;
};

struct members {
	struct member	*v;
	size_t		 n, cap;
};

static int
add(struct members *m, uint32_t number, const struct tq_uuid *id)
{
	size_t cap = m->cap == 0 ? 256 : m->cap * 2;
	struct member *v;

	if (m->n == m->cap) {
		if ((v = reallocarray(m->v, cap, sizeof(*v))) == NULL)
			return -1;
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n].number = number;
	m->v[m->n++].id = *id;
	return 0;
}

/*
 * Under the lock: a slice of the edges to a group, *at is the next one (0: the
 * first).  1 there are more, 0 not, -1; 2: the edge where it was to go on is
 * gone, and with it the group.
 */
static int
gather(struct tq_spool *sp, const struct tq_uuid *group, uint32_t *at,
    struct members *m)
{
	struct tq_table *t = &sp->t;
	uint32_t slot = tq_table_find(t, group);
	struct tq_slot *s = tq_table_slot(t, slot);
	struct tq_ext *x = s == NULL ? NULL : tq_table_ext(t, s);
	struct tq_edge *g;
	int i;

	if (x == NULL || !(x->flags & TQ_XF_GROUP))
		return *at == 0 ? 0 : 2;
	g = tq_table_edge(t, *at == 0 ? x->in : *at);
	for (i = 0; g != NULL && i < SLICE; i++) {
		if (g->to != slot)
			return 2;
		s = tq_table_slot(t, tq_graph_real(t, g->from));
		if (s != NULL && add(m, g->number, &s->id) == -1)
			return -1;
		*at = g->tnext;
		g = tq_table_edge(t, *at);
	}
	return g != NULL;
}

static int
by_number(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int
tq_spool_members(struct tq_spool *sp, const struct tq_uuid *group,
    struct tq_uuid **out, size_t *n, struct tq_err *e)
{
	struct members m = { .n = 0 };
	uint32_t at = 0;
	size_t i;
	int rv;

	*out = NULL;
	*n = 0;
	do {
		if (tq_core_enter(sp, e) == -1) {
			free(m.v);
			return -1;
		}
		rv = gather(sp, group, &at, &m);
		tq_core_leave(sp);
	} while (rv == 1);
	if (rv == 0 && m.n > 0) {
		qsort(m.v, m.n, sizeof(*m.v), by_number);
		if ((*out = reallocarray(NULL, m.n, sizeof(**out))) == NULL)
			rv = -1;
	}
	for (i = 0; rv == 0 && i < m.n; i++)
		(*out)[i] = m.v[i].id;
	*n = rv == 0 ? m.n : 0;
	free(m.v);
	return rv == -1 ? tq_fail_sys(e, ENOMEM, "%s: members", sp->path) : 0;
}
