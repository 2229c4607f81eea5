/*
 * The log of a storm over graphs, and what must hold by it whatever the graphs
 * were.  A line is a word and an id: PUT START END FAIL RETRY and others.
 */
#ifndef TQ_TESTS_STORM_LOG_H
#define TQ_TESTS_STORM_LOG_H

#include <stddef.h>

#include <tq/tq.h>

struct storm_line {
	char		 what[8], id[40];
};

struct storm_lines {
	struct storm_line *v;		/* free it */
	size_t		 n;
};

void	storm_lines_read(struct storm_lines *);
/* The first such line, n if there is none. */
size_t	storm_line(const struct storm_lines *, const char *what,
	    const char *id);
/* 1 if there is one whose id has that part at its end or before a dot. */
int	storm_line_like(const struct storm_lines *, const char *what,
	    const char *part);

/*
 * Nothing is unended, but in the queue that nobody serves; what was PUT has its
 * end; one END or FAIL was accepted, and nobody had a START after his, but for
 * each RETRY.
 */
void	storm_judge_ends(struct tq *, const struct storm_lines *,
	    const char *unserved);
/* Of the ticks of a schedule, labelled 1 and on, there is one task each. */
void	storm_judge_ticks(struct tq *, const char *schedule,
	    const char *queue);

#endif
