/* What must have become of a graph; see graph.h. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/storm.h"
#include "tests/storm/graph.h"

static enum tq_state
state_of(struct tq *tq, const char *id)
{
	enum tq_state state = TQ_ABSENT;
	struct tq_info i;
	struct tq_err e;

	tq_info_init(&i);
	if (tq_stat(tq, id, 0, &i, &e) == 1)
		state = i.state;
	tq_info_fini(&i);
	return state;
}

/* Who started did so after d had. */
static void
check_after(const struct storm_lines *log, const char *id, const char *d)
{
	size_t at = storm_line(log, "START", id);

	/* what a person begins again does without what it waited for */
	if (at < log->n && storm_line(log, "RETRY", id) == log->n &&
	    storm_line(log, "START", d) > at)
		storm_wrong("%s: started before %s", id, d);
}

/* One that waits for the success of d, of a graph that nobody meddled with. */
static void
check_pair(struct tq *tq, const struct storm_lines *log, const char *id,
    const char *d)
{
	enum tq_state a = state_of(tq, id), b = state_of(tq, d);

	check_after(log, id, d);
	if (a == TQ_SUCCESS && b != TQ_SUCCESS)
		storm_wrong("%s: success, %s is %s", id, d, tq_state_name(b));
}

/* One that waits for a failure of d. */
static void
check_bad(struct tq *tq, const struct storm_lines *log, const char *id,
    const char *d)
{
	if (state_of(tq, d) == TQ_SUCCESS &&
	    storm_line(log, "START", id) < log->n)
		storm_wrong("%s: started, %s is a success", id, d);
}

/* Who failed without a start names the reason. */
static void
check_reason(struct tq *tq, const char *id)
{
	struct tq_info i;
	struct tq_err e;

	tq_info_init(&i);
	if (tq_stat(tq, id, 0, &i, &e) == 1 && i.state == TQ_FAILURE &&
	    i.attempt == 0 && (i.why == NULL || strstr(i.why, "failed") ==
	    NULL || strncmp(i.why, "dependency ", 11) != 0))
		storm_wrong("%s: failed without a start: %s", id,
		    i.why == NULL ? "" : i.why);
	tq_info_fini(&i);
}

static void
check_chord(struct tq *tq, const struct storm_lines *log,
    const struct names *v, enum kind kind)
{
	enum tq_state group = state_of(tq, v->group);
	unsigned k;

	for (k = 0; k < MEMBERS; k++)
		check_after(log, v->callback, v->member[k]);
	for (k = 0; kind == NESTED && k < 3; k++)
		check_after(log, v->member[MEMBERS - 1], v->member[k]);
	if (storm_line(log, "START", v->callback) < log->n &&
	    group != TQ_SUCCESS && group != TQ_REVOKED)
		storm_wrong("%s: started, its group is %s", v->callback,
		    tq_state_name(group));
	if (kind != COMMANDS)
		return;
	if (storm_line(log, "WRONG", v->callback) < log->n)
		storm_wrong("%s: was given something else", v->callback);
	if (state_of(tq, v->callback) == TQ_SUCCESS &&
	    storm_line(log, "GIVEN", v->callback) == log->n)
		storm_wrong("%s: success, was given nothing", v->callback);
}

static void
check_diamond(struct tq *tq, const struct storm_lines *log,
    const struct names *v)
{
	check_pair(tq, log, v->member[1], v->member[0]);
	check_pair(tq, log, v->member[2], v->member[0]);
	check_pair(tq, log, v->member[3], v->member[1]);
	check_pair(tq, log, v->member[3], v->member[2]);
	if (state_of(tq, v->member[1]) == TQ_SUCCESS)
		check_bad(tq, log, v->bad, v->member[2]);
}

void
graph_judge(struct tq *tq, const struct storm_lines *log, unsigned n,
    enum kind kind, unsigned life)
{
	struct names v;
	char part[ID];
	unsigned k;

	(void)snprintf(part, sizeof(part), ".%u.%u", n, life);
	if (storm_line_like(log, "RETRY", part))
		return;		/* its past is not what it was */
	graph_names(&v, n, life);
	for (k = 0; k < MEMBERS; k++)
		check_reason(tq, v.member[k]);
	check_reason(tq, v.callback);
	switch (kind) {
	case CHAIN:
		for (k = 1; k < MEMBERS; k++)
			check_pair(tq, log, v.member[k], v.member[k - 1]);
		check_bad(tq, log, v.bad, v.member[MEMBERS - 1]);
		break;
	case DIAMOND:
		check_diamond(tq, log, &v);
		break;
	case KEYED:
	case KEYED_AFTER:
		break;
	default:
		check_chord(tq, log, &v, kind);
		break;
	}
}

