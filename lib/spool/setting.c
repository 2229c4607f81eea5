/* Settings by name; see setting.h. */
#include "spool/setting.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/rules.h"
#include "spool/gate.h"

/*
 * Settings of several numbers: BACKOFF has three (ns, thousandths, ns), a RATE
 * two (starts, ns), a list of STATUSES four times 64 bits.  The numbers behind
 * the first are PARTs: they have a name in the ledger only.
 */
enum kind { COUNT, SIZE, DURATION, WORD, BACKOFF, RATE, STATUSES, PART };

#define STATUS_WORDS	4

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
	{ "ageing", DURATION, 1, 0, 366 * 86400 * TQ_SECOND, NULL },
	{ "autocreate", WORD, 0, 1, 1, yes_no },
	{ "backoff", BACKOFF, 1, 0, INT64_MAX, NULL },
	{ "backoff.factor", PART, 1, 0, TQ_FACTOR_MAX, NULL },
	{ "backoff.cap", PART, 1, 0, INT64_MAX, NULL },
	{ "cap", COUNT, 1, 0, INT32_MAX, NULL },
	{ "crashes", COUNT, 1, 3, 200, NULL },
	/* -1: the larger of 5 % of the file system and 256 MiB */
	{ "floor", SIZE, 0, -1, INT64_MAX, NULL },
	{ "keep", DURATION, 1, 86400 * TQ_SECOND, INT64_MAX, NULL },
	{ "keep-failed", DURATION, 1, 0, INT64_MAX, NULL },
	{ "keep-outcome", COUNT, 0, 100000, UINT32_MAX, NULL },
	{ "later", COUNT, 1, 20, 254, NULL },
	{ "lease", DURATION, 1, 0, INT64_MAX, NULL },
	{ "limit", COUNT, 1, 0, INT64_MAX, NULL },
	{ "limit-bytes", SIZE, 1, 0, INT64_MAX, NULL },
	{ "on-full", WORD, 1, TQ_FULL_WAIT, 1, full_words },
	{ "permanent", STATUSES, 1, 0, 0, NULL },
	{ "permanent.1", PART, 1, 0, 0, NULL },
	{ "permanent.2", PART, 1, 0, 0, NULL },
	{ "permanent.3", PART, 1, 0, 0, NULL },
	{ "rate", RATE, 1, 0, INT32_MAX, NULL },
	{ "rate.period", PART, 1, 0, TQ_PERIOD_MAX, NULL },
	{ "retries", COUNT, 1, 0, 1000, NULL },
	{ "sync", WORD, 0, TQ_SYNC_FULL, 2, sync_words },
	{ "temporary", STATUSES, 1, 0, 0, NULL },
	{ "temporary.1", PART, 1, 0, 0, NULL },
	{ "temporary.2", PART, 1, 0, 0, NULL },
	{ "temporary.3", PART, 1, 0, 0, NULL },
};

/* How many numbers a setting has. */
static int
width(int i)
{
	return rows[i].kind == BACKOFF ? 3 : rows[i].kind == RATE ? 2 :
	    rows[i].kind == STATUSES ? STATUS_WORDS : 1;
}

/* The row of a name in the ledger. */
static int
find_row(const char *name, size_t n)
{
	int i;

	for (i = 0; i < TQ_NSETTINGS; i++)
		if (strlen(rows[i].name) == n &&
		    memcmp(rows[i].name, name, n) == 0)
			return i;
	return -1;
}

int
tq_setting_find(const char *name, size_t n)
{
	int i = find_row(name, n);

	return i != -1 && rows[i].kind == PART ? -1 : i;
}

