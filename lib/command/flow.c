/* Reading flow files; see flow.h. */
#include "command/flow.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* Names of a circle that are told. */
#define CIRCLE_MAX	16

struct reader {
	struct tq_flow	*f;
	struct tq_err	*e;
	size_t		 cap;
	unsigned	 line;
	struct tq_flow_node **by_name;
};

static int	bad(const struct reader *r, unsigned line, const char *fmt, ...)
		    __attribute__((__format__(__printf__, 3, 4)));

static int
bad(const struct reader *r, unsigned line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return tq_fail(r->e, EBADMSG, "%s:%u: %s", r->f->file, line, text);
}

static int
no_memory(const struct reader *r)
{
	return tq_fail_sys(r->e, ENOMEM, "%s", r->f->file);
}

/* ---- words ------------------------------------------------------------- */

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * The next word at *p, unquoted in place: 1, 0 there is none, -1.  *colon: a
 * colon ends it that is not quoted.
 */
static int
next_word(const struct reader *r, char **p, char **out, int *colon)
{
	char *s = *p, *to, quote = '\0';

	while (is_blank(*s))
		s++;
	if (*s == '\0')
		return 0;
	for (*out = to = s; *s != '\0' && (quote != '\0' || !is_blank(*s));
	    s++) {
		if (quote == '\0' && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == quote)
			quote = '\0';
		else if (*s == '\\' && quote != '\'' && s[1] != '\0')
			*to++ = *++s;
		else
			*to++ = *s;
	}
	if (quote != '\0')
		return bad(r, r->line, "a quote is not closed");
	*colon = s[-1] == ':' && (s - *p < 2 || s[-2] != '\\');
	*p = *s == '\0' ? s : s + 1;
	*to = '\0';
	return 1;
}

/* ---- lines -------------------------------------------------------------- */

/* Names go where labels go, and colons end them. */
static int
check_name(const struct reader *r, const char *name)
{
	if (tq_name_valid(name))
		return 0;
	return bad(r, r->line, "'%.80s' is not a name", name);
}

/* Words of a head, of which there are at most as many as half its bytes. */
static int
read_head(struct reader *r, struct tq_flow_node *node, char *head)
{
	size_t most = strlen(head) / 2 + 2;
	char **words = tq_arena_alloc(&r->f->mem, most * sizeof(*words));
	const char **deps = tq_arena_alloc(&r->f->mem,
	    most * sizeof(*deps));
	int colon = 0, ends = 0, rv;
	char *word;

	if (words == NULL || deps == NULL)
		return no_memory(r);
	while ((rv = next_word(r, &head, &word, &ends)) == 1) {
		if (!colon && ends) {
			colon = 1;
			word[strlen(word) - 1] = '\0';
			if (*word == '\0')
				continue;
			if (node->name == NULL)
				node->name = word;
			else
				words[node->argc++] = word;
		} else if (node->name == NULL && !colon)
			node->name = word;
		else if (colon)
			deps[node->ndeps++] = word;
		else
			words[node->argc++] = word;
	}
	words[node->argc] = NULL;
	node->argv = words;
	node->deps = deps;
	if (rv == -1)
		return -1;
	if (node->name == NULL)
		return bad(r, r->line, "a command without a name");
	return check_name(r, node->name);
}

static struct tq_flow_node *
another(struct reader *r)
{
	size_t cap = r->cap == 0 ? 64 : r->cap * 2;
	struct tq_flow_node *v;

	if (r->f->n == r->cap) {
		if ((v = reallocarray(r->f->v, cap, sizeof(*v))) == NULL)
			return NULL;
		r->f->v = v;
		r->cap = cap;
	}
	v = &r->f->v[r->f->n++];
	memset(v, 0, sizeof(*v));
	return v;
}

/* One line, its continuations joined, ended by a NUL. */
static int
read_line(struct reader *r, char *line)
{
	struct tq_flow_node *node;
	char *tab, *p = line;

	while (is_blank(*p))
		p++;
	if (*p == '\0' || *p == '#')
		return 0;
	if ((tab = strchr(p, '\t')) == NULL)
		return bad(r, r->line, "no TAB before a command in '%.80s'",
		    p);
	*tab++ = '\0';
	while (is_blank(*tab))
		tab++;
	if (*tab == '\0')
		return bad(r, r->line, "'%.80s' has no command", p);
	if ((node = another(r)) == NULL)
		return no_memory(r);
	node->line = r->line;
	node->command = tab;
	return read_head(r, node, p);
}

