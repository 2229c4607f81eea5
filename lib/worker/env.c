/*
 * The environment of a task (pure).  What is added first wins: the TQ_*
 * variables of the worker come before anything a submitter says.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "env.h"
#include "mark.h"

/* Given to a command of the submitter's own, never to anybody else's. */
static const char *const login[] = {
	"PATH", "HOME", "LANG", "LC_*", "TZ", "USER", "LOGNAME", "SHELL", NULL
};

/* They make a program load or run what they name. */
static const char *const unsafe[] = {
	"LD_*", "GCONV_PATH", "BASH_ENV", "ENV", "IFS", "PYTHON*", "PERL5*",
	"NODE_OPTIONS", NULL
};

/* 1 if a name of n bytes is in the list, where X* is any that begins X. */
static int
listed(const char *const *list, const char *name, size_t n)
{
	size_t len;

	for (; *list != NULL; list++) {
		len = strlen(*list);
		if ((*list)[len - 1] == '*') {
			if (n >= len - 1 && memcmp(name, *list, len - 1) == 0)
				return 1;
		} else if (n == len && memcmp(name, *list, n) == 0)
			return 1;
	}
	return 0;
}

/* 1 if n bytes are a name in the sense of sh(1). */
static int
shell_name(const char *s, size_t n)
{
	size_t i;
	int alpha;

	for (i = 0; i < n; i++) {
		alpha = s[i] == '_' || (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z');
		if (!alpha && (i == 0 || s[i] < '0' || s[i] > '9'))
			return 0;
	}
	return n > 0;
}

void
tq_env_init(struct tq_env *env, struct tq_arena *mem)
{
	memset(env, 0, sizeof(*env));
	env->mem = mem;
}

/* Room for one more and the NULL behind it. */
static int
reserve(struct tq_env *env)
{
	const char **v;
	size_t cap;

	if (env->failed)
		return -1;
	if (env->n + 1 < env->cap)
		return 0;
	cap = env->cap > 0 ? 2 * env->cap : 64;
	if ((v = tq_arena_alloc(env->mem, cap * sizeof(*v))) == NULL) {
		env->failed = 1;
		return -1;
	}
	if (env->n > 0)
		memcpy(v, env->v, env->n * sizeof(*v));
	env->v = v;
	env->cap = cap;
	return 0;
}

static void
add_entry(struct tq_env *env, const char *entry)
{
	if (entry == NULL)
		env->failed = 1;
	else if (reserve(env) == 0)
		env->v[env->n++] = entry;
}

/* "prefix" "name" = value, of which name has n bytes. */
static char *
join(struct tq_env *env, const char *prefix, const char *name, size_t n,
    const char *value)
{
	size_t plen = strlen(prefix), vlen = strlen(value);
	char *s;

	if ((s = tq_arena_alloc(env->mem, plen + n + vlen + 2)) == NULL)
		return NULL;
	memcpy(s, prefix, plen);
	memcpy(s + plen, name, n);
	s[plen + n] = '=';
	memcpy(s + plen + n + 1, value, vlen + 1);
	return s;
}

void
tq_env_add(struct tq_env *env, const char *name, const char *value)
{
	if (value != NULL)
		add_entry(env, join(env, "", name, strlen(name), value));
}

static void
add_number(struct tq_env *env, const char *name, long long n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%lld", n);
	tq_env_add(env, name, buf);
}

/* TQ_R_gpu=0,3: what it has of the worker's own, and of what all share. */
static void
add_units(struct tq_env *env, const struct tq_env_facts *f)
{
	const struct tq_claim *c = f->claim;
	const char *name;
	struct tq_buf b;
	size_t i;

	for (i = 0; i < c->nunits; i++)
		add_entry(env, join(env, "TQ_R_", c->units[i],
		    strcspn(c->units[i], "="), strchr(c->units[i], '=') + 1));
	if (f->offers == NULL || c->task.nneeds == 0)
		return;
	tq_buf_init(&b);
	for (i = 0; i + 1 < f->offers->n; i++) {
		tq_buf_reset(&b);
		if (!tq_offers_told(&b, f->offers, i, f->place))
			continue;
		tq_buf_byte(&b, '\0');
		name = f->offers->stock[i].name;
		if (!tq_buf_ok(&b))
			env->failed = 1;
		else
			add_entry(env, join(env, "TQ_R_", name, strlen(name),
			    (const char *)b.p));
	}
	tq_buf_fini(&b);
}

void
tq_env_add_facts(struct tq_env *env, const struct tq_env_facts *f)
{
	const struct tq_task *t = &f->claim->task;
	const struct tq_ref *ref = &f->claim->ref;
	char token[TQ_ID_MAX + 16], mark[TQ_MARK_SIZE];
	const char *eq;
	int i;

	snprintf(token, sizeof(token), "%s/%u", ref->id.s, ref->attempt);
	tq_env_add(env, "TQ_ID", ref->id.s);
	tq_env_add(env, "TQ_CLAIM", token);
	if (f->site != NULL) {
		tq_mark_make(mark, f->site, f->claim, ref->attempt);
		tq_env_add(env, "TQ_MARK", strchr(mark, '=') + 1);
	}
	tq_env_add(env, "TQ_QUEUE", t->queue);
	tq_env_add(env, "TQ_NAME", t->name);
	tq_env_add(env, "TQ_LABEL", t->label);
	tq_env_add(env, "TQ_KEY", t->key);
	tq_env_add(env, "TQ_GROUP", t->group);
	add_number(env, "TQ_ATTEMPT", ref->attempt);
	add_number(env, "TQ_RETRIES", f->retries);
	add_number(env, "TQ_SLOT", f->place);
	if (f->deadline != 0)
		add_number(env, "TQ_DEADLINE", f->deadline / TQ_SECOND);
	if (f->status_fd != 0)
		add_number(env, "TQ_STATUS_FD", f->status_fd);
	add_units(env, f);
	tq_env_add(env, "TQ_PARENT", t->parent);
	/* what it puts has the same root: itself, if nobody put it */
	tq_env_add(env, "TQ_ROOT", t->root != NULL ? t->root : ref->id.s);
	tq_env_add(env, "TQ_BROKER", f->url);
	tq_env_add(env, "TQ_RESULTS", f->results);
	tq_env_add(env, "TQ_DIR", f->dir);
	tq_env_add(env, "TQ_TASK", f->task_file);
	for (i = 0; i < t->kwc; i++) {
		eq = strchr(t->kwargs[i], '=');
		if (eq != NULL &&
		    shell_name(t->kwargs[i], (size_t)(eq - t->kwargs[i])))
			add_entry(env, join(env, "TQ_KW_", t->kwargs[i],
			    (size_t)(eq - t->kwargs[i]), eq + 1));
	}
}

/*
 * 1 if one of the first n entries has the name of this one, with its '='.
 * n is the worker's own few: a submitter's many are not searched.
 */
static int
taken(const struct tq_env *env, size_t n, const char *entry)
{
	size_t i, len = strcspn(entry, "=") + 1;

	for (i = 0; i < n; i++)
		if (strncmp(env->v[i], entry, len) == 0)
			return 1;
	return 0;
}

void
tq_env_add_trusted(struct tq_env *env, const char *const *entry)
{
	size_t own = env->n;

	for (; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, "TQ_", 3) != 0 ||
		    !taken(env, own, *entry))
			add_entry(env, *entry);
}

size_t
tq_env_add_scrubbed(struct tq_env *env, const char *const *own,
    const char *const *entry)
{
	static const char *const from_worker[] = {
		"PATH", "HOME", "LANG", NULL
	};
	size_t n, first = env->n, dropped = 0;

	for (; own != NULL && *own != NULL; own++)
		if (listed(from_worker, *own, strcspn(*own, "=")) &&
		    !taken(env, first, *own))
			add_entry(env, *own);
	for (; entry != NULL && *entry != NULL; entry++) {
		n = strcspn(*entry, "=");
		if (listed(unsafe, *entry, n))
			dropped++;
		else if (!listed(login, *entry, n) &&
		    strncmp(*entry, "TQ_", 3) != 0 &&
		    !taken(env, first, *entry))
			add_entry(env, *entry);
	}
	return dropped;
}

const char *const *
tq_env_take(struct tq_env *env)
{
	if (reserve(env) == -1) {
		errno = ENOMEM;
		return NULL;
	}
	env->v[env->n] = NULL;
	return env->v;
}
