/* Unit tests of lib/message/native.c and field.c. */
#include <errno.h>
#include <string.h>

#include "lib/message/native.h"
#include "tests/lib/t.h"

struct fixture {
	struct tq_buf	 b;
	struct tq_arena	 mem;
	struct tq_task	 task;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	tq_buf_init(&f.b);
	tq_arena_init(&f.mem);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_buf_fini(&f->b);
	tq_arena_fini(&f->mem);
	return 0;
}

/* Decode bytes as a head that must be refused with num. */
static void
head_refused(struct fixture *f, const char *bytes, size_t n, int num)
{
	assert_int_equal(tq_native_head_get(&f->task, &f->mem, bytes, n,
	    &f->e), -1);
	assert_int_equal(f->e.num, num);
}

static void
plain_body_is_two_bytes(void **state)
{
	struct fixture *f = *state;
	struct tq_task t;

	tq_task_init(&t);
	tq_native_head_put(&f->b, &t);
	assert_int_equal(f->b.n, 2);
	assert_memory_equal(f->b.p, "\1\0", 2);
	assert_int_equal(tq_native_head_get(&f->task, &f->mem, f->b.p, f->b.n,
	    &f->e), 0);
	assert_int_equal(f->task.kind, TQ_KIND_BODY);
	assert_null(f->task.label);
	assert_int_equal(f->task.retries, -1);
	assert_int_equal(f->task.keep, -1);
	assert_int_equal(f->task.uid, -1);
}

static void
named_task_comes_back_whole(void **state)
{
	static const char *const argv[] = { "", "2 \xff", "3" };
	static const char *const kwargs[] = { "a=b", "c=" };
	static const char *const needs[] = { "gpu=2", "disk" };
	struct fixture *f = *state;
	struct tq_task t;

	tq_task_init(&t);
	t.kind = TQ_KIND_NAMED;
	t.flags = TQ_TASK_ONCE | TQ_TASK_NORESULT | TQ_TASK_LOCAL;
	t.name = "add";
	t.argc = 3;
	t.argv = argv;
	t.kwc = 2;
	t.kwargs = kwargs;
	t.label = "l";
	t.parent = "p";
	t.root = "r";
	t.retries = 3;
	t.soft = 1;
	t.hard = INT64_MAX;
	t.keep = 0;
	t.uid = UINT32_MAX;
	t.limits = "mem=1";
	t.lane = "left";
	t.needs = needs;
	t.nneeds = 2;
	t.backoff = 0;
	t.factor = 1500;
	t.backoff_cap = 7;
	tq_native_head_put(&f->b, &t);
	assert_int_equal(tq_native_head_get(&f->task, &f->mem, f->b.p, f->b.n,
	    &f->e), 0);
	assert_int_equal(f->task.kind, t.kind);
	assert_int_equal(f->task.flags, t.flags);
	assert_string_equal(f->task.name, "add");
	assert_int_equal(f->task.argc, 3);
	assert_string_equal(f->task.argv[0], "");
	assert_string_equal(f->task.argv[1], "2 \xff");
	assert_string_equal(f->task.argv[2], "3");
	assert_null(f->task.argv[3]);
	assert_int_equal(f->task.kwc, 2);
	assert_string_equal(f->task.kwargs[0], "a=b");
	assert_string_equal(f->task.kwargs[1], "c=");
	assert_string_equal(f->task.label, "l");
	assert_string_equal(f->task.parent, "p");
	assert_string_equal(f->task.root, "r");
	assert_int_equal(f->task.retries, 3);
	assert_int_equal(f->task.soft, 1);
	assert_int_equal(f->task.hard, INT64_MAX);
	assert_int_equal(f->task.keep, 0);
	assert_int_equal(f->task.uid, UINT32_MAX);
	assert_string_equal(f->task.limits, "mem=1");
	assert_string_equal(f->task.lane, "left");
	assert_int_equal(f->task.nneeds, 2);
	assert_string_equal(f->task.needs[1], "disk");
	assert_int_equal(f->task.backoff, 0);
	assert_int_equal(f->task.factor, 1500);
	assert_int_equal(f->task.backoff_cap, 7);
}

