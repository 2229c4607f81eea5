/*
 * What the processes of one attempt are known by in their environment:
 *
 *	TQ_MARK=site/put/id/attempt
 *
 *	site	where the task is kept.  An id is unique there and nowhere
 *		else: the device and inode of the spool's directory, which no
 *		copy of it has; of another broker, a hash of its URL.  Who
 *		spells that in another way is taken for somebody else: better
 *		to leave a process alone than to end a stranger's
 *	put	when it was put (ns): an id that is forgotten can come again
 */
#ifndef TQ_WORKER_MARK_H
#define TQ_WORKER_MARK_H

#include <tq/tq.h>

#define TQ_SITE_SIZE	44		/* two numbers of 64 bits */
#define TQ_MARK_SIZE	(sizeof("TQ_MARK=") + TQ_SITE_SIZE + TQ_ID_MAX + 36)

/* dir: of the spool, or NULL: the broker is at url. */
void	tq_mark_site(char site[TQ_SITE_SIZE], const char *dir,
	    const char *url);
void	tq_mark_make(char mark[TQ_MARK_SIZE], const char *site,
	    const struct tq_claim *, unsigned attempt);
#endif
