/*
 * Tasks and outcomes at "not set", and the checks at the door: what passes
 * tq_task_check() is fit for every codec and every backend.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <bsd/stdlib.h>

#include <tq/tq.h>

#include "base/rules.h"
#include "message/json.h"
#include "message/limits.h"
#include "message/utf8.h"

void
tq_task_init(struct tq_task *t)
{
	static const struct tq_task empty = {
		.kind = TQ_KIND_BODY,
		.body_fd = -1,
		.umask = -1,
		.uid = -1,
		.pri = TQ_PRI_DEFAULT,
		.retries = -1,
		.backoff = -1,
		.backoff_cap = -1,
		.keep = -1
	};

	*t = empty;
}

void
tq_outcome_init(struct tq_outcome *o, enum tq_state state)
{
	static const struct tq_outcome empty = {
		.status = -1,
		.out_fd = -1,
		.err_fd = -1
	};

	*o = empty;
	o->state = state;
}

/* ---- names and ids --------------------------------------------------- */

static int
is_name_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

int
tq_name_valid(const char *s)
{
	size_t n;

	if (*s == '.' || *s == '-')
		return 0;
	for (n = 0; s[n] != '\0'; n++) {
		if (n == TQ_NAME_MAX || !is_name_char((unsigned char)s[n]))
			return 0;
	}
	return n > 0;
}

/*
 * 1 if one of 8 bytes is a control character: below 0x20, or 0x7f.  Those
 * are the bytes without the top bit that borrow when 0x20 is taken away, or,
 * with the bits of 0x7f flipped, when 1 is.
 */
static int
has_control(const char *s)
{
	const uint64_t all = UINT64_C(0x0101010101010101);
	uint64_t v, flipped;

	memcpy(&v, s, sizeof(v));
	flipped = v ^ all * 0x7f;
	return ((((v - all * 0x20) & ~v) | ((flipped - all) & ~flipped)) &
	    all * 0x80) != 0;
}

/* 1 if s is at most max bytes, none of them a control character. */
static int
is_plain(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n > max)
		return 0;
	/* by eights: a worker asks this of an id for every task */
	for (; n >= 8; n -= 8, s += 8)
		if (has_control(s))
			return 0;
	for (; n > 0; n--, s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return 0;
	return 1;
}

int
tq_id_valid(const char *s)
{
	return *s != '\0' && is_plain(s, TQ_ID_MAX);
}

int
tq_ref_parse(struct tq_ref *out, const char *token, struct tq_err *e)
{
	const char *slash = strrchr(token, '/'), *bad;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (slash == NULL || slash[1] < '0' || slash[1] > '9')
		return tq_fail(e, EINVAL, "'%.80s' is not a claim (id/attempt)",
		    token);
	n = (size_t)(slash - token);
	if (n == 0 || n > TQ_ID_MAX)
		return tq_fail(e, EINVAL, "claim '%.80s': id of %zu bytes, "
		    "not 1 to %d", token, n, TQ_ID_MAX);
	memcpy(out->id.s, token, n);
	if (!tq_id_valid(out->id.s))
		return tq_fail(e, EINVAL, "claim '%.80s': control character in "
		    "the id", token);
	out->attempt = (unsigned)strtonum(slash + 1, 1, UINT32_MAX, &bad);
	if (bad != NULL)
		return tq_fail(e, EINVAL, "claim '%.80s': attempt is %s",
		    token, bad);
	return 0;
}

/* ---- checks ---------------------------------------------------------- */

static int
check_id(const char *what, const char *s, struct tq_err *e)
{
	if (s == NULL || tq_id_valid(s))
		return 0;
	return tq_fail(e, EINVAL, "%s '%.80s' is not 1 to %d bytes without "
	    "control characters", what, s, TQ_ID_MAX);
}