static void
strings_point_into_the_record(void **state)
{
	struct fixture *f = *state;
	struct tq_task t;

	tq_task_init(&t);
	t.label = "here";
	tq_native_head_put(&f->b, &t);
	assert_int_equal(tq_native_head_get(&f->task, &f->mem, f->b.p, f->b.n,
	    &f->e), 0);
	assert_true((const unsigned char *)f->task.label > f->b.p);
	assert_true((const unsigned char *)f->task.label < f->b.p + f->b.n);
}

static void
cut_off_heads_are_damaged(void **state)
{
	static const char *const argv[] = { "make", "all" };
	struct fixture *f = *state;
	struct tq_task t;
	size_t n;

	tq_task_init(&t);
	t.kind = TQ_KIND_COMMAND;
	t.argc = 2;
	t.argv = argv;
	tq_native_head_put(&f->b, &t);
	for (n = 0; n < f->b.n; n++)
		head_refused(f, (const char *)f->b.p, n, EBADMSG);
}

static void
newer_records_are_refused_as_such(void **state)
{
	struct fixture *f = *state;

	head_refused(f, "\2\0", 2, EPROTO);		/* version */
	head_refused(f, "\1\5", 2, EPROTO);		/* kind */
	head_refused(f, "\1\0\36\1", 4, EPROTO);	/* field 30 */
	head_refused(f, "\1\0\377\1", 4, EPROTO);	/* field 255 */
}

static void
damaged_fields_are_refused(void **state)
{
	struct fixture *f = *state;

	/* label without its NUL, with one too many, and there twice */
	head_refused(f, "\1\0\4\2xy", 6, EBADMSG);
	head_refused(f, "\1\0\4\3x\0", 7, EBADMSG);
	head_refused(f, "\1\0\4\2x\0\4\2x", 10, EBADMSG);
	/* a command whose count says more, or less, than its bytes */
	head_refused(f, "\1\1\2\3\2a\0", 7, EBADMSG);
	head_refused(f, "\1\1\2\1\4a\0b", 9, EBADMSG);
	head_refused(f, "\1\1\2\377\377\377\377\17\2a", 11, EBADMSG);
	/* a uid over 32 bits */
	head_refused(f, "\1\0\13\377\377\377\377\177", 8, EBADMSG);
}

static void
kind_that_lacks_its_fields_is_damaged(void **state)
{
	struct fixture *f = *state;

	head_refused(f, "\1\1", 2, EBADMSG);		/* no argv */
	head_refused(f, "\1\1\2\1\1", 6, EBADMSG);	/* argv[0] empty */
	head_refused(f, "\1\3", 2, EBADMSG);		/* no name */
	head_refused(f, "\1\0\1\2a", 6, EBADMSG);	/* name of a body */
	head_refused(f, "\1\3\1\2.", 6, EBADMSG);	/* bad name */
	head_refused(f, "\1\3\1\2a\0\3\1\2b", 11, EBADMSG);	/* no '=' */
}

static void
context_comes_back_and_leaves_the_rest(void **state)
{
	static const char *const env[] = { "A=b", "C=", NULL };
	struct fixture *f = *state;
	struct tq_task t;

	tq_task_init(&t);
	t.dir = "/tmp";
	t.umask = 0;
	t.env = env;
	tq_native_ctx_put(&f->b, &t);
	tq_task_init(&f->task);
	f->task.label = "kept";
	assert_int_equal(tq_native_ctx_get(&f->task, &f->mem, f->b.p, f->b.n,
	    &f->e), 0);
	assert_string_equal(f->task.dir, "/tmp");
	assert_int_equal(f->task.umask, 0);
	assert_string_equal(f->task.env[0], "A=b");
	assert_string_equal(f->task.env[1], "C=");
	assert_null(f->task.env[2]);
	assert_string_equal(f->task.label, "kept");
}

static void
empty_environment_is_not_none(void **state)
{
	static const char *const env[] = { NULL };
	struct fixture *f = *state;
	struct tq_task t;

	tq_task_init(&t);
	t.env = env;
	tq_native_ctx_put(&f->b, &t);
	assert_int_equal(tq_native_ctx_get(&f->task, &f->mem, f->b.p, f->b.n,
	    &f->e), 0);
	assert_non_null(f->task.env);
	assert_null(f->task.env[0]);
}

