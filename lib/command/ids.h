/*
 * Ids from the command line: operands, "-" for one a line from stdin (up to
 * the first TAB, so that a tqstat line will do), tails of four or more.
 */
#ifndef TQ_COMMAND_IDS_H
#define TQ_COMMAND_IDS_H

#include <tq/tq.h>

struct tq_ids {
	const char	**v;	/* n strings, all ours */
	unsigned char	*group;	/* of each, once they are resolved; or NULL */
	unsigned char	*state;	/* the same: enum tq_state, as it was then */
	size_t		 n, cap;
};

void	tq_ids_init(struct tq_ids *);
void	tq_ids_fini(struct tq_ids *);
/* Add one, copied.  Exits 71 when memory runs out. */
void	tq_ids_add(struct tq_ids *, const char *);
/* Add operands; "-" is replaced by the lines of stdin.  Exits 71, 74. */
void	tq_ids_operands(struct tq_ids *, int argc, char *argv[]);
/*
 * Replace each by its full id as the broker knows it.  With TQ_FIND_TAIL in
 * flags a tail will do.  0, or -1: ENOENT unknown or ambiguous, named.
 */
int	tq_ids_resolve(struct tq_ids *, struct tq *, unsigned flags,
	    struct tq_err *);
/* Once they are resolved: 1 if one of them, or the i-th, is a group. */
int	tq_ids_groups(const struct tq_ids *);
int	tq_ids_is_group(const struct tq_ids *, size_t i);
/*
 * Put the members of groups, and of groups in them, in the place of each; with
 * keep a group stays behind its members.  0 or -1.
 */
int	tq_ids_expand(struct tq_ids *, struct tq *, int keep, struct tq_err *);
#endif
