/* Unit tests of lib/message/celery_view.c, celery_policy.c, celery_sig.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/message/celery.h"
#include "lib/message/celery_sig.h"
#include "tests/lib/celery.h"
#include "tests/lib/t.h"

struct fixture {
	struct tq_arena	 mem;
	struct tq_celery_bounds bounds;
	struct tq_celery_task m;
	struct tq_task	 t, back;
	struct tq_celery_sig sig;
	struct tq_err	 e;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	tq_arena_init(&f.mem);
	tq_celery_bounds_init(&f.bounds);
	tq_celery_task_init(&f.m);
	f.m.task = "proj.add";
	f.m.id = "id-1";
	tq_task_init(&f.t);
	f.t.id = "id-1";
	f.t.kind = TQ_KIND_NAMED;
	f.t.name = "proj.add";
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

/* Checked JSON, as slices of messages are. */
static struct tq_bytes
json(struct fixture *f, const char *text)
{
	return t_json(text, &f->bounds.body);
}

static void
view(struct fixture *f)
{
	if (tq_celery_task_view(&f->back, &f->mem, &f->m, &f->e) == -1)
		fail_msg("%s", f->e.text);
}

static void
assert_no_view(struct fixture *f, int num, const char *says)
{
	assert_int_equal(tq_celery_task_view(&f->back, &f->mem, &f->m,
	    &f->e), -1);
	assert_int_equal(f->e.num, num);
	if (strstr(f->e.text, says) == NULL)
		fail_msg("'%s' does not say '%s'", f->e.text, says);
}

/* The task put, sent, received and viewed. */
static void
travel(struct fixture *f)
{
	struct tq_celery_envelope out, in;
	struct tq_celery_task m;
	struct tq_buf b;

	tq_buf_init(&b);
	assert_int_equal(tq_task_check(&f->t, &f->e), 0);
	if (tq_celery_task_from(&m, &f->mem, &f->t, &f->e) == -1 ||
	    tq_celery_task_wrap(&out, &f->mem, &m, 0, &f->e) == -1)
		fail_msg("%s", f->e.text);
	out.delivery_tag = "tag";
	tq_celery_envelope_encode(&b, &out);
	assert_true(tq_buf_ok(&b));
	/* what is decoded borrows from the text */
	if (tq_celery_envelope_decode(&in, &f->mem,
	    tq_arena_copy(&f->mem, b.p, b.n), b.n, &f->bounds, &f->e) == -1 ||
	    tq_celery_task_decode(&f->m, &f->mem, &in, &f->bounds,
	    &f->e) == -1)
		fail_msg("%s", f->e.text);
	tq_buf_fini(&b);
	view(f);
}

static void
assert_strings(int n, const char *const *got, const char *const *want)
{
	int i;

	for (i = 0; i < n; i++)
		assert_string_equal(got[i], want[i]);
	assert_null(got[n]);
}

/* ---- ids -------------------------------------------------------------- */

static void
id_of_tq_is_its_own_name(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(tq_celery_id_name(&f->mem, "a b/\xc3\xa9"),
	    "a b/\xc3\xa9");
	assert_false(tq_celery_id_is_made("a b"));
}

static void
other_ids_have_a_name_in_one_line(void **state)
{
	struct fixture *f = *state;
	const char *name = tq_celery_id_name(&f->mem, "a\nb");

	assert_true(tq_id_valid(name));
	assert_true(tq_celery_id_is_made(name));
	assert_string_equal(name, tq_celery_id_name(&f->mem, "a\nb"));
	assert_string_not_equal(name, tq_celery_id_name(&f->mem, "a\nc"));
	assert_string_equal(name, "tq-d43e04a2-099b-81a6-8338-b3996f852cfd");
}