static void
damaged_context_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tq_native_ctx_get(&f->task, &f->mem, "\1\2\200\4", 4,
	    &f->e), -1);		/* umask 01000 */
	assert_int_equal(f->e.num, EBADMSG);
	assert_int_equal(tq_native_ctx_get(&f->task, &f->mem, "\1\4\0", 3,
	    &f->e), -1);
	assert_int_equal(f->e.num, EPROTO);
}

static void
outcome_comes_back_whole(void **state)
{
	struct fixture *f = *state;
	struct tq_native_sizes sizes = { 10, UINT32_MAX, 1 }, back;
	struct tq_outcome o, out;

	tq_outcome_init(&o, TQ_RETRY);
	o.status = 255;
	o.signal = 9;
	o.when = 12345678901;
	o.why = "killed";
	o.type = "OSError";
	o.result = (struct tq_bytes){ "[1]", 3 };
	o.user = 1;
	o.sys = 2;
	o.maxrss = 3;
	tq_native_outcome_put(&f->b, &o, &sizes);
	assert_int_equal(tq_native_outcome_get(&out, &back, f->b.p, f->b.n,
	    &f->e), 0);
	assert_int_equal(out.state, TQ_RETRY);
	assert_int_equal(out.status, 255);
	assert_int_equal(out.signal, 9);
	assert_int_equal(out.when, o.when);
	assert_string_equal(out.why, "killed");
	assert_string_equal(out.type, "OSError");
	assert_int_equal(out.result.n, 3);
	assert_string_equal(out.result.p, "[1]");
	assert_int_equal(out.user, 1);
	assert_int_equal(out.sys, 2);
	assert_int_equal(out.maxrss, 3);
	assert_int_equal(out.out_fd, -1);
	assert_int_equal(back.out, 10);
	assert_int_equal(back.err, UINT32_MAX);
	assert_true(back.cut);
}

static void
no_status_is_not_status_zero(void **state)
{
	struct fixture *f = *state;
	struct tq_native_sizes sizes = { 0, 0, 0 };
	struct tq_outcome o, out;

	tq_outcome_init(&o, TQ_SUCCESS);
	tq_native_outcome_put(&f->b, &o, &sizes);
	assert_int_equal(tq_native_outcome_get(&out, &sizes, f->b.p, f->b.n,
	    &f->e), 0);
	assert_int_equal(out.status, -1);
	tq_buf_reset(&f->b);
	o.status = 0;
	tq_native_outcome_put(&f->b, &o, &sizes);
	assert_int_equal(tq_native_outcome_get(&out, &sizes, f->b.p, f->b.n,
	    &f->e), 0);
	assert_int_equal(out.status, 0);
}

static void
damaged_outcome_is_refused(void **state)
{
	static const struct { const char *p; size_t n; int num; } v[] = {
		{ "", 0, EBADMSG },
		{ "\1", 1, EBADMSG },
		{ "\1\7\1\200\2", 5, EBADMSG },		/* status 256 */
		{ "\1\7\4\1x", 5, EBADMSG },
		{ "\1\13", 2, EPROTO },			/* state 11 */
		{ "\1\47", 2, EPROTO },			/* bit 5 */
		{ "\1\7\14\0", 4, EPROTO }		/* field 12 */
	};
	struct fixture *f = *state;
	struct tq_native_sizes sizes;
	struct tq_outcome out;
	size_t i;

	for (i = 0; i < T_COUNT(v); i++) {
		f->e.num = 0;
		(void)tq_native_outcome_get(&out, &sizes, v[i].p, v[i].n,
		    &f->e);
		assert_int_equal(f->e.num, v[i].num);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_body_is_two_bytes),
		TEST(named_task_comes_back_whole),
		TEST(strings_point_into_the_record),
		TEST(cut_off_heads_are_damaged),
		TEST(newer_records_are_refused_as_such),
		TEST(damaged_fields_are_refused),
		TEST(kind_that_lacks_its_fields_is_damaged),
		TEST(context_comes_back_and_leaves_the_rest),
		TEST(empty_environment_is_not_none),
		TEST(damaged_context_is_refused),
		TEST(outcome_comes_back_whole),
		TEST(no_status_is_not_status_zero),
		TEST(damaged_outcome_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
