/* The life of a worker as a table; states.h draws it. */
#include "states.h"

struct step {
	enum tq_life	 to;
	enum tq_life_action act;
};

#define STAY(s)	{ TQ_LIFE_ ## s, TQ_LIFE_NOTHING }
#define GO(s, a) { TQ_LIFE_ ## s, TQ_LIFE_ ## a }

static const struct step table[TQ_NLIVES][TQ_NLIFE_EVENTS] = {
	[TQ_LIFE_STARTING] = {
		[TQ_LIFE_JOINED] = GO(RUNNING, CLAIM),
		[TQ_LIFE_DONE] = STAY(STARTING),
		[TQ_LIFE_STOP] = GO(STOPPED, LEAVE),
		[TQ_LIFE_NOW] = GO(STOPPED, LEAVE),
		[TQ_LIFE_GRACE] = STAY(STARTING),
		[TQ_LIFE_EMPTY] = STAY(STARTING),
	},
	[TQ_LIFE_RUNNING] = {
		[TQ_LIFE_JOINED] = STAY(RUNNING),
		[TQ_LIFE_DONE] = GO(FINISHING, FINISH),
		[TQ_LIFE_STOP] = GO(DRAINING, DRAIN),
		[TQ_LIFE_NOW] = GO(STOPPING, KILL),
		[TQ_LIFE_GRACE] = STAY(RUNNING),
		[TQ_LIFE_EMPTY] = STAY(RUNNING),
	},
	[TQ_LIFE_FINISHING] = {
		[TQ_LIFE_JOINED] = STAY(FINISHING),
		[TQ_LIFE_DONE] = STAY(FINISHING),
		[TQ_LIFE_STOP] = GO(DRAINING, DRAIN),
		[TQ_LIFE_NOW] = GO(STOPPING, KILL),
		[TQ_LIFE_GRACE] = STAY(FINISHING),
		[TQ_LIFE_EMPTY] = GO(STOPPED, LEAVE),
	},
	[TQ_LIFE_DRAINING] = {
		[TQ_LIFE_JOINED] = STAY(DRAINING),
		[TQ_LIFE_DONE] = STAY(DRAINING),
		[TQ_LIFE_STOP] = GO(STOPPING, KILL),
		[TQ_LIFE_NOW] = GO(STOPPING, KILL),
		[TQ_LIFE_GRACE] = GO(STOPPING, TERM),
		[TQ_LIFE_EMPTY] = GO(STOPPED, LEAVE),
	},
	[TQ_LIFE_STOPPING] = {
		[TQ_LIFE_JOINED] = STAY(STOPPING),
		[TQ_LIFE_DONE] = STAY(STOPPING),
		[TQ_LIFE_STOP] = GO(STOPPING, KILL),
		[TQ_LIFE_NOW] = GO(STOPPING, KILL),
		[TQ_LIFE_GRACE] = GO(STOPPING, KILL),
		[TQ_LIFE_EMPTY] = GO(STOPPED, LEAVE),
	},
	[TQ_LIFE_STOPPED] = {
		[TQ_LIFE_JOINED] = STAY(STOPPED),
		[TQ_LIFE_DONE] = STAY(STOPPED),
		[TQ_LIFE_STOP] = STAY(STOPPED),
		[TQ_LIFE_NOW] = STAY(STOPPED),
		[TQ_LIFE_GRACE] = STAY(STOPPED),
		[TQ_LIFE_EMPTY] = STAY(STOPPED),
	},
};

enum tq_life_action
tq_life_step(enum tq_life *life, enum tq_life_event event)
{
	const struct step *s = &table[*life][event];

	*life = s->to;
	return s->act;
}

const char *
tq_life_name(enum tq_life life)
{
	static const char *const names[TQ_NLIVES] = {
		"starting", "running", "finishing", "draining", "stopping",
		"stopped"
	};

	return names[life];
}
