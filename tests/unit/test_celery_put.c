/*
 * Unit tests of lib/message/celery_put.c: batches of tasks as Celery clients
 * send them.  The captured messages of such clients are the measure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/celery_route.h"
#include "tests/lib/celery.h"
#include "tests/lib/t.h"

#define VECTORS	"tests/vectors/celery/redis-msg/"
#define ID(n) "000000" n "-0000-4000-8000-000000000000"
#define TASKS	8

struct fixture {
	struct t_site	 s;
	struct tq_task	 task[TASKS];
	struct tq_id	 ids[TASKS];
	const char	*argv[TASKS][4];
	const char	*after[TASKS][2];
	size_t		 n;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	t_site_init(&f.s);
	f.s.facts.flags = TQ_CELERY_SITE_ZERO_FIRST;
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	t_site_fini(&f->s);
	return 0;
}

/* ---- building -------------------------------------------------------- */

/* Another named task of the batch with up to three JSON operands. */
static struct tq_task *
more(struct fixture *f, const char *id, const char *name, const char *a,
    const char *b)
{
	struct tq_task *t = &f->task[f->n];

	tq_task_init(t);
	t->kind = TQ_KIND_NAMED;
	t->name = name;
	t->flags = TQ_TASK_JSON;
	t->queue = "celery";
	t->argv = f->argv[f->n];
	if (a != NULL)
		f->argv[f->n][t->argc++] = a;
	if (b != NULL)
		f->argv[f->n][t->argc++] = b;
	strcpy(f->ids[f->n++].s, id);
	return t;
}

static struct tq_task *
more_group(struct fixture *f, const char *id)
{
	struct tq_task *t = more(f, id, NULL, NULL, NULL);

	t->kind = TQ_KIND_GROUP;
	t->flags = 0;
	return t;
}

/* It waits for one of that id; piped: and is given its result. */
static struct tq_task *
wait_for(struct fixture *f, struct tq_task *t, const char *id, int piped)
{
	f->after[t - f->task][0] = id;
	t->after = f->after[t - f->task];
	t->nafter = 1;
	if (piped)
		t->pipe = id;
	return t;
}

static int
try_put(struct fixture *f)
{
	struct tq_celery_plan plan;
	int rv;

	tq_arena_reset(&f->s.mem);
	tq_celery_plan_init(&plan, &f->s.mem);
	rv = tq_celery_put(&plan, f->task, f->ids, f->n, &f->s.facts, &f->e);
	if (rv == 0)
		t_site_do(&f->s, &plan);
	f->n = 0;
	return rv;
}

static void
put(struct fixture *f)
{
	if (try_put(f) == -1)
		fail_msg("%s", f->e.text);
}

/* ---- against what clients sent --------------------------------------- */

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static json_t *
body_of(const json_t *envelope)
{
	const char *p = json_string_value(json_object_get(envelope, "body"));
	char *out = calloc(1, strlen(p) + 1);
	unsigned bits = 0, n = 0;
	size_t k = 0;
	json_t *v;

	for (; *p != '\0' && *p != '='; p++) {
		bits = bits << 6 | (unsigned)(strchr(base64, *p) - base64);
		if ((n += 6) >= 8)
			out[k++] = (char)(bits >> (n -= 8) & 0xff);
	}
	v = json_loadb(out, k, 0, NULL);
	assert_non_null(v);
	free(out);
	return v;
}

/* Reply queues of our own have no name: leave them out, however deep. */
static void
drop_replies(json_t *v)
{
	const char *name;
	json_t *e;
	size_t k;

	json_object_del(v, "reply_to");
	json_object_foreach(v, name, e)
		drop_replies(e);
	json_array_foreach(v, k, e)
		drop_replies(e);
}

static void
set_text(json_t *from, json_t *to, const char *name)
{
	if (json_is_string(json_object_get(from, name)) &&
	    json_is_string(json_object_get(to, name)))
		json_object_set(to, name, json_object_get(from, name));
}

/* What of a message must be the same. */
static char *
essence(json_t *envelope, json_t *model)
{
	json_t *h = json_object_get(envelope, "headers");
	json_t *p = json_object_get(envelope, "properties");
	json_t *mh = json_object_get(model, "headers"), *body, *all;
	char *out;

	json_object_del(h, "origin");
	json_object_del(h, "lang");
	/* groups without an id of their own, and times */
	set_text(mh, h, "group");
	set_text(mh, h, "eta");
	set_text(mh, h, "expires");
	body = body_of(envelope);
	drop_replies(body);
	all = json_pack("{s:O, s:o, s:O, s:O}", "headers", h, "body", body,
	    "priority", json_object_get(p, "priority"),
	    "delivery_info", json_object_get(p, "delivery_info"));
	out = json_dumps(all, JSON_SORT_KEYS);
	json_decref(all);
	return out;
}

