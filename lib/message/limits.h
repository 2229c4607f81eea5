/*
 * Limits of a task (pure): what "--limit mem=2G,cpu=1h" says, and what is
 * left of two such words.
 */
#ifndef TQ_MESSAGE_LIMITS_H
#define TQ_MESSAGE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

enum tq_limit {
	TQ_LIMIT_CPU,		/* of each process, ns */
	TQ_LIMIT_CPUS,		/* processors, in thousandths */
	TQ_LIMIT_FSIZE,		/* bytes of a file */
	TQ_LIMIT_IONICE,	/* 1 to 8: best effort 0 to 7; 9: idle */
	TQ_LIMIT_MEM,		/* bytes */
	TQ_LIMIT_NICE,		/* 1 to 19 */
	TQ_LIMIT_NOFILE,	/* open files of each process */
	TQ_LIMIT_NPROC,		/* processes */
	TQ_LIMIT_OUT,		/* bytes kept of each of stdout and stderr */
	TQ_NLIMITS
};

#define TQ_IONICE_IDLE	9

struct tq_limits {
	int64_t		 v[TQ_NLIMITS];	/* 0: none */
};

/*
 * Set in *l what the text names, "name=value" with commas between; the rest
 * stays.  EINVAL, quoted: *l is undefined.
 */
int	tq_limits_parse(struct tq_limits *l, const char *text,
	    struct tq_err *e);
/* The same for one limit of this name, whose value is a text of its own. */
int	tq_limits_set(struct tq_limits *l, const char *name, const char *value,
	    struct tq_err *e);
/* Let every limit of *l be the stricter one of its own and that of other. */
void	tq_limits_narrow(struct tq_limits *l, const struct tq_limits *other);
/*
 * As a text of the same meaning, names in alphabetical order; "" is none.  In
 * TQ_LIMITS_MAX + 1 bytes there is room for all.
 */
void	tq_limits_format(char *out, size_t size, const struct tq_limits *l);
#endif
