/* Contract: what is put goes in as it is, whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/contract/contract.h"

#define LARGE	((size_t)300000)	/* more than a record holds */

static char *
large_bytes(void)
{
	char *p = test_malloc(LARGE);
	size_t i;

	for (i = 0; i < LARGE; i++)
		p[i] = (char)(i * 31 + i / 251);
	return p;
}

static void
put_makes_ids_that_rise(void **state)
{
	struct tq_id one = contract_put_text(*state, "q", NULL, "1");
	struct tq_id two = contract_put_text(*state, "q", NULL, "2");

	assert_int_equal(strlen(one.s), 36);
	assert_true(strcmp(one.s, two.s) < 0);
	assert_int_equal(contract_state(*state, one.s), TQ_READY);
	assert_int_equal(contract_state(*state, two.s), TQ_READY);
}

/* A command with every field set to something of its own. */
static void
full_task(struct tq_task *t)
{
	static const char *const argv[] = {
		"echo", "", "a b", "\xff\x01 $(id)", "line\nline"
	};
	static const char *const env[] = { "A=1", "B=", "C=\xfe", NULL };

	tq_task_init(t);
	t->queue = "full";
	t->label = "nightly \xc3\xa9";
	t->parent = "the parent";
	t->root = "the root";
	t->kind = TQ_KIND_COMMAND;
	t->argc = (int)T_COUNT(argv);
	t->argv = argv;
	t->dir = "/some/dir";
	t->umask = 027;
	t->env = env;
	t->pri = 7;
	t->expires = tq_clock_wall() + 3600 * TQ_SECOND;
	t->expires -= t->expires % 1000;	/* all keep microseconds */
	t->retries = 3;
	t->soft = 5 * TQ_SECOND;
	t->hard = 9 * TQ_SECOND;
	t->keep = 77 * TQ_SECOND;
	t->flags = TQ_TASK_LOCAL | TQ_TASK_ONCE | TQ_TASK_NORESULT;
	t->body.p = "in\0put";
	t->body.n = 6;
}

static void
same_full_task(const struct tq_task *t, const struct tq_task *want)
{
	int i;

	assert_string_equal(t->queue, want->queue);
	assert_string_equal(t->label, want->label);
	assert_string_equal(t->parent, want->parent);
	assert_string_equal(t->root, want->root);
	assert_int_equal(t->kind, want->kind);
	assert_int_equal(t->argc, want->argc);
	for (i = 0; i < want->argc; i++)
		assert_string_equal(t->argv[i], want->argv[i]);
	assert_string_equal(t->dir, want->dir);
	assert_int_equal(t->umask, want->umask);
	for (i = 0; want->env[i] != NULL; i++)
		assert_string_equal(t->env[i], want->env[i]);
	assert_null(t->env[i]);
	assert_int_equal(t->pri, want->pri);
	assert_int_equal(t->expires, want->expires);
	assert_int_equal(t->retries, want->retries);
	assert_int_equal(t->soft, want->soft);
	assert_int_equal(t->hard, want->hard);
	assert_int_equal(t->keep, want->keep);
	assert_int_equal(t->flags, want->flags);
	assert_int_equal(t->uid, geteuid());
	assert_int_equal(t->body.n, want->body.n);
	assert_memory_equal(t->body.p, want->body.p, want->body.n);
}

static void
claim_and_stat_give_every_field(void **state)
{
	struct ground *g = *state;
	struct tq_task t;
	struct tq_id id;

	full_task(&t);
	id = contract_put_task(g, &t);
	assert_int_equal(contract_state(g, id.s), TQ_READY);
	same_full_task(&g->i.task, &t);
	assert_string_equal(g->i.id.s, id.s);
	assert_string_equal(g->i.task.id, id.s);
	assert_int_equal(contract_claim_now(g, "full"), 1);
	same_full_task(&g->c.task, &t);
	assert_string_equal(g->c.ref.id.s, id.s);
	assert_string_equal(g->c.task.id, id.s);
}

static void
named_task_keeps_its_kwargs(void **state)
{
	static const char *const args[] = { "1", "{\"a\":[2]}" };
	static const char *const kwargs[] = { "size=\"10\"", "deep=null" };
	struct ground *g = *state;
	struct tq_task t;

	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.name = "thumb.nail";
	t.flags = TQ_TASK_JSON;
	t.argc = 2;
	t.argv = args;
	t.kwc = 2;
	t.kwargs = kwargs;
	contract_put_task(g, &t);
	assert_int_equal(contract_claim_now(g, tq_queue(g->tq)), 1);
	assert_string_equal(g->c.task.name, "thumb.nail");
	assert_int_equal(g->c.task.flags, TQ_TASK_JSON);
	assert_string_equal(g->c.task.argv[1], args[1]);
	assert_int_equal(g->c.task.kwc, 2);
	assert_string_equal(g->c.task.kwargs[1], kwargs[1]);
}

