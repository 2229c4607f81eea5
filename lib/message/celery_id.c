/*
 * Ids of Celery, and names in tq of those that are none of tq's.
 *
 * Celery takes any string for the id of a task.  Within tq an id is short and
 * of one line: it stands in columns, logs, an environment, a claim.  So a task
 * with another id has a name here, made of all the bytes of it, and the same
 * wherever the message is read; its message, its result and its chord keep the
 * id.
 */
#include "message/celery.h"

#include <bsd/string.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"

#define MADE	"tq-"		/* and a UUID */

/* Two hashes side by side, each of all the bytes. */
struct hash {
	uint64_t	 a, b;
};

static void
hash_bytes(struct hash *h, const char *p)
{
	for (; *p != '\0'; p++) {
		h->a = (h->a ^ (unsigned char)*p) * 0x100000001b3;
		h->b = (h->b + (unsigned char)*p) * 0x9e3779b97f4a7c15;
		h->b ^= h->b >> 29;
	}
}

/* Each bit of the sum depends on all bits of x: the end of MurmurHash3. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

void
tq_celery_id_derive(char out[37], const char *word, const char *of)
{
	struct hash h = { 0xcbf29ce484222325, 0x6a09e667f3bcc908 };
	struct tq_uuid id;

	hash_bytes(&h, word);
	hash_bytes(&h, of);
	tq_set64(id.b, mix(h.a + h.b));
	tq_set64(id.b + 8, mix(h.b ^ (h.a << 32 | h.a >> 32)));
	id.b[6] = (id.b[6] & 0x0f) | 0x80;	/* version 8 */
	id.b[8] = (id.b[8] & 0x3f) | 0x80;
	tq_uuid_format(out, &id);
}

const char *
tq_celery_id_name(struct tq_arena *mem, const char *id)
{
	char name[sizeof(MADE) + 36];

	if (tq_id_valid(id))
		return id;
	(void)strlcpy(name, MADE, sizeof(name));
	tq_celery_id_derive(name + strlen(MADE), "name/", id);
	return tq_arena_copy(mem, name, strlen(name));
}

int
tq_celery_id_is_made(const char *name)
{
	return strncmp(name, MADE, strlen(MADE)) == 0 &&
	    strlen(name) == strlen(MADE) + 36;
}
