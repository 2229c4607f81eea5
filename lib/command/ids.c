/* Ids from operands and stdin, whole or as tails. */
#include "command/ids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/status.h"

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

static void
add_stdin(struct tq_ids *ids)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) != -1) {
		line[strcspn(line, "\t\n")] = '\0';
		if (line[0] != '\0')
			tq_ids_add(ids, line);
	}
	if (ferror(stdin))
		tq_die(TQ_EXIT_IO, "stdin: %s", strerror(errno));
	free(line);
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

	tq_info_init(&info);
	for (i = 0; i < ids->n; i++) {
		switch (tq_stat(tq, ids->v[i], flags, &info, e)) {
		case 1:
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
	tq_info_fini(&info);
	return rv;
}
