/* Unit tests of lib/message/task.c and of lib/base/arena.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tq/tq.h>

#include "lib/base/arena.h"
#include "tests/lib/t.h"

static const char *const words[] = { "make", "all", NULL };

/* A task that may be put. */
static struct tq_task
good(void)
{
	struct tq_task t;

	tq_task_init(&t);
	t.kind = TQ_KIND_COMMAND;
	t.argc = 2;
	t.argv = words;
	return t;
}

static void
refused(const struct tq_task *t, int num, const char *sentence)
{
	struct tq_err e;

	errno = 0;
	assert_int_equal(tq_task_check(t, &e), -1);
	assert_int_equal(errno, num);
	assert_int_equal(e.num, num);
	assert_non_null(strstr(e.text, sentence));
}

static void
empty_task_is_a_body_and_may_be_put(void **state)
{
	struct tq_task t;

	(void)state;
	tq_task_init(&t);
	assert_int_equal(tq_task_check(&t, NULL), 0);
	assert_int_equal(t.kind, TQ_KIND_BODY);
	assert_int_equal(t.pri, TQ_PRI_DEFAULT);
	assert_int_equal(t.body_fd, -1);
}

static void
names_are_as_the_manual_says(void **state)
{
	static const struct { const char *in; int want; } v[] = {
		{ "a", 1 }, { "A9_", 1 }, { "_a.b-c", 1 }, { "9", 1 },
		{ "", 0 }, { ".a", 0 }, { "-a", 0 }, { "a b", 0 },
		{ "a/b", 0 }, { "a\n", 0 }, { "\xc3\xa9", 0 }
	};
	char longest[TQ_NAME_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(v); i++)
		assert_int_equal(tq_name_valid(v[i].in), v[i].want);
	memset(longest, 'a', sizeof(longest));
	longest[TQ_NAME_MAX] = '\0';
	assert_true(tq_name_valid(longest));
	longest[TQ_NAME_MAX] = 'a';
	longest[TQ_NAME_MAX + 1] = '\0';
	assert_false(tq_name_valid(longest));
}

static void
ids_are_any_bytes_but_control_characters(void **state)
{
	char longest[TQ_ID_MAX + 2];

	(void)state;
	assert_true(tq_id_valid("a b/\xff"));
	assert_false(tq_id_valid(""));
	assert_false(tq_id_valid("a\tb"));
	assert_false(tq_id_valid("a\x7f"));
	memset(longest, 'a', sizeof(longest));
	longest[TQ_ID_MAX] = '\0';
	assert_true(tq_id_valid(longest));
	longest[TQ_ID_MAX] = 'a';
	longest[TQ_ID_MAX + 1] = '\0';
	assert_false(tq_id_valid(longest));
}

static void
claim_tokens_split_at_the_last_slash(void **state)
{
	struct tq_ref ref;

	(void)state;
	assert_int_equal(tq_ref_parse(&ref, "a/b/12", NULL), 0);
	assert_string_equal(ref.id.s, "a/b");
	assert_int_equal(ref.attempt, 12);
	assert_int_equal(ref.hint, 0);
}

static void
bad_claim_tokens_are_quoted(void **state)
{
	static const char *const v[] = {
		"", "a", "a/", "/1", "a/0", "a/+1", "a/ 1", "a/1x",
		"a/4294967296", "a\n/1"
	};
	struct tq_ref ref;
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(v); i++) {
		assert_int_equal(tq_ref_parse(&ref, v[i], &e), -1);
		assert_int_equal(e.num, EINVAL);
		assert_non_null(strstr(e.text, v[i]));
	}
}

static void
identity_is_checked(void **state)
{
	struct tq_task t = good();

	(void)state;
	t.queue = "no queue";
	refused(&t, EINVAL, "'no queue' is not a queue name");
	t.queue = NULL;
	t.label = "two\nlines";
	refused(&t, EINVAL, "label 'two\nlines'");
	t.label = NULL;
	t.id = "";
	refused(&t, EINVAL, "id ''");
	t.id = NULL;
	t.parent = "a\tb";
	refused(&t, EINVAL, "parent 'a\tb'");
}

static void
kind_and_operands_must_agree(void **state)
{
	struct tq_task t = good();

	(void)state;
	t.name = "x";
	refused(&t, EINVAL, "not a named one");
	t.name = NULL;
	t.flags = TQ_TASK_JSON;
	refused(&t, EINVAL, "JSON arguments");
	t.flags = 0;
	t.argc = 0;
	refused(&t, EINVAL, "without words");
	t.argc = 2;
	t.kind = TQ_KIND_BODY;
	refused(&t, EINVAL, "2 arguments");
	t.kind = TQ_KIND_NAMED;
	refused(&t, EINVAL, "without name");
	t.name = "a b";
	refused(&t, EINVAL, "'a b' is not a task name");
	t.name = "a";
	assert_int_equal(tq_task_check(&t, NULL), 0);
	t.kind = (enum tq_kind)9;
	refused(&t, EINVAL, "no task kind 9");
}

