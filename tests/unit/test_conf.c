/* Unit tests of lib/worker/conf.c: the settings of a handler. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/worker/conf.h"
#include "tests/lib/t.h"

struct fixture {
	char		 dir[T_PATH_MAX];
	char		 handler[T_PATH_MAX + 8];
	struct tq_arena	 mem;
	struct tq_conf	 conf;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	struct fixture *f = test_malloc(sizeof(*f));

	memset(f, 0, sizeof(*f));
	t_tmpdir(f->dir);
	snprintf(f->handler, sizeof(f->handler), "%s/send", f->dir);
	tq_arena_init(&f->mem);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_arena_fini(&f->mem);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

static int
parse(struct fixture *f, const char *text)
{
	return tq_conf_parse(&f->conf, &f->mem, "h.conf", text, &f->e);
}

static void
all_settings_are_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "# of send\n\n"
	    "dashdash yes\nenv A=b c\n  env  B= \nlimit mem=1k,nproc=3\n"
	    "nice 4\nionice idle\noperands no\nresult json\nretries\t5\n"
	    "concurrency 04\nrate 10/60s\n"
	    "time-limit 2,3\r\n"), 0);
	assert_int_equal(f->conf.dashdash, 1);
	assert_int_equal(f->conf.operands, 0);
	assert_int_equal(f->conf.nenv, 2);
	assert_string_equal(f->conf.env[0], "A=b c");
	assert_string_equal(f->conf.env[1], "B=");
	assert_null(f->conf.env[2]);
	assert_int_equal(f->conf.limits.v[TQ_LIMIT_MEM], 1024);
	assert_int_equal(f->conf.limits.v[TQ_LIMIT_NPROC], 3);
	assert_int_equal(f->conf.limits.v[TQ_LIMIT_NICE], 4);
	assert_int_equal(f->conf.limits.v[TQ_LIMIT_IONICE], TQ_IONICE_IDLE);
	assert_int_equal(f->conf.result, TQ_RESULT_JSON);
	assert_int_equal(f->conf.retries, 5);
	/* as tqctl get writes them */
	assert_string_equal(f->conf.concurrency, "4");
	assert_string_equal(f->conf.rate, "10/m");
	assert_int_equal(f->conf.soft, 2 * TQ_SECOND);
	assert_int_equal(f->conf.hard, 3 * TQ_SECOND);
}

static void
rules_of_a_handler_stand_before_its_queue_s(void **state)
{
	struct fixture *f = *state;
	struct tq_rules r;

	assert_int_equal(parse(f, "backoff 2,3,1m\nlater 4\npermanent 5\n"
	    "temporary 6\n"), 0);
	tq_rules_init(&r);
	tq_conf_rules(&r, &f->conf);
	assert_int_equal(r.backoff, 2 * TQ_SECOND);
	assert_int_equal(r.factor, 3000);
	assert_int_equal(r.backoff_cap, 60 * TQ_SECOND);
	assert_int_equal(r.later, 4);
	assert_true(r.permanent[0] == 1 << 5);
	assert_true(r.temporary[0] == 1 << 6);
}

static void
what_is_not_set_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct tq_rules r = { .backoff = 1, .later = 2, .permanent = { 3 } };

	assert_int_equal(parse(f, "temporary none\n"), 0);
	tq_conf_rules(&r, &f->conf);
	assert_int_equal(r.backoff, 1);
	assert_int_equal(r.later, 2);
	assert_true(r.permanent[0] == 3);
	assert_true(r.temporary[0] == 0);
}

static void
an_empty_file_sets_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, ""), 0);
	assert_int_equal(f->conf.retries, -1);
	assert_int_equal(f->conf.result, TQ_RESULT_AUTO);
	assert_int_equal(f->conf.soft, 0);
	assert_int_equal(f->conf.nenv, 0);
}

static void
a_soft_limit_alone_has_a_hard_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "time-limit 1m"), 0);
	assert_int_equal(f->conf.hard, 70 * TQ_SECOND);
}

