/* Unit tests of lib/worker/plan.c and operand.c: what a worker will run. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/worker/capture.h"
#include "lib/worker/plan.h"
#include "tests/lib/t.h"

struct fixture {
	char		 dir[T_PATH_MAX];
	struct tq_handlers handlers;
	struct tq_plan_rules rules;
	struct tq_plan_place place;
	int		 output[2];
	struct tq_arena	 mem;
	struct tq_claim	 claim;
	struct tq_task	*task;		/* of the claim */
	struct tq_plan	 plan;
	struct tq_err	 e;
};

static const char *const worker_env[] = { "PATH=/w", "SECRET=1", NULL };
static const char *const words[] = { "prog", "a b", NULL };

static int
scratch(struct fixture *f, const char *name)
{
	int dir = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(dir);
	return fd;
}

static int
setup(void **state)
{
	struct fixture *f = test_malloc(sizeof(*f));
	char path[T_PATH_MAX + 16];

	memset(f, 0, sizeof(*f));
	t_tmpdir(f->dir);
	t_write(f->dir, "send", "#!/bin/sh\n", 10);
	snprintf(path, sizeof(path), "%s/send", f->dir);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(tq_handlers_add(&f->handlers, f->dir, NULL), 0);
	f->rules.env = worker_env;
	f->rules.handlers = &f->handlers;
	f->place.number = 1;
	f->place.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	f->place.input = scratch(f, "input");
	f->place.json = scratch(f, "json");
	f->output[0] = 101;
	f->output[1] = 102;
	f->place.output = f->output;
	tq_arena_init(&f->mem);
	tq_claim_init(&f->claim);
	f->task = &f->claim.task;
	f->task->kind = TQ_KIND_COMMAND;
	f->task->flags = TQ_TASK_LOCAL;
	f->task->queue = "default";
	f->task->uid = geteuid();
	f->task->argc = 2;
	f->task->argv = words;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_arena_fini(&f->mem);
	tq_claim_fini(&f->claim);
	tq_handlers_fini(&f->handlers);
	close(f->place.null);
	close(f->place.input);
	close(f->place.json);
	t_rmdir(f->dir);
	test_free(f);
	return 0;
}

/* The status a plan fails with, 0 when it is made. */
static int
plan(struct fixture *f)
{
	int status;

	if (tq_plan_make(&f->plan, &f->mem, &f->claim, &f->rules, &f->place,
	    &status, &f->e) == 0)
		return 0;
	return status;
}

static int
has_env(const struct fixture *f, const char *entry)
{
	const char *const *env;

	for (env = f->plan.proc.env; *env != NULL; env++)
		if (strcmp(*env, entry) == 0)
			return 1;
	return 0;
}

static void
a_command_of_our_own_runs_as_it_was_put(void **state)
{
	static const char *const env[] = { "PATH=/mine", "LD_X=1", NULL };
	struct fixture *f = *state;

	f->task->dir = "/somewhere";
	f->task->umask = 027;
	f->task->env = env;
	assert_int_equal(plan(f), 0);
	assert_string_equal(f->plan.proc.file, "prog");
	assert_string_equal(f->plan.proc.argv[0], "prog");
	assert_string_equal(f->plan.proc.argv[1], "a b");
	assert_null(f->plan.proc.argv[2]);
	assert_string_equal(f->plan.proc.dir, "/somewhere");
	assert_int_equal(f->plan.proc.umask, 027);
	assert_true(has_env(f, "PATH=/mine"));
	assert_true(has_env(f, "LD_X=1"));
	assert_int_equal(f->plan.dropped, 0);
	assert_int_equal(f->plan.proc.fd[0], f->place.null);
	assert_int_equal(f->plan.proc.fd[1], 101);
	assert_int_equal(f->plan.proc.fd[2], 102);
}

