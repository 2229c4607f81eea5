/*
 * The graphs of storm_graph: what they are made of, put.c, and what must have
 * become of them, judge.c; see tests/crash/storm_graph.c.
 */
#ifndef TQ_TESTS_STORM_GRAPH_H
#define TQ_TESTS_STORM_GRAPH_H

#include "tests/storm/log.h"

#define MEMBERS		6		/* of a graph; the callback's are others */
#define ID		40

enum kind {
	CHORD,			/* put whole */
	OPEN_CHORD,		/* put member by member into an open group */
	COMMANDS,		/* a chord that tqrun works off */
	CHAIN,			/* and a task for its failure */
	DIAMOND,		/* 0, then 1 and 2, then 3; and whatever becomes of it */
	NESTED,			/* a group in a group */
	KEYED, KEYED_AFTER,	/* a key that many want; others wait for it */
	KINDS
};

/* "g.N.LIFE" a group, "h" one in it, "m" tasks, "cb" and "err" who wait. */
struct names {
	char		 group[ID], inner[ID], member[MEMBERS][ID];
	char		 callback[ID], bad[ID];
};

void	graph_names(struct names *, unsigned n, unsigned life);
/* What a task for tqrun runs: self -x log ID. */
struct graph_command {
	const char	*self, *log;
};
/* Put graph n, and note in the log what was accepted. */
void	graph_put(struct tq *, unsigned n, enum kind, unsigned life,
	    const struct graph_command *);
/* Look at what became of it. */
void	graph_judge(struct tq *, const struct storm_lines *, unsigned n,
	    enum kind, unsigned life);

#endif
