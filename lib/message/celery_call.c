/*
 * A string as the call of a named task: its name, and operands with blanks
 * between, each JSON or a text.
 */
#include <errno.h>
#include <string.h>

#include "message/celery_batch.h"

/*
 * Bytes of the word at s: up to a blank, but for blanks in what begins as JSON
 * with a quote or a bracket.
 */
static size_t
word_length(const char *s)
{
	static const char blanks[] = " \t\n";
	int quoted = 0, depth = 0;
	size_t n;

	if (strchr("\"[{", *s) == NULL)
		return strcspn(s, blanks);
	for (n = 0; s[n] != '\0'; n++) {
		if (quoted && s[n] == '\\' && s[n + 1] != '\0')
			n++;
		else if (s[n] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("[{", s[n]) != NULL)
			depth++;
		else if (!quoted && strchr("]}", s[n]) != NULL)
			depth--;
		else if (!quoted && depth == 0 && strchr(blanks, s[n]) != NULL)
			break;
	}
	return quoted || depth != 0 ? strcspn(s, blanks) : n;
}

/*
 * An operand: JSON if it is that, else a string of JSON.  With a quote in front
 * somebody meant JSON.
 */
static const char *
operand(struct tq_planner *p, const char *word, size_t n)
{
	static const struct tq_scan_bounds bounds = { 1 << 20, 10000, 32 };
	struct tq_bytes v;
	struct tq_buf buf;
	char *copy;

	if (tq_scan_check(&v, word, n, &bounds, NULL) == 0) {
		if ((copy = tq_plan_alloc(p, v.n + 1)) != NULL) {
			memcpy(copy, v.p, v.n);
			copy[v.n] = '\0';
		}
		return copy;
	}
	if (*word == '"') {
		tq_fail(p->e, EINVAL, "'%.*s' begins as a string of JSON, "
		    "and is none", n < 80 ? (int)n : 80, word);
		return NULL;
	}
	tq_buf_init(&buf);
	tq_scan_quote(&buf, word, n);
	return tq_plan_keep(p, &buf).p;
}

int
tq_plan_call(struct tq_planner *p, struct tq_task *t)
{
	const char *s = t->argv[0], *end = s + strlen(s), **argv;
	size_t n;

	if ((argv = tq_plan_alloc(p, ((size_t)(end - s) + 2) *
	    sizeof(*argv))) == NULL)
		return -1;
	t->kind = TQ_KIND_NAMED;
	t->flags |= TQ_TASK_JSON;
	t->name = NULL;
	t->argc = 0;
	for (s += strspn(s, " \t\n"); s < end; s += strspn(s, " \t\n")) {
		n = word_length(s);
		if (t->name == NULL)
			t->name = tq_arena_copy(p->mem, s, n);
		else if ((argv[t->argc++] = operand(p, s, n)) == NULL)
			return -1;
		s += n;
	}
	t->argv = argv;
	if (t->name == NULL || !tq_name_valid(t->name))
		return tq_fail(p->e, EINVAL, "'%.80s' follows a named task "
		    "and is not the name of one", t->name != NULL ? t->name :
		    "");
	return 0;
}
