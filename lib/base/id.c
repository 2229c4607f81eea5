/*
 * UUID version 7 (RFC 9562 §5.7), with the counter of §6.2 method 1:
 *
 *	byte	0-5	milliseconds since 1970, big-endian
 *		6-7	version 7 in the high 4 bits, then the counter
 *		8-15	variant 10 in the high 2 bits, then 62 random bits
 *
 * Milliseconds and counter are one number of 60 bits that only rises: when
 * the clock stands still or goes back, or the counter is used up, the next
 * id takes the number after the last one.
 *
 * The random bits come from xoshiro256** (Blackman and Vigna, 2018), seeded
 * from getrandom(2): ids must differ, they need not be secret.
 */
#include <sys/random.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "id.h"

#define ID_DASHES	((1u << 4) | (1u << 6) | (1u << 8) | (1u << 10))

/*
 * Counts the forks between this process and the first; a maker seeded under
 * another number is a parent's copy.  The one variable of this file.
 */
static atomic_int id_generation = 1;
static pthread_once_t id_once = PTHREAD_ONCE_INIT;

static const char id_hex[] = "0123456789abcdef";

/* Value of a hexadecimal digit plus one; 0 is none. */
static const unsigned char id_digit[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6,
	['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

static void
id_forked(void)
{
	atomic_fetch_add(&id_generation, 1);
}

static void
id_watch_forks(void)
{
	pthread_atfork(NULL, NULL, id_forked);
}

static void
id_seed(struct tq_uuid_maker *m)
{
	pthread_once(&id_once, id_watch_forks);
	/* all zero is the one state xoshiro never leaves */
	do {
		tq_random(m->seed, sizeof(m->seed));
	} while ((m->seed[0] | m->seed[1] | m->seed[2] | m->seed[3]) == 0);
	m->seeded = atomic_load_explicit(&id_generation, memory_order_relaxed);
}

static uint64_t
id_rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

/* xoshiro256**, https://prng.di.unimi.it/xoshiro256starstar.c */
static uint64_t
id_next(uint64_t s[4])
{
	uint64_t result = id_rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = id_rotl(s[3], 45);
	return result;
}

static void
id_store(unsigned char *p, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		p[i] = (unsigned char)(v >> (56 - 8 * i));
}

void
tq_uuid_make(struct tq_uuid *out, struct tq_uuid_maker *m, tq_time now)
{
	uint64_t count, random;

	if (m->seeded !=
	    atomic_load_explicit(&id_generation, memory_order_relaxed))
		id_seed(m);
	count = (uint64_t)(now > 0 ? now / TQ_MS : 0) << 12;
	if (count <= m->last)
		count = m->last + 1;
	m->last = count;
	random = id_next(m->seed);
	id_store(out->b, (count & ~UINT64_C(0xfff)) << 4 | 0x7000 |
	    (count & 0xfff));
	id_store(out->b + 8, random >> 2 | UINT64_C(1) << 63);
}

void
tq_uuid_format(char out[37], const struct tq_uuid *id)
{
	unsigned i;

	for (i = 0; i < TQ_UUID_SIZE; i++) {
		if (ID_DASHES >> i & 1)
			*out++ = '-';
		*out++ = id_hex[id->b[i] >> 4];
		*out++ = id_hex[id->b[i] & 15];
	}
	*out = '\0';
}

int
tq_uuid_parse(struct tq_uuid *out, const char *s)
{
	struct tq_uuid id;
	unsigned hi, lo, i;

	for (i = 0; i < TQ_UUID_SIZE; i++) {
		if (ID_DASHES >> i & 1 && *s++ != '-')
			return 0;
		/* the second is not read when the first is the final NUL */
		if ((hi = id_digit[(unsigned char)s[0]]) == 0 ||
		    (lo = id_digit[(unsigned char)s[1]]) == 0)
			return 0;
		id.b[i] = (unsigned char)((hi - 1) << 4 | (lo - 1));
		s += 2;
	}
	if (*s != '\0' || id.b[6] >> 4 != 7 || id.b[8] >> 6 != 2)
		return 0;
	*out = id;
	return 1;
}

void
tq_random(void *out, size_t n)
{
	unsigned char *p = out;
	ssize_t got;

	while (n > 0) {
		got = getrandom(p, n, 0);
		/* since Linux 3.17 only a signal stops it, getrandom(2) */
		assert(got > 0 || errno == EINTR);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}
