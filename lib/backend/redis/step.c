/* From a plan to the words of a script: keys, messages, steps. */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/redis.h"
#include "base/clock.h"

/* a server hangs up on one of 1,048,577 words, or a word of over 512 MB */
#define WORDS_MAX	1000000
#define BYTES_MAX	((size_t)500 << 20)
#define EXPIRES		"86400"		/* result_expires of Celery, s */

/* ---- keys ------------------------------------------------------------ */

/* Up to five pieces as one string. */
static const char *
glue(struct tq_arena *mem, const char *a, const char *b, const char *c,
    const char *d, const char *f)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) +
	    strlen(f) + 1;
	char *s = tq_arena_alloc(mem, size);

	if (s != NULL)
		snprintf(s, size, "%s%s%s%s%s", a, b, c, d, f);
	return s;
}

size_t
tq_redis_glob(char *out, const char *prefix)
{
	size_t n = 0;

	for (; *prefix != '\0'; prefix++) {
		if (strchr("*?[\\", *prefix) != NULL)
			out[n++] = '\\';
		out[n++] = *prefix;
	}
	out[n] = '\0';
	return n;
}

/* The greatest step that is not over the priority; kombu's rule. */
static unsigned
step_of(const struct tq_redis_place *p, int priority)
{
	size_t i = p->nsteps;

	while (i > 1 && (priority < 0 || p->steps[i - 1] > (unsigned)priority))
		i--;
	return p->steps[i - 1];
}

const char *
tq_redis_list_key(const struct tq_redis_place *p, struct tq_arena *mem,
    const char *queue, int priority)
{
	unsigned step = step_of(p, priority);
	char text[16];

	if (step == 0)
		return glue(mem, p->prefix, queue, "", "", "");
	snprintf(text, sizeof(text), "%u", step);
	return glue(mem, p->prefix, queue, p->sep, text, "");
}

size_t
tq_redis_list_queue(const struct tq_redis_place *p, const char *list)
{
	size_t i, m, n = strlen(list);
	char end[TQ_REDIS_SEP_MAX + 16];

	for (i = 1; i < p->nsteps; i++) {
		m = (size_t)snprintf(end, sizeof(end), "%s%u", p->sep,
		    p->steps[i]);
		if (n > m && strcmp(list + n - m, end) == 0)
			return n - m;
	}
	return n;
}

void
tq_redis_binding(struct tq_redis_cmd *cmd, const struct tq_redis_place *p,
    const char *exchange, const char *key, const char *more)
{
	tq_redis_cmd_join(cmd, p->prefix, "_kombu.binding.", exchange, NULL);
	tq_redis_cmd_join(cmd, key, p->sep, p->sep, key, more, NULL);
}

char *
tq_redis_binding_cut(const struct tq_redis_place *p, char *member,
    char **pattern)
{
	char *one, *two;

	if ((one = strstr(member, p->sep)) == NULL ||
	    (two = strstr(one + strlen(p->sep), p->sep)) == NULL)
		return NULL;
	*one = *two = '\0';
	*pattern = one + strlen(p->sep);
	return two + strlen(p->sep);
}

const char *
tq_redis_meta_key(const struct tq_redis *r, struct tq_arena *mem,
    const char *id)
{
	return glue(mem, r->results.results, "celery-task-meta-", id, "", "");
}

const char *
tq_redis_group_key(const struct tq_redis *r, struct tq_arena *mem,
    const char *gid)
{
	return glue(mem, r->results.results, "celery-taskset-meta-", gid, "",
	    "");
}

const char *
tq_redis_own_key(const struct tq_redis *r, struct tq_arena *mem,
    const char *name)
{
	return glue(mem, r->place.prefix, name, "", "", "");
}

/* ---- messages -------------------------------------------------------- */

