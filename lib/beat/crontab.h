/*
 * Lines of a schedule file (pure): what crontab(5) has, `@every 90s`, and
 * options of the task in square brackets.
 *
 *	minute hour dom month dow [options] command
 *	@hourly [options] command
 *	@every 1h30m [options] command
 *	@reboot [options] command
 *	CRON_TZ=Europe/Berlin		for the lines that follow
 *	# a comment; blank lines too
 */
#ifndef TQ_BEAT_CRONTAB_H
#define TQ_BEAT_CRONTAB_H

#include <stddef.h>
#include <stdint.h>

#include <tq/types.h>

/* The times that five fields name, each field as the set of its numbers. */
struct tq_cron {
	uint64_t	 minutes;	/* 1 << 0 to 59 */
	uint32_t	 hours;		/* 1 << 0 to 23 */
	uint32_t	 doms;		/* 1 << 1 to 31: days of a month */
	uint32_t	 months;	/* 1 << 1 to 12 */
	uint32_t	 dows;		/* 1 << 0 to 6, Sunday is 0 */
	/*
	 * A day must be in both doms and dows if one of the fields begins
	 * with '*', else in either: crontab(5).
	 */
	int		 both;
};

enum tq_crontab_kind {
	TQ_CRONTAB_NOTHING,	/* blank, or a comment */
	TQ_CRONTAB_ZONE,	/* CRON_TZ= */
	TQ_CRONTAB_CRON,	/* at the times of `cron` */
	TQ_CRONTAB_EVERY,	/* at whole multiples of `every` since 1970 */
	TQ_CRONTAB_REBOOT	/* once after each boot */
};

/* What a line says.  Slices are of the line. */
struct tq_crontab {
	enum tq_crontab_kind kind;
	struct tq_cron	 cron;
	tq_time		 every;
	struct tq_bytes	 zone;		/* n 0: that of the machine */
	struct tq_bytes	 when;		/* the words that say its times */
	struct tq_bytes	 options;	/* between the brackets, n 0: none */
	struct tq_bytes	 command;
};

/*
 * Read one line of n bytes, without its newline.  0, or -1 with EINVAL, a
 * sentence and in *column, counted from 1, where the line went wrong.
 */
int	tq_crontab_parse(struct tq_crontab *out, const char *line, size_t n,
	    size_t *column, struct tq_err *e);

/*
 * Take the next word of s (the inside of the brackets) as a shell would, with
 * '...', "..." and \, into buf of size bytes, NUL-terminated; *at, 0 at first,
 * moves behind it.  1 a word, 0 there is none, -1 with EINVAL and *at where
 * it went wrong.
 */
int	tq_crontab_word(char *buf, size_t size, struct tq_bytes s, size_t *at,
	    struct tq_err *e);
#endif