static void
view_has_names_of_ids_and_the_message_the_ids(void **state)
{
	struct fixture *f = *state;
	struct tq_celery_envelope env;
	char id[300];

	memset(id, 'x', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	f->m.id = id;
	f->m.parent_id = "p\tq";
	f->m.root_id = "root";
	view(f);
	assert_true(tq_celery_id_is_made(f->back.id));
	assert_true(tq_celery_id_is_made(f->back.parent));
	assert_string_equal(f->back.root, "root");
	assert_int_equal(tq_celery_task_wrap(&env, &f->mem, &f->m, 0, &f->e),
	    0);
	assert_string_equal(env.correlation_id, id);
}

static void
message_without_id_is_not_sent(void **state)
{
	struct fixture *f = *state;
	struct tq_celery_envelope env;

	f->m.id = "";
	assert_int_equal(tq_celery_task_wrap(&env, &f->mem, &f->m, 0, &f->e),
	    -1);
	assert_int_equal(f->e.num, EBADMSG);
}

/* ---- view ------------------------------------------------------------- */

static void
view_has_operands_as_compact_json(void **state)
{
	static const char *const args[] = {
		"2", "\"a b\"", "[1,{\"x\":null}]", "1.10",
		"123456789012345678901234567890", "NaN"
	}, *const kwargs[] = { "k=true", "\xc3\xa4=1e999" };
	struct fixture *f = *state;

	f->m.args = json(f, "[2, \"a b\", [1, {\"x\": null}], 1.10, "
	    "123456789012345678901234567890, NaN]");
	f->m.kwargs = json(f, "{\"k\": true, \"\\u00e4\": 1e999}");
	view(f);
	assert_int_equal(f->back.kind, TQ_KIND_NAMED);
	assert_int_equal(f->back.flags, TQ_TASK_JSON);
	assert_int_equal(f->back.argc, 6);
	assert_strings(6, f->back.argv, args);
	assert_int_equal(f->back.kwc, 2);
	assert_strings(2, f->back.kwargs, kwargs);
}

static void
view_takes_the_last_of_two_kwargs(void **state)
{
	static const char *const kwargs[] = { "a=3", "b=2" };
	struct fixture *f = *state;

	f->m.kwargs = json(f, "{\"a\": 1, \"b\": 2, \"a\": 3}");
	view(f);
	assert_int_equal(f->back.kwc, 2);
	assert_strings(2, f->back.kwargs, kwargs);
}

static void
view_keeps_the_types_of_values(void **state)
{
	static const char *const args[] = {
		"{\"__type__\":\"decimal\",\"__value__\":\"1.50\"}",
		"{\"__type__\":\"new\",\"__value__\":1}"
	};
	struct fixture *f = *state;

	f->m.args = json(f, "[{\"__type__\": \"decimal\", \"__value__\": "
	    "\"1.50\"}, {\"__type__\": \"new\", \"__value__\": 1}]");
	view(f);
	assert_strings(2, f->back.argv, args);
}

static void
view_of_a_name_no_handler_has_is_enoent(void **state)
{
	struct fixture *f = *state;

	f->m.task = "../add";
	assert_no_view(f, ENOENT, "'../add' is not a task name");
}

static void
view_refuses_kwargs_no_handler_can_have(void **state)
{
	struct fixture *f = *state;

	f->m.kwargs = json(f, "{\"a=b\": 1}");
	assert_no_view(f, EBADMSG, "'a=b' is not the name of an argument");
	f->m.kwargs = json(f, "{\"a\\u0000\": 1}");
	assert_no_view(f, EBADMSG, "holds a NUL");
	f->m.kwargs = json(f, "{\"\\ud800\": 1}");
	assert_no_view(f, EBADMSG, "half a surrogate pair");
}

static void
view_refuses_policy_of_a_newer_tq(void **state)
{
	struct fixture *f = *state;

	f->m.tq = json(f, "{\"retries\": 3, \"magic\": 1}");
	assert_no_view(f, EBADMSG, "\"magic\" is of a newer tq");
}

static void
view_checks_policy_as_a_put_would(void **state)
{
	struct fixture *f = *state;

	f->m.tq = json(f, "{\"umask\": \"9\"}");
	assert_no_view(f, EBADMSG, "umask '9'");
	f->m.tq = json(f, "{\"dir\": \"here\"}");
	assert_no_view(f, EBADMSG, "directory 'here'");
	f->m.tq = json(f, "{\"retries\": -1}");
	assert_no_view(f, EBADMSG, "retries: want a whole number");
	f->m.tq = json(f, "{\"limits\": \"mem=much\"}");
	assert_no_view(f, EBADMSG, "much");
}

static void
view_drops_a_soft_limit_behind_the_hard_one(void **state)
{
	struct fixture *f = *state;

	f->m.hard = 5 * TQ_SECOND;
	f->m.soft = 9 * TQ_SECOND;
	view(f);
	assert_int_equal(f->back.soft, 0);
	assert_int_equal(f->back.hard, 5 * TQ_SECOND);
}

/* ---- there and back --------------------------------------------------- */

static void
named_task_travels_whole(void **state)
{
	static const char *const argv[] = { "1", "[\"x\"]" };
	static const char *const kwargs[] = { "k={\"a\":1}" };
	struct fixture *f = *state;

	f->t.flags = TQ_TASK_JSON | TQ_TASK_NORESULT;
	f->t.argc = 2;
	f->t.argv = argv;
	f->t.kwc = 1;
	f->t.kwargs = kwargs;
	f->t.label = "a label";
	f->t.parent = "p";
	f->t.root = "r";
	f->t.eta = 1795420960 * TQ_SECOND + 1;
	f->t.expires = 1795420970 * TQ_SECOND;
	f->t.soft = TQ_SECOND / 2;
	f->t.hard = 20 * TQ_SECOND;
	travel(f);
	assert_string_equal(f->back.name, "proj.add");
	assert_string_equal(f->back.id, "id-1");
	assert_string_equal(f->back.label, "a label");
	assert_string_equal(f->back.parent, "p");
	assert_string_equal(f->back.root, "r");
	assert_int_equal(f->back.flags, TQ_TASK_JSON | TQ_TASK_NORESULT);
	assert_int_equal(f->back.argc, 2);
	assert_string_equal(f->back.argv[1], "[\"x\"]");
	assert_string_equal(f->back.kwargs[0], "k={\"a\":1}");
	/* never before its time */
	assert_int_equal(f->back.eta, 1795420960 * TQ_SECOND + 1000);
	assert_int_equal(f->back.expires, 1795420970 * TQ_SECOND);
	assert_int_equal(f->back.soft, TQ_SECOND / 2);
	assert_int_equal(f->back.hard, 20 * TQ_SECOND);
	assert_int_equal(f->m.tq.n, 0);
}

/* The example of tq_message(5). */
static void
body_is_as_celery_writes_it(void **state)
{
	static const char *const argv[] = { "2", "3" };
	static const char want[] = "[[2, 3], {}, {\"callbacks\": null, "
	    "\"errbacks\": null, \"chain\": null, \"chord\": null}]";
	struct fixture *f = *state;
	struct tq_buf b;

	f->t.flags = TQ_TASK_JSON;
	f->t.argc = 2;
	f->t.argv = argv;
	assert_int_equal(tq_celery_task_from(&f->m, &f->mem, &f->t, &f->e),
	    0);
	tq_buf_init(&b);
	tq_celery_body_encode(&b, &f->m);
	assert_int_equal(b.n, strlen(want));
	assert_memory_equal(b.p, want, b.n);
	tq_buf_fini(&b);
}

static void
words_become_json_strings(void **state)
{
	static const char *const argv[] = { "2", "a\"b\n" };
	static const char *const kwargs[] = { "k=v=w" };
	struct fixture *f = *state;

	f->t.argc = 2;
	f->t.argv = argv;
	f->t.kwc = 1;
	f->t.kwargs = kwargs;
	travel(f);
	assert_string_equal(f->back.argv[0], "\"2\"");
	assert_string_equal(f->back.argv[1], "\"a\\\"b\\n\"");
	assert_string_equal(f->back.kwargs[0], "k=\"v=w\"");
}

static void
policy_travels_in_its_header(void **state)
{
	static const char *const needs[] = { "gpu=2", "slot=1", NULL };
	static const char *const env[] = { "A=b", "C=\xff", NULL };
	struct fixture *f = *state;

	f->t.retries = 3;
	f->t.backoff = TQ_SECOND / 2;
	f->t.factor = 1500;
	f->t.backoff_cap = 60 * TQ_SECOND;
	f->t.keep = 0;
	f->t.key = "k";
	f->t.on_key = TQ_KEY_FOLLOW;
	f->t.lane = "l";
	f->t.limits = "mem=1048576";
	f->t.needs = needs;
	f->t.nneeds = 2;
	f->t.flags = TQ_TASK_ONCE;
	f->t.dir = "/tmp";
	f->t.umask = 022;
	f->t.env = env;
	f->t.body.p = "a\0b";
	f->t.body.n = 3;
	travel(f);
	assert_int_equal(f->back.retries, 3);
	assert_int_equal(f->back.backoff, TQ_SECOND / 2);
	assert_int_equal(f->back.factor, 1500);
	assert_int_equal(f->back.backoff_cap, 60 * TQ_SECOND);
	assert_int_equal(f->back.keep, 0);
	assert_string_equal(f->back.key, "k");
	assert_int_equal(f->back.on_key, TQ_KEY_FOLLOW);
	assert_string_equal(f->back.lane, "l");
	assert_string_equal(f->back.limits, "mem=1048576");
	assert_int_equal(f->back.nneeds, 2);
	assert_strings(2, f->back.needs, needs);
	assert_int_equal(f->back.flags, TQ_TASK_ONCE | TQ_TASK_JSON);
	assert_string_equal(f->back.dir, "/tmp");
	assert_int_equal(f->back.umask, 022);
	assert_strings(2, f->back.env, env);
	assert_int_equal(f->back.body.n, 3);
	assert_memory_equal(f->back.body.p, "a\0b", 3);
}

static void
command_travels_as_tq_exec(void **state)
{
	static const char *const argv[] = { "ls", "-l", "\xff\xfe", "", NULL };
	struct fixture *f = *state;

	f->t.kind = TQ_KIND_COMMAND;
	f->t.name = NULL;
	f->t.argc = 4;
	f->t.argv = argv;
	f->t.dir = "/";
	travel(f);
	assert_string_equal(f->m.task, TQ_CELERY_EXEC);
	assert_int_equal(f->m.tq.n, 0);
	assert_int_equal(f->back.kind, TQ_KIND_COMMAND);
	assert_null(f->back.name);
	assert_int_equal(f->back.argc, 4);
	assert_strings(4, f->back.argv, argv);
	assert_string_equal(f->back.dir, "/");
}

static void
shell_string_travels_as_tq_exec(void **state)
{
	static const char *const argv[] = { "echo \"$1\"", "x", NULL };
	struct fixture *f = *state;

	f->t.kind = TQ_KIND_SHELL;
	f->t.name = NULL;
	f->t.argc = 2;
	f->t.argv = argv;
	travel(f);
	assert_int_equal(f->back.kind, TQ_KIND_SHELL);
	assert_int_equal(f->back.argc, 2);
	assert_strings(2, f->back.argv, argv);
}

static void
body_alone_travels_as_tq_exec(void **state)
{
	struct fixture *f = *state;

	f->t.kind = TQ_KIND_BODY;
	f->t.name = NULL;
	f->t.body.p = "text";
	f->t.body.n = 4;
	travel(f);
	assert_int_equal(f->back.kind, TQ_KIND_BODY);
	assert_int_equal(f->back.argc, 0);
	assert_int_equal(f->back.body.n, 4);
	assert_memory_equal(f->back.body.p, "text", 4);
}

static void
malformed_tq_exec_is_refused(void **state)
{
	struct fixture *f = *state;

	f->m.task = TQ_CELERY_EXEC;
	f->m.kwargs = json(f, "{\"argv\": []}");
	assert_no_view(f, EBADMSG, "argv has no command");
	f->m.kwargs = json(f, "{\"argv\": [\"ls\", 1]}");
	assert_no_view(f, EBADMSG, "argv: want a string or base 64");
	f->m.kwargs = json(f, "{\"argv\": [\"a\\u0000b\"]}");
	assert_no_view(f, EBADMSG, "argv holds a NUL");
	f->m.kwargs = json(f, "{\"shell\": \"x\", \"args\": {}}");
	assert_no_view(f, EBADMSG, "args: want an array");
}

/* ---- what cannot go --------------------------------------------------- */

static void
assert_not_sent(struct fixture *f, int num, const char *says)
{
	assert_int_equal(tq_celery_task_from(&f->m, &f->mem, &f->t, &f->e),
	    -1);
	assert_int_equal(f->e.num, num);
	assert_non_null(strstr(f->e.text, says));
}

static void
words_that_are_not_utf8_are_not_sent(void **state)
{
	static const char *const argv[] = { "\xff" };
	struct fixture *f = *state;

	f->t.argc = 1;
	f->t.argv = argv;
	assert_not_sent(f, EINVAL, "is not UTF-8");
}

static void
shapes_of_many_messages_are_not_sent_as_one(void **state)
{
	static const char *const after[] = { "other" };
	struct fixture *f = *state;

	f->t.after = after;
	f->t.nafter = 1;
	assert_not_sent(f, ENOTSUP, "-A");
	f->t.nafter = 0;
	f->t.pipe = "other";
	assert_not_sent(f, ENOTSUP, "-P");
	f->t.pipe = NULL;
	f->t.flags = TQ_TASK_HOLD;
	assert_not_sent(f, ENOTSUP, "--hold");
	f->t.flags = 0;
	f->t.kind = TQ_KIND_GROUP;
	assert_not_sent(f, ENOTSUP, "group");
}

static void
options_without_a_field_of_celery_are_named(void **state)
{
	struct fixture *f = *state;

	f->t.label = "l";
	f->t.eta = 1;
	f->t.hard = 1;
	assert_null(tq_celery_task_lacks(&f->t));
	f->t.retries = 0;
	assert_string_equal(tq_celery_task_lacks(&f->t), "-r");
	f->t.lane = "l";
	assert_string_equal(tq_celery_task_lacks(&f->t), "-S");
	f->t.flags = TQ_TASK_ONCE;
	assert_string_equal(tq_celery_task_lacks(&f->t), "--once");
}

/* ---- signatures ------------------------------------------------------- */

static const char sig_text[] = "{\"task\": \"proj.mul\", \"args\": [1], "
    "\"kwargs\": {}, \"options\": {\"task_id\": \"t\", \"queue\": \"q\", "
    "\"countdown\": 1.5, \"expires\": 60, \"x\": [1], \"link\": null}, "
    "\"subtask_type\": null, \"immutable\": true}";

static void
signature_has_its_options(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tq_celery_sig_decode(&f->sig, &f->mem,
	    json(f, sig_text), &f->e), 0);
	assert_string_equal(f->sig.task, "proj.mul");
	assert_memory_equal(f->sig.args.p, "[1]", f->sig.args.n);
	assert_int_equal(f->sig.immutable, 1);
	assert_string_equal(f->sig.task_id, "t");
	assert_string_equal(f->sig.queue, "q");
	assert_int_equal(f->sig.countdown, TQ_SECOND + TQ_SECOND / 2);
	assert_int_equal(f->sig.expires_in, 60 * TQ_SECOND);
	assert_int_equal(f->sig.expires, 0);
	assert_int_equal(f->sig.link.n, 0);
	assert_int_equal(f->sig.priority, TQ_CELERY_NONE);
	assert_int_equal(f->sig.nothers, 1);
	assert_memory_equal(f->sig.others[0].name.p, "\"x\"", 3);
}

