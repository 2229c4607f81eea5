/*
 * Find the program of a named task.
 *
 * The name of a task may come from far away, so the directories are a list of
 * what is allowed.  A file in them counts if
 *
 *  1. its name is that of a handler: letters, digits and _.- (so no '/');
 *  2. it is a regular file, or a symbolic link to one inside the directories:
 *     a link to a tool of the system would give that tool away;
 *  3. it belongs to root or to the worker's user and others cannot write it.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/task.h>

#include "handler.h"

int
tq_handlers_trust(const char *path, const struct stat *st,
    struct tq_err *e)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return tq_fail(e, EPERM, "%s: belongs to uid %lu", path,
		    (unsigned long)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return tq_fail(e, EPERM, "%s: others may write to it (mode "
		    "%03o)", path, (unsigned)st->st_mode & 0777);
	return 0;
}

int
tq_handlers_add(struct tq_handlers *h, const char *dir, struct tq_err *e)
{
	struct stat st;
	char *path;

	if (h->n == TQ_HANDLER_DIRS_MAX)
		return tq_fail(e, EMSGSIZE, "%s: more than %d handler "
		    "directories", dir, TQ_HANDLER_DIRS_MAX);
	if ((path = realpath(dir, NULL)) == NULL)
		return tq_fail_sys(e, errno, "%s", dir);
	if (stat(path, &st) == -1) {
		tq_fail_sys(e, errno, "%s", dir);
		goto fail;
	}
	if (!S_ISDIR(st.st_mode)) {
		tq_fail_sys(e, ENOTDIR, "%s", dir);
		goto fail;
	}
	if (tq_handlers_trust(dir, &st, e) == -1)
		goto fail;
	h->dir[h->n++] = path;
	return 0;
fail:
	free(path);
	return -1;
}

int
tq_handlers_add_list(struct tq_handlers *h, const char *list,
    struct tq_err *e)
{
	char *copy, *rest, *dir;
	int rv = 0;

	if ((copy = rest = strdup(list)) == NULL)
		return tq_fail_sys(e, ENOMEM, "handlers");
	while (rv == 0 && (dir = strsep(&rest, ":")) != NULL)
		if (*dir != '\0')
			rv = tq_handlers_add(h, dir, e);
	free(copy);
	return rv;
}

void
tq_handlers_fini(struct tq_handlers *h)
{
	while (h->n > 0)
		free(h->dir[--h->n]);
}

/* 1 if the file of this real path lies directly in one of the directories. */
static int
inside(const struct tq_handlers *h, const char *real)
{
	const char *base = strrchr(real, '/');
	size_t i, n = (size_t)(base - real);

	for (i = 0; i < h->n; i++)
		if (strlen(h->dir[i]) == n && memcmp(h->dir[i], real, n) == 0)
			return 1;
	return 0;
}

int
tq_handler_check(const char *path, struct tq_err *e)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return tq_fail_sys(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return tq_fail(e, EPERM, "%s: not a regular file", path);
	if (tq_handlers_trust(path, &st, e) == -1)
		return -1;
	if (access(path, X_OK) == -1)
		return tq_fail(e, EACCES, "%s: not executable", path);
	return 0;
}

/*
 * Check what was found at path.  A link is run by its own name, for programs
 * that look at it.
 */
static int
check_file(const char *path, const struct tq_handlers *h, struct tq_err *e)
{
	char real[PATH_MAX];

	if (realpath(path, real) == NULL)
		return tq_fail_sys(e, errno, "%s", path);
	if (!inside(h, real))
		return tq_fail(e, EPERM, "%s: leads out of the handler "
		    "directories to %s", path, real);
	return tq_handler_check(path, e);
}

int
tq_handlers_find(char path[PATH_MAX], const struct tq_handlers *h,
    const char *name, struct tq_err *e)
{
	struct stat st;
	size_t i;
	int n;

	for (i = 0; i < h->n && tq_name_valid(name); i++) {
		n = snprintf(path, PATH_MAX, "%s/%s", h->dir[i], name);
		if (n < 0 || n >= PATH_MAX)
			continue;
		if (lstat(path, &st) == 0)
			return check_file(path, h, e);
	}
	return tq_fail(e, ENOENT, "NotRegistered: %s", name);
}

/* A file that may be run under the name of a task; settings are none. */
static int
is_handler(const char *dir, const char *name)
{
	char path[PATH_MAX];
	size_t n = strlen(name);
	struct tq_err e;

	return tq_name_valid(name) &&
	    (n < 5 || strcmp(name + n - 5, ".conf") != 0) &&
	    snprintf(path, sizeof(path), "%s/%s", dir, name) <
	    (int)sizeof(path) && tq_handler_check(path, &e) == 0;
}

void
tq_handlers_names(struct tq_buf *out, const struct tq_handlers *h)
{
	struct dirent *d;
	size_t i;
	DIR *dir;

	for (i = 0; i < h->n; i++) {
		if ((dir = opendir(h->dir[i])) == NULL)
			continue;
		while ((d = readdir(dir)) != NULL) {
			if (!is_handler(h->dir[i], d->d_name))
				continue;
			if (out->n > 0)
				tq_buf_byte(out, ',');
			tq_buf_str(out, d->d_name);
		}
		closedir(dir);
	}
}
