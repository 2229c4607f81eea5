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
 * A field is a tag byte and a value of the kind its tag says:
 *
 *	number	varint
 *	string	varint length with the NUL, bytes, NUL
 *	vector	varint count, varint length of it all, that many strings one
 *		after another, each with its NUL
 *
 * Strings carry their NUL so that a decoded task points into the record.
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

#define VERSION		1

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
	HEAD_UID		/* number */
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
	OUTCOME_ERR		/* number, bytes */
};

#define KIND_MASK	0x07
#define FLAGS_SHIFT	3
#define STATE_MASK	0x0f
#define CUT_BIT		0x10

/* ---- fields out ------------------------------------------------------ */

static void
put_string(struct tq_buf *b, unsigned tag, const char *s)
{
	if (s == NULL)
		return;
	tq_buf_byte(b, tag);
	tq_buf_bytes(b, s, strlen(s) + 1);
}

/* Values below least are "not set". */
static void
put_number(struct tq_buf *b, unsigned tag, int64_t v, int64_t least)
{
	if (v < least)
		return;
	tq_buf_byte(b, tag);
	tq_buf_varint(b, (uint64_t)v);
}

static void
put_vector(struct tq_buf *b, unsigned tag, size_t count, const char *const *v)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		n += strlen(v[i]) + 1;
	tq_buf_byte(b, tag);
	tq_buf_varint(b, count);
	tq_buf_varint(b, n);
	for (i = 0; i < count; i++)
		tq_buf_put(b, v[i], strlen(v[i]) + 1);
}

/* ---- fields in ------------------------------------------------------- */

/* A number of at most max; a greater one marks the cursor damaged. */
static int64_t
get_number(struct tq_cur *c, int64_t max)
{
	uint64_t v = tq_cur_varint(c);

	if (v > (uint64_t)max) {
		c->err = EBADMSG;
		return 0;
	}
	return (int64_t)v;
}

/* A string of at most max bytes; NULL marks the cursor damaged. */
static const char *
get_string(struct tq_cur *c, size_t max)
{
	const char *s;
	size_t n;

	s = tq_cur_bytes(c, &n);
	if (s == NULL || n == 0 || n - 1 > max ||
	    memchr(s, '\0', n) != s + n - 1) {
		c->err = EBADMSG;
		return NULL;
	}
	return s;
}

/*
 * A vector, with a NULL behind it.  The pointers are allocated only once the
 * count is known to be covered by bytes.
 */
static const char *const *
get_vector(struct tq_cur *c, size_t *count, struct tq_arena *mem)
{
	const char *end, *p, **v;
	uint64_t i, want;
	size_t n;

	*count = 0;
	want = tq_cur_varint(c);
	p = tq_cur_bytes(c, &n);
	if (c->err != 0 || want > n || n > TQ_ARGS_MAX) {
		c->err = EBADMSG;
		return NULL;
	}
	v = tq_arena_alloc(mem, ((size_t)want + 1) * sizeof(*v));
	if (v == NULL) {
		c->err = ENOMEM;
		return NULL;
	}
	for (i = 0, end = p + n; i < want && p < end; i++) {
		v[i] = p;
		if ((p = memchr(p, '\0', (size_t)(end - p))) == NULL)
			break;
		p++;
	}
	if (i < want || p != end) {
		c->err = EBADMSG;
		return NULL;
	}
	v[i] = NULL;
	*count = (size_t)want;
	return v;
}

/* The next tag, each at most once; 0 at the end or when damaged. */
static unsigned
get_tag(struct tq_cur *c, uint32_t *seen)
{
	unsigned tag;

	if (c->err != 0 || c->n == 0)
		return 0;
	tag = tq_cur_byte(c);
	if (tag == 0 || (tag < 32 && (*seen & UINT32_C(1) << tag))) {
		c->err = EBADMSG;
		return 0;
	}
	if (tag < 32)
		*seen |= UINT32_C(1) << tag;
	return tag;
}