static void
known_id_is_refused_while_queued_and_after_its_end(void **state)
{
	struct ground *g = *state;
	struct tq_id id = contract_put_text(g, "q", "build 7", "1"), out;
	struct tq_task t;

	contract_task(&t, "build 7");
	MUST_FAIL(g, tq_put(g->tq, &t, 0, &out, &g->e), EEXIST, "build 7");
	assert_string_equal(out.s, id.s);
	contract_run_one(g, "q", TQ_SUCCESS, 0);
	MUST_FAIL(g, tq_put(g->tq, &t, 0, &out, &g->e), EEXIST, "build 7");
	assert_int_equal(contract_count(g, "q", 0), 1);
}

static void
known_uuid_is_refused(void **state)
{
	static const char id[] = "01900000-0000-7000-8000-00000000abcd";
	struct ground *g = *state;
	struct tq_task t;
	struct tq_id out;

	contract_put_text(g, "q", id, "1");
	tq_task_init(&t);
	t.id = id;
	t.queue = "other";
	MUST_FAIL(g, tq_put(g->tq, &t, 0, &out, &g->e), EEXIST, id);
	assert_string_equal(out.s, id);
}

static void
foreign_ids_are_kept_as_they_are(void **state)
{
	static const char *const ids[] = {
		"../../etc/passwd", ".", "-rf", "\xff\xfe", "x", "X", "a b",
		"01900000-0000-4000-8000-00000000abcd",
		"01900000-0000-7000-8000-00000000ABCD"
	};
	struct ground *g = *state;
	char longest[TQ_ID_MAX + 1];
	size_t i;

	memset(longest, 'l', TQ_ID_MAX);
	longest[TQ_ID_MAX] = '\0';
	contract_put_text(g, "q", longest, longest);
	for (i = 0; i < T_COUNT(ids); i++)
		contract_put_text(g, "q", ids[i], ids[i]);
	contract_claim_text(g, "q", longest);
	assert_string_equal(g->c.ref.id.s, longest);
	for (i = 0; i < T_COUNT(ids); i++) {
		assert_int_equal(contract_state(g, ids[i]), TQ_READY);
		assert_string_equal(g->i.id.s, ids[i]);
		contract_claim_text(g, "q", ids[i]);
		assert_string_equal(g->c.ref.id.s, ids[i]);
		contract_settle(g, TQ_SUCCESS, 0);
		assert_int_equal(contract_state(g, ids[i]), TQ_SUCCESS);
	}
}

static void
empty_and_missing_bodies_are_empty(void **state)
{
	struct ground *g = *state;
	struct tq_id id = contract_put_text(g, "q", NULL, "");

	assert_int_equal(contract_claim_now(g, "q"), 1);
	assert_int_equal(g->c.task.body.n, 0);
	assert_int_equal(g->c.task.body_fd, -1);
	contract_stream(g, id.s, 0, TQ_STDIN, "", 0);
}

static void
every_byte_of_a_body_survives(void **state)
{
	struct ground *g = *state;
	struct tq_task t;
	struct tq_id id;
	char all[256];
	int i;

	for (i = 0; i < 256; i++)
		all[i] = (char)i;
	tq_task_init(&t);
	t.body.p = all;
	t.body.n = sizeof(all);
	id = contract_put_task(g, &t);
	assert_int_equal(contract_claim_now(g, tq_queue(g->tq)), 1);
	assert_int_equal(g->c.task.body.n, sizeof(all));
	assert_memory_equal(g->c.task.body.p, all, sizeof(all));
	contract_stream(g, id.s, 0, TQ_STDIN, all, sizeof(all));
}

/* What the claim has as its body is these bytes of LARGE. */
static void
claim_large(struct ground *g, const struct tq_id *id, const char *want)
{
	char *p = test_malloc(LARGE);

	assert_int_equal(contract_state(g, id->s), TQ_READY);
	assert_int_equal(g->i.body_size, LARGE);
	assert_int_equal(contract_claim_now(g, tq_queue(g->tq)), 1);
	assert_true(g->c.task.body_fd >= 0);
	assert_int_equal(pread(g->c.task.body_fd, p, LARGE, 0), LARGE);
	assert_memory_equal(p, want, LARGE);
	contract_stream(g, id->s, 0, TQ_STDIN, want, LARGE);
	test_free(p);
}

