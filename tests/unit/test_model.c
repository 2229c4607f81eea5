/*
 * The states of tasks that have to do with each other, explored to the end; see
 * tests/model/model.h.  Scenes are the smallest that have each way of waiting,
 * with all events in each.
 *
 * TQ_MODEL bounds the steps in the spool of each scene; 0: all.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include <bsd/stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/model/model.h"

#define STEPS		4000	/* in a scene, if TQ_MODEL does not say it */

/* In front of libc's: the wall clock of this program is the model's. */
int
clock_gettime(clockid_t id, struct timespec *out)
{
	tq_time now;

	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, out);
	now = m_spool_now();
	out->tv_sec = now / TQ_SECOND;
	out->tv_nsec = now % TQ_SECOND;
	return 0;
}

/* ---- scenes ------------------------------------------------------------- */

/* A clock that stands still: no retry, no expiry. */
#define TIMELESS	(M_BIT(M_AGAIN) | M_BIT(M_FORTH) | M_BIT(M_BACK))
#define FORWARD		M_BIT(M_BACK)

static const struct m_scene scenes[] = {
	{ .name = "alone", .n = 1, .clock = 3, .task = {
		{ .eta = 1, .expires = 3 } } },
	{ .name = "held", .n = 1, .clock = 2, .task = {
		{ .held = 1, .once = 1, .eta = 1 } } },
	{ .name = "chain", .n = 2, .clock = 2, .less = FORWARD, .task = {
		{ .expires = 1 },
		{ .ndeps = 1, .deps = { 0 }, .eta = 1, .expires = 2 } } },
	{ .name = "chain of three", .n = 3, .clock = 1, .less = FORWARD,
	    .task = {
		{ .ndeps = 0 },
		{ .ndeps = 1, .deps = { 0 } },
		{ .ndeps = 1, .deps = { 1 }, .expires = 1 } } },
	{ .name = "links of all kinds", .n = 4, .less = TIMELESS, .task = {
		{ .ndeps = 0 },
		{ .ndeps = 1, .deps = { 0 }, .when = TQ_WHEN_FAIL },
		{ .ndeps = 1, .deps = { 0 }, .when = TQ_WHEN_ANY },
		{ .ndeps = 1, .deps = { 1 } } } },
	{ .name = "pipe", .n = 2, .clock = 1, .less = FORWARD, .task = {
		{ .expires = 1 },
		{ .ndeps = 1, .deps = { 0 }, .pipe = 1,
		  .when = TQ_WHEN_ANY } } },
	{ .name = "two", .n = 3, .clock = 1, .less = FORWARD,
	    .perm = { 1, 0, 2 }, .task = {
		{ .ndeps = 0 }, { .ndeps = 0 },
		{ .ndeps = 2, .deps = { 0, 1 }, .expires = 1 } } },
	{ .name = "diamond", .n = 4, .less = TIMELESS | M_BIT(M_DROP),
	    .perm = { 0, 2, 1, 3 }, .task = {
		{ .ndeps = 0 },
		{ .ndeps = 1, .deps = { 0 } },
		{ .ndeps = 1, .deps = { 0 } },
		{ .ndeps = 2, .deps = { 1, 2 } } } },
	{ .name = "chord", .n = 4, .clock = 1, .less = FORWARD,
	    .perm = { 0, 2, 1, 3 }, .task = {
		{ .is_group = 1 },
		{ .group = 1 }, { .group = 1 },
		{ .ndeps = 1, .deps = { 0 }, .pipe = 1 } } },
	{ .name = "open group", .n = 4, .less = TIMELESS, .task = {
		{ .is_group = 1, .open = 1 },
		{ .ndeps = 1, .deps = { 0 }, .when = TQ_WHEN_ANY },
		{ .group = 1, .later = 1 }, { .group = 1, .later = 1 } } },
	{ .name = "groups in each other", .n = 5, .less = TIMELESS |
	    M_BIT(M_DROP) | M_BIT(M_GIVE) | M_BIT(M_CRASH), .task = {
		{ .is_group = 1 }, { .group = 1, .is_group = 1 },
		{ .group = 2 }, { .group = 1, .ndeps = 1, .deps = { 1 } },
		{ .ndeps = 1, .deps = { 0 } } } },
	{ .name = "key", .n = 3, .clock = 1, .less = FORWARD | M_BIT(M_DROP),
	    .task = {
		{ .key = 1 },
		{ .key = 1, .later = 1, .on_key = TQ_KEY_FOLLOW },
		{ .key = 1, .later = 1, .on_key = TQ_KEY_REPLACE } } },
	{ .name = "key that others wait for", .n = 4, .less = TIMELESS |
	    M_BIT(M_DROP) | M_BIT(M_GIVE), .task = {
		{ .key = 1 },
		{ .ndeps = 1, .deps = { 0 } },
		{ .key = 1, .later = 1, .on_key = TQ_KEY_REPLACE },
		{ .ndeps = 1, .deps = { 2 }, .later = 1,
		  .when = TQ_WHEN_FAIL } } },
	{ .name = "key of a member", .n = 5, .less = TIMELESS | M_BIT(M_DROP) |
	    M_BIT(M_GIVE) | M_BIT(M_CRASH), .task = {
		{ .is_group = 1 }, { .group = 1, .key = 1 },
		{ .ndeps = 1, .deps = { 0 }, .pipe = 1 },
		{ .key = 1, .later = 1, .on_key = TQ_KEY_REPLACE },
		{ .key = 1, .later = 1, .on_key = TQ_KEY_SKIP } } },
	{ .name = "key of a dependant", .n = 3, .less = TIMELESS |
	    M_BIT(M_DROP) | M_BIT(M_GIVE) | M_BIT(M_CRASH), .task = {
		{ .ndeps = 0 },
		{ .ndeps = 1, .deps = { 0 }, .key = 1 },
		{ .key = 1, .later = 1, .on_key = TQ_KEY_SKIP } } },
	{ .name = "lane over time", .n = 2, .lane = 1, .clock = 1,
	    .less = FORWARD, .task = {
		{ .expires = 1 }, { .ndeps = 0 } } },
	{ .name = "lane", .n = 3, .lane = 1, .less = TIMELESS | M_BIT(M_DROP) |
	    M_BIT(M_GIVE), .task = {
		{ .ndeps = 0 }, { .ndeps = 0 }, { .ndeps = 0 } } },
};

