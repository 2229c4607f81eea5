/*
 * All states and events of a scene; see model.h.
 *
 * First the model alone is explored, breadth first, and checked.  Then a walk
 * through the same graph takes every event of every state in a spool: where it
 * stands it takes one that has not been taken yet; if there is none it goes to
 * the nearest state that has one; if none can be reached it begins again with
 * tasks of new ids.  So a spool lives through long lives, not only the shortest
 * way to each state.  Where it comes for the first time it also tries what the
 * model says is refused.
 *
 * States that differ only in which of two like tasks is which are one: the
 * lesser of both stands for them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

#define EDGES		(M_NEVENTS * M_TASKS)
#define LIFE		300	/* events until it begins again */
#define HASH		(1u << 20)

struct node {
	struct m_model	 m;
	uint8_t		 rv[EDGES];	/* of m_step() */
	uint8_t		 done[EDGES];	/* in the spool */
	uint8_t		 n, e[EDGES];	/* the events that happen in it */
	uint8_t		 left;		/* of them, not done */
	uint8_t		 met;		/* the spool was there */
	uint32_t	 to[EDGES];
	uint32_t	 from;		/* of a search: where it came from */
	uint8_t		 by;		/* and by which event */
	uint32_t	 seen;		/* by the search of that number */
};

struct walk {
	const struct m_scene *s;
	struct node	*v;
	uint32_t	*hash;		/* numbers + 1 */
	uint32_t	*queue;		/* of a search */
	uint32_t	 n, cap, search;
	struct m_run	 run;
	struct m_model	 m;		/* where the spool is, as it is named there */
	uint32_t	 at;
	int		 swapped;
	uint16_t	 path[LIFE + 1];
	int		 npath;
	uint8_t		 plan[LIFE];	/* the last is the next */
	int		 nplan;
	unsigned	 steps;
};

static void
wrong(const struct walk *w, const uint16_t *path, int n, const char *why)
{
	char text[800];
	size_t at = 0;
	int i;

	/* cmocka has room for a kilobyte: the last are what counts */
	for (i = n > 60 ? n - 60 : 0, text[0] = '\0'; i < n &&
	    at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %s %d",
		    m_event_name(path[i] / M_TASKS), path[i] % M_TASKS);
	fail_msg("%s: %s, after%s", w->s->name, why, text);
}

/* ---- states ------------------------------------------------------------- */

static int
swap(const struct m_scene *s, int swapped, int x)
{
	return swapped && x >= 0 ? s->perm[x] : x;
}

/* The form of a model that stands for it: 1 if tasks were swapped for that. */
static int
canonical(const struct m_scene *s, const struct m_model *m,
    struct m_model *out)
{
	struct m_model o = *m;
	int x;

	*out = *m;
	if (s->perm[0] == 0 && s->perm[1] == 0)
		return 0;
	for (x = 0; x < s->n; x++)
		o.t[s->perm[x]] = m->t[x];
	if (memcmp(&o, m, sizeof(o)) >= 0)
		return 0;
	*out = o;
	return 1;
}

static uint32_t *
hash_place(const struct walk *w, const struct m_model *m)
{
	const unsigned char *p = (const unsigned char *)m;
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(*m); i++)
		h = (h ^ p[i]) * 16777619u;
	for (h ^= h >> 15; w->hash[h % HASH] != 0; h++)
		if (memcmp(&w->v[w->hash[h % HASH] - 1].m, m, sizeof(*m)) == 0)
			break;
	return &w->hash[h % HASH];
}

/* Number of a canonical model, added if it is new. */
static uint32_t
number_of(struct walk *w, const struct m_model *m)
{
	uint32_t *place = hash_place(w, m);

	if (*place != 0)
		return *place - 1;
	if (w->n == w->cap) {
		w->cap = w->cap == 0 ? 1024 : w->cap * 2;
		w->v = realloc(w->v, w->cap * sizeof(*w->v));
		assert_non_null(w->v);
		assert_true(w->cap <= HASH / 2);
	}
	memset(&w->v[w->n], 0, sizeof(*w->v));
	w->v[w->n].m = *m;
	*place = ++w->n;
	return w->n - 1;
}

/* ---- the model alone ---------------------------------------------------- */

/* All events of a state. */
static void
expand(struct walk *w, uint32_t at)
{
	struct m_model from = w->v[at].m, m, c;
	const char *why = m_wrong(w->s, &from);
	uint16_t e;
	uint32_t to;
	int rv;

	if (why != NULL)
		wrong(w, &(uint16_t){ w->v[at].by }, at != 0, why);
	for (e = 0; e < EDGES; e++) {
		if (e % M_TASKS >= w->s->n)
			continue;
		m = from;
		m_note_arrows(1);
		rv = m_step(w->s, &m, e / M_TASKS, e % M_TASKS);
		m_note_arrows(0);
		w->v[at].rv[e] = (uint8_t)rv;
		if (rv == M_NOT)
			continue;
		if ((why = m_wrong_step(w->s, &from, e / M_TASKS,
		    e % M_TASKS, &m)) != NULL)
			wrong(w, &e, 1, why);
		(void)canonical(w->s, &m, &c);
		to = number_of(w, &c);
		w->v[at].to[e] = to;
		/* refusals are tried when the spool comes there first */
		w->v[to].by = (uint8_t)e;
		if (rv == M_DONE) {
			w->v[at].e[w->v[at].n++] = (uint8_t)e;
			w->v[at].left++;
		}
	}
}

