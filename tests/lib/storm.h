/*
 * What storms share: a crew of processes in one spool, and a killer that ends
 * one of them with SIGKILL every few milliseconds and lets another take its
 * place, until all is put; then the dying stops, what is left is worked off,
 * and a judge looks.
 *
 * The oracle is a log, outside the queue: who was told something appends a
 * line.  (A line is one write() to a file opened with O_APPEND: it survives
 * whoever is killed.)
 */
#ifndef TQ_TESTS_STORM_H
#define TQ_TESTS_STORM_H

#include <stdatomic.h>

#include <tq/tq.h>

#define STORM_CREW	16		/* places at most */

/* What outlives all that are killed. */
struct storm_sea {
	_Atomic unsigned life[STORM_CREW];	/* counts who had a place */
	_Atomic unsigned dead[STORM_CREW];	/* lives up to this were ended */
	_Atomic tq_time	 beat[STORM_CREW];	/* its last step, 0: not told */
	_Atomic int	 calm;		/* the killing is over */
	_Atomic int	 wrong;
};

struct storm {
	unsigned	 crew, putters;	/* places; the first put, and end then */
	unsigned	 ms;		/* at most, from one death to the next */
	unsigned	 losses;	/* one in so many deaths takes the table */
	void		 (*live)(unsigned place);	/* may return */
	int		 (*all_put)(void);
	/* places that are ended and taken once more when it is calm */
	int		 (*again)(unsigned place);
	void		 (*judge)(void);
};

/* Of -s, and the operands; the sea is made. */
void	storm_begin(uint64_t seed, const char *dir, const char *logpath);
/* All of it.  Returns how many were killed. */
unsigned storm_blow(const struct storm *);

extern struct storm_sea *storm_sea;
extern const char *storm_dir;

/* Below n.  A seed gives the same storm, as far as the kernel allows. */
unsigned storm_any(unsigned n);
void	storm_nap(tq_time);
/* Memory that all of the crew share. */
void	*storm_shared(size_t);
struct tq *storm_open(unsigned flags);
/* Open the log alone, for a command that somebody else runs. */
void	storm_log(const char *path);
const char *storm_logpath(void);
void	storm_note(const char *fmt, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
void	storm_wrong(const char *fmt, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
/* Nothing is damaged. */
void	storm_check(struct tq *);

#endif