static void
spool_goes_where_the_model_goes(void **state)
{
	const char *bound = getenv("TQ_MODEL");
	unsigned most = STEPS;
	size_t i;

	if (bound != NULL)
		most = (unsigned)strtonum(bound, 0, 1 << 30, NULL);
	for (i = 0; i < T_COUNT(scenes); i++)
		m_walk(*state, &scenes[i], most);
}

/* ---- the page ----------------------------------------------------------- */

/* States of a list of words as the page has them. */
static unsigned
parse_states(char *list)
{
	static const struct { const char *word; unsigned states; } sets[] = {
		{ "\\-", 1u << TQ_ABSENT },
		{ "waiting", 1u << TQ_HELD | 1u << TQ_DELAYED |
		    1u << TQ_BLOCKED | 1u << TQ_READY | 1u << TQ_RETRY },
		{ "unended", 1u << TQ_HELD | 1u << TQ_DELAYED |
		    1u << TQ_BLOCKED | 1u << TQ_READY | 1u << TQ_RETRY |
		    1u << TQ_STARTED },
		{ "ended", 1u << TQ_SUCCESS | 1u << TQ_FAILURE |
		    1u << TQ_REVOKED | 1u << TQ_EXPIRED },
	};
	unsigned states = 0, one;
	char *word, *last;
	size_t i;

	for (word = strtok_r(list, ", ", &last); word != NULL;
	    word = strtok_r(NULL, ", ", &last)) {
		one = 1u << tq_state_parse(word, strlen(word));
		for (i = 0; i < T_COUNT(sets); i++)
			if (strcmp(word, sets[i].word) == 0)
				one = sets[i].states;
		if (one == 1u << TQ_ABSENT && word[0] != '\\')
			fail_msg("tq_spool(5): no state '%s'", word);
		states |= one;
	}
	return states;
}

/* A row of the table: event, from, to. */
static void
parse_row(char *row, unsigned to[TQ_NARROWS][TQ_NSTATES])
{
	char *field[4], *p = row;
	unsigned from, states;
	int i, a;

	for (i = 0; i < 4; i++) {
		field[i] = p;
		if ((p = strstr(p, " Ta ")) == NULL)
			break;
		*p = '\0';
		p += 4;
	}
	assert_int_equal(i, 3);
	for (a = 0; a < TQ_NARROWS; a++)
		if (strcmp(field[0], tq_arrow_name(a)) == 0)
			break;
	if (a == TQ_NARROWS)
		fail_msg("tq_spool(5): no event '%s'", field[0]);
	from = parse_states(field[1]);
	states = parse_states(field[2]);
	for (i = 0; i < TQ_NSTATES; i++)
		if (from >> i & 1)
			to[a][i] |= states;
}

static void
page_has_the_arrows_of_the_code(void **state)
{
	unsigned to[TQ_NARROWS][TQ_NSTATES];
	char *page = t_read("man", "tq_spool.5", NULL), *p, *end, *line, *last;
	int a, i;

	(void)state;
	memset(to, 0, sizeof(to));
	p = strstr(page, ".It Sy event Ta Sy from");
	assert_non_null(p);
	end = strstr(p, "\n.El");
	assert_non_null(end);
	*end = '\0';
	(void)strtok_r(p, "\n", &last);
	while ((line = strtok_r(NULL, "\n", &last)) != NULL)
		parse_row(line + strlen(".It "), to);
	for (a = 0; a < TQ_NARROWS; a++)
		for (i = 0; i < TQ_NSTATES; i++)
			if (to[a][i] != tq_arrow_leads(a, i))
				fail_msg("%s from %s: %#x in the page, %#x in "
				    "the code", tq_arrow_name(a),
				    tq_state_name(i), to[a][i],
				    tq_arrow_leads(a, i));
	free(page);
}

/* Every arrow was taken, but for those that no scene has: the last two. */
static void
no_arrow_is_only_on_paper(void **state)
{
	int a, i;

	(void)state;
	for (a = 0; a < TQ_ARROW_FORGET; a++)
		for (i = 0; i < TQ_NSTATES; i++)
			if (m_arrows_taken(a, i) != tq_arrow_leads(a, i))
				fail_msg("%s from %s: %#x taken of %#x",
				    tq_arrow_name(a), tq_state_name(i),
				    m_arrows_taken(a, i),
				    tq_arrow_leads(a, i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_has_the_arrows_of_the_code),
		cmocka_unit_test_setup_teardown(spool_goes_where_the_model_goes,
		    t_setup_spool, t_teardown_spool),
		cmocka_unit_test(no_arrow_is_only_on_paper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
