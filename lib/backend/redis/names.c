/* What a worker knows of the names of tasks: how many began, how fast. */
#include "backend/redis/names.h"

#include <stdlib.h>
#include <string.h>

#define LISTS	(sizeof(((struct tq_redis_names *)NULL)->list) / \
		    sizeof(((struct tq_redis_names *)NULL)->list[0]))

/* FNV-1a */
static size_t
list_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h % LISTS;
}

void
tq_redis_names_fini(struct tq_redis_names *names)
{
	struct tq_redis_name *t;
	size_t i;

	for (i = 0; i < LISTS; i++) {
		while ((t = SLIST_FIRST(&names->list[i])) != NULL) {
			SLIST_REMOVE_HEAD(&names->list[i], link);
			free(t);
		}
	}
	names->n = 0;
}

const struct tq_redis_name *
tq_redis_name_find(const struct tq_redis_names *names, const char *name)
{
	const struct tq_redis_name *t;

	SLIST_FOREACH(t, &names->list[list_of(name)], link)
		if (strcmp(t->name, name) == 0)
			break;
	return t;
}

struct tq_redis_name *
tq_redis_name(struct tq_redis_names *names, const char *name)
{
	size_t i = list_of(name), n = strlen(name) + 1;
	struct tq_redis_name *t;

	SLIST_FOREACH(t, &names->list[i], link)
		if (strcmp(t->name, name) == 0)
			return t;
	if (names->n == TQ_REDIS_NAMES ||
	    (t = calloc(1, sizeof(*t) + n)) == NULL)
		return NULL;
	memcpy(t->name, name, n);
	SLIST_INSERT_HEAD(&names->list[i], t, link);
	names->n++;
	return t;
}

void
tq_redis_names_all(const struct tq_redis_names *names,
    const struct tq_redis_name **v)
{
	const struct tq_redis_name *t;
	size_t i;

	for (i = 0; i < LISTS; i++)
		SLIST_FOREACH(t, &names->list[i], link)
			*v++ = t;
}
