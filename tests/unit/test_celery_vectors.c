/*
 * Messages that real Celery wrote (tests/vectors/celery), each of them: they
 * decode, and encode again to what Python would read the same.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/message/base64.h"
#include "lib/message/celery.h"
#include "lib/message/celery_remote.h"
#include "lib/message/celery_result.h"
#include "lib/message/celery_sig.h"
#include "tests/lib/celery.h"
#include "tests/lib/t.h"

#define VECTORS	"tests/vectors/celery/"

struct fixture {
	struct tq_arena	 mem;
	struct tq_celery_bounds bounds;
	struct tq_celery_envelope env;
	struct tq_celery_task task;
	struct tq_err	 e;
	const char	*file;		/* what is being read, for sentences */
	int		 n;		/* messages seen */
};

/* What a module unpacks bodies with, or NULL where that is not built. */
static tq_celery_unpack *
unpacker(void)
{
	const char *modules = getenv("TQ_MODULES");
	tq_celery_unpack *unpack;
	char path[T_PATH_MAX];
	void *so;

	snprintf(path, sizeof(path), "%s/unpack.so",
	    modules == NULL ? "build/modules" : modules);
	if ((so = dlopen(path, RTLD_NOW)) == NULL)
		return NULL;
	*(void **)&unpack = dlsym(so, "tq_unpack_module");
	return unpack;
}

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	tq_arena_init(&f.mem);
	tq_celery_bounds_init(&f.bounds);
	f.bounds.unpack = unpacker();
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	tq_arena_fini(&f->mem);
	return 0;
}

/* ---- reading what the capture wrote ----------------------------------- */

static json_t *
load(const char *path)
{
	json_error_t why;
	json_t *v = json_load_file(path, JSON_ALLOW_NUL, &why);

	if (v == NULL)
		fail_msg("%s: %s", path, why.text);
	return v;
}

