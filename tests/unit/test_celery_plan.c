/*
 * Unit tests of lib/message/celery_*.c that plan: what a worker owes Celery.
 * Where Celery itself was captured, its results are what ours must be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/celery.h"
#include "tests/lib/t.h"

#define VECTORS	"tests/vectors/celery/"

/* ---- against what Celery stored -------------------------------------- */

static json_t *
load(const char *folder, const char *name)
{
	char path[256];
	json_error_t why;
	json_t *v;

	snprintf(path, sizeof(path), VECTORS "%s/%s.json", folder, name);
	if ((v = json_load_file(path, 0, &why)) == NULL)
		fail_msg("%s: %s", path, why.text);
	return v;
}

/* The messages of a vector in the order in which they were sent. */
static void
push_messages(struct t_site *s, const char *folder, const char *name)
{
	json_t *v = load(folder, name), *list, *text, *keys;
	const char *key;
	size_t k;

	keys = json_object_get(v, "broker_keys");
	json_object_foreach(keys, key, list) {
		if (strcmp(json_string_value(json_object_get(list, "type")),
		    "list") != 0)
			continue;
		list = json_object_get(list, "value");
		for (k = json_array_size(list); k-- > 0;) {
			text = json_array_get(list, k);
			t_site_push(s, json_string_value(text));
		}
	}
	keys = json_object_get(v, "result_db_keys");
	json_object_foreach(keys, key, list) {
		/* celery-taskset-meta-GID.s */
		size_t n = strlen(key);
		char gid[64];

		if (n < 22 || strcmp(key + n - 2, ".s") != 0)
			continue;
		snprintf(gid, sizeof(gid), "%.*s", (int)(n - 22), key + 20);
		json_object_set_new(s->sizes, gid, json_integer(atoi(
		    json_string_value(json_object_get(list, "value")))));
	}
	json_decref(v);
}

static void
push_vector(struct t_site *s, const char *name)
{
	push_messages(s, "redis-msg", name);
}

/* Ids that nobody chose are "?", anywhere in the text. */
static void
blur_ids(char *text)
{
	static const char form[] = "........-....-....-....-............";
	size_t n = strlen(text), k, i;

	for (k = 0; k + 36 <= n; k++) {
		for (i = 0; i < 36; i++) {
			if (form[i] == '-' ? text[k + i] != '-' :
			    strchr("0123456789abcdef", text[k + i]) == NULL)
				break;
		}
		if (i == 36 && strncmp(text + k, "000000", 6) != 0)
			memset(text + k, '?', 36);
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A handler names an exception with a text, a Python task with any value. */
static void
exceptions_in_words(json_t *result)
{
	json_t *list = json_object_get(result, "exc_message");

	if (json_is_integer(json_array_get(list, 0)))
		json_array_set_new(list, 0, json_sprintf("%d",
		    (int)json_integer_value(json_array_get(list, 0))));
}

/* Metas as sorted lines without what never is the same. */
static char *
normal(json_t *metas)
{
	char **line = calloc(json_object_size(metas) + 1, sizeof(*line));
	char *out;
	const char *id;
	json_t *text, *meta;
	size_t k = 0, n = 0, i;

	json_object_foreach(metas, id, text) {
		meta = json_loads(json_string_value(text), 0, NULL);
		assert_non_null(meta);
		json_object_del(meta, "date_done");
		json_object_del(meta, "traceback");
		exceptions_in_words(json_object_get(meta, "result"));
		line[k] = json_dumps(meta, JSON_SORT_KEYS);
		blur_ids(line[k]);
		n += strlen(line[k++]) + 1;
		json_decref(meta);
	}
	qsort(line, k, sizeof(*line), compare);
	out = calloc(1, n + 1);
	for (i = 0; i < k; i++) {
		strcat(out, line[i]);
		strcat(out, "\n");
		free(line[i]);
	}
	free(line);
	return out;
}

/* The results in the store are those of a vector. */
static void
assert_results(struct t_site *s, const char *folder, const char *name)
{
	json_t *v = load(folder, name), *keys, *entry;
	json_t *want = json_object();
	const char *key;
	char *a, *b;

	keys = json_object_get(v, "result_db_keys");
	json_object_foreach(keys, key, entry) {
		if (strncmp(key, "celery-task-meta-", 17) == 0)
			json_object_set(want, key + 17,
			    json_object_get(entry, "value"));
	}
	a = normal(want);
	b = normal(s->metas);
	assert_string_equal(b, a);
	free(a);
	free(b);
	json_decref(want);
	json_decref(v);
}

static void
assert_vector(struct t_site *s, const char *name)
{
	assert_results(s, "redis-results", name);
}

static void
run_vector(struct t_site *s, const char *message, const char *result)
{
	push_vector(s, message);
	t_site_run(s);
	assert_vector(s, result);
}

static void
chain_of_the_capture(void **state)
{
	run_vector(*state, "chain3", "chain3");
}

static void
chord_of_the_capture(void **state)
{
	struct t_site *s = *state;

	run_vector(s, "chord3", "chord3");
	assert_int_equal(json_object_size(s->parts), 0);
	assert_int_equal(json_object_size(s->sizes), 0);
}

static void
chain_into_group_of_the_capture(void **state)
{
	run_vector(*state, "chain_into_group", "chain_into_group_chord");
}

static void
errback_of_the_capture(void **state)
{
	run_vector(*state, "link_error", "errback");
}

#define SIG(name, id, args) "{\"task\": \"cap." name "\", \"args\": " args \
	", \"options\": {\"task_id\": \"" id "\"}}"
#define ID(n) "000000" n "-0000-4000-8000-000000000000"
#define CHAIN(tasks) "{\"task\": \"celery.chain\", \"subtask_type\": " \
	"\"chain\", \"kwargs\": {\"tasks\": [" tasks "]}}"
#define GROUP(tasks) "{\"task\": \"celery.group\", \"subtask_type\": " \
	"\"group\", \"kwargs\": {\"tasks\": [" tasks "]}}"
#define CHORD(tasks, body) "{\"task\": \"celery.chord\", " \
	"\"subtask_type\": \"chord\", \"kwargs\": {\"kwargs\": {}, " \
	"\"header\": [" tasks "], \"body\": " body "}}"

/*
 * Messages of Celery 5.6 leave what its workers leave.  But for the body of a
 * chord that a worker lays open: there 5.6 puts the group of its header.
 */
static void
newer_canvases_of_the_capture(void **state)
{
	static const struct {
		const char	*message, *result;
	} row[] = {
		{ "chain3", "chain3" }, { "chord3", "chord3" },
		{ "link_error", "errback" }
	};
	struct t_site *s = *state;
	size_t k;

	for (k = 0; k < T_COUNT(row); k++) {
		t_site_fini(s);
		t_site_init(s);
		push_messages(s, "redis-msg-5.6", row[k].message);
		t_site_run(s);
		assert_results(s, "redis-results-5.6", row[k].result);
	}
}

static void
middle_of_a_chain_fails_as_in_the_capture(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(SIG("add", ID("21"), "[1, 2]") ", "
	    SIG("fail", ID("22"), "[]") ", " SIG("add", ID("23"), "[1]")));
	t_site_run(s);
	assert_vector(s, "chain_middle_fails");
}

static void
member_of_a_chord_fails_as_in_the_capture(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(SIG("add", ID("31"), "[1, 1]") ", "
	    SIG("fail", ID("32"), "[\"x\"]"), SIG("tsum", ID("33"), "[]")));
	t_site_run(s);
	assert_vector(s, "chord_member_fails");
}

