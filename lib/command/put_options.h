/*
 * The options of tqput(1): one table for its command line and for the lines
 * of flow files and schedules, which take some of them.
 */
#ifndef TQ_COMMAND_PUT_OPTIONS_H
#define TQ_COMMAND_PUT_OPTIONS_H

#include "command/options.h"

/* Those without a letter. */
enum {
	/* that lines take, too */
	TQ_PUT_BACKOFF = TQ_LONG(0), TQ_PUT_HOLD, TQ_PUT_IONICE, TQ_PUT_KEEP,
	TQ_PUT_LIMIT, TQ_PUT_NICE, TQ_PUT_NO_RESULT, TQ_PUT_ONCE,
	/* of the command line only */
	TQ_PUT_CHAIN, TQ_PUT_CHORD, TQ_PUT_GROUP, TQ_PUT_ID, TQ_PUT_KW,
	TQ_PUT_LINK, TQ_PUT_LINK_ERROR, TQ_PUT_RESULTS, TQ_PUT_SPOOL,
	TQ_PUT_KEYS		/* all keys are below it */
};
#define TQ_PUT_LINES	TQ_PUT_CHAIN	/* what lines take is below it */

/* The letters that a line of a flow takes, and one of a schedule. */
#define TQ_PUT_FLOW	"aCDdeKklPpqRrSTx"
#define TQ_PUT_BEAT	"CdeKklpqRrSTx"

extern const struct tq_option tq_put_options[];
extern const size_t tq_put_noptions;

/*
 * said[key] is 1 for every option that was there: exit 64 if two of them
 * exclude each other, or one makes no sense without another.
 */
void	tq_put_options_check(const unsigned char said[TQ_PUT_KEYS]);
#endif
