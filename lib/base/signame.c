/* The signals that people send to tasks, by name (pure). */
#include "signame.h"

#include <bsd/stdlib.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char	*name;
	int		 number;
} signals[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "CONT", SIGCONT },
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "KILL", SIGKILL },
	{ "QUIT", SIGQUIT }, { "STOP", SIGSTOP }, { "TERM", SIGTERM },
	{ "TSTP", SIGTSTP }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
	{ "WINCH", SIGWINCH }
};

#define NSIGNALS	(sizeof(signals) / sizeof(signals[0]))

int
tq_signal_number(const char *s)
{
	const char *error;
	size_t i;
	int n;

	n = (int)strtonum(s, 1, TQ_SIGNAL_MAX, &error);
	if (error == NULL)
		return n;
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (i = 0; i < NSIGNALS; i++)
		if (strcasecmp(s, signals[i].name) == 0)
			return signals[i].number;
	return 0;
}

const char *
tq_signal_name(int n)
{
	size_t i;

	for (i = 0; i < NSIGNALS; i++)
		if (signals[i].number == n)
			return signals[i].name;
	return NULL;
}