static void
large_body_given_as_bytes_survives(void **state)
{
	struct ground *g = *state;
	char *p = large_bytes();
	struct tq_task t;
	struct tq_id id;

	tq_task_init(&t);
	t.body.p = p;
	t.body.n = LARGE;
	id = contract_put_task(g, &t);
	claim_large(g, &id, p);
	test_free(p);
}

static void
large_body_given_as_a_file_survives(void **state)
{
	struct ground *g = *state;
	char path[T_PATH_MAX + 8], *p = large_bytes();
	struct tq_task t;
	struct tq_id id;

	t_write(g->dir, "body", p, LARGE);
	(void)snprintf(path, sizeof(path), "%s/body", g->dir);
	tq_task_init(&t);
	t.body_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(t.body_fd >= 0);
	id = contract_put_task(g, &t);
	close(t.body_fd);
	/* what becomes of the file is none of the task's business */
	t_write(g->dir, "body", "gone", 4);
	claim_large(g, &id, p);
	test_free(p);
}

static void
short_body_given_as_a_file_survives(void **state)
{
	struct ground *g = *state;
	char path[T_PATH_MAX + 8];
	struct tq_task t;

	t_write(g->dir, "body", "short", 5);
	(void)snprintf(path, sizeof(path), "%s/body", g->dir);
	tq_task_init(&t);
	t.body_fd = open(path, O_RDONLY | O_CLOEXEC);
	contract_put_task(g, &t);
	close(t.body_fd);
	contract_claim_text(g, tq_queue(g->tq), "short");
}

/* ---- batches --------------------------------------------------------- */

/* n body tasks; task k has the number k as text. */
static struct tq_task *
batch(size_t n, char (*text)[8])
{
	struct tq_task *t = test_calloc(n, sizeof(*t));
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "%zu", i);
		tq_task_init(&t[i]);
		t[i].queue = "q";
		t[i].body.p = text[i];
		t[i].body.n = strlen(text[i]);
	}
	return t;
}

static void
full_batch_is_put_in_order(void **state)
{
	static char text[TQ_BATCH_MAX][8];
	static struct tq_id ids[TQ_BATCH_MAX];
	struct tq_task *t = batch(TQ_BATCH_MAX, text);
	struct ground *g = *state;
	size_t i;

	MUST(g, tq_put_many(g->tq, t, TQ_BATCH_MAX, 0, ids, &g->e));
	test_free(t);
	assert_int_equal(contract_count(g, "q", 0), TQ_BATCH_MAX);
	for (i = 0; i < TQ_BATCH_MAX; i++) {
		contract_claim_text(g, "q", text[i]);
		assert_string_equal(g->c.ref.id.s, ids[i].s);
	}
}

static void
batch_with_a_known_id_puts_nothing(void **state)
{
	struct ground *g = *state;
	struct tq_id ids[3];
	char text[3][8];
	struct tq_task *t = batch(3, text);

	contract_put_text(g, "other", "taken", "");
	t[1].id = "taken";
	MUST_FAIL(g, tq_put_many(g->tq, t, 3, 0, ids, &g->e), EEXIST,
	    "taken");
	test_free(t);
	assert_int_equal(contract_count(g, "other", 0), 1);
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

static void
batch_with_one_id_twice_puts_nothing(void **state)
{
	struct ground *g = *state;
	struct tq_id ids[3];
	char text[3][8];
	struct tq_task *t = batch(3, text);

	t[0].id = t[2].id = "twin";
	MUST_FAIL(g, tq_put_many(g->tq, t, 3, 0, ids, &g->e), EEXIST, "twin");
	test_free(t);
	assert_int_equal(contract_state(g, "twin"), TQ_ABSENT);
	assert_int_equal(contract_claim_now(g, "q"), 0);
}

const struct contract_test contract_put[] = {
	CONTRACT_TEST(put_makes_ids_that_rise),
	CONTRACT_TEST(claim_and_stat_give_every_field),
	CONTRACT_TEST(named_task_keeps_its_kwargs),
	CONTRACT_TEST(known_id_is_refused_while_queued_and_after_its_end),
	CONTRACT_TEST(known_uuid_is_refused),
	CONTRACT_TEST(foreign_ids_are_kept_as_they_are),
	CONTRACT_TEST(empty_and_missing_bodies_are_empty),
	CONTRACT_TEST(every_byte_of_a_body_survives),
	CONTRACT_TEST(large_body_given_as_bytes_survives),
	CONTRACT_TEST(large_body_given_as_a_file_survives),
	CONTRACT_TEST(short_body_given_as_a_file_survives),
	CONTRACT_TEST(full_batch_is_put_in_order),
	CONTRACT_TEST(batch_with_a_known_id_puts_nothing),
	CONTRACT_TEST(batch_with_one_id_twice_puts_nothing),
	{ .name = NULL }
};
