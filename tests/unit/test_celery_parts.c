/*
 * Unit tests of the parts of Celery's texts: dates, reprs, exceptions,
 * states, tuples, and who a control request is for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/message/celery_remote.h"
#include "lib/message/celery_result.h"
#include "tests/lib/celery.h"
#include "tests/lib/t.h"

struct fixture {
	struct tq_arena	 mem;
	struct tq_buf	 b;
	struct tq_celery_bounds bounds;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;

	tq_arena_init(&f.mem);
	tq_buf_init(&f.b);
	tq_celery_bounds_init(&f.bounds);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_arena_fini(&f->mem);
	tq_buf_fini(&f->b);
	return 0;
}

static struct tq_bytes
json(struct fixture *f, const char *text)
{
	return t_json(text, &f->bounds.body);
}

/* ---- what is left of a message ---------------------------------------- */

static const struct tq_celery_task *
salvage(struct fixture *f, const char *text)
{
	struct tq_celery_task *t = tq_arena_alloc(&f->mem, sizeof(*t));

	assert_non_null(t);
	tq_celery_salvage(t, &f->mem, text, strlen(text), &f->bounds);
	return t;
}

/* A message with these headers more, and this third element of its body. */
static int
receive(struct fixture *f, struct tq_celery_task *out, const char *headers,
    const char *embed)
{
	struct tq_celery_envelope env;
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), "{\"body\": \"[[1], {}, %s]\", "
	    "\"content-type\": \"application/json\", "
	    "\"content-encoding\": \"latin-1\", \"headers\": "
	    "{\"task\": \"t\", \"id\": \"i\"%s%s}, \"properties\": "
	    "{\"delivery_tag\": \"d\", \"delivery_info\": "
	    "{\"exchange\": \"\", \"routing_key\": \"celery\"}}}", embed,
	    *headers == '\0' ? "" : ", ", headers);
	assert_in_range(n, 1, sizeof(text) - 1);
	if (tq_celery_envelope_decode(&env, &f->mem, text, (size_t)n,
	    &f->bounds, &f->e) == -1)
		fail_msg("%s", f->e.text);
	return tq_celery_task_decode(out, &f->mem, &env, &f->bounds, &f->e);
}

/* Each of these is run by a worker of Celery 5.2.6. */
static void
what_stops_no_celery_worker_is_a_message(void **state)
{
	static const char *const odd[] = {
		"\"origin\": 7", "\"origin\": null", "\"lang\": 5",
		"\"shadow\": 5", "\"argsrepr\": [1]", "\"kwargsrepr\": 5",
		"\"root_id\": {}", "\"root_id\": 5", "\"parent_id\": 5",
		"\"ignore_result\": \"\"", "\"ignore_result\": 0.0",
		"\"stamps\": 5", "\"stamps\": []", "\"stamped_headers\": {}",
		"\"stamped_headers\": \"x\"", "\"retries\": -1",
		"\"retries\": \"0\"", "\"retries\": 0.5",
		"\"retries\": false", "\"group_index\": -1",
		"\"timelimit\": []", "\"timelimit\": {}",
		"\"timelimit\": \"\"", "\"timelimit\": [\"\", 0]",
		"\"compression\": \"\"", "\"replaced_task_nesting\": -1.0"
	};
	static const char *const embed[] = {
		"[]", "{}", "null", "{\\\"callbacks\\\": {}, \\\"chain\\\": "
		"0, \\\"chord\\\": false, \\\"errbacks\\\": []}"
	};
	struct fixture *f = *state;
	struct tq_celery_task t;
	size_t i;

	for (i = 0; i < T_COUNT(odd); i++) {
		if (receive(f, &t, odd[i], "{}") == -1)
			fail_msg("%s: %s", odd[i], f->e.text);
		assert_int_equal(t.retries, 0);
		assert_int_equal(t.hard + t.soft, 0);
		assert_int_not_equal(t.ignore_result, 1);
		assert_true(t.group_index == TQ_CELERY_NONE);
		assert_null(t.root_id);
	}
	for (i = 0; i < T_COUNT(embed); i++) {
		if (receive(f, &t, "", embed[i]) == -1)
			fail_msg("%s: %s", embed[i], f->e.text);
		assert_int_equal(t.callbacks.n + t.errbacks.n + t.chain.n +
		    t.chord.n, 0);
	}
}

