/* The other workers of this machine, each as a pidfd. */
#define _GNU_SOURCE		/* syscall(2): glibc before 2.36 has no pidfd_open */
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "peers.h"

struct look {
	struct tq_peers	*peers;
	char		 host[65];
};

void
tq_peers_init(struct tq_peers *p, int epoll, uint64_t key)
{
	memset(p, 0, sizeof(*p));
	p->epoll = epoll;
	p->key = key;
}

static void
forget(struct tq_peers *p, size_t i)
{
	close(p->row[i].fd);	/* leaves the epoll with it */
	p->row[i].pid = 0;
}

void
tq_peers_fini(struct tq_peers *p)
{
	size_t i;

	for (i = 0; i < TQ_PEERS_MAX; i++)
		if (p->row[i].pid != 0)
			forget(p, i);
}

static void
watch(struct tq_peers *p, size_t i, pid_t pid)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd;

	/* without pidfds, or if it has gone by now, the next look finds out */
	if ((fd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1)
		return;
	ev.data.u64 = p->key + i;
	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev) == -1) {
		close(fd);
		return;
	}
	p->row[i].pid = pid;
	p->row[i].fd = fd;
	p->row[i].seen = 1;
}

static int
see(const struct tq_worker_info *w, void *arg)
{
	struct look *look = arg;
	struct tq_peers *p = look->peers;
	size_t i, room = TQ_PEERS_MAX;

	/* a broker may keep only the beginning of a host's name */
	if (w->pid <= 0 || w->pid == getpid() ||
	    strncmp(w->host, look->host, strlen(w->host)) != 0)
		return 0;
	for (i = 0; i < TQ_PEERS_MAX; i++) {
		if (p->row[i].pid == w->pid) {
			p->row[i].seen = 1;
			return 0;
		}
		if (p->row[i].pid == 0 && room == TQ_PEERS_MAX)
			room = i;
	}
	if (room < TQ_PEERS_MAX)
		watch(p, room, w->pid);
	return 0;
}

int
tq_peers_refresh(struct tq_peers *p, struct tq *tq, struct tq_err *e)
{
	struct look look = { .peers = p };
	size_t i;

	if (gethostname(look.host, sizeof(look.host) - 1) == -1)
		return tq_fail_sys(e, errno, "gethostname");
	for (i = 0; i < TQ_PEERS_MAX; i++)
		p->row[i].seen = 0;
	if (tq_workers(tq, see, &look, e) == -1)
		return -1;
	for (i = 0; i < TQ_PEERS_MAX; i++)
		if (p->row[i].pid != 0 && !p->row[i].seen)
			forget(p, i);
	return 0;
}

void
tq_peers_died(struct tq_peers *p, uint64_t data)
{
	size_t i = (size_t)(data - p->key);

	if (i < TQ_PEERS_MAX && p->row[i].pid != 0)
		forget(p, i);
}
