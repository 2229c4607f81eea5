/*
 * What a task says on TQ_STATUS_FD (pure).  A line is progress, in words of
 * its own, unless it begins with '!':
 *
 *	!state NAME [json]	where it is, for who knows the name
 *	!child ID		it put that task
 *	!retry duration		try again after that, as status 75 does
 *	!fail Type message	a failure of that type, whatever its status
 *	!result json		what it returns
 *	!replace json-task	when it succeeds, that task is run in its place
 */
#ifndef TQ_WORKER_WORDS_H
#define TQ_WORKER_WORDS_H

#include <tq/types.h>

enum tq_word {
	TQ_WORD_PROGRESS,
	TQ_WORD_CHILD,
	TQ_WORD_FAIL,
	TQ_WORD_REPLACE,
	TQ_WORD_RESULT,
	TQ_WORD_RETRY,
	TQ_WORD_STATE
};

struct tq_words {
	enum tq_word	 word;
	const char	*name;		/* CHILD, FAIL, STATE: the first word */
	struct tq_bytes	 text;		/* the rest; RESULT, STATE: JSON */
	tq_time		 delay;		/* RETRY */
};

/*
 * Read a line of n bytes, line[n] being its newline, which is cut up and
 * pointed into.  EINVAL: the sentence quotes it.
 */
int	tq_words_parse(struct tq_words *out, char *line, size_t n,
	    struct tq_err *);
#endif