/* The queue holds the messages of a vector, oldest first. */
static void
assert_sent(struct fixture *f, const char *name)
{
	json_t *list, *ours, *theirs, *v, *entry;
	char path[256], *a, *b;
	const char *key;
	json_error_t why;
	size_t k, n;

	snprintf(path, sizeof(path), VECTORS "%s.json", name);
	if ((v = json_load_file(path, 0, &why)) == NULL)
		fail_msg("%s: %s", path, why.text);
	list = NULL;
	json_object_foreach(json_object_get(v, "broker_keys"), key, entry) {
		if (strcmp(json_string_value(json_object_get(entry, "type")),
		    "list") == 0)
			list = json_object_get(entry, "value");
	}
	n = json_array_size(list);
	json_array_extend(f->s.queue, f->s.delayed);
	assert_int_equal(json_array_size(f->s.queue), n);
	for (k = 0; k < n; k++) {
		theirs = json_loads(json_string_value(json_array_get(list,
		    n - 1 - k)), 0, NULL);
		ours = json_loads(json_string_value(json_array_get(
		    f->s.queue, k)), 0, NULL);
		b = essence(ours, theirs);
		a = essence(theirs, theirs);
		assert_string_equal(b, a);
		free(a);
		free(b);
		json_decref(ours);
		json_decref(theirs);
	}
	json_decref(v);
}

static void
one_task(void **state)
{
	struct fixture *f = *state;

	more(f, ID("01"), "cap.add", "2", "3");
	put(f);
	assert_sent(f, "simple");
}

static void
chain_by_pipes(void **state)
{
	struct fixture *f = *state;

	more(f, ID("81"), "cap.add", "1", "2");
	wait_for(f, more(f, ID("82"), "cap.add", "10", NULL), ID("81"), 1);
	wait_for(f, more(f, ID("83"), "cap.add", "100", NULL), ID("82"), 1);
	put(f);
	assert_sent(f, "chain3");
}

static void
group_and_its_meta(void **state)
{
	struct fixture *f = *state;

	more_group(f, ID("99"));
	more(f, ID("90"), "cap.add", "0", "0")->group = ID("99");
	more(f, ID("91"), "cap.add", "1", "1")->group = ID("99");
	more(f, ID("92"), "cap.add", "2", "2")->group = ID("99");
	put(f);
	assert_sent(f, "group3");
	assert_string_equal(json_string_value(json_object_get(f->s.groups,
	    ID("99"))), "{\"result\": [[\"" ID("99") "\", null], [[[\""
	    ID("90") "\", null], null], [[\"" ID("91") "\", null], null], "
	    "[[\"" ID("92") "\", null], null]]]}");
}

static void
put_chord(struct fixture *f)
{
	more_group(f, "gid");
	more(f, ID("a0"), "cap.add", "0", "0")->group = "gid";
	more(f, ID("a1"), "cap.add", "1", "1")->group = "gid";
	more(f, ID("a2"), "cap.add", "2", "2")->group = "gid";
	wait_for(f, more(f, ID("af"), "cap.tsum", NULL, NULL), "gid", 1);
	put(f);
}

static void
chord_and_its_size(void **state)
{
	struct fixture *f = *state;

	put_chord(f);
	assert_sent(f, "chord3");
	assert_int_equal(json_integer_value(json_object_get(f->s.sizes,
	    "gid")), 3);
	assert_int_equal(json_object_size(f->s.groups), 0);
}

static void
chord_runs(void **state)
{
	struct fixture *f = *state;

	put_chord(f);
	t_site_run(&f->s);
	assert_string_equal(t_site_result(&f->s, ID("af")), "SUCCESS 6");
}

static void
errback_is_given_the_id(void **state)
{
	struct fixture *f = *state;

	more(f, "a", "cap.fail", "\"bad\"", NULL);
	wait_for(f, more(f, "b", "cap.errback", NULL, NULL), "a", 0)->when =
	    TQ_WHEN_FAIL;
	put(f);
	t_site_run(&f->s);
	assert_string_equal(t_site_result(&f->s, "b"),
	    "SUCCESS \"errback for a\"");
}

