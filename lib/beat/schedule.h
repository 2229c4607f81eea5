/*
 * A schedule: the lines of a file, each with its task.
 *
 * A line is known to the broker by a name made of what it says (its times,
 * zone, options and command), of who it is for, and of how many lines before it
 * say the same.  So two tqbeats with one file have one schedule, a line that is
 * changed is a new one, and moving lines about changes nothing.
 */
#ifndef TQ_BEAT_SCHEDULE_H
#define TQ_BEAT_SCHEDULE_H

#include <tq/tq.h>

#include "crontab.h"
#include "zone.h"

#define TQ_SCHEDULE_LINES	4096		/* that put something */
#define TQ_SCHEDULE_BYTES	(1 << 20)	/* of the file */

/* What becomes of ticks that nobody was there to put. */
enum tq_missed {
	TQ_MISSED_ONE,		/* the last of them is put */
	TQ_MISSED_ALL,		/* each is */
	TQ_MISSED_NONE		/* none is */
};

/* One line that puts something. */
struct tq_entry {
	struct tq_crontab when;
	unsigned	 line;		/* its number, from 1 */
	enum tq_missed	 missed;
	char		 zone[TQ_ZONE_MAX];
	char		 name[80];	/* the broker knows it by */
	const char	*command;	/* NUL-terminated */
	char		*words;		/* of its options, each ends in NUL */
	/*
	 * What tq_maker made of the options and the command; eta and expires
	 * count from the put.
	 */
	const struct tq_task *task;
	void		*made;
	/* where it stands; beat.c */
	int		 first;		/* read when tqbeat began, not by HUP */
	int		 known;		/* last is what the broker says */
	tq_time		 last, next;
	tq_time		 retry;		/* CLOCK_BOOTTIME, 0: nothing is wrong */
	int		 told;		/* errno of what was said to be wrong */
};

struct tq_schedule {
	char		*text;		/* of the file; entries borrow */
	struct tq_entry	*v;
	size_t		 n;
	unsigned	 bad;		/* lines that were not taken */
};

/* Who knows options of tasks. */
struct tq_maker {
	/*
	 * Make the task of a line from the n words of its options (a NULL
	 * behind them): task and made.  -1 with *bad the
	 * number of the word that is wrong, n: the task as a whole.
	 */
	int		(*make)(struct tq_entry *, char *words[], size_t n,
			    size_t *bad, struct tq_err *);
	void		(*drop)(struct tq_entry *);
};

/*
 * Read a schedule file, "-" is stdin.  Each line that is wrong is told in a
 * sentence "file:line:column: ..." and left out.  -1: the file cannot be read.
 */
int	tq_schedule_read(struct tq_schedule *out, const char *path,
	    const struct tq_maker *, void (*tell)(const char *sentence),
	    struct tq_err *e);
void	tq_schedule_free(struct tq_schedule *, const struct tq_maker *);
/* A word in the brackets that is no option of a task: 0 or -1 with EINVAL. */
int	tq_entry_word(struct tq_entry *, const char *word, struct tq_err *);
#endif
