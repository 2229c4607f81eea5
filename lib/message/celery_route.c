/* TQ_ROUTES: which queue a named task goes to when nobody said. */
#include "message/celery_route.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#define BLANKS	" \t\r"

/* The next word before end, NUL-terminated in mem; NULL: there is none. */
static const char *
word(const char **p, const char *end, struct tq_arena *mem)
{
	const char *s = *p;

	while (s < end && strchr(BLANKS, *s) != NULL)
		s++;
	*p = s;
	while (*p < end && strchr(BLANKS, **p) == NULL)
		(*p)++;
	return *p > s ? tq_arena_copy(mem, s, (size_t)(*p - s)) : NULL;
}

static int
parse_line(struct tq_celery_route *out, struct tq_arena *mem,
    const char *line, const char *end, size_t number, struct tq_err *e)
{
	const char *p = line;

	errno = 0;
	out->glob = word(&p, end, mem);
	out->queue = word(&p, end, mem);
	if (errno == ENOMEM)
		return tq_fail_sys(e, ENOMEM, "TQ_ROUTES");
	if (out->glob == NULL || *out->glob == '#')
		return 0;
	if (out->queue == NULL || word(&p, end, mem) != NULL ||
	    !tq_name_valid(out->queue))
		return tq_fail(e, EINVAL, "TQ_ROUTES:%zu: '%.*s' is not a glob "
		    "and a queue", number, (int)(end - line < 80 ? end - line :
		    80), line);
	return 1;
}

int
tq_celery_routes_parse(const struct tq_celery_route **out, size_t *n,
    struct tq_arena *mem, const char *text, struct tq_err *e)
{
	struct tq_celery_route *routes;
	const char *p, *end;
	size_t lines = 1, number = 0;
	int rv;

	for (p = text; *p != '\0'; p++)
		lines += *p == '\n';
	if ((routes = tq_arena_alloc(mem, lines * sizeof(*routes))) == NULL)
		return tq_fail_sys(e, ENOMEM, "TQ_ROUTES");
	*out = routes;
	*n = 0;
	for (p = text; number < lines; p = end + 1) {
		end = p + strcspn(p, "\n");
		if ((rv = parse_line(&routes[*n], mem, p, end, ++number,
		    e)) == -1)
			return -1;
		*n += (size_t)rv;
	}
	return 0;
}

const char *
tq_celery_route(const struct tq_celery_route *routes, size_t n,
    const char *name)
{
	size_t k;

	for (k = 0; k < n; k++) {
		if (fnmatch(routes[k].glob, name, 0) == 0)
			return routes[k].queue;
	}
	return NULL;
}
