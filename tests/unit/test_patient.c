/* Unit tests of lib/command/patient.c. */
#include <errno.h>
#include <stdlib.h>

#include "lib/client/handle.h"
#include "lib/command/patient.h"
#include "tests/lib/t.h"

#define TIMEOUT	(60 * TQ_SECOND)

/* A broker that takes one task at a time, and none without waiting. */
struct full {
	tq_time		 given[8];	/* how long it was to wait */
	size_t		 n;
};

static int
full_put(void *b, const struct tq_task *t, size_t n, tq_time timeout,
    struct tq_id *out, struct tq_err *e)
{
	struct full *f = b;

	(void)t;
	(void)out;
	if (n > 1)
		return tq_fail(e, EMSGSIZE, "too big together");
	if (timeout == 0)
		return tq_fail(e, ENOSPC, "q: queue is full");
	f->given[f->n++] = timeout;
	return 0;
}

static const struct tq_broker_ops ops = { .put = full_put };

static int
put_two(struct full *f, tq_time timeout, size_t *done)
{
	struct tq tq = { .ops = &ops, .b = f };
	struct tq_task t[2];
	struct tq_id out[2];
	struct tq_err e;
	int i, rv;

	for (i = 0; i < 2; i++) {
		tq_task_init(&t[i]);
		t[i].kind = TQ_KIND_NAMED;
		t[i].name = "n";
		t[i].queue = "q";
	}
	rv = tq_put_patient(&tq, t, 2, timeout, out, done, &e);
	free(tq.tasks);
	return rv == 0 ? 0 : e.num;
}

static void
the_time_is_of_all_parts_together(void **state)
{
	struct full f = { .n = 0 };
	size_t done;

	(void)state;
	assert_int_equal(put_two(&f, TIMEOUT, &done), 0);
	assert_int_equal(done, 2);
	assert_int_equal(f.n, 2);
	assert_true(f.given[0] <= TIMEOUT);
	assert_true(f.given[1] < f.given[0]);
}

static void
who_does_not_wait_is_told_at_once(void **state)
{
	struct full f = { .n = 0 };
	size_t done;

	(void)state;
	assert_int_equal(put_two(&f, 0, &done), ENOSPC);
	assert_int_equal(done, 0);
	assert_int_equal(f.n, 0);
}

static void
for_ever_is_for_ever_of_each(void **state)
{
	struct full f = { .n = 0 };
	size_t done;

	(void)state;
	assert_int_equal(put_two(&f, TQ_FOREVER, &done), 0);
	assert_true(f.given[0] == TQ_FOREVER && f.given[1] == TQ_FOREVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_time_is_of_all_parts_together),
		cmocka_unit_test(who_does_not_wait_is_told_at_once),
		cmocka_unit_test(for_ever_is_for_ever_of_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
