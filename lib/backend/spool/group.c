/* A group stands for its members: verbs that are done to one go to all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"

struct list {
	const char	**v;
	size_t		 n, cap;
	struct tq_arena	*mem;
};

static int
add(struct list *to, const char *id)
{
	size_t cap = to->cap == 0 ? 64 : to->cap * 2;
	const char **v;

	if (to->n == to->cap) {
		if ((v = reallocarray(to->v, cap, sizeof(*v))) == NULL)
			return -1;
		to->v = v;
		to->cap = cap;
	}
	to->v[to->n++] = id;
	return 0;
}

/* Add the members of the group that stands at place i of the list. */
static int
add_members(struct tq_local *l, struct list *to, size_t i, struct tq_err *e)
{
	struct tq_spool_source *v;
	struct tq_uuid id;
	struct tq_id name;
	const char *s;
	size_t n, k;
	int rv = 0;

	(void)tq_local_id(&id, to->v[i]);
	if (tq_spool_sources(l->sp, &id, &v, &n, e) == -1)
		return -1;
	for (k = 0; rv == 0 && k < n; k++) {
		tq_local_name(l, &v[k].id, &name);
		s = tq_arena_copy(to->mem, name.s, strlen(name.s));
		if (s == NULL || add(to, s) == -1)
			rv = tq_fail_sys(e, ENOMEM, "members of %s", to->v[i]);
	}
	free(v);
	return rv;
}

int
tq_local_expand(struct tq_local *l, const struct tq_select *sel,
    struct tq_arena *mem, const char ***out, size_t *n, struct tq_err *e)
{
	struct list to = { .mem = mem };
	size_t i;
	int rv = 0;

	for (i = 0; rv == 0 && i < sel->nids; i++)
		if (add(&to, sel->ids[i]) == -1)
			rv = tq_fail_sys(e, ENOMEM, "%zu ids", sel->nids);
	/* members stand behind, and theirs behind them */
	for (i = 0; rv == 0 && i < to.n; i++)
		rv = add_members(l, &to, i, e);
	if (rv == -1) {
		free(to.v);
		return -1;
	}
	*out = to.v;
	*n = to.n;
	return 0;
}