static void
signature_has_the_nearest_priority(void **state)
{
	static const struct {
		const char	*in;
		int64_t		 want;
	} v[] = {
		{ "-1", 0 }, { "300", 9 }, { "5.9", 5 }, { "\"5\"", 5 },
		{ "true", 1 }, { "1e300", 9 }, { "\"x\"", TQ_CELERY_NONE },
		{ "null", TQ_CELERY_NONE }, { "[]", TQ_CELERY_NONE }
	};
	struct fixture *f = *state;
	char text[80];
	size_t i;

	for (i = 0; i < T_COUNT(v); i++) {
		snprintf(text, sizeof(text), "{\"task\": \"t\", \"options\": "
		    "{\"priority\": %s}}", v[i].in);
		assert_int_equal(tq_celery_sig_decode(&f->sig, &f->mem,
		    json(f, text), &f->e), 0);
		assert_int_equal(f->sig.priority, v[i].want);
	}
}

static void
signature_with_an_empty_id_has_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tq_celery_sig_decode(&f->sig, &f->mem, json(f,
	    "{\"task\": \"t\", \"options\": {\"task_id\": \"\"}}"), &f->e),
	    0);
	assert_null(f->sig.task_id);
}

static void
signature_encodes_what_it_says(void **state)
{
	static const char want[] = "{\"task\": \"proj.mul\", \"args\": [1], "
	    "\"kwargs\": {}, \"subtask_type\": null, \"options\": "
	    "{\"task_id\": \"t\", \"queue\": \"q\", \"countdown\": 1.5, "
	    "\"expires\": 60, \"x\": [1]}, \"immutable\": true}";
	struct fixture *f = *state;
	struct tq_buf b;

	assert_int_equal(tq_celery_sig_decode(&f->sig, &f->mem,
	    json(f, sig_text), &f->e), 0);
	tq_buf_init(&b);
	tq_celery_sig_encode(&b, &f->sig);
	assert_int_equal(b.n, strlen(want));
	assert_memory_equal(b.p, want, b.n);
	tq_buf_fini(&b);
}