static void
a_command_of_another_user_gets_nothing_of_his(void **state)
{
	static const char *const env[] = { "PATH=/his", "LD_X=1", "A=1", NULL };
	struct fixture *f = *state;

	f->task->uid = (int64_t)geteuid() + 1;
	f->task->dir = "/somewhere";
	f->task->umask = 0;
	f->task->env = env;
	assert_int_equal(plan(f), 0);
	assert_null(f->plan.proc.dir);
	assert_int_equal(f->plan.proc.umask, 077);
	assert_true(has_env(f, "PATH=/w"));
	assert_true(has_env(f, "A=1"));
	assert_false(has_env(f, "PATH=/his"));
	assert_false(has_env(f, "LD_X=1"));
	assert_false(has_env(f, "SECRET=1"));
	assert_int_equal(f->plan.dropped, 1);
}

static void
a_shell_string_gets_its_operands_from_one(void **state)
{
	static const char *const argv[] = { "echo $1", "x", NULL };
	struct fixture *f = *state;

	f->task->kind = TQ_KIND_SHELL;
	f->task->argv = argv;
	assert_int_equal(plan(f), 0);
	assert_string_equal(f->plan.proc.file, "/bin/sh");
	assert_string_equal(f->plan.proc.argv[0], "sh");
	assert_string_equal(f->plan.proc.argv[1], "-c");
	assert_string_equal(f->plan.proc.argv[2], "echo $1");
	assert_string_equal(f->plan.proc.argv[3], "sh");
	assert_string_equal(f->plan.proc.argv[4], "x");
	assert_null(f->plan.proc.argv[5]);
}

static void
a_body_alone_is_no_command(void **state)
{
	struct fixture *f = *state;

	f->task->kind = TQ_KIND_BODY;
	f->task->argc = 0;
	assert_int_equal(plan(f), 126);
	assert_string_equal(f->e.text, "no command to run");
}

static void
commands_are_refused_where_only_names_run(void **state)
{
	struct fixture *f = *state;

	f->rules.named_only = 1;
	assert_int_equal(plan(f), 126);
	f->task->kind = TQ_KIND_NAMED;
	f->task->name = "send";
	assert_int_equal(plan(f), 0);
}

static void
commands_from_afar_are_refused(void **state)
{
	struct fixture *f = *state;

	f->task->flags = 0;
	assert_int_equal(plan(f), 126);
	f->task->kind = TQ_KIND_SHELL;
	assert_int_equal(plan(f), 126);
}

static void
a_body_is_on_stdin(void **state)
{
	struct fixture *f = *state;
	char buf[16];

	f->task->body = (struct tq_bytes){ "longer body", 11 };
	assert_int_equal(plan(f), 0);
	f->task->body = (struct tq_bytes){ "body", 4 };
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.proc.fd[0], f->place.input);
	assert_int_equal(read(f->plan.proc.fd[0], buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "body", 4);
}

static void
a_body_in_a_file_is_read_from_its_beginning(void **state)
{
	struct fixture *f = *state;

	f->task->body_fd = f->place.input;
	assert_int_equal(tq_io_write(f->place.input, "body", 4), 0);
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.proc.fd[0], f->place.input);
	assert_int_equal(lseek(f->place.input, 0, SEEK_CUR), 0);
}

static void
the_strictest_limit_holds(void **state)
{
	struct fixture *f = *state;

	f->rules.limits.v[TQ_LIMIT_MEM] = 2000;
	f->rules.limits.v[TQ_LIMIT_NOFILE] = 10;
	f->task->limits = "mem=1000,nofile=20,nproc=5";
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.proc.limits.v[TQ_LIMIT_MEM], 1000);
	assert_int_equal(f->plan.proc.limits.v[TQ_LIMIT_NOFILE], 10);
	assert_int_equal(f->plan.proc.limits.v[TQ_LIMIT_NPROC], 5);
}

static void
a_task_cannot_keep_more_output_than_others(void **state)
{
	struct fixture *f = *state;

	f->task->limits = "out=1T";
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.proc.limits.v[TQ_LIMIT_OUT], TQ_CAPTURE_MAX);
	f->rules.limits.v[TQ_LIMIT_OUT] = 1LL << 40;
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.proc.limits.v[TQ_LIMIT_OUT], 1LL << 40);
}