static void
groups_in_a_chord_number_as_in_the_capture(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(GROUP("{\"task\": \"cap.add\", \"args\": "
	    "[1, 1]}, {\"task\": \"cap.add\", \"args\": [2, 2]}") ", "
	    "{\"task\": \"cap.add\", \"args\": [3, 3]}",
	    "{\"task\": \"cap.identity\"}"));
	t_site_run(s);
	assert_vector(s, "nested_chord_of_groups");
}

static void
callback_of_the_capture(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"cap.add\", \"args\": [2, 3], "
	    "\"options\": {\"task_id\": \"" ID("0d") "\", \"link\": "
	    "[{\"task\": \"cap.printmsg\"}]}}");
	t_site_run(s);
	assert_vector(s, "link_children");
}

static void
unknown_task_of_the_capture(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"no.such.task\", \"options\": "
	    "{\"task_id\": \"" ID("0c") "\"}}");
	t_site_run(s);
	assert_vector(s, "unregistered_task");
}

static void
expired_task_of_the_capture(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"cap.add\", \"options\": "
	    "{\"task_id\": \"" ID("06") "\", \"expires\": 1}}");
	s->facts.now += 2 * TQ_SECOND;
	t_site_run(s);
	assert_vector(s, "expired_revoked");
	assert_int_equal(json_array_size(s->ran), 0);
}

static void
extended_results_of_the_capture(void **state)
{
	struct t_site *s = *state;

	s->facts.flags |= TQ_CELERY_SITE_EXTENDED;
	s->facts.worker = "w3@vm";
	t_site_apply(s, SIG("add", ID("01"), "[2, 3]"));
	t_site_run(s);
	assert_vector(s, "extended_success");
	json_object_clear(s->metas);
	t_site_apply(s, SIG("fail", ID("02"), "[\"bad\"]"));
	t_site_run(s);
	assert_vector(s, "extended_failure");
}

static const char *
member_of(struct t_site *s, const char *id, const char *name)
{
	return json_string_value(json_object_get(t_site_meta(s, id), name));
}

static void
stamps_are_told_and_belong_to_one_task(void **state)
{
	struct t_site *s = *state;

	s->facts.flags |= TQ_CELERY_SITE_EXTENDED;
	t_site_apply(s, CHAIN("{\"task\": \"cap.add\", \"args\": [1, 2], "
	    "\"kwargs\": {}, \"options\": {\"task_id\": \"" ID("01") "\", "
	    "\"stamped_headers\": [\"mon\", \"status\"], \"mon\": \"x\", "
	    "\"status\": \"y\"}}, " SIG("add", ID("02"), "[3]")));
	t_site_run(s);
	assert_string_equal(member_of(s, ID("01"), "mon"), "x");
	assert_string_equal(member_of(s, ID("01"), "status"), "SUCCESS");
	assert_string_equal(member_of(s, ID("02"), "status"), "SUCCESS");
	assert_null(json_object_get(t_site_meta(s, ID("02")), "mon"));
	/* as those who stamp have their dates */
	assert_non_null(strstr(member_of(s, ID("01"), "date_done"), "+00:00"));
	assert_non_null(strstr(member_of(s, ID("02"), "date_done"), "+00:00"));
}

/* ---- more than the capture has --------------------------------------- */

static void
several_callbacks_are_one_group(void **state)
{
	struct t_site *s = *state;
	json_t *children;

	push_vector(s, "link_multi");
	t_site_run(s);
	assert_int_equal(t_site_ran(s, "cap.printmsg [5]"), 1);
	assert_int_equal(t_site_ran(s, "cap.printmsg [\"x\"]"), 1);
	children = json_object_get(t_site_meta(s, ID("c1")), "children");
	assert_int_equal(json_array_size(children), 1);
	/* [[gid, null], [members]] */
	assert_int_equal(json_array_size(json_array_get(json_array_get(
	    children, 0), 1)), 2);
}

static void
ignored_result_is_not_stored_but_passed_on(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"cap.add\", \"args\": [2, 3], "
	    "\"options\": {\"task_id\": \"a\", \"ignore_result\": true, "
	    "\"link\": " SIG("printmsg", "b", "[]") "}}");
	t_site_run(s);
	assert_string_equal(t_site_result(s, "a"), "PENDING");
	assert_string_equal(t_site_result(s, "b"), "SUCCESS \"cb:5\"");
}

