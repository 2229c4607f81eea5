/*
 * What real Celery programs said to their servers, line by line: every
 * message, result, event and control message of the logs decodes.
 *
 * A log of redis-cli(1) MONITOR has commands with their words in C quotes; a
 * log of AMQP has frames as JSON, of a message its header before its body.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/message/celery.h"
#include "lib/message/celery_remote.h"
#include "lib/message/celery_result.h"
#include "tests/lib/celery.h"
#include "tests/lib/t.h"

#define VECTORS	"tests/vectors/celery/"

struct fixture {
	struct tq_arena	 mem;
	struct tq_celery_bounds bounds;
	struct tq_err	 e;
	const char	*file;
	/* by direction, connection, channel: their frames are mixed */
	struct tq_celery_envelope channel[2][64][4];
	int		 tasks, metas, events, requests, replies, parts;
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

/* Call visit for each line of each file of a folder. */
static void
each_line(struct fixture *f, const char *folder,
    void (*visit)(struct fixture *, char *))
{
	struct dirent **names;
	char path[T_PATH_MAX], *line = NULL;
	size_t cap = 0;
	FILE *in;
	int i, n;

	if ((n = scandir(folder, &names, NULL, alphasort)) == -1)
		fail_msg("%s: %s", folder, strerror(errno));
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
		    names[i]->d_name);
		f->file = path;
		if (names[i]->d_name[0] != '.') {
			assert_non_null(in = fopen(path, "r"));
			while (getline(&line, &cap, in) > 0)
				visit(f, line);
			fclose(in);
		}
		free(names[i]);
	}
	free(names);
	free(line);
}

/* ---- what a text is ---------------------------------------------------- */

static void
read_events(struct fixture *f, struct tq_bytes body)
{
	const struct tq_bytes *list;
	struct tq_celery_event ev;
	size_t i, n;

	assert_int_equal(tq_celery_event_list(&list, &n, &f->mem, body,
	    &f->e), 0);
	for (i = 0; i < n; i++) {
		if (tq_celery_event_decode(&ev, &f->mem, list[i], &f->e) ==
		    -1)
			fail_msg("%s: %s", f->file, f->e.text);
		f->events++;
	}
}

