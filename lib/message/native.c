/*
 * Our own record bodies.  Each is two bytes or one, then fields in any
 * order, each at most once; what is not set is not there.
 *
 *	head	0  version (1)
 *		1  bits 0-2 kind, bits 3-7 TQ_TASK_* flags
 *		2  fields
 *	context	0  version (1)
 *		1  fields
 *	outcome	0  version (1)
 *		1  bits 0-3 state, bit 4 output was cut
 *		2  fields
 *
 * How a field is written is said in field.h.
 *
 * To change the format: a new field gets the next free tag; older readers
 * refuse it with EPROTO instead of running a task they only half understand.
 * A field whose meaning changes gets a new tag, never a new meaning.  The
 * version counts changes that tags cannot express.
 */
#include "message/native.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/rules.h"
#include "message/field.h"

enum head_tag {
	HEAD_NAME = 1,		/* string */
	HEAD_ARGV,		/* vector */
	HEAD_KWARGS,		/* vector */
	HEAD_LABEL,		/* string */
	HEAD_PARENT,		/* string */
	HEAD_ROOT,		/* string */
	HEAD_RETRIES,		/* number */
	HEAD_SOFT,		/* number, ns */
	HEAD_HARD,		/* number, ns */
	HEAD_KEEP,		/* number, ns */
	HEAD_UID,		/* number */
	HEAD_LIMITS,		/* string */
	HEAD_BACKOFF,		/* number, ns */
	HEAD_FACTOR,		/* number, thousandths */
	HEAD_BACKOFF_CAP,	/* number, ns */
	HEAD_LANE,		/* string */
	HEAD_NEEDS		/* vector */
};

enum ctx_tag {
	CTX_DIR = 1,		/* string */
	CTX_UMASK,		/* number */
	CTX_ENV			/* vector */
};

enum outcome_tag {
	OUTCOME_STATUS = 1,	/* number, 0-255 */
	OUTCOME_SIGNAL,		/* number */
	OUTCOME_WHEN,		/* number, ns since 1970 */
	OUTCOME_WHY,		/* string */
	OUTCOME_USER,		/* number, ns */
	OUTCOME_SYS,		/* number, ns */
	OUTCOME_MAXRSS,		/* number, bytes */
	OUTCOME_OUT,		/* number, bytes */
	OUTCOME_ERR,		/* number, bytes */
	OUTCOME_TYPE,		/* string */
	OUTCOME_RESULT		/* string, a JSON value */
};

#define KIND_MASK	0x07
#define FLAGS_SHIFT	3
#define FLAGS_HERE	0x1f	/* the others stand with its relations */
#define STATE_MASK	0x0f
#define CUT_BIT		0x10

/* ---- head ------------------------------------------------------------ */

static const char head_what[] = "task record";

void
tq_native_head_put(struct tq_buf *b, const struct tq_task *t)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, 2)) == NULL)
		return;
	p[0] = TQ_FIELD_VERSION;
	p[1] = (unsigned char)(t->kind |
	    (t->flags & FLAGS_HERE) << FLAGS_SHIFT);
	tq_field_put_string(b, HEAD_NAME, t->name);
	if (t->argc > 0)
		tq_field_put_vector(b, HEAD_ARGV, (size_t)t->argc, t->argv);
	if (t->kwc > 0)
		tq_field_put_vector(b, HEAD_KWARGS, (size_t)t->kwc, t->kwargs);
	tq_field_put_string(b, HEAD_LABEL, t->label);
	tq_field_put_string(b, HEAD_PARENT, t->parent);
	tq_field_put_string(b, HEAD_ROOT, t->root);
	tq_field_put_number(b, HEAD_RETRIES, t->retries, 0);
	tq_field_put_number(b, HEAD_SOFT, t->soft, 1);
	tq_field_put_number(b, HEAD_HARD, t->hard, 1);
	tq_field_put_number(b, HEAD_KEEP, t->keep, 0);
	tq_field_put_number(b, HEAD_UID, t->uid, 0);
	tq_field_put_string(b, HEAD_LIMITS, t->limits);
	tq_field_put_number(b, HEAD_BACKOFF, t->backoff, 0);
	tq_field_put_number(b, HEAD_FACTOR, t->factor, 1);
	tq_field_put_number(b, HEAD_BACKOFF_CAP, t->backoff_cap, 0);
	tq_field_put_string(b, HEAD_LANE, t->lane);
	if (t->nneeds > 0)
		tq_field_put_vector(b, HEAD_NEEDS, t->nneeds, t->needs);
}