static int
read_lines(struct reader *r, char *p)
{
	unsigned next = 1;
	char *line = p, *end;

	while (*line != '\0') {
		r->line = next;
		for (end = line;; end++) {
			end += strcspn(end, "\n");
			next++;
			if (*end == '\0' || end == line || end[-1] != '\\')
				break;
			end[-1] = *end = ' ';
		}
		p = *end == '\0' ? end : end + 1;
		*end = '\0';
		if (read_line(r, line) == -1)
			return -1;
		line = p;
	}
	return 0;
}

/* ---- the graph ---------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	const struct tq_flow_node *x = *(struct tq_flow_node *const *)a;
	const struct tq_flow_node *y = *(struct tq_flow_node *const *)b;
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static int
find_name(const void *key, const void *item)
{
	return strcmp(key, (*(struct tq_flow_node *const *)item)->name);
}

static int
index_names(struct reader *r)
{
	struct tq_flow *f = r->f;
	size_t i;

	r->by_name = tq_arena_alloc(&f->mem, (f->n + 1) *
	    sizeof(*r->by_name));
	if (r->by_name == NULL)
		return no_memory(r);
	for (i = 0; i < f->n; i++)
		r->by_name[i] = &f->v[i];
	qsort(r->by_name, f->n, sizeof(*r->by_name), by_name);
	for (i = 1; i < f->n; i++)
		if (strcmp(r->by_name[i - 1]->name, r->by_name[i]->name) == 0)
			return bad(r, r->by_name[i]->line, "'%s' is there "
			    "already, in line %u", r->by_name[i]->name,
			    r->by_name[i - 1]->line);
	return 0;
}

static int
find_deps(struct reader *r)
{
	struct tq_flow *f = r->f;
	struct tq_flow_node *node, **to;
	size_t i, k;

	for (i = 0; i < f->n; i++) {
		node = &f->v[i];
		node->after = tq_arena_alloc(&f->mem, (node->ndeps + 1) *
		    sizeof(*node->after));
		if (node->after == NULL)
			return no_memory(r);
		for (k = 0; k < node->ndeps; k++) {
			to = bsearch(node->deps[k], r->by_name, f->n,
			    sizeof(*to), find_name);
			if (to == NULL)
				return bad(r, node->line, "'%s' waits for "
				    "'%.80s', which is not there",
				    node->name, node->deps[k]);
			node->after[k] = (size_t)(*to - f->v);
		}
	}
	return 0;
}

/* Those that are left wait for each other: follow one until it comes again. */
static int
circle(struct reader *r, const size_t *place)
{
	struct tq_flow *f = r->f;
	struct tq_buf b;
	size_t i = 0, k, at, steps;

	for (at = 0; place[at] != SIZE_MAX; at++)
		continue;
	/* as many steps as there are nodes end on the circle */
	for (steps = 0; steps < 2 * f->n; steps++) {
		if (steps == f->n)
			i = at;
		for (k = 0; place[f->v[at].after[k]] != SIZE_MAX; k++)
			continue;
		at = f->v[at].after[k];
		if (steps >= f->n && at == i)
			break;
	}
	tq_buf_init(&b);
	for (steps = 0; steps == 0 || (at != i && steps < CIRCLE_MAX);
	    steps++) {
		tq_buf_printf(&b, "%.40s -> ", f->v[at].name);
		for (k = 0; place[f->v[at].after[k]] != SIZE_MAX; k++)
			continue;
		at = f->v[at].after[k];
	}
	tq_buf_printf(&b, "%.40s", at == i ? f->v[i].name : "...");
	tq_buf_byte(&b, '\0');
	if (!tq_buf_ok(&b))
		(void)no_memory(r);
	else
		(void)bad(r, f->v[i].line, "tasks wait for each other: %s",
		    (const char *)b.p);
	tq_buf_fini(&b);
	return -1;
}