static void
read_meta(struct fixture *f, struct tq_bytes text)
{
	struct tq_celery_meta meta;

	if (tq_celery_meta_decode(&meta, &f->mem, text.p, text.n, &f->bounds,
	    &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	assert_non_null(meta.task_id);
	f->metas++;
}

static void
read_task(struct fixture *f, const struct tq_celery_envelope *env)
{
	struct tq_celery_task m;
	struct tq_task t;

	if (tq_celery_task_decode(&m, &f->mem, env, &f->bounds, &f->e) ==
	    -1 || tq_celery_task_view(&t, &f->mem, &m, &f->e) == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	f->tasks++;
}

static void
read_control(struct fixture *f, const struct tq_celery_envelope *env,
    int is_reply)
{
	struct tq_celery_request q;
	struct tq_celery_reply reply;
	int rv;

	rv = is_reply ? tq_celery_reply_decode(&reply, &f->mem, env,
	    &f->bounds, &f->e) : tq_celery_request_decode(&q, &f->mem, env,
	    &f->bounds, &f->e);
	if (rv == -1)
		fail_msg("%s: %s", f->file, f->e.text);
	if (is_reply)
		f->replies++;
	else
		f->requests++;
}

/* Any message: what it is stands in its headers or its body. */
static void
read_message(struct fixture *f, const struct tq_celery_envelope *env)
{
	struct tq_bytes body;

	if (tq_scan_get(env->headers, "task").n > 0) {
		read_task(f, env);
		return;
	}
	body = tq_celery_envelope_body(&f->mem, env, &f->bounds, &f->e);
	if (body.p == NULL)
		fail_msg("%s: %s", f->file, f->e.text);
	if (tq_scan_type(body) == TQ_SCAN_ARRAY ||
	    tq_scan_get(body, "type").n > 0)
		read_events(f, body);
	else if (tq_scan_get(body, "status").n > 0)
		read_meta(f, body);
	else
		read_control(f, env, tq_scan_get(body, "method").n == 0);
}

/* ---- Redis ------------------------------------------------------------- */

/* The word that begins at the quote *line, which is moved behind it. */
static struct tq_bytes
unquoted(struct fixture *f, char **line)
{
	static const char from[] = "nrtab", to[] = "\n\r\t\a\b";
	char *p = *line + 1, *out, hex[3] = "";
	struct tq_bytes word;
	const char *at;

	word.p = out = tq_arena_alloc(&f->mem, strlen(p) + 1);
	for (; *p != '"'; p++) {
		assert_true(*p != '\0');
		if (*p != '\\') {
			*out++ = *p;
		} else if (*++p == 'x') {
			memcpy(hex, p + 1, 2);
			*out++ = (char)strtol(hex, NULL, 16);
			p += 2;
		} else {
			at = strchr(from, *p);
			*out++ = at == NULL ? *p : to[at - from];
		}
	}
	*line = p + 1;
	word.n = (size_t)(out - word.p);
	return word;
}

static int
begins(struct tq_bytes word, const char *with)
{
	return word.n >= strlen(with) &&
	    memcmp(word.p, with, strlen(with)) == 0;
}

static void
read_word(struct fixture *f, struct tq_bytes word)
{
	struct tq_celery_envelope env;
	struct tq_celery_part part;

	/* of the hash `unacked`: [envelope, exchange, key] */
	if (begins(word, "[{\"body\"")) {
		assert_int_equal(tq_scan_check(&word, word.p, word.n,
		    &f->bounds.body, &f->e), 0);
		word = tq_scan_at(word, 0);
	}
	if (begins(word, "{\"body\"")) {
		if (tq_celery_envelope_decode(&env, &f->mem, word.p, word.n,
		    &f->bounds, &f->e) == -1)
			fail_msg("%s: %s", f->file, f->e.text);
		read_message(f, &env);
	} else if (begins(word, "{\"status\"")) {
		read_meta(f, word);
	} else if (begins(word, "[1, \"")) {
		assert_int_equal(tq_celery_part_decode(&part, &f->mem, word.p,
		    word.n, &f->bounds, &f->e), 0);
		f->parts++;
	}
}

static void
read_monitor(struct fixture *f, char *line)
{
	char *p = line;

	while ((p = strchr(p, '"')) != NULL)
		read_word(f, unquoted(f, &p));
	tq_arena_reset(&f->mem);
}

static void
all_that_redis_was_told(void **state)
{
	struct fixture *f = *state;

	each_line(f, VECTORS "redis-monitor", read_monitor);
	assert_int_equal(f->tasks, 36);
	assert_int_equal(f->metas, 28);
	assert_int_equal(f->events, 16);
	assert_int_equal(f->parts, 3);
	assert_int_equal(f->requests, 2);
	assert_int_equal(f->replies, 1);
}

/* ---- AMQP -------------------------------------------------------------- */

static const char *
property(struct fixture *f, const json_t *header, const char *name)
{
	const json_t *v = json_object_get(header, name);

	return v == NULL ? NULL : tq_arena_copy(&f->mem,
	    json_string_value(v), json_string_length(v));
}

static void
read_frame(struct fixture *f, char *line)
{
	json_t *frame = json_loads(line, JSON_ALLOW_NUL, NULL), *v;
	struct tq_celery_envelope *env;
	size_t conn, ch;

	assert_non_null(frame);
	conn = (size_t)json_integer_value(json_object_get(frame, "conn"));
	ch = (size_t)json_integer_value(json_object_get(frame, "ch"));
	assert_true(conn < 64 && ch < 4);
	env = &f->channel[*json_string_value(json_object_get(frame, "dir")) ==
	    'C'][conn][ch];
	if ((v = json_object_get(frame, "header")) != NULL) {
		tq_celery_envelope_init(env);
		env->content_type = property(f, v, "content_type");
		env->content_encoding = property(f, v, "content_encoding");
		env->headers = t_json_text(&f->mem, json_object_get(v,
		    "application_headers"));
	} else if ((v = json_object_get(frame, "body")) != NULL) {
		env->body.p = json_string_value(v);
		env->body.n = json_string_length(v);
		read_message(f, env);
	}
	json_decref(frame);
}

static void
all_that_rabbitmq_was_told(void **state)
{
	struct fixture *f = *state;

	each_line(f, VECTORS "amqp-wire", read_frame);
	each_line(f, VECTORS "amqp-wire-5.6", read_frame);
	assert_int_equal(f->tasks, 32);
	assert_int_equal(f->metas, 25);
	assert_int_equal(f->events, 35);
	assert_int_equal(f->requests, 5);
	assert_int_equal(f->replies, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_redis_was_told,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(all_that_rabbitmq_was_told,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
