/* What the verbs of tqctl have in common. */
#include "command/verb.h"

#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/status.h"

_Noreturn void
tq_verb_usage(const struct tq_ctl *c, const char *what)
{
	const struct tq_verb_row *v = c->verb;

	tq_warn("%s: %s", v->name, what);
	fprintf(stderr, "usage: %s %s%s%s%s%s\n", getprogname(), v->name,
	    v->value != NULL ? " " : "", v->value != NULL ? v->value : "",
	    v->operands[0] != '\0' ? " " : "", v->operands);
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
