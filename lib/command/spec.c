/* What options of tqput(1) say of a task; see spec.h. */
#include "command/spec.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/rules.h"
#include "command/arg.h"

void
tq_spec_init(struct tq_spec *s, tq_time now)
{
	memset(s, 0, sizeof(*s));
	s->now = now;
	tq_task_init(&s->task);
	tq_place_init(&s->place);
	tq_ids_init(&s->after);
	tq_ids_init(&s->pipe);
}

int
tq_spec_from(struct tq_spec *s, const struct tq_spec *base, struct tq_err *e)
{
	tq_spec_init(s, base->now);
	s->task = base->task;
	s->limits = base->limits;
	return tq_place_copy(&s->place, &base->place, e);
}

void
tq_spec_fini(struct tq_spec *s)
{
	tq_place_fini(&s->place);
	tq_ids_fini(&s->after);
	tq_ids_fini(&s->pipe);
	free(s->needs);
	free(s->kwargs);
	s->needs = s->kwargs = NULL;
}

/* ---- values ------------------------------------------------------------ */

/* A duration counts from the put; what is not one is a date. */
static int
take_expires(struct tq_spec *s, const char *value, struct tq_err *e)
{
	tq_time t;

	if (tq_duration_parse(&t, value, e) == 0)
		s->task.expires = tq_clock_deadline(s->now, t);
	else if (s->now == 0 ||
	    tq_date_parse(&s->task.expires, value, s->now, e) == -1)
		return -1;
	return 0;
}

/* -a or -d: when to start; the other one must not be there. */
static int
take_start(struct tq_spec *s, int key, const char *value, struct tq_err *e)
{
	tq_time t;

	if (s->said[key == 'a' ? 'd' : 'a'])
		return tq_fail(e, EINVAL, "excludes -%c",
		    key == 'a' ? 'd' : 'a');
	if (key == 'a')
		return tq_date_parse(&s->task.eta, value, s->now, e);
	if (tq_duration_parse(&t, value, e) == -1)
		return -1;
	s->task.eta = tq_clock_deadline(s->now, t);
	return 0;
}

static int
take_number(int *out, const char *value, int max, struct tq_err *e)
{
	int64_t n;

	if (tq_number_parse(&n, value, 0, max, e) == -1)
		return -1;
	*out = (int)n;
	return 0;
}

/* A word of three: its number. */
static int
take_word(int *out, const char *value, const char *const words[3],
    struct tq_err *e)
{
	for (*out = 0; *out < 3; ++*out)
		if (strcmp(words[*out], value) == 0)
			return 0;
	return tq_fail(e, EINVAL, "'%s' is not %s, %s or %s", value, words[0],
	    words[1], words[2]);
}

static int
take_when(struct tq_task *t, const char *value, struct tq_err *e)
{
	static const char *const words[] = { "ok", "fail", "any" };
	int i;

	if (take_word(&i, value, words, e) == -1)
		return -1;
	t->when = (enum tq_when)i;
	return 0;
}

static int
take_policy(struct tq_task *t, const char *value, struct tq_err *e)
{
	static const char *const words[] = { "skip", "replace", "follow" };
	int i;

	if (take_word(&i, value, words, e) == -1)
		return -1;
	t->on_key = (enum tq_on_key)i;
	return 0;
}

static int
take_name(const char **out, const char *value, struct tq_err *e)
{
	*out = value;
	return tq_name_check(value, e);
}

/* The n-th of a list. */
static int
take_next(const char ***list, size_t n, const char *value, struct tq_err *e)
{
	const char **v = reallocarray(*list, n + 1, sizeof(*v));

	if (v == NULL)
		return tq_fail_sys(e, ENOMEM, "'%s'", value);
	v[n] = value;
	*list = v;
	return 0;
}

/* The first -R takes the place of what the task needed so far. */
static int
take_need(struct tq_spec *s, const char *value, struct tq_err *e)
{
	size_t n = s->needs == NULL ? 0 : s->task.nneeds, i;
	size_t len = strcspn(value, "=");

	for (i = 0; i < n; i++)
		if (strcspn(s->needs[i], "=") == len &&
		    memcmp(s->needs[i], value, len) == 0)
			return tq_fail(e, EINVAL, "'%s': is needed already",
			    value);
	if (take_next(&s->needs, n, value, e) == -1)
		return -1;
	s->task.needs = s->needs;
	s->task.nneeds = n + 1;
	return 0;
}

static int
take_kwarg(struct tq_spec *s, const char *value, struct tq_err *e)
{
	if (take_next(&s->kwargs, (size_t)s->task.kwc, value, e) == -1)
		return -1;
	s->task.kwargs = s->kwargs;
	s->task.kwc++;
	return 0;
}

