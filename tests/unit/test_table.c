/* Unit tests of lib/command/table.c. */
#include <string.h>

#include "lib/command/table.h"
#include "tests/lib/t.h"

/* Print one row and compare with want, n bytes. */
static void
assert_prints(const struct tq_table *t, const char *list,
    enum tq_print_form form, const void *row, const char *want, size_t n)
{
	struct tq_table_choice c;
	struct tq_print p;

	tq_table_choose(&c, t, list, form);
	tq_print_init(&p, -1, form);
	tq_table_print(&c, &p, row);
	assert_true(tq_buf_ok(&p.buf));
	assert_int_equal(p.buf.n, n);
	assert_memory_equal(p.buf.p, want, n);
	tq_print_fini(&p);
}

static void
columns_come_in_the_order_asked_for(void **state)
{
	struct tq_queue_info q = { .name = "mail", .workers = 2 };
	struct tq_queue_row row = { .now = &q };

	(void)state;
	q.count[TQ_READY] = 5;
	assert_prints(&tq_table_queues, "ready,queue,workers", TQ_PRINT_TEXT,
	    &row, "5\tmail\t2\n", 9);
	assert_prints(&tq_table_queues, "queue,ready", TQ_PRINT_NUL, &row,
	    "mail\0005\0", 7);
	assert_prints(&tq_table_queues, "queue,ready", TQ_PRINT_JSON, &row,
	    "{\"queue\":\"mail\",\"ready\":5}\n", 27);
}

static void
state_of_a_queue_names_both_doors(void **state)
{
	struct tq_queue_info q = { .name = "q" };
	struct tq_queue_row row = { .now = &q };

	(void)state;
	assert_prints(&tq_table_queues, "state", TQ_PRINT_TEXT, &row,
	    "open\n", 5);
	q.paused = 1;
	assert_prints(&tq_table_queues, "state", TQ_PRINT_TEXT, &row,
	    "paused\n", 7);
	q.closed = 1;
	assert_prints(&tq_table_queues, "state", TQ_PRINT_TEXT, &row,
	    "paused,closed\n", 14);
	q.paused = 0;
	assert_prints(&tq_table_queues, "state", TQ_PRINT_TEXT, &row,
	    "closed\n", 7);
}

static void
rates_are_a_second(void **state)
{
	struct tq_queue_info before = { .name = "q", .puts = 10 };
	struct tq_queue_info now = { .name = "q", .puts = 25 };
	struct tq_queue_row row = { .now = &now, .before = &before,
	    .span = 2 * TQ_SECOND };

	(void)state;
	assert_prints(&tq_table_queues, "put_rate", TQ_PRINT_TEXT, &row,
	    "7.500\n", 6);
	row.before = NULL;
	assert_prints(&tq_table_queues, "put_rate", TQ_PRINT_TEXT, &row,
	    "-\n", 2);
}

static void
event_without_id_or_status_has_dashes(void **state)
{
	struct tq_event ev = { .seq = 3, .type = TQ_EV_SET, .status = -1,
	    .why = "limit=5" };

	(void)state;
	assert_prints(&tq_table_events, "seq,event,id,state,status,why",
	    TQ_PRINT_TEXT, &ev, "3\tset\t-\t-\t-\tlimit=5\n", 20);
}

static void
event_of_a_later_kind_has_no_name(void **state)
{
	struct tq_event ev = { .type = (enum tq_event_type)99 };

	(void)state;
	assert_prints(&tq_table_events, "event", TQ_PRINT_TEXT, &ev, "-\n", 2);
}

static void
worker_lists_what_it_runs(void **state)
{
	const char *ids[] = { "a", "b" };
	struct tq_worker_info w = { .name = "h.1.0", .ids = ids, .nids = 2 };

	(void)state;
	assert_prints(&tq_table_workers, "worker,status,ids", TQ_PRINT_TEXT,
	    &w, "h.1.0\t-\ta b\n", 12);
	assert_prints(&tq_table_workers, "ids", TQ_PRINT_JSON, &w,
	    "{\"ids\":[\"a\",\"b\"]}\n", 18);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_come_in_the_order_asked_for),
		cmocka_unit_test(state_of_a_queue_names_both_doors),
		cmocka_unit_test(rates_are_a_second),
		cmocka_unit_test(event_without_id_or_status_has_dashes),
		cmocka_unit_test(event_of_a_later_kind_has_no_name),
		cmocka_unit_test(worker_lists_what_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
