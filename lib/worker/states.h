/*
 * The life of a worker as a table (pure): what it does next when something
 * happens to it.
 *
 *	            JOINED         DONE           STOP           GRACE
 *	starting ----------> running -----> finishing -----> draining ------.
 *	                        |  STOP                         ^    | STOP |
 *	                        `-------------------------------'    | NOW  |
 *	                                                             v      v
 *	stopped <---------------- EMPTY, of all four <------------- stopping
 *
 * NOW leads from everywhere to stopping, or, before it joined, to stopped.
 */
#ifndef TQ_WORKER_STATES_H
#define TQ_WORKER_STATES_H

enum tq_life {
	TQ_LIFE_STARTING,
	TQ_LIFE_RUNNING,	/* claims and runs */
	TQ_LIFE_FINISHING,	/* has had its fill: claims no more, waits */
	TQ_LIFE_DRAINING,	/* was told to stop: waits, but within -g */
	TQ_LIFE_STOPPING,	/* ends what runs and hands it back */
	TQ_LIFE_STOPPED
};
#define TQ_NLIVES	6

enum tq_life_event {
	TQ_LIFE_JOINED,		/* the broker knows the worker */
	TQ_LIFE_DONE,		/* -n are claimed, or -E finds nothing left */
	TQ_LIFE_STOP,		/* TERM, INT, or the mail "stop" */
	TQ_LIFE_NOW,		/* QUIT */
	TQ_LIFE_GRACE,		/* the deadline that DRAIN or TERM set */
	TQ_LIFE_EMPTY		/* nothing runs, nothing waits to be settled */
};
#define TQ_NLIFE_EVENTS	6

enum tq_life_action {
	TQ_LIFE_NOTHING,
	TQ_LIFE_CLAIM,		/* say READY and begin to claim */
	TQ_LIFE_FINISH,		/* claim no more */
	TQ_LIFE_DRAIN,		/* claim no more; set the deadline of -g */
	TQ_LIFE_TERM,		/* TERM to what runs; set a short deadline */
	TQ_LIFE_KILL,		/* KILL what runs, with all its processes */
	TQ_LIFE_LEAVE		/* end the loop */
};

/* Move *life on and say what to do. */
enum tq_life_action tq_life_step(enum tq_life *life, enum tq_life_event);
/* "starting", "running", ... */
const char *tq_life_name(enum tq_life);
#endif
