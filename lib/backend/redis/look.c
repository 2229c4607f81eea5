/*
 * Looking at what stands on the broker: lists, what waits, what is held.
 *
 * Nothing there is found by an id; the server goes through the text and hands
 * out what may be meant.  A list that is longer than CHUNK and is taken from
 * meanwhile may hide a few.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/key.h"
#include "backend/redis/meta.h"
#include "base/clock.h"
#include "base/date.h"

#define CHUNK	"10000"
#define LOOKS	3		/* for one task before it is unknown */

enum place { IN_LIST, IN_HAND, IN_WAIT };

/* Going through everything, or what has a text inside. */
struct going {
	struct tq_redis	*r;
	const struct tq_select *sel;
	const char	*needle;
	/* each message: not 0 ends it */
	int		(*each)(struct going *, struct tq_info *,
			    const struct tq_redis_read *, const char *tag);
	int		(*user)(const struct tq_info *, void *);
	void		*arg;
	struct tq_info	*out;
	struct tq_bytes	*body;
	struct tq_arena	*mem;		/* what is found stays here */
	const struct tq_ref *ref;
	struct tq_redis_held **held;
	int		 unready;	/* not what stands in lists */
	const char	*name;
	struct tq_redis_cmd *cmd;
	struct tq_err	*e;
	/* of the message at hand */
	enum place	 place;
	const char	*score, *list, *tag;
	struct tq_redis_spots *spots;
	char		 found[TQ_REDIS_TAG_MAX];
};

/* Milliseconds since 1970 are the first 48 bits of a UUIDv7. */
tq_time
tq_redis_put_time(const char *id)
{
	struct tq_uuid u;
	uint64_t ms = 0;
	int i;

	if (!tq_uuid_parse(&u, id))
		return 0;
	for (i = 0; i < 6; i++)
		ms = ms << 8 | u.b[i];
	return (tq_time)ms * TQ_MS;
}

/* ---- one message ----------------------------------------------------- */

static tq_time
seconds(const char *s)
{
	return (tq_time)(strtod(s, NULL) * 1e6) * 1000;
}

/* "waits for gpu=2 slot=3" */
static int
needs_what(struct tq_info *out, struct tq_arena *mem)
{
	struct tq_buf b;
	size_t i;

	tq_buf_init(&b);
	tq_buf_str(&b, "waits for");
	for (i = 0; i < out->task.nneeds; i++)
		tq_buf_printf(&b, " %s", out->task.needs[i]);
	out->why = tq_buf_ok(&b) ? tq_arena_copy(mem, b.p, b.n) : NULL;
	tq_buf_fini(&b);
	return out->why == NULL ? -1 : 0;
}

/* parked: the letter that says why, see script_take.c, or 0. */
static int
add_why(struct tq_info *out, struct tq_arena *mem, char parked)
{
	char text[64] = "delayed until ";
	size_t n = strlen(text);

	if (parked == 'l')
		out->why = "lane busy";
	if (parked == 'c' || parked == 'r')
		out->why = parked == 'c' ? "cap" : "rate";
	if (parked == 'n')
		return needs_what(out, mem);
	if (out->state != TQ_DELAYED && out->state != TQ_RETRY)
		return 0;
	tq_date_format(text + n, sizeof(text) - n, out->eta);
	out->why = tq_arena_copy(mem, text, strlen(text));
	return out->why == NULL ? -1 : 0;
}

