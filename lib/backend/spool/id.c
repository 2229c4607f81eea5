/*
 * Ids as people give them, and the numbers that lib/spool has for them.
 *
 * A foreign id is known by a digest of it, a UUID of version 8, and its task
 * keeps the id itself; so the way back looks at the task, and of one that is
 * forgotten there is the number only.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/spool/local.h"
#include "backend/spool/translate.h"

#define AT_VERSION	14		/* of a UUID's text, RFC 9562 section 4 */

int
tq_local_id(struct tq_uuid *out, const char *id)
{
	if (tq_uuid_parse(out, id))
		return 0;
	tq_spool_digest(out, id);
	return 1;
}

int
tq_local_ids(struct tq_local *l, const char *const *ids, size_t n,
    struct tq_err *e)
{
	struct tq_uuid *p;
	size_t i;

	if (n > l->nids) {
		if ((p = reallocarray(l->ids, n, sizeof(*p))) == NULL)
			return tq_fail_sys(e, ENOMEM, "%zu ids", n);
		l->ids = p;
		l->nids = n;
	}
	for (i = 0; i < n; i++)
		(void)tq_local_id(&l->ids[i], ids[i]);
	return 0;
}

/* ---- and back --------------------------------------------------------- */

void
tq_local_name(struct tq_local *l, const struct tq_uuid *number,
    struct tq_id *out)
{
	struct tq_spool_look look;
	struct tq_uuid same;

	tq_uuid_format(out->s, number);
	if (!tq_uuid_parse(&same, out->s) &&
	    tq_spool_look(l->sp, number, 0, &look, NULL) == 1)
		tq_translate_id(out, number, look.rec.put.foreign);
}

/* 1 if s is the text of a digest, whose number is set. */
static int
is_digest(struct tq_uuid *out, const char *s)
{
	char text[37];

	if (strlcpy(text, s, sizeof(text)) != 36 || text[AT_VERSION] != '8')
		return 0;
	/* but for its version a digest is like the ids of tq */
	text[AT_VERSION] = '7';
	if (!tq_uuid_parse(out, text))
		return 0;
	out->b[6] = (out->b[6] & 0x0f) | 0x80;
	return 1;
}

const char *
tq_local_given(struct tq_local *l, const char *s, struct tq_arena *mem)
{
	struct tq_uuid number;
	struct tq_id given;

	if (!is_digest(&number, s))
		return s;
	tq_local_name(l, &number, &given);
	return tq_arena_copy(mem, given.s, strlen(given.s));
}

static int
give(struct tq_local *l, const char **id, struct tq_arena *mem)
{
	if (*id != NULL && (*id = tq_local_given(l, *id, mem)) == NULL)
		return -1;
	return 0;
}

int
tq_local_names(struct tq_local *l, struct tq_task *t, struct tq_arena *mem,
    struct tq_err *e)
{
	/* the vector is the arena's: tq_translate_task() made it */
	const char **after = (const char **)(uintptr_t)t->after;
	size_t i;
	int rv = 0;

	for (i = 0; rv == 0 && i < t->nafter; i++)
		rv = give(l, &after[i], mem);
	if (rv == -1 || give(l, &t->pipe, mem) == -1 ||
	    give(l, &t->group, mem) == -1)
		return tq_fail_sys(e, ENOMEM, "task");
	return 0;
}
