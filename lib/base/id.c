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
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "buf.h"
#include "crc.h"
#include "id.h"

#define ID_LENGTH	36
/* The same in each of 8 bytes. */
#define ID_ALL(v)	(UINT64_C(0x0101010101010101) * (v))

/*
 * Counts the forks between this process and the first; a maker seeded under
 * another number is a parent's copy.  The one variable of this file.
 */
static atomic_int id_generation = 1;
static pthread_once_t id_once = PTHREAD_ONCE_INIT;

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
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
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

/*
 * Eight digits of four bytes at once: a worker writes two ids and reads one
 * for each task, and digit by digit that was a tenth of what it did.  Each
 * half of a byte gets a byte of its own, and letters what they are above the
 * character behind '9'.
 */
static void
id_digits(char out[8], const unsigned char in[4])
{
	uint64_t v = tq_le32(in);

	v = (v | v << 16) & UINT64_C(0x0000ffff0000ffff);
	v = (v | v << 8) & UINT64_C(0x00ff00ff00ff00ff);
	v = (v >> 4 | v << 8) & ID_ALL(0x0f);
	v += ID_ALL('0') + ((v + ID_ALL(6)) >> 4 & ID_ALL(1)) *
	    ('a' - '9' - 1);
	tq_set64(out, v);
}

/* The way back; what are no digits make some number. */
static void
id_value(unsigned char out[4], const char in[8])
{
	uint64_t v = tq_le64(in);

	v = (v & ID_ALL(0x0f)) + (v >> 6 & ID_ALL(1)) * 9;
	v = (v << 4 | v >> 8) & UINT64_C(0x00ff00ff00ff00ff);
	v = (v | v >> 8) & UINT64_C(0x0000ffff0000ffff);
	tq_set32(out, (uint32_t)(v | v >> 16));
}

void
tq_uuid_format(char out[37], const struct tq_uuid *id)
{
	char v[32];
	int i;

	for (i = 0; i < 4; i++)
		id_digits(v + 8 * i, id->b + 4 * i);
	memcpy(out, v, 8);
	memcpy(out + 9, v + 8, 4);
	memcpy(out + 14, v + 12, 4);
	memcpy(out + 19, v + 16, 4);
	memcpy(out + 24, v + 20, 12);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[ID_LENGTH] = '\0';
}

/* What is not the text of the id that it makes is none. */
int
tq_uuid_parse(struct tq_uuid *out, const char *s)
{
	char v[32], text[ID_LENGTH + 1];
	struct tq_uuid id;
	int i;

	if (strnlen(s, ID_LENGTH + 1) != ID_LENGTH)
		return 0;
	memcpy(v, s, 8);
	memcpy(v + 8, s + 9, 4);
	memcpy(v + 12, s + 14, 4);
	memcpy(v + 16, s + 19, 4);
	memcpy(v + 20, s + 24, 12);
	for (i = 0; i < 4; i++)
		id_value(id.b + 4 * i, v + 8 * i);
	tq_uuid_format(text, &id);
	if (memcmp(text, s, ID_LENGTH) != 0 || id.b[6] >> 4 != 7 ||
	    id.b[8] >> 6 != 2)
		return 0;
	*out = id;
	return 1;
}

tq_time
tq_uuid_time(const char *s)
{
	struct tq_uuid u;
	uint64_t ms = 0;
	int i;

	if (!tq_uuid_parse(&u, s))
		return 0;
	for (i = 0; i < 6; i++)
		ms = ms << 8 | u.b[i];
	return (tq_time)ms * TQ_MS;
}

uint32_t
tq_mark(const char *name)
{
	uint32_t crc = tq_crc32c(0, name, strlen(name));

	return crc != 0 ? crc : 1;
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
