/*
 * The bell: one POSIX message queue for each handle that sleeps, its inbox.
 * A ring is an empty message; a mail is words for a worker.  Nothing depends
 * on a ring arriving: it shortens a sleep that ends by itself (bell rules in
 * tq_spool(5)).
 *
 * A user may have some 130 queues, and a killed owner leaves his behind.  So
 * the inboxes of a user are numbered, whatever their spools, and one is had in
 * the lowest place that no living owner has: what the killed left is used up,
 * also where the spool and the table that named it are gone.  An owner holds
 * flock(2) on his inbox, and only who has that lock unlinks an inbox.
 */
#ifndef TQ_SPOOL_BELL_H
#define TQ_SPOOL_BELL_H

#include <sys/types.h>

#include <mqueue.h>
#include <stdint.h>

#include <tq/types.h>

#define TQ_BELL_NAME	32
#define TQ_BELL_MSG	512	/* bytes of a mail */

struct tq_bell {
	mqd_t		 mq;		/* (mqd_t)-1: none could be had */
	char		 name[TQ_BELL_NAME];
	uint64_t	 dev, ino;
};

/*
 * Make an inbox of that mode (the umask does not cut it) and group (-1: ours).
 * -1 when none can be had: the sentence says why, and waiters live by their
 * timeout.
 */
int	tq_bell_make(struct tq_bell *, mode_t, gid_t, struct tq_err *);
void	tq_bell_free(struct tq_bell *);
/* Take away the inbox of a name if it is that (dev, ino) and nobody's. */
void	tq_bell_bury(const char *name, uint64_t dev, uint64_t ino);
/* Take away all inboxes of ours that killed owners left. */
void	tq_bell_sweep(void);
/* Take what is there without waiting: 1 a mail in buf, 2 a ring, 0 none. */
int	tq_bell_take(struct tq_bell *, char *buf, size_t size);
/* Sleep until something is there or the alarm (-1: none) rings, or timeout. */
void	tq_bell_wait(struct tq_bell *, int alarm, tq_time timeout);

/* An inbox of somebody else, kept open between rings. */
struct tq_bell_peer {
	mqd_t		 mq;
	uint64_t	 dev, ino;
};
/*
 * Send words (NULL: ring) to the inbox of a name, opening it anew when it is
 * not the (dev, ino) that its row says.  0; -1 when it cannot be reached; a
 * full inbox is no failure of a ring, for its owner has not looked yet.
 */
int	tq_bell_send(struct tq_bell_peer *, const char *name, uint64_t dev,
	    uint64_t ino, const char *words);
void	tq_bell_peer_free(struct tq_bell_peer *);
#endif
