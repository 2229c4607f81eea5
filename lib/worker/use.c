/* Programs given for named tasks on the command line. */
#include <bsd/stdlib.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "handler.h"
#include "use.h"

/* The absolute path of a program, NULL. */
static char *
resolve(const char *program, struct tq_err *e)
{
	char path[PATH_MAX], *real;
	const char *dir, *end;
	int n;

	if (strchr(program, '/') != NULL) {
		if ((real = realpath(program, NULL)) == NULL)
			tq_fail_sys(e, errno, "%s", program);
		return real;
	}
	dir = getenv("PATH");
	for (; dir != NULL; dir = *end == ':' ? end + 1 : NULL) {
		end = dir + strcspn(dir, ":");
		n = snprintf(path, sizeof(path), "%.*s/%s", (int)(end - dir),
		    dir, program);
		/* relative directories would mean another place later */
		if (*dir == '/' && n > 0 && (size_t)n < sizeof(path) &&
		    access(path, X_OK) == 0)
			return realpath(path, NULL);
	}
	tq_fail(e, ENOENT, "%s: program not found", program);
	return NULL;
}

/* Read ",tasks=n,rss=size,ahead=n"; *list is cut up. */
static int
read_options(struct tq_use *u, char *list, struct tq_err *e)
{
	char *word, *value;
	const char *bad;

	while ((word = strsep(&list, ",")) != NULL) {
		value = word + strcspn(word, "=");
		if (*value != '\0')
			*value++ = '\0';
		if (strcmp(word, "tasks") == 0) {
			u->tasks = (uint64_t)strtonum(value, 1, INT64_MAX,
			    &bad);
			if (bad != NULL)
				return tq_fail(e, EINVAL, "tasks: '%s' is %s",
				    value, bad);
		} else if (strcmp(word, "rss") == 0) {
			if (tq_size_parse(&u->rss, value, e) == -1)
				return -1;
		} else if (strcmp(word, "ahead") == 0) {
			u->ahead = (unsigned)strtonum(value, 0, TQ_AHEAD_MAX,
			    &bad);
			if (bad != NULL)
				return tq_fail(e, EINVAL, "ahead: '%s' is %s",
				    value, bad);
		} else
			return tq_fail(e, EINVAL, "'%s' is neither tasks, rss "
			    "nor ahead", word);
	}
	return 0;
}

/* 1 if both are for the same tasks. */
static int
same_name(const struct tq_use *a, const struct tq_use *b)
{
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name;
	return strcmp(a->name, b->name) == 0;
}

/* Take what has been read in *u, whose strings are copied or made. */
static int
add(struct tq_uses *uses, const struct tq_use *u, const char *program,
    struct tq_err *e)
{
	struct tq_use own = *u;
	size_t i;

	if (u->name != NULL && !tq_name_valid(u->name))
		return tq_fail(e, EINVAL, "'%s' is no name of a task",
		    u->name);
	for (i = 0; i < uses->n; i++)
		if (same_name(&uses->use[i], u))
			return tq_fail(e, EEXIST, "%s: has a program already",
			    u->name != NULL ? u->name : program);
	if (uses->n == TQ_USES_MAX)
		return tq_fail(e, EMSGSIZE, "%s: more than %d programs",
		    program, TQ_USES_MAX);
	if ((own.path = resolve(program, e)) == NULL)
		return -1;
	if (tq_handler_check(own.path, e) == -1)
		goto fail;
	if (u->name != NULL && (own.name = strdup(u->name)) == NULL) {
		tq_fail_sys(e, errno, "%s", program);
		goto fail;
	}
	uses->use[uses->n++] = own;
	return 0;
fail:
	free(own.path);
	return -1;
}

int
tq_uses_add(struct tq_uses *uses, const char *definition, struct tq_err *e)
{
	struct tq_use u = { .resident = 0 };
	char *copy, *eq;
	int rv;

	if ((copy = strdup(definition)) == NULL)
		return tq_fail_sys(e, errno, "%s", definition);
	if ((eq = strchr(copy, '=')) == NULL)
		rv = tq_fail(e, EINVAL, "'%s': wanted name=program",
		    definition);
	else {
		*eq = '\0';
		u.name = copy;
		rv = add(uses, &u, eq + 1, e);
	}
	free(copy);
	return rv;
}

int
tq_uses_add_resident(struct tq_uses *uses, const char *definition,
    struct tq_err *e)
{
	struct tq_use u = { .resident = 1, .ahead = TQ_AHEAD_MAX };
	char *copy, *program, *eq, *list;
	int rv = 0;

	if ((copy = strdup(definition)) == NULL)
		return tq_fail_sys(e, errno, "%s", definition);
	program = list = copy;
	(void)strsep(&list, ",");
	if ((eq = strchr(program, '=')) != NULL) {
		*eq = '\0';
		u.name = copy;
		program = eq + 1;
	}
	if (list != NULL)
		rv = read_options(&u, list, e);
	if (rv == 0)
		rv = add(uses, &u, program, e);
	free(copy);
	return rv;
}

void
tq_uses_fini(struct tq_uses *uses)
{
	while (uses->n > 0) {
		free(uses->use[--uses->n].name);
		free(uses->use[uses->n].path);
	}
}

const struct tq_use *
tq_uses_find(const struct tq_uses *uses, const struct tq_task *t)
{
	const struct tq_use *rest = NULL, *u;

	if (t->kind != TQ_KIND_NAMED && t->kind != TQ_KIND_BODY)
		return NULL;
	if (uses == NULL)
		return NULL;
	for (u = uses->use; u < uses->use + uses->n; u++)
		if (u->name == NULL)
			rest = u;
		else if (t->kind == TQ_KIND_NAMED &&
		    strcmp(u->name, t->name) == 0)
			return u;
	return rest;
}