static void
several_that_wait_are_callbacks(void **state)
{
	struct fixture *f = *state;

	more(f, "a", "cap.add", "1", NULL);
	wait_for(f, more(f, "b", "cap.add", "10", NULL), "a", 1);
	wait_for(f, more(f, "c", "cap.add", "100", NULL), "a", 0);
	wait_for(f, more(f, "d", "cap.add", "1000", NULL), "b", 1);
	put(f);
	t_site_run(&f->s);
	assert_string_equal(t_site_result(&f->s, "b"), "SUCCESS 11");
	assert_string_equal(t_site_result(&f->s, "c"), "SUCCESS 100");
	assert_string_equal(t_site_result(&f->s, "d"), "SUCCESS 1011");
}

static void
body_of_a_chord_goes_on_as_a_chain(void **state)
{
	struct fixture *f = *state;

	more_group(f, "gid");
	more(f, "m", "cap.add", "3", NULL)->group = "gid";
	wait_for(f, more(f, "body", "cap.tsum", NULL, NULL), "gid", 1);
	wait_for(f, more(f, "next", "cap.add", "100", NULL), "body", 1);
	put(f);
	t_site_run(&f->s);
	assert_string_equal(t_site_result(&f->s, "next"), "SUCCESS 103");
}

static void
chord_of_nothing_runs_its_body(void **state)
{
	struct fixture *f = *state;

	more_group(f, "gid");
	wait_for(f, more(f, "body", "cap.identity", NULL, NULL), "gid", 1);
	put(f);
	t_site_run(&f->s);
	assert_string_equal(t_site_result(&f->s, "body"), "SUCCESS []");
}

/* ---- options --------------------------------------------------------- */

static void
priority_is_urgent_from_zero_on_redis(void **state)
{
	struct fixture *f = *state;

	more(f, ID("70"), "cap.add", "0", "0")->pri = TQ_PRI_DEFAULT;
	put(f);
	assert_sent(f, "priority_0");
	json_array_clear(f->s.queue);
	more(f, ID("79"), "cap.add", "9", "9")->pri = 0;
	put(f);
	assert_sent(f, "priority_9");
}

static void
limits_are_hard_then_soft(void **state)
{
	struct fixture *f = *state;
	struct tq_task *t = more(f, ID("e1"), "cap.add", "2", "3");

	t->soft = 20 * TQ_SECOND;
	t->hard = 30 * TQ_SECOND;
	put(f);
	assert_sent(f, "time_limits");
}

