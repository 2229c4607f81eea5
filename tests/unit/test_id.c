/* Unit tests of lib/base/id.c. */
#include <sys/types.h>
#include <sys/wait.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/id.h"
#include "tests/lib/t.h"

#define NOW	(1700000000123 * TQ_MS)

static void
text_is_a_uuid_of_version_7(void **state)
{
	struct tq_uuid_maker m = { 0 };
	struct tq_uuid id;
	char s[37];

	(void)state;
	tq_uuid_make(&id, &m, NOW);
	tq_uuid_format(s, &id);
	assert_int_equal(strlen(s), 36);
	/* 1700000000123 is 0x18bcfe5687b */
	assert_memory_equal(s, "018bcfe5-687b-7", 15);
	assert_non_null(strchr("89ab", s[19]));
	assert_int_equal(s[8], '-');
	assert_int_equal(s[13], '-');
	assert_int_equal(s[18], '-');
	assert_int_equal(s[23], '-');
}

static void
text_comes_back(void **state)
{
	struct tq_uuid_maker m = { 0 };
	struct tq_uuid id, back;
	char s[37];

	(void)state;
	tq_uuid_make(&id, &m, NOW);
	tq_uuid_format(s, &id);
	assert_int_equal(tq_uuid_parse(&back, s), 1);
	assert_memory_equal(&id, &back, sizeof(id));
}

static void
time_comes_back_to_the_millisecond(void **state)
{
	struct tq_uuid_maker m = { 0 };
	struct tq_uuid id;
	char s[37];

	(void)state;
	tq_uuid_make(&id, &m, NOW + 999999);
	tq_uuid_format(s, &id);
	assert_int_equal(tq_uuid_time(s), NOW);
	assert_int_equal(tq_uuid_time("no id"), 0);
}

static void
example_of_rfc_9562_is_parsed(void **state)
{
	struct tq_uuid id;
	char s[37];

	(void)state;
	assert_int_equal(tq_uuid_parse(&id,
	    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 1);
	assert_memory_equal(id.b, "\x01\x7f\x22\xe2\x79\xb0\x7c\xc3"
	    "\x98\xc4\xdc\x0c\x0c\x07\x39\x8f", 16);
	tq_uuid_format(s, &id);
	assert_string_equal(s, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void
other_text_is_no_id_of_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"017f22e2",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f ",
		"017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
		"017f22e279b07cc398c4dc0c0c07398f",
		"017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-4cc3-98c4-dc0c0c07398f",	/* version 4 */
		"017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",	/* variant 110 */
		"g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
		"\xff""17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
	};
	struct tq_uuid id;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++)
		if (tq_uuid_parse(&id, bad[i]) != 0)
			fail_msg("'%s' was taken", bad[i]);
}

/* Makes n ids at now; how many did not rise above the one before. */
static unsigned
count_not_risen(struct tq_uuid_maker *m, unsigned n, tq_time now)
{
	struct tq_uuid before, id;
	unsigned i, bad = 0;

	tq_uuid_make(&before, m, now);
	for (i = 1; i < n; i++) {
		tq_uuid_make(&id, m, now);
		bad += memcmp(&before, &id, 8) >= 0;
		before = id;
	}
	return bad;
}

static void
ids_rise_within_a_millisecond(void **state)
{
	struct tq_uuid_maker m = { 0 };

	(void)state;
	assert_int_equal(count_not_risen(&m, 4096, NOW), 0);
}

static void
ids_rise_when_the_counter_is_used_up(void **state)
{
	struct tq_uuid_maker m = { 0 };

	(void)state;
	assert_int_equal(count_not_risen(&m, 20000, NOW), 0);
}

static void
ids_rise_when_the_clock_goes_back(void **state)
{
	struct tq_uuid_maker m = { 0 };
	struct tq_uuid first, second;

	(void)state;
	tq_uuid_make(&first, &m, NOW);
	tq_uuid_make(&second, &m, NOW - 3600 * TQ_SECOND);
	assert_true(memcmp(&first, &second, 8) < 0);
}

static void
version_and_variant_stand_after_any_count(void **state)
{
	struct tq_uuid_maker m = { 0 };
	struct tq_uuid id;
	unsigned i, bad = 0;

	(void)state;
	for (i = 0; i < 10000; i++) {
		tq_uuid_make(&id, &m, NOW);
		bad += id.b[6] >> 4 != 7 || id.b[8] >> 6 != 2;
	}
	assert_int_equal(bad, 0);
}

static void
two_makers_differ_in_their_random_bits(void **state)
{
	struct tq_uuid_maker a = { 0 }, b = { 0 };
	struct tq_uuid x, y;

	(void)state;
	tq_uuid_make(&x, &a, NOW);
	tq_uuid_make(&y, &b, NOW);
	assert_memory_not_equal(x.b + 8, y.b + 8, 8);
}

static void
forked_child_seeds_anew(void **state)
{
	struct tq_uuid_maker m = { 0 };
	struct tq_uuid mine, theirs;
	int fds[2], status;
	pid_t pid;

	(void)state;
	tq_uuid_make(&mine, &m, NOW);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		tq_uuid_make(&theirs, &m, NOW);
		_exit(write(fds[1], &theirs, sizeof(theirs)) !=
		    sizeof(theirs));
	}
	tq_uuid_make(&mine, &m, NOW);
	assert_int_equal(read(fds[0], &theirs, sizeof(theirs)),
	    sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	close(fds[1]);
	/* the same count, and with the same seed the same 62 bits as well */
	assert_memory_equal(mine.b, theirs.b, 8);
	assert_memory_not_equal(mine.b + 8, theirs.b + 8, 8);
}

static void
random_fills_every_byte(void **state)
{
	unsigned char seen[300] = { 0 }, p[300];
	unsigned i, j, never = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		tq_random(p, sizeof(p));
		for (j = 0; j < sizeof(p); j++)
			seen[j] |= p[j];
	}
	for (j = 0; j < sizeof(p); j++)
		never += seen[j] == 0;
	assert_int_equal(never, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_a_uuid_of_version_7),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(time_comes_back_to_the_millisecond),
		cmocka_unit_test(example_of_rfc_9562_is_parsed),
		cmocka_unit_test(other_text_is_no_id_of_ours),
		cmocka_unit_test(ids_rise_within_a_millisecond),
		cmocka_unit_test(ids_rise_when_the_counter_is_used_up),
		cmocka_unit_test(ids_rise_when_the_clock_goes_back),
		cmocka_unit_test(version_and_variant_stand_after_any_count),
		cmocka_unit_test(two_makers_differ_in_their_random_bits),
		cmocka_unit_test(forked_child_seeds_anew),
		cmocka_unit_test(random_fills_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
