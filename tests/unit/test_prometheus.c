/* Unit tests of lib/command/prometheus.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/command/prometheus.h"
#include "tests/lib/t.h"

/* The metrics of one queue and one worker at 100 s; the caller frees it. */
static char *
render(struct tq_queue_info *q, struct tq_worker_info *w)
{
	struct tq_snapshot s = { .at = 100 * TQ_SECOND, .queue = q,
	    .nqueues = q != NULL, .worker = w, .nworkers = w != NULL };
	char *text = NULL;
	size_t n = 0;
	FILE *f;

	f = open_memstream(&text, &n);
	assert_non_null(f);
	tq_prometheus_print(f, &s);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* How often needle is in text. */
static unsigned
count(const char *text, const char *needle)
{
	unsigned n = 0;

	while ((text = strstr(text, needle)) != NULL) {
		n++;
		text++;
	}
	return n;
}

static void
every_state_of_a_queue_is_a_sample(void **state)
{
	struct tq_queue_info q = { .name = "mail" };
	char *text;

	(void)state;
	q.count[TQ_READY] = 7;
	text = render(&q, NULL);
	assert_int_equal(count(text, "\ntq_queue_tasks{"), TQ_NSTATES - 1);
	assert_non_null(strstr(text,
	    "\ntq_queue_tasks{queue=\"mail\",state=\"ready\"} 7\n"));
	free(text);
}

static void
help_and_type_come_once_and_before_the_samples(void **state)
{
	struct tq_queue_info q = { .name = "mail", .puts = 3 };
	char *text, *help, *type, *sample;

	(void)state;
	text = render(&q, NULL);
	help = strstr(text, "# HELP tq_queue_puts_total ");
	type = strstr(text, "# TYPE tq_queue_puts_total counter\n");
	sample = strstr(text, "\ntq_queue_puts_total{queue=\"mail\"} 3\n");
	assert_true(help != NULL && help < type && type < sample);
	assert_int_equal(count(text, "# TYPE tq_queue_puts_total "), 1);
	free(text);
}

static void
age_is_in_seconds_and_never_negative(void **state)
{
	struct tq_queue_info old = { .name = "q", .oldest =
	    98 * TQ_SECOND + TQ_SECOND / 2 };
	struct tq_queue_info young = { .name = "q", .oldest =
	    200 * TQ_SECOND };
	char *text;

	(void)state;
	text = render(&old, NULL);
	assert_non_null(strstr(text,
	    "\ntq_queue_oldest_ready_seconds{queue=\"q\"} 1.5\n"));
	free(text);
	text = render(&young, NULL);
	assert_non_null(strstr(text,
	    "\ntq_queue_oldest_ready_seconds{queue=\"q\"} 0\n"));
	free(text);
}

static void
labels_are_escaped(void **state)
{
	struct tq_worker_info w = { .name = "a\"b\\c\nd", .jobs = 2 };
	char *text;

	(void)state;
	text = render(NULL, &w);
	assert_non_null(strstr(text,
	    "\ntq_worker_jobs{worker=\"a\\\"b\\\\c\\nd\"} 2\n"));
	free(text);
}

static void
large_counters_keep_their_digits(void **state)
{
	struct tq_queue_info q = { .name = "q", .claims = 123456789012345 };
	char *text;

	(void)state;
	text = render(&q, NULL);
	assert_non_null(strstr(text,
	    "\ntq_queue_claims_total{queue=\"q\"} 123456789012345\n"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_of_a_queue_is_a_sample),
		cmocka_unit_test(help_and_type_come_once_and_before_the_samples),
		cmocka_unit_test(age_is_in_seconds_and_never_negative),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(large_counters_keep_their_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
