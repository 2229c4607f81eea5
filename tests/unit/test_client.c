/*
 * Unit tests of lib/client, on the null broker: which URL is used, what is
 * checked before a broker is asked, and what is said of missing operations.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "lib/client/module.h"
#include "lib/client/route.h"
#include "tests/lib/t.h"

/* Each test begins with an environment that names nothing. */
static int
setup(void **state)
{
	struct tq *tq;

	unsetenv("TQ_BROKER");
	unsetenv("TQ_RESULTS");
	unsetenv("TQ_DEFAULT_QUEUE");
	unsetenv("TQ_MODULES");
	unsetenv("TQ_DIR");
	if (tq_open(&tq, "null:", NULL, 0, NULL) == -1)
		return -1;
	*state = tq;
	return 0;
}

static int
teardown(void **state)
{
	tq_close(*state);
	return 0;
}

static void
open_refused(const char *url, const char *results, int num,
    const char *sentence)
{
	struct tq_err e;
	struct tq *tq;

	assert_int_equal(tq_open(&tq, url, results, 0, &e), -1);
	assert_null(tq);
	assert_int_equal(e.num, num);
	if (strstr(e.text, sentence) == NULL)
		fail_msg("'%s' is not in '%s'", sentence, e.text);
}

/* ---- opening --------------------------------------------------------- */

static void
missing_module_is_looked_for_by_name(void **state)
{
	(void)state;
	open_refused("redis://localhost", NULL, ENOTSUP,
	    "redis: no module: there is no /");
}

static void
next_url_is_tried_when_one_does_not_answer(void **state)
{
	struct tq *tq;

	(void)state;
	assert_int_equal(tq_open(&tq, "redis://a \t null:", NULL, 0, NULL), 0);
	assert_string_equal(tq_url(tq), "null:");
	assert_null(tq_spool_dir(tq));
	tq_close(tq);
	open_refused("redis://a amqp://b", NULL, ENOTSUP,
	    "is installed; amqp: no module");
}

static void
bad_url_ends_the_search(void **state)
{
	(void)state;
	open_refused("nothing null:", NULL, EINVAL, "'nothing'");
	open_refused(" ", NULL, EINVAL, "no URL");
}

static void
environment_says_what_arguments_do_not(void **state)
{
	struct tq *tq;

	(void)state;
	setenv("TQ_BROKER", "amqp://x null://u:secret@h", 1);
	assert_int_equal(tq_open(&tq, NULL, NULL, 0, NULL), 0);
	assert_string_equal(tq_url(tq), "null://u:***@h");
	tq_close(tq);
	setenv("TQ_RESULTS", "amqp:", 1);
	open_refused(NULL, NULL, ENOTSUP, "amqp: no module");
	assert_int_equal(tq_open(&tq, NULL, "null:", 0, NULL), 0);
	tq_close(tq);
}

static void
spool_cannot_keep_results_of_others(void **state)
{
	(void)state;
	open_refused("null:", "spool:/nonexistent", EPROTO,
	    "spool: keeps results of its own tasks only");
}