/* How a message stands that was read: all but its worker. */
static int
describe(struct tq_info *out, struct tq_arena *mem,
    const struct tq_redis_read *in, enum place place, const char *queue,
    const char *score, const char *tag)
{
	unsigned past = (unsigned)in->msg.retries + in->crashes + in->laters;
	tq_time now = tq_clock_wall();
	void *keep = out->mem;
	char parked = 0;

	memset(out, 0, sizeof(*out));
	out->mem = keep;
	tq_outcome_init(&out->end, TQ_ABSENT);
	tq_task_init(&out->task);
	/* one that no handler can have is shown as far as it goes */
	if (tq_celery_task_view(&out->task, mem, &in->msg, NULL) == -1) {
		tq_task_init(&out->task);
		out->task.name = in->msg.task;
	}
	strlcpy(out->id.s, in->msg.id, sizeof(out->id.s));
	out->task.id = in->msg.id;
	out->task.queue = queue;
	if (in->env.priority >= 0 && in->env.priority <= 9)
		out->task.pri = 9 - in->env.priority;
	out->body_size = out->task.body.n;
	out->attempt = past;
	out->crashes = in->crashes;
	out->laters = in->laters;
	out->failures = (unsigned)in->msg.retries;
	out->put = tq_redis_put_time(in->msg.id);
	out->eta = in->msg.eta;
	out->state = TQ_READY;
	if (place == IN_WAIT && *score == '\0') {
		if ((tag = strrchr(tag, '.')) != NULL)
			parked = tag[1];
		if (parked == 'k')
			out->state = TQ_BLOCKED;
	} else if (place == IN_WAIT) {
		out->eta = seconds(score);
		out->state = past > 0 ? TQ_RETRY : TQ_DELAYED;
	} else if (in->msg.eta > now)
		out->state = TQ_DELAYED;
	else if (place == IN_HAND) {
		out->state = TQ_STARTED;
		out->attempt++;
	}
	return add_why(out, mem, parked);
}

/* ---- everything ------------------------------------------------------ */

/* Messages of unacked carry the queue behind them. */
static int
unwrap(struct tq_bytes *text, const char **queue, struct tq_arena *mem,
    enum place place)
{
	const char *cut;

	if (place == IN_HAND)
		return tq_redis_split(text, queue, mem, text->p, text->n);
	if (place == IN_WAIT) {
		/* list key, newline, message; a step may follow the queue */
		if ((cut = memchr(text->p, '\n', text->n)) == NULL)
			return -1;
		*queue = tq_arena_copy(mem, text->p,
		    (size_t)(cut - text->p));
		text->n -= (size_t)(cut + 1 - text->p);
		text->p = cut + 1;
		return *queue == NULL ? -1 : 0;
	}
	return 0;
}

static int
one(struct going *g, enum place place, const char *queue,
    const redisReply *const *v, struct tq_info *info)
{
	struct tq_arena mem;
	struct tq_redis_read in;
	struct tq_bytes text = { v[1]->str, v[1]->len };
	size_t skip = strlen(g->r->place.prefix);
	char name[TQ_NAME_MAX + 1];
	int rv = 0;

	tq_arena_init(&mem);
	if (unwrap(&text, &queue, &mem, place) == 0 && queue != NULL &&
	    tq_redis_read(&in, &mem, text.p, text.n, NULL) == 0) {
		if (place == IN_WAIT && strlen(queue) >= skip) {
			strlcpy(name, queue + skip, sizeof(name));
			name[strcspn(name, "\x06")] = '\0';
			queue = name;
		}
		g->place = place;
		g->score = v[2]->str;
		g->tag = v[0]->str;
		if (describe(info, &mem, &in, place, queue, v[2]->str,
		    v[0]->str) == -1)
			rv = tq_fail_sys(g->e, ENOMEM, "task");
		else
			rv = g->each(g, info, &in, v[0]->str);
	}
	tq_arena_fini(&mem);
	return rv;
}

/* All of unacked, of tq.waiting or of a list. */
static int
through(struct going *g, enum place place, const char *queue,
    const char *list, struct tq_info *info)
{
	static const char *const names[] = {
		[IN_LIST] = "list", [IN_HAND] = "unacked",
		[IN_WAIT] = "tq.waiting"
	};
	struct tq_redis *r = g->r;
	char cursor[32] = "0";
	redisReply *a;
	size_t i;
	int rv = 0;

	g->list = list;
	do {
		tq_redis_cmd_reset(&r->cmd);
		tq_redis_cmd_str(&r->cmd, r->place.prefix);
		tq_redis_cmd_str(&r->cmd, names[place]);
		tq_redis_cmd_str(&r->cmd, cursor);
		tq_redis_cmd_str(&r->cmd, CHUNK);
		tq_redis_cmd_str(&r->cmd, g->needle);
		tq_redis_cmd_str(&r->cmd, list);
		a = tq_redis_call(&r->main, TQ_REDIS_LOOK, &r->cmd, g->e);
		if (a == NULL)
			return -1;
		strlcpy(cursor, a->element[0]->str, sizeof(cursor));
		for (i = 1; i + 2 < a->elements && rv == 0; i += 3)
			rv = one(g, place, queue,
			    (const redisReply *const *)a->element + i, info);
		freeReplyObject(a);
	} while (rv == 0 && strcmp(cursor, "0") != 0);
	return rv;
}