static void
map_runs_items_one_by_one(void **state)
{
	struct t_site *s = *state;

	push_vector(s, "starmap");
	t_site_run(s);
	assert_string_equal(t_site_result(s, ID("ed")), "SUCCESS [3,7]");
	push_vector(s, "map");
	t_site_run(s);
	assert_string_equal(t_site_result(s, ID("ec")), "SUCCESS [3,7]");
	assert_int_equal(json_array_size(s->ran), 4);
}

static void
map_goes_on_where_a_worker_died(void **state)
{
	struct t_site *s = *state;

	push_vector(s, "starmap");
	assert_true(t_site_step(s));
	s->die = 1;
	t_site_run(s);
	assert_int_equal(t_site_ran(s, "cap.add [1,2]"), 1);
	assert_int_equal(t_site_ran(s, "cap.add [3,4]"), 2);
	assert_string_equal(t_site_result(s, ID("ed")), "SUCCESS [3,7]");
}

static void
map_over_nothing_is_an_empty_list(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"celery.map\", \"kwargs\": {\"task\": "
	    "{\"task\": \"cap.add\"}, \"it\": []}, \"options\": "
	    "{\"task_id\": \"m\"}}");
	t_site_run(s);
	assert_string_equal(t_site_result(s, "m"), "SUCCESS []");
}

static void
map_fails_as_its_item_does(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"celery.map\", \"kwargs\": {\"task\": "
	    "{\"task\": \"cap.fail\"}, \"it\": [7, 8]}, \"options\": "
	    "{\"task_id\": \"m\"}}");
	t_site_run(s);
	assert_string_equal(t_site_result(s, "m"), "FAILURE {\"exc_type\":"
	    "\"ValueError\",\"exc_message\":[\"7\"],\"exc_module\":"
	    "\"builtins\"}");
	assert_int_equal(json_array_size(s->ran), 1);
}

static void
chunks_are_a_group_of_starmaps(void **state)
{
	struct t_site *s = *state;
	json_t *group;
	const char *id;
	size_t n = 0;
	json_t *text;

	t_site_apply(s, "{\"task\": \"celery.chunks\", \"kwargs\": {\"task\": "
	    "{\"task\": \"cap.add\"}, \"it\": [[0, 0], [1, 1], [2, 2]], "
	    "\"n\": 2}, \"options\": {\"task_id\": \"c\"}}");
	t_site_run(s);
	group = json_object_get(t_site_meta(s, "c"), "result");
	assert_int_equal(json_array_size(json_array_get(group, 1)), 2);
	json_object_foreach(s->metas, id, text)
		n += strstr(json_string_value(text), "[0, 2]") != NULL ||
		    strstr(json_string_value(text), "[4]") != NULL;
	assert_int_equal(n, 2);
}

static void
own_tasks_answer_at_once(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"celery.ping\", \"options\": "
	    "{\"task_id\": \"p\"}}");
	t_site_apply(s, "{\"task\": \"celery.accumulate\", \"args\": [1, "
	    "[2]], \"options\": {\"task_id\": \"a\"}}");
	t_site_apply(s, "{\"task\": \"celery.accumulate\", \"args\": [1, "
	    "[2]], \"kwargs\": {\"index\": 1}, \"options\": {\"task_id\": "
	    "\"i\"}}");
	t_site_apply(s, "{\"task\": \"celery.backend_cleanup\", "
	    "\"options\": {\"task_id\": \"b\"}}");
	t_site_run(s);
	assert_string_equal(t_site_result(s, "p"), "SUCCESS \"pong\"");
	assert_string_equal(t_site_result(s, "a"), "SUCCESS [1,[2]]");
	assert_string_equal(t_site_result(s, "i"), "SUCCESS [2]");
	assert_string_equal(t_site_result(s, "b"), "SUCCESS null");
	assert_int_equal(json_array_size(s->ran), 0);
}

static void
own_tasks_asked_wrongly_fail_in_words(void **state)
{
	static const struct {
		const char	*task, *args, *kwargs, *why;
	} row[] = {
		{ "accumulate", "[1]", "{\"index\": 1}",
		    "index: no such argument" },
		{ "map", "[]", "{}", "it: not an array" },
		{ "map", "[]", "{\"it\": [1]}", "" },
		{ "starmap", "[]", "{\"task\": {\"task\": \"cap.add\"}, "
		    "\"it\": [1]}", "an item is not an array" },
		{ "chunks", "[]", "{\"it\": [1], \"n\": 0}",
		    "chunks need a task, a list and a number over 0" },
		{ "group", "[]", "{}", "tasks of a group: " },
		{ "chord", "[]", "{\"header\": []}", "" },
		{ "chord_unlock", "[\"g\"]", "{\"result\": 7}",
		    "result: no list of results" },
		{ "chord_unlock", "[\"g\", 7]", "{\"result\": []}", "" },
	};
	struct t_site *s = *state;
	char sig[256];
	const char *got;
	size_t k;

	for (k = 0; k < T_COUNT(row); k++) {
		t_site_fini(s);
		t_site_init(s);
		/* behind another, so that it comes as a task of its own */
		snprintf(sig, sizeof(sig), "{\"task\": \"celery.%s\", "
		    "\"args\": %s, \"kwargs\": %s, \"subtask_type\": \"own\", "
		    "\"options\": {\"task_id\": \"x\"}}", row[k].task,
		    row[k].args, row[k].kwargs);
		t_site_apply(s, sig);
		t_site_run(s);
		got = t_site_result(s, "x");
		if (strstr(got, "InvalidTaskError") == NULL ||
		    strstr(got, row[k].why) == NULL)
			fail_msg("%s: %s", row[k].task, got);
		assert_int_equal(json_array_size(s->ran), 0);
	}
}

static void
shapes_sent_as_tasks_are_laid_open(void **state)
{
	struct t_site *s = *state;

	/* a plain signature with the name of a shape, in a message */
	t_site_apply(s, "{\"task\": \"celery.accumulate\", \"options\": "
	    "{\"task_id\": \"x\", \"link\": " CHORD(SIG("add", "m1",
	    "[1]") ", " SIG("add", "m2", "[2]"), SIG("identity", "body",
	    "[]")) "}}");
	t_site_run(s);
	assert_string_equal(t_site_result(s, "body"), "SUCCESS [1,2]");
}

