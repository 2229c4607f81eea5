/*
 * Fuzz target of flow files: whatever is read, each task stands behind those
 * that it waits for, every name is there once, and a mistake is named with its
 * line.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/command/flow.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct tq_flow *f)
{
	const struct tq_flow_node *node;
	size_t i, k;

	for (i = 0; i < f->n; i++) {
		node = &f->v[i];
		if (!tq_name_valid(node->name) || *node->command == '\0' ||
		    node->line == 0 || node->argv[node->argc] != NULL)
			abort();
		for (k = 0; k < node->ndeps; k++)
			if (node->after[k] >= i || strcmp(node->deps[k],
			    f->v[node->after[k]].name) != 0)
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tq_flow f;
	struct tq_err e;

	if (tq_flow_parse(&f, "flow", (const char *)p, n, &e) == 0)
		check(&f);
	else if (e.num != EBADMSG || strncmp(e.text, "flow:", 5) != 0)
		abort();
	tq_flow_fini(&f);
	return 0;
}
