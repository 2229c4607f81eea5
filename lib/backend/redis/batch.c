/*
 * Putting: a batch is one script, so it is put whole or not at all; of a large
 * one the messages are laid down first (stage.c).
 *
 * A tick of a schedule is moved on in the same script, and only from the tick
 * that the caller knows: of several that put it one does.
 *
 * An id that the caller chose is remembered by the server and refused when it
 * comes again; one of ours is new by itself.  On two servers what the results
 * must know goes first: a chord whose size is known and whose members were
 * never sent does no harm.
 */
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/key.h"
#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "backend/redis/verb.h"
#include "base/clock.h"
#include "base/io.h"

/* Twice base 64 makes 16/9 of it: still a message that we would read. */
#define BODY_MAX	(8 << 20)
#define BODY_BYTES	((16 << 20) - 1024)	/* of a message */

void
tq_redis_make_ids(struct tq_redis *r, const struct tq_task *t, size_t n,
    struct tq_id *out)
{
	tq_time now = tq_clock_wall();
	struct tq_uuid id;
	size_t i;

	for (i = 0; i < n; i++) {
		if (t[i].id != NULL) {
			strlcpy(out[i].s, t[i].id, sizeof(out[i].s));
			continue;
		}
		tq_uuid_make(&id, &r->ids, now);
		tq_uuid_format(out[i].s, &id);
	}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the script answered. */
static int
answer(const char *said, const struct tq_task *t, size_t n,
    struct tq_id *out, struct tq_err *e)
{
	size_t i;