/* Call visit for each file of a folder, by name. */
static void
each_file(struct fixture *f, const char *folder,
    void (*visit)(struct fixture *, const json_t *))
{
	struct dirent **names;
	char path[T_PATH_MAX];
	json_t *v;
	int i, n, seen = 0;

	if ((n = scandir(folder, &names, NULL, alphasort)) == -1)
		fail_msg("%s: %s", folder, strerror(errno));
	for (i = 0; i < n; i++) {
		if (strstr(names[i]->d_name, ".json") != NULL) {
			snprintf(path, sizeof(path), "%s/%s", folder,
			    names[i]->d_name);
			f->file = path;
			v = load(path);
			visit(f, v);
			json_decref(v);
			seen++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(seen > 0);
}

/* What a text of ours is to a JSON parser of somebody else. */
static json_t *
parsed(struct fixture *f, struct tq_buf *b)
{
	json_error_t why;
	json_t *v;

	assert_true(tq_buf_ok(b));
	v = json_loadb((char *)b->p, b->n, JSON_ALLOW_NUL, &why);
	if (v == NULL)
		fail_msg("%s: encoded '%.*s': %s", f->file, (int)b->n,
		    (char *)b->p, why.text);
	tq_buf_fini(b);
	return v;
}

/* Times of an object to the microsecond. */
static void
rounded(json_t *object)
{
	const char *name;
	json_t *v;
	void *next;

	json_object_foreach_safe(object, next, name, v) {
		if (json_is_number(v))
			json_object_set_new(object, name, json_integer(
			    (json_int_t)(json_number_value(v) * 1e6 + 0.5)));
	}
}

static void
assert_same(struct fixture *f, const char *what, json_t *got,
    const json_t *want)
{
	char *a, *b;

	if (json_equal(got, want))
		return;
	a = json_dumps(got, JSON_ENCODE_ANY);
	b = json_dumps(want, JSON_ENCODE_ANY);
	print_error("%s: %s\n got %s\nwant %s\n", f->file, what, a, b);
	fail();
}

/* ---- messages --------------------------------------------------------- */

/* Headers that we write where an older Celery leaves them out, as null. */
static void
forget_nulls(json_t *object)
{
	const char *name;
	json_t *v;
	void *next;

	json_object_foreach_safe(object, next, name, v) {
		if (json_is_null(v))
			json_object_del(object, name);
	}
}

/* A date comes back in UTC: one without a zone was that already. */
static void
zone(json_t *headers, const char *name)
{
	const char *s = json_string_value(json_object_get(headers, name));
	char text[64];

	if (s == NULL)
		return;
	if (strcmp(s, "2031-01-02T03:04:05.678000+02:00") == 0)
		s = "2031-01-02T01:04:05.678000+00:00";
	snprintf(text, sizeof(text), "%s%s", s,
	    strpbrk(s + 11, "+-Z") == NULL ? "+00:00" : "");
	json_object_set_new(headers, name, json_string(text));
}

static void
assert_headers(struct fixture *f, const json_t *message)
{
	json_t *got, *want;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_celery_headers_encode(&b, &f->task);
	got = parsed(f, &b);
	want = json_deep_copy(json_object_get(message, "headers"));
	json_object_del(want, "compression");
	zone(want, "eta");
	zone(want, "expires");
	forget_nulls(got);
	forget_nulls(want);
	assert_same(f, "headers", got, want);
	json_decref(got);
	json_decref(want);
}

static void
assert_body(struct fixture *f, json_t *want)
{
	json_t *got;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_celery_body_encode(&b, &f->task);
	got = parsed(f, &b);
	assert_same(f, "body", got, want);
	json_decref(got);
}

/* The envelope, encoded, is the one that came. */
static void
assert_envelope(struct fixture *f, const json_t *want)
{
	json_t *got, *copy = json_deep_copy(want);
	struct tq_buf b;

	tq_buf_init(&b);
	tq_celery_envelope_encode(&b, &f->env);
	got = parsed(f, &b);
	assert_same(f, "envelope", got, copy);
	json_decref(got);
	json_decref(copy);
}

static void
decode_envelope(struct fixture *f, const char *text, size_t n)
{
	if (tq_celery_envelope_decode(&f->env, &f->mem, text, n, &f->bounds,
	    &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
}

/* 1 for what Celery reads and we do not, by content type. */
static int
is_foreign(const struct tq_celery_envelope *env)
{
	return strcmp(env->content_type, "application/json") != 0;
}

/* 1 for a compressed body where nothing unpacks it. */
static int
is_packed(struct fixture *f, const json_t *headers)
{
	return json_object_get(headers, "compression") != NULL &&
	    f->bounds.unpack == NULL;
}

static void
read_message(struct fixture *f, const char *text, size_t n,
    const json_t *message, json_t *body)
{
	int rv;

	f->n++;
	decode_envelope(f, text, n);
	assert_envelope(f, message);
	rv = tq_celery_task_decode(&f->task, &f->mem, &f->env, &f->bounds,
	    &f->e);
	if (is_foreign(&f->env)) {
		assert_int_equal(rv, -1);
		assert_int_equal(f->e.num, ENOTSUP);
		assert_non_null(strstr(f->e.text, f->env.content_type));
		return;
	}
	if (is_packed(f, json_object_get(message, "headers"))) {
		assert_int_equal(rv, -1);
		assert_int_equal(f->e.num, ENOTSUP);
		return;
	}
	if (rv == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	if (f->task.protocol == 1)
		return;
	assert_headers(f, message);
	assert_body(f, body);
}

/* Of redis-msg: the raw list elements beside what they say. */
static void
read_queues(struct fixture *f, const json_t *v)
{
	json_t *keys = json_object_get(v, "broker_keys"), *list, *raw;
	json_t *messages = json_object_get(v, "messages");
	json_t *bodies = json_object_get(v, "decoded_bodies"), *m;
	const char *queue;
	size_t i;

	json_object_foreach(messages, queue, list) {
		raw = json_object_get(json_object_get(keys, queue), "value");
		json_array_foreach(list, i, m) {
			read_message(f, json_string_value(
			    json_array_get(raw, i)),
			    json_string_length(json_array_get(raw, i)), m,
			    json_array_get(json_object_get(bodies, queue), i));
		}
	}
}

static void
messages_of_celery_5_2_on_redis(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "redis-msg", read_queues);
	assert_int_equal(f->n, 38);
}

static void
messages_of_celery_5_6_on_redis(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "redis-msg-5.6", read_queues);
	assert_int_equal(f->n, 21);
}

/* A body that is text, or {"base64": ...}. */
static struct tq_bytes
bytes(struct fixture *f, const json_t *v)
{
	json_t *coded = json_object_get(v, "base64");
	struct tq_bytes out;
	char *to;

	if (coded == NULL)
		coded = (json_t *)(uintptr_t)v;
	out.p = json_string_value(coded);
	out.n = json_string_length(coded);
	if (coded == v)
		return out;
	to = tq_arena_alloc(&f->mem, out.n);
	assert_true(tq_base64_get(to, &out.n, out.p, out.n));
	out.p = to;
	return out;
}

/* Basic properties of AMQP as the middle form that its module will make. */
static void
read_amqp(struct fixture *f, const json_t *v)
{
	json_t *queues = json_object_get(v, "queues"), *list, *m, *p, *body;
	struct tq_celery_envelope *env = &f->env;
	const char *queue;
	size_t i;
	int rv;

	json_object_foreach(queues, queue, list) {
		json_array_foreach(list, i, m) {
			f->n++;
			p = json_object_get(m, "properties");
			body = json_object_get(m, "body");
			tq_celery_envelope_init(env);
			env->content_type = json_string_value(
			    json_object_get(p, "content_type"));
			env->content_encoding = json_string_value(
			    json_object_get(p, "content_encoding"));
			env->headers = t_json_text(&f->mem, json_object_get(p,
			    "application_headers"));
			env->body = bytes(f, body);
			rv = tq_celery_task_decode(&f->task, &f->mem, env,
			    &f->bounds, &f->e);
			if (is_foreign(env) || is_packed(f, json_object_get(p,
			    "application_headers"))) {
				assert_int_equal(rv, -1);
				assert_int_equal(f->e.num, ENOTSUP);
				continue;
			}
			if (rv == -1)
				fail_msg("%s: %s", f->file, f->e.text);
			/* the capture did not unpack bodies */
			if (f->task.protocol == 2 &&
			    json_is_string(body))
				assert_body(f, json_object_get(m,
				    "decoded_body"));
		}
	}
}

static void
messages_of_celery_on_rabbitmq(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "amqp-msg", read_amqp);
	each_file(f, VECTORS "amqp-msg-5.6", read_amqp);
	assert_int_equal(f->n, 44);
}

/* ---- results ---------------------------------------------------------- */

static void
read_meta(struct fixture *f, const char *text, size_t n)
{
	struct tq_celery_meta meta;
	json_t *got, *want;
	struct tq_buf b;

	if (tq_celery_meta_decode(&meta, &f->mem, text, n, &f->bounds,
	    &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	f->n++;
	tq_buf_init(&b);
	tq_celery_meta_encode(&b, &meta);
	got = parsed(f, &b);
	want = json_loadb(text, n, 0, NULL);
	assert_same(f, "meta", got, want);
	json_decref(got);
	json_decref(want);
}

static void
read_group(struct fixture *f, const char *text, size_t n)
{
	struct tq_celery_tuple group, member;
	struct tq_bytes v;
	struct tq_scan s;

	if (tq_celery_group_decode(&group, &f->mem, text, n, &f->bounds,
	    &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	assert_true(group.members.n > 0);
	tq_scan_init(&s, group.members);
	while (tq_scan_next(&s, &v)) {
		assert_int_equal(tq_celery_tuple_decode(&member, &f->mem, v,
		    &f->e), 0);
		f->n++;
	}
}

static void
read_parts(struct fixture *f, const json_t *list)
{
	struct tq_celery_part part;
	const char *text;
	struct tq_buf b;
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v) {
		text = json_string_value(json_array_get(v, 0));
		assert_int_equal(tq_celery_part_decode(&part, &f->mem, text,
		    strlen(text), &f->bounds, &f->e), 0);
		tq_buf_init(&b);
		tq_celery_part_encode(&b, &part);
		assert_int_equal(b.n, strlen(text));
		assert_memory_equal(b.p, text, b.n);
		tq_buf_fini(&b);
		f->n++;
	}
}

static void
read_results(struct fixture *f, const json_t *v)
{
	const char *key, *text;
	json_t *entry, *value;

	json_object_foreach(json_object_get(v, "result_db_keys"), key,
	    entry) {
		value = json_object_get(entry, "value");
		text = json_string_value(value);
		if (strncmp(key, "celery-task-meta-", 17) == 0)
			read_meta(f, text, strlen(text));
		else if (json_is_array(value))
			read_parts(f, value);
		else if (*text == '{')
			read_group(f, text, strlen(text));
		else	/* the size of a chord */
			assert_true(strspn(text, "0123456789") > 0);
	}
}

static void
results_of_both_versions(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "redis-results", read_results);
	each_file(f, VECTORS "redis-results-5.6", read_results);
	assert_true(f->n > 90);
}

/* ---- events and control ----------------------------------------------- */

static void
read_event(struct fixture *f, struct tq_bytes text, json_t *want)
{
	struct tq_celery_event ev;
	struct tq_buf b;
	json_t *got;

	if (tq_celery_event_decode(&ev, &f->mem, text, &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	f->n++;
	tq_buf_init(&b);
	tq_celery_event_encode(&b, &ev);
	got = parsed(f, &b);
	want = json_deep_copy(want);
	forget_nulls(got);
	forget_nulls(want);
	/* the decoded copy has another path in it than what was sent */
	json_object_del(got, "traceback");
	json_object_del(want, "traceback");
	/* a double has more digits than the clock it was read from */
	rounded(got);
	rounded(want);
	assert_same(f, "event", got, want);
	json_decref(got);
	json_decref(want);
}

static void
read_stream(struct fixture *f, const json_t *v)
{
	const struct tq_bytes *list;
	json_t *m, *raw, *decoded;
	size_t i, k, n;

	if (!json_is_array(v))
		return;
	json_array_foreach(v, i, m) {
		raw = json_object_get(m, "raw");
		decoded = json_object_get(m, "decoded_body");
		if (raw == NULL)
			continue;
		decode_envelope(f, json_string_value(raw),
		    json_string_length(raw));
		if (strcmp(f->env.exchange, "celeryev") != 0)
			continue;
		assert_int_equal(tq_celery_event_list(&list, &n, &f->mem,
		    tq_celery_envelope_body(&f->mem, &f->env, &f->bounds,
		    &f->e), &f->e), 0);
		for (k = 0; k < n; k++)
			read_event(f, list[k], json_is_array(decoded) ?
			    json_array_get(decoded, k) : decoded);
	}
}

static void
events_singly_and_in_lists(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "redis-events", read_stream);
	assert_true(f->n > 40);
}

/* The body of an envelope that was wrapped again is what came. */
static void
assert_wrapped(struct fixture *f, const struct tq_celery_envelope *out,
    struct tq_bytes body)
{
	json_t *got, *want;

	got = json_loadb(out->body.p, out->body.n, 0, NULL);
	want = json_loadb(body.p, body.n, 0, NULL);
	assert_non_null(got);
	assert_same(f, "body", got, want);
	json_decref(got);
	json_decref(want);
	got = json_loadb(out->headers.p, out->headers.n, 0, NULL);
	want = json_loadb(f->env.headers.p, f->env.headers.n, 0, NULL);
	rounded(got);
	rounded(want);
	assert_same(f, "headers", got, want);
	json_decref(got);
	json_decref(want);
}

static void
read_control_line(struct fixture *f, struct tq_celery_request *q,
    const char *line)
{
	struct tq_celery_envelope out;
	struct tq_celery_reply reply;
	const char *text = strchr(line, '{');

	decode_envelope(f, text, strlen(text));
	f->n++;
	if (strncmp(line, "PUBLISH", 7) == 0) {
		if (tq_celery_request_decode(q, &f->mem, &f->env, &f->bounds,
		    &f->e) == -1 || tq_celery_request_wrap(&out, &f->mem, q,
		    &f->e) == -1)
			fail_msg("%s: %s", f->file, f->e.text);
	} else {
		if (tq_celery_reply_decode(&reply, &f->mem, &f->env,
		    &f->bounds, &f->e) == -1 || tq_celery_reply_wrap(&out,
		    &f->mem, &reply, q, &f->e) == -1)
			fail_msg("%s: %s", f->file, f->e.text);
		assert_string_equal(out.exchange, f->env.exchange);
		assert_string_equal(out.routing_key, f->env.routing_key);
	}
	assert_wrapped(f, &out, f->env.body);
}

static void
read_control(struct fixture *f, const json_t *v)
{
	struct tq_celery_request q;
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(v, "raw"), i, line) {
		/* events of the worker stand among them */
		if (strstr(json_string_value(line), "celeryev") == NULL)
			read_control_line(f, &q, json_string_value(line));
	}
}

static void
control_requests_and_replies(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "redis-control", read_control);
	assert_true(f->n >= 76);
}

/* ---- what other transports keep ---------------------------------------- */

/* Every string of a tree that is an envelope. */
static void
read_all(struct fixture *f, const json_t *v)
{
	const char *name, *text = json_string_value(v);
	json_t *part;
	size_t i;

	json_array_foreach(v, i, part)
		read_all(f, part);
	json_object_foreach((json_t *)(uintptr_t)v, name, part)
		read_all(f, part);
	if (text == NULL || strncmp(text, "{\"body\"", 7) != 0)
		return;
	decode_envelope(f, text, strlen(text));
	if (strcmp(f->env.exchange, "") == 0 && tq_celery_task_decode(
	    &f->task, &f->mem, &f->env, &f->bounds, &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	f->n++;
}

static void
envelopes_on_other_transports(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "mongodb", read_all);
	each_file(f, VECTORS "fs-sql-transport", read_all);
	assert_true(f->n >= 8);
}

/* ---- messages made by hand --------------------------------------------- */

/*
 * What killed Celery's workers, or was lost with a line in their log, is
 * refused here with a sentence that says why.
 */
static const struct {
	const char	*name;
	int		 num;		/* 0: it runs */
	const char	*says;
} by_hand[] = {
	{ "minimal_base", 0, NULL },
	{ "no_content_encoding", 0, NULL },
	{ "no_body_encoding_raw_body", 0, NULL },
	{ "embed_missing_third_element_empty_list", EBADMSG,
	    "body: message: want an array of args, kwargs and embed" },
	{ "embed_null", 0, NULL },
	{ "extra_unknown_header", 0, NULL },
	{ "lang_c", 0, NULL },
	{ "eta_Z_past", 0, NULL },
	{ "eta_no_micros_offset", 0, NULL },
	{ "retries_absent_root_absent", 0, NULL },
	{ "timelimit_scalar_floats", 0, NULL },
	{ "id_not_uuid", 0, NULL },
	{ "priority_string", 0, NULL },
	{ "no_properties_delivery_info", EBADMSG,
	    "properties: no delivery_info with exchange and routing_key" },
	{ "no_delivery_tag", EBADMSG, "properties: no delivery_tag" },
	{ "no_id_header", EBADMSG, "header: id: there is none" },
	{ "no_task_header", EBADMSG, "task: there is no name" },
	{ "no_content_type", EBADMSG, "message: no content-type" },
	{ "content_type_pickle", ENOTSUP, "a pickle" },
	{ "bad_json_body", EBADMSG, "body: not JSON: want " },
	{ "kwargs_not_mapping", EBADMSG,
	    "body: kwargs: want an object, found an array" }
};

static void
judge(struct fixture *f, const char *name, const char *text)
{
	size_t i;
	int rv;

	for (i = 0; strcmp(by_hand[i].name, name) != 0; i++)
		assert_true(i + 1 < T_COUNT(by_hand));
	rv = tq_celery_envelope_decode(&f->env, &f->mem, text, strlen(text),
	    &f->bounds, &f->e);
	if (rv == 0)
		rv = tq_celery_task_decode(&f->task, &f->mem, &f->env,
		    &f->bounds, &f->e);
	if (rv == 0 && by_hand[i].num == 0)
		return;
	if (rv == 0 || f->e.num != by_hand[i].num ||
	    strstr(f->e.text, by_hand[i].says) == NULL)
		fail_msg("%s: %s", name, rv == 0 ? "decodes" : f->e.text);
}

static void
read_by_hand(struct fixture *f, const json_t *v)
{
	const char *name;
	json_t *entry, *m;
	char *text;

	json_object_foreach((json_t *)(uintptr_t)v, name, entry) {
		if ((m = json_object_get(entry, "message")) == NULL)
			continue;
		text = json_dumps(m, 0);
		judge(f, name, tq_arena_copy(&f->mem, text, strlen(text)));
		free(text);
		f->n++;
	}
}

static void
messages_that_kill_workers_are_refused(void **state)
{
	struct fixture *f = *state;

	each_file(f, VECTORS "minimal-peer", read_by_hand);
	assert_int_equal(f->n, 2 * T_COUNT(by_hand));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    messages_of_celery_5_2_on_redis, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    messages_of_celery_5_6_on_redis, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    messages_of_celery_on_rabbitmq, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    results_of_both_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    events_singly_and_in_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    control_requests_and_replies, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    envelopes_on_other_transports, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    messages_that_kill_workers_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
