/*
 * The other workers of this machine, each as a pidfd: when one dies, what it
 * ran can be taken over at once and not at somebody's next look.
 */
#ifndef TQ_WORKER_PEERS_H
#define TQ_WORKER_PEERS_H

#include <sys/types.h>

#include <tq/tq.h>

#define TQ_PEERS_MAX	64	/* those beyond wait for the next look */

struct tq_peers {
	int		 epoll;		/* where the pidfds are watched */
	uint64_t	 key;		/* with this as data.u64, plus the place */
	struct {
		pid_t		 pid;	/* 0: a free row */
		int		 fd;
		int		 seen;
	}		 row[TQ_PEERS_MAX];
};

void	tq_peers_init(struct tq_peers *, int epoll, uint64_t key);
void	tq_peers_fini(struct tq_peers *);
/* Look who is there now. */
int	tq_peers_refresh(struct tq_peers *, struct tq *, struct tq_err *);
/* The epoll said that the peer of this data.u64 has died. */
void	tq_peers_died(struct tq_peers *, uint64_t data);
#endif
