/*
 * Contract of a broker that knows no task of another put (apart), and of one
 * whose workers are not all ours (mixed): what it cannot keep is refused, and the
 * option is named that asked for it.  Nothing of such a put is there.
 */
#include <errno.h>

#include "tests/contract/contract.h"

/* Refused with these words, all n. */
static void
refused(struct ground *g, const struct tq_task *t, size_t n, const char *words)
{
	struct tq_id out[4];

	MUST_FAIL(g, tq_put_many(g->tq, t, n, 0, out, &g->e), ENOTSUP, words);
	assert_int_equal(contract_count(g, "q", 0), 0);
}

static void
after_another_put_is_refused(void **state)
{
	static const char *const after[] = { "a" };
	static const enum tq_when whens[] = {
		TQ_WHEN_OK, TQ_WHEN_FAIL, TQ_WHEN_ANY
	};
	struct ground *g = *state;
	struct tq_task t;
	size_t i;

	contract_put_text(g, "other", "a", "");
	for (i = 0; i < T_COUNT(whens); i++) {
		contract_task(&t, "b")->after = after;
		t.nafter = 1;
		t.when = whens[i];
		refused(g, &t, 1, "-A");
	}
	contract_task(&t, "b")->pipe = "a";
	refused(g, &t, 1, "-P");
	contract_task(&t, "b")->group = "a";
	refused(g, &t, 1, "group");
}

static void
after_several_is_refused(void **state)
{
	static const char *const after[] = { "a", "b" };
	struct ground *g = *state;
	struct tq_task t[3];

	contract_task(&t[0], "a");
	contract_task(&t[1], "b");
	contract_task(&t[2], "c")->after = after;
	t[2].nafter = 2;
	refused(g, t, 3, "-A");
}

static void
after_any_end_is_refused(void **state)
{
	static const char *const after[] = { "a" };
	struct ground *g = *state;
	struct tq_task t[2];

	contract_task(&t[0], "a");
	contract_task(&t[1], "b")->after = after;
	t[1].nafter = 1;
	t[1].when = TQ_WHEN_ANY;
	refused(g, t, 2, "-D any");
}

static void
group_in_a_group_is_refused(void **state)
{
	struct ground *g = *state;
	struct tq_task t[3];

	contract_task(&t[0], "G")->kind = TQ_KIND_GROUP;
	contract_task(&t[1], "H")->kind = TQ_KIND_GROUP;
	t[1].group = "G";
	contract_task(&t[2], "m")->group = "H";
	refused(g, t, 3, "--group");
}

static void
held_task_is_refused(void **state)
{
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "a")->flags = TQ_TASK_HOLD;
	refused(g, &t, 1, "--hold");
}

/* ---- not all workers are ours ----------------------------------------------- */

static void
policy_of_ours_is_refused(void **state)
{
	static const char *const needs[] = { "gpu" };
	struct ground *g = *state;
	struct tq_task t;

	contract_task(&t, "a")->key = "k";
	refused(g, &t, 1, "-k");
	contract_task(&t, "a")->lane = "l";
	refused(g, &t, 1, "-S");
	contract_task(&t, "a")->needs = needs;
	t.nneeds = 1;
	refused(g, &t, 1, "-R");
	contract_task(&t, "a")->retries = 3;
	refused(g, &t, 1, "-r");
	contract_task(&t, "a")->backoff = TQ_SECOND;
	refused(g, &t, 1, "--backoff");
	contract_task(&t, "a")->flags = TQ_TASK_ONCE;
	refused(g, &t, 1, "--once");
	contract_task(&t, "a")->keep = TQ_SECOND;
	refused(g, &t, 1, "--keep");
	contract_task(&t, "a")->limits = "mem=1M";
	refused(g, &t, 1, "--limit");
}

static void
limits_of_ours_are_refused(void **state)
{
	struct ground *g = *state;

	MUST_FAIL(g, tq_set(g->tq, "q", "cap", "1", &g->e), ENOTSUP, "cap");
	MUST_FAIL(g, tq_set(g->tq, NULL, "rate.name:x", "1/s", &g->e),
	    ENOTSUP, "rate");
}

const struct contract_test contract_mixed[] = {
	CONTRACT_TEST(policy_of_ours_is_refused),
	CONTRACT_TEST(limits_of_ours_are_refused),
	{ .name = NULL },
};

const struct contract_test contract_apart[] = {
	CONTRACT_TEST(after_another_put_is_refused),
	CONTRACT_TEST(after_several_is_refused),
	CONTRACT_TEST(after_any_end_is_refused),
	CONTRACT_TEST(group_in_a_group_is_refused),
	CONTRACT_TEST(held_task_is_refused),
	{ .name = NULL },
};