static void
signature_without_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"[]", "{}", "{\"task\": 1}", "{\"task\": \"a\", \"args\": 1}",
		"{\"task\": \"a\", \"options\": []}",
		"{\"task\": \"a\", \"options\": {\"queue\": 5}}",
		"{\"task\": \"a\", \"options\": {\"countdown\": \"5\"}}",
		"{\"task\": \"a\", \"immutable\": \"yes\"}"
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < T_COUNT(bad); i++) {
		assert_int_equal(tq_celery_sig_decode(&f->sig, &f->mem,
		    json(f, bad[i]), &f->e), -1);
		assert_int_equal(f->e.num, EBADMSG);
	}
}

static void
one_signature_is_a_list_of_one(void **state)
{
	struct fixture *f = *state;
	const struct tq_bytes *list;
	size_t n;

	assert_int_equal(tq_celery_sig_list(&list, &n, &f->mem,
	    json(f, "{\"task\": \"a\"}"), &f->e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(tq_celery_sig_list(&list, &n, &f->mem,
	    json(f, "[{}, {}]"), &f->e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(tq_celery_sig_list(&list, &n, &f->mem,
	    json(f, "null"), &f->e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(tq_celery_sig_list(&list, &n, &f->mem,
	    json(f, "[1]"), &f->e), -1);
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(id_of_tq_is_its_own_name),
		T(other_ids_have_a_name_in_one_line),
		T(view_has_names_of_ids_and_the_message_the_ids),
		T(message_without_id_is_not_sent),
		T(view_has_operands_as_compact_json),
		T(view_takes_the_last_of_two_kwargs),
		T(view_keeps_the_types_of_values),
		T(view_of_a_name_no_handler_has_is_enoent),
		T(view_refuses_kwargs_no_handler_can_have),
		T(view_refuses_policy_of_a_newer_tq),
		T(view_checks_policy_as_a_put_would),
		T(view_drops_a_soft_limit_behind_the_hard_one),
		T(named_task_travels_whole),
		T(body_is_as_celery_writes_it),
		T(words_become_json_strings),
		T(policy_travels_in_its_header),
		T(command_travels_as_tq_exec),
		T(shell_string_travels_as_tq_exec),
		T(body_alone_travels_as_tq_exec),
		T(malformed_tq_exec_is_refused),
		T(words_that_are_not_utf8_are_not_sent),
		T(shapes_of_many_messages_are_not_sent_as_one),
		T(options_without_a_field_of_celery_are_named),
		T(signature_has_its_options),
		T(signature_has_the_nearest_priority),
		T(signature_with_an_empty_id_has_none),
		T(signature_encodes_what_it_says),
		T(signature_without_name_is_refused),
		T(one_signature_is_a_list_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