static void
numbers_count_as_python_counts_them(void **state)
{
	struct fixture *f = *state;
	struct tq_celery_task t;

	assert_int_equal(receive(f, &t, "\"retries\": \"3\", "
	    "\"group_index\": 2.0, \"timelimit\": [\"5\", 4.5], "
	    "\"ignore_result\": \"no\"", "null"), 0);
	assert_int_equal(t.retries, 3);
	assert_int_equal(t.group_index, 2);
	assert_int_equal(t.hard, 5 * TQ_SECOND);
	assert_int_equal(t.soft, 4500 * TQ_MS);
	assert_int_equal(t.ignore_result, 1);
	assert_int_equal(receive(f, &t, "\"retries\": true", "null"), 0);
	assert_int_equal(t.retries, 1);
	assert_int_equal(receive(f, &t, "\"retries\": \"x\"", "{}"), -1);
	assert_int_equal(receive(f, &t, "\"retries\": 1e300", "{}"), -1);
	assert_int_equal(receive(f, &t, "\"timelimit\": [5]", "{}"), -1);
	assert_int_equal(receive(f, &t, "\"timelimit\": [-1, null]", "{}"), -1);
	assert_int_equal(receive(f, &t, "\"timelimit\": [-0.5, 0]", "{}"), -1);
	assert_int_equal(receive(f, &t, "\"retries\": 4294967295", "null"), 0);
	assert_int_equal(t.retries, TQ_CELERY_RETRIES_MAX);
}

static void
header_tq_of_a_user_is_one_of_his(void **state)
{
	struct fixture *f = *state;
	struct tq_celery_task t;

	assert_int_equal(receive(f, &t, "\"tq\": \"x\"", "null"), 0);
	assert_int_equal(t.tq.n, 0);
	assert_int_equal(t.nothers, 1);
	assert_memory_equal(t.others[0].value.p, "\"x\"", 3);
	assert_int_equal(receive(f, &t, "\"tq\": {}", "null"), 0);
	assert_int_equal(t.tq.n, 2);
	assert_int_equal(t.nothers, 0);
}

static void
salvage_takes_any_string_for_an_id(void **state)
{
	assert_string_equal(salvage(*state, "{\"headers\": {\"id\": "
	    "\"a\\nb\"}}")->id, "a\nb");
}

static void
salvage_reads_around_what_is_wrong(void **state)
{
	const struct tq_celery_task *t = salvage(*state, "{\"body\": "
	    "\"[1, 2, {\\\"chord\\\": {}, \\\"chain\\\": [3]}]\", "
	    "\"content-type\": \"application/json\", \"headers\": "
	    "{\"task\": 1, \"id\": \"i\", \"group\": \"g\", "
	    "\"group_index\": 2, \"retries\": \"x\", \"tq\": 4}}");

	assert_string_equal(t->id, "i");
	assert_string_equal(t->task, "");
	assert_string_equal(t->group, "g");
	assert_int_equal(t->group_index, 2);
	assert_int_equal(t->retries, 0);
	assert_int_equal(t->tq.n, 0);
	assert_int_equal(t->unknown, 0);
	assert_memory_equal(t->chord.p, "{}", t->chord.n);
	assert_memory_equal(t->chain.p, "[3]", t->chain.n);
}

static void
salvage_of_protocol_1_reads_its_body(void **state)
{
	const struct tq_celery_task *t = salvage(*state, "{\"body\": "
	    "\"{\\\"id\\\": \\\"i\\\", \\\"taskset\\\": \\\"g\\\", "
	    "\\\"args\\\": 5}\", \"content-type\": \"application/json\", "
	    "\"properties\": {\"correlation_id\": \"other\"}}");

	assert_string_equal(t->id, "i");
	assert_string_equal(t->group, "g");
	assert_int_equal(t->protocol, 1);
}

static void
salvage_finds_the_id_of_headers_without_a_task(void **state)
{
	const struct tq_celery_task *t = salvage(*state, "{\"body\": "
	    "\"{}\", \"headers\": {\"id\": \"h\"}, "
	    "\"properties\": {\"correlation_id\": \"other\"}}");

	assert_string_equal(t->id, "h");
}