/* The version byte. */
static int
get_version(struct tq_cur *c, const char *what, struct tq_err *e)
{
	unsigned version = tq_cur_byte(c);

	if (c->err == 0 && version != VERSION)
		return tq_fail(e, EPROTO, "%s: version %u, this tq knows %d",
		    what, version, VERSION);
	return 0;
}

/* What the cursor says once all was read. */
static int
get_done(const struct tq_cur *c, const char *what, struct tq_err *e)
{
	switch (c->err) {
	case 0:
		return 0;
	case EBADMSG:
		return tq_fail(e, EBADMSG,
		    "%s: damaged, %zu bytes before its end", what, c->n);
	default:
		return tq_fail_sys(e, c->err, "%s", what);
	}
}

static int
newer(const char *what, unsigned tag, struct tq_err *e)
{
	return tq_fail(e, EPROTO, "%s: field %u is of a newer tq", what, tag);
}

/* ---- head ------------------------------------------------------------ */

static const char head_what[] = "task record";

void
tq_native_head_put(struct tq_buf *b, const struct tq_task *t)
{
	unsigned char *p;

	if ((p = tq_buf_grow(b, 2)) == NULL)
		return;
	p[0] = VERSION;
	p[1] = (unsigned char)(t->kind | t->flags << FLAGS_SHIFT);
	put_string(b, HEAD_NAME, t->name);
	if (t->argc > 0)
		put_vector(b, HEAD_ARGV, (size_t)t->argc, t->argv);
	if (t->kwc > 0)
		put_vector(b, HEAD_KWARGS, (size_t)t->kwc, t->kwargs);
	put_string(b, HEAD_LABEL, t->label);
	put_string(b, HEAD_PARENT, t->parent);
	put_string(b, HEAD_ROOT, t->root);
	put_number(b, HEAD_RETRIES, t->retries, 0);
	put_number(b, HEAD_SOFT, t->soft, 1);
	put_number(b, HEAD_HARD, t->hard, 1);
	put_number(b, HEAD_KEEP, t->keep, 0);
	put_number(b, HEAD_UID, t->uid, 0);
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
		out->name = get_string(c, TQ_NAME_MAX);
		break;
	case HEAD_ARGV:
		out->argv = get_vector(c, &n, mem);
		out->argc = (int)n;
		break;
	case HEAD_KWARGS:
		out->kwargs = get_vector(c, &n, mem);
		out->kwc = (int)n;
		break;
	case HEAD_LABEL:
		out->label = get_string(c, TQ_LABEL_MAX);
		break;
	case HEAD_PARENT:
		out->parent = get_string(c, TQ_ID_MAX);
		break;
	case HEAD_ROOT:
		out->root = get_string(c, TQ_ID_MAX);
		break;
	case HEAD_RETRIES:
		out->retries = (int)get_number(c, INT_MAX);
		break;
	case HEAD_SOFT:
		out->soft = get_number(c, INT64_MAX);
		break;
	case HEAD_HARD:
		out->hard = get_number(c, INT64_MAX);
		break;
	case HEAD_KEEP:
		out->keep = get_number(c, INT64_MAX);
		break;
	case HEAD_UID:
		out->uid = get_number(c, UINT32_MAX);
		break;
	default:
		return newer(head_what, tag, e);
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
	if (get_version(&c, head_what, e) == -1)
		return -1;
	first = tq_cur_byte(&c);
	if ((first & KIND_MASK) > TQ_KIND_NAMED)
		return tq_fail(e, EPROTO, "%s: kind %u is of a newer tq",
		    head_what, first & KIND_MASK);
	out->kind = (enum tq_kind)(first & KIND_MASK);
	out->flags = first >> FLAGS_SHIFT;
	while ((tag = get_tag(&c, &seen)) != 0) {
		if (head_field(out, mem, &c, tag, e) == -1)
			return -1;
	}
	if (c.err == 0 && !head_agrees(out))
		return tq_fail(e, EBADMSG,
		    "%s: kind %d does not agree with its fields", head_what,
		    (int)out->kind);
	return get_done(&c, head_what, e);
}