/* Ids between commas. */
static int
take_after(struct tq_spec *s, const char *value, struct tq_err *e)
{
	char *copy = strdup(value), *p = copy, *id;
	int rv = 0;

	if (copy == NULL)
		return tq_fail_sys(e, errno, "'%s'", value);
	while (rv == 0 && (id = strsep(&p, ",")) != NULL)
		if (*id == '\0')
			rv = tq_fail(e, EINVAL, "'%s' has an empty id", value);
		else
			tq_ids_add(&s->after, id);
	free(copy);
	return rv;
}

static int
take_pipe(struct tq_spec *s, const char *value, struct tq_err *e)
{
	if (s->pipe.n > 0)
		return tq_fail(e, EINVAL, "is there twice");
	tq_ids_add(&s->pipe, value);
	return 0;
}

/* ---- options ----------------------------------------------------------- */

static int
take_flag(struct tq_task *t, unsigned flag)
{
	t->flags |= flag;
	return 0;
}

static int
take_string(const char **out, const char *value)
{
	*out = value;
	return 0;
}

/* 0, -1 with what is wrong with the value, or 1: no option of a task. */
static int
take(struct tq_spec *s, int key, const char *value, struct tq_err *e)
{
	struct tq_task *t = &s->task;

	switch (key) {
	case 'A':
		return take_after(s, value, e);
	case 'a':
	case 'd':
		return take_start(s, key, value, e);
	case TQ_PUT_BACKOFF:
		return tq_backoff_parse(&t->backoff, &t->factor,
		    &t->backoff_cap, value, e);
	case 'C':
		return tq_place_chdir(&s->place, value, e);
	case 'D':
		return take_when(t, value, e);
	case 'e':
		return tq_place_add(&s->place, value, e);
	case TQ_PUT_HOLD:
		return take_flag(t, TQ_TASK_HOLD);
	case TQ_PUT_ID:
		return take_string(&t->id, value);
	case TQ_PUT_IONICE:
		return tq_limits_set(&s->limits, "ionice", value, e);
	case 'K':
		return take_policy(t, value, e);
	case 'k':
		return take_string(&t->key, value);
	case TQ_PUT_KEEP:
		return tq_duration_parse(&t->keep, value, e);
	case TQ_PUT_KW:
		return take_kwarg(s, value, e);
	case 'l':
		return take_string(&t->label, value);
	case TQ_PUT_LIMIT:
		return tq_limits_parse(&s->limits, value, e);
	case 'N':
		t->kind = TQ_KIND_NAMED;
		return take_name(&t->name, value, e);
	case TQ_PUT_NICE:
		return tq_limits_set(&s->limits, "nice", value, e);
	case TQ_PUT_NO_RESULT:
		return take_flag(t, TQ_TASK_NORESULT);
	case TQ_PUT_ONCE:
		return take_flag(t, TQ_TASK_ONCE);
	case 'P':
		return take_pipe(s, value, e);
	case 'p':
		t->flags |= TQ_TASK_PRI;
		return take_number(&t->pri, value, TQ_PRI_MAX, e);
	case 'q':
		return take_name(&t->queue, value, e);
	case 'R':
		return take_need(s, value, e);
	case 'r':
		return take_number(&t->retries, value, TQ_RETRIES_MAX, e);
	case 'S':
		return take_string(&t->lane, value);
	case 'T':
		return tq_time_limits_parse(&t->soft, &t->hard, value, e);
	case 'x':
		return take_expires(s, value, e);
	default:
		return 1;
	}
}

int
tq_spec_set(struct tq_spec *s, int key, const char *value, struct tq_err *e)
{
	struct tq_err why;
	char name[TQ_OPTION_NAME];
	int rv;

	if ((rv = take(s, key, value, &why)) == -1)
		return tq_fail(e, why.num, "%s: %s", tq_option_name(name,
		    tq_put_options, tq_put_noptions, key), why.text);
	s->said[key] = 1;
	return rv == 0;
}

void
tq_spec_finish(struct tq_spec *s)
{
	struct tq_task *t = &s->task;

	if (t->kind == TQ_KIND_COMMAND || t->kind == TQ_KIND_SHELL)
		tq_place_here(&s->place);
	tq_place_apply(&s->place, t);
	tq_limits_format(s->limits_text, sizeof(s->limits_text), &s->limits);
	t->limits = s->limits_text[0] != '\0' ? s->limits_text : NULL;
}

