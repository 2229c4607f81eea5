/* What the verbs of tqctl have in common. */
#include "command/verb.h"

#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/status.h"

/* Which options are for which verbs; the others are for all. */
static const struct {
	unsigned	 flag;
	const char	*name;
} kinds[] = {
	{ TQ_CTL_FORCE, "force" },
	{ TQ_CTL_GROUP, "group" },
	{ TQ_CTL_KEY, "key" },
	{ TQ_CTL_LABEL, "label" },
	{ TQ_CTL_MODE, "mode" },
	{ TQ_CTL_QUEUE, "queue" },
	{ TQ_CTL_SALVAGE, "salvage" },
	{ TQ_CTL_SIGNAL, "signal" },
	{ TQ_CTL_STATE, "state" },
	{ TQ_CTL_STDIN, "stdin" },
	{ TQ_CTL_TIMEOUT, "timeout" },
	{ TQ_CTL_WAIT, "wait" },
};

/* 1 if the option is for the verb; 2 if it is for all. */
static int
is_for(const struct tq_verb_row *v, const struct tq_option *o)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, o->name) == 0)
			return (v->flags & kinds[i].flag) != 0;
	return 2;
}

/* A word of the usage, on the next line if this one has no room. */
static void
put_word(FILE *f, size_t *column, const char *word)
{
	if (*column + 1 + strlen(word) > 79) {
		fprintf(f, "\n      ");
		*column = 6;
	}
	fprintf(f, " %s", word);
	*column += 1 + strlen(word);
}

static void
put_usage(FILE *f, const struct tq_ctl *c)
{
	const struct tq_options *o = c->options;
	const struct tq_verb_row *v = c->verb;
	char name[TQ_OPTION_NAME], word[96];
	size_t i, column;

	column = (size_t)fprintf(f, "usage: %s %s", getprogname(), v->name);
	for (i = 0; i < o->n; i++) {
		if (is_for(v, &o->table[i]) != 1)
			continue;
		snprintf(word, sizeof(word), "[%s%s%s]", tq_option_name(name,
		    o->table, o->n, o->table[i].key),
		    o->table[i].arg != NULL ? " " : "",
		    o->table[i].arg != NULL ? o->table[i].arg : "");
		put_word(f, &column, word);
	}
	if (v->value != NULL)
		put_word(f, &column, v->value);
	if (v->operands[0] != '\0')
		put_word(f, &column, v->operands);
	fputc('\n', f);
}

void
tq_verb_help(const struct tq_options *o, const void *ctl)
{
	const struct tq_ctl *c = ctl;
	int kind;
	size_t i;

	put_usage(stdout, c);
	printf("\n%s: %s\n\n", c->verb->name, c->verb->help);
	for (kind = 1; kind <= 2; kind++)
		for (i = 0; i < o->n; i++)
			if (is_for(c->verb, &o->table[i]) == kind)
				tq_options_row(&o->table[i]);
}

_Noreturn void
tq_verb_usage(const struct tq_ctl *c, const char *what)
{
	tq_warn("%s: %s", c->verb->name, what);
	put_usage(stderr, c);
	exit(TQ_EXIT_USAGE);
}

void
tq_verb_changed(struct tq_ctl *c, uint64_t changed)
{
	if (!c->verbose || c->quiet)
		return;
	tq_print_int(&c->print, "changed", (int64_t)changed);
	tq_print_end(&c->print);
}

void
tq_verb_check_operands(const struct tq_ctl *c)
{
	const struct tq_verb_row *v = c->verb;
	char what[64];

	if (v->operands[0] == '\0' && c->argc > 0)
		tq_verb_usage(c, "more operands than it takes");
	if ((v->flags & TQ_CTL_SELECT) == TQ_CTL_SELECT && c->argc == 0 &&
	    c->nqueues == 0 && c->states == 0 && c->key == NULL &&
	    c->label == NULL)
		tq_verb_usage(c, "no ids and no selector");
	if (v->operands[0] != '\0' && v->operands[0] != '[' && c->argc == 0 &&
	    c->nqueues == 0 && ((v->flags & TQ_CTL_SELECT) == TQ_CTL_SELECT ||
	    c->key == NULL)) {
		snprintf(what, sizeof(what), "no %.*s",
		    (int)strcspn(v->operands, " "), v->operands);
		tq_verb_usage(c, what);
	}
}