static void
arguments_are_bounded_together(void **state)
{
	struct tq_task t = good();
	const char *big[] = { NULL, NULL };
	const char *env[] = { "A=b", NULL };
	char *p;

	(void)state;
	p = malloc(TQ_ARGS_MAX);
	assert_non_null(p);
	memset(p, 'x', TQ_ARGS_MAX);
	p[TQ_ARGS_MAX - 1] = '\0';
	big[0] = p;
	t.argc = 1;
	t.argv = big;
	assert_int_equal(tq_task_check(&t, NULL), 0);
	t.env = env;
	refused(&t, EMSGSIZE, "over 1048576 bytes");
	free(p);
}

static void
json_arguments_must_be_json(void **state)
{
	static const char *const args[] = { "[1, {\"a\": null}]", "nope" };
	struct tq_task t;

	(void)state;
	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.flags = TQ_TASK_JSON;
	t.name = "add";
	t.argc = 1;
	t.argv = args;
	assert_int_equal(tq_task_check(&t, NULL), 0);
	t.argc = 2;
	refused(&t, EINVAL, "'nope' is not JSON");
	t.flags = 0;
	assert_int_equal(tq_task_check(&t, NULL), 0);
}

static void
named_arguments_have_names_of_their_own(void **state)
{
	static const char *const twice[] = { "a=1", "ab=2", "a=3" };
	static const char *const none[] = { "=1" };
	struct tq_task t;

	(void)state;
	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.name = "add";
	t.kwargs = twice;
	t.kwc = 2;
	assert_int_equal(tq_task_check(&t, NULL), 0);
	t.kwc = 3;
	refused(&t, EINVAL, "'a=3' is there already");
	t.kwargs = none;
	t.kwc = 1;
	refused(&t, EINVAL, "'=1' is not name=value");
}

static void
place_and_times_are_checked(void **state)
{
	static const char *const env[] = { "PATH", NULL };
	struct tq_task t = good();

	(void)state;
	t.dir = "tmp";
	refused(&t, EINVAL, "directory 'tmp'");
	t.dir = NULL;
	t.env = env;
	refused(&t, EINVAL, "environment 'PATH'");
	t.env = NULL;
	t.umask = 01000;
	refused(&t, EINVAL, "umask 01000");
	t.umask = -1;
	t.pri = 10;
	refused(&t, EINVAL, "priority 10");
	t.pri = 4;
	t.soft = 2 * TQ_SECOND;
	t.hard = TQ_SECOND;
	refused(&t, EINVAL, "before the soft one");
	t.hard = 0;
	t.limits = "mem=1G,core=1";
	refused(&t, EINVAL, "core=1");
	t.limits = NULL;
	t.body.p = "x";
	t.body.n = 1;
	t.body_fd = 0;
	refused(&t, EINVAL, "and of a file too");
}

static void
arena_reuses_its_memory(void **state)
{
	struct tq_arena *a;
	void *mem = NULL, *first;

	(void)state;
	a = tq_arena_reuse(&mem);
	assert_non_null(a);
	assert_non_null(tq_arena_alloc(a, 100000));
	assert_ptr_equal(tq_arena_reuse(&mem), a);
	first = tq_arena_alloc(a, 1);
	assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
	assert_ptr_equal(tq_arena_reuse(&mem), a);
	assert_ptr_equal(tq_arena_alloc(a, 50000), first);
	tq_arena_free(mem);
}

static void
arena_pieces_do_not_overlap(void **state)
{
	struct tq_arena a;
	char *p, *q;

	(void)state;
	tq_arena_init(&a);
	p = tq_arena_copy(&a, "abc", 3);
	q = tq_arena_copy(&a, "def", 3);
	assert_non_null(tq_arena_alloc(&a, 10000));
	assert_string_equal(p, "abc");
	assert_string_equal(q, "def");
	errno = 0;
	assert_null(tq_arena_alloc(&a, SIZE_MAX - 8));
	assert_int_equal(errno, ENOMEM);
	tq_arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_task_is_a_body_and_may_be_put),
		cmocka_unit_test(names_are_as_the_manual_says),
		cmocka_unit_test(ids_are_any_bytes_but_control_characters),
		cmocka_unit_test(claim_tokens_split_at_the_last_slash),
		cmocka_unit_test(bad_claim_tokens_are_quoted),
		cmocka_unit_test(identity_is_checked),
		cmocka_unit_test(kind_and_operands_must_agree),
		cmocka_unit_test(arguments_are_bounded_together),
		cmocka_unit_test(json_arguments_must_be_json),
		cmocka_unit_test(named_arguments_have_names_of_their_own),
		cmocka_unit_test(place_and_times_are_checked),
		cmocka_unit_test(arena_reuses_its_memory),
		cmocka_unit_test(arena_pieces_do_not_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