const char *
tq_setting_name(int i)
{
	return rows[i].kind == PART ? NULL : rows[i].name;
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

static int
parse_backoff(int64_t v[3], const char *s, struct tq_err *e)
{
	struct tq_rules r;

	tq_rules_init(&r);
	if (tq_backoff_parse(&r.backoff, &r.factor, &r.backoff_cap, s,
	    e) == -1)
		return -1;
	v[0] = r.backoff;
	v[1] = r.factor;
	/* what is said stands above what is not */
	v[2] = r.backoff_cap > r.backoff ? r.backoff_cap : r.backoff;
	return 0;
}

static int
parse_statuses(int64_t v[STATUS_WORDS], const char *s, struct tq_err *e)
{
	uint64_t words[STATUS_WORDS];

	if (tq_statuses_parse(words, s, e) == -1)
		return -1;
	memcpy(v, words, sizeof(words));
	return 0;
}

static int
parse_rate(int64_t v[2], const char *s, struct tq_err *e)
{
	tq_time period;
	uint32_t n;

	if (tq_rate_parse(&n, &period, s, e) == -1)
		return -1;
	v[0] = n;
	v[1] = period;
	return 0;
}

/* Numbers of a text into v, which has room for the widest. */
static int
parse(int64_t *v, int i, const char *s, struct tq_err *e)
{
	const char *errstr = NULL;
	uint64_t u;

	switch (rows[i].kind) {
	case COUNT:
		*v = strtonum(s, 0, rows[i].max, &errstr);
		break;
	case SIZE:
		if (tq_size_parse(&u, s, e) == -1)
			return -1;
		*v = u > INT64_MAX ? INT64_MAX : (int64_t)u;
		break;
	case DURATION:
		if (tq_duration_parse(v, s, e) == -1)
			return -1;
		if (*v > rows[i].max)
			errstr = "too long";
		break;
	case BACKOFF:
		return parse_backoff(v, s, e);
	case RATE:
		return parse_rate(v, s, e);
	case STATUSES:
		return parse_statuses(v, s, e);
	case WORD:
		if (parse_word(v, i, s) == -1)
			errstr = "not one of its words";
		break;
	case PART:
		errstr = "only a part";
		break;
	}
	if (errstr != NULL)
		return tq_fail(e, EINVAL, "%s: '%s' is %s", rows[i].name, s,
		    errstr);
	return 0;
}

int
tq_setting_parse(struct tq_settings *set, int i, const char *s,
    struct tq_err *e)
{
	int64_t v[STATUS_WORDS] = { 0 };
	int k;

	if (*s != '\0' && parse(v, i, s, e) == -1)
		return -1;
	for (k = 0; k < width(i); k++) {
		set->v[i + k] = v[k];
		if (*s == '\0')
			set->is_set &= ~TQ_SET_BIT(i + k);
		else
			set->is_set |= TQ_SET_BIT(i + k);
	}
	return 0;
}

void
tq_setting_format(int i, const struct tq_settings *queue,
    const struct tq_settings *spool, char *buf, size_t size)
{
	int64_t v = tq_setting_get(queue, spool, i);
	struct tq_rules r;

	switch (rows[i].kind) {
	case BACKOFF:
		tq_setting_rules(&r, queue, spool);
		tq_backoff_format(buf, size, r.backoff, r.factor,
		    r.backoff_cap);
		break;
	case RATE:
		tq_rate_format(buf, size, (uint32_t)v, tq_setting_get(queue,
		    spool, i + 1));
		break;
	case STATUSES:
		tq_setting_rules(&r, queue, spool);
		tq_statuses_format(buf, size, i == TQ_SET_PERMANENT ?
		    r.permanent : r.temporary);
		break;
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

/* Where the numbers of a setting stand that is not at its default, or NULL. */
static const int64_t *
numbers(const struct tq_settings *queue, const struct tq_settings *spool,
    int i)
{
	if (queue != NULL && queue->is_set & TQ_SET_BIT(i))
		return &queue->v[i];
	return spool->is_set & TQ_SET_BIT(i) ? &spool->v[i] : NULL;
}

void
tq_setting_rules(struct tq_rules *out, const struct tq_settings *queue,
    const struct tq_settings *spool)
{
	const int64_t *v;

	tq_rules_init(out);
	if ((v = numbers(queue, spool, TQ_SET_BACKOFF)) != NULL) {
		out->backoff = v[0];
		out->factor = (unsigned)v[1];
		out->backoff_cap = v[2];
	}
	out->later = (unsigned)tq_setting_get(queue, spool, TQ_SET_LATER);
	if ((v = numbers(queue, spool, TQ_SET_PERMANENT)) != NULL)
		memcpy(out->permanent, v, sizeof(out->permanent));
	if ((v = numbers(queue, spool, TQ_SET_TEMPORARY)) != NULL)
		memcpy(out->temporary, v, sizeof(out->temporary));
}

int64_t
tq_setting_get(const struct tq_settings *queue,
    const struct tq_settings *spool, int i)
{
	const int64_t *v = numbers(queue, spool, i);

	return v != NULL ? *v : rows[i].preset;
}

void
tq_settings_encode(struct tq_buf *b, const struct tq_settings *set)
{
	int i;

	for (i = 0; i < TQ_NSETTINGS; i++) {
		if (!(set->is_set & TQ_SET_BIT(i)))
			continue;
		tq_buf_bytes(b, rows[i].name, strlen(rows[i].name));
		tq_buf_varint(b, (uint64_t)set->v[i]);
	}
}

/* 1 if a number from the ledger can be the setting's. */
static int
in_range(int i, int64_t v)
{
	/* 64 statuses are any number; a factor of 0 would be divided by */
	if (rows[i].kind == STATUSES ||
	    (rows[i].kind == PART && rows[i].max == 0))
		return 1;
	if (i == TQ_SET_FACTOR && v < 1000)
		return 0;
	return v >= 0 && v <= rows[i].max;
}

/* A setting of which numbers are missing is not set. */
static void
whole(struct tq_settings *set)
{
	uint64_t bits;
	int i;

	for (i = 0; i < TQ_NSETTINGS; i += width(i)) {
		bits = (TQ_SET_BIT(width(i)) - 1) << i;
		if ((set->is_set & bits) != bits)
			set->is_set &= ~bits;
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
		if ((i = find_row(name, n)) == -1 || !in_range(i, v))
			continue;
		set->v[i] = v;
		set->is_set |= TQ_SET_BIT(i);
	}
	whole(set);
	return c->err ? -1 : 0;
}
