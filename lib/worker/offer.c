/* Units of resources that a worker has for its tasks. */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "offer.h"

#define PLACES	"slot"

void
tq_offers_init(struct tq_offers *o)
{
	memset(o, 0, sizeof(*o));
	o->show[0].name = PLACES;
	o->n = 1;
}

void
tq_offers_fini(struct tq_offers *o)
{
	for (; o->n > 1; o->n--) {
		free(o->stock[o->n - 2].number);
		free(o->stock[o->n - 2].place);
	}
}

void
tq_offers_places(struct tq_offers *o, unsigned total, unsigned free)
{
	o->show[0].total = total;
	o->show[0].free = free;
}

/* ---- what is offered --------------------------------------------------- */

/* Numbers "2,3" into the stock: 0, or -1. */
static int
parse_numbers(struct tq_stock *s, const char *p)
{
	unsigned long v;
	unsigned i;
	char *end;

	for (;; p = end + 1) {
		if (*p < '0' || *p > '9' || s->n == TQ_STOCK_MAX)
			return -1;
		v = strtoul(p, &end, 10);
		if (v > INT32_MAX || (*end != ',' && *end != '\0'))
			return -1;
		for (i = 0; i < s->n; i++)
			if (s->number[i] == v)
				return -1;
		s->number[s->n++] = (unsigned)v;
		if (*end == '\0')
			return 0;
	}
}

static int
parse_count(struct tq_stock *s, const char *p)
{
	const char *bad;
	unsigned i;

	s->n = (unsigned)strtonum(p, 1, TQ_STOCK_MAX, &bad);
	if (bad != NULL)
		return -1;
	for (i = 0; i < s->n; i++)
		s->number[i] = i;
	return 0;
}

int
tq_offers_add(struct tq_offers *o, const char *text, struct tq_err *e)
{
	size_t len = strcspn(text, "=:"), i;
	struct tq_stock *s;
	int rv;

	if (o->n == TQ_OFFERS_MAX)
		return tq_fail(e, EINVAL, "more than %d resources",
		    TQ_OFFERS_MAX - 1);
	s = &o->stock[o->n - 1];
	memset(s, 0, sizeof(*s));
	if (len > TQ_NAME_MAX)
		return tq_fail(e, EINVAL, "'%.80s...' is too long", text);
	memcpy(s->name, text, len);
	if (!tq_name_valid(s->name))
		return tq_fail(e, EINVAL, "'%.80s' is not a resource, as gpu=2 "
		    "or gpu:2,3", text);
	for (i = 0; i < o->n; i++)
		if (strcmp(o->show[i].name, s->name) == 0)
			return tq_fail(e, EINVAL, "'%.80s': %s", text, i == 0 ?
			    "places are said by -j" : "is offered already");
	s->number = reallocarray(NULL, TQ_STOCK_MAX, sizeof(*s->number));
	s->place = calloc(TQ_STOCK_MAX, sizeof(*s->place));
	rv = s->number == NULL || s->place == NULL ? 1 :
	    text[len] == ':' ? parse_numbers(s, text + len + 1) :
	    parse_count(s, text[len] == '\0' ? "1" : text + len + 1);
	if (rv != 0) {
		free(s->number);
		free(s->place);
		return rv == 1 ? tq_fail_sys(e, ENOMEM, "%s", text) :
		    tq_fail(e, EINVAL, "'%.80s' is not a resource, as gpu=2 or "
		    "gpu:2,3", text);
	}
	o->show[o->n++] = (struct tq_offer){ s->name, s->n, s->n };
	return 0;
}

/* ---- who has it -------------------------------------------------------- */

/* How much of a resource a task needs. */
static unsigned
needs(const struct tq_task *t, const char *name)
{
	size_t i, len = strlen(name);
	unsigned n = 0;

	for (i = 0; i < t->nneeds; i++) {
		if (strncmp(t->needs[i], name, len) != 0)
			continue;
		if (t->needs[i][len] == '\0')
			n++;
		else if (t->needs[i][len] == '=')
			n += (unsigned)strtonum(t->needs[i] + len + 1, 0,
			    INT32_MAX, NULL);
	}
	return n;
}

unsigned
tq_offers_weight(const struct tq_task *t)
{
	unsigned n = t->nneeds == 0 ? 0 : needs(t, PLACES);

	return n == 0 ? 1 : n;
}

void
tq_offers_give(struct tq_offers *o, unsigned place, const struct tq_task *t)
{
	struct tq_stock *s;
	unsigned n, k;
	size_t i;

	if (t->nneeds == 0)
		return;
	for (i = 0; i + 1 < o->n; i++) {
		s = &o->stock[i];
		n = needs(t, s->name);
		for (k = 0; k < s->n && n > 0; k++)
			if (s->place[k] == 0) {
				s->place[k] = place;
				o->show[i + 1].free--;
				n--;
			}
	}
}

void
tq_offers_return(struct tq_offers *o, unsigned place)
{
	struct tq_stock *s;
	unsigned k;
	size_t i;

	for (i = 0; i + 1 < o->n; i++) {
		s = &o->stock[i];
		for (k = 0; k < s->n; k++)
			if (s->place[k] == place) {
				s->place[k] = 0;
				o->show[i + 1].free++;
			}
	}
}

int
tq_offers_told(struct tq_buf *out, const struct tq_offers *o, size_t i,
    unsigned place)
{
	const struct tq_stock *s = &o->stock[i];
	unsigned k;
	int some = 0;

	for (k = 0; k < s->n; k++)
		if (s->place[k] == place)
			tq_buf_printf(out, some++ == 0 ? "%u" : ",%u",
			    s->number[k]);
	return some > 0;
}