static void
limits_of_a_newer_tq_are_126(void **state)
{
	struct fixture *f = *state;

	f->task->limits = "swap=1";
	assert_int_equal(plan(f), 126);
}

static void
a_handler_has_its_settings(void **state)
{
	static const char text[] = "dashdash yes\nenv A=conf\nlimit mem=1k\n"
	    "result none\nretries 4\n";
	struct fixture *f = *state;

	t_write(f->dir, "send.conf", text, sizeof(text) - 1);
	f->task->kind = TQ_KIND_NAMED;
	f->task->name = "send";
	f->task->retries = -1;
	assert_int_equal(plan(f), 0);
	assert_string_equal(f->plan.proc.argv[1], "--");
	assert_string_equal(f->plan.proc.argv[2], "prog");
	assert_true(has_env(f, "A=conf"));
	assert_true(has_env(f, "TQ_RETRIES=4"));
	assert_int_equal(f->plan.proc.limits.v[TQ_LIMIT_MEM], 1024);
	assert_int_equal(f->plan.proc.fd[1], f->place.null);
	assert_int_equal(f->plan.retries, 4);
	f->task->retries = 1;
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.retries, 1);
}

static void
a_handler_may_read_its_operands_itself(void **state)
{
	static const char *const args[] = { "\"\\u0000\"", NULL };
	static const char *const kwargs[] = { "a=1", NULL };
	struct fixture *f = *state;

	t_write(f->dir, "send.conf", "operands no\ndashdash yes\n", 25);
	f->task->kind = TQ_KIND_NAMED;
	f->task->name = "send";
	f->task->flags |= TQ_TASK_JSON;
	f->task->argv = args;
	f->task->kwargs = kwargs;
	f->task->argc = f->task->kwc = 1;
	assert_int_equal(plan(f), 0);
	assert_string_equal(f->plan.proc.argv[1], "--");
	assert_null(f->plan.proc.argv[2]);
	assert_false(has_env(f, "TQ_KW_a=1"));
	t_write(f->dir, "send.conf", "operands yes\n", 13);
	assert_int_equal(plan(f), 126);
}

static void
a_handler_with_bad_settings_is_126(void **state)
{
	struct fixture *f = *state;

	t_write(f->dir, "send.conf", "nonsense 1\n", 11);
	f->task->kind = TQ_KIND_NAMED;
	f->task->name = "send";
	assert_int_equal(plan(f), 126);
	assert_non_null(strstr(f->e.text, "send.conf:1: no setting"));
}

static void
a_handler_reads_its_task_as_json(void **state)
{
	struct fixture *f = *state;
	char *text, name[64];

	f->task->kind = TQ_KIND_NAMED;
	f->task->flags = 0;
	f->task->name = "send";
	assert_int_equal(plan(f), 0);
	assert_int_equal(f->plan.proc.fd[0], f->place.json);
	text = t_read(f->dir, "json", NULL);
	assert_non_null(strstr(text, "\"name\""));
	assert_int_equal(strchr(text, '\n') - text, strlen(text) - 1);
	free(text);
	snprintf(name, sizeof(name), "TQ_TASK=/proc/%ld/fd/%d",
	    (long)getpid(), f->place.json);
	assert_true(has_env(f, name));
	assert_int_equal(f->plan.proc.umask, 077);
	assert_null(f->plan.proc.dir);
}

static void
json_operands_are_plain_for_a_handler(void **state)
{
	static const char *const argv[] = {
		"\"it's\"", "2", "[1, {\"a\": null}]", "\"\\u00e9\"", NULL
	};
	static const char *const kw[] = { "to=\"anna\"", "n=[1, 2]", NULL };
	struct fixture *f = *state;

	f->task->kind = TQ_KIND_NAMED;
	f->task->flags = TQ_TASK_JSON;
	f->task->name = "send";
	f->task->argc = 4;
	f->task->argv = argv;
	f->task->kwc = 2;
	f->task->kwargs = kw;
	assert_int_equal(plan(f), 0);
	assert_string_equal(f->plan.proc.argv[1], "it's");
	assert_string_equal(f->plan.proc.argv[2], "2");
	assert_string_equal(f->plan.proc.argv[3], "[1,{\"a\":null}]");
	assert_string_equal(f->plan.proc.argv[4], "\xc3\xa9");
	assert_true(has_env(f, "TQ_KW_to=anna"));
	assert_true(has_env(f, "TQ_KW_n=[1,2]"));
}

