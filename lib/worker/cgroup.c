/*
 * A cgroup v2 for each place of a worker.
 *
 *	BASE			was delegated to us
 *	BASE/tq-PID		one worker
 *	BASE/tq-PID/worker	itself and its hooks
 *	BASE/tq-PID/N.G		tasks of place N, one after the other; or a
 *				resident handler, N is 65536 or more then
 *
 * Rules
 *  1. BASE is ours to arrange only if it carries the extended attribute
 *     user.delegate or trusted.delegate "1": systemd sets it for Delegate=yes,
 *     an administrator with setfattr(1).  That we may write is not enough:
 *     root may write everywhere, and two who arrange one tree break it.
 *  2. A group has processes or controllers for its children, never both
 *     (cgroups(7), "no internal processes"): the worker moves first.
 *  3. A group is used again by the next task of its place, and costs that no
 *     system call if it has the same limits.  G rises when the group cannot be:
 *     processes, or files in memory, of an earlier task are in it.
 *  4. A controller that is not there, or takes no order, is not had; what it
 *     would keep is left to rlimits.  So nothing here can stop a task.
 *  5. What a killed worker leaves is groups without processes: the next that
 *     starts in BASE removes them.
 */
#include <sys/stat.h>
#include <sys/xattr.h>

#include <bsd/string.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cgroup.h"

#define WORKER		"worker"
#define NAME		64
/* Of mem=, this part taken before the task starts is too much: see rule 3. */
#define CROWDED		16
#define PERIOD		100000		/* us, of cpu.max */

static const struct {
	unsigned	 bit;
	const char	*name;
	const char	*switched;	/* into cgroup.subtree_control */
} controllers[] = {
	{ TQ_CGROUP_CPU, "cpu", "+cpu" },
	{ TQ_CGROUP_MEMORY, "memory", "+memory" },
	{ TQ_CGROUP_PIDS, "pids", "+pids" },
	{ TQ_CGROUP_KILL, "kill", NULL },
};
#define NCONTROLLERS	(sizeof(controllers) / sizeof(controllers[0]))

/* ---- files of a group ---------------------------------------------------- */

static int
set(int dir, const char *file, const char *value)
{
	int fd, rv, saved;

	if ((fd = openat(dir, file, O_WRONLY | O_CLOEXEC)) == -1)
		return -1;
	rv = tq_io_write(fd, value, strlen(value));
	saved = errno;
	close(fd);
	errno = saved;
	return rv;
}

/* All of a short file, "" when it cannot be had. */
static void
get(int dir, const char *file, char *buf, size_t size)
{
	ssize_t n = -1;
	int fd;

	if ((fd = openat(dir, file, O_RDONLY | O_CLOEXEC)) != -1) {
		n = tq_io_read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = '\0';
}

/* The number behind a key at the beginning of a line; 0 without one. */
static int64_t
get_key(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (text != NULL && *text != '\0') {
		if (strncmp(text, key, n) == 0 && text[n] == ' ')
			return (int64_t)strtoll(text + n, NULL, 10);
		if ((text = strchr(text, '\n')) != NULL)
			text++;
	}
	return 0;
}

/* 1 if a word stands in a list with blanks between. */
static int
has_word(const char *list, const char *word)
{
	size_t n = strlen(word), k;

	for (; *list != '\0'; list += k + strspn(list + k, " \n")) {
		k = strcspn(list, " \n");
		if (k == n && memcmp(list, word, n) == 0)
			return 1;
		if (k == 0)
			list++;
	}
	return 0;
}

/* ---- where we are -------------------------------------------------------- */

/* Our path in the hierarchy of version 2: 1, 0 there is none. */
static int
find_path(char *out, size_t size)
{
	char *line = NULL;
	size_t room = 0;
	int found = 0;
	FILE *f;

	if ((f = fopen("/proc/self/cgroup", "re")) == NULL)
		return 0;
	while (!found && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::/", 4) == 0 &&
		    strlcpy(out, line + 3, size) < size;
	}
	free(line);
	fclose(f);
	return found;
}

/*
 * A line of /proc/self/mountinfo: 1 if it is a mount of the hierarchy where
 * path can be seen, *out gets its directory there.
 */
static int
mounted(char *out, size_t size, const char *line, const char *path)
{
	char root[PATH_MAX], at[PATH_MAX];
	const char *type;
	size_t n;
	int k;

	if ((type = strstr(line, " - ")) == NULL ||
	    strncmp(type, " - cgroup2 ", 11) != 0 ||
	    sscanf(line, "%*d %*d %*s %4095s %4095s", root, at) != 2 ||
	    strchr(at, '\\') != NULL)	/* a name in need of quotes */
		return 0;
	n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return 0;
	k = snprintf(out, size, "%s%s", at,
	    strcmp(path + n, "/") == 0 ? "" : path + n);
	return k > 0 && (size_t)k < size;
}

static int
delegated(const char *base)
{
	char v;

	return (getxattr(base, "user.delegate", &v, 1) == 1 && v == '1') ||
	    (getxattr(base, "trusted.delegate", &v, 1) == 1 && v == '1');
}

int
tq_cgroup_find(char *base, size_t size)
{
	char path[PATH_MAX], *line = NULL;
	size_t room = 0;
	int found = 0;
	FILE *f;

	/* ours may be outside of what this namespace shows: "/../x" */
	if (!find_path(path, sizeof(path)) || strncmp(path, "/..", 3) == 0 ||
	    (f = fopen("/proc/self/mountinfo", "re")) == NULL)
		return 0;
	while (!found && getline(&line, &room, f) > 0)
		found = mounted(base, size, line, path) && delegated(base);
	free(line);
	fclose(f);
	return found;
}

/* ---- one worker ---------------------------------------------------------- */

static int
populated(int dir)
{
	char buf[256];

	get(dir, "cgroup.events", buf, sizeof(buf));
	return get_key(buf, "populated") != 0;
}

static DIR *
list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;

	if (d == NULL && fd != -1)
		close(fd);
	return d;
}