static void
salvage_says_when_the_body_is_unknown(void **state)
{
	const struct tq_celery_task *t = salvage(*state, "{\"body\": \"!\", "
	    "\"properties\": {\"correlation_id\": \"c\"}}");

	assert_string_equal(t->id, "c");
	assert_int_equal(t->unknown, 1);
	assert_int_equal(t->chord.n, 0);
}

static void
salvage_takes_no_id_that_is_none(void **state)
{
	static const char *const none[] = {
		"", "{", "[]", "7", "{\"headers\": 5}",
		"{\"headers\": {\"id\": {}}}",
		"{\"headers\": {\"id\": \"\"}}",
		"{\"headers\": {\"id\": \"a\\u0000b\"}}",
		"{\"headers\": {\"id\": \"\\ud800\"}}"
	};
	size_t i;

	for (i = 0; i < T_COUNT(none); i++)
		assert_null(salvage(*state, none[i])->id);
}

/* The buffer holds want, and is empty again. */
static void
assert_put(struct fixture *f, const char *want)
{
	assert_true(tq_buf_ok(&f->b));
	if (f->b.n != strlen(want) || memcmp(f->b.p, want, f->b.n) != 0)
		fail_msg("got  %.*s\nwant %s", (int)f->b.n, (char *)f->b.p,
		    want);
	tq_buf_reset(&f->b);
}

/* ---- dates ------------------------------------------------------------ */

static void
dates_are_read_as_celery_reads_them(void **state)
{
	static const struct {
		const char	*text;
		int64_t		 seconds, ns;
		int		 naive;
	} v[] = {
		{ "2026-11-23T12:00:00", 1795435200, 0, 1 },
		{ "2026-11-23T12:00:00Z", 1795435200, 0, 0 },
		{ "2026-11-23T12:00:00+00:00", 1795435200, 0, 0 },
		{ "2026-11-23T12:00:00.285325+00:00", 1795435200, 285325000,
		    0 },
		{ "2026-11-23T12:00:00.5", 1795435200, 500000000, 1 },
		{ "2026-11-23T12:00:00.1234567891", 1795435200, 123456789,
		    1 },
		{ "2026-11-23T14:00:00+02:00", 1795435200, 0, 0 },
		{ "2026-11-23T06:30:00-05:30", 1795435200, 0, 0 },
		{ "2026-11-23T17:30:00+0530", 1795435200, 0, 0 },
		{ "2026-11-23T12:53:28+00:53:28", 1795435200, 0, 0 },
		{ "2026-11-23 12:00:00", 1795435200, 0, 1 },
		{ "2026-11-23T12:00", 1795435200, 0, 1 },
		{ "2026-11-23", 1795392000, 0, 1 },
		{ "2026-1-2", 1767312000, 0, 1 },
		{ "2024-02-29T00:00:00Z", 1709164800, 0, 0 },
		{ "2000-02-29T00:00:00Z", 951782400, 0, 0 },
		{ "1970-01-01T00:00:01Z", 1, 0, 0 },
		{ "2100-03-01T00:00:00Z", 4107542400, 0, 0 },
	};
	struct fixture *f = *state;
	char text[80];
	tq_time t;
	size_t i;
	int naive;

	for (i = 0; i < T_COUNT(v); i++) {
		snprintf(text, sizeof(text), "\"%s\"", v[i].text);
		if (tq_celery_date_parse(&t, &naive, json(f, text), &f->e) ==
		    -1)
			fail_msg("%s", f->e.text);
		assert_int_equal(t, v[i].seconds * TQ_SECOND + v[i].ns);
		assert_int_equal(naive, v[i].naive);
	}
}

static void
dates_that_do_not_exist_are_refused(void **state)
{
	static const char *const bad[] = {
		"\"\"", "\"2026\"", "\"2026-11\"", "\"2026-13-01\"",
		"\"2026-00-01\"", "\"2026-02-30\"", "\"2026-02-29\"",
		"\"1900-02-29\"", "\"0000-01-01\"", "\"2026-11-23T24:00\"",
		"\"2026-11-23T12:60\"", "\"2026-11-23T12:00:60\"",
		"\"2026-11-23T12\"", "\"2026-11-23T12:00:00.\"",
		"\"2026-11-23T12:00:00 \"", "\"2026-11-23T12:00:00X\"",
		"\"2026-11-23T12:00:00+24:00\"", "\"2026-11-23T12:00:00+1\"",
		"\"2026-11-23T12:00:00+05:\"",
		"\"tomorrow\"", "5", "null", "{}", "[]",
		"{\"__type__\":\"date\",\"__value__\":1}"
	};
	struct fixture *f = *state;
	tq_time t;
	size_t i;

	for (i = 0; i < T_COUNT(bad); i++) {
		if (tq_celery_date_parse(&t, NULL, json(f, bad[i]), &f->e) ==
		    0)
			fail_msg("%s is read", bad[i]);
		assert_int_equal(f->e.num, EBADMSG);
		assert_non_null(strstr(f->e.text, bad[i]));
	}
}