static int
is_chosen(const struct going *g, const char *queue)
{
	size_t i;

	if (g->sel == NULL || g->sel->nqueues == 0)
		return 1;
	for (i = 0; i < g->sel->nqueues; i++)
		if (strcmp(g->sel->queues[i], queue) == 0)
			return 1;
	return 0;
}

static int
everywhere(struct going *g, struct tq_err *e)
{
	struct tq_redis *r = g->r;
	const char *const *queues;
	struct tq_info info;
	struct tq_arena mem;
	const char *list;
	size_t i, k, n;
	int rv;

	g->e = e;
	memset(&info, 0, sizeof(info));
	if (tq_redis_ready(r, e) == -1)
		return -1;
	tq_arena_init(&mem);
	n = 0;
	if ((rv = through(g, IN_HAND, NULL, "", &info)) == 0 && !g->unready)
		rv = tq_redis_queue_names(r, &queues, &n, &mem, e);
	for (i = 0; rv == 0 && i < n; i++) {
		for (k = 0; is_chosen(g, queues[i]) && rv == 0 &&
		    k < r->place.nsteps; k++) {
			list = tq_redis_list_key(&r->place, &mem, queues[i],
			    (int)r->place.steps[k]);
			rv = list == NULL ? tq_fail_sys(e, ENOMEM, "queues") :
			    through(g, IN_LIST, queues[i], list, &info);
		}
	}
	if (rv == 0)
		rv = through(g, IN_WAIT, NULL, "", &info);
	tq_arena_fini(&mem);
	return rv;
}

/* ---- by id ----------------------------------------------------------- */

/*
 * Found: read once more, into memory that stays.  The info that was given is
 * of the message's own text.
 */
static int
keep(struct going *g, struct tq_info *info, const struct tq_redis_read *in,
    const char *tag)
{
	struct tq_redis_read again;
	const char *text, *queue;

	if (strcmp(in->msg.id, g->needle) != 0)
		return 0;
	strlcpy(g->found, tag, sizeof(g->found));
	if (g->body != NULL) {
		g->body->n = info->task.body.n;
		g->body->p = tq_arena_copy(g->mem, info->task.body.p,
		    info->task.body.n);
		return g->body->p == NULL ?
		    tq_fail_sys(g->e, ENOMEM, "body") : 1;
	}
	if ((text = tq_arena_copy(g->mem, in->text.p, in->text.n)) == NULL ||
	    (queue = tq_arena_copy(g->mem, info->task.queue,
	    strlen(info->task.queue))) == NULL)
		return tq_fail_sys(g->e, ENOMEM, "%s", g->needle);
	if (tq_redis_read(&again, g->mem, text, in->text.n, g->e) == -1)
		return -1;
	return describe(g->out, g->mem, &again, g->place, queue, g->score,
	    tag) == -1 ? tq_fail_sys(g->e, ENOMEM, "%s", g->needle) : 1;
}

int
tq_redis_find(struct tq_redis *r, const char *id, struct tq_info *out,
    struct tq_arena *mem, struct tq_err *e)
{
	struct going g = {
		.r = r, .needle = id, .each = keep, .out = out, .mem = mem
	};
	int rv = 0, looks;

	/* on its way from one place to another it may be missed in both */
	for (looks = 0; rv == 0 && looks < LOOKS; looks++)
		rv = everywhere(&g, e);
	if (rv != 1)
		return rv;
	return tq_redis_limit_explain(r, out, mem, e) == -1 ||
	    tq_redis_key_explain(r, out, mem, e) == -1 ||
	    tq_redis_explain(r, out, g.found, e) == -1 ? -1 : 1;
}

