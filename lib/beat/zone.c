/* Time zones by libc's database; see zone.h. */
#include "zone.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATABASE	"/usr/share/zoneinfo"	/* libc's, unless $TZDIR is */

int
tq_zones_init(struct tq_zones *z)
{
	const char *tz = getenv("TZ");

	z->used[0] = '\0';
	z->own = NULL;
	return tz != NULL && (z->own = strdup(tz)) == NULL ? -1 : 0;
}

void
tq_zones_fini(struct tq_zones *z)
{
	(void)tq_zones_use(z, "");
	free(z->own);
	z->own = NULL;
}

/* Seconds that the clocks of the zone in use are ahead of UTC. */
static int64_t
offset(void *arg, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;

	(void)arg;
	return localtime_r(&when, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

struct tq_zone
tq_zones_use(struct tq_zones *z, const char *name)
{
	if (strcmp(z->used, name) != 0) {
		snprintf(z->used, sizeof(z->used), "%s", name);
		if (name[0] != '\0')
			(void)setenv("TZ", name, 1);
		else if (z->own != NULL)
			(void)setenv("TZ", z->own, 1);
		else
			(void)unsetenv("TZ");
	}
	/* its file may be another by now; libc looks whether it is */
	tzset();
	return (struct tq_zone){ offset, NULL };
}

/* 1 if it begins as rules do: three letters, or some in <>, and a number. */
static int
is_rule(const char *s)
{
	const char *p = s;

	if (*p == '<') {
		p += strcspn(p, ">");
		if (*p++ == '\0')
			return 0;
	} else {
		while (isalpha((unsigned char)*p))
			p++;
		if (p - s < 3)
			return 0;
	}
	if (*p == '+' || *p == '-')
		p++;
	return isdigit((unsigned char)*p);
}

int
tq_zone_check(const char *name, size_t n, struct tq_err *e)
{
	const char *dir = getenv("TZDIR");
	char path[1024], copy[TQ_ZONE_MAX];
	struct stat st;
	size_t len;

	if (n == 0)
		return 0;
	if (n >= sizeof(copy))
		return tq_fail(e, EINVAL, "a time zone of %zu bytes, over %d",
		    n, TQ_ZONE_MAX - 1);
	memcpy(copy, name, n);
	copy[n] = '\0';
	len = (size_t)snprintf(path, sizeof(path), "%s/%s",
	    dir != NULL ? dir : DATABASE, copy);
	/* libc takes any word for UTC: ask the database itself */
	if (is_rule(copy) || (len < sizeof(path) && copy[0] != '/' &&
	    copy[0] != ':' && strstr(copy, "..") == NULL &&
	    stat(path, &st) == 0 && S_ISREG(st.st_mode)))
		return 0;
	return tq_fail(e, EINVAL, "'%s': no such time zone in %s", copy,
	    dir != NULL ? dir : DATABASE);
}

void
tq_zone_format(char *out, size_t size, const struct tq_zone *z, tq_time t)
{
	int64_t second = t / TQ_SECOND, east = z->offset(z->arg, second);
	time_t shown = (time_t)(second + east);
	int64_t away = east < 0 ? -east : east;
	struct tm tm;

	gmtime_r(&shown, &tm);
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, east < 0 ? '-' : '+', (int)(away / 3600),
	    (int)(away / 60 % 60));
}
