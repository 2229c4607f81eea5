/* Which task of Celery's own it is, and what it was called with. */
#include "message/celery_own.h"

#include <string.h>

#include "message/celery_field.h"

enum tq_own
tq_own_of(const char *name)
{
	static const struct {
		const char	*name;
		enum tq_own	 own;
	} known[] = {
		{ "accumulate", TQ_OWN_ACCUMULATE },
		{ "backend_cleanup", TQ_OWN_CLEANUP },
		{ "chain", TQ_OWN_SHAPE },
		{ "chord", TQ_OWN_SHAPE },
		{ "chord_unlock", TQ_OWN_UNLOCK },
		{ "chunks", TQ_OWN_CHUNKS },
		{ "group", TQ_OWN_SHAPE },
		{ "map", TQ_OWN_MAP },
		{ "ping", TQ_OWN_PING },
		{ "starmap", TQ_OWN_STARMAP }
	};
	size_t k;

	if (strncmp(name, "celery.", 7) != 0)
		return TQ_OWN_NONE;
	for (k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		if (strcmp(name + 7, known[k].name) == 0)
			return known[k].own;
	}
	return TQ_OWN_NONE;
}

struct tq_bytes
tq_own_argument(const struct tq_celery_task *m, const char *name, size_t place)
{
	struct tq_bytes v = tq_scan_get(m->kwargs, name);

	return v.p != NULL ? v : tq_scan_at(m->args, place);
}

struct tq_bytes
tq_own_done(const struct tq_celery_task *m)
{
	struct tq_bytes none = { "[]", 2 }, done;

	done = tq_celery_others_get(m->others, m->nothers, TQ_OWN_DONE);
	return tq_scan_type(done) == TQ_SCAN_ARRAY ? done : none;
}
