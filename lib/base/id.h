/*
 * Ids made by tq: UUID version 7 (RFC 9562 §5.7): 48 bits of Unix
 * milliseconds, then a 12-bit counter and 62 random bits, so that the ids of
 * one process rise.
 */
#ifndef TQ_BASE_ID_H
#define TQ_BASE_ID_H

#include <tq/types.h>

#define TQ_UUID_SIZE	16

struct tq_uuid {
	unsigned char	 b[TQ_UUID_SIZE];
};

/*
 * State of one maker of ids; zeroed at first.  After a fork the child notices
 * (by pid, re-read through pthread_atfork) and seeds anew.
 */
struct tq_uuid_maker {
	uint64_t	 seed[4];
	uint64_t	 last;		/* ms and counter of the last one */
	int		 seeded;	/* generation; see id.c */
};

/* Make the next id; now is the wall clock.  Fast: no system call once seeded. */
void	tq_uuid_make(struct tq_uuid *out, struct tq_uuid_maker *, tq_time now);
/* 36 characters and a NUL, lower case. */
void	tq_uuid_format(char out[37], const struct tq_uuid *);
/* 1 if s is exactly the lower-case form of a UUIDv7; *out is set. */
int	tq_uuid_parse(struct tq_uuid *out, const char *s);
/* When one was made, to the millisecond; 0: s is none. */
tq_time	tq_uuid_time(const char *s);
/* A number, not 0, that tells one name from others. */
uint32_t tq_mark(const char *name);
/* n random bytes from getrandom(2). */
void	tq_random(void *, size_t n);
#endif
