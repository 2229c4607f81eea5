/* The words that are sent to a worker (pure). */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <tq/task.h>

#include "base/signame.h"
#include "mail.h"

#define PLACES_MAX	1024

/* The next word of *s, a number from least to most, into *out. */
static int
next_number(long long *out, char **s, long long least, long long most)
{
	const char *error = "missing", *word = strsep(s, " ");

	if (word != NULL)
		*out = strtonum(word, least, most, &error);
	return error == NULL ? 0 : -1;
}

/* "min max" */
static int
parse_scale(struct tq_mail *out, char *arg)
{
	long long least = 0, most = 0;

	if (next_number(&least, &arg, 1, PLACES_MAX) == -1 ||
	    next_number(&most, &arg, least, PLACES_MAX) == -1)
		return -1;
	out->n = (unsigned)least;
	out->most = (unsigned)most;
	return arg == NULL ? 0 : -1;
}

/* "name soft hard" */
static int
parse_limit(struct tq_mail *out, char *arg)
{
	const char *name = strsep(&arg, " ");
	long long soft = 0, hard = 0;

	if (!tq_name_valid(name) ||
	    next_number(&soft, &arg, 0, INT64_MAX) == -1 ||
	    next_number(&hard, &arg, 0, INT64_MAX) == -1)
		return -1;
	(void)strlcpy(out->name, name, sizeof(out->name));
	out->soft = soft;
	out->hard = hard;
	return arg == NULL ? 0 : -1;
}

/* What stands behind the verb; arg is "" when there is nothing. */
static int
parse_arg(struct tq_mail *out, char *arg)
{
	const char *error = NULL;
	char *sig;

	switch (out->verb) {
	case TQ_MAIL_PING:
		if (*arg == '\0')
			return 0;
		out->pong = (uint64_t)strtonum(arg, 1, INT64_MAX, &error);
		return error == NULL ? 0 : -1;
	case TQ_MAIL_STOP:
		return *arg == '\0' ? 0 : -1;
	case TQ_MAIL_GROW:
	case TQ_MAIL_SHRINK:
		out->n = (unsigned)strtonum(arg, 1, PLACES_MAX, &error);
		return error == NULL ? 0 : -1;
	case TQ_MAIL_KILL:
		/* an id may hold blanks, the name of a signal does not */
		sig = strrchr(arg, ' ');
		if (sig != NULL && (out->sig = tq_signal_number(sig + 1)) != 0)
			*sig = '\0';
		else
			out->sig = SIGTERM;
		if (*arg == '\0' || strlcpy(out->id.s, arg,
		    sizeof(out->id.s)) >= sizeof(out->id.s))
			return -1;
		return 0;
	case TQ_MAIL_SCALE:
		return parse_scale(out, arg);
	case TQ_MAIL_SERVE:
	case TQ_MAIL_LEAVE:
		if (!tq_name_valid(arg))
			return -1;
		(void)strlcpy(out->name, arg, sizeof(out->name));
		return 0;
	case TQ_MAIL_LIMIT:
		return parse_limit(out, arg);
	case TQ_MAIL_SAY:
		(void)strlcpy(out->text, arg, sizeof(out->text));
		return *arg != '\0' ? 0 : -1;
	}
	return -1;
}

int
tq_mail_parse(struct tq_mail *out, const char *words, struct tq_err *e)
{
	static const char *const verbs[] = {
		[TQ_MAIL_PING] = "ping", [TQ_MAIL_STOP] = "stop",
		[TQ_MAIL_GROW] = "grow", [TQ_MAIL_SHRINK] = "shrink",
		[TQ_MAIL_KILL] = "kill", [TQ_MAIL_SCALE] = "scale",
		[TQ_MAIL_SERVE] = "serve", [TQ_MAIL_LEAVE] = "leave",
		[TQ_MAIL_LIMIT] = "limit", [TQ_MAIL_SAY] = "say"
	};
	char copy[TQ_MAIL_MAX];
	size_t i, n;

	memset(out, 0, sizeof(*out));
	if (strlcpy(copy, words, sizeof(copy)) < sizeof(copy)) {
		n = strcspn(copy, " ");
		for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
			if (strlen(verbs[i]) != n ||
			    memcmp(verbs[i], copy, n) != 0)
				continue;
			out->verb = (enum tq_mail_verb)i;
			if (parse_arg(out, copy[n] == ' ' ? copy + n + 1 :
			    copy + n) == 0)
				return 0;
		}
	}
	return tq_fail(e, EINVAL, "mail '%.80s' is not known", words);
}