static void
dates_beyond_our_time_are_its_ends(void **state)
{
	struct fixture *f = *state;
	tq_time t;

	assert_int_equal(tq_celery_date_parse(&t, NULL, json(f,
	    "\"9999-12-31T23:59:59.999999\""), &f->e), 0);
	assert_int_equal(t, INT64_MAX);
	assert_int_equal(tq_celery_date_parse(&t, NULL, json(f,
	    "\"0001-01-01T00:00:00\""), &f->e), 0);
	assert_int_equal(t, 1);
	/* 0 is not set */
	assert_int_equal(tq_celery_date_parse(&t, NULL, json(f,
	    "\"1970-01-01T00:00:00Z\""), &f->e), 0);
	assert_int_equal(t, 1);
}

static void
dates_of_newer_kombu_are_read(void **state)
{
	struct fixture *f = *state;
	tq_time t;

	assert_int_equal(tq_celery_date_parse(&t, NULL, json(f,
	    "{\"__type__\": \"datetime\", "
	    "\"__value__\": \"2026-11-23T12:00:00+00:00\"}"), &f->e), 0);
	assert_int_equal(t, 1795435200 * TQ_SECOND);
}

static void
dates_are_written_as_python_does(void **state)
{
	struct fixture *f = *state;

	tq_celery_date_put(&f->b, 1795435200 * TQ_SECOND + 285325999, 0);
	assert_put(f, "\"2026-11-23T12:00:00.285325+00:00\"");
	tq_celery_date_put(&f->b, 1795435200 * TQ_SECOND, 1);
	assert_put(f, "\"2026-11-23T12:00:00\"");
}

/* ---- reprs ------------------------------------------------------------ */

static void
reprs_are_pythons(void **state)
{
	static const struct {
		const char	*json, *want;
	} v[] = {
		{ "[]", "()" }, { "[1]", "(1,)" }, { "[1, 2]", "(1, 2)" },
		{ "[[1],{}]", "([1], {})" },
		{ "[\"a\"]", "('a',)" }, { "[\"it's\"]", "(\"it's\",)" },
		{ "[\"'\\\"\"]", "('\\'\"',)" },
		{ "[\"a\\\\b\\n\\t\\u0001\\u009b\\u202e\"]",
		    "('a\\\\b\\n\\t\\x01\\x9b\\u202e',)" },
		{ "[true,false,null,NaN,-Infinity]",
		    "(True, False, None, nan, -inf)" },
		{ "[{\"a\":{\"b\":[1.5]}}]", "({'a': {'b': [1.5]}},)" },
		{ "[\"[,]\"]", "('[,]',)" }
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(v); i++) {
		tq_celery_argsrepr(&f->b, json(f, v[i].json));
		assert_put(f, v[i].want);
	}
}

static void
long_reprs_are_cut_before_a_character(void **state)
{
	char text[4096], *p = text;
	struct fixture *f = *state;

	*p++ = '"';
	while (p < text + 3000) {
		memcpy(p, "\xe2\x82\xac", 3);
		p += 3;
	}
	memcpy(p, "\"", 2);
	tq_celery_repr(&f->b, json(f, text));
	assert_true(f->b.n <= 1024 + 3);
	assert_memory_equal(f->b.p + f->b.n - 6, "\xe2\x82\xac...", 6);
}

/* ---- exceptions and states -------------------------------------------- */

