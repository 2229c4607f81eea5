/* Workers as lib/spool knows them, with the ids that people gave. */
#include <errno.h>

#include "backend/spool/local.h"
#include "base/arena.h"

struct telling {
	struct tq_local	*l;
	int		(*each)(const struct tq_worker_info *, void *);
	void		*arg;
	struct tq_arena	 mem;		/* of the ids of one worker */
	struct tq_err	*e;
};

static int
tell(const struct tq_worker_info *w, void *arg)
{
	struct telling *t = arg;
	struct tq_worker_info info = *w;
	const char **ids;
	size_t i;

	tq_arena_reset(&t->mem);
	ids = tq_arena_alloc(&t->mem, (w->nids + 1) * sizeof(*ids));
	if (ids == NULL)
		return tq_fail_sys(t->e, ENOMEM, "worker %s", w->name);
	for (i = 0; i < w->nids; i++)
		if ((ids[i] = tq_local_given(t->l, w->ids[i],
		    &t->mem)) == NULL)
			return tq_fail_sys(t->e, ENOMEM, "worker %s", w->name);
	info.ids = ids;
	return t->each(&info, t->arg);
}

int
tq_local_workers(void *b, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	struct telling t = { .l = b, .each = each, .arg = arg, .e = e };
	int rv;

	tq_arena_init(&t.mem);
	rv = tq_spool_workers(t.l->sp, tell, &t, e);
	tq_arena_fini(&t.mem);
	return rv;
}
