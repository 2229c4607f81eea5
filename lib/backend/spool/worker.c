/* Workers as lib/spool knows them, with the ids that people gave. */
#include <bsd/string.h>
#include <errno.h>
#include <string.h>

#include "backend/spool/local.h"
#include "base/arena.h"

#define AT_VERSION	14		/* of a UUID's text, RFC 9562 §4 */

struct telling {
	struct tq_local	*l;
	int		(*each)(const struct tq_worker_info *, void *);
	void		*arg;
	struct tq_arena	 mem;		/* of the ids of one worker */
	struct tq_err	*e;
};

/* 1 if s is the text of a digest, whose number is set. */
static int
digest_of(struct tq_uuid *out, const char *s)
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

static const char *
given_id(struct telling *t, const char *id)
{
	struct tq_uuid number;
	struct tq_id given;

	if (!digest_of(&number, id))
		return id;
	tq_local_name(t->l, &number, &given);
	return tq_arena_copy(&t->mem, given.s, strlen(given.s));
}

static int
tell(const struct tq_worker_info *w, void *arg)
{
	struct telling *t = arg;
	struct tq_worker_info info = *w;
	const char **ids;
	size_t i;

	tq_arena_reset(&t->mem);
	ids = tq_arena_alloc(&t->mem, (w->nids + 1) * sizeof(*ids));
	if (ids == NULL)
		return tq_fail_sys(t->e, ENOMEM, "worker %s", w->name);
	for (i = 0; i < w->nids; i++)
		if ((ids[i] = given_id(t, w->ids[i])) == NULL)
			return tq_fail_sys(t->e, ENOMEM, "worker %s", w->name);
	info.ids = ids;
	return t->each(&info, t->arg);
}

int
tq_local_workers(void *b, int (*each)(const struct tq_worker_info *, void *),
    void *arg, struct tq_err *e)
{
	struct telling t = { .l = b, .each = each, .arg = arg, .e = e };
	int rv;

	tq_arena_init(&t.mem);
	rv = tq_spool_workers(t.l->sp, tell, &t, e);
	tq_arena_fini(&t.mem);
	return rv;
}
