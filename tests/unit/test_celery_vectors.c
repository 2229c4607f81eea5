/*
 * Messages that real Celery wrote (tests/vectors/celery), each of them: they
 * decode, and encode again to what Python would read the same.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/message/celery.h"
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

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	tq_arena_init(&f.mem);
	tq_celery_bounds_init(&f.bounds);
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
	if (json_object_get(json_object_get(message, "headers"),
	    "compression") != NULL && f->bounds.unpack == NULL) {
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    messages_of_celery_5_2_on_redis, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    messages_of_celery_5_6_on_redis, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
