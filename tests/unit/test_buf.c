/* Unit tests of lib/base/buf.c. */
#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/lib/t.h"

static void
puts_follow_each_other(void **state)
{
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_buf_str(&b, "ab");
	tq_buf_byte(&b, 'c');
	tq_buf_put(&b, "de", 2);
	tq_buf_printf(&b, "%d-%s", 42, "x");
	assert_true(tq_buf_ok(&b));
	assert_int_equal(b.n, 9);
	assert_memory_equal(b.p, "abcde42-x", 9);
	tq_buf_fini(&b);
}

static void
integers_are_put_in_decimal(void **state)
{
	static const char want[] = "0 -1 9223372036854775807 "
	    "-9223372036854775808";
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_buf_int(&b, 0);
	tq_buf_byte(&b, ' ');
	tq_buf_int(&b, -1);
	tq_buf_byte(&b, ' ');
	tq_buf_int(&b, INT64_MAX);
	tq_buf_byte(&b, ' ');
	tq_buf_int(&b, INT64_MIN);
	assert_int_equal(b.n, strlen(want));
	assert_memory_equal(b.p, want, strlen(want));
	tq_buf_fini(&b);
}

/* The NUL of printf(3) does not count, but needs room. */
static void
printed_text_may_end_where_the_room_does(void **state)
{
	struct tq_buf b, twice;
	size_t n;

	(void)state;
	tq_buf_init(&b);
	tq_buf_init(&twice);
	for (n = 0; n < 200; n++) {
		tq_buf_printf(&b, "%c", 'a' + (int)(n % 26));
		tq_buf_byte(&twice, 'a' + (unsigned)(n % 26));
		assert_int_equal(b.n, n + 1);
	}
	assert_memory_equal(b.p, twice.p, n);
	tq_buf_fini(&b);
	tq_buf_fini(&twice);
}

static void
put_of_nothing_takes_a_null_pointer(void **state)
{
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_buf_put(&b, NULL, 0);
	assert_true(tq_buf_ok(&b));
	assert_int_equal(b.n, 0);
	tq_buf_fini(&b);
}

static void
grow_of_nothing_is_not_a_failure(void **state)
{
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	assert_non_null(tq_buf_grow(&b, 0));
	assert_int_equal(b.n, 0);
	tq_buf_fini(&b);
}

static void
bytes_survive_growing(void **state)
{
	struct tq_buf b;
	unsigned i, wrong = 0;

	(void)state;
	tq_buf_init(&b);
	for (i = 0; i < 100000; i++)
		tq_buf_byte(&b, i % 251);
	for (i = 0; i < 100000; i++)
		wrong += b.p[i] != i % 251;
	assert_int_equal(b.n, 100000);
	assert_int_equal(wrong, 0);
	tq_buf_fini(&b);
}

static void
too_much_fails_every_later_put_until_reset(void **state)
{
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_buf_str(&b, "kept");
	assert_null(tq_buf_grow(&b, SIZE_MAX - 2));
	tq_buf_str(&b, "lost");
	assert_false(tq_buf_ok(&b));
	assert_int_equal(b.err, EMSGSIZE);
	assert_int_equal(b.n, 4);
	tq_buf_reset(&b);
	tq_buf_str(&b, "new");
	assert_true(tq_buf_ok(&b));
	assert_int_equal(b.n, 3);
	tq_buf_fini(&b);
}

static void
fini_keeps_errno(void **state)
{
	struct tq_buf b;

	(void)state;
	tq_buf_init(&b);
	tq_buf_str(&b, "x");
	errno = ENOSPC;
	tq_buf_fini(&b);
	assert_int_equal(errno, ENOSPC);
	assert_null(b.p);
}

static const struct {
	uint64_t	 v;
	const char	*bytes;
	size_t		 n;
} numbers[] = {
	{ 0, "\x00", 1 },
	{ 1, "\x01", 1 },
	{ 0x7f, "\x7f", 1 },
	{ 0x80, "\x80\x01", 2 },
	{ 300, "\xac\x02", 2 },
	{ 0x3fff, "\xff\x7f", 2 },
	{ 0x4000, "\x80\x80\x01", 3 },
	{ INT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9 },
	{ UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
};

static void
varint_has_the_bytes_of_leb128(void **state)
{
	struct tq_buf b;
	size_t i;

	(void)state;
	tq_buf_init(&b);
	for (i = 0; i < T_COUNT(numbers); i++) {
		tq_buf_reset(&b);
		tq_buf_varint(&b, numbers[i].v);
		assert_int_equal(b.n, numbers[i].n);
		assert_memory_equal(b.p, numbers[i].bytes, b.n);
	}
	tq_buf_fini(&b);
}

static void
varint_comes_back(void **state)
{
	struct tq_cur c;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(numbers); i++) {
		tq_cur_init(&c, numbers[i].bytes, numbers[i].n);
		assert_true(tq_cur_varint(&c) == numbers[i].v);
		assert_int_equal(c.err, 0);
		assert_int_equal(c.n, 0);
	}
}

