/* Bounds of handlers, from their settings to the broker. */
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bound.h"
#include "conf.h"

#define SUFFIX	".conf"

/* One bound, if it is another one now; "0" is none. */
static void
set(const struct tq_place_rules *rules, const char *what, const char *name,
    const char *value)
{
	char setting[TQ_NAME_MAX + 32], now[64] = "0";
	struct tq_err e;

	if (value == NULL)
		return;
	snprintf(setting, sizeof(setting), "%s.name:%s", what, name);
	if (tq_get(rules->tq, NULL, setting, now, sizeof(now), &e) != 1)
		(void)snprintf(now, sizeof(now), "0");
	if (strcmp(now, value) != 0 &&
	    tq_set(rules->tq, NULL, setting, value, &e) == -1)
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %s %s is not kept: %s",
		    name, what, value, e.text);
}

/* What stands beside the program at path. */
static void
set_of(const struct tq_place_rules *rules, const char *name,
    const char *path)
{
	struct tq_arena mem;
	struct tq_conf conf;
	struct tq_err e;

	tq_arena_init(&mem);
	if (tq_conf_read(&conf, &mem, path, &e) == -1)
		tq_say(rules->say, TQ_SAY_WRONG, "%s", e.text);
	else {
		set(rules, "cap", name, conf.concurrency);
		set(rules, "rate", name, conf.rate);
	}
	tq_arena_fini(&mem);
}

/* Every `name.conf` of a directory whose handler is there. */
static void
set_dir(const struct tq_place_rules *rules, const char *dir)
{
	char path[PATH_MAX], found[PATH_MAX];
	struct dirent *d;
	struct tq_err e;
	size_t n;
	DIR *dp;

	if ((dp = opendir(dir)) == NULL) {
		tq_say(rules->say, TQ_SAY_WRONG, "%s: %s", dir,
		    strerror(errno));
		return;
	}
	while ((d = readdir(dp)) != NULL) {
		n = strlen(d->d_name);
		if (n <= sizeof(SUFFIX) - 1 || n > TQ_NAME_MAX ||
		    strcmp(d->d_name + n - (sizeof(SUFFIX) - 1), SUFFIX) != 0)
			continue;
		d->d_name[n - (sizeof(SUFFIX) - 1)] = '\0';
		if (snprintf(path, sizeof(path), "%s/%s", dir, d->d_name) >=
		    (int)sizeof(path))
			continue;
		/* only of the one that would be run */
		if (tq_name_valid(d->d_name) && tq_handlers_find(found,
		    rules->plan.handlers, d->d_name, &e) == 0 &&
		    strcmp(found, path) == 0)
			set_of(rules, d->d_name, path);
	}
	closedir(dp);
}

void
tq_bounds_set(const struct tq_place_rules *rules)
{
	const struct tq_uses *uses = rules->plan.uses;
	size_t i;

	for (i = 0; rules->plan.handlers != NULL &&
	    i < rules->plan.handlers->n; i++)
		set_dir(rules, rules->plan.handlers->dir[i]);
	for (i = 0; uses != NULL && i < uses->n; i++)
		if (uses->use[i].name != NULL)
			set_of(rules, uses->use[i].name, uses->use[i].path);
}
