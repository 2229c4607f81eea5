/*
 * Values of options, checked once at the door: each function returns the
 * value or says what is wrong, quoting it, and exits 64.  opt is how the
 * option was written ("-t", "--keep"), or what the operand is.
 */
#ifndef TQ_COMMAND_ARG_H
#define TQ_COMMAND_ARG_H

#include <tq/tq.h>

#include "message/limits.h"

/* A whole number in [min, max]. */
int64_t	tq_arg_number(const char *opt, const char *value, int64_t min,
	    int64_t max);
/* "30", "5m", "1h30m": a length of time. */
tq_time	tq_arg_duration(const char *opt, const char *value);
/* A queue or handler name; returns value. */
const char *tq_arg_name(const char *opt, const char *value);
/* The same where a mistake is no reason to exit: 0, or -1 with EINVAL. */
int	tq_name_check(const char *value, struct tq_err *);
/* "soft[,hard]"; hard is soft + 10 s when not given. */
void	tq_arg_limits(const char *opt, const char *value, tq_time *soft,
	    tq_time *hard);
/*
 * One more --limit, or --nice or --ionice, which are the limits of these
 * names.
 */
void	tq_arg_limit(struct tq_limits *, const char *opt, const char *value);
/* "ready,failure", "all" → 1 << enum tq_state, or'ed. */
unsigned tq_arg_states(const char *opt, const char *value);
/*
 * One URL, whole, as a word of the list that tq_open() takes: a blank in it is
 * one of its path.  A password in it is refused: other users read command
 * lines.  The caller frees it.
 */
char	*tq_arg_url(const char *opt, const char *value);
/*
 * One more -b: *urls (NULL at first, then the caller's to free) becomes the
 * list that tq_open() takes, each as of tq_arg_url().
 */
void	tq_arg_broker(char **urls, const char *opt, const char *value);
/*
 * Set TQ_BROKER, TQ_RESULTS or TQ_DIR for the commands that are run, which may
 * be in other directories: to value, NULL: what it is, with absolute paths.
 */
void	tq_arg_export(const char *name, const char *value);
/* One more "queue[=weight]" for a claim; the name is copied. */
void	tq_arg_take(struct tq_take *, const char *opt, const char *value);
/*
 * One more name of a list (-q of tqstat, tqctl): *v grows to *n, and is the
 * caller's to free; the strings are borrowed.
 */
void	tq_arg_append(const char ***v, size_t *n, const char *value);
#endif
