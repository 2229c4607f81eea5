/*
 * What a verb of tqctl left alone, of the ids that were named: each is said
 * with its state.  Of what was only selected nothing is said, for a selection
 * that meets nothing has met what there is.
 */
#include "command/status.h"
#include "command/verb.h"

#define BIT(state)	(1u << (state))
#define ENDED	(BIT(TQ_SUCCESS) | BIT(TQ_FAILURE) | BIT(TQ_REVOKED) | \
		 BIT(TQ_EXPIRED))
#define WAITING	(BIT(TQ_HELD) | BIT(TQ_DELAYED) | BIT(TQ_BLOCKED) | \
		 BIT(TQ_READY) | BIT(TQ_RETRY))

static const struct fit {
	int		 act;		/* enum tq_verb */
	unsigned	 states;	/* in which it is for a task */
	const char	*not;		/* what one in another is not */
	const char	*kept;		/* what may keep one in these */
} fits[] = {
	/* that of transfer: what it does is several */
	{ 0, WAITING, "nothing to transfer", NULL },
	{ TQ_DO_FORGET, ENDED, "not ended", "needed by another" },
	{ TQ_DO_HOLD, WAITING & ~BIT(TQ_HELD), "nothing to hold", NULL },
	{ TQ_DO_KILL, BIT(TQ_STARTED), "not started", "not killed" },
	{ TQ_DO_MOVE, WAITING, "nothing to move", "there already" },
	{ TQ_DO_PRI, WAITING, "nothing to change", "has it already" },
	{ TQ_DO_RELEASE, BIT(TQ_HELD), "not held", "held by a transfer" },
	{ TQ_DO_RETRY, ENDED & ~BIT(TQ_SUCCESS), "nothing to retry", NULL },
	{ TQ_DO_REVOKE, WAITING | BIT(TQ_STARTED), "nothing to revoke",
	    "held by a transfer" }
};

static const struct fit *
find(int act)
{
	size_t i;

	for (i = 0; i < sizeof(fits) / sizeof(fits[0]); i++)
		if (fits[i].act == act)
			return &fits[i];
	return NULL;
}

void
tq_verb_left(const struct tq_ctl *c, uint64_t changed)
{
	const struct tq_ids *ids = c->named.n > 0 ? &c->named : &c->ids;
	const struct fit *fit = find(c->verb->act);
	enum tq_state state;
	const char *words;
	size_t i;

	if (fit == NULL || ids->state == NULL || changed >= ids->n)
		return;
	for (i = 0; i < ids->n; i++) {
		state = (enum tq_state)ids->state[i];
		words = fit->not;
		/* of its members some are among the changed, or none is */
		if (tq_ids_is_group(ids, i) || fit->states & BIT(state) ||
		    (state == TQ_SUCCESS && c->force)) {
			if (changed > 0)
				continue;
			words = fit->kept;
		}
		if (tq_ids_is_group(ids, i))
			tq_warn("%s: none of its members: %s", ids->v[i],
			    fit->not);
		else if (words != NULL)
			tq_warn("%s: %s (%s)", ids->v[i], words,
			    tq_state_name(state));
	}
}