int
tq_redis_message(struct tq_redis *r, struct tq_arena *mem,
    struct tq_bytes *out, const struct tq_celery_task *t, const char *queue,
    int priority, tq_time now, struct tq_err *e)
{
	struct tq_celery_envelope env;
	struct tq_uuid id;
	char tag[37];

	if (tq_celery_task_wrap(&env, mem, t, now, e) == -1)
		return -1;
	tq_uuid_make(&id, &r->ids, now);
	tq_uuid_format(tag, &id);
	env.delivery_tag = tag;
	env.exchange = "";
	env.routing_key = queue;
	env.priority = priority;
	env.delivery_mode = 2;
	if (env.reply_to == NULL)
		env.reply_to = "";
	tq_buf_reset(&r->buf);
	tq_celery_envelope_encode(&r->buf, &env);
	if (!tq_buf_ok(&r->buf) || (out->p = tq_arena_copy(mem, r->buf.p,
	    r->buf.n)) == NULL)
		return tq_fail_sys(e, ENOMEM, "message of %s", t->id);
	out->n = r->buf.n;
	return 0;
}

/* ---- steps ----------------------------------------------------------- */

void
tq_redis_do_begin(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const char *tag, int let_go, const char *const *queues, size_t n)
{
	size_t i;

	tq_redis_cmd_reset(cmd);
	tq_redis_cmd_str(cmd, r->place.prefix);
	tq_redis_cmd_num(cmd, r->place.db);
	tq_redis_cmd_num(cmd, r->apart ? r->place.db : r->results.db);
	tq_redis_cmd_str(cmd, tag);
	tq_redis_cmd_str(cmd, let_go ? "1" : "0");
	tq_redis_cmd_num(cmd, (int64_t)n);
	for (i = 0; i < n; i++)
		tq_redis_cmd_str(cmd, queues[i]);
}

/* For a server that has nothing but results. */
void
tq_redis_store_begin(struct tq_redis *r, struct tq_redis_cmd *cmd)
{
	tq_redis_cmd_reset(cmd);
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_num(cmd, r->results.db);
	tq_redis_cmd_num(cmd, r->results.db);
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_str(cmd, "0");
	tq_redis_cmd_str(cmd, "0");
}

/* What is sent once: an id by a producer, or by the end of a message. */
static const char *
once(struct tq_arena *mem, const struct tq_celery_step *s)
{
	if (!(s->flags & TQ_CELERY_ONCE))
		return "";
	if (s->by == NULL)
		return s->task->id;
	return glue(mem, s->task->id, "/", s->by, "", "");
}

int
tq_redis_send_make(struct tq_redis_sent *out, struct tq_redis *r,
    struct tq_arena *mem, const struct tq_celery_step *s, struct tq_err *e)
{
	tq_time now = tq_clock_wall();
	const char *queue = s->queue;
	struct tq_uuid id;

	memset(out, 0, sizeof(*out));
	if (queue == NULL && (queue = tq_redis_bound_queue(r, mem,
	    s->exchange, s->routing_key, e)) == NULL)
		return -1;
	if (tq_redis_message(r, mem, &out->text, s->task, queue, s->priority,
	    now, e) == -1)
		return -1;
	out->list = tq_redis_list_key(&r->place, mem, queue, s->priority);
	if (out->list == NULL)
		return tq_fail_sys(e, ENOMEM, "queue %s", queue);
	if ((out->id = once(mem, s)) == NULL)
		return tq_fail_sys(e, ENOMEM, "queue %s", queue);
	/* what a Celery worker may be the only one to read stays in a list */
	if (s->eta <= now || (!r->place.tq_only &&
	    !(s->flags & TQ_CELERY_AGAIN)))
		return 0;
	out->due = s->eta;
	tq_uuid_make(&id, &r->ids, now);
	tq_uuid_format(out->tag, &id);
	return 0;
}