/* Kind, flags, name and operands agree, as tq_task_check() saw to. */
static int
head_agrees(const struct tq_task *t)
{
	int i;

	if (t->kind != TQ_KIND_NAMED && (t->name != NULL || t->kwc > 0 ||
	    (t->flags & TQ_TASK_JSON)))
		return 0;
	for (i = 0; i < t->kwc; i++) {
		if (*t->kwargs[i] == '=' || strchr(t->kwargs[i], '=') == NULL)
			return 0;
	}
	switch (t->kind) {
	case TQ_KIND_BODY:
	case TQ_KIND_GROUP:
		return t->argc == 0;
	case TQ_KIND_COMMAND:
		return t->argc > 0 && *t->argv[0] != '\0';
	case TQ_KIND_SHELL:
		return t->argc > 0;
	case TQ_KIND_NAMED:
		return t->name != NULL && tq_name_valid(t->name);
	}
	return 0;
}

static int
head_field(struct tq_task *out, struct tq_arena *mem, struct tq_cur *c,
    unsigned tag, struct tq_err *e)
{
	size_t n;

	switch (tag) {
	case HEAD_NAME:
		out->name = tq_field_string(c, TQ_NAME_MAX);
		break;
	case HEAD_ARGV:
		out->argv = tq_field_vector(c, &n, mem);
		out->argc = (int)n;
		break;
	case HEAD_KWARGS:
		out->kwargs = tq_field_vector(c, &n, mem);
		out->kwc = (int)n;
		break;
	case HEAD_LABEL:
		out->label = tq_field_string(c, TQ_LABEL_MAX);
		break;
	case HEAD_PARENT:
		out->parent = tq_field_string(c, TQ_ID_MAX);
		break;
	case HEAD_ROOT:
		out->root = tq_field_string(c, TQ_ID_MAX);
		break;
	case HEAD_RETRIES:
		out->retries = (int)tq_field_number(c, INT_MAX);
		break;
	case HEAD_SOFT:
		out->soft = tq_field_number(c, INT64_MAX);
		break;
	case HEAD_HARD:
		out->hard = tq_field_number(c, INT64_MAX);
		break;
	case HEAD_KEEP:
		out->keep = tq_field_number(c, INT64_MAX);
		break;
	case HEAD_UID:
		out->uid = tq_field_number(c, UINT32_MAX);
		break;
	case HEAD_LIMITS:
		out->limits = tq_field_string(c, TQ_LIMITS_MAX);
		break;
	case HEAD_BACKOFF:
		out->backoff = tq_field_number(c, INT64_MAX);
		break;
	case HEAD_FACTOR:
		out->factor = (unsigned)tq_field_number(c, TQ_FACTOR_MAX);
		if (out->factor < 1000)
			c->err = EBADMSG;
		break;
	case HEAD_BACKOFF_CAP:
		out->backoff_cap = tq_field_number(c, INT64_MAX);
		break;
	case HEAD_LANE:
		out->lane = tq_field_string(c, TQ_LABEL_MAX);
		break;
	case HEAD_NEEDS:
		out->needs = tq_field_vector(c, &out->nneeds, mem);
		break;
	default:
		return tq_field_newer(head_what, tag, e);
	}
	return 0;
}

int
tq_native_head_get(struct tq_task *out, struct tq_arena *mem, const void *p,
    size_t n, struct tq_err *e)
{
	struct tq_cur c;
	uint32_t seen = 0;
	unsigned first, tag;

	tq_task_init(out);
	tq_cur_init(&c, p, n);
	if (tq_field_version(&c, head_what, e) == -1)
		return -1;
	first = tq_cur_byte(&c);
	if ((first & KIND_MASK) > TQ_KIND_GROUP)
		return tq_fail(e, EPROTO, "%s: kind %u is of a newer tq",
		    head_what, first & KIND_MASK);
	out->kind = (enum tq_kind)(first & KIND_MASK);
	out->flags = first >> FLAGS_SHIFT;
	while ((tag = tq_field_tag(&c, &seen)) != 0) {
		if (head_field(out, mem, &c, tag, e) == -1)
			return -1;
	}
	if (c.err == 0 && !head_agrees(out))
		return tq_fail(e, EBADMSG,
		    "%s: kind %d does not agree with its fields", head_what,
		    (int)out->kind);
	return tq_field_done(&c, head_what, e);
}

enum tq_kind
tq_native_head_kind(const void *p, size_t n)
{
	const unsigned char *head = p;

	if (n < 2 || head[0] != TQ_FIELD_VERSION ||
	    (head[1] & KIND_MASK) > TQ_KIND_GROUP)
		return TQ_KIND_BODY;
	return (enum tq_kind)(head[1] & KIND_MASK);
}

/* ---- context --------------------------------------------------------- */

static const char ctx_what[] = "context record";

void
tq_native_ctx_put(struct tq_buf *b, const struct tq_task *t)
{
	size_t n;

	tq_buf_byte(b, TQ_FIELD_VERSION);
	tq_field_put_string(b, CTX_DIR, t->dir);
	tq_field_put_number(b, CTX_UMASK, t->umask, 0);
	if (t->env == NULL)
		return;
	for (n = 0; t->env[n] != NULL; n++)
		continue;
	tq_field_put_vector(b, CTX_ENV, n, t->env);
}

