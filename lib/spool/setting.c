/* Settings by name; see setting.h. */
#include "spool/setting.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"

enum kind { COUNT, SIZE, DURATION, WORD };

static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const full_words[] = { "wait", "refuse", NULL };
static const char *const sync_words[] = { "full", "batch", "none", NULL };

/* In the order of enum tq_setting; tq(7) lists the same rows. */
static const struct {
	const char	*name;
	enum kind	 kind;
	int		 of_queue;
	int64_t		 preset;
	int64_t		 max;
	const char *const *words;
} rows[TQ_NSETTINGS] = {
	{ "autocreate", WORD, 0, 1, 1, yes_no },
	{ "crashes", COUNT, 1, 3, 200, NULL },
	/* -1: the larger of 5 % of the file system and 256 MiB */
	{ "floor", SIZE, 0, -1, INT64_MAX, NULL },
	{ "keep", DURATION, 1, 86400 * TQ_SECOND, INT64_MAX, NULL },
	{ "keep-failed", DURATION, 1, 0, INT64_MAX, NULL },
	{ "keep-outcome", COUNT, 0, 100000, UINT32_MAX, NULL },
	{ "limit", COUNT, 1, 0, INT64_MAX, NULL },
	{ "limit-bytes", SIZE, 1, 0, INT64_MAX, NULL },
	{ "on-full", WORD, 1, TQ_FULL_WAIT, 1, full_words },
	{ "retries", COUNT, 1, 0, 1000, NULL },
	{ "sync", WORD, 0, TQ_SYNC_FULL, 2, sync_words },
};

int
tq_setting_find(const char *name, size_t n)
{
	int i;

	for (i = 0; i < TQ_NSETTINGS; i++)
		if (strlen(rows[i].name) == n &&
		    memcmp(rows[i].name, name, n) == 0)
			return i;
	return -1;
}

const char *
tq_setting_name(int i)
{
	return rows[i].name;
}

int
tq_setting_of_queue(int i)
{
	return rows[i].of_queue;
}

static int
parse_word(int64_t *out, int i, const char *s)
{
	int w;

	for (w = 0; rows[i].words[w] != NULL; w++)
		if (strcmp(rows[i].words[w], s) == 0) {
			*out = w;
			return 0;
		}
	return -1;
}

int
tq_setting_parse(struct tq_settings *set, int i, const char *s,
    struct tq_err *e)
{
	const char *errstr = NULL;
	int64_t v = 0;
	uint64_t u;
	tq_time t;

	if (*s == '\0') {
		set->is_set &= ~(1u << i);
		set->v[i] = 0;
		return 0;
	}
	switch (rows[i].kind) {
	case COUNT:
		v = strtonum(s, 0, rows[i].max, &errstr);
		break;
	case SIZE:
		if (tq_size_parse(&u, s, e) == -1)
			return -1;
		v = u > INT64_MAX ? INT64_MAX : (int64_t)u;
		break;
	case DURATION:
		if (tq_duration_parse(&t, s, e) == -1)
			return -1;
		v = t;
		break;
	case WORD:
		if (parse_word(&v, i, s) == -1)
			errstr = "not one of its words";
		break;
	}
	if (errstr != NULL)
		return tq_fail(e, EINVAL, "%s: '%s' is %s", rows[i].name, s,
		    errstr);
	set->v[i] = v;
	set->is_set |= 1u << i;
	return 0;
}

void
tq_setting_format(int i, int64_t v, char *buf, size_t size)
{
	switch (rows[i].kind) {
	case DURATION:
		tq_duration_format(buf, size, v);
		break;
	case WORD:
		strlcpy(buf, rows[i].words[v >= 0 && v <= rows[i].max ? v : 0],
		    size);
		break;
	default:
		if (v < 0)
			strlcpy(buf, "auto", size);
		else
			snprintf(buf, size, "%" PRId64, v);
		break;
	}
}

int64_t
tq_setting_get(const struct tq_settings *queue,
    const struct tq_settings *spool, int i)
{
	if (queue != NULL && queue->is_set >> i & 1)
		return queue->v[i];
	if (spool->is_set >> i & 1)
		return spool->v[i];
	return rows[i].preset;
}

void
tq_settings_encode(struct tq_buf *b, const struct tq_settings *set)
{
	int i;

	for (i = 0; i < TQ_NSETTINGS; i++) {
		if (!(set->is_set >> i & 1))
			continue;
		tq_buf_bytes(b, rows[i].name, strlen(rows[i].name));
		tq_buf_varint(b, (uint64_t)set->v[i]);
	}
}

int
tq_settings_decode(struct tq_settings *set, struct tq_cur *c)
{
	const char *name;
	size_t n;
	int64_t v;
	int i;

	memset(set, 0, sizeof(*set));
	while (c->n > 0 && !c->err) {
		name = tq_cur_bytes(c, &n);
		v = (int64_t)tq_cur_varint(c);
		if (name == NULL || c->err)
			return -1;
		if ((i = tq_setting_find(name, n)) == -1 || v < 0 ||
		    (rows[i].kind != DURATION && v > rows[i].max))
			continue;
		set->v[i] = v;
		set->is_set |= 1u << i;
	}
	return c->err ? -1 : 0;
}
