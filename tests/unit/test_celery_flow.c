/* celery_flow: what is a shape, and which. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "message/celery_flow.h"
#include "tests/lib/t.h"

#define MOST	9

struct graph {
	size_t		 n;
	unsigned char	 waits[MOST][MOST];	/* [a][b]: b waits for a */
};

/* ---- makings ------------------------------------------------------------ */

/* "c:a b" for a task c; names are single letters from a on. */
static void
read_graph(struct graph *g, const char *const *line, size_t n)
{
	const char *p;
	size_t i;

	memset(g, 0, sizeof(*g));
	g->n = n;
	for (i = 0; i < n; i++)
		for (p = line[i] + 2; line[i][1] != '\0' && *p != '\0'; p++)
			if (*p != ' ')
				g->waits[*p - 'a'][line[i][0] - 'a'] = 1;
}

static struct tq_sp *
make(const struct graph *g, struct tq_arena *mem, struct tq_err *e)
{
	static const char *const names[MOST] = {
		"a", "b", "c", "d", "e", "f", "g", "h", "i"
	};
	struct tq_sp_task t[MOST];
	size_t after[MOST][MOST], i, k;

	for (i = 0; i < g->n; i++) {
		t[i].name = names[i];
		t[i].after = after[i];
		t[i].nafter = 0;
		for (k = 0; k < g->n; k++)
			if (g->waits[k][i])
				after[i][t[i].nafter++] = k;
	}
	return tq_sp_make(t, g->n, mem, e);
}

/* a, (b | c): series with commas, parallels with bars. */
static void
write_shape(char *out, size_t size, const struct tq_sp *sp)
{
	const struct tq_sp *kid;

	if (sp->kind == TQ_SP_TASK) {
		snprintf(out + strlen(out), size - strlen(out), "%c",
		    (char)('a' + sp->task));
		return;
	}
	snprintf(out + strlen(out), size - strlen(out), "(");
	for (kid = sp->first; kid != NULL; kid = kid->next) {
		write_shape(out, size, kid);
		if (kid->next != NULL)
			snprintf(out + strlen(out), size - strlen(out),
			    sp->kind == TQ_SP_SERIES ? "," : "|");
	}
	snprintf(out + strlen(out), size - strlen(out), ")");
}

static void
assert_shape(const char *want, const char *const *line, size_t n)
{
	struct tq_arena mem;
	struct tq_err e = { 0, "" };
	struct tq_sp *sp;
	struct graph g;
	char text[256] = "";

	tq_arena_init(&mem);
	read_graph(&g, line, n);
	if ((sp = make(&g, &mem, &e)) != NULL)
		write_shape(text, sizeof(text), sp);
	else
		snprintf(text, sizeof(text), "%d %s", e.num == ENOTSUP,
		    e.text);
	assert_string_equal(text, want);
	tq_arena_fini(&mem);
}

#define SHAPE(want, ...) do {						\
	const char *const line_[] = { __VA_ARGS__ };			\
									\
	assert_shape(want, line_, T_COUNT(line_));			\
} while (0)

/* ---- shapes ------------------------------------------------------------- */

static void
simple_shapes_are_known(void **state)
{
	(void)state;
	SHAPE("a", "a");
	SHAPE("(a,b,c)", "a", "b:a", "c:b");
	SHAPE("(a|b|c)", "a", "b", "c");
	SHAPE("((a|b),c)", "a", "b", "c:a b");
	SHAPE("(a,(b|c))", "a", "b:a", "c:a");
	SHAPE("((a|b),(c|d))", "a", "b", "c:a b", "d:a b");
	SHAPE("(a,(b|(c,d)),e)", "a", "b:a", "c:a", "d:c", "e:b d");
	SHAPE("(a|(b,c))", "a", "b", "c:b");
	/* whatever the order of the lines */
	SHAPE("(c,b,a)", "a:b", "b:c", "c");
}

static void
waiting_that_follows_from_other_waiting_does_not_count(void **state)
{
	(void)state;
	SHAPE("(a,b,c)", "a", "b:a", "c:a b");
	SHAPE("(a,(b|(c,d)),e)", "a", "b:a", "c:a", "d:a c", "e:a b c d");
}

static void
what_is_none_is_refused_by_name(void **state)
{
	(void)state;
	SHAPE("1 'c' and 'd' both wait for 'b', and one of them for more",
	    "a", "b", "c:a b", "d:b");
	SHAPE("1 'c' and 'd' both wait for 'b', and one of them for more",
	    "a", "b", "c:b", "d:a b");
	SHAPE("1 'a' waits for itself", "a:b", "b:a");
	SHAPE("1 'b' waits for itself", "a", "b:a b");
}

/* ---- any graph ------------------------------------------------------------ */