static int
check_identity(const struct tq_task *t, struct tq_err *e)
{
	if (t->queue != NULL && !tq_name_valid(t->queue))
		return tq_fail(e, EINVAL, "'%.80s' is not a queue name",
		    t->queue);
	if (t->label != NULL && !is_plain(t->label, TQ_LABEL_MAX))
		return tq_fail(e, EINVAL, "label '%.80s' is over %d bytes or "
		    "holds a control character", t->label,
		    TQ_LABEL_MAX);
	if (check_id("id", t->id, e) == -1 ||
	    check_id("parent", t->parent, e) == -1 ||
	    check_id("root", t->root, e) == -1)
		return -1;
	return 0;
}

/* Kind, flags and the presence of name and operands agree. */
static int
check_kind(const struct tq_task *t, struct tq_err *e)
{
	if (t->flags & ~TQ_TASK_FLAGS)
		return tq_fail(e, EINVAL, "task flags 0x%x: unknown bits",
		    t->flags);
	if (t->argc < 0 || t->kwc < 0)
		return tq_fail(e, EINVAL, "%d arguments, %d named ones",
		    t->argc, t->kwc);
	switch (t->kind) {
	case TQ_KIND_BODY:
	case TQ_KIND_GROUP:
		if (t->argc != 0)
			return tq_fail(e, EINVAL,
			    "a task of a body only has %d arguments", t->argc);
		break;
	case TQ_KIND_COMMAND:
	case TQ_KIND_SHELL:
		if (t->argc == 0)
			return tq_fail(e, EINVAL, "a command without words");
		break;
	case TQ_KIND_NAMED:
		if (t->name == NULL)
			return tq_fail(e, EINVAL, "a named task without name");
		if (!tq_name_valid(t->name))
			return tq_fail(e, EINVAL, "'%.80s' is not a task name",
			    t->name);
		return 0;
	default:
		return tq_fail(e, EINVAL, "no task kind %d", (int)t->kind);
	}
	if (t->name != NULL || t->kwc != 0)
		return tq_fail(e, EINVAL, "a name, or named arguments, in a "
		    "task that is not a named one");
	if (t->flags & TQ_TASK_JSON)
		return tq_fail(e, EINVAL,
		    "JSON arguments in a task that is not a named one");
	return 0;
}

/* Count s and its NUL towards TQ_ARGS_MAX. */
static int
check_size(size_t *sum, const char *s, struct tq_err *e)
{
	if (s == NULL)
		return tq_fail(e, EINVAL, "a null argument");
	*sum += strlen(s) + 1;
	if (*sum > TQ_ARGS_MAX)
		return tq_fail(e, EMSGSIZE, "arguments, directory and "
		    "environment are over %d bytes", TQ_ARGS_MAX);
	return 0;
}

static int
check_args(const struct tq_task *t, size_t *sum, struct tq_err *e)
{
	int i;

	for (i = 0; i < t->argc; i++) {
		if (check_size(sum, t->argv[i], e) == -1)
			return -1;
		if ((t->flags & TQ_TASK_JSON) &&
		    tq_json_check(t->argv[i], strlen(t->argv[i]), e) == -1)
			return -1;
	}
	if (t->kind == TQ_KIND_COMMAND && *t->argv[0] == '\0')
		return tq_fail(e, EINVAL, "the command's name is empty");
	for (i = 0; t->env != NULL && t->env[i] != NULL; i++) {
		if (check_size(sum, t->env[i], e) == -1)
			return -1;
		if (*t->env[i] == '=' || strchr(t->env[i], '=') == NULL)
			return tq_fail(e, EINVAL,
			    "environment '%.80s' is not name=value",
			    t->env[i]);
	}
	return 0;
}

/* 1 if an earlier named argument has the same n bytes of name. */
static int
is_repeated(const struct tq_task *t, int i, size_t n)
{
	int k;

	for (k = 0; k < i; k++) {
		if (strncmp(t->kwargs[k], t->kwargs[i], n + 1) == 0)
			return 1;
	}
	return 0;
}

