/* Whether the machine has room for more tasks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/io.h"
#include "load.h"

/* A number over 0 up to most with `unit` behind it: 1, or 0. */
static int
number(double *out, const char *value, const char *unit, double most)
{
	char *end;

	if (value[strspn(value, "0123456789.")] != *unit)
		return 0;
	*out = strtod(value, &end);
	return end != value && strcmp(end, unit) == 0 && *out > 0 &&
	    *out <= most;
}

int
tq_load_parse(struct tq_load *l, const char *value, struct tq_err *e)
{
	if (number(&l->load, value, "", 1e6) ||
	    number(&l->waiting, value, "%", 100))
		return 0;
	return tq_fail(e, EINVAL, "'%s' is neither a load nor a percentage",
	    value);
}

int
tq_memfree_parse(struct tq_load *l, const char *value, struct tq_err *e)
{
	uint64_t bytes;

	if (strchr(value, '%') != NULL) {
		if (number(&l->stalled, value, "%", 100))
			return 0;
		return tq_fail(e, EINVAL, "'%s' is no percentage", value);
	}
	if (tq_size_parse(&bytes, value, e) == -1)
		return -1;
	if (bytes == 0 || bytes > INT64_MAX)
		return tq_fail(e, EINVAL, "'%s' is no size of memory", value);
	l->memfree = (int64_t)bytes;
	return 0;
}

double
tq_load_number(const char *text, const char *name)
{
	const char *p = strstr(text, name);
	char *end;
	double v;

	if (p == NULL)
		return -1;
	p += strlen(name);
	v = strtod(p, &end);
	return end != p && v >= 0 ? v : -1;
}

static double
look(const char *file, const char *name, struct tq_err *e)
{
	char buf[4096];
	double v = -1;
	ssize_t n = -1;
	int fd;

	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) != -1) {
		n = tq_io_read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	if (n == -1) {
		tq_fail_sys(e, errno, "%s", file);
		return -1;
	}
	buf[n] = '\0';
	if ((v = tq_load_number(buf, name)) < 0)
		tq_fail(e, EPROTO, "%s: no number behind '%s'", file, name);
	return v;
}

/* What is looked at, and how it is said. */
static const struct bound {
	const char	*file, *name, *why;
	double		 unit;		/* of the file's number in ours */
	int		 least;		/* a bound from below */
} bounds[] = {
	{ "/proc/loadavg", "", "load %.2f", 1, 0 },
	{ "/proc/pressure/cpu", "some avg10=", "cpu pressure %.1f%%", 1, 0 },
	{ "/proc/meminfo", "MemAvailable:", "%.0fM free", 1.0 / 1024, 1 },
	{ "/proc/pressure/memory", "some avg10=", "memory pressure %.1f%%",
	    1, 0 },
};

int
tq_load_look(const struct tq_load *l, char *why, size_t size,
    struct tq_err *e)
{
	const double want[] = {
		l->load, l->waiting, (double)l->memfree / (1 << 20), l->stalled
	};
	const struct bound *b;
	size_t i;
	double v;

	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		if (want[i] <= 0)
			continue;
		b = &bounds[i];
		if ((v = look(b->file, b->name, e)) < 0)
			return -1;
		v *= b->unit;
		if (b->least ? v >= want[i] : v <= want[i])
			continue;
		snprintf(why, size, b->why, v);
		return 0;
	}
	return 1;
}