/* ---- context --------------------------------------------------------- */

static const char ctx_what[] = "context record";

void
tq_native_ctx_put(struct tq_buf *b, const struct tq_task *t)
{
	size_t n;

	tq_buf_byte(b, VERSION);
	put_string(b, CTX_DIR, t->dir);
	put_number(b, CTX_UMASK, t->umask, 0);
	if (t->env == NULL)
		return;
	for (n = 0; t->env[n] != NULL; n++)
		continue;
	put_vector(b, CTX_ENV, n, t->env);
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
	if (get_version(&c, ctx_what, e) == -1)
		return -1;
	while ((tag = get_tag(&c, &seen)) != 0) {
		switch (tag) {
		case CTX_DIR:
			out->dir = get_string(&c, TQ_ARGS_MAX);
			break;
		case CTX_UMASK:
			out->umask = (int)get_number(&c, 0777);
			break;
		case CTX_ENV:
			out->env = get_vector(&c, &count, mem);
			break;
		default:
			return newer(ctx_what, tag, e);
		}
	}
	return get_done(&c, ctx_what, e);
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
	p[0] = VERSION;
	p[1] = (unsigned char)(o->state | (sizes->cut ? CUT_BIT : 0));
	put_number(b, OUTCOME_STATUS, o->status, 0);
	put_number(b, OUTCOME_SIGNAL, o->signal, 1);
	put_number(b, OUTCOME_WHEN, o->when, 1);
	put_string(b, OUTCOME_WHY, o->why);
	put_number(b, OUTCOME_USER, o->user, 1);
	put_number(b, OUTCOME_SYS, o->sys, 1);
	put_number(b, OUTCOME_MAXRSS, o->maxrss, 1);
	put_number(b, OUTCOME_OUT, (int64_t)sizes->out, 1);
	put_number(b, OUTCOME_ERR, (int64_t)sizes->err, 1);
}

static int
outcome_field(struct tq_outcome *out, struct tq_native_sizes *sizes,
    struct tq_cur *c, unsigned tag, struct tq_err *e)
{
	switch (tag) {
	case OUTCOME_STATUS:
		out->status = (int)get_number(c, 255);
		break;
	case OUTCOME_SIGNAL:
		out->signal = (int)get_number(c, 127);
		break;
	case OUTCOME_WHEN:
		out->when = get_number(c, INT64_MAX);
		break;
	case OUTCOME_WHY:
		out->why = get_string(c, TQ_WHY_MAX);
		break;
	case OUTCOME_USER:
		out->user = get_number(c, INT64_MAX);
		break;
	case OUTCOME_SYS:
		out->sys = get_number(c, INT64_MAX);
		break;
	case OUTCOME_MAXRSS:
		out->maxrss = get_number(c, INT64_MAX);
		break;
	case OUTCOME_OUT:
		sizes->out = (uint64_t)get_number(c, INT64_MAX);
		break;
	case OUTCOME_ERR:
		sizes->err = (uint64_t)get_number(c, INT64_MAX);
		break;
	default:
		return newer(outcome_what, tag, e);
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
	if (get_version(&c, outcome_what, e) == -1)
		return -1;
	first = tq_cur_byte(&c);
	if ((first & STATE_MASK) >= TQ_NSTATES || first > (STATE_MASK | CUT_BIT))
		return tq_fail(e, EPROTO, "%s: state 0x%x is of a newer tq",
		    outcome_what, first);
	out->state = (enum tq_state)(first & STATE_MASK);
	sizes->cut = (first & CUT_BIT) != 0;
	while ((tag = get_tag(&c, &seen)) != 0) {
		if (outcome_field(out, sizes, &c, tag, e) == -1)
			return -1;
	}
	return get_done(&c, outcome_what, e);
}
