/*
 * What tasks leave to those that wait for them: outputs of one task or of the
 * members of a group.  They are of successes, but for who was let run although
 * what it waited for had failed.
 *
 * Places in the ledger are noted under the lock, a slice at a time, and read
 * outside it; a record that was carried elsewhere meanwhile is asked for again.
 */
#define _GNU_SOURCE	/* O_TMPFILE */
#include <bsd/stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/file.h"
#include "spool/graph.h"
#include "spool/verb.h"

/* Edges that one critical section passes over. */
#define SLICE	4096
/* Looks at a task whose records move: more often than they ever do. */
#define TRIES	8

struct sources {
	struct tq_spool_source *v;
	size_t		 n, cap;
	uint32_t	 at;		/* the next edge, 0: the first */
	uint32_t	 table;		/* which one has it, and */
	uint64_t	 generation;	/* how often that was rebuilt */
};

/* Under the lock: what is known of the task that counts for a slot. */
static void
note(struct tq_table *t, uint32_t slot, uint32_t number,
    struct tq_spool_source *out)
{
	const struct tq_slot *s = tq_table_slot(t, tq_graph_real(t, slot));
	const struct tq_ext *x = s == NULL ? NULL : tq_table_ext(t, s);

	memset(out, 0, sizeof(*out));
	out->number = number;
	if (s == NULL)
		return;
	out->id = s->id;
	out->state = s->state;
	out->put = s->put;
	out->end = s->end;
	out->group = x != NULL && x->flags & TQ_XF_GROUP;
}

int
tq_spool_source(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_spool_source *out, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };
	uint32_t slot;

	while (tq_turn_next(sp, &t, e)) {
		if ((slot = tq_table_find(&sp->t, id)) != 0)
			note(&sp->t, slot, 0, out);
		t.rv = slot != 0 ? 1 : tq_fail(e, ENOENT, "what its stdin "
		    "comes from is not known any more");
	}
	return t.rv == -1 ? -1 : 0;
}

/* ---- groups ------------------------------------------------------------- */

static struct tq_spool_source *
another(struct sources *m)
{
	size_t cap = m->cap == 0 ? 256 : m->cap * 2;
	struct tq_spool_source *v;

	if (m->n == m->cap) {
		if ((v = reallocarray(m->v, cap, sizeof(*v))) == NULL)
			return NULL;
		m->v = v;
		m->cap = cap;
	}
	return &m->v[m->n++];
}

/*
 * Under the lock: a slice of the edges to a group.  1 that was all, 2 there are
 * more, 3 the edge where it was to go on is gone, and with it the group; -1.  A
 * table that was rebuilt has them in another order: it begins again.
 */
static int
gather(struct tq_spool *sp, const struct tq_uuid *group, struct sources *m)
{
	struct tq_table *t = &sp->t;
	uint32_t slot = tq_table_find(t, group);
	struct tq_slot *s = tq_table_slot(t, slot);
	struct tq_ext *x = s == NULL ? NULL : tq_table_ext(t, s);
	struct tq_spool_source *out;
	struct tq_edge *g;
	int i;

	if (m->table != sp->tables || m->generation != t->top->generation) {
		m->table = sp->tables;
		m->generation = t->top->generation;
		m->at = 0;
		m->n = 0;
	}
	if (x == NULL || !(x->flags & TQ_XF_GROUP))
		return m->at == 0 ? 1 : 3;
	g = tq_table_edge(t, m->at == 0 ? x->in : m->at);
	for (i = 0; g != NULL && i < SLICE; i++) {
		if (g->to != slot)
			return 3;
		if ((out = another(m)) == NULL)
			return -1;
		note(t, g->from, g->number, out);
		m->at = g->tnext;
		g = tq_table_edge(t, m->at);
	}
	return g != NULL ? 2 : 1;
}