static void
exceptions_are_maps_a_client_can_raise(void **state)
{
	struct tq_celery_exc exc = { "ValueError", "builtins", { NULL, 0 } };
	struct fixture *f = *state;

	tq_celery_exc_encode(&f->b, &exc);
	assert_put(f, "{\"exc_type\": \"ValueError\", \"exc_message\": [], "
	    "\"exc_module\": \"builtins\"}");
	tq_celery_exc_repr(&f->b, &exc);
	assert_put(f, "ValueError()");
	exc.message = json(f, "[\"bad\", 3]");
	tq_celery_exc_repr(&f->b, &exc);
	assert_put(f, "ValueError('bad', 3)");
	exc.message = json(f, "\"text\"");
	tq_celery_exc_repr(&f->b, &exc);
	assert_put(f, "ValueError('text')");
}

static void
what_no_client_could_raise_is_refused(void **state)
{
	static const char *const bad[] = {
		"\"text\"", "[]", "{}", "{\"exc_type\": 5}",
		"{\"exc_type\": \"\"}", "{\"exc_type\": \"a b\"}",
		"{\"exc_type\": \"os.system('x')\"}", "{\"exc_type\": \"1a\"}"
	};
	struct tq_celery_exc exc;
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(bad); i++)
		assert_int_equal(tq_celery_exc_decode(&exc, &f->mem,
		    json(f, bad[i]), &f->e), -1);
	assert_int_equal(tq_celery_exc_decode(&exc, &f->mem, json(f, "null"),
	    &f->e), 0);
	assert_null(exc.type);
}

static void
states_of_celery_are_ours(void **state)
{
	(void)state;
	assert_int_equal(tq_celery_state_in("SUCCESS"), TQ_SUCCESS);
	assert_int_equal(tq_celery_state_in("PENDING"), TQ_READY);
	assert_int_equal(tq_celery_state_in("PROGRESS"), TQ_STARTED);
	assert_true(tq_celery_state_final("REVOKED"));
	assert_false(tq_celery_state_final("RETRY"));
}

/* A result that is no exception is no exception's result. */
static void
failure_without_exception_is_null(void **state)
{
	struct fixture *f = *state;
	struct tq_celery_meta meta;

	tq_celery_meta_init(&meta);
	meta.status = "FAILURE";
	meta.task_id = "i";
	meta.result = json(f, "\"text\"");
	tq_celery_meta_encode(&f->b, &meta);
	assert_put(f, "{\"status\": \"FAILURE\", \"traceback\": null, "
	    "\"task_id\": \"i\", \"result\": null, \"children\": [], "
	    "\"date_done\": null}");
}

/* As celery-node 0.5 stores a success. */
static void
traceback_that_is_no_text_is_none(void **state)
{
	static const char text[] = "{\"status\":\"SUCCESS\",\"result\":5,"
	    "\"traceback\":5,\"children\":[],\"task_id\":\"i\"}";
	struct fixture *f = *state;
	struct tq_celery_bounds bounds;
	struct tq_celery_meta meta;

	tq_celery_bounds_init(&bounds);
	assert_int_equal(tq_celery_meta_decode(&meta, &f->mem, text,
	    strlen(text), &bounds, &f->e), 0);
	assert_string_equal(meta.status, "SUCCESS");
	assert_int_equal(meta.traceback.n, 0);
	assert_memory_equal(meta.result.p, "5", 1);
}

static void
tuples_of_groups_name_their_members(void **state)
{
	static const char *const ids[] = { "a", "b" };
	struct tq_celery_tuple tuple;
	struct fixture *f = *state;

	tq_celery_tuple_put_group(&f->b, "g", "p", ids, 2);
	assert_put(f, "[[\"g\", [[\"p\", null], null]], "
	    "[[[\"a\", null], null], [[\"b\", null], null]]]");
	assert_int_equal(tq_celery_tuple_decode(&tuple, &f->mem, json(f,
	    "[[\"g\", [[\"p\", null], null]], [[[\"a\", null], null]]]"),
	    &f->e), 0);
	assert_string_equal(tuple.id, "g");
	assert_memory_equal(tuple.parent.p, "[[\"p\"", 5);
	assert_int_equal(tq_scan_count(tuple.members), 1);
	/* the short form */
	assert_int_equal(tq_celery_tuple_decode(&tuple, &f->mem, json(f,
	    "[\"a\", null]"), &f->e), 0);
	assert_string_equal(tuple.id, "a");
	assert_int_equal(tuple.members.n, 0);
}

/* ---- control ---------------------------------------------------------- */

