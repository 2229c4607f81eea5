/* Ids from operands and stdin, whole or as tails. */
#include "command/ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/records.h"
#include "command/status.h"
#include "message/json.h"
#include "message/quote.h"

void
tq_ids_init(struct tq_ids *ids)
{
	memset(ids, 0, sizeof(*ids));
}

void
tq_ids_fini(struct tq_ids *ids)
{
	size_t i;

	for (i = 0; i < ids->n; i++)
		free((char *)ids->v[i]);
	free(ids->v);
	free(ids->group);
	free(ids->state);
	tq_ids_init(ids);
}

void
tq_ids_add(struct tq_ids *ids, const char *id)
{
	const char **v;
	size_t cap;

	if (ids->n == ids->cap) {
		cap = ids->cap == 0 ? 16 : ids->cap * 2;
		v = reallocarray(ids->v, cap, sizeof(*v));
		if (v == NULL)
			tq_die(TQ_EXIT_OS, "ids: %s", strerror(errno));
		ids->v = v;
		ids->cap = cap;
	}
	ids->v[ids->n] = strdup(id);
	if (ids->v[ids->n] == NULL)
		tq_die(TQ_EXIT_OS, "ids: %s", strerror(errno));
	ids->n++;
}

/* What the commands print can be read: a first column, escaped. */
static void
add_stdin(struct tq_ids *ids)
{
	struct tq_records r;
	struct tq_err e;
	char *line;
	size_t n;
	int rv;

	tq_records_init(&r, STDIN_FILENO, '\n', TQ_JSON_TEXT_MAX);
	while ((rv = tq_records_more(&r, &e)) == 1)
		while ((line = tq_records_next(&r, &n)) != NULL) {
			line[strcspn(line, "\t")] = '\0';
			tq_unescape(line);
			if (line[0] != '\0')
				tq_ids_add(ids, line);
		}
	if (rv == -1)
		tq_die_err(&e);
	tq_records_fini(&r);
}

void
tq_ids_operands(struct tq_ids *ids, int argc, char *argv[])
{
	int i;

	for (i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0)
			add_stdin(ids);
		else
			tq_ids_add(ids, argv[i]);
	}
}

int
tq_ids_resolve(struct tq_ids *ids, struct tq *tq, unsigned flags,
    struct tq_err *e)
{
	struct tq_info info;
	size_t i;
	char *id;
	int rv = -1;

	free(ids->group);
	free(ids->state);
	ids->group = calloc(ids->n + 1, 1);
	ids->state = calloc(ids->n + 1, 1);
	if (ids->group == NULL || ids->state == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu ids", ids->n);
	tq_info_init(&info);
	if (tq_stat_ahead(tq, ids->v, ids->n, e) == -1)
		goto out;
	for (i = 0; i < ids->n; i++) {
		switch (tq_stat(tq, ids->v[i], flags, &info, e)) {
		case 1:
			ids->group[i] = info.task.kind == TQ_KIND_GROUP;
			ids->state[i] = (unsigned char)info.state;
			break;
		case 0:
			tq_fail(e, ENOENT, "%s: no such id", ids->v[i]);
			goto out;
		default:
			/* an ambiguous tail: the id is not a known one */
			if (e->num == EINVAL)
				e->num = errno = ENOENT;
			goto out;
		}
		if (strcmp(info.id.s, ids->v[i]) == 0)
			continue;
		id = strdup(info.id.s);
		if (id == NULL) {
			tq_fail_sys(e, ENOMEM, "%s", ids->v[i]);
			goto out;
		}
		free((char *)ids->v[i]);
		ids->v[i] = id;
	}
	rv = 0;
out:
	(void)tq_stat_ahead(tq, NULL, 0, NULL);
	tq_info_fini(&info);
	return rv;
}

/* ---- groups ------------------------------------------------------------ */

int
tq_ids_is_group(const struct tq_ids *ids, size_t i)
{
	return ids->group != NULL && ids->group[i];
}

int
tq_ids_groups(const struct tq_ids *ids)
{
	size_t i;

	for (i = 0; i < ids->n; i++)
		if (tq_ids_is_group(ids, i))
			return 1;
	return 0;
}

struct expansion {
	struct tq_ids	*to;
	unsigned char	*group;		/* as of ids, of what is in `to` */
	size_t		 cap;
};

static void
mark(struct expansion *x, int group)
{
	size_t cap = x->cap == 0 ? 256 : x->cap * 2;
	unsigned char *p;

	if (x->to->n > x->cap) {
		if ((p = realloc(x->group, cap)) == NULL)
			tq_die(TQ_EXIT_OS, "ids: %s", strerror(errno));
		x->group = p;
		x->cap = cap;
	}
	x->group[x->to->n - 1] = (unsigned char)group;
}

/* Not expanded yet, and a group that stands behind its members. */
enum { PLAIN, GROUP, DONE };

static int
add_member(const struct tq_info *i, void *arg)
{
	struct expansion *x = arg;

	tq_ids_add(x->to, i->id.s);
	mark(x, i->task.kind == TQ_KIND_GROUP ? GROUP : PLAIN);
	return 0;
}

/* Expand one level; 1 if there was a group, 0, -1. */
static int
expand_once(struct tq_ids *ids, struct tq *tq, int keep, struct tq_err *e)
{
	struct tq_select sel = { .group = NULL };
	struct tq_ids to;
	struct expansion x = { .to = &to };
	size_t i;
	int rv = 0;

	tq_ids_init(&to);
	for (i = 0; i < ids->n && rv != -1; i++) {
		if (ids->group[i] == GROUP) {
			sel.group = ids->v[i];
			rv = tq_list(tq, &sel, add_member, &x, e) == -1 ? -1 :
			    1;
			if (!keep)
				continue;
		}
		tq_ids_add(&to, ids->v[i]);
		mark(&x, ids->group[i] == PLAIN ? PLAIN : DONE);
	}
	tq_ids_fini(ids);
	*ids = to;
	ids->group = x.group;
	return rv;
}

int
tq_ids_expand(struct tq_ids *ids, struct tq *tq, int keep, struct tq_err *e)
{
	int rv;

	/* members are younger than their groups: this comes to an end */
	while ((rv = expand_once(ids, tq, keep, e)) == 1)
		continue;
	return rv;
}
