/* Words for people at a terminal, beside the data. */
#ifndef TQ_COMMAND_HINT_H
#define TQ_COMMAND_HINT_H

#include <tq/tq.h>

/* Say on stderr where a task was put. */
void	tq_hint_put(struct tq *, const char *id);
/* Say so if no worker serves its queue, and what would start one. */
void	tq_hint_workers(struct tq *, const char *id);
#endif
