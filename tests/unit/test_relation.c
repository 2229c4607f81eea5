/* Unit tests of lib/spool/relation.c. */
#include <errno.h>
#include <string.h>

#include <tq/task.h>

#include "lib/spool/relation.h"
#include "tests/lib/t.h"

#define BYTES(s)	{ (s), sizeof(s) - 1 }
#define BIT(tag)	(1u << (tag))

static const struct tq_relation full = {
	.has = BIT(TQ_REL_KEY) | BIT(TQ_REL_AFTER) | BIT(TQ_REL_WHEN) |
	    BIT(TQ_REL_PIPE) | BIT(TQ_REL_FOLLOW) | BIT(TQ_REL_MEMBER) |
	    BIT(TQ_REL_GROUP),
	.key = BYTES("a key"),
	.after = BYTES("0123456789abcdef" "fedcba9876543210"),
	.when = TQ_WHEN_ANY, .pipe_as = TQ_PIPE_JSON,
	.pipe = { "pipe" }, .follow = { "follow" }, .member = { "member" },
	.number = UINT32_MAX, .row = 1023, .epoch = 0x01020304
};

static int
decode(struct tq_relation *out, const void *p, size_t n)
{
	const struct tq_bytes list = { p, n };

	return tq_relation_decode(out, list);
}

static void
all_of_it_comes_back(void **state)
{
	struct tq_relation out;
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_relation_encode(&b, &full);
	assert_int_equal(decode(&out, b.p, b.n), 0);
	assert_int_equal(out.has, full.has);
	assert_int_equal(out.key.n, full.key.n);
	assert_memory_equal(out.key.p, full.key.p, full.key.n);
	assert_int_equal(out.after.n, full.after.n);
	assert_memory_equal(out.after.p, full.after.p, full.after.n);
	assert_int_equal(out.when, full.when);
	assert_int_equal(out.pipe_as, full.pipe_as);
	assert_memory_equal(&out.pipe, &full.pipe, sizeof(out.pipe));
	assert_memory_equal(&out.follow, &full.follow, sizeof(out.follow));
	assert_memory_equal(&out.member, &full.member, sizeof(out.member));
	assert_true(out.number == full.number);
	assert_int_equal(out.row, full.row);
	assert_int_equal(out.epoch, full.epoch);
	tq_buf_fini(&b);
}

static void
key_of_ten_bytes_takes_twelve(void **state)
{
	const struct tq_relation r = { .has = BIT(TQ_REL_KEY),
	    .key = BYTES("0123456789") };
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_relation_encode(&b, &r);
	assert_int_equal(b.n, 12);
	assert_memory_equal(b.p, "\1\0120123456789", 12);
	tq_buf_fini(&b);
}

static void
no_part_of_a_list_is_one(void **state)
{
	struct tq_relation out;
	struct tq_buf b;
	size_t n, whole = 1;

	(void)state;
	tq_buf_init(&b);
	tq_relation_encode(&b, &full);
	/* but where a tag ends: seven of them, and nothing at all */
	for (n = 0; n < b.n; n++)
		whole += decode(&out, b.p, n) == 0;
	assert_int_equal(whole, 8);
	tq_buf_fini(&b);
}

static void
refused(const void *p, size_t n)
{
	struct tq_relation out;

	assert_int_equal(decode(&out, p, n), -1);
	assert_int_equal(errno, EBADMSG);
}

static void
senseless_lists_are_refused(void **state)
{
	static const char id[] = "0123456789abcdef";
	char long_key[3 + 256] = { TQ_REL_KEY, (char)0x80, 2 };
	char pipe[2 + TQ_UUID_SIZE + 1] = { TQ_REL_PIPE, TQ_UUID_SIZE + 1 };

	(void)state;
	refused("\0\1x", 3);			/* no tag */
	refused("\10\1x", 3);			/* nor this */
	refused("\1\0", 2);			/* an empty key */
	refused(long_key, sizeof(long_key));
	refused("\1\1a\1\1b", 6);		/* twice */
	refused("\3\1\0\1\1a", 6);		/* falling tags */
	refused("\2\0", 2);			/* after nothing */
	refused("\2\1x", 3);			/* after part of an id */
	refused("\3\1\3", 3);			/* no such condition */
	refused("\3\2\1\1", 4);			/* two of them */
	memcpy(pipe + 2, id, TQ_UUID_SIZE);
	pipe[2 + TQ_UUID_SIZE] = TQ_PIPE_JSON + 1;
	refused(pipe, sizeof(pipe));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_back),
		cmocka_unit_test(key_of_ten_bytes_takes_twelve),
		cmocka_unit_test(no_part_of_a_list_is_one),
		cmocka_unit_test(senseless_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
