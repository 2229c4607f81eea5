/* The signals of a long-lived process, through a descriptor. */
#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/signals.h"

int
tq_signals_take(const int *signals, size_t n, struct tq_err *e)
{
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < n; i++) {
		/* an ignored one would never come: nohup(1), "&" of sh(1) */
		signal(signals[i], SIG_DFL);
		sigaddset(&set, signals[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return tq_fail_sys(e, errno, "sigprocmask");
	if ((fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		return tq_fail_sys(e, errno, "signalfd");
	return fd;
}

unsigned
tq_signals_next(int fd)
{
	struct signalfd_siginfo si;

	return read(fd, &si, sizeof(si)) == sizeof(si) ? si.ssi_signo : 0;
}
