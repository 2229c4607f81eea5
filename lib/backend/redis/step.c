/* From a plan to the words of a script: keys, messages, steps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "base/clock.h"

/* a server hangs up on one of 1,048,577 words, or a word of over 512 MB */
#define WORDS_MAX	1000000
#define BYTES_MAX	((size_t)500 << 20)

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
	return tq_redis_glue(mem, s->task->id, "/", s->by, "", "");
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
		tq_redis_cmd_str(cmd, TQ_REDIS_EXPIRES);
	tq_redis_cmd_put(cmd, s->text.p, s->text.n);
}

static void
add_size(struct tq_redis_cmd *cmd, const struct tq_celery_step *s,
    const char *key, const char *chord)
{
	tq_redis_cmd_str(cmd, "Z");
	tq_redis_cmd_str(cmd, chord);
	tq_redis_cmd_join(cmd, key, ".s", NULL);
	tq_redis_cmd_str(cmd, TQ_REDIS_EXPIRES);
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
	tq_redis_cmd_str(cmd, TQ_REDIS_EXPIRES);
}

static int
add_step(struct tq_redis *r, struct tq_redis_cmd *cmd, struct tq_arena *mem,
    const struct tq_celery_step *s, struct tq_err *e)
{
	const char *chord = "", *key = NULL;

	if (s->chord != NULL &&
	    ((chord = tq_redis_group_key(&r->results, mem, s->chord)) == NULL ||
	    (chord = tq_redis_glue(mem, chord, ".s", "", "", "")) == NULL))
		return tq_fail_sys(e, ENOMEM, "chord %s", s->chord);
	/* sends go to another server: their ids keep them single there */
	if (s->what == TQ_CELERY_SEND)
		return add_send(r, cmd, mem, s, r->apart ? "" : chord, e);
	key = s->what == TQ_CELERY_STORE ?
	    tq_redis_meta_key(&r->results, mem, s->id) :
	    tq_redis_group_key(&r->results, mem, s->id);
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
	const char *key = tq_redis_group_key(&r->results, mem, c->gid);
	char score[48];

	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "chord %s", c->gid);
	snprintf(score, sizeof(score), "%.17g", c->score);
	tq_redis_cmd_str(cmd, "C");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_str(cmd, key);
	tq_redis_cmd_str(cmd, TQ_REDIS_EXPIRES);
	tq_redis_cmd_str(cmd, c->id);
	tq_redis_cmd_str(cmd, score);
	tq_redis_cmd_put(cmd, c->head.p, c->head.n);
	tq_redis_cmd_put(cmd, c->member.p, c->member.n);
	tq_redis_cmd_str(cmd, c->state != NULL ? c->state : "");
	if (c->left_out)
		tq_redis_cmd_str(cmd, "out");
	else
		tq_redis_cmd_join(cmd, c->callback.n > 0 ? "" : "maybe",
		    r->letter != NULL ? " first" : "", c->again ? " again" :
		    "", r->results.unordered ? " list" : "", NULL);
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

/* ---- the queues that are sent to --------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **
tq_redis_queues_of(struct tq_redis *r, const struct tq_celery_plan *plan,
    size_t *n)
{
	const struct tq_celery_step *s = plan->step;
	const char **v;
	size_t i, sent = 0;

	v = tq_arena_alloc(&r->mem, (plan->nsteps + 1) * sizeof(*v));
	if (v == NULL)
		return NULL;
	for (i = 0; i < plan->nsteps; i++)
		if (s[i].what == TQ_CELERY_SEND && s[i].queue != NULL)
			v[sent++] = s[i].queue;
	qsort(v, sent, sizeof(*v), compare);
	*n = 0;
	for (i = 0; i < sent; i++)
		if (*n == 0 || strcmp(v[*n - 1], v[i]) != 0)
			v[(*n)++] = v[i];
	return v;
}

/* Celery declares its queues on first use: so others see them. */
void
tq_redis_add_bindings(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const char *const *queues, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		tq_redis_cmd_str(cmd, "B");
		tq_redis_cmd_str(cmd, "");
		tq_redis_binding(cmd, &r->place, queues[i], queues[i], "");
	}
}

int
tq_redis_bind_sends(struct tq_redis *r, struct tq_redis_cmd *cmd,
    const struct tq_celery_plan *plan, struct tq_err *e)
{
	const char **queues;
	size_t n;

	if ((queues = tq_redis_queues_of(r, plan, &n)) == NULL)
		return tq_fail_sys(e, ENOMEM, "queues");
	tq_redis_add_bindings(r, cmd, queues, n);
	return 0;
}
