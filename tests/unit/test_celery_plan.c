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

static int
setup(void **state)
{
	static struct t_site s;

	t_site_init(&s);
	*state = &s;
	return 0;
}

static int
teardown(void **state)
{
	t_site_fini(*state);
	return 0;
}

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
push_vector(struct t_site *s, const char *name)
{
	json_t *v = load("redis-msg", name), *list, *text, *keys;
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
assert_vector(struct t_site *s, const char *name)
{
	json_t *v = load("redis-results", name), *keys, *entry;
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

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(chain_of_the_capture),
		TEST(chord_of_the_capture),
		TEST(chain_into_group_of_the_capture),
		TEST(errback_of_the_capture),
		TEST(middle_of_a_chain_fails_as_in_the_capture),
		TEST(member_of_a_chord_fails_as_in_the_capture),
		TEST(groups_in_a_chord_number_as_in_the_capture),
		TEST(callback_of_the_capture),
		TEST(unknown_task_of_the_capture),
		TEST(expired_task_of_the_capture),
		TEST(several_callbacks_are_one_group),
		TEST(ignored_result_is_not_stored_but_passed_on),
		TEST(map_runs_items_one_by_one),
		TEST(map_goes_on_where_a_worker_died),
		TEST(map_over_nothing_is_an_empty_list),
		TEST(map_fails_as_its_item_does),
		TEST(chunks_are_a_group_of_starmaps),
		TEST(own_tasks_answer_at_once),
		TEST(shapes_sent_as_tasks_are_laid_open),
		TEST(chain_of_group_task_group_is_two_chords),
		TEST(chord_in_a_chord_counts_by_its_body),
		TEST(chain_in_a_chord_that_ends_in_a_group_nests_its_results),
		TEST(failure_in_an_inner_chord_reaches_the_outer_body),
		TEST(rest_of_a_chain_fails_with_all_its_shapes),
		TEST(chain_in_a_chord_fails_the_body_when_its_first_does),
		TEST(revoked_member_closes_its_chord_and_ends_its_chain),
		TEST(chord_with_an_empty_header_runs_its_body),
		TEST(chord_completes_once_wherever_a_worker_dies),
		TEST(message_that_came_twice_sends_its_children_once),
		TEST(member_that_ran_twice_is_counted_once),
		TEST(chord_is_watched_where_nothing_counts),
		TEST(watched_chord_waits_and_then_fails_with_its_member),
		TEST(callback_that_is_none_fails_the_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