static void
requests_are_for_whom_they_name(void **state)
{
	static const char *const nodes[] = { "w@h", "x@y" };
	struct tq_celery_request q;

	(void)state;
	tq_celery_request_init(&q);
	assert_true(tq_celery_request_for(&q, "any@where"));
	q.destination = nodes;
	q.ndestination = 2;
	assert_true(tq_celery_request_for(&q, "x@y"));
	assert_false(tq_celery_request_for(&q, "x@z"));
	q.ndestination = 0;
	q.pattern = "w@*";
	q.matcher = "glob";
	assert_true(tq_celery_request_for(&q, "w@h"));
	assert_false(tq_celery_request_for(&q, "v@h"));
	q.matcher = "pcre";
	assert_false(tq_celery_request_for(&q, "w@h"));
	q.pattern = ".*";
	assert_true(tq_celery_request_for(&q, "w@h"));
	/* without a matcher the pattern is nothing */
	q.pattern = "v@*";
	q.matcher = NULL;
	assert_true(tq_celery_request_for(&q, "w@h"));
}

static json_t *
reply_of(const char *command)
{
	char path[T_PATH_MAX];
	json_t *all, *v;

	snprintf(path, sizeof(path),
	    "tests/vectors/celery/redis-control/%s.json", command);
	all = json_load_file(path, 0, NULL);
	assert_non_null(all);
	v = json_object_get(json_object_get(all, "reply_body"), "wc@vm");
	json_incref(v);
	json_decref(all);
	return v;
}

/* What was put is the JSON value wanted, which is let go. */
static void
assert_value(struct fixture *f, json_t *want)
{
	json_t *got;

	assert_true(tq_buf_ok(&f->b));
	got = json_loadb((char *)f->b.p, f->b.n, JSON_DECODE_ANY, NULL);
	if (!json_equal(got, want))
		fail_msg("got %.*s\nwant %s", (int)f->b.n, (char *)f->b.p,
		    json_dumps(want, JSON_ENCODE_ANY));
	json_decref(got);
	json_decref(want);
	tq_buf_reset(&f->b);
}

static void
active_tasks_are_shown_as_celery_does(void **state)
{
	struct tq_celery_task t;
	struct tq_celery_active a = {
		.task = &t, .node = "wc@vm", .routing_key = "celery",
		.start = 1795421007713646000, .acknowledged = 1, .pid = 4542
	};
	struct fixture *f = *state;
	json_t *list;

	tq_celery_task_init(&t);
	t.id = "00000052-0000-4000-8000-000000000000";
	t.task = "cap.sleep";
	t.args = json(f, "[25]");
	list = reply_of("active");
	tq_celery_value_active(&f->b, &a);
	assert_value(f, json_incref(json_array_get(list, 0)));
	json_decref(list);
	a.safe = 1;
	list = reply_of("active_safe");
	tq_celery_value_active(&f->b, &a);
	assert_value(f, json_incref(json_array_get(list, 0)));
	json_decref(list);
}

/* Every member we give stands in Celery's with a value of its type. */
static void
assert_within(const char *at, const json_t *ours, const json_t *theirs)
{
	const char *name;
	json_t *v, *w;

	json_object_foreach((json_t *)(uintptr_t)ours, name, v) {
		if ((w = json_object_get(theirs, name)) == NULL)
			fail_msg("%s: Celery has no '%s'", at, name);
		if (json_is_number(v) ? !json_is_number(w) :
		    json_typeof(v) != json_typeof(w) && !json_is_boolean(v))
			fail_msg("%s: '%s' is of another type", at, name);
		if (strcmp(name, "total") != 0)
			assert_within(name, v, w);
	}
}