int
tq_native_ctx_get(struct tq_task *out, struct tq_arena *mem, const void *p,
    size_t n, struct tq_err *e)
{
	struct tq_cur c;
	uint32_t seen = 0;
	unsigned tag;
	size_t count;

	out->dir = NULL;
	out->umask = -1;
	out->env = NULL;
	tq_cur_init(&c, p, n);
	if (tq_field_version(&c, ctx_what, e) == -1)
		return -1;
	while ((tag = tq_field_tag(&c, &seen)) != 0) {
		switch (tag) {
		case CTX_DIR:
			out->dir = tq_field_string(&c, TQ_ARGS_MAX);
			break;
		case CTX_UMASK:
			out->umask = (int)tq_field_number(&c, 0777);
			break;
		case CTX_ENV:
			out->env = tq_field_vector(&c, &count, mem);
			break;
		default:
			return tq_field_newer(ctx_what, tag, e);
		}
	}
	return tq_field_done(&c, ctx_what, e);
}

/* ---- outcome --------------------------------------------------------- */

static const char outcome_what[] = "outcome record";

void
tq_native_outcome_put(struct tq_buf *b, const struct tq_outcome *o,
    const struct tq_native_sizes *sizes)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, 2)) == NULL)
		return;
	p[0] = TQ_FIELD_VERSION;
	p[1] = (unsigned char)(o->state | (sizes->cut ? CUT_BIT : 0));
	tq_field_put_number(b, OUTCOME_STATUS, o->status, 0);
	tq_field_put_number(b, OUTCOME_SIGNAL, o->signal, 1);
	tq_field_put_number(b, OUTCOME_WHEN, o->when, 1);
	tq_field_put_string(b, OUTCOME_WHY, o->why);
	tq_field_put_string(b, OUTCOME_TYPE, o->type);
	tq_field_put_bytes(b, OUTCOME_RESULT, o->result);
	tq_field_put_number(b, OUTCOME_USER, o->user, 1);
	tq_field_put_number(b, OUTCOME_SYS, o->sys, 1);
	tq_field_put_number(b, OUTCOME_MAXRSS, o->maxrss, 1);
	tq_field_put_number(b, OUTCOME_OUT, (int64_t)sizes->out, 1);
	tq_field_put_number(b, OUTCOME_ERR, (int64_t)sizes->err, 1);
}

static int
outcome_field(struct tq_outcome *out, struct tq_native_sizes *sizes,
    struct tq_cur *c, unsigned tag, struct tq_err *e)
{
	switch (tag) {
	case OUTCOME_STATUS:
		out->status = (int)tq_field_number(c, 255);
		break;
	case OUTCOME_SIGNAL:
		out->signal = (int)tq_field_number(c, 127);
		break;
	case OUTCOME_WHEN:
		out->when = tq_field_number(c, INT64_MAX);
		break;
	case OUTCOME_WHY:
		out->why = tq_field_string(c, TQ_WHY_MAX);
		break;
	case OUTCOME_TYPE:
		out->type = tq_field_string(c, TQ_NAME_MAX);
		break;
	case OUTCOME_RESULT:
		out->result.p = tq_field_string(c, TQ_ARGS_MAX);
		if (out->result.p != NULL)
			out->result.n = strlen(out->result.p);
		break;
	case OUTCOME_USER:
		out->user = tq_field_number(c, INT64_MAX);
		break;
	case OUTCOME_SYS:
		out->sys = tq_field_number(c, INT64_MAX);
		break;
	case OUTCOME_MAXRSS:
		out->maxrss = tq_field_number(c, INT64_MAX);
		break;
	case OUTCOME_OUT:
		sizes->out = (uint64_t)tq_field_number(c, INT64_MAX);
		break;
	case OUTCOME_ERR:
		sizes->err = (uint64_t)tq_field_number(c, INT64_MAX);
		break;
	default:
		return tq_field_newer(outcome_what, tag, e);
	}
	return 0;
}

int
tq_native_outcome_get(struct tq_outcome *out, struct tq_native_sizes *sizes,
    const void *p, size_t n, struct tq_err *e)
{
	struct tq_cur c;
	uint32_t seen = 0;
	unsigned first, tag;

	tq_outcome_init(out, TQ_ABSENT);
	memset(sizes, 0, sizeof(*sizes));
	tq_cur_init(&c, p, n);
	if (tq_field_version(&c, outcome_what, e) == -1)
		return -1;
	first = tq_cur_byte(&c);
	if ((first & STATE_MASK) >= TQ_NSTATES ||
	    first > (STATE_MASK | CUT_BIT))
		return tq_fail(e, EPROTO, "%s: state 0x%x is of a newer tq",
		    outcome_what, first);
	out->state = (enum tq_state)(first & STATE_MASK);
	sizes->cut = (first & CUT_BIT) != 0;
	while ((tag = tq_field_tag(&c, &seen)) != 0) {
		if (outcome_field(out, sizes, &c, tag, e) == -1)
			return -1;
	}
	return tq_field_done(&c, outcome_what, e);
}