int
tq_redis_find_body(struct tq_redis *r, const char *id, struct tq_bytes *out,
    struct tq_arena *mem, struct tq_err *e)
{
	struct tq_info info;
	struct going g = {
		.r = r, .needle = id, .each = keep, .out = &info,
		.body = out, .mem = mem
	};

	memset(&info, 0, sizeof(info));
	return everywhere(&g, e);
}

/* Held under a tag of tq's: for a lease that outlived its process. */
static int
take_over(struct going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	(void)info;
	if (strcmp(in->msg.id, g->needle) != 0 || strncmp(tag, "tq.", 3) != 0 ||
	    info->attempt != g->ref->attempt || info->state != TQ_STARTED)
		return 0;
	*g->held = tq_redis_held_add(g->r, tag, info->task.queue,
	    (const char *)in->text.p, in->text.n);
	if (*g->held == NULL)
		return tq_fail_sys(g->e, ENOMEM, "%s", g->needle);
	g->r->ntaken--;
	(*g->held)->stage = TQ_REDIS_CLAIMED;
	(*g->held)->id = g->ref->id;
	(*g->held)->attempt = g->ref->attempt;
	(*g->held)->crashes = in->crashes;
	(*g->held)->laters = in->laters;
	(*g->held)->put = info->put;
	(*g->held)->lease = tq_clock_wall();	/* not ours to renew */
	return 1;
}

/* It runs, and a limit is about to count it. */
static int
count_one(struct going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	if (g->name != NULL ? strcmp(in->msg.task, g->name) == 0 :
	    strcmp(info->task.queue, g->sel->queues[0]) == 0)
		tq_redis_cmd_str(g->cmd, tag);
	return 0;
}

int
tq_redis_count_held(struct tq_redis *r, const char *limit, const char *queue,
    const char *name, struct tq_err *e)
{
	const struct tq_select sel = { .queues = &queue, .nqueues = 1 };
	struct tq_redis_cmd cmd;
	struct going g = {
		.r = r, .needle = "", .sel = &sel, .each = count_one,
		.name = name, .cmd = &cmd, .e = e
	};
	struct tq_info info;
	redisReply *a = NULL;
	int rv;

	memset(&info, 0, sizeof(info));
	tq_redis_cmd_init(&cmd);
	tq_redis_cmd_str(&cmd, "SADD");
	tq_redis_cmd_join(&cmd, r->place.prefix, "tq.run.", limit, NULL);
	rv = through(&g, IN_HAND, NULL, "", &info);
	if (rv == 0 && cmd.n > 2 &&
	    (a = tq_redis_call(&r->main, TQ_REDIS_PLAIN, &cmd, e)) == NULL)
		rv = -1;
	freeReplyObject(a);
	tq_redis_cmd_fini(&cmd);
	return rv;
}

int
tq_redis_adopt(struct tq_redis *r, const struct tq_ref *ref,
    struct tq_redis_held **out, struct tq_err *e)
{
	struct going g = {
		.r = r, .needle = ref->id.s, .each = take_over, .ref = ref,
		.held = out, .e = e
	};
	struct tq_info info;

	memset(&info, 0, sizeof(info));
	*out = NULL;
	if (tq_redis_ready(r, e) == -1)
		return -1;
	return through(&g, IN_HAND, NULL, "", &info) == -1 ? -1 : 0;
}

/* ---- by selectors ---------------------------------------------------- */

static int
is_selected(const struct tq_select *s, const struct tq_info *i)
{
	size_t k;

	if (s->nqueues > 0) {
		for (k = 0; k < s->nqueues; k++)
			if (strcmp(s->queues[k], i->task.queue) == 0)
				break;
		if (k == s->nqueues)
			return 0;
	}
	if (s->states != 0 && !(s->states & 1u << i->state))
		return 0;
	if (s->key != NULL && (i->task.key == NULL ||
	    strcmp(s->key, i->task.key) != 0))
		return 0;
	return s->label == NULL || (i->task.label != NULL &&
	    strcmp(s->label, i->task.label) == 0);
}

