/* Unit tests of lib/message/limits.c and lib/worker/limit.c. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/message/limits.h"
#include "lib/worker/limit.h"
#include "tests/lib/t.h"

static void
every_limit_is_read(void **state)
{
	struct tq_limits l = { .v = { 0 } };

	(void)state;
	assert_int_equal(tq_limits_parse(&l, "mem=2G,cpu=1h,cpus=1.5,fsize=1k,nofile=256,"
	    "nproc=100,out=10M,nice=5,ionice=7", NULL), 0);
	assert_int_equal(l.v[TQ_LIMIT_MEM], 2LL << 30);
	assert_int_equal(l.v[TQ_LIMIT_CPU], 3600 * TQ_SECOND);
	assert_int_equal(l.v[TQ_LIMIT_CPUS], 1500);
	assert_int_equal(l.v[TQ_LIMIT_FSIZE], 1024);
	assert_int_equal(l.v[TQ_LIMIT_NOFILE], 256);
	assert_int_equal(l.v[TQ_LIMIT_NPROC], 100);
	assert_int_equal(l.v[TQ_LIMIT_OUT], 10 << 20);
	assert_int_equal(l.v[TQ_LIMIT_NICE], 5);
	assert_int_equal(l.v[TQ_LIMIT_IONICE], 8);
}

static void
what_is_not_named_stays(void **state)
{
	struct tq_limits l = { .v = { [TQ_LIMIT_MEM] = 7 } };

	(void)state;
	assert_int_equal(tq_limits_parse(&l, "nproc=1", NULL), 0);
	assert_int_equal(l.v[TQ_LIMIT_MEM], 7);
	assert_int_equal(l.v[TQ_LIMIT_NPROC], 1);
}

static void
bad_limits_are_quoted(void **state)
{
	static const struct {
		const char *in, *want;
	} t[] = {
		{ "", "no limit ''" },
		{ "mem", "limit mem: no value" },
		{ "memory=1G", "no limit 'memory=1G'" },
		{ "mem=1G,", "no limit ''" },
		{ "cpu=0", "limit cpu: '0' is too small" },
		{ "cpus=2m", "limit cpus: '2m' is no number" },
		{ "cpus=0.0001", "limit cpus: '0.0001' is too small" },
		{ "cpus=3000000000", "limit cpus: '3000000000' is too large" },
		{ "nofile=0", "limit nofile: '0' is too small" },
		{ "nofile=1k", "limit nofile: '1k' is invalid" },
		{ "nice=20", "limit nice: '20' is too large" },
		{ "nice=0", "limit nice: '0' is too small" },
		{ "cpu=1.5", "limit cpu: '1.5': is no number of whole "
		    "seconds" },
		{ "nice=-1", "limit nice: '-1' is too small" },
		{ "ionice=8", "limit ionice: '8' is too large" },
	};
	struct tq_limits l;
	struct tq_err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&l, 0, sizeof(l));
		assert_int_equal(tq_limits_parse(&l, t[i].in, &e), -1);
		assert_int_equal(e.num, EINVAL);
		assert_string_equal(e.text, t[i].want);
	}
}

static void
a_text_without_end_is_refused(void **state)
{
	char text[2 * TQ_LIMITS_MAX];
	struct tq_limits l = { .v = { 0 } };

	(void)state;
	memset(text, '1', sizeof(text) - 1);
	memcpy(text, "mem=", 4);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(tq_limits_parse(&l, text, NULL), -1);
}

static void
of_one_that_is_named_twice_the_last_counts(void **state)
{
	struct tq_limits l = { .v = { 0 } };

	(void)state;
	assert_int_equal(tq_limits_parse(&l, "cpu=2,mem=1,cpu=1", NULL), 0);
	assert_int_equal(tq_limits_parse(&l, "mem=3", NULL), 0);
	assert_int_equal(l.v[TQ_LIMIT_CPU], TQ_SECOND);
	assert_int_equal(l.v[TQ_LIMIT_MEM], 3);
}

static void
the_stricter_limit_wins(void **state)
{
	struct tq_limits l = { .v = { 0 } }, other = { .v = { 0 } };

	(void)state;
	assert_int_equal(tq_limits_parse(&l, "mem=2,nofile=5,nice=3,ionice=0",
	    NULL), 0);
	assert_int_equal(tq_limits_parse(&other,
	    "mem=1,nofile=6,nproc=7,nice=2,ionice=idle", NULL), 0);
	tq_limits_narrow(&l, &other);
	assert_int_equal(l.v[TQ_LIMIT_MEM], 1);
	assert_int_equal(l.v[TQ_LIMIT_NOFILE], 5);
	assert_int_equal(l.v[TQ_LIMIT_NPROC], 7);
	assert_int_equal(l.v[TQ_LIMIT_NICE], 3);
	assert_int_equal(l.v[TQ_LIMIT_IONICE], TQ_IONICE_IDLE);
	assert_int_equal(l.v[TQ_LIMIT_CPU], 0);
}

static void
a_formatted_text_means_the_same(void **state)
{
	struct tq_limits l = { .v = { 0 } };
	char text[TQ_LIMITS_MAX + 1];

	(void)state;
	tq_limits_format(text, sizeof(text), &l);
	assert_string_equal(text, "");
	assert_int_equal(tq_limits_parse(&l, "out=10,ionice=idle,cpu=90", NULL),
	    0);
	tq_limits_format(text, sizeof(text), &l);
	assert_string_equal(text, "cpu=1m30s,ionice=idle,out=10");
}

static void
all_limits_at_their_largest_fit(void **state)
{
	struct tq_limits l, again = { .v = { 0 } };
	char text[TQ_LIMITS_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < TQ_NLIMITS; i++)
		l.v[i] = INT64_MAX;
	l.v[TQ_LIMIT_CPU] -= INT64_MAX % TQ_SECOND;
	l.v[TQ_LIMIT_NICE] = 19;
	l.v[TQ_LIMIT_IONICE] = 8;
	l.v[TQ_LIMIT_CPUS] = l.v[TQ_LIMIT_NOFILE] = INT32_MAX;
	l.v[TQ_LIMIT_NPROC] = INT32_MAX;
	tq_limits_format(text, sizeof(text), &l);
	assert_int_equal(tq_limits_parse(&again, text, NULL), 0);
	assert_memory_equal(&again, &l, sizeof(l));
}

static void
the_limit_that_ended_it_is_named(void **state)
{
	struct tq_limits l = { .v = { 0 } };
	struct tq_outcome o;

	(void)state;
	tq_outcome_init(&o, TQ_FAILURE);
	o.status = 128 + SIGXCPU;
	assert_null(tq_limit_why(&l, &o));
	l.v[TQ_LIMIT_CPU] = TQ_SECOND;
	assert_string_equal(tq_limit_why(&l, &o), "cpu limit");
	o.status = 128 + SIGXFSZ;
	assert_null(tq_limit_why(&l, &o));
	l.v[TQ_LIMIT_FSIZE] = 1;
	assert_string_equal(tq_limit_why(&l, &o), "fsize limit");
}

static void
a_kill_is_the_cpu_limit_once_that_was_used(void **state)
{
	struct tq_limits l = { .v = { [TQ_LIMIT_CPU] = TQ_SECOND } };
	struct tq_outcome o;

	(void)state;
	tq_outcome_init(&o, TQ_FAILURE);
	o.status = 128 + SIGKILL;
	o.user = TQ_SECOND / 2;
	assert_null(tq_limit_why(&l, &o));
	o.sys = TQ_SECOND / 2;
	assert_string_equal(tq_limit_why(&l, &o), "cpu limit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_is_read),
		cmocka_unit_test(what_is_not_named_stays),
		cmocka_unit_test(bad_limits_are_quoted),
		cmocka_unit_test(a_text_without_end_is_refused),
		cmocka_unit_test(of_one_that_is_named_twice_the_last_counts),
		cmocka_unit_test(the_stricter_limit_wins),
		cmocka_unit_test(a_formatted_text_means_the_same),
		cmocka_unit_test(all_limits_at_their_largest_fit),
		cmocka_unit_test(the_limit_that_ended_it_is_named),
		cmocka_unit_test(a_kill_is_the_cpu_limit_once_that_was_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