int
tq_spec_resolve(struct tq_spec *s, struct tq *tq, struct tq_err *e)
{
	if (tq_spool_dir(tq) != NULL &&
	    (tq_ids_resolve(&s->after, tq, TQ_FIND_TAIL, e) == -1 ||
	    tq_ids_resolve(&s->pipe, tq, TQ_FIND_TAIL, e) == -1))
		return -1;
	s->task.after = s->after.v;
	s->task.nafter = s->after.n;
	s->task.pipe = s->pipe.n > 0 ? s->pipe.v[0] : NULL;
	return 0;
}

/* ---- specs and other tasks --------------------------------------------- */

int
tq_spec_keep(const struct tq_spec *s, struct tq_task *t, struct tq_arena *mem,
    struct tq_err *e)
{
	const char **env, **needs;

	env = tq_arena_alloc(mem, (s->place.n + 1) * sizeof(*env));
	needs = tq_arena_alloc(mem, (t->nneeds + 1) * sizeof(*needs));
	if (env == NULL || needs == NULL)
		goto fail;
	if (t->env != NULL)
		t->env = memcpy(env, t->env, (s->place.n + 1) * sizeof(*env));
	if (t->nneeds > 0)
		t->needs = memcpy(needs, t->needs, t->nneeds * sizeof(*needs));
	if ((t->dir != NULL && (t->dir = tq_arena_copy(mem, t->dir,
	    strlen(t->dir))) == NULL) || (t->limits != NULL && (t->limits =
	    tq_arena_copy(mem, t->limits, strlen(t->limits))) == NULL))
		goto fail;
	return 0;
 fail:
	return tq_fail_sys(e, ENOMEM, "options");
}

/* Members of a task that an option sets. */
#define MEMBER(key, name) \
	{ key, offsetof(struct tq_task, name), \
	    sizeof(((struct tq_task *)0)->name) }
static const struct member {
	int		 key;
	size_t		 at, size;
} members[] = {
	MEMBER('A', after),
	MEMBER('A', nafter),
	MEMBER('a', eta),
	MEMBER(TQ_PUT_BACKOFF, backoff),
	MEMBER(TQ_PUT_BACKOFF, factor),
	MEMBER(TQ_PUT_BACKOFF, backoff_cap),
	MEMBER('C', dir),
	MEMBER('D', when),
	MEMBER('d', eta),
	MEMBER(TQ_PUT_IONICE, limits),
	MEMBER('k', key),
	MEMBER('k', on_key),
	MEMBER(TQ_PUT_KEEP, keep),
	MEMBER('l', label),
	MEMBER(TQ_PUT_LIMIT, limits),
	MEMBER(TQ_PUT_NICE, limits),
	MEMBER('P', pipe),
	MEMBER('p', pri),
	MEMBER('q', queue),
	MEMBER('R', needs),
	MEMBER('R', nneeds),
	MEMBER('r', retries),
	MEMBER('S', lane),
	MEMBER('T', soft),
	MEMBER('T', hard),
	MEMBER('x', expires),
};

/* A record's own variables, but for those that -e sets. */
static int
over_env(const struct tq_spec *s, struct tq_task *t, struct tq_arena *mem,
    struct tq_err *e)
{
	const char **env;
	size_t n = 0, i;

	for (i = 0; t->env[i] != NULL; i++)
		;
	env = tq_arena_alloc(mem, (s->place.given + i + 1) * sizeof(*env));
	if (env == NULL)
		return tq_fail_sys(e, ENOMEM, "environment");
	for (; n < s->place.given; n++)
		env[n] = s->place.env[n];
	for (i = 0; t->env[i] != NULL; i++)
		if (!tq_place_gives(&s->place, t->env[i]))
			env[n++] = t->env[i];
	env[n] = NULL;
	t->env = env;
	return 0;
}

int
tq_spec_over(const struct tq_spec *s, struct tq_task *t, struct tq_arena *mem,
    struct tq_err *e)
{
	const struct tq_task *base = &s->task;
	const struct member *m;

	for (m = members; m < members + sizeof(members) / sizeof(*m); m++)
		if (s->said[m->key])
			memcpy((char *)t + m->at,
			    (const char *)base + m->at, m->size);
	t->flags |= base->flags;
	if (t->parent == NULL && t->root == NULL) {
		t->parent = base->parent;
		t->root = base->root;
	}
	if (t->kind != TQ_KIND_COMMAND && t->kind != TQ_KIND_SHELL) {
		t->flags &= ~(unsigned)TQ_TASK_LOCAL;
		return 0;
	}
	if (t->dir == NULL)
		t->dir = base->dir;
	if (t->umask == -1)
		t->umask = base->umask;
	if (t->env == NULL)
		t->env = base->env;
	else if (s->place.given > 0)
		return over_env(s, t, mem, e);
	return 0;
}