/* A message to where it waits: its list, or the delayed ones. */
static int
add_send(struct tq_redis *r, struct tq_redis_cmd *cmd, struct tq_arena *mem,
    const struct tq_celery_step *s, const char *chord, struct tq_err *e)
{
	struct tq_redis_sent m;
	const char *id;

	if (tq_redis_send_make(&m, r, mem, s, e) == -1)
		return -1;
	if (m.due != 0 && s->flags & TQ_CELERY_AGAIN && r->tag != NULL &&
	    (id = tq_celery_id_name(mem, s->task->id)) != NULL &&
	    tq_redis_local_add(r, cmd, r->tag, id, m.due, 1, m.list, m.text))
		return 0;
	tq_redis_cmd_str(cmd, m.due != 0 ? "D" :
	    s->flags & TQ_CELERY_FIRST ? "F" : "P");
	tq_redis_cmd_str(cmd, chord);
	tq_redis_cmd_str(cmd, m.id);
	if (m.due != 0) {
		tq_redis_cmd_str(cmd, m.tag);
		tq_redis_cmd_time(cmd, m.due);
	}
	tq_redis_cmd_str(cmd, m.list);
	tq_redis_cmd_put(cmd, m.text.p, m.text.n);
	return 0;
}

static void
add_store(const struct tq_redis *r, struct tq_redis_cmd *cmd,
    const struct tq_celery_step *s, const char *key, const char *chord)
{
	tq_time keep = r->keep < TQ_SECOND ? TQ_SECOND : r->keep;

	tq_redis_cmd_str(cmd, s->what == TQ_CELERY_STORE ? "S" : "V");
	tq_redis_cmd_str(cmd, chord);
	tq_redis_cmd_str(cmd, key);
	if (r->keep_id != NULL && strcmp(r->keep_id, s->id) == 0)
		tq_redis_cmd_num(cmd, keep / TQ_SECOND);
	else
		tq_redis_cmd_str(cmd, EXPIRES);
	tq_redis_cmd_put(cmd, s->text.p, s->text.n);
}

static void
add_size(struct tq_redis_cmd *cmd, const struct tq_celery_step *s,
    const char *key, const char *chord)
{
	tq_redis_cmd_str(cmd, "Z");
	tq_redis_cmd_str(cmd, chord);
	tq_redis_cmd_join(cmd, key, ".s", NULL);
	tq_redis_cmd_str(cmd, EXPIRES);
	tq_redis_cmd_num(cmd, (int64_t)s->size);
	tq_redis_cmd_str(cmd, s->flags & TQ_CELERY_IF_NONE ? "1" : "0");
}

/*
 * The group's meta stays, as with Celery: it is what a restored GroupResult is
 * read from, and what a Celery worker takes the results from that believes it
 * has counted the last part, too (mend_size() in lib/message/celery_chord.c).
 */
static void
add_close(struct tq_redis_cmd *cmd, const char *key, const char *chord)
{
	tq_redis_cmd_str(cmd, "X");
	tq_redis_cmd_str(cmd, chord);
	tq_redis_cmd_str(cmd, "3");
	tq_redis_cmd_join(cmd, key, ".j", NULL);
	tq_redis_cmd_join(cmd, key, ".s", NULL);
	tq_redis_cmd_join(cmd, key, ".t", NULL);
	tq_redis_cmd_str(cmd, "E");
	tq_redis_cmd_str(cmd, chord);
	tq_redis_cmd_join(cmd, "tq.chord.", key, NULL);
	tq_redis_cmd_str(cmd, EXPIRES);
}

