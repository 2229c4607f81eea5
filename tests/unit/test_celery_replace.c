/*
 * Unit tests of lib/message/celery_replace.c: a task that names another to run
 * in its place.  cap.replace of the site in memory names its first argument.
 */
#include <string.h>

#include "tests/lib/celery.h"
#include "tests/lib/t.h"

#define SIG(name, id, args) "{\"task\": \"cap." name "\", \"args\": " args \
	", \"options\": {\"task_id\": \"" id "\"}}"
#define BARE(name, args) "{\"task\": \"cap." name "\", \"args\": " args "}"
#define CHAIN(tasks) "{\"task\": \"celery.chain\", \"kwargs\": " \
	"{\"tasks\": [" tasks "]}, \"subtask_type\": \"chain\"}"
#define GROUP(tasks) "{\"task\": \"celery.group\", \"kwargs\": " \
	"{\"tasks\": [" tasks "]}, \"subtask_type\": \"group\"}"
#define CHORD(header, body) "{\"task\": \"celery.chord\", \"kwargs\": " \
	"{\"header\": [" header "], \"body\": " body "}, \"subtask_type\": " \
	"\"chord\"}"
/* What is given a result goes before its own arguments: give it none. */
#define REPLACE(id, by) "{\"task\": \"cap.replace\", \"args\": [" by "], " \
	"\"immutable\": true, \"options\": {\"task_id\": \"" id "\"}}"
#define LINKED(id, by, link, error) "{\"task\": \"cap.replace\", \"args\": [" \
	by "], \"options\": {\"task_id\": \"" id "\", \"link\": [" link \
	"], \"link_error\": [" error "]}}"
#define VALUE_ERROR(text) "FAILURE {\"exc_type\":\"ValueError\"," \
	"\"exc_message\":[\"" text "\"],\"exc_module\":\"builtins\"}"

static void
other_task_has_the_id_and_the_callbacks(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, LINKED("t", SIG("add", "other", "[1, 2]"),
	    SIG("printmsg", "cb", "[]"), SIG("errback", "eb", "[]")));
	assert_int_equal(t_site_step(s), 1);
	assert_int_equal(json_object_size(s->metas), 0);
	t_site_run(s);
	assert_string_equal(t_site_result(s, "t"), "SUCCESS 3");
	assert_string_equal(t_site_result(s, "cb"), "SUCCESS \"cb:3\"");
	assert_int_equal(json_object_size(s->metas), 2);
}

static void
failure_of_the_other_is_told_the_errbacks_of_both(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, LINKED("t", CHAIN(BARE("add", "[1]") ", {\"task\": "
	    "\"cap.fail\", \"args\": [\"x\"], \"immutable\": true, "
	    "\"options\": {\"link_error\": " SIG("errback", "inner", "[]")
	    "}}"), SIG("printmsg", "cb", "[]"),
	    SIG("errback", "outer", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "t"), VALUE_ERROR("x"));
	assert_string_equal(t_site_result(s, "inner"),
	    "SUCCESS \"errback for t\"");
	assert_string_equal(t_site_result(s, "outer"),
	    "SUCCESS \"errback for t\"");
	assert_int_equal(t_site_ran(s, "cap.printmsg [\"x\"]"), 0);
}

static void
errback_of_a_chain_is_one_of_its_steps_but_not_of_the_rest(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(LINKED("t", CHAIN(BARE("fail", "[\"x\"]") ", "
	    BARE("add", "[1]")), "", SIG("errback", "eb", "[]")) ", "
	    SIG("add", "rest", "[1]")));
	t_site_run(s);
	assert_int_equal(strncmp(t_site_result(s, "eb"), "SUCCESS", 7), 0);
	assert_string_equal(t_site_result(s, "t"), VALUE_ERROR("x"));
	assert_string_equal(t_site_result(s, "rest"), VALUE_ERROR("x"));
	assert_int_equal(json_array_size(s->ran), 3);
}

static void
rest_of_the_chain_follows(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(SIG("add", "a", "[1]") ", "
	    REPLACE("t", CHAIN(BARE("add", "[1, 1]") ", " BARE("add", "[1]")))
	    ", " SIG("add", "b", "[10]") ", "
	    GROUP(SIG("add", "c1", "[1]") ", " SIG("add", "c2", "[2]"))));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "t"), "SUCCESS 3");
	assert_string_equal(t_site_result(s, "b"), "SUCCESS 13");
	assert_string_equal(t_site_result(s, "c1"), "SUCCESS 14");
	assert_string_equal(t_site_result(s, "c2"), "SUCCESS 15");
}