static void
stats_have_the_shape_of_celerys(void **state)
{
	static const struct tq_celery_total total[] = {
		{ "cap.sleep", 2 }, { "cap.add", 1 }
	};
	static const int64_t pids[] = { 4542, 4543 };
	static const struct tq_celery_stats stats = {
		.total = total, .ntotal = 2, .pid = 1, .clock = 2,
		.uptime = 3 * TQ_SECOND, .jobs = 2, .processes = pids,
		.nprocesses = 2, .prefetch = 8, .transport = "redis",
		.hostname = "h", .virtual_host = "0", .port = 6379,
		.utime = TQ_SECOND / 4, .stime = TQ_SECOND / 8,
		.maxrss = 8 << 20
	};
	struct fixture *f = *state;
	json_t *ours, *theirs = reply_of("stats");

	tq_celery_value_stats(&f->b, &stats);
	ours = json_loadb((char *)f->b.p, f->b.n, 0, NULL);
	assert_non_null(ours);
	assert_within("stats", ours, theirs);
	assert_int_equal(json_integer_value(json_object_get(
	    json_object_get(ours, "total"), "cap.sleep")), 2);
	assert_string_equal(json_string_value(json_object_get(ours, "clock")),
	    "2");
	json_decref(ours);
	json_decref(theirs);
}

static void
queues_and_hello_have_the_shape_of_celerys(void **state)
{
	static const char *const ids[] = {
		"00000099-0000-4000-8000-000000000000", "deadbeef"
	};
	static const tq_time when[] = {
		1005712333751, 1795421009230064200
	};
	struct fixture *f = *state;
	json_t *ours, *theirs = reply_of("active_queues");

	tq_celery_value_queue(&f->b, "celery", "celery", "celery");
	ours = json_loadb((char *)f->b.p, f->b.n, 0, NULL);
	assert_non_null(ours);
	assert_within("queue", ours, json_array_get(theirs, 0));
	json_decref(ours);
	json_decref(theirs);
	tq_buf_reset(&f->b);
	tq_celery_value_hello(&f->b, ids, when, 2, 22);
	assert_value(f, reply_of("hello"));
}

static void
answers_are_ok_or_error(void **state)
{
	struct fixture *f = *state;

	tq_celery_value_ok(&f->b, "pong");
	assert_value(f, reply_of("ping"));
	tq_celery_value_error(&f->b, "KeyError('no_such_command')");
	assert_value(f, reply_of("no_such_command"));
}

static void
events_have_null_where_celery_has_it(void **state)
{
	struct fixture *f = *state;
	struct tq_celery_event ev;

	tq_celery_event_init(&ev);
	ev.type = "task-received";
	ev.root_id = "r";
	tq_celery_event_encode(&f->b, &ev);
	assert_put(f, "{\"utcoffset\": 0, \"root_id\": \"r\", \"type\": "
	    "\"task-received\", \"parent_id\": null, \"eta\": null, "
	    "\"expires\": null}");
	ev.type = "task-revoked";
	tq_celery_event_encode(&f->b, &ev);
	assert_put(f, "{\"utcoffset\": 0, \"root_id\": \"r\", \"type\": "
	    "\"task-revoked\", \"signum\": null}");
}

static void
events_are_routed_by_their_type(void **state)
{
	char key[32];

	(void)state;
	tq_celery_event_key(key, sizeof(key), "worker-heartbeat");
	assert_string_equal(key, "worker.heartbeat");
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_stops_no_celery_worker_is_a_message),
		T(numbers_count_as_python_counts_them),
		T(salvage_reads_around_what_is_wrong),
		T(salvage_of_protocol_1_reads_its_body),
		T(salvage_finds_the_id_of_headers_without_a_task),
		T(salvage_says_when_the_body_is_unknown),
		T(salvage_takes_no_id_that_is_none),
		T(salvage_takes_any_string_for_an_id),
		T(header_tq_of_a_user_is_one_of_his),
		T(dates_are_read_as_celery_reads_them),
		T(dates_that_do_not_exist_are_refused),
		T(dates_beyond_our_time_are_its_ends),
		T(dates_of_newer_kombu_are_read),
		T(dates_are_written_as_python_does),
		T(reprs_are_pythons),
		T(long_reprs_are_cut_before_a_character),
		T(exceptions_are_maps_a_client_can_raise),
		T(what_no_client_could_raise_is_refused),
		T(states_of_celery_are_ours),
		T(failure_without_exception_is_null),
		T(traceback_that_is_no_text_is_none),
		T(tuples_of_groups_name_their_members),
		T(requests_are_for_whom_they_name),
		T(active_tasks_are_shown_as_celery_does),
		T(stats_have_the_shape_of_celerys),
		T(queues_and_hello_have_the_shape_of_celerys),
		T(answers_are_ok_or_error),
		T(events_have_null_where_celery_has_it),
		T(events_are_routed_by_their_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