/* Names become members of a JSON object: UTF-8, each once. */
static int
check_kwargs(const struct tq_task *t, size_t *sum, struct tq_err *e)
{
	const char *s;
	size_t n;
	int i;

	if (t->kwc > TQ_JSON_KWARGS_MAX)
		return tq_fail(e, EMSGSIZE, "%d named arguments, over %d",
		    t->kwc, TQ_JSON_KWARGS_MAX);
	for (i = 0; i < t->kwc; i++) {
		s = t->kwargs[i];
		if (check_size(sum, s, e) == -1)
			return -1;
		n = strcspn(s, "=");
		if (n == 0 || s[n] == '\0' || !tq_utf8_valid(s, n))
			return tq_fail(e, EINVAL,
			    "named argument '%.80s' is not name=value",
			    s);
		if (is_repeated(t, i, n))
			return tq_fail(e, EINVAL, "named argument '%.80s' is "
			    "there already", s);
		s += n + 1;
		if ((t->flags & TQ_TASK_JSON) &&
		    tq_json_check(s, strlen(s), e) == -1)
			return -1;
	}
	return 0;
}

static int
check_place(const struct tq_task *t, size_t *sum, struct tq_err *e)
{
	if (t->body.n > 0 && (t->body.p == NULL || t->body_fd >= 0))
		return tq_fail(e, EINVAL, "a body of %zu bytes %s", t->body.n,
		    t->body.p == NULL ? "at no place" : "and of a file too");
	if (t->dir != NULL) {
		if (*t->dir != '/')
			return tq_fail(e, EINVAL, "directory '%.80s' is not a "
			    "whole path", t->dir);
		if (check_size(sum, t->dir, e) == -1)
			return -1;
	}
	if (t->umask < -1 || t->umask > 0777)
		return tq_fail(e, EINVAL, "umask 0%o", (unsigned)t->umask);
	return 0;
}

static int
check_limits(const struct tq_task *t, struct tq_err *e)
{
	struct tq_limits l = { .v = { 0 } };

	return t->limits == NULL ? 0 : tq_limits_parse(&l, t->limits, e);
}

static int
check_times(const struct tq_task *t, struct tq_err *e)
{
	if (t->pri < 0 || t->pri > TQ_PRI_MAX)
		return tq_fail(e, EINVAL, "priority %d is not 0 to %d", t->pri,
		    TQ_PRI_MAX);
	if (t->eta < 0 || t->expires < 0)
		return tq_fail(e, EINVAL, "a time before 1970");
	if (t->soft < 0 || t->hard < 0 || t->keep < -1)
		return tq_fail(e, EINVAL, "a negative length of time");
	if (t->soft > 0 && t->hard > 0 && t->hard < t->soft)
		return tq_fail(e, EINVAL,
		    "the hard time limit is before the soft one");
	if (t->retries < -1 || t->retries > TQ_RETRIES_MAX)
		return tq_fail(e, EINVAL, "%d retries", t->retries);
	if (t->backoff < -1 || t->backoff_cap < -1)
		return tq_fail(e, EINVAL, "a negative delay of retries");
	if (t->factor != 0 && (t->factor < 1000 || t->factor > TQ_FACTOR_MAX))
		return tq_fail(e, EINVAL, "delays of retries that grow by "
		    "%u/1000, not 1 to 1000", t->factor);
	return 0;
}

/* A group does no work: it is its members, and what waits for it. */
static int
check_group(const struct tq_task *t, struct tq_err *e)
{
	if (t->kind != TQ_KIND_GROUP) {
		if (t->flags & TQ_TASK_OPEN)
			return tq_fail(e, EINVAL, "only a group is open");
		return 0;
	}
	if (t->body.n > 0 || t->body_fd >= 0 || t->nafter > 0 ||
	    t->pipe != NULL || t->key != NULL || t->eta != 0 ||
	    t->expires != 0 || t->flags & TQ_TASK_HOLD)
		return tq_fail(e, EINVAL, "a group has members and a queue, "
		    "no work, key, date or dependency of its own");
	return 0;
}

