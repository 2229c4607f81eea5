/* Failing in one line, and the names of states. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tq/types.h>

static const char *const state_names[TQ_NSTATES] = {
	[TQ_ABSENT] = "absent",
	[TQ_HELD] = "held",
	[TQ_DELAYED] = "delayed",
	[TQ_BLOCKED] = "blocked",
	[TQ_READY] = "ready",
	[TQ_STARTED] = "started",
	[TQ_RETRY] = "retry",
	[TQ_SUCCESS] = "success",
	[TQ_FAILURE] = "failure",
	[TQ_REVOKED] = "revoked",
	[TQ_EXPIRED] = "expired",
};

/* Write the sentence; a long one is cut.  Returns its length in e->text. */
static size_t
err_text(struct tq_err *e, int num, const char *fmt, va_list ap)
{
	int n;

	e->num = num;
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	if (n < 0) {
		e->text[0] = '\0';
		return 0;
	}
	if ((size_t)n >= sizeof(e->text))
		return sizeof(e->text) - 1;
	return (size_t)n;
}

int
tq_fail(struct tq_err *e, int num, const char *fmt, ...)
{
	va_list ap;

	if (e != NULL) {
		va_start(ap, fmt);
		err_text(e, num, fmt, ap);
		va_end(ap);
	}
	errno = num;
	return -1;
}

int
tq_fail_sys(struct tq_err *e, int num, const char *fmt, ...)
{
	char reason[128];
	size_t n;
	va_list ap;

	if (e != NULL) {
		va_start(ap, fmt);
		n = err_text(e, num, fmt, ap);
		va_end(ap);
		if (strerror_r(num, reason, sizeof(reason)) != 0)
			snprintf(reason, sizeof(reason), "error %d", num);
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", reason);
	}
	errno = num;
	return -1;
}

const char *
tq_state_name(enum tq_state state)
{
	if ((unsigned)state >= TQ_NSTATES)
		return "unknown";
	return state_names[state];
}

enum tq_state
tq_state_parse(const char *s, size_t n)
{
	int i;

	for (i = 0; i < TQ_NSTATES; i++)
		if (strlen(state_names[i]) == n &&
		    memcmp(state_names[i], s, n) == 0)
			return (enum tq_state)i;
	return TQ_ABSENT;
}
