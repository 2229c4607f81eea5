/* From what lib/spool keeps to what tq/tq.h tells (pure). */
#include "backend/spool/translate.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "message/native.h"

void
tq_translate_id(struct tq_id *out, const struct tq_uuid *id,
    struct tq_bytes foreign)
{
	if (foreign.n == 0) {
		tq_uuid_format(out->s, id);
		return;
	}
	/* the record's decoder saw to the length */
	memcpy(out->s, foreign.p, foreign.n);
	out->s[foreign.n] = '\0';
}

tq_time
tq_translate_put_time(const struct tq_rec *rec)
{
	return rec->type == TQ_REC_CARRY ? rec->st.put : rec->time;
}

/* ---- the task -------------------------------------------------------- */

/* Append n bytes at *p and move it on; returns where they are. */
static char *
copy(char **p, const void *from, size_t n)
{
	char *to = *p;

	if (n > 0)
		memcpy(to, from, n);
	*p = to + n;
	return to;
}

/* A number, at no matter which place, as text. */
static const char *
number_text(struct tq_arena *mem, const void *at)
{
	struct tq_uuid id;
	char s[37];

	memcpy(&id, at, sizeof(id));
	tq_uuid_format(s, &id);
	return tq_arena_copy(mem, s, 36);
}

static int
get_after(struct tq_task *out, struct tq_arena *mem, struct tq_bytes ids)
{
	size_t n = ids.n / TQ_UUID_SIZE, i;
	const char **v;

	if (n == 0)
		return 0;
	if ((v = tq_arena_alloc(mem, (n + 1) * sizeof(*v))) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if ((v[i] = number_text(mem, ids.p + i * TQ_UUID_SIZE)) == NULL)
			return -1;
	v[n] = NULL;
	out->after = v;
	out->nafter = n;
	return 0;
}

/* What ties it to others, by their numbers: tq_local_names() has the ids. */
static int
get_ties(struct tq_task *out, struct tq_arena *mem, struct tq_bytes more,
    struct tq_err *e)
{
	struct tq_relation rel;

	if (more.n == 0)
		return 0;
	if (tq_relation_decode(&rel, more) == -1)
		return tq_fail(e, EBADMSG, "task record: relations");
	out->when = (enum tq_when)rel.when;
	if ((TQ_REL_HAS(&rel, TQ_REL_KEY) && (out->key = tq_arena_copy(mem,
	    rel.key.p, rel.key.n)) == NULL) ||
	    get_after(out, mem, rel.after) == -1 ||
	    (TQ_REL_HAS(&rel, TQ_REL_PIPE) &&
	    (out->pipe = number_text(mem, &rel.pipe)) == NULL) ||
	    (TQ_REL_HAS(&rel, TQ_REL_MEMBER) &&
	    (out->group = number_text(mem, &rel.member)) == NULL))
		return tq_fail_sys(e, ENOMEM, "task record");
	if (rel.pipe_as == TQ_PIPE_JSON)
		out->flags |= TQ_TASK_CHORD;
	return 0;
}

int
tq_translate_task(struct tq_task *out, struct tq_arena *mem,
    const struct tq_stored *in, struct tq_err *e)
{
	const struct tq_rec_put *put = &in->rec->put;
	size_t queue = strlen(in->queue) + 1;
	char *head, *ctx, *body, *name, *p;
	struct tq_id id;
	size_t size;

	tq_translate_id(&id, in->id, put->foreign);
	size = strlen(id.s) + 1;
	/* one block: a claim makes no other, but for the vectors of strings */
	p = tq_arena_alloc(mem, put->head.n + put->body.n + in->ctx.n + queue +
	    size);
	if (p == NULL)
		return tq_fail_sys(e, ENOMEM, "task %s", id.s);
	head = copy(&p, put->head.p, put->head.n);
	body = copy(&p, put->body.p, put->body.n);
	ctx = copy(&p, in->ctx.p, in->ctx.n);
	name = copy(&p, in->queue, queue);
	p = copy(&p, id.s, size);

	if (tq_native_head_get(out, mem, head, put->head.n, e) == -1)
		return -1;
	if (in->ctx.n > 0 &&
	    tq_native_ctx_get(out, mem, ctx, in->ctx.n, e) == -1)
		return -1;
	if (get_ties(out, mem, put->more, e) == -1)
		return -1;
	out->id = p;
	out->queue = name;
	out->body = (struct tq_bytes){ body, put->body.n };
	out->uid = put->uid;
	out->pri = in->slot->pri;
	out->eta = put->eta;
	out->expires = put->expires;
	out->keep = put->keep;
	return 0;
}

/* ---- its outcome ----------------------------------------------------- */

static const char *
phrase(struct tq_arena *mem, const char *fmt, ...)
{
	char text[TQ_WHY_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return tq_arena_copy(mem, text, strlen(text));
}

const char *
tq_translate_cause(struct tq_arena *mem, const struct tq_rec_end *in,
    const char *name, int group)
{
	static const struct tq_uuid none;
	struct tq_uuid own;
	char number[37];

	tq_uuid_format(number, &in->cause);
	if (name == NULL)
		name = number;
	if (memcmp(&in->cause, &none, sizeof(none)) == 0)
		name = "unknown";
	/* it stands for an id that nobody knows any more but people */
	else if (strcmp(name, number) == 0 && !tq_uuid_parse(&own, number))
		name = "(forgotten)";
	switch (in->why) {
	case TQ_CAUSE_FAILED:
		return phrase(mem, "%s %.*s failed",
		    group ? "member" : "dependency", TQ_WHY_MAX - 20, name);
	case TQ_CAUSE_UNNEEDED:
		return "not needed";
	case TQ_CAUSE_GROUP:
		return phrase(mem, "group %.*s ended", TQ_WHY_MAX - 20, name);
	default:
		return phrase(mem, "replaced by %.*s", TQ_WHY_MAX - 20, name);
	}
}

/* Why the spool itself ended an attempt or a task. */
static const char *
own_why(struct tq_arena *mem, const struct tq_rec_end *in,
    const struct tq_slot *slot)
{
	if (in->flags & TQ_EF_CAUSE)
		return tq_translate_cause(mem, in, NULL, 0);
	switch (in->state) {
	case TQ_EXPIRED:
		return "expired";
	case TQ_REVOKED:
		return "revoked";
	default:
		break;
	}
	if (in->state == TQ_FAILURE && in->flags & TQ_EF_NOCLAIM)
		return "not all of its members were put";
	if (in->state == TQ_FAILURE && in->meta.n == 0 &&
	    !(in->flags & TQ_EF_CRASH))
		return "its record could not be read";
	if (!(in->flags & TQ_EF_CRASH))
		return NULL;
	if (in->state != TQ_FAILURE || slot == NULL)
		return "worker died";
	if (slot->flags & TQ_PF_ONCE)
		return "worker died (--once)";
	return phrase(mem, "worker died %u times", (unsigned)slot->crashes);
}

int
tq_translate_end(struct tq_outcome *out, int *cut, struct tq_arena *mem,
    const struct tq_rec_end *in, const struct tq_slot *slot,
    struct tq_err *e)
{
	struct tq_native_sizes sizes;
	const char *meta;

	*cut = (in->flags & TQ_EF_CUT) != 0;
	if (in->meta.n == 0) {
		tq_outcome_init(out, (enum tq_state)in->state);
		out->why = own_why(mem, in, slot);
	} else {
		meta = tq_arena_copy(mem, in->meta.p, in->meta.n);
		if (meta == NULL)
			return tq_fail_sys(e, ENOMEM, "outcome");
		if (tq_native_outcome_get(out, &sizes, meta, in->meta.n,
		    e) == -1)
			return -1;
	}
	out->state = (enum tq_state)in->state;
	if (in->flags & TQ_EF_LATER)
		out->flags |= TQ_OUTCOME_LATER;
	return 0;
}

unsigned
tq_translate_failures(const struct tq_slot *s, unsigned attempts)
{
	unsigned others = s->crashes + s->laters;

	if (s->failures < UINT8_MAX || attempts < others + UINT8_MAX)
		return s->failures;
	return attempts - others;
}

/* ---- all that is known ----------------------------------------------- */

static const char *
waits_for(struct tq_arena *mem, const struct tq_spool_look *in)
{
	char date[64];

	switch (in->s.state) {
	case TQ_HELD:
		return in->s.epoch != 0 ? "held for a transfer" : "held";
	case TQ_BLOCKED:
		if (in->waits == NULL)
			return "members are being put";
		return phrase(mem, "after %.*s", TQ_WHY_MAX - 10, in->waits);
	case TQ_DELAYED:
	case TQ_RETRY:
		tq_date_format(date, sizeof(date), in->s.due);
		return phrase(mem, "delayed until %s", date);
	case TQ_STARTED:
		return NULL;
	default:
		return in->why == NULL ? NULL : phrase(mem, "%s", in->why);
	}
}

static void
set_worker(struct tq_info *out, const struct tq_spool_look *in)
{
	out->worker[0] = '\0';
	out->host[0] = '\0';
	out->pid = in->pid;
	if (in->pid == 0)
		return;
	(void)strlcpy(out->host, in->host, sizeof(out->host));
	/* as tq_workers() says it */
	(void)snprintf(out->worker, sizeof(out->worker), "%s.%d.%u",
	    in->host, in->pid, (unsigned)in->row);
}

static int
set_end(struct tq_info *out, struct tq_arena *mem,
    const struct tq_spool_look *in, struct tq_err *e)
{
	out->out_size = out->err_size = 0;
	out->cut = 0;
	out->end_time = 0;
	tq_outcome_init(&out->end, TQ_ABSENT);
	if (in->damaged && TQ_STATE_ENDED(in->s.state))
		out->end.why = TQ_DAMAGED_END;
	if (!in->has_end)
		return 0;
	out->out_size = in->end.out_size;
	out->err_size = in->end.err_size;
	out->end_time = in->end.end;
	if (tq_translate_end(&out->end, &out->cut, mem, &in->end, &in->s,
	    e) == -1)
		return -1;
	if (in->end.flags & TQ_EF_CAUSE)
		out->end.why = tq_translate_cause(mem, &in->end, in->cause,
		    out->task.kind == TQ_KIND_GROUP);
	return 0;
}

/* Times of the attempt going on, or of the last one. */
static void
set_times(struct tq_info *out, const struct tq_spool_look *in)
{
	const struct tq_slot *s = &in->s;

	out->put = tq_translate_put_time(&in->rec);
	out->eta = in->rec.put.eta;
	if (s->state == TQ_DELAYED || s->state == TQ_RETRY ||
	    s->state == TQ_HELD)
		out->eta = s->due;
	out->start = in->has_end ? in->end.start : 0;
	if (s->state == TQ_STARTED)
		out->start = s->time;
	out->until = TQ_STATE_ENDED(s->state) ? s->due : 0;
}

int
tq_translate_info(struct tq_info *out, struct tq_arena *mem,
    const struct tq_spool_look *in, struct tq_err *e)
{
	const struct tq_stored stored = {
		&in->id, &in->s, &in->rec, in->ctx, in->queue
	};

	if (tq_translate_task(&out->task, mem, &stored, e) == -1 ||
	    set_end(out, mem, in, e) == -1)
		return -1;
	tq_translate_id(&out->id, &in->id, in->rec.put.foreign);
	out->task.expires = in->s.expires;	/* a retry waives it */
	out->state = (enum tq_state)in->s.state;
	out->body_size = in->rec.put.flags & TQ_PF_BODYFILE ?
	    in->rec.put.body_size : in->rec.put.body.n;
	out->mark = in->s.state == TQ_HELD ? in->s.epoch : 0;
	out->held_before = out->mark != 0 && in->s.row & TQ_WAS_HELD;
	out->attempt = in->s.attempt;
	out->crashes = in->s.crashes;
	out->laters = in->s.laters;
	out->failures = tq_translate_failures(&in->s, in->s.attempt);
	set_times(out, in);
	set_worker(out, in);
	out->why = TQ_STATE_ENDED(in->s.state) ? out->end.why :
	    waits_for(mem, in);
	return 0;
}
