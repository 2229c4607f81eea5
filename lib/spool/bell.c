/* Inboxes on POSIX message queues; see bell.h and mq_overview(7). */
#define _GNU_SOURCE	/* ppoll() */
#include "spool/bell.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"

#define PRI_RING	0
#define PRI_MAIL	1	/* mail overtakes rings: higher goes first */

void
tq_bell_name(char name[TQ_BELL_NAME], const struct stat *place, unsigned row)
{
	/* the product spreads the few bits of a device over all 64 */
	snprintf(name, TQ_BELL_NAME, "/tq-%016" PRIx64 "-%u",
	    (uint64_t)place->st_dev * UINT64_C(0x9e3779b97f4a7c15) ^
	    (uint64_t)place->st_ino, row);
}

static mqd_t
create(const char *name)
{
	/* 10 messages is what stock Linux lets an unprivileged queue have */
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = TQ_BELL_MSG };

	return mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK |
	    O_CLOEXEC, 0600, &attr);
}

int
tq_bell_make(struct tq_bell *b, const char *name, mode_t mode, gid_t gid,
    struct tq_err *e)
{
	struct stat st;
	uint64_t r;

	strlcpy(b->name, name, sizeof(b->name));
	(void)mq_unlink(b->name);
	b->mq = create(b->name);
	if (b->mq == (mqd_t)-1 && errno == EEXIST) {
		tq_random(&r, sizeof(r));
		snprintf(b->name, sizeof(b->name), "/tq-%016" PRIx64, r);
		b->mq = create(b->name);
	}
	if (b->mq == (mqd_t)-1)
		return tq_fail_sys(e, errno, "no message queue to be had");
	/* on Linux an mqd_t is a descriptor: mq_overview(7) */
	if ((gid != (gid_t)-1 && fchown(b->mq, (uid_t)-1, gid) == -1) ||
	    fchmod(b->mq, mode & 0666) == -1 || fstat(b->mq, &st) == -1) {
		tq_fail_sys(e, errno, "message queue");
		tq_bell_free(b);
		return -1;
	}
	b->dev = st.st_dev;
	b->ino = st.st_ino;
	return 0;
}

void
tq_bell_free(struct tq_bell *b)
{
	int saved = errno;

	if (b->mq == (mqd_t)-1)
		return;
	(void)mq_close(b->mq);
	(void)mq_unlink(b->name);
	b->mq = (mqd_t)-1;
	errno = saved;
}

int
tq_bell_take(struct tq_bell *b, char *buf, size_t size)
{
	char msg[TQ_BELL_MSG];
	ssize_t n;

	if (b->mq == (mqd_t)-1)
		return 0;
	while ((n = mq_receive(b->mq, msg, sizeof(msg), NULL)) == -1 &&
	    errno == EINTR)
		continue;
	if (n == -1)
		return 0;
	if (n == 0)
		return 2;
	if ((size_t)n >= size)
		n = (ssize_t)size - 1;
	memcpy(buf, msg, (size_t)n);
	buf[n] = '\0';
	return 1;
}

void
tq_bell_wait(struct tq_bell *b, int alarm, tq_time timeout)
{
	/* poll(2) passes over descriptors of -1 */
	struct pollfd p[2] = {
		{ .fd = b->mq, .events = POLLIN },
		{ .fd = alarm, .events = POLLIN },
	};
	struct timespec ts;

	if (timeout <= 0)
		return;
	tq_clock_timespec(&ts, timeout);
	(void)ppoll(p, 2, &ts, NULL);
}

void
tq_bell_peer_free(struct tq_bell_peer *p)
{
	if (p->mq != (mqd_t)-1)
		(void)mq_close(p->mq);
	p->mq = (mqd_t)-1;
}

int
tq_bell_send(struct tq_bell_peer *p, const char *name, uint64_t dev,
    uint64_t ino, const char *words)
{
	struct stat st;
	int rv;

	if (p->mq == (mqd_t)-1 || p->dev != dev || p->ino != ino) {
		tq_bell_peer_free(p);
		p->mq = mq_open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (p->mq == (mqd_t)-1)
			return -1;
		/* somebody else's queue under that name: do not talk to it */
		if (fstat(p->mq, &st) == -1 || st.st_dev != dev ||
		    st.st_ino != ino) {
			tq_bell_peer_free(p);
			errno = ESTALE;
			return -1;
		}
		p->dev = dev;
		p->ino = ino;
	}
	do {
		rv = words == NULL ? mq_send(p->mq, "", 0, PRI_RING) :
		    mq_send(p->mq, words, strlen(words), PRI_MAIL);
	} while (rv == -1 && errno == EINTR);
	if (rv == -1 && (words != NULL || errno != EAGAIN))
		return -1;
	return 0;
}