/* Who waits for each node, as one list a node: next of the (node, k)-th. */
struct waiters {
	size_t		*first;		/* of each node, SIZE_MAX none */
	size_t		*next, *node;	/* of each dependency, in all */
	size_t		*left;		/* of each node: dependencies not placed */
};

static int
waiters_make(struct reader *r, struct waiters *w)
{
	struct tq_flow *f = r->f;
	size_t i, k, n = 0, all = 1;

	for (i = 0; i < f->n; i++)
		all += f->v[i].ndeps;
	w->first = tq_arena_alloc(&f->mem, (f->n + 1) * sizeof(size_t));
	w->left = tq_arena_alloc(&f->mem, (f->n + 1) * sizeof(size_t));
	w->next = tq_arena_alloc(&f->mem, all * sizeof(size_t));
	w->node = tq_arena_alloc(&f->mem, all * sizeof(size_t));
	if (w->first == NULL || w->left == NULL || w->next == NULL ||
	    w->node == NULL)
		return no_memory(r);
	for (i = 0; i < f->n; i++)
		w->first[i] = SIZE_MAX;
	for (i = f->n; i-- > 0;) {
		w->left[i] = f->v[i].ndeps;
		for (k = 0; k < f->v[i].ndeps; k++, n++) {
			w->node[n] = i;
			w->next[n] = w->first[f->v[i].after[k]];
			w->first[f->v[i].after[k]] = n;
		}
	}
	return 0;
}

/* Put each node behind those that it waits for, else in the order of lines. */
static int
sort(struct reader *r)
{
	struct tq_flow *f = r->f;
	struct tq_flow_node *v = reallocarray(NULL, f->n + 1, sizeof(*v));
	size_t *place = tq_arena_alloc(&f->mem, (f->n + 1) * sizeof(*place));
	size_t *order = tq_arena_alloc(&f->mem, (f->n + 1) * sizeof(*order));
	struct waiters w;
	size_t i, k, n, done = 0;

	if (v == NULL || place == NULL || order == NULL) {
		free(v);
		return no_memory(r);
	}
	if (waiters_make(r, &w) == -1) {
		free(v);
		return -1;
	}
	for (i = 0; i < f->n; i++) {
		place[i] = SIZE_MAX;
		if (w.left[i] == 0)
			order[done++] = i;
	}
	for (i = 0; i < done; i++) {
		place[order[i]] = i;
		v[i] = f->v[order[i]];
		for (n = w.first[order[i]]; n != SIZE_MAX; n = w.next[n])
			if (--w.left[w.node[n]] == 0)
				order[done++] = w.node[n];
	}
	if (done < f->n) {
		free(v);
		return circle(r, place);
	}
	for (i = 0; i < f->n; i++)
		for (k = 0; k < v[i].ndeps; k++)
			v[i].after[k] = place[v[i].after[k]];
	free(f->v);
	f->v = v;
	return 0;
}

int
tq_flow_parse(struct tq_flow *f, const char *file, const char *text, size_t n,
    struct tq_err *e)
{
	struct reader r = { .f = f, .e = e };
	char *copy;

	memset(f, 0, sizeof(*f));
	f->file = file;
	tq_arena_init(&f->mem);
	if (memchr(text, '\0', n) != NULL)
		return tq_fail(e, EBADMSG, "%s: has a NUL byte", file);
	if ((copy = tq_arena_copy(&f->mem, text, n)) == NULL)
		return no_memory(&r);
	if (read_lines(&r, copy) == -1 || index_names(&r) == -1 ||
	    find_deps(&r) == -1)
		return -1;
	return sort(&r);
}

int
tq_flow_read(struct tq_flow *f, const char *file, struct tq_err *e)
{
	size_t n;
	char *text = tq_text_read(&n, file, TQ_FLOW_MAX, e);
	int rv;

	memset(f, 0, sizeof(*f));
	if (text == NULL)
		return -1;
	rv = tq_flow_parse(f, file, text, n, e);
	free(text);
	return rv;
}

void
tq_flow_fini(struct tq_flow *f)
{
	free(f->v);
	tq_arena_fini(&f->mem);
	memset(f, 0, sizeof(*f));
}