static void
bad_varint_is_refused(void **state)
{
	static const struct {
		const char	*bytes;
		size_t		 n;
	} bad[] = {
		{ "", 0 },
		{ "\x80", 1 },						/* cut */
		{ "\x80\x00", 2 },				/* not the shortest */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },	/* 2^65 */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11 },
	};
	struct tq_cur c;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(bad); i++) {
		tq_cur_init(&c, bad[i].bytes, bad[i].n);
		assert_true(tq_cur_varint(&c) == 0);
		assert_int_equal(c.err, EBADMSG);
	}
}

static void
bytes_come_back_with_their_length(void **state)
{
	struct tq_buf b;
	struct tq_cur c;
	const char *p;
	size_t n;

	(void)state;
	tq_buf_init(&b);
	tq_buf_bytes(&b, "hello", 5);
	tq_buf_bytes(&b, NULL, 0);
	tq_buf_byte(&b, 7);
	tq_cur_init(&c, b.p, b.n);
	p = tq_cur_bytes(&c, &n);
	assert_int_equal(n, 5);
	assert_memory_equal(p, "hello", 5);
	assert_non_null(tq_cur_bytes(&c, &n));
	assert_int_equal(n, 0);
	assert_int_equal(tq_cur_byte(&c), 7);
	assert_int_equal(c.err, 0);
	tq_buf_fini(&b);
}

static void
length_past_the_end_is_refused(void **state)
{
	struct tq_cur c;
	size_t n = 1;

	(void)state;
	tq_cur_init(&c, "\x05""abcd", 5);
	assert_null(tq_cur_bytes(&c, &n));
	assert_int_equal(n, 0);
	assert_int_equal(c.err, EBADMSG);
}

static void
cursor_stays_bad(void **state)
{
	struct tq_cur c;

	(void)state;
	tq_cur_init(&c, "abc", 3);
	assert_null(tq_cur_get(&c, 4));
	assert_null(tq_cur_get(&c, 1));
	assert_int_equal(tq_cur_byte(&c), 0);
	assert_int_equal(c.err, EBADMSG);
}

static void
nothing_from_an_empty_cursor_is_not_an_error(void **state)
{
	struct tq_cur c;

	(void)state;
	tq_cur_init(&c, NULL, 0);
	assert_non_null(tq_cur_get(&c, 0));
	assert_int_equal(c.err, 0);
}

static void
integers_are_little_endian(void **state)
{
	unsigned char p[15];

	(void)state;
	memset(p, 0, sizeof(p));
	tq_set16(p + 1, 0x0201);
	tq_set32(p + 3, 0x06050403);
	tq_set64(p + 7, 0x0e0d0c0b0a090807);
	assert_memory_equal(p,
	    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e", 15);
	assert_int_equal(tq_le16(p + 1), 0x0201);
	assert_int_equal(tq_le32(p + 3), 0x06050403);
	assert_true(tq_le64(p + 7) == 0x0e0d0c0b0a090807);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_follow_each_other),
		cmocka_unit_test(integers_are_put_in_decimal),
		cmocka_unit_test(printed_text_may_end_where_the_room_does),
		cmocka_unit_test(put_of_nothing_takes_a_null_pointer),
		cmocka_unit_test(grow_of_nothing_is_not_a_failure),
		cmocka_unit_test(bytes_survive_growing),
		cmocka_unit_test(too_much_fails_every_later_put_until_reset),
		cmocka_unit_test(fini_keeps_errno),
		cmocka_unit_test(varint_has_the_bytes_of_leb128),
		cmocka_unit_test(varint_comes_back),
		cmocka_unit_test(bad_varint_is_refused),
		cmocka_unit_test(bytes_come_back_with_their_length),
		cmocka_unit_test(length_past_the_end_is_refused),
		cmocka_unit_test(cursor_stays_bad),
		cmocka_unit_test(nothing_from_an_empty_cursor_is_not_an_error),
		cmocka_unit_test(integers_are_little_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