	if (strncmp(said, "CLOSED ", 7) == 0)
		return tq_fail(e, EPERM, "%.128s: queue is closed", said + 7);
	if (strncmp(said, "SEEN ", 5) == 0) {
		for (i = 0; i < n; i++)
			if (t[i].id != NULL && strcmp(t[i].id, said + 5) == 0)
				strlcpy(out[0].s, t[i].id, sizeof(out[0].s));
		return tq_fail(e, EEXIST, "%.255s: the id is known already",
		    said + 5);
	}
	return 0;
}

/* ---- ids that the caller chose ----------------------------------------- */

struct chosen {
	const char	**v;		/* n of them, sorted */
	size_t		 n;
};

/* Two of one batch with one id: the script would see neither. */
static int
find_chosen(struct chosen *c, struct tq_redis *r, const struct tq_task *t,
    size_t n, struct tq_id *out, struct tq_err *e)
{
	size_t i;

	c->n = 0;
	c->v = tq_arena_alloc(&r->mem, (n + 1) * sizeof(*c->v));
	if (c->v == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	for (i = 0; i < n; i++)
		if (t[i].id != NULL)
			c->v[c->n++] = t[i].id;
	qsort(c->v, c->n, sizeof(*c->v), compare);
	for (i = 1; i < c->n; i++) {
		if (strcmp(c->v[i - 1], c->v[i]) != 0)
			continue;
		strlcpy(out[0].s, c->v[i], sizeof(out[0].s));
		return tq_fail(e, EEXIST, "%s: twice in a batch", c->v[i]);
	}
	return 0;
}

/* They are looked at by the script. */
static void
mark_chosen(struct tq_celery_plan *plan, const struct chosen *c)
{
	struct tq_celery_step *s;

	for (s = plan->step; s < plan->step + plan->nsteps; s++)
		if (s->what == TQ_CELERY_SEND && c->n > 0 &&
		    bsearch(&s->task->id, c->v, c->n, sizeof(*c->v),
		    compare) != NULL)
			s->flags |= TQ_CELERY_ONCE;
}

/* ---- sending ------------------------------------------------------------ */

/* The schedule moves on in the script that puts. */
static void
add_tick(struct tq_redis *r, const struct tq_tick *tick)
{
	tq_redis_cmd_str(&r->cmd, "T");
	tq_redis_cmd_str(&r->cmd, "");
	tq_redis_cmd_join(&r->cmd, r->place.prefix, "tq.last.",
	    tick->schedule, NULL);
	tq_redis_cmd_num(&r->cmd, tick->last);
	tq_redis_cmd_num(&r->cmd, tick->at);
	tq_redis_cmd_num(&r->cmd, tick->until / TQ_MS);
}

/* One try: what the server answered, in r->mem; NULL on failure. */
static const char *
try_send(struct tq_redis *r, const struct tq_celery_plan *plan,
    const struct tq_redis_keys *keys, const struct tq_tick *tick,
    const struct tq_redis_stage_keys *stage, struct tq_err *e)
{
	unsigned parts = (stage->n == 0 ? TQ_REDIS_SENDS : 0) |
	    (r->apart ? 0 : TQ_REDIS_STORES);
	const char **queues, *text = NULL;
	size_t nq;
	struct tq_err why;
	redisReply *a;

	if ((queues = tq_redis_queues_of(r, plan, &nq)) == NULL) {
		tq_fail_sys(e, ENOMEM, "put");
		return NULL;
	}
	tq_redis_do_begin(r, &r->cmd, "", 0, queues, nq);
	if (tick != NULL)
		add_tick(r, tick);
	if (tq_redis_keys_add(r, &r->cmd, keys, e) == -1)
		return NULL;
	tq_redis_add_bindings(r, &r->cmd, queues, nq);
	if (tq_redis_do_plan(r, &r->cmd, &r->mem, plan, parts, e) == -1)
		return NULL;
	tq_redis_stage_add(r, &r->cmd, stage);
	a = tq_redis_call(&r->main, TQ_REDIS_DO, &r->cmd, &why);
	if (a == NULL) {
		/* it may have got there before the connection went */
		tq_fail(e, r->main.wire.fd == -1 ? EIO : why.num, "%s%s",
		    why.text, r->main.wire.fd == -1 ?
		    ": unknown whether it was put" : "");
		return NULL;
	}
	if (a->type != REDIS_REPLY_STRING && a->type != REDIS_REPLY_STATUS)
		tq_fail(e, EPROTO, "redis: answer of type %d to a put",
		    a->type);
	else if ((text = tq_arena_copy(&r->mem, a->str, a->len)) == NULL)
		tq_fail_sys(e, ENOMEM, "put");
	freeReplyObject(a);
	return text;
}

/* 1 if the script stopped at a key. */
static int
is_about_key(const char *answer)
{
	return strncmp(answer, "HELD ", 5) == 0 ||
	    strncmp(answer, "TAKEN ", 6) == 0 ||
	    strncmp(answer, "TWIN ", 5) == 0 || strcmp(answer, "AGAIN") == 0;
}

/*
 * A message carries all that follows from it: one that would be put aside as
 * none (message.c) is not sent.
 */
static int
check_sizes(const struct tq_celery_plan *plan, struct tq_err *e)
{
	const struct tq_celery_task *m;
	const struct tq_celery_step *s;
	size_t n;

	for (s = plan->step; s < plan->step + plan->nsteps; s++) {
		if (s->what != TQ_CELERY_SEND)
			continue;
		m = s->task;
		n = m->args.n + m->kwargs.n + m->callbacks.n + m->errbacks.n +
		    m->chain.n + m->chord.n;
		if (n > BODY_BYTES)
			return tq_fail(e, EMSGSIZE, "%s: a message of %zu "
			    "bytes with what follows it, over %d", m->id, n,
			    BODY_BYTES);
	}
	return 0;
}

static int
send_plan(struct tq_redis *r, const struct tq_celery_plan *plan,
    const struct tq_tick *tick, const struct tq_task *t, size_t n,
    struct tq_id *out, struct tq_err *e)
{
	struct tq_redis_stage_keys stage;
	struct tq_redis_keys keys;
	const char *said;

	if (tq_redis_keys_init(&keys, r, plan, t, out, n, e) == -1)
		return -1;
	if (r->apart && tq_redis_store_plan(r, &r->mem, plan, e) == -1)
		return -1;
	if (tq_redis_stage(r, &stage, plan, e) == -1)
		return -1;
	keys.staged = stage.n > 0;
	while ((said = try_send(r, plan, &keys, tick, &stage, e)) != NULL &&
	    is_about_key(said))
		if (tq_redis_keys_answer(r, &keys, said, out, e) == -1)
			return -1;
	if (said != NULL && strcmp(said, "GONE") == 0)
		return tq_fail(e, ETIMEDOUT, "%s: what was laid down is gone; "
		    "nothing was put", r->place.name);
	if (said != NULL && strcmp(said, "MOVED") == 0)
		return tq_fail(e, ESTALE, "%s: somebody else has put this "
		    "tick", tick->schedule);
	if (said == NULL || answer(said, t, n, out, e) == -1)
		return -1;
	return tq_redis_keys_done(r, &keys, e);
}

/* Bodies in files as bytes: *out is t, or a copy of it in mem. */
int
tq_redis_read_bodies(const struct tq_task **out, struct tq_arena *mem,
    const struct tq_task *t, size_t n, struct tq_err *e)
{
	struct tq_task *copy = NULL;
	struct stat st;
	ssize_t got;
	size_t i;
	char *p;

	*out = t;
	for (i = 0; i < n; i++) {
		if (t[i].body_fd < 0)
			continue;
		if (copy == NULL) {
			copy = tq_arena_alloc(mem, n * sizeof(*copy));
			if (copy == NULL)
				return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
			memcpy(copy, t, n * sizeof(*copy));
			*out = copy;
		}
		if (fstat(t[i].body_fd, &st) == -1)
			return tq_fail_sys(e, errno, "body");
		if (st.st_size > BODY_MAX)
			return tq_fail(e, EMSGSIZE, "a body of %lld bytes, "
			    "over %d", (long long)st.st_size, BODY_MAX);
		p = tq_arena_alloc(mem, (size_t)st.st_size + 1);
		if (p == NULL)
			return tq_fail_sys(e, ENOMEM, "body");
		got = tq_io_pread(t[i].body_fd, p, (size_t)st.st_size, 0);
		if (got == -1)
			return tq_fail_sys(e, errno, "body");
		copy[i].body_fd = -1;
		copy[i].body.p = p;
		copy[i].body.n = (size_t)got;
	}
	return 0;
}

int
tq_redis_put_named(struct tq_redis *r, const struct tq_tick *tick,
    const struct tq_task *t, size_t n, struct tq_id *out, struct tq_err *e)
{
	struct tq_celery_plan plan;
	struct tq_celery_site site;
	struct chosen chosen;

	tq_arena_reset(&r->mem);
	if (tq_redis_read_bodies(&t, &r->mem, t, n, e) == -1)
		return -1;
	tq_redis_site(r, &site, NULL);
	tq_celery_plan_init(&plan, &r->mem);
	if (find_chosen(&chosen, r, t, n, out, e) == -1 ||
	    (n > 0 && tq_celery_put(&plan, t, out, n, &site, e) == -1))
		return -1;
	mark_chosen(&plan, &chosen);
	if (check_sizes(&plan, e) == -1)
		return -1;
	if (tq_redis_ready(r, e) == -1)
		return -1;
	return send_plan(r, &plan, tick, t, n, out, e);
}