static int
pass_on(struct going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	(void)in;
	(void)tag;
	return is_selected(g->sel, info) ? g->user(info, g->arg) : 0;
}

/* Note where it stands. */
static int
note_spot(struct going *g, struct tq_info *info,
    const struct tq_redis_read *in, const char *tag)
{
	struct tq_redis_spots *s = g->spots;
	struct tq_redis_spot *p;
	size_t cap;

	if (g->needle[0] != '\0' ? strcmp(in->msg.id, g->needle) != 0 :
	    !is_selected(g->sel, info))
		return 0;
	if (s->n == s->cap) {
		cap = s->cap == 0 ? 16 : 2 * s->cap;
		if ((p = reallocarray(s->v, cap, sizeof(*p))) == NULL)
			return tq_fail_sys(g->e, ENOMEM, "tasks");
		s->v = p;
		s->cap = cap;
	}
	p = &s->v[s->n];
	p->where = g->place == IN_LIST ? "list" : g->place == IN_WAIT ?
	    "wait" : NULL;
	p->state = info->state;
	strlcpy(p->id.s, info->id.s, sizeof(p->id.s));
	strlcpy(p->queue, info->task.queue, sizeof(p->queue));
	p->key = tq_arena_copy(s->mem, g->place == IN_LIST ? g->list : tag,
	    strlen(g->place == IN_LIST ? g->list : tag));
	p->text.p = tq_arena_copy(s->mem, in->text.p, in->text.n);
	p->text.n = in->text.n;
	if (p->key == NULL || p->text.p == NULL)
		return tq_fail_sys(g->e, ENOMEM, "tasks");
	s->n++;
	return g->needle[0] != '\0';
}

int
tq_redis_spot(struct tq_redis *r, struct tq_redis_spots *s,
    const struct tq_select *sel, const char *id, struct tq_err *e)
{
	struct going g = {
		.r = r, .needle = id == NULL ? "" : id, .sel = sel,
		.each = note_spot, .spots = s
	};

	return everywhere(&g, e) == -1 ? -1 : 0;
}

/* Each id by itself, in the order given. */
static int
list_ids(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_info info;
	size_t i;
	int rv = 0;

	memset(&info, 0, sizeof(info));
	for (i = 0; i < sel->nids && rv == 0; i++) {
		rv = tq_redis_stat(r, sel->ids[i], 0, &info, e);
		if (rv == 0)
			rv = tq_fail(e, ENOENT, "%s: no such task",
			    sel->ids[i]);
		else if (rv == 1)
			rv = is_selected(sel, &info) ? each(&info, arg) : 0;
	}
	tq_arena_free(info.mem);
	return rv;
}

/* The members of a group that was saved, in their order. */
static int
list_group(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct tq_select members = *sel;
	const char *const *ids;
	struct tq_arena mem;
	int rv;

	tq_arena_init(&mem);
	if ((rv = tq_redis_group(r, &ids, &members.nids, &mem, sel->group,
	    e)) == 1) {
		members.ids = ids;
		members.group = NULL;
		rv = list_ids(r, &members, each, arg, e);
	}
	tq_arena_fini(&mem);
	return rv;
}

int
tq_redis_list_unready(struct tq_redis *r, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct going g = {
		.r = r, .needle = "", .sel = sel, .each = pass_on,
		.user = each, .arg = arg, .unready = 1
	};

	return everywhere(&g, e);
}

int
tq_redis_list(void *b, const struct tq_select *sel,
    int (*each)(const struct tq_info *, void *), void *arg, struct tq_err *e)
{
	struct going g = {
		.r = b, .needle = "", .sel = sel, .each = pass_on,
		.user = each, .arg = arg
	};

	if (sel->group != NULL)
		return list_group(b, sel, each, arg, e);
	if (sel->nids > 0)
		return list_ids(b, sel, each, arg, e);
	return everywhere(&g, e);
}
