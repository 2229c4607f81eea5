/*
 * What damaged bytes of the ledger were, as far as they tell.
 *
 * Most damage is small: in a record with a flipped bit nearly all can be read.
 * Nothing of it is proven, so it is shown to people, and used for two things
 * only.  That a task ended must not be forgotten, or it would run again: an END
 * with the id of a task that is known and has not ended, of the attempt that it
 * is in, ends it, without an outcome.  And a SEAL with the id of a group that is
 * open closes it, or its members would end as those of one that was left.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "spool/apply.h"
#include "spool/core.h"
#include "spool/lost.h"
#include "spool/segs.h"

#define WORDS_MAX	256

/*
 * The record at p, of which n bytes are there, if it looks like one whose CRC
 * alone is wrong: 1 and what it says, or 0.
 */
static int
seems(struct tq_rec *r, const unsigned char *p, size_t n)
{
	if (n < TQ_REC_HEAD || p[0] != TQ_REC_MAGIC || p[2] == 0 ||
	    p[2] >= TQ_REC_NTYPES)
		return 0;
	memset(r, 0, sizeof(*r));
	r->version = TQ_FORMAT;
	r->type = p[2];
	r->length = tq_le32(p + 4);
	if (r->length < TQ_REC_HEAD || TQ_REC_ROOM(r->length) > n)
		return 0;
	return tq_rec_decode(r, p) == 0;
}

/* Bits that differ. */
static unsigned
apart(const struct tq_uuid *a, const struct tq_uuid *b)
{
	unsigned i, n = 0, x;

	for (i = 0; i < sizeof(a->b); i++)
		for (x = a->b[i] ^ b->b[i]; x != 0; x &= x - 1)
			n++;
	return n;
}

/*
 * The task of that id or, as it may be the id that a bit was flipped in, the
 * one whose id is a bit away: no two are by chance.
 */
static struct tq_slot *
find(struct tq_table *t, const struct tq_uuid *id)
{
	uint32_t n = tq_table_find(t, id), i;
	struct tq_slot *s;

	for (i = 1; n == 0 && i <= t->top->slots.used; i++) {
		s = tq_table_slot(t, i);
		if (s != NULL && s->state != TQ_ABSENT &&
		    apart(&s->id, id) == 1)
			n = i;
	}
	return tq_table_slot(t, n);
}

/* ---- ends that count ---------------------------------------------------- */

static void
end_task(struct tq_table *t, const struct tq_rec *r, tq_time now)
{
	struct tq_slot *s = find(t, &r->id);
	struct tq_rec end = { .type = TQ_REC_END };

	if (s == NULL || TQ_STATE_ENDED(s->state) ||
	    !TQ_STATE_ENDED(r->end.state) || r->end.attempt != s->attempt)
		return;
	end.id = s->id;
	end.end.state = r->end.state;
	end.end.attempt = s->attempt;
	/* when it was is not proven either */
	end.time = now;
	tq_apply(t, &end, 0, NULL);
}

/* Whether it is open, apply_seal() looks. */
static void
seal_group(struct tq_table *t, const struct tq_rec *r)
{
	struct tq_rec seal = { .type = TQ_REC_SEAL };
	struct tq_slot *s = find(t, &r->id);

	if (s == NULL || s->ext == 0)
		return;
	seal.id = s->id;
	tq_apply(t, &seal, 0, NULL);
}

void
tq_lost_apply(struct tq_table *t, const struct tq_lost *l, tq_time now)
{
	struct tq_rec r;
	size_t at;

	for (at = 0; !l->cut && seems(&r, l->p + at, l->n - at);
	    at += TQ_REC_ROOM(r.length))
		if (r.type == TQ_REC_END)
			end_task(t, &r, now);
		else if (r.type == TQ_REC_SEAL)
			seal_group(t, &r);
}

/* ---- words -------------------------------------------------------------- */

struct say {
	struct tq_spool	*sp;
	uint32_t	 seg;
	int		 cut;
	void		(*each)(const char *, void *);
	void		*arg;
};

static void __attribute__((__format__(__printf__, 3, 4)))
say(const struct say *w, size_t off, const char *fmt, ...)
{
	char text[WORDS_MAX + TQ_ID_MAX];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "ledger/%08" PRIx32 ".seg: byte %zu "
	    "was ", w->seg, off);
	va_start(ap, fmt);
	(void)vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	w->each(text, w->arg);
}

/* The id of a task as people know it; what stands for it otherwise. */
static void
name_of(const struct say *w, const struct tq_slot *s, const struct tq_rec *r,
    struct tq_id *out)
{
	struct tq_rec whole;