static int
add_step(struct tq_redis *r, struct tq_redis_cmd *cmd, struct tq_arena *mem,
    const struct tq_celery_step *s, struct tq_err *e)
{
	const char *chord = "", *key = NULL;

	if (s->chord != NULL &&
	    ((chord = tq_redis_group_key(r, mem, s->chord)) == NULL ||
	    (chord = glue(mem, chord, ".s", "", "", "")) == NULL))
		return tq_fail_sys(e, ENOMEM, "chord %s", s->chord);
	/* sends go to another server: their ids keep them single there */
	if (s->what == TQ_CELERY_SEND)
		return add_send(r, cmd, mem, s, r->apart ? "" : chord, e);
	key = s->what == TQ_CELERY_STORE ? tq_redis_meta_key(r, mem, s->id) :
	    tq_redis_group_key(r, mem, s->id);
	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "result of %s", s->id);
	switch (s->what) {
	case TQ_CELERY_STORE:
	case TQ_CELERY_SAVE:
		add_store(r, cmd, s, key, chord);
		break;
	case TQ_CELERY_SIZE:
		add_size(cmd, s, key, chord);
		break;
	case TQ_CELERY_CLOSE:
		add_close(cmd, key, chord);
		break;
	case TQ_CELERY_SEND:
		break;
	}
	return 0;
}

static int
add_count(const struct tq_redis *r, struct tq_redis_cmd *cmd,
    struct tq_arena *mem, const struct tq_celery_count *c, struct tq_err *e)
{
	const char *key = tq_redis_group_key(r, mem, c->gid);
	char score[48];

	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "chord %s", c->gid);
	snprintf(score, sizeof(score), "%.17g", c->score);
	tq_redis_cmd_str(cmd, "C");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_str(cmd, key);
	tq_redis_cmd_str(cmd, EXPIRES);
	tq_redis_cmd_str(cmd, c->id);
	tq_redis_cmd_str(cmd, score);
	tq_redis_cmd_put(cmd, c->head.p, c->head.n);
	tq_redis_cmd_put(cmd, c->member.p, c->member.n);
	tq_redis_cmd_str(cmd, c->state != NULL ? c->state : "");
	tq_redis_cmd_join(cmd, c->left_out ? "out" : "",
	    c->callback.n > 0 ? "" : " maybe", r->letter != NULL ? " first" :
	    "", c->again ? " again" : "", r->results.unordered ? " list" : "",
	    NULL);
	return 0;
}

int
tq_redis_do_plan(struct tq_redis *r, struct tq_redis_cmd *cmd,
    struct tq_arena *mem, const struct tq_celery_plan *plan, unsigned parts,
    struct tq_err *e)
{
	size_t i;

	for (i = 0; i < plan->ncounts && parts & TQ_REDIS_COUNTS; i++)
		if (add_count(r, cmd, mem, &plan->count[i], e) == -1)
			return -1;
	for (i = 0; i < plan->nsteps; i++) {
		if (!(parts & (plan->step[i].what == TQ_CELERY_SEND ?
		    TQ_REDIS_SENDS : TQ_REDIS_STORES)))
			continue;
		if (add_step(r, cmd, mem, &plan->step[i], e) == -1)
			return -1;
	}
	if (!tq_buf_ok(&cmd->bytes))
		return tq_fail_sys(e, ENOMEM, "%s", r->place.name);
	if (cmd->n > WORDS_MAX || cmd->bytes.n > BYTES_MAX)
		return tq_fail(e, EMSGSIZE, "%zu bytes in %zu words are more "
		    "than a server takes", cmd->bytes.n, cmd->n);
	return 0;
}

int
tq_redis_store_plan(struct tq_redis *r, struct tq_arena *mem,
    const struct tq_celery_plan *plan, struct tq_err *e)
{
	redisReply *a;
	size_t none;

	tq_redis_store_begin(r, &r->cmd);
	none = r->cmd.n;
	if (tq_redis_do_plan(r, &r->cmd, mem, plan, TQ_REDIS_STORES, e) == -1)
		return -1;
	if (r->cmd.n == none)
		return 0;
	if (tq_redis_ready_store(r, e) == -1 ||
	    (a = tq_redis_call(&r->store, TQ_REDIS_DO, &r->cmd, e)) == NULL)
		return -1;
	freeReplyObject(a);
	return 0;
}
