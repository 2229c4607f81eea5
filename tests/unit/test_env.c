/* Unit tests of lib/worker/env.c. */
#include <bsd/string.h>
#include <string.h>

#include "lib/worker/env.h"
#include "tests/lib/t.h"

/* The value of a name, NULL when it is not there; fails if it is twice. */
static const char *
value(const char *const *env, const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (; *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') {
			assert_null(found);
			found = *env + n + 1;
		}
	return found;
}

static int
setup(void **state)
{
	struct tq_env *env = test_malloc(sizeof(*env));
	struct tq_arena *mem = test_malloc(sizeof(*mem));

	tq_arena_init(mem);
	tq_env_init(env, mem);
	*state = env;
	return 0;
}

static int
teardown(void **state)
{
	struct tq_env *env = *state;

	tq_arena_fini(env->mem);
	test_free(env->mem);
	test_free(env);
	return 0;
}

static void
a_task_is_told_about_itself(void **state)
{
	static const char *const kw[] = { "size=9", "bad-name=1", "_x=y=z" };
	struct tq_claim c = { .ref = { .attempt = 3 }, .put = 1234 };
	struct tq_env_facts facts = {
		.claim = &c, .url = "spool:/s", .dir = "/s",
		.site = "8:17", .place = 2,
		.retries = 5, .task_file = "/proc/1/fd/7",
	};
	const char *const *env;

	strlcpy(c.ref.id.s, "the-id", sizeof(c.ref.id.s));
	c.task.queue = "mail";
	c.task.name = "send";
	c.task.label = "a label";
	c.task.parent = "p";
	c.task.root = "r";
	c.task.kwc = 3;
	c.task.kwargs = kw;
	tq_env_add_facts(*state, &facts);
	env = tq_env_take(*state);
	assert_string_equal(value(env, "TQ_ID"), "the-id");
	assert_string_equal(value(env, "TQ_CLAIM"), "the-id/3");
	assert_string_equal(value(env, "TQ_MARK"), "8:17/1234/the-id/3");
	assert_string_equal(value(env, "TQ_QUEUE"), "mail");
	assert_string_equal(value(env, "TQ_NAME"), "send");
	assert_string_equal(value(env, "TQ_LABEL"), "a label");
	assert_string_equal(value(env, "TQ_ATTEMPT"), "3");
	assert_string_equal(value(env, "TQ_RETRIES"), "5");
	assert_string_equal(value(env, "TQ_SLOT"), "2");
	assert_string_equal(value(env, "TQ_PARENT"), "p");
	assert_string_equal(value(env, "TQ_ROOT"), "r");
	assert_string_equal(value(env, "TQ_BROKER"), "spool:/s");
	assert_string_equal(value(env, "TQ_DIR"), "/s");
	assert_string_equal(value(env, "TQ_TASK"), "/proc/1/fd/7");
	assert_string_equal(value(env, "TQ_KW_size"), "9");
	assert_string_equal(value(env, "TQ_KW__x"), "y=z");
	assert_null(value(env, "TQ_KW_bad-name"));
	assert_null(value(env, "TQ_RESULTS"));
}

static void
a_task_that_no_task_put_is_its_own_root(void **state)
{
	struct tq_claim c = { .ref = { .attempt = 1 } };
	struct tq_env_facts facts = { .claim = &c };
	const char *const *env;

	strlcpy(c.ref.id.s, "the-id", sizeof(c.ref.id.s));
	tq_env_add_facts(*state, &facts);
	env = tq_env_take(*state);
	assert_string_equal(value(env, "TQ_ROOT"), "the-id");
	assert_null(value(env, "TQ_PARENT"));
}

static void
a_submitter_of_our_own_is_believed(void **state)
{
	static const char *const given[] = {
		"PATH=/own", "LD_PRELOAD=x.so", "PYTHONPATH=/p", "A=b=c",
		"TQ_ID=forged", "TQ_OWN=1", NULL
	};
	const char *const *env;

	tq_env_add(*state, "TQ_ID", "true");
	tq_env_add_trusted(*state, given);
	env = tq_env_take(*state);
	assert_string_equal(value(env, "PATH"), "/own");
	assert_string_equal(value(env, "LD_PRELOAD"), "x.so");
	assert_string_equal(value(env, "PYTHONPATH"), "/p");
	assert_string_equal(value(env, "A"), "b=c");
	assert_string_equal(value(env, "TQ_ID"), "true");
	assert_string_equal(value(env, "TQ_OWN"), "1");
}

static void
nobody_else_chooses_what_programs_load(void **state)
{
	static const char *const own[] = {
		"PATH=/worker", "HOME=/h", "LANG=C", "SECRET=1", "LC_ALL=x",
		NULL
	};
	static const char *const given[] = {
		"LD_PRELOAD=x", "LD_LIBRARY_PATH=x", "GCONV_PATH=x",
		"BASH_ENV=x", "ENV=x", "IFS=x", "PYTHONPATH=x", "PERL5LIB=x",
		"NODE_OPTIONS=x", "PATH=/evil", "HOME=/evil", "LC_ALL=evil",
		"USER=evil", "TQ_MODULES=/evil", "WANTED=1", "ENVIRON=ok",
		NULL
	};
	const char *const *env;

	assert_int_equal(tq_env_add_scrubbed(*state, own, given), 9);
	env = tq_env_take(*state);
	assert_string_equal(value(env, "PATH"), "/worker");
	assert_string_equal(value(env, "HOME"), "/h");
	assert_string_equal(value(env, "LANG"), "C");
	assert_string_equal(value(env, "WANTED"), "1");
	assert_string_equal(value(env, "ENVIRON"), "ok");
	assert_null(env[5]);	/* nothing else came through */
}

static void
what_is_there_is_not_added_again(void **state)
{
	static const char *const conf[] = { "PATH=/conf", "A=conf", NULL };
	static const char *const own[] = { "PATH=/w", "HOME=/root", NULL };
	static const char *const given[] = { "A=put", "B=put", NULL };
	const char *const *env;

	tq_env_add_trusted(*state, conf);
	assert_int_equal(tq_env_add_scrubbed(*state, own, given), 0);
	env = tq_env_take(*state);
	assert_string_equal(value(env, "PATH"), "/conf");
	assert_string_equal(value(env, "HOME"), "/root");
	assert_string_equal(value(env, "A"), "conf");
	assert_string_equal(value(env, "B"), "put");
}

static void
many_variables_keep_their_order(void **state)
{
	static const char *given[1001];
	static char text[1000][8];
	const char *const *env;
	int i;

	for (i = 0; i < 1000; i++) {
		text[i][0] = 'V';
		text[i][1] = (char)('0' + i / 100);
		text[i][2] = (char)('0' + i / 10 % 10);
		text[i][3] = (char)('0' + i % 10);
		text[i][4] = '=';
		given[i] = text[i];
	}
	tq_env_add_trusted(*state, given);
	env = tq_env_take(*state);
	assert_string_equal(env[0], "V000=");
	assert_string_equal(env[64], "V064=");
	assert_string_equal(env[999], "V999=");
	assert_null(env[1000]);
}

static void
an_empty_environment_is_a_vector(void **state)
{
	const char *const *env;

	tq_env_add_trusted(*state, NULL);
	env = tq_env_take(*state);
	assert_non_null(env);
	assert_null(env[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_task_is_told_about_itself,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_task_that_no_task_put_is_its_own_root, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_submitter_of_our_own_is_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    nobody_else_chooses_what_programs_load, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_there_is_not_added_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    many_variables_keep_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    an_empty_environment_is_a_vector, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
