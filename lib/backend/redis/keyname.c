/*
 * What things are called on the server: lists of queues as kombu names them,
 * bindings of exchanges, results as Celery does, and keys of our own.
 */
#include <stdio.h>
#include <string.h>

#include "backend/redis/keyname.h"

const char *
tq_redis_glue(struct tq_arena *mem, const char *a, const char *b,
    const char *c, const char *d, const char *f)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) +
	    strlen(f) + 1;
	char *s = tq_arena_alloc(mem, size);

	if (s != NULL)
		snprintf(s, size, "%s%s%s%s%s", a, b, c, d, f);
	return s;
}

size_t
tq_redis_glob(char *out, const char *prefix)
{
	size_t n = 0;

	for (; *prefix != '\0'; prefix++) {
		if (strchr("*?[\\", *prefix) != NULL)
			out[n++] = '\\';
		out[n++] = *prefix;
	}
	out[n] = '\0';
	return n;
}

/* The greatest step that is not over the priority; kombu's rule. */
static unsigned
step_of(const struct tq_redis_place *p, int priority)
{
	size_t i = p->nsteps;

	while (i > 1 && (priority < 0 || p->steps[i - 1] > (unsigned)priority))
		i--;
	return p->steps[i - 1];
}

const char *
tq_redis_list_key(const struct tq_redis_place *p, struct tq_arena *mem,
    const char *queue, int priority)
{
	unsigned step = step_of(p, priority);
	char text[16];

	if (step == 0)
		return tq_redis_glue(mem, p->prefix, queue, "", "", "");
	snprintf(text, sizeof(text), "%u", step);
	return tq_redis_glue(mem, p->prefix, queue, p->sep, text, "");
}

size_t
tq_redis_list_queue(const struct tq_redis_place *p, const char *list)
{
	size_t i, m, n = strlen(list);
	char end[TQ_REDIS_SEP_MAX + 16];

	for (i = 1; i < p->nsteps; i++) {
		m = (size_t)snprintf(end, sizeof(end), "%s%u", p->sep,
		    p->steps[i]);
		if (n > m && strcmp(list + n - m, end) == 0)
			return n - m;
	}
	return n;
}

void
tq_redis_binding(struct tq_redis_cmd *cmd, const struct tq_redis_place *p,
    const char *exchange, const char *key, const char *more)
{
	tq_redis_cmd_join(cmd, p->prefix, "_kombu.binding.", exchange, NULL);
	tq_redis_cmd_join(cmd, key, p->sep, p->sep, key, more, NULL);
}

char *
tq_redis_binding_cut(const struct tq_redis_place *p, char *member,
    char **pattern)
{
	char *one, *two;

	if ((one = strstr(member, p->sep)) == NULL ||
	    (two = strstr(one + strlen(p->sep), p->sep)) == NULL)
		return NULL;
	*one = *two = '\0';
	*pattern = one + strlen(p->sep);
	return two + strlen(p->sep);
}

const char *
tq_redis_meta_key(const struct tq_redis_place *p, struct tq_arena *mem,
    const char *id)
{
	return tq_redis_glue(mem, p->results, "celery-task-meta-", id, "", "");
}

const char *
tq_redis_group_key(const struct tq_redis_place *p, struct tq_arena *mem,
    const char *gid)
{
	return tq_redis_glue(mem, p->results, "celery-taskset-meta-", gid, "",
	    "");
}

const char *
tq_redis_own_key(const struct tq_redis_place *p, struct tq_arena *mem,
    const char *name)
{
	return tq_redis_glue(mem, p->prefix, name, "", "", "");
}