	tq_uuid_format(out->s, &r->id);
	if (r->type != TQ_REC_PUT && r->type != TQ_REC_CARRY) {
		if (s == NULL || tq_ledger_read(&w->sp->l, s->put, &whole) ==
		    -1)
			return;
		r = &whole;
	}
	if (r->put.foreign.n > 0 && r->put.foreign.n <= TQ_ID_MAX)
		(void)snprintf(out->s, sizeof(out->s), "%.*s",
		    (int)r->put.foreign.n, r->put.foreign.p);
}

/* A record that is of no task: 1. */
static int
say_row(const struct say *w, size_t off, const struct tq_rec *r)
{
	int n = r->name.n < TQ_NAME_MAX ? (int)r->name.n : TQ_NAME_MAX;

	switch (r->type) {
	case TQ_REC_QUEUE:
	case TQ_REC_RMQ:
	case TQ_REC_GATE:
		say(w, off, "a setting of '%.*s'", n, r->name.p);
		return 1;
	case TQ_REC_CTX:
		say(w, off, "the directory and environment of some tasks");
		return 1;
	case TQ_REC_LAST:
		say(w, off, "the last tick of a schedule");
		return 1;
	case TQ_REC_BASE:
		say(w, off, "nothing that is missed");
		return 1;
	default:
		return 0;
	}
}

static void
say_record(const struct say *w, size_t off, struct tq_rec *r)
{
	struct tq_table *t = &w->sp->t;
	struct tq_slot *s;
	struct tq_id id;

	if (say_row(w, off, r))
		return;
	s = find(t, &r->id);
	if (s != NULL)
		r->id = s->id;
	name_of(w, s, r, &id);
	switch (r->type) {
	case TQ_REC_PUT:
	case TQ_REC_CARRY:
		say(w, off, "task %s, %s", id.s, s != NULL && s->put !=
		    TQ_LSN(w->seg, off) ? "of which there is another record" :
		    "which is lost");
		break;
	case TQ_REC_END:
		say(w, off, "the outcome of %s%s", id.s, s == NULL ?
		    ", which is not known" : TQ_STATE_ENDED(s->state) &&
		    !w->cut ? "" : ", which may run again");
		break;
	case TQ_REC_CLAIM:
		say(w, off, "a start of %s", id.s);
		break;
	case TQ_REC_SEAL:
		say(w, off, "the seal of group %s", id.s);
		break;
	default:
		say(w, off, "a change of %s, which may be as before", id.s);
		break;
	}
}

/* A record whose type or length is damaged: where its id would be. */
static void
say_perhaps(const struct say *w, size_t off, const unsigned char *p, size_t n)
{
	struct tq_rec r = { .type = 0 };
	struct tq_slot *s;
	struct tq_id id;

	if (n < TQ_REC_HEAD + sizeof(r.id.b) || tq_segs_zero(p, n))
		return;
	memcpy(r.id.b, p + TQ_REC_HEAD, sizeof(r.id.b));
	if ((s = find(&w->sp->t, &r.id)) != NULL)
		r.id = s->id;
	name_of(w, s, &r, &id);
	say(w, off, "perhaps of task %s", id.s);
}

/* Tasks that the table has there, of bytes that do not tell. */
static void
say_slots(const struct say *w, size_t from, size_t to)
{
	tq_lsn a = TQ_LSN(w->seg, from), b = TQ_LSN(w->seg, to);
	struct tq_table *t = &w->sp->t;
	struct tq_rec r = { .type = 0 };
	struct tq_slot *s;
	struct tq_id id;
	uint32_t n;

	for (n = 1; t->top != NULL && n <= t->top->slots.used; n++) {
		if ((s = tq_table_slot(t, n)) == NULL ||
		    s->state == TQ_ABSENT)
			continue;
		r.id = s->id;
		if (s->put >= a && s->put < b) {
			name_of(w, NULL, &r, &id);
			say(w, TQ_LSN_OFF(s->put), "task %s, which is lost",
			    id.s);
		} else if (s->end >= a && s->end < b) {
			name_of(w, s, &r, &id);
			say(w, TQ_LSN_OFF(s->end), "the outcome of %s", id.s);
		}
	}
}

void
tq_lost_say(struct tq_spool *sp, const struct tq_lost *l,
    void (*each)(const char *, void *), void *arg)
{
	struct say w = { sp, l->seg, l->cut, each, arg };
	struct tq_rec r;
	size_t at = 0;

	while (seems(&r, l->p + at, l->n - at)) {
		say_record(&w, l->from + at, &r);
		at += TQ_REC_ROOM(r.length);
	}
	if (at < l->n)
		say_perhaps(&w, l->from + at, l->p + at, l->n - at);
	if (at < l->n)
		say_slots(&w, l->from + at, l->from + l->n);
}