/* Remove the groups of a worker that is gone. */
static void
remove_worker(int base, const char *name)
{
	struct dirent *e;
	DIR *d;
	int dir;

	dir = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (dir == -1)
		return;
	if (!populated(dir) && (d = list(dir)) != NULL) {
		while ((e = readdir(d)) != NULL)
			if (e->d_type == DT_DIR && e->d_name[0] != '.')
				(void)unlinkat(dir, e->d_name, AT_REMOVEDIR);
		closedir(d);
		(void)unlinkat(base, name, AT_REMOVEDIR);
	}
	close(dir);
}

static void
remove_dead(int base)
{
	struct dirent *e;
	DIR *d;

	if ((d = list(base)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, "tq-", 3) == 0)
			remove_worker(base, e->d_name);
	closedir(d);
}

/* Make a group, or take an empty one of that name; its directory, or -1. */
static int
make_group(int dir, const char *name)
{
	int fd;

	if (mkdirat(dir, name, 0755) == -1 && errno != EEXIST)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && populated(fd)) {
		close(fd);
		fd = -1;
		errno = EEXIST;
	}
	return fd;
}

/* Hand controllers down from base through dir to its leaves. */
static unsigned
hand_down(int base, int dir, int worker)
{
	char offered[256];
	unsigned has = 0;
	size_t i;

	get(base, "cgroup.controllers", offered, sizeof(offered));
	for (i = 0; i < NCONTROLLERS; i++)
		if (controllers[i].switched != NULL &&
		    has_word(offered, controllers[i].name) &&
		    set(base, "cgroup.subtree_control",
		    controllers[i].switched) == 0 &&
		    set(dir, "cgroup.subtree_control",
		    controllers[i].switched) == 0)
			has |= controllers[i].bit;
	/* before Linux 5.14 there is none */
	if (faccessat(worker, "cgroup.kill", W_OK, 0) == 0)
		has |= TQ_CGROUP_KILL;
	return has;
}

int
tq_cgroup_open(struct tq_cgroup *cg, const char *path, struct tq_err *e)
{
	int base, worker = -1, rv = -1;
	char name[NAME];

	cg->dir = -1;
	cg->has = 0;
	base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base == -1)
		return tq_fail_sys(e, errno, "cgroup %s", path);
	remove_dead(base);
	snprintf(name, sizeof(name), "tq-%ld", (long)getpid());
	if ((cg->dir = make_group(base, name)) == -1 ||
	    (worker = make_group(cg->dir, WORKER)) == -1 ||
	    set(worker, "cgroup.procs", "0") == -1) {
		tq_fail_sys(e, errno, "cgroup %s/%s", path, name);
		goto out;
	}
	cg->has = hand_down(base, cg->dir, worker);
	rv = 0;
out:
	if (rv == -1) {
		tq_cgroup_close(cg);
		remove_worker(base, name);
	}
	if (worker != -1)
		close(worker);
	close(base);
	return rv;
}

void
tq_cgroup_close(struct tq_cgroup *cg)
{
	if (cg->dir != -1)
		close(cg->dir);
	cg->dir = -1;
	cg->has = 0;
}

void
tq_cgroup_words(char *buf, size_t size, const struct tq_cgroup *cg)
{
	const char *before = ":";
	size_t i;

	strlcpy(buf, cg->dir != -1 ? "cgroup" : "rlimit", size);
	for (i = 0; i < NCONTROLLERS; i++)
		if (cg->has & controllers[i].bit) {
			strlcat(buf, before, size);
			strlcat(buf, controllers[i].name, size);
			before = ",";
		}
}

/* ---- one place ----------------------------------------------------------- */

void
tq_leaf_init(struct tq_leaf *leaf, unsigned number)
{
	memset(leaf, 0, sizeof(*leaf));
	leaf->dir = -1;
	leaf->number = number;
}

static void
leaf_name(char *buf, size_t size, const struct tq_leaf *leaf, unsigned g)
{
	snprintf(buf, size, "%u.%u", leaf->number, g);
}

