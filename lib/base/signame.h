/* The signals that people send to tasks, by name (pure). */
#ifndef TQ_BASE_SIGNAME_H
#define TQ_BASE_SIGNAME_H

#define TQ_SIGNAL_MAX	64		/* as Linux numbers them */

/* Of "TERM", "SIGTERM", "term" or "15"; 0: it is none. */
int	tq_signal_number(const char *);
/* "TERM"; NULL: people do not send that. */
const char *tq_signal_name(int);
#endif
