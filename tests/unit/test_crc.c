/* Unit tests of lib/base/crc_*.c. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc.h"
#include "lib/base/crc_table.h"
#include "tests/lib/t.h"

/* RFC 3720 appendix B.4 gives these sums of 32 bytes, in wire order. */
static void
sums_of_rfc_3720(void **state)
{
	unsigned char p[32];
	unsigned i;

	(void)state;
	memset(p, 0, sizeof(p));
	assert_int_equal(tq_crc32c(0, p, 32), 0x8a9136aa);
	memset(p, 0xff, sizeof(p));
	assert_int_equal(tq_crc32c(0, p, 32), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		p[i] = (unsigned char)i;
	assert_int_equal(tq_crc32c(0, p, 32), 0x46dd794e);
	for (i = 0; i < 32; i++)
		p[i] = (unsigned char)(31 - i);
	assert_int_equal(tq_crc32c(0, p, 32), 0x113fdb5c);
}

static void
sum_of_the_nine_digits(void **state)
{
	(void)state;
	assert_int_equal(tq_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(tq_crc_table(0, "123456789", 9), 0xe3069283);
}

static void
sum_of_nothing_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(tq_crc32c(0, "", 0), 0);
	assert_int_equal(tq_crc32c(0x1234, "", 0), 0x1234);
}

static void
sum_goes_on_where_it_stopped(void **state)
{
	uint32_t crc;

	(void)state;
	crc = tq_crc32c(0, "12345", 5);
	assert_int_equal(tq_crc32c(crc, "6789", 4), 0xe3069283);
}

/* The definition, a bit at a time. */
static uint32_t
by_definition(const unsigned char *p, size_t n)
{
	uint32_t crc = 0xffffffff;
	int bit;

	for (; n > 0; n--)
		for (crc ^= *p++, bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	return ~crc;
}

static void
every_length_and_alignment_agrees_with_the_definition(void **state)
{
	unsigned char p[300];
	size_t off, n;
	unsigned i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(p); i++)
		p[i] = (unsigned char)(i * 167 + 13);
	for (off = 0; off < 9; off++)
		for (n = 0; n < 280; n++) {
			uint32_t want = by_definition(p + off, n);

			bad += tq_crc32c(0, p + off, n) != want;
			bad += tq_crc_table(0, p + off, n) != want;
		}
	assert_int_equal(bad, 0);
}

static void
every_byte_has_its_step_in_the_table(void **state)
{
	unsigned i, bad = 0;

	(void)state;
	for (i = 0; i < 256; i++) {
		unsigned char c = (unsigned char)i;

		bad += tq_crc_table(0, &c, 1) != by_definition(&c, 1);
	}
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_of_rfc_3720),
		cmocka_unit_test(sum_of_the_nine_digits),
		cmocka_unit_test(sum_of_nothing_is_nothing),
		cmocka_unit_test(sum_goes_on_where_it_stopped),
		cmocka_unit_test(
		    every_length_and_alignment_agrees_with_the_definition),
		cmocka_unit_test(every_byte_has_its_step_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
