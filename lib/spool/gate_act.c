/*
 * Limits of gates as settings of the spool:
 *
 *	cap.key:KEY, cap.name:NAME	tasks of a key or name started at once
 *	cap.lane:LANE			how many a lane is wide, 1 if not set
 *	rate.name:NAME			starts of tasks of a name in a time
 *	resource.NAME			units that all workers share
 *
 * Each is one GATE record, carried on while its limit is not 0.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "spool/gate.h"
#include "spool/verb.h"

static const struct {
	const char	*prefix;
	unsigned	 kind;
	int64_t		 max;
} names[] = {
	{ "cap.key:", TQ_GATE_KEY, INT32_MAX },
	{ "cap.lane:", TQ_GATE_LANE, INT32_MAX },
	{ "cap.name:", TQ_GATE_NAME, INT32_MAX },
	{ "rate.name:", TQ_GATE_RATE, INT32_MAX },
	{ "resource.", TQ_GATE_SHARE, TQ_UNITS_MAX },
};
#define NNAMES	(sizeof(names) / sizeof(names[0]))

/* Row of a setting's name, -1: it is no gate's; *what is what it is of. */
static int
name_of(const char *setting, const char **what)
{
	size_t i, n;

	for (i = 0; i < NNAMES; i++) {
		n = strlen(names[i].prefix);
		if (strncmp(setting, names[i].prefix, n) != 0)
			continue;
		*what = setting + n;
		n = strlen(*what);
		if (names[i].kind <= TQ_GATE_KEY ? n > 0 && n <= TQ_LABEL_MAX :
		    tq_name_valid(*what))
			return (int)i;
	}
	return -1;
}

int
tq_gate_named(const char *setting)
{
	const char *what;

	return name_of(setting, &what) != -1;
}

static int
parse(int i, const char *setting, const char *value, uint32_t *limit,
    tq_time *period, struct tq_err *e)
{
	const char *bad;

	*limit = 0;
	*period = 0;
	if (*value == '\0')
		return 0;
	if (names[i].kind == TQ_GATE_RATE)
		return tq_rate_parse(limit, period, value, e);
	*limit = (uint32_t)strtonum(value, 0, names[i].max, &bad);
	if (bad != NULL)
		return tq_fail(e, EINVAL, "%s: '%s' is %s", setting, value,
		    bad);
	return 0;
}

/* Under the lock: write the GATE record.  As tq_core_write(). */
static int
write_gate(struct tq_spool *sp, unsigned kind, const char *what,
    uint32_t limit, tq_time period, tq_time now, struct tq_err *e)
{
	struct tq_rec r = { .type = TQ_REC_GATE, .number = kind };
	struct tq_buf b;
	int rv;

	if (tq_table_reserve_gates(&sp->t, 0, 1) == -1)
		return tq_fail_sys(e, errno, "%s: table of gates", sp->path);
	if (kind == TQ_GATE_SHARE && limit != 0 &&
	    sp->t.top->ngates[kind] >= TQ_SHARES_MAX - 1 &&
	    tq_gate_find(&sp->t, kind, tq_gate_hash(what, strlen(what))) == 0)
		return tq_fail(e, ENOSPC, "%s: %d resources are shared "
		    "already", what, TQ_SHARES_MAX - 1);
	tq_buf_init(&b);
	tq_buf_varint(&b, limit);
	tq_buf_varint(&b, (uint64_t)period);
	r.name.p = what;
	r.name.n = strlen(what);
	r.bytes.p = (const char *)b.p;
	r.bytes.n = b.n;
	rv = tq_buf_ok(&b) ? tq_core_write_one(sp, &r,
	    tq_ledger_kept(&sp->l), now, e) :
	    tq_fail_sys(e, ENOMEM, "%s", sp->path);
	tq_buf_fini(&b);
	return rv;
}

int
tq_gate_change(struct tq_spool *sp, const char *setting, const char *value,
    struct tq_err *e)
{
	const char *what;
	uint32_t limit;
	tq_time period;
	struct tq_turn t = { .rv = 0 };
	int i = name_of(setting, &what);

	if (i == -1)
		return tq_fail(e, EINVAL, "%s: no such setting", setting);
	if (parse(i, setting, value, &limit, &period, e) == -1)
		return -1;
	while (tq_turn_next(sp, &t, e))
		t.rv = write_gate(sp, names[i].kind, what, limit, period,
		    t.now, e);
	return t.rv == -1 ? -1 : tq_core_commit(sp, sp->mine, e);
}

/* ---- listing ------------------------------------------------------------ */

/* How a limit is told. */
struct words {
	char	 name[TQ_LABEL_MAX + 32], value[64];
};

/*
 * Under the lock, or its record might move: the words of limit n.  1; 0 it is
 * none, or its record is lost; -1.
 */
static int
words_of(struct tq_spool *sp, uint32_t n, struct words *out)
{
	const struct tq_gate *g = tq_table_gate(&sp->t, n);
	uint64_t limit, period;
	struct tq_rec r;
	struct tq_cur c;
	size_t i;

	if (g == NULL || g->kind == 0 || g->rec == 0)
		return 0;
	if (tq_ledger_read(&sp->l, g->rec, &r) == -1)
		return tq_segment_lost(errno) ? 0 : -1;
	for (i = 0; i < NNAMES && names[i].kind != r.number; i++)
		continue;
	if (i == NNAMES || r.type != TQ_REC_GATE)
		return 0;
	tq_cur_init(&c, r.bytes.p, r.bytes.n);
	limit = tq_cur_varint(&c);
	period = tq_cur_varint(&c);
	snprintf(out->name, sizeof(out->name), "%s%.*s", names[i].prefix,
	    (int)r.name.n, r.name.p);
	if (r.number == TQ_GATE_RATE)
		tq_rate_format(out->value, sizeof(out->value), (uint32_t)limit,
		    (tq_time)period);
	else
		snprintf(out->value, sizeof(out->value), "%u",
		    (unsigned)limit);
	return 1;
}

int
tq_gate_list(struct tq_spool *sp, int (*each)(const char *, const char *,
    int, void *), void *arg, struct tq_err *e)
{
	struct words w;
	uint32_t n, used;
	int rv = 0;

	for (n = used = 1; n <= used && rv == 0; n++) {
		if (tq_core_enter(sp, e) == -1)
			return -1;
		used = sp->t.top->gates.used;
		if (n <= used && (rv = words_of(sp, n, &w)) == -1)
			tq_fail_sys(e, errno, "%s/ledger", sp->path);
		tq_core_leave(sp);
		if (rv == 1)
			rv = each(w.name, w.value, 1, arg);
	}
	return rv;
}