static void
schemes_never_reach_out_of_the_directory(void **state)
{
	const struct tq_module *m;
	struct tq_err e;

	(void)state;
	assert_int_equal(tq_module_find(&m, "../null", &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_module_find(&m, ".null", &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_module_find(&m, "", &e), -1);
	assert_int_equal(e.num, EINVAL);
}

static void
file_that_is_no_module_is_refused(void **state)
{
	char dir[T_PATH_MAX];
	struct tq_err e;
	const struct tq_module *m;

	(void)state;
	t_tmpdir(dir);
	t_write(dir, "junk.so", "junk", 4);
	setenv("TQ_MODULES", dir, 1);
	assert_int_equal(tq_module_find(&m, "junk", &e), -1);
	assert_int_equal(e.num, ENOTSUP);
	assert_non_null(strstr(e.text, "junk.so"));
	t_rmdir(dir);
}

static void
bad_default_queue_is_named(void **state)
{
	(void)state;
	setenv("TQ_DEFAULT_QUEUE", "a b", 1);
	open_refused("null:", NULL, EINVAL, "TQ_DEFAULT_QUEUE: 'a b'");
}

static void
default_spool_follows_the_environment(void **state)
{
	struct tq_route r;

	(void)state;
	setenv("TQ_DIR", "/a/b", 1);
	assert_int_equal(tq_route_parse(&r, "spool:", NULL), 0);
	assert_string_equal(r.url.path, "/a/b");
	tq_route_free(&r);
	assert_int_equal(tq_route_parse(&r, "spool:/c", NULL), 0);
	assert_string_equal(r.url.path, "/c");
	tq_route_free(&r);
	assert_int_equal(tq_route_parse(&r, "./d", NULL), 0);
	assert_string_equal(r.url.scheme, "spool");
	assert_int_equal(r.url.path[0], '/');
	assert_string_equal(strrchr(r.url.path, '/'), "/d");
	tq_route_free(&r);
}

static void
whole(const char *list, const char *want)
{
	char *got = tq_route_whole(list, NULL);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static void
paths_in_urls_become_absolute(void **state)
{
	char here[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir("/usr"), 0);
	whole("spool:", "spool:");
	whole("/a?b spool:/c%20d?e=f  redis://h:1/0",
	    "/a?b spool:/c%20d?e=f redis://h:1/0");
	whole("./a?b../%", "spool:/usr/a%3Fb../%25");
	whole("spool:a%20b?x=y redis+socket:s?db=1",
	    "spool:/usr/a%20b?x=y redis+socket:/usr/s?db=1");
	whole("redis://h?passfile=p%26&db=1 rediss://h?ssl_keyfile=/k&x=.",
	    "redis://h?passfile=/usr/p%26&db=1 rediss://h?ssl_keyfile=/k&x=.");
	whole("redis://h?db=1&ssl_ca_certs=%2fca", "redis://h?db=1&ssl_ca_certs"
	    "=%2fca");
	whole("nonsense", "nonsense");
	assert_int_equal(chdir("/"), 0);
	whole("./a", "spool:/a");
	assert_int_equal(chdir(here), 0);
}

static void
word(const char *value, const char *want)
{
	struct tq_err e;
	char *got = tq_route_word(value, &e);

	if (want == NULL) {
		assert_null(got);
		assert_int_equal(e.num, EINVAL);
	} else
		assert_string_equal(got, want);
	free(got);
}

static void
one_url_is_one_word(void **state)
{
	(void)state;
	word("./a", "./a");
	word("./a b%", "spool:./a%20b%25");
	word("spool:a%b c", NULL);
	word("spool:a%20b\tc", "spool:a%20b%09c");
	word("./a: b", "spool:./a:%20b");
	word("./a spool:b", NULL);
	word("redis://a redis://b", NULL);
	word("redis://a ", NULL);
}

/* ---- calls ----------------------------------------------------------- */

static void
put_gives_ids(void **state)
{
	struct tq *tq = *state;
	struct tq_task t[2];
	struct tq_id id[2];

	tq_task_init(&t[0]);
	tq_task_init(&t[1]);
	t[1].id = "mine";
	assert_int_equal(tq_put(tq, &t[0], 0, &id[0], NULL), 0);
	assert_int_equal(strlen(id[0].s), 36);
	assert_int_equal(tq_put_many(tq, t, 2, 0, id, NULL), 0);
	assert_int_equal(strlen(id[0].s), 36);
	assert_string_equal(id[1].s, "mine");
	assert_int_equal(tq_sync(tq, NULL), 0);
}

static void
bad_task_is_refused_before_any_broker(void **state)
{
	struct tq *tq = *state;
	struct tq_task t[2];
	struct tq_id id[2];
	struct tq_err e;

	tq_task_init(&t[0]);
	tq_task_init(&t[1]);
	t[1].pri = 10;
	assert_int_equal(tq_put(tq, &t[1], 0, id, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_put_many(tq, t, 2, 0, id, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_put_many(tq, t, TQ_BATCH_MAX + 1, 0, id, &e), -1);
	assert_int_equal(e.num, EINVAL);
}

static void
claim_finds_nothing_and_settles_nothing(void **state)
{
	struct tq *tq = *state;
	struct tq_take take = { .timeout = TQ_MS };
	struct tq_ref ref = { .id = { "a" }, .attempt = 1 };
	struct tq_outcome o;
	struct tq_claim c;
	struct tq_err e;

	tq_claim_init(&c);
	assert_int_equal(tq_claim(tq, &take, &c, NULL), 0);
	tq_claim_fini(&c);
	tq_outcome_init(&o, TQ_SUCCESS);
	assert_int_equal(tq_settle(tq, &ref, &o, 0, &e), -1);
	assert_int_equal(e.num, ESTALE);
	o.state = TQ_STARTED;
	assert_int_equal(tq_settle(tq, &ref, &o, 0, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_non_null(strstr(e.text, "'started'"));
	o.state = TQ_SUCCESS;
	o.status = 256;
	assert_int_equal(tq_settle(tq, &ref, &o, 0, &e), -1);
	assert_int_equal(e.num, EINVAL);
	ref.attempt = 0;
	o.status = 0;
	assert_int_equal(tq_settle(tq, &ref, &o, 0, &e), -1);
	assert_int_equal(e.num, EINVAL);
}

static void
claim_checks_its_queues(void **state)
{
	struct tq *tq = *state;
	struct tq_take take = { .queue = { "ok", "not ok" }, .nqueues = 2 };
	struct tq_claim c;
	struct tq_err e;

	tq_claim_init(&c);
	assert_int_equal(tq_claim(tq, &take, &c, &e), -1);
	assert_int_equal(e.num, EINVAL);
	take.nqueues = TQ_QUEUES_MAX + 1;
	assert_int_equal(tq_claim(tq, &take, &c, &e), -1);
	assert_int_equal(e.num, EINVAL);
	tq_claim_fini(&c);
}

static void
missing_operation_is_named_with_its_broker(void **state)
{
	struct tq *tq = *state;
	struct tq_err e;
	uint64_t seq = 0;

	assert_int_equal(tq_events(tq, &seq, 0, NULL, NULL, &e), -1);
	assert_int_equal(e.num, ENOTSUP);
	assert_string_equal(e.text, "null: this broker cannot tell events");
	assert_int_equal(tq_worker_send(tq, NULL, "ping", NULL, &e), -1);
	assert_int_equal(e.num, ENOTSUP);
	assert_int_equal(tq_worker_fd(tq), -1);
	tq_worker_status(tq, &(struct tq_worker_state){ .jobs = 1 });
}

static void
no_task_is_known(void **state)
{
	static const char *const ids[] = { "abcd" };
	struct tq *tq = *state;
	struct tq_info info;
	struct tq_err e;
	char buf[1];

	tq_info_init(&info);
	assert_int_equal(tq_stat(tq, "abcd", TQ_FIND_TAIL, &info, NULL), 0);
	assert_int_equal(tq_stat(tq, "", 0, &info, &e), -1);
	assert_int_equal(e.num, EINVAL);
	tq_info_fini(&info);
	assert_int_equal(tq_wait(tq, ids, 1, 0, 0, NULL, &e), -1);
	assert_int_equal(e.num, ENOENT);
	assert_int_equal(tq_wait(tq, ids, 1, 2, 0, NULL, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_wait(tq, NULL, 0, 0, 0, NULL, NULL), 1);
	assert_int_equal(tq_read(tq, "abcd", 0, TQ_STDOUT, 0, buf, 1, &e), -1);
	assert_int_equal(e.num, ENOENT);
	assert_int_equal(tq_wait_idle(tq, NULL, 0, 0, NULL), 1);
}

static void
empty_selection_is_never_all(void **state)
{
	struct tq_select sel = { .nids = 0 };
	struct tq *tq = *state;
	struct tq_err e;

	assert_int_equal(tq_do(tq, TQ_DO_REVOKE, &sel, NULL, 0, NULL, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_do(tq, TQ_DO_PURGE, NULL, NULL, 0, NULL, &e), -1);
	assert_int_equal(e.num, EINVAL);
	sel.label = "l";
	assert_int_equal(tq_do(tq, TQ_DO_PRI, &sel, "10", 0, NULL, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_do(tq, TQ_DO_MOVE, &sel, NULL, 0, NULL, &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_do(tq, (enum tq_verb)99, &sel, NULL, 0, NULL, &e),
	    -1);
	assert_int_equal(e.num, EINVAL);
	/* what is well said reaches the broker, which has no such operation */
	assert_int_equal(tq_do(tq, TQ_DO_REVOKE, &sel, NULL, 0, NULL, &e), -1);
	assert_int_equal(e.num, ENOTSUP);
}

static void
transfer_is_of_a_spool_and_to_somewhere(void **state)
{
	struct tq_select sel = { .nids = 0 };
	struct tq *tq = *state;
	struct tq_err e;

	assert_int_equal(tq_do(tq, TQ_DO_PRI, &sel, "4", TQ_DO_TRANSFER, NULL,
	    &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_do(tq, TQ_DO_HOLD, NULL, "x", TQ_DO_TRANSFER, NULL,
	    &e), -1);
	assert_int_equal(e.num, EINVAL);
	assert_int_equal(tq_do(tq, TQ_DO_HOLD, &sel, "x", TQ_DO_TRANSFER, NULL,
	    &e), -1);
	assert_int_equal(e.num, ENOTSUP);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(missing_module_is_looked_for_by_name),
		TEST(next_url_is_tried_when_one_does_not_answer),
		TEST(bad_url_ends_the_search),
		TEST(environment_says_what_arguments_do_not),
		TEST(spool_cannot_keep_results_of_others),
		TEST(schemes_never_reach_out_of_the_directory),
		TEST(file_that_is_no_module_is_refused),
		TEST(bad_default_queue_is_named),
		TEST(default_spool_follows_the_environment),
		TEST(paths_in_urls_become_absolute),
		TEST(one_url_is_one_word),
		TEST(put_gives_ids),
		TEST(bad_task_is_refused_before_any_broker),
		TEST(claim_finds_nothing_and_settles_nothing),
		TEST(claim_checks_its_queues),
		TEST(missing_operation_is_named_with_its_broker),
		TEST(no_task_is_known),
		TEST(empty_selection_is_never_all),
		TEST(transfer_is_of_a_spool_and_to_somewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