static int
check_ties(const struct tq_task *t, struct tq_err *e)
{
	size_t i;

	if (t->key == NULL && t->nafter == 0 && t->pipe == NULL &&
	    t->group == NULL && t->kind != TQ_KIND_GROUP &&
	    !(t->flags & (TQ_TASK_OPEN | TQ_TASK_CHORD)) &&
	    (unsigned)t->on_key <= TQ_KEY_FOLLOW &&
	    (unsigned)t->when <= TQ_WHEN_ANY)
		return 0;
	if (t->key != NULL && (*t->key == '\0' ||
	    !is_plain(t->key, TQ_LABEL_MAX)))
		return tq_fail(e, EINVAL, "key '%.80s' is not 1 to %d bytes "
		    "without control characters", t->key, TQ_LABEL_MAX);
	if ((unsigned)t->on_key > TQ_KEY_FOLLOW ||
	    (unsigned)t->when > TQ_WHEN_ANY)
		return tq_fail(e, EINVAL, "no such policy of keys or "
		    "dependencies");
	for (i = 0; i < t->nafter; i++)
		if (t->after[i] == NULL ||
		    check_id("dependency", t->after[i], e) == -1)
			return -1;
	if (check_id("pipe", t->pipe, e) == -1 ||
	    check_id("group", t->group, e) == -1)
		return -1;
	if (t->pipe != NULL && (t->body.n > 0 || t->body_fd >= 0))
		return tq_fail(e, EINVAL, "its stdin is a body and the output "
		    "of %s", t->pipe);
	if (t->flags & TQ_TASK_CHORD && t->pipe == NULL)
		return tq_fail(e, EINVAL, "the values of no group");
	return check_group(t, e);
}

/* "name" or "name=n" with n from 1 on. */
static int
need_valid(const char *s)
{
	char name[TQ_NAME_MAX + 1];
	size_t n = strcspn(s, "=");
	const char *bad = NULL;

	if (n > TQ_NAME_MAX)
		return 0;
	memcpy(name, s, n);
	name[n] = '\0';
	if (s[n] == '=')
		(void)strtonum(s + n + 1, 1, INT32_MAX, &bad);
	return tq_name_valid(name) && bad == NULL;
}

static int
check_gates(const struct tq_task *t, struct tq_err *e)
{
	size_t i;

	if (t->lane != NULL && (*t->lane == '\0' ||
	    !is_plain(t->lane, TQ_LABEL_MAX)))
		return tq_fail(e, EINVAL, "lane '%.80s' is not 1 to %d bytes "
		    "without control characters", t->lane, TQ_LABEL_MAX);
	if (t->nneeds > TQ_OFFERS_MAX)
		return tq_fail(e, EINVAL, "%zu resources, over %d", t->nneeds,
		    TQ_OFFERS_MAX);
	for (i = 0; i < t->nneeds; i++)
		if (!need_valid(t->needs[i]))
			return tq_fail(e, EINVAL, "'%.80s' is not a resource, "
			    "as gpu=2", t->needs[i]);
	return 0;
}

int
tq_task_check(const struct tq_task *t, struct tq_err *e)
{
	size_t sum = 0;

	if (check_identity(t, e) == -1 || check_kind(t, e) == -1)
		return -1;
	if (t->name != NULL && check_size(&sum, t->name, e) == -1)
		return -1;
	if (check_args(t, &sum, e) == -1 || check_kwargs(t, &sum, e) == -1)
		return -1;
	if (check_place(t, &sum, e) == -1 || check_times(t, e) == -1 ||
	    check_limits(t, e) == -1 || check_ties(t, e) == -1 ||
	    check_gates(t, e) == -1)
		return -1;
	return 0;
}
