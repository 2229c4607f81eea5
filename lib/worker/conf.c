/* Settings of a handler. */
#include <sys/stat.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rules.h"
#include "conf.h"
#include "handler.h"
#include "plan.h"

#define CONF_MAX	65536	/* bytes of a file */

/* A word that holds for every worker, written as tqctl get writes it. */
static int
keep_word(const char **out, struct tq_arena *mem, const char *value,
    struct tq_err *e)
{
	if ((*out = tq_arena_copy(mem, value, strlen(value))) == NULL)
		return tq_fail_sys(e, ENOMEM, "'%s'", value);
	return 0;
}

static int
set_concurrency(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	const char *wrong;
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)strtonum(value, 0, INT32_MAX,
	    &wrong));
	if (wrong != NULL)
		return tq_fail(e, EINVAL, "'%s' is %s", value, wrong);
	return keep_word(&c->concurrency, mem, text, e);
}

static int
set_rate(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	tq_time period;
	char text[64];
	uint32_t n;

	if (tq_rate_parse(&n, &period, value, e) == -1)
		return -1;
	tq_rate_format(text, sizeof(text), n, period);
	return keep_word(&c->rate, mem, text, e);
}

static int
set_backoff(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	c->set |= TQ_CONF_BACKOFF;
	return tq_backoff_parse(&c->rules.backoff, &c->rules.factor,
	    &c->rules.backoff_cap, value, e);
}

static int
set_later(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	const char *wrong;

	(void)mem;
	c->set |= TQ_CONF_LATER;
	c->rules.later = (unsigned)strtonum(value, 0, 254, &wrong);
	if (wrong != NULL)
		return tq_fail(e, EINVAL, "'%s' is %s", value, wrong);
	return 0;
}

static int
set_permanent(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	c->set |= TQ_CONF_PERMANENT;
	return tq_statuses_parse(c->rules.permanent, value, e);
}

static int
set_temporary(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	c->set |= TQ_CONF_TEMPORARY;
	return tq_statuses_parse(c->rules.temporary, value, e);
}

static int
set_flag(int *out, const char *value, struct tq_err *e)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return tq_fail(e, EINVAL, "'%s' is not yes or no", value);
	*out = strcmp(value, "yes") == 0;
	return 0;
}

static int
set_dashdash(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	return set_flag(&c->dashdash, value, e);
}

static int
set_operands(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	return set_flag(&c->operands, value, e);
}

static int
set_env(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	if (strchr(value, '=') == NULL || *value == '=')
		return tq_fail(e, EINVAL, "'%s' is not NAME=VALUE", value);
	if (strncmp(value, "TQ_", 3) == 0)
		return tq_fail(e, EINVAL, "'%s': names with TQ_ are the "
		    "worker's", value);
	if (c->nenv == TQ_CONF_ENV_MAX)
		return tq_fail(e, EMSGSIZE, "more than %d variables",
		    TQ_CONF_ENV_MAX);
	c->env[c->nenv] = tq_arena_copy(mem, value, strlen(value));
	if (c->env[c->nenv] == NULL)
		return tq_fail_sys(e, ENOMEM, "variable");
	c->nenv++;
	return 0;
}

static int
set_limit(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	return tq_limits_parse(&c->limits, value, e);
}

static int
set_nice(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	return tq_limits_set(&c->limits, "nice", value, e);
}

static int
set_ionice(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	return tq_limits_set(&c->limits, "ionice", value, e);
}

static int
set_result(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	if (strcmp(value, "auto") == 0)
		c->result = TQ_RESULT_AUTO;
	else if (strcmp(value, "text") == 0)
		c->result = TQ_RESULT_TEXT;
	else if (strcmp(value, "json") == 0)
		c->result = TQ_RESULT_JSON;
	else if (strcmp(value, "none") == 0)
		c->result = TQ_RESULT_NONE;
	else
		return tq_fail(e, EINVAL, "'%s' is not auto, text, json or "
		    "none", value);
	return 0;
}

static int
set_retries(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	int64_t n;

	(void)mem;
	if (tq_number_parse(&n, value, 0, TQ_RETRIES_MAX, e) == -1)
		return -1;
	c->retries = (int)n;
	return 0;
}

static int
set_time_limit(struct tq_conf *c, struct tq_arena *mem, char *value,
    struct tq_err *e)
{
	(void)mem;
	return tq_time_limits_parse(&c->soft, &c->hard, value, e);
}

