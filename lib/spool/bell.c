/* Inboxes on POSIX message queues; see bell.h and mq_overview(7). */
#define _GNU_SOURCE	/* ppoll() */
#include "spool/bell.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define PRI_RING	0
#define PRI_MAIL	1	/* mail overtakes rings: higher goes first */
#define PLACES		1024	/* of a user; a whole IPC namespace has 256 queues
				   by default: queues_max, mq_overview(7) */

static void
number(char name[TQ_BELL_NAME], unsigned n)
{
	snprintf(name, TQ_BELL_NAME, "/tq-%lu-%u", (unsigned long)geteuid(),
	    n);
}

/*
 * 1 if it is an inbox of ours with a name, and the lock could be had: of one
 * that another has unlinked the name may be the next owner's already.
 */
static int
lock(mqd_t mq, struct stat *st)
{
	/* on Linux an mqd_t is a descriptor: mq_overview(7) */
	return flock(mq, LOCK_EX | LOCK_NB) == 0 && fstat(mq, st) == 0 &&
	    st->st_uid == geteuid() && st->st_nlink == 1;
}

/* Take the inbox of a name away if it is nobody's; ino 0: whichever it is. */
static int
bury(const char *name, uint64_t dev, uint64_t ino)
{
	struct stat st;
	mqd_t mq;
	int rv;

	mq = mq_open(name, O_RDONLY | O_CLOEXEC);
	if (mq == (mqd_t)-1)
		return 0;
	rv = lock(mq, &st) &&
	    (ino == 0 || (st.st_dev == dev && st.st_ino == ino)) &&
	    mq_unlink(name) == 0;
	(void)mq_close(mq);
	return rv;
}

static mqd_t
create(const char *name)
{
	/* 10 messages is what stock Linux lets an unprivileged queue have */
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = TQ_BELL_MSG };
	struct stat st;
	mqd_t mq;

	mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC,
	    0600, &attr);
	if (mq != (mqd_t)-1 && !lock(mq, &st)) {
		/* taken for a dead one's before we could say that we live */
		(void)mq_close(mq);
		mq = (mqd_t)-1;
		errno = EEXIST;
	}
	return mq;
}

int
tq_bell_make(struct tq_bell *b, mode_t mode, gid_t gid, struct tq_err *e)
{
	struct stat st;
	unsigned n;
	int why = EEXIST;

	b->mq = (mqd_t)-1;
	for (n = 0; n < PLACES && b->mq == (mqd_t)-1; n++) {
		number(b->name, n);
		b->mq = create(b->name);
		if (b->mq != (mqd_t)-1)
			break;
		/* with no queue more to be had, one of the dead is one */
		if (errno != EEXIST)
			why = errno;
		if (bury(b->name, 0, 0))
			b->mq = create(b->name);
	}
	if (b->mq == (mqd_t)-1)
		return tq_fail_sys(e, why, "no message queue to be had");
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
	/* before the lock goes with the descriptor */
	(void)mq_unlink(b->name);
	(void)mq_close(b->mq);
	b->mq = (mqd_t)-1;
	errno = saved;
}

void
tq_bell_bury(const char *name, uint64_t dev, uint64_t ino)
{
	if (strncmp(name, "/tq-", 4) == 0 && ino != 0)
		(void)bury(name, dev, ino);
}

void
tq_bell_sweep(void)
{
	char name[TQ_BELL_NAME];
	unsigned n;

	for (n = 0; n < PLACES; n++) {
		number(name, n);
		(void)bury(name, 0, 0);
	}
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
