/* The signals of a worker, through a descriptor. */
#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "signals.h"

int
tq_signals_take(struct tq_err *e)
{
	static const int taken[] = {
		SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2
	};
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		/* an ignored one would never come: nohup(1), "&" of sh(1) */
		signal(taken[i], SIG_DFL);
		sigaddset(&set, taken[i]);
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