static void
chain_of_group_task_group_is_two_chords(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(GROUP(SIG("add", "a1", "[1]") ", "
	    SIG("add", "a2", "[2]")) ", " SIG("tsum", "s1", "[]") ", "
	    GROUP(SIG("add", "b1", "[10]") ", " SIG("add", "b2", "[20]"))
	    ", " SIG("tsum", "s2", "[]") ", " SIG("add", "last", "[100]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "s1"), "SUCCESS 3");
	assert_string_equal(t_site_result(s, "s2"), "SUCCESS 36");
	assert_string_equal(t_site_result(s, "last"), "SUCCESS 136");
}

static void
chord_in_a_chord_counts_by_its_body(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(CHORD(SIG("add", "i1", "[1]") ", "
	    SIG("add", "i2", "[2]"), SIG("tsum", "ib", "[]")) ", "
	    SIG("add", "o2", "[10]"), SIG("identity", "ob", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "ib"), "SUCCESS 3");
	assert_string_equal(t_site_result(s, "ob"), "SUCCESS [3,10]");
}

static void
chain_in_a_chord_that_ends_in_a_group_nests_its_results(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(CHAIN(SIG("add", "c1", "[1]") ", "
	    GROUP(SIG("add", "g1", "[10]") ", " SIG("add", "g2", "[20]")))
	    ", " SIG("add", "m2", "[5]"), SIG("identity", "b", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "b"), "SUCCESS [[11,21],5]");
}

static void
chord_with_too_small_a_size_waits_for_all_it_names(void **state)
{
	struct t_site *s = *state;
	const char *gid;
	json_t *v;

	t_site_apply(s, CHORD(CHAIN(SIG("add", "c1", "[1]") ", "
	    GROUP(SIG("add", "g1", "[10]") ", " SIG("add", "g2", "[20]")))
	    ", " SIG("add", "m2", "[5]"), SIG("identity", "b", "[]")));
	/* as the Celery worker that sends g1 and g2 leaves it */
	json_object_foreach(s->sizes, gid, v)
		json_integer_set(v, 2);
	t_site_run(s);
	assert_string_equal(t_site_result(s, "b"), "SUCCESS [[11,21],5]");
	assert_int_equal(t_site_ran(s, "cap.identity [[[11,21],5]]"), 1);
}

static void
failure_in_an_inner_chord_reaches_the_outer_body(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(CHORD(SIG("add", "i1", "[1]") ", "
	    SIG("fail", "i2", "[\"x\"]"), SIG("tsum", "ib", "[]")) ", "
	    SIG("add", "o2", "[10]"), SIG("identity", "ob", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "ib"), "FAILURE {\"exc_type\":"
	    "\"ChordError\",\"exc_message\":[\"Dependency i2 raised "
	    "ValueError('x')\"],\"exc_module\":\"celery.exceptions\"}");
	assert_string_equal(t_site_result(s, "ob"), "FAILURE {\"exc_type\":"
	    "\"ChordError\",\"exc_message\":[\"Dependency ib raised "
	    "ChordError(\\\"Dependency i2 raised ValueError('x')\\\")\"],"
	    "\"exc_module\":\"celery.exceptions\"}");
}

#define OPEN8	"[[[[[[[["
#define CLOSE8	"]]]]]]]]"
#define OPEN96	OPEN8 OPEN8 OPEN8 OPEN8 OPEN8 OPEN8 OPEN8 OPEN8 OPEN8 OPEN8 \
	    OPEN8 OPEN8
#define CLOSE96	CLOSE8 CLOSE8 CLOSE8 CLOSE8 CLOSE8 CLOSE8 CLOSE8 CLOSE8 \
	    CLOSE8 CLOSE8 CLOSE8 CLOSE8

static void
body_is_given_what_a_message_carries(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(SIG("identity", "m", "[" OPEN96 CLOSE96 "]"),
	    SIG("tsum", "b", "[]")));
	t_site_run(s);
	assert_int_equal(t_site_ran(s, "cap.tsum [[" OPEN96 CLOSE96 "]]"), 1);
}

static void
body_is_not_given_more(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(SIG("identity", "n", "[[[" OPEN96 CLOSE96 "]]]"),
	    SIG("tsum", "c", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "c"), "FAILURE {\"exc_type\":"
	    "\"ChordError\",\"exc_message\":[\"cap.tsum: what it is given: "
	    "JSON deeper than 99\"],\"exc_module\":\"celery.exceptions\"}");
}

static void
rest_of_a_chain_fails_with_all_its_shapes(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHAIN(SIG("fail", "f", "[\"x\"]") ", "
	    CHORD(SIG("add", "m1", "[1]") ", " SIG("add", "m2", "[2]"),
	    SIG("tsum", "body", "[]")) ", " SIG("add", "last", "[1]")));
	t_site_run(s);
	assert_int_equal(strncmp(t_site_result(s, "m1"), "FAILURE", 7), 0);
	assert_int_equal(strncmp(t_site_result(s, "m2"), "FAILURE", 7), 0);
	assert_int_equal(strncmp(t_site_result(s, "body"), "FAILURE", 7), 0);
	assert_string_equal(t_site_result(s, "last"), "FAILURE {\"exc_type\":"
	    "\"ValueError\",\"exc_message\":[\"x\"],\"exc_module\":"
	    "\"builtins\"}");
	assert_int_equal(json_array_size(s->ran), 1);
	assert_int_equal(json_object_size(s->parts), 0);
}

static void
chain_in_a_chord_fails_the_body_when_its_first_does(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(CHAIN(SIG("fail", "c1", "[\"x\"]") ", "
	    SIG("add", "c2", "[1]")) ", " SIG("add", "m2", "[5]"),
	    "{\"task\": \"cap.identity\", \"options\": {\"task_id\": \"b\", "
	    "\"link_error\": [" SIG("errback", "eb", "[]") "]}}"));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "b"), "FAILURE {\"exc_type\":"
	    "\"ChordError\",\"exc_message\":[\"Dependency c2 raised "
	    "ValueError('x')\"],\"exc_module\":\"celery.exceptions\"}");
	assert_string_equal(t_site_result(s, "eb"), "SUCCESS \"errback for "
	    "b\"");
}

