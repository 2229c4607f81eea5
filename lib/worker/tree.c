/*
 * Find and signal all processes of a task, by looking at every process of
 * the system: slow (about 10 us for each), but only a task that is ended by
 * force costs it, and nothing can hide from it by leaving its group, its
 * session or its parent.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "tree.h"

#define PASSES		100	/* of tq_tree_end(), a millisecond apart */
#define ENVIRON_MAX	(1 << 20)

struct row {
	pid_t		 pid, parent, group;
	int		 ours;
};

struct rows {
	struct row	*v;
	size_t		 n, cap;
};

/* Read at most size - 1 bytes of /proc/pid/name and a NUL; count or -1. */
static ssize_t
read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = tq_io_read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

/* 1 and *r set; 0 for a process that has gone or is a zombie. */
static int
read_row(struct row *r, pid_t pid)
{
	char buf[512], state;
	long parent, group;
	const char *p;

	if (read_proc(pid, "stat", buf, sizeof(buf)) <= 0)
		return 0;
	/* the name in parentheses may hold anything, see proc(5) */
	if ((p = strrchr(buf, ')')) == NULL ||
	    sscanf(p + 1, " %c %ld %ld", &state, &parent, &group) != 3)
		return 0;
	if (state == 'Z' || state == 'X')
		return 0;
	*r = (struct row){ pid, (pid_t)parent, (pid_t)group, 0 };
	return 1;
}

static int
by_pid(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* All there are, in order of pid. */
static int
read_rows(struct rows *rows)
{
	struct dirent *d;
	struct row *v;
	char *end;
	size_t cap;
	long pid;
	DIR *dir;

	rows->n = 0;
	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while ((d = readdir(dir)) != NULL) {
		pid = strtol(d->d_name, &end, 10);
		if (pid <= 0 || *end != '\0')
			continue;
		if (rows->n == rows->cap) {
			cap = rows->cap > 0 ? 2 * rows->cap : 256;
			v = reallocarray(rows->v, cap, sizeof(*v));
			if (v == NULL)
				break;	/* better some than none */
			rows->v = v;
			rows->cap = cap;
		}
		rows->n += (size_t)read_row(&rows->v[rows->n], (pid_t)pid);
	}
	closedir(dir);
	if (rows->n > 0)
		qsort(rows->v, rows->n, sizeof(*rows->v), by_pid);
	return 0;
}

static int
is_main(const struct tq_tree *t, pid_t pid)
{
	size_t i;

	for (i = 0; i < t->nmains; i++)
		if (t->mains[i] == pid)
			return 1;
	return 0;
}

/* 1 if the environment of pid holds the mark as one whole entry. */
static int
marked(const struct tq_tree *t, pid_t pid)
{
	size_t len = strlen(t->mark) + 1;
	char *buf, *p;
	ssize_t n;
	int yes = 0;

	if ((buf = malloc(ENVIRON_MAX)) == NULL)
		return 0;
	n = read_proc(pid, "environ", buf, ENVIRON_MAX);
	for (p = buf; n > 0 && !yes && p < buf + n; p += strlen(p) + 1)
		yes = strncmp(p, t->mark, len) == 0;
	free(buf);
	return yes;
}

static int
has_ours(const struct rows *rows, pid_t pid)
{
	const struct row key = { .pid = pid }, *r;

	r = rows->n == 0 ? NULL : bsearch(&key, rows->v, rows->n,
	    sizeof(*rows->v), by_pid);
	return r != NULL && r->ours;
}

/* 1 if a process belongs to the task by itself, not by its parent. */
static int
belongs(const struct tq_tree *t, const struct row *r, pid_t self)
{
	if (t->root == 0)
		return r->pid != self && marked(t, r->pid);
	return r->pid == t->root || r->group == t->root ||
	    (r->parent == self && !is_main(t, r->pid) && marked(t, r->pid));
}

/* Most parents have a lower pid than their children: one pass finds most. */
static void
mark_ours(const struct tq_tree *t, struct rows *rows)
{
	pid_t self = getpid();
	struct row *r, *last = rows->v + rows->n;
	int found;

	for (r = rows->v; r < last; r++)
		r->ours = belongs(t, r, self);
	do {
		found = 0;
		for (r = rows->v; r < last; r++)
			if (!r->ours && r->pid != self &&
			    has_ours(rows, r->parent))
				found = r->ours = 1;
	} while (found);
}

int
tq_tree_signal(const struct tq_tree *t, int sig)
{
	struct rows rows = { NULL, 0, 0 };
	size_t i;
	int n = 0;

	if (read_rows(&rows) == 0) {
		mark_ours(t, &rows);
		for (i = 0; i < rows.n; i++)
			if (rows.v[i].ours) {
				kill(rows.v[i].pid, sig);
				n++;
			}
	}
	free(rows.v);
	return n;
}

static int
end(const struct tq_tree *t)
{
	int i, left = 0;

	for (i = 0; i < PASSES; i++) {
		if ((left = tq_tree_signal(t, SIGKILL)) == 0)
			break;
		poll(NULL, 0, 1);
	}
	return left;
}

int
tq_tree_end(const struct tq_tree *t)
{
	assert(t->root > 0);	/* of 0 and -1 kill(2) makes everybody */
	/* the group at once: it cannot fork in between */
	kill(-t->root, SIGKILL);
	return end(t);
}

int
tq_tree_end_remains(const char *mark)
{
	const struct tq_tree t = { 0, mark, NULL, 0 };

	return end(&t);
}
