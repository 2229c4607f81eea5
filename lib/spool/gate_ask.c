/* What a task asks of gates as bytes, and rates as text and numbers. */
#include <errno.h>
#include <string.h>

#include "spool/gate.h"

#define ASK_LANE	0x01
#define ASK_NAME	0x02

uint64_t
tq_gate_hash(const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (n-- > 0)
		h = (h ^ *s++) * UINT64_C(0x100000001b3);
	return h == 0 ? 1 : h;
}

uint64_t
tq_gate_class(const struct tq_needs *needs)
{
	return tq_gate_hash(needs->v, needs->n * sizeof(needs->v[0]));
}

/* ---- bytes -------------------------------------------------------------- */

static void
put_hash(struct tq_buf *b, uint64_t hash)
{
	unsigned char *p = tq_buf_grow(b, 8);

	if (p != NULL)
		tq_set64(p, hash);
}

void
tq_ask_encode(struct tq_buf *b, const struct tq_ask *ask)
{
	uint32_t i;

	if (ask->lane == 0 && ask->name == 0 && ask->needs.n == 0)
		return;
	tq_buf_byte(b, (ask->lane != 0 ? ASK_LANE : 0) |
	    (ask->name != 0 ? ASK_NAME : 0));
	if (ask->lane != 0)
		put_hash(b, ask->lane);
	if (ask->name != 0)
		put_hash(b, ask->name);
	for (i = 0; i < ask->needs.n; i++) {
		put_hash(b, ask->needs.v[i].hash);
		tq_buf_varint(b, ask->needs.v[i].n);
	}
}

static uint64_t
get_hash(struct tq_cur *c)
{
	const void *p = tq_cur_get(c, 8);
	uint64_t h = p == NULL ? 0 : tq_le64(p);

	if (h == 0)
		c->err = EBADMSG;
	return h;
}

int
tq_ask_decode(struct tq_ask *out, struct tq_bytes bytes)
{
	struct tq_need *v;
	struct tq_cur c;
	unsigned mask;
	uint64_t n;

	memset(out, 0, sizeof(*out));
	tq_cur_init(&c, bytes.p, bytes.n);
	mask = tq_cur_byte(&c);
	if (mask & ~(unsigned)(ASK_LANE | ASK_NAME))
		c.err = EBADMSG;
	if (mask & ASK_LANE)
		out->lane = get_hash(&c);
	if (mask & ASK_NAME)
		out->name = get_hash(&c);
	while (!c.err && c.n > 0 && out->needs.n < TQ_NEEDS_MAX) {
		v = &out->needs.v[out->needs.n];
		v->hash = get_hash(&c);
		n = tq_cur_varint(&c);
		if (n == 0 || n > UINT32_MAX || (out->needs.n > 0 &&
		    v->hash <= v[-1].hash))
			c.err = EBADMSG;
		v->n = (uint32_t)n;
		out->needs.n++;
	}
	if (!c.err && c.n == 0)
		return 0;
	errno = EBADMSG;
	return -1;
}

int
tq_ask_need(struct tq_ask *ask, const char *need, struct tq_err *e)
{
	size_t len = strcspn(need, "=");
	uint64_t n = 1, hash = tq_gate_hash(need, len);
	struct tq_need *v = ask->needs.v;
	uint32_t i, k = ask->needs.n;
	const char *p;

	if (need[len] == '=') {
		n = 0;
		for (p = need + len + 1; *p >= '0' && *p <= '9' &&
		    n <= UINT32_MAX; p++)
			n = n * 10 + (uint64_t)(*p - '0');
		if (*p != '\0')
			n = 0;
	}
	if (len == 0 || n == 0 || n > INT32_MAX)
		return tq_fail(e, EINVAL, "'%.80s' is not a resource, as gpu=2",
		    need);
	for (i = 0; i < k && v[i].hash < hash; i++)
		continue;
	if (i < k && v[i].hash == hash) {
		if (n > INT32_MAX - v[i].n)
			return tq_fail(e, EINVAL, "'%.80s': too many", need);
		v[i].n += (uint32_t)n;
		return 0;
	}
	if (k == TQ_NEEDS_MAX)
		return tq_fail(e, EINVAL, "more than %d resources",
		    TQ_NEEDS_MAX);
	memmove(&v[i + 1], &v[i], (k - i) * sizeof(*v));
	v[i] = (struct tq_need){ .hash = hash, .n = (uint32_t)n };
	ask->needs.n++;
	return 0;
}

/* ---- rates -------------------------------------------------------------- */

tq_time
tq_rate_gap(uint32_t limit, tq_time period)
{
	/* up: as many gaps as there are starts are never less than a period */
	return limit == 0 || period < 0 || period > TQ_PERIOD_MAX ? 0 :
	    (period + limit - 1) / limit;
}

int
tq_rate_open(tq_time next, tq_time gap, tq_time now)
{
	/* further ahead than any start puts it: the clock was set back */
	return now >= next || (uint64_t)next - (uint64_t)now > (uint64_t)gap;
}

tq_time
tq_rate_next(tq_time next, tq_time gap, tq_time at)
{
	if (tq_rate_open(next, gap, at) && next > at)
		next = at;
	if (next < at - (gap - 1))
		next = at - (gap - 1);
	return next + gap;
}