static void
revoked_member_closes_its_chord_and_ends_its_chain(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD(CHAIN("{\"task\": \"cap.add\", \"options\": "
	    "{\"task_id\": \"c1\", \"expires\": 1}}, " SIG("add", "c2",
	    "[1]")) ", " SIG("add", "m2", "[5]"), SIG("tsum", "b", "[]")));
	s->facts.now += 2 * TQ_SECOND;
	t_site_run(s);
	assert_int_equal(strncmp(t_site_result(s, "c2"), "REVOKED", 7), 0);
	assert_string_equal(t_site_result(s, "b"), "FAILURE {\"exc_type\":"
	    "\"ChordError\",\"exc_message\":[\"Dependency c2 raised "
	    "TaskRevokedError('expired')\"],\"exc_module\":"
	    "\"celery.exceptions\"}");
}

static void
chord_with_an_empty_header_runs_its_body(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, CHORD("", SIG("identity", "b", "[]")));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "b"), "SUCCESS []");
}

static void
chord_completes_once_wherever_a_worker_dies(void **state)
{
	struct t_site *s = *state;
	int die, at, k;

	for (die = 1; die <= 2; die++) {
		for (at = 0; at < 4; at++) {
			t_site_fini(s);
			t_site_init(s);
			push_vector(s, "chord3");
			for (k = 0; k < at; k++)
				assert_true(t_site_step(s));
			s->die = die;
			t_site_run(s);
			assert_string_equal(t_site_result(s, ID("af")),
			    "SUCCESS 6");
			assert_int_equal(t_site_ran(s, "cap.tsum [[0,2,4]]"),
			    at == 3 ? 2 : 1);
		}
	}
}

/* The second was complete, and then the first was too. */
static void
undo_forgets_the_chords_behind_too(void **state)
{
	static const char part[] = "[1, \"m\", \"SUCCESS\", 2]";
	static const char text[] = SIG("identity", "b", "[]");
	const struct tq_bytes member = { part, sizeof(part) - 1 };
	const struct tq_bytes body = { text, sizeof(text) - 1 };
	struct tq_celery_count counts[2] = {
		{ .gid = "g", .callback = body },
		{ .gid = "h", .callback = body }
	};
	struct tq_bytes none = { NULL, 0 };
	struct t_site *s = *state;
	struct tq_celery_plan plan;
	struct tq_celery_task m;
	struct tq_arena mem;
	struct tq_err e;

	tq_arena_init(&mem);
	tq_celery_task_init(&m);
	m.id = "m";
	tq_celery_plan_init(&plan, &mem);
	plan.of = &m;
	plan.count = counts;
	plan.ncounts = 2;
	assert_int_equal(tq_celery_chord(&plan, 1, &member, 1, none,
	    &s->facts, &e), 0);
	plan.count[1].state = "all there";
	assert_int_not_equal(plan.nsteps, 0);
	tq_celery_chord_undo(&plan, 0);
	assert_int_equal(plan.nsteps, 0);
	assert_int_equal(plan.ncounts, 2);
	assert_null(plan.count[1].state);
	tq_arena_fini(&mem);
}

static void
message_that_came_twice_sends_its_children_once(void **state)
{
	struct t_site *s = *state;

	push_vector(s, "link");
	push_vector(s, "link");
	t_site_run(s);
	assert_int_equal(t_site_ran(s, "cap.add [2,3]"), 2);
	assert_int_equal(t_site_ran(s, "cap.printmsg [5]"), 1);
}

static void
frozen_signature_may_be_sent_twice(void **state)
{
	static const char chain[] = CHAIN(SIG("add", "a", "[1]") ", "
	    SIG("add", "b", "[2]") ", " SIG("add", "c", "[3]"));
	struct t_site *s = *state;

	t_site_apply(s, chain);
	t_site_run(s);
	json_object_clear(s->metas);
	t_site_apply(s, chain);
	t_site_run(s);
	assert_int_equal(t_site_ran(s, "cap.add [3,3]"), 2);
	assert_string_equal(t_site_result(s, "c"), "SUCCESS 6");
}

static void
member_that_ran_twice_is_counted_once(void **state)
{
	struct t_site *s = *state;

	push_vector(s, "chord3");
	/* the first one again, behind the second */
	json_array_insert(s->queue, 2, json_array_get(s->queue, 0));
	t_site_run(s);
	assert_string_equal(t_site_result(s, ID("af")), "SUCCESS 6");
	assert_int_equal(t_site_ran(s, "cap.tsum [[0,2,4]]"), 1);
}

static void
chord_is_watched_where_nothing_counts(void **state)
{
	struct t_site *s = *state;

	s->facts.flags |= TQ_CELERY_SITE_UNLOCK;
	t_site_apply(s, CHORD(SIG("add", "m1", "[1]") ", "
	    SIG("add", "m2", "[2]"), SIG("identity", "b", "[]")));
	assert_int_equal(json_array_size(s->delayed), 1);
	t_site_run(s);
	assert_string_equal(t_site_result(s, "b"), "SUCCESS [1,2]");
	assert_int_equal(json_object_size(s->parts), 0);
}

static void
watched_chord_waits_and_then_fails_with_its_member(void **state)
{
	struct t_site *s = *state;

	s->facts.flags |= TQ_CELERY_SITE_UNLOCK;
	t_site_apply(s, CHORD("{\"task\": \"cap.fail\", \"args\": [\"x\"], "
	    "\"options\": {\"task_id\": \"m1\", \"countdown\": 30}}",
	    SIG("identity", "b", "[]")));
	/* the watcher comes first, and again */
	json_array_extend(s->queue, s->delayed);
	json_array_clear(s->delayed);
	json_array_remove(s->queue, 1);
	assert_true(t_site_step(s));
	assert_int_equal(json_array_size(s->delayed), 1);
	json_object_clear(s->sent);
	t_site_apply(s, SIG("fail", "m1", "[\"x\"]"));
	t_site_run(s);
	assert_string_equal(t_site_result(s, "b"), "FAILURE {\"exc_type\":"
	    "\"ChordError\",\"exc_message\":[\"Dependency m1 raised "
	    "ValueError('x')\"],\"exc_module\":\"celery.exceptions\"}");
}

