/*
 * What ties a task to others, as bytes of its record (pure): a list of
 *
 *	u8 tag, bytes value
 *
 * with rising tags, each at most once.  A task that is tied to nothing has no
 * list and pays nothing.  tq_spool(5) specifies the same in words.
 *
 * A new tag is a change of the format: a reader that does not know it cannot
 * know whether the task may run, and takes the record for damaged.
 */
#ifndef TQ_SPOOL_RELATION_H
#define TQ_SPOOL_RELATION_H

#include <tq/types.h>

#include "base/buf.h"
#include "base/id.h"

enum tq_relation_tag {
	TQ_REL_KEY = 1,		/* 1 to 255 bytes */
	TQ_REL_AFTER,		/* ids, 16 bytes each */
	TQ_REL_WHEN,		/* u8 enum tq_when; not there: TQ_WHEN_OK */
	TQ_REL_PIPE,		/* id, u8 enum tq_pipe_as */
	TQ_REL_FOLLOW,		/* id: of its key, which must end first */
	TQ_REL_MEMBER,		/* id of its group, varint number in it */
	TQ_REL_GROUP,		/* is one; u16 row, u32 epoch of who puts its
				 * members, 0 when it is sealed */
	TQ_REL_ASK,		/* of gates, see gate.h; not empty */
	TQ_REL_NTAGS
};
#define TQ_REL_HAS(r, tag)	((r)->has >> (tag) & 1)
/* Whether it is tied to other tasks, not to gates alone. */
#define TQ_REL_TIED(r)		(((r)->has & ~(1u << TQ_REL_ASK)) != 0)

/* How the outputs of what a pipe names become stdin. */
enum tq_pipe_as {
	TQ_PIPE_BYTES,		/* one after the other */
	TQ_PIPE_JSON		/* a JSON value a line */
};

#define TQ_AFTER_MAX	1000	/* tasks that one may wait for */

struct tq_relation {
	uint32_t	 has;		/* bit of each tag that is there */
	struct tq_bytes	 key;
	struct tq_bytes	 after;		/* ids */
	uint8_t		 when, pipe_as;
	struct tq_uuid	 pipe, follow, member;
	uint32_t	 number;	/* in its group */
	uint16_t	 row;
	uint32_t	 epoch;
	struct tq_bytes	 ask;
};

/* Append the list of what r->has says. */
void	tq_relation_encode(struct tq_buf *b, const struct tq_relation *r);
/* Read one; views into it.  0, or -1 when it makes no sense. */
int	tq_relation_decode(struct tq_relation *out, struct tq_bytes list);

#endif