static void
routes_hold_where_no_queue_is_said(void **state)
{
	static const char text[] = "# ours\n\n cap.a*\timages \r\n* other";
	struct fixture *f = *state;
	const struct tq_celery_route *r;
	size_t n;

	assert_int_equal(tq_celery_routes_parse(&r, &n, &f->s.mem, text,
	    &f->e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(tq_celery_route(r, n, "cap.add"), "images");
	assert_string_equal(tq_celery_route(r, n, "cap.sub"), "other");
	assert_null(tq_celery_route(r, 1, "cap.sub"));
	assert_int_equal(tq_celery_routes_parse(&r, &n, &f->s.mem,
	    "a b\nonly-one\n", &f->e), -1);
	assert_int_equal(f->e.num, EINVAL);
	assert_string_equal(f->e.text, "TQ_ROUTES:2: 'only-one' is not a glob "
	    "and a queue");
	assert_int_equal(tq_celery_routes_parse(&r, &n, &f->s.mem, "a b c",
	    &f->e), -1);
	assert_int_equal(tq_celery_routes_parse(&r, &n, &f->s.mem, "a b/c",
	    &f->e), -1);
}

static void
queue_is_said_where_it_is_not_the_usual_one(void **state)
{
	static const struct tq_celery_route routes[] = { { "*", "routed" } };
	struct fixture *f = *state;

	more(f, "a", "cap.add", NULL, NULL)->queue = "mine";
	wait_for(f, more(f, "b", "cap.add", NULL, NULL), "a", 1)->queue =
	    "other";
	wait_for(f, more(f, "c", "cap.add", NULL, NULL), "b", 1);
	put(f);
	assert_non_null(strstr(json_string_value(json_array_get(f->s.queue,
	    0)), "\"routing_key\": \"mine\""));
	assert_true(t_site_step(&f->s));
	assert_non_null(strstr(json_string_value(json_array_get(f->s.queue,
	    0)), "\"routing_key\": \"other\""));
	/* the worker's own routes lead where nothing is said */
	f->s.facts.routes = routes;
	f->s.facts.nroutes = 1;
	assert_true(t_site_step(&f->s));
	assert_non_null(strstr(json_string_value(json_array_get(f->s.queue,
	    0)), "\"routing_key\": \"routed\""));
}

static void
policy_is_refused_unless_all_workers_are_ours(void **state)
{
	struct fixture *f = *state;

	more(f, "a", "cap.add", NULL, NULL)->retries = 3;
	assert_int_equal(try_put(f), -1);
	assert_int_equal(f->e.num, ENOTSUP);
	assert_int_equal(strncmp(f->e.text, "-r: ", 4), 0);
	f->s.facts.flags |= TQ_CELERY_SITE_TQ;
	more(f, "a", "cap.add", NULL, NULL)->retries = 3;
	wait_for(f, more(f, "b", "cap.add", NULL, NULL), "a", 1)->retries = 5;
	put(f);
	assert_non_null(strstr(json_string_value(json_array_get(f->s.queue,
	    0)), "\"tq\": {\"retries\": 3}"));
	assert_true(t_site_step(&f->s));
	assert_non_null(strstr(json_string_value(json_array_get(f->s.queue,
	    0)), "\"tq\": {\"retries\": 5}"));
}

static void
assert_refused(struct fixture *f, const char *option)
{
	assert_int_equal(try_put(f), -1);
	assert_int_equal(f->e.num, ENOTSUP);
	if (strncmp(f->e.text, option, strlen(option)) != 0)
		fail_msg("%s: %s", option, f->e.text);
	assert_int_equal(json_array_size(f->s.queue), 0);
}

static void
shapes_that_celery_has_not_are_refused(void **state)
{
	struct fixture *f = *state;

	wait_for(f, more(f, "b", "cap.add", NULL, NULL), "before", 0);
	assert_refused(f, "-A: ");

	more(f, "a", "cap.add", NULL, NULL);
	wait_for(f, more(f, "b", "cap.add", NULL, NULL), "a", 0)->when =
	    TQ_WHEN_ANY;
	assert_refused(f, "-D any: ");

	more_group(f, "g");
	wait_for(f, more(f, "b", "cap.add", NULL, NULL), "g", 0);
	wait_for(f, more(f, "c", "cap.add", NULL, NULL), "g", 0);
	assert_refused(f, "-A: ");

	wait_for(f, more(f, "a", "cap.add", NULL, NULL), "b", 0);
	wait_for(f, more(f, "b", "cap.add", NULL, NULL), "a", 0);
	assert_refused(f, "-A: ");

	more(f, "a", "cap.add", NULL, NULL)->group = "elsewhere";
	assert_refused(f, "--group: ");

	more_group(f, "g")->flags = TQ_TASK_OPEN;
	assert_refused(f, "--group: ");
}

/* ---- commands -------------------------------------------------------- */

/* The body that the next message gives its command. */
static void
assert_stdin(struct fixture *f, const char *text)
{
	struct tq_celery_bounds bounds;
	struct tq_celery_envelope env;
	struct tq_celery_work work;
	struct tq_celery_task m;
	struct tq_task task;
	json_t *v = json_array_get(f->s.queue, 0);

	assert_non_null(v);
	tq_celery_bounds_init(&bounds);
	assert_int_equal(tq_celery_envelope_decode(&env, &f->s.mem,
	    json_string_value(v), json_string_length(v), &bounds, &f->e), 0);
	assert_int_equal(tq_celery_task_decode(&m, &f->s.mem, &env, &bounds,
	    &f->e), 0);
	assert_int_equal(tq_celery_look(&work, &f->s.mem, &m, &f->s.facts,
	    &f->e), 0);
	assert_int_equal(work.next, TQ_CELERY_RUN);
	if (tq_celery_task_view(&task, &f->s.mem, work.task, &f->e) == -1)
		fail_msg("%s", f->e.text);
	assert_int_equal(task.kind, TQ_KIND_SHELL);
	assert_int_equal(task.body.n, strlen(text));
	assert_memory_equal(task.body.p, text, task.body.n);
}

/* The next message has run, and that is its result. */
static void
settle_as(struct fixture *f, const char *result)
{
	f->s.result = result;
	assert_true(t_site_step(&f->s));
	f->s.result = NULL;
}

static struct tq_task *
more_shell(struct fixture *f, const char *id, const char *line)
{
	struct tq_task *t = more(f, id, NULL, line, NULL);

	t->kind = TQ_KIND_SHELL;
	t->flags = 0;
	return t;
}

static void
command_reads_what_it_is_piped(void **state)
{
	struct fixture *f = *state;

	more_shell(f, "a", "true");
	wait_for(f, more_shell(f, "b", "cat"), "a", 1);
	put(f);
	settle_as(f, "\"two\\nlines\"");
	assert_stdin(f, "two\nlines\n");
}

/* A group of two commands and a third behind it, whose flags are given. */
static void
put_commands(struct fixture *f, unsigned flags)
{
	more_group(f, "gid");
	more_shell(f, "m1", "true")->group = "gid";
	more_shell(f, "m2", "true")->group = "gid";
	wait_for(f, more_shell(f, "body", "cat"), "gid", 1)->flags = flags;
	put(f);
	settle_as(f, "\"x y\"");
	settle_as(f, "7");
}

static void
command_after_a_chord_reads_json(void **state)
{
	put_commands(*state, TQ_TASK_CHORD);
	assert_stdin(*state, "\"x y\"\n7\n");
}

static void
command_piped_from_a_group_reads_what_was_written(void **state)
{
	put_commands(*state, 0);
	assert_stdin(*state, "x y\n7\n");
}

static void
string_behind_a_named_task_is_a_call(void **state)
{
	struct fixture *f = *state;

	more(f, "a", "cap.add", "2", "3");
	wait_for(f, more_shell(f, "b", " cap.identity  x {\"k\":1} "), "a", 1);
	wait_for(f, more_shell(f, "c", "cap.errback"), "a", 0)->when =
	    TQ_WHEN_FAIL;
	put(f);
	t_site_run(&f->s);
	assert_int_equal(t_site_ran(&f->s,
	    "cap.identity [5,\"x\",{\"k\":1}]"), 1);
	assert_int_equal(json_array_size(f->s.ran), 2);

	more(f, "a", "cap.add", "2", "3");
	wait_for(f, more_shell(f, "b", "./run this"), "a", 1);
	assert_int_equal(try_put(f), -1);
	assert_int_equal(f->e.num, EINVAL);
	assert_string_equal(f->e.text, "'./run' follows a named task and is "
	    "not the name of one");
}

static void
call_takes_json_whole(void **state)
{
	struct fixture *f = *state;

	more(f, "a", "cap.add", "2", "3");
	wait_for(f, more_shell(f, "b", "cap.identity \"x \\\" y\" {\"k\": "
	    "[1, 2]} [draft x\"y z 5"), "a", 1);
	put(f);
	t_site_run(&f->s);
	assert_int_equal(t_site_ran(&f->s, "cap.identity [5,\"x \\\" y\","
	    "{\"k\":[1,2]},\"[draft\",\"x\\\"y\",\"z\",5]"), 1);

	more(f, "a", "cap.add", "2", "3");
	wait_for(f, more_shell(f, "b", "cap.identity \"x y"), "a", 1);
	assert_int_equal(try_put(f), -1);
	assert_int_equal(f->e.num, EINVAL);
	assert_string_equal(f->e.text, "'\"x' begins as a string of JSON, "
	    "and is none");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_task),
		TEST(chain_by_pipes),
		TEST(group_and_its_meta),
		TEST(chord_and_its_size),
		TEST(chord_runs),
		TEST(errback_is_given_the_id),
		TEST(several_that_wait_are_callbacks),
		TEST(body_of_a_chord_goes_on_as_a_chain),
		TEST(chord_of_nothing_runs_its_body),
		TEST(priority_is_urgent_from_zero_on_redis),
		TEST(limits_are_hard_then_soft),
		TEST(routes_hold_where_no_queue_is_said),
		TEST(queue_is_said_where_it_is_not_the_usual_one),
		TEST(policy_is_refused_unless_all_workers_are_ours),
		TEST(shapes_that_celery_has_not_are_refused),
		TEST(command_reads_what_it_is_piped),
		TEST(command_after_a_chord_reads_json),
		TEST(command_piped_from_a_group_reads_what_was_written),
		TEST(string_behind_a_named_task_is_a_call),
		TEST(call_takes_json_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