static void
member_of_a_chord_counts_when_the_other_has_ended(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(REPLACE("m1", CHORD(BARE("add", "[1]") ", "
	    BARE("add", "[2]"), BARE("tsum", "[]"))) ", "
	    SIG("add", "m2", "[10]"), SIG("identity", "body", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "m1"), "SUCCESS 3");
	assert_string_equal(t_site_result(s, "body"), "SUCCESS [3,10]");
}

static void
group_is_gathered_into_one_result(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(REPLACE("m1", GROUP(BARE("add", "[1, 2]") ", "
	    BARE("add", "[3, 4]"))) ", " REPLACE("m2", CHAIN(
	    BARE("add", "[1]") ", " GROUP(BARE("add", "[1]") ", "
	    BARE("add", "[2]")))) ", " REPLACE("m3", CHORD(
	    BARE("add", "[1]"), GROUP(BARE("tsum", "[]") ", "
	    BARE("identity", "[]")))), SIG("identity", "body", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "m1"), "SUCCESS [3,7]");
	assert_string_equal(t_site_result(s, "body"),
	    "SUCCESS [[3,7],[2,3],[1,[1]]]");
}

static void
body_of_a_chord_may_be_replaced(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(CHORD(SIG("add", "m1", "[1]") ", "
	    SIG("add", "m2", "[2]"), CHAIN(REPLACE("t",
	    BARE("add", "[5]")) ", " SIG("add", "last", "[1]"))),
	    SIG("identity", "body", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "last"), "SUCCESS 6");
	assert_string_equal(t_site_result(s, "body"), "SUCCESS [6]");
}

/* The id was sent by a worker before, and so were ids derived from it. */
static void
id_may_be_sent_again_each_time(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(SIG("add", "a", "[1]") ", " REPLACE("t",
	    CHAIN(BARE("add", "[0]") ", " "{\"task\": \"cap.replace\", "
	    "\"immutable\": true, \"args\": [" CHAIN(BARE("add", "[1]") ", "
	    BARE("add", "[1]")) "]}")) ", " SIG("add", "b", "[1]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "t"), "SUCCESS 2");
	assert_string_equal(t_site_result(s, "b"), "SUCCESS 3");
	assert_int_equal(json_array_size(s->ran), 7);
}

static void
dead_worker_repeats_nothing(void **state)
{
	struct t_site *s = *state;
	int when;

	for (when = 1; when <= 2; when++) {
		s->die = when;
		t_site_apply(s, CHORD(REPLACE("m1", CHAIN(BARE("add", "[1]")
		    ", " BARE("add", "[1]"))), SIG("tsum", "body", "[]")));
		t_site_run(s);
		assert_int_equal(s->die, 0);
		assert_string_equal(t_site_result(s, "body"), "SUCCESS 2");
		t_teardown_site(state);
		t_setup_site(state);
	}
}

static void
nothing_in_its_place_leaves_no_trace(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(LINKED("t", "null", SIG("printmsg", "cb", "[]"),
	    SIG("errback", "eb", "[]")) ", " SIG("add", "b", "[1]")));
	t_site_run(s);
	assert_int_equal(json_array_size(s->ran), 1);
	assert_int_equal(json_object_size(s->metas), 0);
}

static void
assert_refused(void **state, const char *by, const char *why)
{
	struct t_site *s = *state;
	char sig[512];

	snprintf(sig, sizeof(sig), REPLACE("t", "%s"), by);
	t_site_apply(s, sig);
	t_site_run(s);
	assert_non_null(strstr(t_site_result(s, "t"), "InvalidTaskError"));
	assert_non_null(strstr(t_site_result(s, "t"), why));
	assert_int_equal(json_array_size(s->ran), 1);
	t_teardown_site(state);
	t_setup_site(state);
}

static void
what_cannot_take_the_place_is_refused(void **state)
{
	assert_refused(state, CHAIN(""), "an empty chain");
	assert_refused(state, "{\"task\": \"cap.add\", \"options\": "
	    "{\"chord\": " BARE("add", "[]") "}}", "a member of a chord");
	assert_refused(state, "{\"task\": 7}", "task");
	assert_refused(state, "{\"task\": \"celery.group\", \"kwargs\": "
	    "{\"tasks\": 7}}", "tasks of a group");
}

#define T(name) cmocka_unit_test_setup_teardown(name, t_setup_site, \
    t_teardown_site)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(other_task_has_the_id_and_the_callbacks),
		T(failure_of_the_other_is_told_the_errbacks_of_both),
		T(errback_of_a_chain_is_one_of_its_steps_but_not_of_the_rest),
		T(rest_of_the_chain_follows),
		T(member_of_a_chord_counts_when_the_other_has_ended),
		T(group_is_gathered_into_one_result),
		T(body_of_a_chord_may_be_replaced),
		T(id_may_be_sent_again_each_time),
		T(dead_worker_repeats_nothing),
		T(nothing_in_its_place_leaves_no_trace),
		T(what_cannot_take_the_place_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
