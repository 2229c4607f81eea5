/*
 * The place a command runs in.
 *
 * A whole environment is large, full of what belongs to one login, and often
 * holds secrets; so few variables go along, and -e adds the others.
 */
#include "command/place.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/status.h"

extern char **environ;

static const char *const allowed[] = {
	"HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TZ", "USER",
};

void
tq_place_init(struct tq_place *p)
{
	p->dir[0] = '\0';
	p->umask = -1;
	p->env = NULL;
	p->n = p->cap = p->given = 0;
}

void
tq_place_fini(struct tq_place *p)
{
	free(p->env);
	tq_place_init(p);
}

int
tq_place_copy(struct tq_place *p, const struct tq_place *from,
    struct tq_err *e)
{
	*p = *from;
	p->cap = p->n + 1;
	p->env = reallocarray(NULL, p->cap, sizeof(*p->env));
	if (p->env == NULL) {
		tq_place_init(p);
		return tq_fail_sys(e, ENOMEM, "environment");
	}
	memcpy(p->env, from->env, p->n * sizeof(*p->env));
	p->env[p->n] = NULL;
	return 0;
}

/* The place of the variable whose name has len bytes; p->n: a new one. */
static size_t
find(const struct tq_place *p, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strncmp(p->env[i], name, len) == 0 &&
		    p->env[i][len] == '=')
			break;
	return i;
}

static int
set(struct tq_place *p, size_t at, const char *var)
{
	const char **env;
	size_t cap;

	/* one more than n, for the NULL at the end */
	if (p->n + 1 >= p->cap) {
		cap = p->cap == 0 ? 32 : p->cap * 2;
		env = reallocarray(p->env, cap, sizeof(*env));
		if (env == NULL)
			return -1;
		p->env = env;
		p->cap = cap;
	}
	p->env[at] = var;
	if (at == p->n)
		p->env[++p->n] = NULL;
	return 0;
}

/* "name=value" of our own environment, NULL when it is not set. */
static const char *
lookup(const char *name, size_t len)
{
	char **v;

	for (v = environ; *v != NULL; v++)
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
			return *v;
	return NULL;
}

int
tq_place_add(struct tq_place *p, const char *var, struct tq_err *e)
{
	size_t len = strcspn(var, "=");

	/* a shell would not show it; most likely a quote is misplaced */
	if (len == 0 || strcspn(var, " \t\n") < len)
		return tq_fail(e, EINVAL, "'%s' is not name or name=value",
		    var);
	if (var[len] == '\0' && lookup(var, len) == NULL)
		return tq_fail(e, EINVAL, "'%s' is not set", var);
	if (set(p, find(p, var, len), var[len] == '=' ? var :
	    lookup(var, len)) == -1)
		return tq_fail_sys(e, errno, "environment");
	return 0;
}

int
tq_place_chdir(struct tq_place *p, const char *dir, struct tq_err *e)
{
	char here[PATH_MAX] = "";
	int n;

	if (dir[0] == '\0')
		return tq_fail(e, EINVAL, "the directory's name is empty");
	if (dir[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return tq_fail_sys(e, errno, "current directory");
	n = snprintf(p->dir, sizeof(p->dir), "%s%s%s", here,
	    dir[0] == '/' ? "" : "/", dir);
	if (n < 0 || (size_t)n >= sizeof(p->dir))
		return tq_fail(e, EINVAL, "'%.80s...' is too long", dir);
	return 0;
}

static int
is_allowed(const char *var, size_t len)
{
	size_t i;

	if (strncmp(var, "LC_", 3) == 0)
		return 1;
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strlen(allowed[i]) == len &&
		    memcmp(allowed[i], var, len) == 0)
			return 1;
	return 0;
}

void
tq_place_here(struct tq_place *p)
{
	const char *end;
	mode_t mask;
	size_t len;
	char **v;

	if (p->umask != -1)
		return;
	p->given = p->n;
	if (p->dir[0] == '\0' && getcwd(p->dir, sizeof(p->dir)) == NULL)
		tq_die(TQ_EXIT_OS, "current directory: %s", strerror(errno));
	/* there is no call that only asks */
	mask = umask(077);
	umask(mask);
	p->umask = (int)mask;
	for (v = environ; *v != NULL; v++) {
		if ((end = strchr(*v, '=')) == NULL)
			continue;
		len = (size_t)(end - *v);
		if (is_allowed(*v, len) && find(p, *v, len) == p->n &&
		    set(p, p->n, *v) == -1)
			tq_die(TQ_EXIT_OS, "environment: %s", strerror(errno));
	}
}

int
tq_place_gives(const struct tq_place *p, const char *var)
{
	return find(p, var, strcspn(var, "=")) < p->given;
}

void
tq_place_apply(const struct tq_place *p, struct tq_task *t)
{
	t->dir = p->dir[0] != '\0' ? p->dir : NULL;
	t->umask = p->umask;
	t->env = p->env;
}