static const struct key {
	const char	*name;
	int		 (*set)(struct tq_conf *, struct tq_arena *, char *,
			    struct tq_err *);
} keys[] = {
	{ "backoff", set_backoff },
	{ "concurrency", set_concurrency },
	{ "dashdash", set_dashdash },
	{ "env", set_env },
	{ "ionice", set_ionice },
	{ "later", set_later },
	{ "limit", set_limit },
	{ "nice", set_nice },
	{ "operands", set_operands },
	{ "permanent", set_permanent },
	{ "rate", set_rate },
	{ "result", set_result },
	{ "retries", set_retries },
	{ "temporary", set_temporary },
	{ "time-limit", set_time_limit },
};

static int
parse_line(struct tq_conf *c, struct tq_arena *mem, char *line,
    struct tq_err *e)
{
	char *value, *end;
	size_t i;

	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return 0;
	for (end = line + strlen(line); strchr(" \t\r", end[-1]) != NULL; )
		*--end = '\0';
	value = line + strcspn(line, " \t");
	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t");
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, line) == 0)
			break;
	if (i == sizeof(keys) / sizeof(keys[0]))
		return tq_fail(e, EINVAL, "no setting '%s'", line);
	if (*value == '\0')
		return tq_fail(e, EINVAL, "%s: no value", line);
	return keys[i].set(c, mem, value, e);
}

void
tq_conf_init(struct tq_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->retries = -1;
	c->operands = 1;
	tq_rules_init(&c->rules);
}

void
tq_conf_rules(struct tq_rules *r, const struct tq_conf *c)
{
	if (c->set & TQ_CONF_BACKOFF) {
		r->backoff = c->rules.backoff;
		r->factor = c->rules.factor;
		r->backoff_cap = c->rules.backoff_cap;
	}
	if (c->set & TQ_CONF_LATER)
		r->later = c->rules.later;
	if (c->set & TQ_CONF_PERMANENT)
		memcpy(r->permanent, c->rules.permanent,
		    sizeof(r->permanent));
	if (c->set & TQ_CONF_TEMPORARY)
		memcpy(r->temporary, c->rules.temporary,
		    sizeof(r->temporary));
}

int
tq_conf_parse(struct tq_conf *out, struct tq_arena *mem, const char *file,
    const char *text, struct tq_err *e)
{
	struct tq_err why;
	char *rest, *line;
	unsigned number = 0;

	tq_conf_init(out);
	if ((rest = tq_arena_copy(mem, text, strlen(text))) == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", file);
	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (parse_line(out, mem, line, &why) == -1)
			return tq_fail(e, why.num, "%s:%u: %s", file, number,
			    why.text);
	}
	return 0;
}

/* The text of an open file, NUL-terminated, in the arena; NULL. */
static char *
read_text(int fd, const char *file, struct tq_arena *mem, struct tq_err *e)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) == -1) {
		tq_fail_sys(e, errno, "%s", file);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		tq_fail(e, EPERM, "%s: not a regular file", file);
		return NULL;
	}
	if (tq_handlers_trust(file, &st, e) == -1)
		return NULL;
	if (st.st_size > CONF_MAX) {
		tq_fail(e, EMSGSIZE, "%s: more than %d bytes", file, CONF_MAX);
		return NULL;
	}
	if ((text = tq_arena_alloc(mem, (size_t)st.st_size + 1)) == NULL) {
		tq_fail_sys(e, ENOMEM, "%s", file);
		return NULL;
	}
	if ((n = tq_io_read(fd, text, (size_t)st.st_size)) == -1) {
		tq_fail_sys(e, errno, "%s", file);
		return NULL;
	}
	text[n] = '\0';
	if (strlen(text) != (size_t)n) {
		tq_fail(e, EINVAL, "%s: has a NUL in it", file);
		return NULL;
	}
	return text;
}

int
tq_conf_read(struct tq_conf *out, struct tq_arena *mem, const char *path,
    struct tq_err *e)
{
	char file[PATH_MAX], *text;
	int fd, n;

	tq_conf_init(out);
	n = snprintf(file, sizeof(file), "%s.conf", path);
	if (n < 0 || (size_t)n >= sizeof(file))
		return tq_fail_sys(e, ENAMETOOLONG, "%s", path);
	/* a FIFO must not hold us up */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT ? 0 : tq_fail_sys(e, errno, "%s", file);
	text = read_text(fd, file, mem, e);
	close(fd);
	return text == NULL ? -1 : tq_conf_parse(out, mem, file, text, e);
}
