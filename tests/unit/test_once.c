/* Unit tests of lib/base/once.c. */
#include <stdio.h>
#include <string.h>

#include "lib/base/once.h"
#include "tests/lib/t.h"

#define AT(n)	(1000 * TQ_SECOND + (n) * TQ_SECOND)

static void
the_same_is_said_once(void **state)
{
	struct tq_once o = { .last = 0 };

	(void)state;
	assert_true(tq_once_due(&o, "no queue", AT(0)));
	assert_false(tq_once_due(&o, "no queue", AT(0)));
	assert_false(tq_once_due(&o, "no queue", AT(599)));
}

static void
the_same_is_said_again_after_long(void **state)
{
	struct tq_once o = { .last = 0 };

	(void)state;
	assert_true(tq_once_due(&o, "no queue", AT(0)));
	assert_true(tq_once_due(&o, "no queue", AT(600)));
	assert_false(tq_once_due(&o, "no queue", AT(1199)));
}

static void
another_reason_is_said_at_once(void **state)
{
	struct tq_once o = { .last = 0 };

	(void)state;
	assert_true(tq_once_due(&o, "no queue", AT(0)));
	assert_true(tq_once_due(&o, "no room", AT(0)));
	assert_false(tq_once_due(&o, "no queue", AT(1)));
	assert_false(tq_once_due(&o, "no room", AT(1)));
}

static void
many_reasons_in_turns_are_few_lines(void **state)
{
	struct tq_once o = { .last = 0 };
	char text[16];
	int i, said = 0;

	(void)state;
	for (i = 0; i < 600; i++) {
		snprintf(text, sizeof(text), "task %d", i);
		said += tq_once_due(&o, text, AT(i / 10));
	}
	assert_in_range(said, TQ_ONCE_TEXTS, TQ_ONCE_TEXTS + 6);
}

static void
what_works_again_is_forgotten(void **state)
{
	struct tq_once o = { .last = 0 };

	(void)state;
	assert_true(tq_once_due(&o, "no queue", AT(0)));
	tq_once_reset(&o);
	assert_true(tq_once_due(&o, "no queue", AT(1)));
}

static void
a_long_text_is_the_same_by_its_beginning(void **state)
{
	struct tq_once o = { .last = 0 };
	char text[1024];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(tq_once_due(&o, text, AT(0)));
	assert_false(tq_once_due(&o, text, AT(1)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_said_once),
		cmocka_unit_test(the_same_is_said_again_after_long),
		cmocka_unit_test(another_reason_is_said_at_once),
		cmocka_unit_test(many_reasons_in_turns_are_few_lines),
		cmocka_unit_test(what_works_again_is_forgotten),
		cmocka_unit_test(a_long_text_is_the_same_by_its_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
