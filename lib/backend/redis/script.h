/* The scripts that run inside the server: each is one atomic step. */
#ifndef TQ_REDIS_SCRIPT_H
#define TQ_REDIS_SCRIPT_H

enum tq_redis_script {
	TQ_REDIS_TAKE,		/* move due ones, take messages */
	TQ_REDIS_DO,		/* a transaction: steps, and the end of a claim */
	TQ_REDIS_RENEW,		/* we still hold these */
	TQ_REDIS_OVERDUE,	/* held by who is gone */
	TQ_REDIS_REVOKE,	/* ids that must not start */
	TQ_REDIS_LOOK,		/* a part of what stands there */
	TQ_REDIS_PLUCK,		/* take this one message */
	TQ_REDIS_STAGE,		/* lay down what will be put */
	TQ_REDIS_RELEASE,	/* what a worker kept is due */
	TQ_REDIS_HELD,		/* is an id held under another tag? */
	TQ_REDIS_SAME,		/* was this message put under an id? */
	TQ_REDIS_NSCRIPTS
};

/* Its text, NUL-terminated. */
const char *tq_redis_script_text(enum tq_redis_script);
#endif