static void
a_bad_line_is_named(void **state)
{
	static const struct {
		const char *in, *want;
	} t[] = {
		{ "\nretry 3", "h.conf:2: no setting 'retry'" },
		{ "retries", "h.conf:1: retries: no value" },
		{ "concurrency x", "h.conf:1: 'x' is invalid" },
		{ "rate 10", "h.conf:1: '10' is not a rate, as 10/m or "
		    "5/30s" },
		{ "retries x",
		    "h.conf:1: 'x' is not a number from 0 to 60000" },
		{ "retries -1",
		    "h.conf:1: '-1' is not a number from 0 to 60000" },
		{ "operands", "h.conf:1: operands: no value" },
		{ "dashdash 1", "h.conf:1: '1' is not yes or no" },
		{ "env A", "h.conf:1: 'A' is not NAME=VALUE" },
		{ "env =a", "h.conf:1: '=a' is not NAME=VALUE" },
		{ "env TQ_ID=1",
		    "h.conf:1: 'TQ_ID=1': names with TQ_ are the worker's" },
		{ "limit core=1", "h.conf:1: no limit 'core=1'" },
		{ "nice 1,mem=1", "h.conf:1: limit nice: '1,mem=1' is invalid" },
		{ "result xml",
		    "h.conf:1: 'xml' is not auto, text, json or none" },
		{ "time-limit 3,2",
		    "h.conf:1: '3,2': the hard limit comes before the "
		    "soft one" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(parse(f, t[i].in), -1);
		assert_string_equal(f->e.text, t[i].want);
	}
}

static void
too_many_variables_are_refused(void **state)
{
	struct fixture *f = *state;
	char text[16 * (TQ_CONF_ENV_MAX + 1)] = "";
	size_t n = 0;
	int i;

	for (i = 0; i < TQ_CONF_ENV_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "env A%d=1\n", i);
	assert_int_equal(parse(f, text), 0);
	assert_int_equal(f->conf.nenv, TQ_CONF_ENV_MAX);
	snprintf(text + n, sizeof(text) - n, "env B=1\n");
	assert_int_equal(parse(f, text), -1);
	assert_int_equal(f->e.num, EMSGSIZE);
}

static void
no_file_sets_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tq_conf_read(&f->conf, &f->mem, f->handler, &f->e),
	    0);
	assert_int_equal(f->conf.retries, -1);
}

static void
the_file_beside_the_handler_is_read(void **state)
{
	struct fixture *f = *state;

	t_write(f->dir, "send.conf", "retries 2\n", 10);
	assert_int_equal(tq_conf_read(&f->conf, &f->mem, f->handler, &f->e),
	    0);
	assert_int_equal(f->conf.retries, 2);
}

static void
a_file_others_may_write_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 16];

	t_write(f->dir, "send.conf", "retries 2\n", 10);
	snprintf(path, sizeof(path), "%s.conf", f->handler);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(tq_conf_read(&f->conf, &f->mem, f->handler, &f->e),
	    -1);
	assert_int_equal(f->e.num, EPERM);
}

static void
a_fifo_is_refused_and_not_waited_for(void **state)
{
	struct fixture *f = *state;
	char path[T_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s.conf", f->handler);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(tq_conf_read(&f->conf, &f->mem, f->handler, &f->e),
	    -1);
	assert_int_equal(f->e.num, EPERM);
}

static void
a_file_with_a_nul_is_refused(void **state)
{
	struct fixture *f = *state;

	t_write(f->dir, "send.conf", "retries 2\n\0nice 1", 17);
	assert_int_equal(tq_conf_read(&f->conf, &f->mem, f->handler, &f->e),
	    -1);
	assert_int_equal(f->e.num, EINVAL);
}

#define CONF_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CONF_TEST(all_settings_are_read),
		CONF_TEST(rules_of_a_handler_stand_before_its_queue_s),
		CONF_TEST(what_is_not_set_is_left_alone),
		CONF_TEST(an_empty_file_sets_nothing),
		CONF_TEST(a_soft_limit_alone_has_a_hard_one),
		CONF_TEST(a_bad_line_is_named),
		CONF_TEST(too_many_variables_are_refused),
		CONF_TEST(no_file_sets_nothing),
		CONF_TEST(the_file_beside_the_handler_is_read),
		CONF_TEST(a_file_others_may_write_is_refused),
		CONF_TEST(a_fifo_is_refused_and_not_waited_for),
		CONF_TEST(a_file_with_a_nul_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
