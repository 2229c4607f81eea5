/* Whom somebody waits for: tasks, and groups as their members. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/await.h"
#include "backend/redis/meta.h"

void
tq_redis_awaited_note(struct tq_redis_waiting *w, struct tq_redis_awaited *a, enum tq_state state)
{
	enum tq_state *ended = &w->ended[a->of];

	if (!TQ_STATE_ENDED(state) || TQ_STATE_ENDED(a->state))
		return;
	a->state = state;
	/* of a group the first that did not succeed decides */
	if (*ended == TQ_ABSENT || *ended == TQ_SUCCESS)
		*ended = w->open[a->of] == 1 && *ended == TQ_ABSENT ? state :
		    state == TQ_SUCCESS ? TQ_SUCCESS : TQ_FAILURE;
	if (--w->open[a->of] == 0)
		w->nended++;
}

static int
add(struct tq_redis_waiting *w, const char *id, size_t of, struct tq_err *e)
{
	struct tq_redis_awaited *p;
	size_t cap;

	if (w->nv == w->cap) {
		cap = w->cap == 0 ? 64 : 2 * w->cap;
		if ((p = reallocarray(w->v, cap, sizeof(*p))) == NULL)
			return tq_fail_sys(e, ENOMEM, "%zu tasks", cap);
		w->v = p;
		w->cap = cap;
	}
	w->v[w->nv++] = (struct tq_redis_awaited){ .id = id, .of = of,
	    .state = TQ_ABSENT };
	w->open[of]++;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct tq_redis_awaited *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* Each that is told of is to be found among 100,000. */
static int
sort(struct tq_redis_waiting *w, struct tq_err *e)
{
	size_t i;

	free(w->by_id);
	w->nsorted = 0;
	if ((w->by_id = calloc(w->nv, sizeof(*w->by_id))) == NULL)
		return w->nv == 0 ? 0 : tq_fail_sys(e, ENOMEM, "%zu tasks",
		    w->nv);
	for (i = 0; i < w->nv; i++)
		w->by_id[i] = &w->v[i];
	w->nsorted = w->nv;
	qsort(w->by_id, w->nsorted, sizeof(*w->by_id), by_id);
	return 0;
}

int
tq_redis_awaited_begin(struct tq_redis_waiting *w, struct tq_err *e)
{
	size_t i;

	if (w->nv > 0 || w->known)
		return 0;		/* a lost server is there again */
	for (i = 0; i < w->n; i++)
		if (add(w, w->ids[i], i, e) == -1)
			return -1;
	return sort(w, e);
}

/* The members of a group in its place. */
static int
add_members(struct tq_redis_waiting *w, const struct tq_redis_awaited *group, struct tq_err *e)
{
	const char *const *ids;
	size_t i, n, of = group->of;

	if (tq_redis_group_read(&ids, &n, &w->mem, group->group, group->id,
	    e) == -1)
		return -1;
	/* whatever was told under its own id is not its end */
	if (w->open[of] == 0)
		w->nended--;
	w->open[of] = 0;
	w->ended[of] = n == 0 ? TQ_SUCCESS : TQ_ABSENT;
	w->nended += n == 0;
	for (i = 0; i < n; i++)
		if (add(w, ids[i], of, e) == -1)
			return -1;
	return 0;
}

int
tq_redis_awaited_know(struct tq_redis_waiting *w, struct tq_err *e)
{
	struct tq_redis_awaited *old = w->v;
	size_t i, n = w->nv, ngroups = 0;
	int rv = 0;

	w->known = 1;
	for (i = 0; i < n; i++)
		ngroups += old[i].group.n > 0;
	if (ngroups == 0)
		return 0;
	w->v = NULL;
	w->nv = w->cap = w->nsorted = 0;
	w->listens = 0;
	for (i = 0; i < n && rv == 0; i++) {
		if (old[i].group.n > 0)
			rv = add_members(w, &old[i], e);
		else if ((rv = add(w, old[i].id, old[i].of, e)) == 0) {
			w->open[old[i].of]--;
			w->v[w->nv - 1].state = old[i].state;
		}
	}
	free(old);
	return rv == -1 || sort(w, e) == -1 ? -1 : 1;
}

void
tq_redis_awaited_told(struct tq_redis_waiting *w, const char *id, enum tq_state state)
{
	size_t low = 0, high = w->nsorted, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(w->by_id[mid]->id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < w->nsorted && strcmp(w->by_id[low]->id, id) == 0; low++)
		tq_redis_awaited_note(w, w->by_id[low], state);
}