static void
callback_that_is_none_fails_the_task(void **state)
{
	struct t_site *s = *state;

	t_site_apply(s, "{\"task\": \"cap.add\", \"args\": [1], \"options\": "
	    "{\"task_id\": \"a\", \"link\": [{\"task\": "
	    "\"celery.group\", \"kwargs\": {\"tasks\": 7}}]}}");
	t_site_run(s);
	assert_non_null(strstr(t_site_result(s, "a"), "InvalidTaskError"));
	assert_int_equal(json_array_size(s->ran), 1);
}

/* ---- ends without a site --------------------------------------------- */

/* Plan the end of a message; the plan's steps are in the site's arena. */
static struct tq_celery_plan
settle(struct t_site *s, struct tq_celery_task *m, const struct tq_outcome *o,
    const char *err)
{
	struct tq_celery_end end = { o, { NULL, 0 }, { err, strlen(err) },
		o->children };
	struct tq_celery_envelope env;
	struct tq_celery_plan plan;
	struct tq_err e;

	tq_celery_envelope_init(&env);
	env.exchange = "";
	env.routing_key = "images";
	env.priority = 3;
	tq_celery_plan_init(&plan, &s->mem);
	if (tq_celery_settle(&plan, m, &env, &end, &s->facts, &e) == -1)
		fail_msg("%s", e.text);
	return plan;
}

static struct tq_celery_task
message(void)
{
	struct tq_celery_task m;

	tq_celery_task_init(&m);
	m.protocol = 2;
	m.task = "resize";
	m.id = "t";
	m.root_id = "root";
	return m;
}

/* A chord of n members whose body has an argument of so many bytes. */
static struct tq_bytes
great_chord(struct t_site *s, size_t n, size_t bytes)
{
	static const char member[] = "{\"task\": \"t\"}";
	struct tq_buf b;
	struct tq_bytes out;
	void *p;

	tq_buf_init(&b);
	tq_buf_str(&b, "[{\"task\": \"celery.chord\", \"kwargs\": {\"body\": "
	    "{\"task\": \"b\", \"args\": [\"");
	if ((p = tq_buf_grow(&b, bytes)) != NULL)
		memset(p, 'x', bytes);
	tq_buf_str(&b, "\"]}, \"header\": [");
	for (; n > 0; n--) {
		tq_buf_str(&b, member);
		tq_buf_str(&b, n > 1 ? ", " : "]}}]");
	}
	assert_true(tq_buf_ok(&b));
	out.p = tq_arena_copy(&s->mem, b.p, b.n);
	out.n = b.n;
	tq_buf_fini(&b);
	return out;
}

/* What follows is not sent: the task fails, and says so. */
static void
assert_too_much(struct t_site *s, struct tq_bytes callbacks, const char *why)
{
	struct tq_celery_task m = message();
	struct tq_celery_plan plan;
	struct tq_outcome o;

	m.callbacks = callbacks;
	tq_outcome_init(&o, TQ_SUCCESS);
	plan = settle(s, &m, &o, "");
	assert_int_equal(plan.nsteps, 1);
	t_site_do(s, &plan);
	assert_non_null(strstr(t_site_result(s, "t"), "InvalidTaskError"));
	assert_non_null(strstr(t_site_result(s, "t"), why));
}

static void
what_follows_has_bounds(void **state)
{
	assert_too_much(*state, great_chord(*state, 600, 500000),
	    "over 256 MiB");
	assert_too_much(*state, great_chord(*state, 120000, 1),
	    "over 120000 messages");
}

static void
retry_is_the_message_again(void **state)
{
	struct t_site *s = *state;
	struct tq_celery_task m = message();
	struct tq_celery_plan plan;
	struct tq_outcome o;
	const struct tq_celery_step *send;

	m.retries = 2;
	tq_outcome_init(&o, TQ_RETRY);
	o.status = 1;
	o.when = s->facts.now + 60 * TQ_SECOND;
	plan = settle(s, &m, &o, "no space\n");
	assert_int_equal(plan.nsteps, 2);
	send = &plan.step[0];
	assert_int_equal(send->what, TQ_CELERY_SEND);
	assert_int_equal(send->flags, TQ_CELERY_AGAIN);
	assert_string_equal(send->queue, "images");
	assert_int_equal(send->priority, 3);
	assert_true(send->eta == o.when);
	assert_string_equal(send->task->id, "t");
	assert_string_equal(send->task->parent_id, "t");
	assert_int_equal(send->task->retries, 3);
	t_site_do(s, &plan);
	assert_string_equal(t_site_result(s, "t"), "RETRY {\"exc_type\":"
	    "\"CommandFailed\",\"exc_message\":[\"exit status 1: no "
	    "space\"],\"exc_module\":\"tq.errors\"}");
	assert_int_equal(json_array_size(json_object_get(t_site_meta(s, "t"),
	    "children")), 1);
}

static void
children_of_the_task_are_ids_and_tuples(void **state)
{
	static const char put[] = "[\"a\", [[\"g\", null], [[[\"m\", null], "
	    "null]]], 7, [\"b\"]]";
	struct t_site *s = *state;
	struct tq_celery_task m = message();
	struct tq_celery_plan plan;
	struct tq_outcome o;
	char *text;

	m.callbacks.p = "[{\"task\": \"add\", \"options\": {\"task_id\": "
	    "\"c\"}}]";
	m.callbacks.n = strlen(m.callbacks.p);
	tq_outcome_init(&o, TQ_SUCCESS);
	o.children = (struct tq_bytes){ put, sizeof(put) - 1 };
	plan = settle(s, &m, &o, "");
	t_site_do(s, &plan);
	text = json_dumps(json_object_get(t_site_meta(s, "t"), "children"),
	    JSON_COMPACT);
	assert_string_equal(text, "[[[\"a\",null],null],[[\"g\",null],[[[\"m\",null],"
	    "null]]],[[\"c\",null],null]]");
	free(text);
}

