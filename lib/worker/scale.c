/* How many places a worker has (pure). */
#include "scale.h"

int
tq_scale_due(const struct tq_scale *s, unsigned size, tq_time now)
{
	return size < s->max && now - s->looked >= TQ_SCALE_EVERY;
}

unsigned
tq_scale_up(struct tq_scale *s, unsigned size, uint64_t ready, tq_time now)
{
	unsigned more = ready < size ? (unsigned)ready : size;

	s->looked = now;
	return more < s->max - size ? size + more : s->max;
}

void
tq_scale_note(struct tq_scale *s, unsigned busy, tq_time now)
{
	if (s->since == 0)
		s->since = now;
	if (busy > s->most)
		s->most = busy;
}

unsigned
tq_scale_down(struct tq_scale *s, unsigned size, tq_time now)
{
	unsigned need = s->most > s->min ? s->most : s->min;

	if (s->since == 0 || now - s->since < TQ_SCALE_IDLE)
		return size;
	s->since = now;
	s->most = 0;
	return need < size ? need : size;
}

static unsigned
clamp(long n, unsigned limit)
{
	if (n < 1)
		return 1;
	return n < (long)limit ? (unsigned)n : limit;
}

void
tq_scale_move(struct tq_scale *s, long n, unsigned limit)
{
	s->min = clamp((long)s->min + n, limit);
	s->max = clamp((long)s->max + n, limit);
}
