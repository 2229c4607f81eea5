/* The arrows between states; see arrow.h. */
#include "spool/arrow.h"

#define B(state)	(1u << TQ_##state)
#define LINE		(B(DELAYED) | B(BLOCKED) | B(READY) | B(RETRY))
#define WAITING		(LINE | B(HELD))
#define UNENDED		(WAITING | B(STARTED))
#define ENDED		(B(SUCCESS) | B(FAILURE) | B(REVOKED) | B(EXPIRED))

/* From any of `from` to any of `to`; an arrow of two rows has more than one. */
static const struct {
	enum tq_arrow	 arrow;
	unsigned	 from, to;
} arrows[] = {
	{ TQ_ARROW_PUT, B(ABSENT),
	    B(READY) | B(DELAYED) | B(HELD) | B(BLOCKED) },
	{ TQ_ARROW_CLAIM, B(READY), B(STARTED) },
	{ TQ_ARROW_SETTLE, B(STARTED),
	    B(SUCCESS) | B(FAILURE) | B(REVOKED) | B(RETRY) | B(READY) },
	{ TQ_ARROW_CRASH, B(STARTED), B(READY) | B(FAILURE) },
	{ TQ_ARROW_EXPIRE, WAITING, B(EXPIRED) },
	{ TQ_ARROW_DUE, B(DELAYED) | B(RETRY), B(READY) },
	{ TQ_ARROW_EARLY, B(READY), B(DELAYED) | B(RETRY) },
	{ TQ_ARROW_HOLD, LINE, B(HELD) },
	{ TQ_ARROW_RELEASE, B(HELD), B(READY) | B(DELAYED) | B(BLOCKED) },
	{ TQ_ARROW_REVOKE, UNENDED, B(REVOKED) },
	{ TQ_ARROW_DOWN, UNENDED, B(REVOKED) },
	{ TQ_ARROW_RETRY, ENDED, B(READY) },
	{ TQ_ARROW_RETRY, ENDED & ~B(EXPIRED), B(BLOCKED) },
	{ TQ_ARROW_ORPHAN, B(BLOCKED), B(FAILURE) },
	{ TQ_ARROW_JUDGE, B(BLOCKED) | B(HELD), B(FAILURE) | B(REVOKED) },
	{ TQ_ARROW_JUDGE, B(BLOCKED), B(SUCCESS) },
	{ TQ_ARROW_UNBLOCK, B(BLOCKED), B(READY) | B(DELAYED) },
	{ TQ_ARROW_BLOCK, B(READY) | B(DELAYED), B(BLOCKED) },
	{ TQ_ARROW_REOPEN, B(FAILURE) | B(REVOKED), B(BLOCKED) },
	{ TQ_ARROW_FORGET, ENDED, B(ABSENT) },
	{ TQ_ARROW_RETURN, B(HELD), B(RETRY) },
};

unsigned
tq_arrow_leads(enum tq_arrow arrow, enum tq_state from)
{
	unsigned i, to = 0;

	for (i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++)
		if (arrows[i].arrow == arrow && arrows[i].from >> from & 1)
			to |= arrows[i].to;
	return to;
}

int
tq_arrow_is(enum tq_arrow arrow, enum tq_state from, enum tq_state to)
{
	return tq_arrow_leads(arrow, from) >> to & 1;
}

const char *
tq_arrow_name(enum tq_arrow arrow)
{
	static const char *const names[TQ_NARROWS] = { "put", "claim",
	    "settle", "crash", "expire", "due", "early", "hold", "release",
	    "revoke", "down", "retry", "orphan", "judge", "unblock", "block",
	    "reopen", "forget", "return" };

	return (unsigned)arrow < TQ_NARROWS ? names[arrow] : "unknown";
}