static void
try_later_is_no_retry(void **state)
{
	struct t_site *s = *state;
	struct tq_celery_task m = message();
	struct tq_celery_plan plan;
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_RETRY);
	o.status = 75;
	o.flags = TQ_OUTCOME_LATER;
	o.when = s->facts.now + TQ_SECOND;
	plan = settle(s, &m, &o, "");
	assert_int_equal(plan.step[0].task->retries, 0);
	assert_int_equal(plan.step[0].task->nothers, 1);
	assert_memory_equal(plan.step[0].task->others[0].value.p, "[0, 1]",
	    6);
	m.others = plan.step[0].task->others;
	m.nothers = 1;
	plan = settle(s, &m, &o, "");
	assert_int_equal(plan.step[0].task->nothers, 1);
	assert_memory_equal(plan.step[0].task->others[0].value.p, "[0, 2]",
	    6);
}

/* An outcome, and the exception that it becomes. */
static void
assert_raises(struct t_site *s, const struct tq_outcome *o, const char *err,
    const char *want)
{
	struct tq_celery_task m = message();
	struct tq_celery_plan plan;
	char line[512];

	m.hard = 30 * TQ_SECOND;
	plan = settle(s, &m, o, err);
	t_site_do(s, &plan);
	snprintf(line, sizeof(line), "%s", t_site_result(s, "t"));
	assert_string_equal(line, want);
}

#define MAP(state, module, type, message) state " {\"exc_type\":\"" type \
	"\",\"exc_message\":[" message "],\"exc_module\":\"" module "\"}"

static void
exceptions_are_those_that_python_raises(void **state)
{
	static const struct {
		enum tq_state	 state;
		int		 status, signal;
		const char	*type, *why, *err, *want;
	} row[] = {
		{ TQ_FAILURE, 3, 0, NULL, NULL, "", MAP("FAILURE",
		    "tq.errors", "CommandFailed", "\"exit status 3\"") },
		{ TQ_FAILURE, 3, 0, NULL, NULL, "one\ntwo\n\n", MAP("FAILURE",
		    "tq.errors", "CommandFailed", "\"exit status 3: two\"") },
		/* its own last line says more than the end of its retries */
		{ TQ_FAILURE, 3, 0, NULL, "no retries left", "one\ntwo\n",
		    MAP("FAILURE", "tq.errors", "CommandFailed",
		    "\"exit status 3: two\"") },
		{ TQ_FAILURE, 65, 0, NULL, "not worth a retry", "two\n",
		    MAP("FAILURE", "tq.errors", "CommandFailed",
		    "\"exit status 65: two\"") },
		{ TQ_FAILURE, 3, 0, NULL, "no retries left", "",
		    MAP("FAILURE", "tq.errors", "CommandFailed",
		    "\"exit status 3: no retries left\"") },
		{ TQ_FAILURE, 137, 9, NULL, "killed: memory limit", "two\n",
		    MAP("FAILURE", "tq.errors", "CommandFailed",
		    "\"killed by signal 9: killed: memory limit\"") },
		{ TQ_FAILURE, 139, 11, NULL, NULL, "", MAP("FAILURE",
		    "tq.errors", "CommandFailed", "\"killed by signal 11\"") },
		{ TQ_FAILURE, 1, 0, "ValueError", "bad", "", MAP("FAILURE",
		    "builtins", "ValueError", "\"bad\"") },
		{ TQ_FAILURE, 1, 0, "pay.errors.Declined", "no", "",
		    MAP("FAILURE", "pay.errors", "Declined", "\"no\"") },
		{ TQ_FAILURE, 1, 0, "Declined", "no", "", MAP("FAILURE",
		    "tq.errors", "Declined", "\"no\"") },
		/* it would end the client; it is no class */
		{ TQ_FAILURE, 1, 0, "SystemExit", "no", "", MAP("FAILURE",
		    "tq.errors", "SystemExit", "\"no\"") },
		{ TQ_FAILURE, 1, 0, "builtins.KeyboardInterrupt", "", "",
		    MAP("FAILURE", "tq.errors", "KeyboardInterrupt",
		    "\"\"") },
		{ TQ_FAILURE, 1, 0, "os.system", "rm", "", MAP("FAILURE",
		    "tq.errors", "CommandFailed", "\"exit status 1: rm\"") },
		{ TQ_FAILURE, 127, 0, NULL, "NotRegistered: resize", "",
		    MAP("FAILURE", "celery.exceptions", "NotRegistered",
		    "\"resize\"") },
		{ TQ_FAILURE, 137, 9, NULL, "time limit", "", MAP("FAILURE",
		    "billiard.exceptions", "TimeLimitExceeded", "30") },
		{ TQ_FAILURE, 143, 15, NULL, "time limit", "", MAP("FAILURE",
		    "billiard.exceptions", "SoftTimeLimitExceeded", "") },
		{ TQ_FAILURE, -1, 0, NULL, "three workers died", "",
		    MAP("FAILURE", "billiard.exceptions", "WorkerLostError",
		    "\"three workers died\"") },
		{ TQ_REVOKED, -1, 0, NULL, NULL, "", MAP("REVOKED",
		    "celery.exceptions", "TaskRevokedError",
		    "\"revoked\"") },
		{ TQ_REVOKED, 143, 15, NULL, NULL, "", MAP("REVOKED",
		    "celery.exceptions", "TaskRevokedError",
		    "\"terminated\"") },
		{ TQ_EXPIRED, -1, 0, NULL, NULL, "", MAP("REVOKED",
		    "celery.exceptions", "TaskRevokedError",
		    "\"expired\"") },
	};
	struct t_site *s = *state;
	struct tq_outcome o;
	size_t k;

	for (k = 0; k < T_COUNT(row); k++) {
		json_object_clear(s->metas);
		tq_outcome_init(&o, row[k].state);
		o.status = row[k].status;
		o.signal = row[k].signal;
		o.type = row[k].type;
		o.why = row[k].why;
		assert_raises(s, &o, row[k].err, row[k].want);
	}
}

