/* Listing tasks by selectors. */
#include <errno.h>
#include <string.h>

#include "backend/redis/calls.h"
#include "backend/redis/going.h"
#include "backend/redis/message.h"
#include "backend/redis/meta.h"
#include "backend/redis/see.h"
#include "backend/redis/verb.h"
#include "backend/redis/why.h"

static int
pass_on(struct tq_redis_going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	(void)in;
	(void)tag;
	if (!tq_redis_is_selected(g->sel, info))
		return 0;
	if (g->whys != NULL && tq_redis_why(g->r, g->whys, info, g->e) == -1)
		return -1;
	return g->user(info, g->arg);
}

/* One that waits with a worker. */
static int
pass_away(const struct tq_info *info, void *arg)
{
	struct tq_redis_going *g = arg;

	return tq_redis_is_selected(g->sel, info) ? g->user(info, g->arg) : 0;
}

/* All that is with the broker, then what it left to workers. */
static int
list_all(struct tq_redis_going *g, struct tq_err *e)
{
	struct tq_info info;
	struct tq_arena mem;
	int rv = tq_redis_everywhere(g, e);

	if (rv != 0)
		return rv;
	memset(&info, 0, sizeof(info));
	tq_arena_init(&mem);
	rv = tq_redis_away(g->r, NULL, &info, &mem, pass_away, g, e);
	tq_arena_fini(&mem);
	return rv;
}

/* Each id by itself, in the order given. */
static int
list_ids(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_info info;
	size_t i;
	int rv = tq_redis_ahead(r, sel->ids, sel->nids, e);

	memset(&info, 0, sizeof(info));
	for (i = 0; i < sel->nids && rv == 0; i++) {
		rv = tq_redis_stat(r, sel->ids[i], 0, &info, e);
		if (rv == 0)
			rv = tq_fail(e, ENOENT, "%s: no such task",
			    sel->ids[i]);
		else if (rv == 1)
			rv = tq_redis_is_selected(sel, &info) ?
			    each(&info, arg) : 0;
	}
	tq_redis_ahead_end(r);
	tq_arena_free(info.mem);
	return rv;
}

/* The members of a group that was saved, in their order. */
static int
list_group(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_select members = *sel;
	const char *const *ids;
	struct tq_arena mem;
	int rv;

	tq_arena_init(&mem);
	if ((rv = tq_redis_group(r, &ids, &members.nids, &mem, sel->group,
	    e)) == 1) {
		members.ids = ids;
		members.group = NULL;
		rv = list_ids(r, &members, each, arg, e);
	}
	tq_arena_fini(&mem);
	return rv;
}

int
tq_redis_list_unready(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_redis_going g = {
		.r = r, .needle = "", .sel = sel, .each = pass_on,
		.user = each, .arg = arg, .unready = 1
	};

	return list_all(&g, e);
}

int
tq_redis_list(void *b, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_redis_whys whys;
	struct tq_redis_going g = {
		.r = b, .needle = "", .sel = sel, .each = pass_on,
		.user = each, .arg = arg, .whys = &whys
	};
	int rv;

	if (sel->group != NULL)
		return list_group(b, sel, each, arg, e);
	if (sel->nids > 0)
		return list_ids(b, sel, each, arg, e);
	tq_redis_whys_init(&whys);
	rv = list_all(&g, e);
	tq_redis_whys_fini(&whys);
	return rv;
}