/* Remove what earlier generations left and nobody is in any more. */
static void
remove_old(struct tq_leaf *leaf, const struct tq_cgroup *cg)
{
	char name[NAME];
	unsigned g;

	for (g = leaf->oldest; g != leaf->generation; g++) {
		leaf_name(name, sizeof(name), leaf, g);
		if ((unlinkat(cg->dir, name, AT_REMOVEDIR) == 0 ||
		    errno == ENOENT) && g == leaf->oldest)
			leaf->oldest++;
	}
}

static void
count_events(int64_t *oom, int64_t *oom_kill, const struct tq_leaf *leaf)
{
	char buf[512];

	get(leaf->dir, "memory.events", buf, sizeof(buf));
	*oom = get_key(buf, "oom");
	*oom_kill = get_key(buf, "oom_kill");
}

static int
make_leaf(struct tq_leaf *leaf, const struct tq_cgroup *cg, struct tq_err *e)
{
	char name[NAME];

	remove_old(leaf, cg);
	leaf_name(name, sizeof(name), leaf, leaf->generation);
	if ((leaf->dir = make_group(cg->dir, name)) == -1) {
		tq_fail_sys(e, errno, "cgroup %s", name);
		leaf->generation++;
		return -1;
	}
	memset(leaf->limit, 0, sizeof(leaf->limit));
	if (cg->has & TQ_CGROUP_MEMORY)
		/* a task loses all its processes or none */
		(void)set(leaf->dir, "memory.oom.group", "1");
	count_events(&leaf->oom, &leaf->oom_kill, leaf);
	return 0;
}

/* 1 if much of the memory a task may have is taken before it begins. */
static int
crowded(const struct tq_leaf *leaf, int64_t mem)
{
	char buf[64];

	get(leaf->dir, "memory.current", buf, sizeof(buf));
	return strtoll(buf, NULL, 10) > mem / CROWDED;
}

static int
write_limit(int dir, enum tq_limit which, int64_t v)
{
	char buf[64];

	if (v == 0)
		strlcpy(buf, "max", sizeof(buf));
	else if (which == TQ_LIMIT_CPUS)
		snprintf(buf, sizeof(buf), "%" PRId64 " %d",
		    v * (PERIOD / 1000), PERIOD);
	else
		snprintf(buf, sizeof(buf), "%" PRId64, v);
	if (which == TQ_LIMIT_CPUS)
		return set(dir, "cpu.max", buf);
	if (which == TQ_LIMIT_NPROC)
		return set(dir, "pids.max", buf);
	if (set(dir, "memory.max", buf) == -1)
		return -1;
	/* what is swapped out is used too; there may be no swap */
	(void)set(dir, "memory.swap.max", v == 0 ? "max" : "0");
	return 0;
}

/* Let the group keep one of the limits, if it can. */
static void
keep(struct tq_leaf *leaf, enum tq_limit which, int64_t *v)
{
	if (*v != leaf->limit[which]) {
		if (write_limit(leaf->dir, which, *v) == -1)
			return;
		leaf->limit[which] = *v;
	}
	*v = 0;
}

int
tq_leaf_make(struct tq_leaf *leaf, const struct tq_cgroup *cg,
    struct tq_limits *l, struct tq_err *e)
{
	if (cg->dir == -1)
		return tq_fail(e, ENOENT, "no cgroup");
	if (leaf->dir != -1 && cg->has & TQ_CGROUP_MEMORY &&
	    l->v[TQ_LIMIT_MEM] != 0 && crowded(leaf, l->v[TQ_LIMIT_MEM]))
		tq_leaf_leave(leaf);
	if (leaf->dir == -1 && make_leaf(leaf, cg, e) == -1)
		return -1;
	if (cg->has & TQ_CGROUP_CPU)
		keep(leaf, TQ_LIMIT_CPUS, &l->v[TQ_LIMIT_CPUS]);
	if (cg->has & TQ_CGROUP_MEMORY)
		keep(leaf, TQ_LIMIT_MEM, &l->v[TQ_LIMIT_MEM]);
	if (cg->has & TQ_CGROUP_PIDS)
		keep(leaf, TQ_LIMIT_NPROC, &l->v[TQ_LIMIT_NPROC]);
	return 0;
}

void
tq_leaf_leave(struct tq_leaf *leaf)
{
	if (leaf->dir == -1)
		return;
	close(leaf->dir);
	leaf->dir = -1;
	leaf->generation++;
}

void
tq_leaf_kill(const struct tq_leaf *leaf)
{
	if (leaf->dir != -1)
		(void)set(leaf->dir, "cgroup.kill", "1");
}

const char *
tq_leaf_why(struct tq_leaf *leaf)
{
	const char *why = NULL;
	int64_t oom, oom_kill;

	if (leaf->dir == -1)
		return NULL;
	count_events(&oom, &oom_kill, leaf);
	if (oom_kill > leaf->oom_kill)
		why = oom > leaf->oom ? "killed: memory limit (cgroup)" :
		    "killed: out of memory (service or machine)";
	leaf->oom = oom;
	leaf->oom_kill = oom_kill;
	return why;
}

void
tq_leaf_close(struct tq_leaf *leaf, const struct tq_cgroup *cg)
{
	tq_leaf_leave(leaf);
	if (cg->dir != -1)
		remove_old(leaf, cg);
}