static int
by_number(const void *a, const void *b)
{
	const struct tq_spool_source *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int
tq_spool_sources(struct tq_spool *sp, const struct tq_uuid *group,
    struct tq_spool_source **out, size_t *n, struct tq_err *e)
{
	struct sources m = { .n = 0 };
	struct tq_turn t = { .rv = 0 };

	*out = NULL;
	*n = 0;
	do {
		while (tq_turn_next(sp, &t, e))
			if ((t.rv = gather(sp, group, &m)) == -1)
				tq_fail_sys(e, ENOMEM, "%s: members",
				    sp->path);
	} while (t.rv == 2);
	if (t.rv == -1) {
		free(m.v);
		return -1;
	}
	if (t.rv == 3)
		m.n = 0;
	if (m.n > 0)
		qsort(m.v, m.n, sizeof(*m.v), by_number);
	*out = m.v;
	*n = m.n;
	return 0;
}

/* ---- outputs ------------------------------------------------------------ */

/* 1 if an attempt ran to its end, and so left what it wrote. */
static int
has_output(const struct tq_rec_end *end)
{
	return end->state != TQ_READY &&
	    !(end->flags & (TQ_EF_NOCLAIM | TQ_EF_CRASH));
}

/*
 * The newest outcome that has an output, from a place back: 0 and *out, 1 there
 * is none, -1 the record is elsewhere by now.
 */
static int
read_end(struct tq_spool *sp, tq_lsn at, const struct tq_uuid *id,
    struct tq_rec_end *out)
{
	struct tq_rec r;
	struct tq_cur c;
	int rv, steps;

	for (steps = 0; at != 0 && steps < UINT16_MAX; steps++, at = out->prev) {
		if (tq_ledger_read(&sp->l, at, &r) == -1)
			return -1;
		errno = EBADMSG;	/* of all that is not as it should be */
		if (memcmp(&r.id, id, sizeof(*id)) != 0)
			return -1;
		if (r.type == TQ_REC_CARRY) {
			tq_cur_init(&c, r.ends.p, r.ends.n);
			while ((rv = tq_rec_end_next(out, &c)) == 1 &&
			    !has_output(out))
				continue;
			return rv == 1 ? 0 : rv == 0 ? 1 : -1;
		}
		if (r.type != TQ_REC_END)
			return -1;
		*out = r.end;
		if (has_output(out))
			return 0;
	}
	return 1;
}

/*
 * A record of a source is not where it was: where is it now?  -1: it is not known
 * any more, or it cannot be read for another reason, which says nothing of it.
 */
static int
ask_again(struct tq_spool *sp, const struct tq_uuid *id,
    struct tq_spool_source *s, struct tq_err *e)
{
	if (!tq_segment_lost(errno))
		return tq_fail_sys(e, errno, "%s: what a task left cannot be "
		    "read", sp->path);
	tq_ledger_drop(&sp->l, UINT32_MAX);
	return tq_spool_source(sp, id, s, e);
}

ssize_t
tq_spool_head(struct tq_spool *sp, const struct tq_spool_source *from,
    unsigned char *out, size_t n, struct tq_err *e)
{
	struct tq_spool_source s = *from;
	struct tq_rec r;
	int i, rv;

	for (i = 0; i < TRIES; i++) {
		if ((rv = tq_ledger_read(&sp->l, s.put, &r)) == 0 &&
		    memcmp(&r.id, &from->id, sizeof(r.id)) == 0) {
			if (n > r.put.head.n)
				n = r.put.head.n;
			memcpy(out, r.put.head.p, n);
			return (ssize_t)n;
		}
		if (rv == 0)
			errno = EBADMSG;
		if (ask_again(sp, &from->id, &s, e) == -1)
			return -1;
	}
	return 0;
}

int
tq_spool_output(struct tq_spool *sp, const struct tq_spool_source *from,
    struct tq_spool_output *out, struct tq_err *e)
{
	struct tq_spool_source s = *from;
	char name[TQ_FILE_NAME];
	int i, rv;

	out->fd = -1;
	for (i = 0; i < TRIES; i++) {
		if ((rv = read_end(sp, s.end, &s.id, &out->end)) == 1)
			break;
		if (rv == -1) {
			if (ask_again(sp, &from->id, &s, e) == -1)
				return -1;
			continue;
		}
		if (!(out->end.flags & TQ_EF_OUTFILE))
			return 0;
		tq_file_name(name, &s.id, TQ_FILE_OUT, out->end.files);
		out->fd = openat(tq_file_dir(sp), name, O_RDONLY | O_CLOEXEC |
		    O_NOFOLLOW);
		return out->fd != -1 ? 0 : tq_fail_sys(e, errno,
		    "%s/files/%s", sp->path, name);
	}
	return 1;
}

int
tq_spool_scratch(struct tq_spool *sp, struct tq_err *e)
{
	int fd = openat(tq_file_dir(sp), ".", O_RDWR | O_TMPFILE | O_CLOEXEC,
	    0600);

	return fd != -1 ? fd : tq_fail_sys(e, errno, "%s/files", sp->path);
}