static void
explore(struct walk *w)
{
	struct m_model m, c;
	uint32_t at;

	m_note_arrows(1);
	m_begin(w->s, &m);
	m_note_arrows(0);
	(void)canonical(w->s, &m, &c);
	(void)number_of(w, &c);
	for (at = 0; at < w->n; at++)
		expand(w, at);
}

/* ---- the spool ---------------------------------------------------------- */

static void
arrive(struct walk *w, const struct m_model *was)
{
	uint32_t n = w->n;
	struct m_model c;
	const char *why;

	if ((why = m_spool_differs(&w->run, was, &w->m)) != NULL)
		wrong(w, w->path, w->npath, why);
	w->swapped = canonical(w->s, &w->m, &c);
	w->at = number_of(w, &c);
	assert_int_equal(w->n, n);	/* it was explored */
}

static void
drop_event(struct node *v, uint16_t e)
{
	int i;

	v->rv[e] = M_NOT;
	for (i = 0; i < v->n && v->e[i] != e; i++)
		continue;
	memmove(&v->e[i], &v->e[i + 1], (size_t)(v->n - i - 1));
	v->n--;
}

/* One event, which the model allows or says is refused. */
static void
take(struct walk *w, uint16_t e)
{
	enum m_event ev = e / M_TASKS;
	int x = swap(w->s, w->swapped && ev < M_FORTH, e % M_TASKS), y;
	int want = w->v[w->at].rv[e];
	struct m_model was = w->m;
	uint32_t at = w->at;

	w->v[w->at].left -= !w->v[w->at].done[e] && want == M_DONE;
	w->v[w->at].done[e] = 1;
	if (want == M_DONE)
		w->path[w->npath++] = (uint16_t)(ev * M_TASKS + x);
	w->steps++;
	y = m_spool_step(&w->run, ev, x, want);
	if (y == -1 || m_step(w->s, &w->m, ev, y) != want)
		wrong(w, w->path, w->npath, "another task was claimed");
	if (y != x) {
		/* it is never that one's turn here */
		drop_event(&w->v[at], e);
		w->nplan = 0;
	}
	arrive(w, &was);
}

/* Nothing comes of what cannot be. */
static void
try_refused(struct walk *w)
{
	uint32_t at = w->at;
	uint16_t e;

	for (e = 0; e < EDGES; e++)
		if (w->v[at].rv[e] == M_REFUSED && !w->v[at].done[e])
			take(w, e);
	assert_int_equal(w->at, at);
}

/* Look from a state to those behind it: 1 the last one has an event untaken. */
static int
look_behind(struct walk *w, uint32_t at, uint32_t *tail)
{
	const struct node *v = &w->v[at];
	struct node *o;
	int i;

	for (i = 0; i < v->n; i++) {
		o = &w->v[v->to[v->e[i]]];
		if (o->seen == w->search)
			continue;
		o->seen = w->search;
		o->from = at;
		o->by = v->e[i];
		w->queue[(*tail)++] = v->to[v->e[i]];
		if (o->left > 0)
			return 1;
	}
	return 0;
}

/* Plan the shortest way to a state with an event untaken: 1, 0 none is left. */
static int
plan(struct walk *w)
{
	uint32_t head = 0, tail = 1, at;
	int found = 0;

	w->search++;
	w->queue[0] = w->at;
	w->v[w->at].seen = w->search;
	while (!found && head < tail)
		found = look_behind(w, w->queue[head++], &tail);
	if (!found)
		return 0;
	for (at = w->queue[tail - 1]; at != w->at; at = w->v[at].from) {
		assert_true(w->nplan < LIFE);
		w->plan[w->nplan++] = w->v[at].by;
	}
	return 1;
}

/* The next event, or -1. */
static int
way_on(struct walk *w)
{
	const struct node *v = &w->v[w->at];
	int i;

	for (i = 0; w->nplan == 0 && v->left > 0 && i < v->n; i++)
		if (!v->done[v->e[i]])
			return v->e[i];
	if (w->nplan == 0 && !plan(w))
		return -1;
	return w->plan[--w->nplan];
}

/* From the puts until its life is over: how many events happened. */
static int
live(struct walk *w, unsigned most)
{
	int e;

	w->npath = w->nplan = 0;
	m_begin(w->s, &w->m);
	m_spool_begin(&w->run);
	arrive(w, &w->m);
	while (w->npath < LIFE && !(most != 0 && w->steps >= most)) {
		if (!w->v[w->at].met) {
			w->v[w->at].met = 1;
			try_refused(w);
		}
		if ((e = way_on(w)) == -1)
			break;
		take(w, (uint16_t)e);
	}
	m_spool_end(&w->run);
	return w->npath;
}

void
m_walk(struct t_spool *f, const struct m_scene *s, unsigned most)
{
	struct walk w = { .s = s, .run = { .s = s, .f = f, .base = 1000 } };
	unsigned met = 0, lives = 0;
	uint32_t i;

	w.hash = calloc(HASH, sizeof(*w.hash));
	assert_non_null(w.hash);
	explore(&w);
	w.queue = calloc(w.n, sizeof(*w.queue));
	assert_non_null(w.queue);
	m_spool_open(&w.run);
	/* until nothing that has not been done can be reached */
	while (live(&w, most) > 0)
		lives++;
	m_spool_close(&w.run);
	for (i = 0; i < w.n; i++)
		met += w.v[i].met;
	print_message("%s: %u states, %u of them in a spool by %u steps in %u "
	    "lives\n", s->name, (unsigned)w.n, met, w.steps, lives);
	free(w.queue);
	free(w.hash);
	free(w.v);
}