static void
close_graph(struct graph *g)
{
	size_t i, j, k;

	for (k = 0; k < g->n; k++)
		for (i = 0; i < g->n; i++)
			for (j = 0; j < g->n; j++)
				g->waits[i][j] |= g->waits[i][k] &&
				    g->waits[k][j];
}

/* Mark what the shape says: all of a before all of b. */
static void
mark(struct graph *g, const struct tq_sp *a, const struct tq_sp *b)
{
	const struct tq_sp *kid;

	if (a->kind != TQ_SP_TASK) {
		for (kid = a->first; kid != NULL; kid = kid->next)
			mark(g, kid, b);
	} else if (b->kind != TQ_SP_TASK) {
		for (kid = b->first; kid != NULL; kid = kid->next)
			mark(g, a, kid);
	} else {
		g->waits[a->task][b->task] = 1;
	}
}

static size_t
tell(struct graph *g, const struct tq_sp *sp)
{
	const struct tq_sp *a, *b;
	size_t n = sp->kind == TQ_SP_TASK;

	for (a = sp->first; a != NULL; a = a->next) {
		n += tell(g, a);
		assert_int_not_equal(a->kind, sp->kind);
		for (b = a->next; b != NULL && sp->kind == TQ_SP_SERIES;
		    b = b->next)
			mark(g, a, b);
	}
	return n;
}

/* a < c > b < d and nothing else among the four: in no shape, and in all that
 * is none (Valdes, Tarjan, Lawler, theorem 1). */
static int
has_n(const struct graph *g)
{
	size_t a, b, c, d;

#define LT(x, y)	(g->waits[x][y])
#define APART(x, y)	((x) != (y) && !LT(x, y) && !LT(y, x))
	for (a = 0; a < g->n; a++)
		for (b = 0; b < g->n; b++)
			for (c = 0; c < g->n; c++)
				for (d = 0; d < g->n; d++)
					if (LT(a, c) && LT(b, c) && LT(b, d) &&
					    APART(a, b) && APART(c, d) &&
					    APART(a, d))
						return 1;
#undef LT
#undef APART
	return 0;
}

static uint32_t
next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

static void
graphs_are_shapes_if_and_only_if_they_have_no_n(void **state)
{
	unsigned shapes = 0, others = 0, round;
	struct graph g, told;
	struct tq_arena mem;
	struct tq_sp *sp;
	struct tq_err e;
	uint32_t x = 1;
	size_t i, j, at[MOST], swap;

	(void)state;
	tq_arena_init(&mem);
	for (round = 0; round < 40000; round++) {
		memset(&g, 0, sizeof(g));
		memset(&told, 0, sizeof(told));
		g.n = told.n = 1 + next_random(&x) % MOST;
		/* names in any order, so that waiting goes both ways */
		for (i = 0; i < g.n; i++)
			at[i] = i;
		for (i = g.n; i-- > 1;) {
			j = next_random(&x) % (i + 1);
			swap = at[i];
			at[i] = at[j];
			at[j] = swap;
		}
		for (i = 0; i < g.n; i++)
			for (j = i + 1; j < g.n; j++)
				g.waits[at[i]][at[j]] =
				    next_random(&x) % 8 < round % 5;
		sp = make(&g, &mem, &e);
		close_graph(&g);
		if (sp == NULL) {
			assert_true(has_n(&g));
			others++;
		} else {
			assert_false(has_n(&g));
			assert_int_equal(tell(&told, sp), g.n);
			assert_memory_equal(&told, &g, sizeof(g));
			shapes++;
		}
		tq_arena_reset(&mem);
	}
	tq_arena_fini(&mem);
	assert_in_range(shapes, 5000, 35000);
	assert_in_range(others, 5000, 35000);
}

/* A ladder of groups: edges are its square, the work is not the cube. */
static void
large_ones_take_no_time(void **state)
{
	enum { WIDE = 300, LONG = 20, N = WIDE * LONG };
	struct tq_sp_task *t;
	struct tq_arena mem;
	struct tq_err e;
	size_t i, k;

	(void)state;
	tq_arena_init(&mem);
	t = tq_arena_alloc(&mem, N * sizeof(*t));
	for (i = 0; i < N; i++) {
		t[i].name = "x";
		t[i].nafter = i < WIDE ? 0 : WIDE;
		t[i].after = tq_arena_alloc(&mem, WIDE * sizeof(size_t));
		for (k = 0; k < t[i].nafter; k++)
			t[i].after[k] = (i / WIDE - 1) * WIDE + k;
	}
	assert_non_null(tq_sp_make(t, N, &mem, &e));
	tq_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple_shapes_are_known),
		cmocka_unit_test(
		    waiting_that_follows_from_other_waiting_does_not_count),
		cmocka_unit_test(what_is_none_is_refused_by_name),
		cmocka_unit_test(
		    graphs_are_shapes_if_and_only_if_they_have_no_n),
		cmocka_unit_test(large_ones_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