static void
exceptions_have_the_arguments_that_were_named(void **state)
{
	static const char args[] = "[2, \"no such file\"]";
	struct tq_outcome o;

	tq_outcome_init(&o, TQ_FAILURE);
	o.status = 1;
	o.type = "OSError";
	o.why = "[Errno 2] no such file";
	o.result = (struct tq_bytes){ args, sizeof(args) - 1 };
	assert_raises(*state, &o, "", MAP("FAILURE", "builtins", "OSError",
	    "2,\"no such file\""));
}

static void
traceback_is_the_end_of_stderr_in_utf8(void **state)
{
	struct t_site *s = *state;
	struct tq_celery_task m = message();
	struct tq_celery_plan plan;
	struct tq_outcome o;
	char *err = calloc(1, 100001);

	memset(err, 'x', 100000);
	memcpy(err + 100000 - 4, "\xff" "end", 4);
	tq_outcome_init(&o, TQ_FAILURE);
	o.status = 1;
	plan = settle(s, &m, &o, err);
	t_site_do(s, &plan);
	assert_int_equal(json_string_length(json_object_get(t_site_meta(s,
	    "t"), "traceback")), (64 << 10) + 2);
	free(err);
}

static void
output_that_is_not_json_is_a_text(void **state)
{
	static const struct {
		unsigned	 flags;
		const char	*out, *want;
	} row[] = {
		{ 0, "", "SUCCESS null" },
		{ 0, "5\n", "SUCCESS \"5\"" },
		{ TQ_OUTCOME_JSON, "5\n", "SUCCESS 5" },
		{ 0, "a\n\n", "SUCCESS \"a\\n\"" },
		{ 0, "\xff", "SUCCESS \"\xef\xbf\xbd\"" },
	};
	struct t_site *s = *state;
	struct tq_celery_task m = message();
	struct tq_celery_envelope env;
	struct tq_celery_plan plan;
	struct tq_celery_end end;
	struct tq_outcome o;
	size_t k;

	for (k = 0; k < T_COUNT(row); k++) {
		json_object_clear(s->metas);
		tq_celery_envelope_init(&env);
		memset(&end, 0, sizeof(end));
		tq_outcome_init(&o, TQ_SUCCESS);
		o.flags = row[k].flags;
		end.outcome = &o;
		end.out.p = row[k].out;
		end.out.n = strlen(row[k].out);
		tq_celery_plan_init(&plan, &s->mem);
		assert_int_equal(tq_celery_settle(&plan, &m, &env, &end,
		    &s->facts, NULL), 0);
		t_site_do(s, &plan);
		assert_string_equal(t_site_result(s, "t"), row[k].want);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, t_setup_site, \
    t_teardown_site)
	const struct CMUnitTest tests[] = {
		TEST(chain_of_the_capture),
		TEST(chord_of_the_capture),
		TEST(chain_into_group_of_the_capture),
		TEST(errback_of_the_capture),
		TEST(newer_canvases_of_the_capture),
		TEST(middle_of_a_chain_fails_as_in_the_capture),
		TEST(member_of_a_chord_fails_as_in_the_capture),
		TEST(groups_in_a_chord_number_as_in_the_capture),
		TEST(callback_of_the_capture),
		TEST(unknown_task_of_the_capture),
		TEST(expired_task_of_the_capture),
		TEST(extended_results_of_the_capture),
		TEST(stamps_are_told_and_belong_to_one_task),
		TEST(several_callbacks_are_one_group),
		TEST(ignored_result_is_not_stored_but_passed_on),
		TEST(map_runs_items_one_by_one),
		TEST(map_goes_on_where_a_worker_died),
		TEST(map_over_nothing_is_an_empty_list),
		TEST(map_fails_as_its_item_does),
		TEST(chunks_are_a_group_of_starmaps),
		TEST(own_tasks_answer_at_once),
		TEST(own_tasks_asked_wrongly_fail_in_words),
		TEST(shapes_sent_as_tasks_are_laid_open),
		TEST(chain_of_group_task_group_is_two_chords),
		TEST(chord_in_a_chord_counts_by_its_body),
		TEST(chain_in_a_chord_that_ends_in_a_group_nests_its_results),
		TEST(chord_with_too_small_a_size_waits_for_all_it_names),
		TEST(failure_in_an_inner_chord_reaches_the_outer_body),
		TEST(body_is_given_what_a_message_carries),
		TEST(body_is_not_given_more),
		TEST(rest_of_a_chain_fails_with_all_its_shapes),
		TEST(chain_in_a_chord_fails_the_body_when_its_first_does),
		TEST(revoked_member_closes_its_chord_and_ends_its_chain),
		TEST(chord_with_an_empty_header_runs_its_body),
		TEST(chord_completes_once_wherever_a_worker_dies),
		TEST(undo_forgets_the_chords_behind_too),
		TEST(message_that_came_twice_sends_its_children_once),
		TEST(frozen_signature_may_be_sent_twice),
		TEST(member_that_ran_twice_is_counted_once),
		TEST(chord_is_watched_where_nothing_counts),
		TEST(watched_chord_waits_and_then_fails_with_its_member),
		TEST(callback_that_is_none_fails_the_task),
		TEST(what_follows_has_bounds),
		TEST(retry_is_the_message_again),
		TEST(children_of_the_task_are_ids_and_tuples),
		TEST(try_later_is_no_retry),
		TEST(exceptions_are_those_that_python_raises),
		TEST(exceptions_have_the_arguments_that_were_named),
		TEST(traceback_is_the_end_of_stderr_in_utf8),
		TEST(output_that_is_not_json_is_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