static void
operands_that_are_no_json_are_refused(void **state)
{
	static const char *const argv[] = { "[1,", NULL };
	struct fixture *f = *state;

	f->task->kind = TQ_KIND_NAMED;
	f->task->flags = TQ_TASK_JSON;
	f->task->name = "send";
	f->task->argc = 1;
	f->task->argv = argv;
	assert_int_equal(plan(f), 126);
	assert_non_null(strstr(f->e.text, "[1,"));
}

static void
strings_no_program_can_be_given_are_refused(void **state)
{
	static const char *const nul[] = { "\"a\\u0000b\"", NULL };
	static const char *const half[] = { "\"\\ud800\"", NULL };
	struct fixture *f = *state;

	f->task->kind = TQ_KIND_NAMED;
	f->task->flags = TQ_TASK_JSON;
	f->task->name = "send";
	f->task->argc = 1;
	f->task->argv = nul;
	assert_int_equal(plan(f), 126);
	assert_non_null(strstr(f->e.text, "NUL"));
	f->task->argv = half;
	assert_int_equal(plan(f), 126);
	assert_non_null(strstr(f->e.text, "half a surrogate pair"));
}

static void
a_name_without_a_handler_is_127(void **state)
{
	struct fixture *f = *state;

	f->task->kind = TQ_KIND_NAMED;
	f->task->name = "other";
	assert_int_equal(plan(f), 127);
	assert_string_equal(f->e.text, "NotRegistered: other");
}

static void
json_numbers_reach_it_digit_for_digit(void **state)
{
	static const char *const argv[] = {
		"0.1", "1.10", "123456789012345678901234567890", "-0",
		"1e999", "[ 1.0, NaN ]", NULL
	};
	static const char *const want[] = {
		"0.1", "1.10", "123456789012345678901234567890", "-0",
		"1e999", "[1.0,NaN]"
	};
	struct fixture *f = *state;
	size_t i;

	f->task->kind = TQ_KIND_NAMED;
	f->task->flags = TQ_TASK_JSON;
	f->task->name = "send";
	f->task->argc = 6;
	f->task->argv = argv;
	assert_int_equal(plan(f), 0);
	for (i = 0; i < T_COUNT(want); i++)
		assert_string_equal(f->plan.proc.argv[i + 1], want[i]);
}

#define PLAN_TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(a_command_of_our_own_runs_as_it_was_put),
		PLAN_TEST(a_command_of_another_user_gets_nothing_of_his),
		PLAN_TEST(a_shell_string_gets_its_operands_from_one),
		PLAN_TEST(a_body_alone_is_no_command),
		PLAN_TEST(commands_are_refused_where_only_names_run),
		PLAN_TEST(commands_from_afar_are_refused),
		PLAN_TEST(a_body_is_on_stdin),
		PLAN_TEST(a_body_in_a_file_is_read_from_its_beginning),
		PLAN_TEST(the_strictest_limit_holds),
		PLAN_TEST(a_task_cannot_keep_more_output_than_others),
		PLAN_TEST(limits_of_a_newer_tq_are_126),
		PLAN_TEST(a_handler_has_its_settings),
		PLAN_TEST(a_handler_may_read_its_operands_itself),
		PLAN_TEST(a_handler_with_bad_settings_is_126),
		PLAN_TEST(a_handler_reads_its_task_as_json),
		PLAN_TEST(json_operands_are_plain_for_a_handler),
		PLAN_TEST(json_numbers_reach_it_digit_for_digit),
		PLAN_TEST(operands_that_are_no_json_are_refused),
		PLAN_TEST(strings_no_program_can_be_given_are_refused),
		PLAN_TEST(a_name_without_a_handler_is_127),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
