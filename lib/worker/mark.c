/* The mark of the processes of an attempt; see mark.h. */
#include "mark.h"

#include <sys/stat.h>

#include <inttypes.h>
#include <stdio.h>

/* FNV-1a, 64 bits: RFC 9923, section 2. */
static uint64_t
hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

void
tq_mark_site(char site[TQ_SITE_SIZE], const char *dir, const char *url)
{
	struct stat st;

	if (dir != NULL && stat(dir, &st) == 0)
		snprintf(site, TQ_SITE_SIZE, "%" PRIu64 ":%" PRIu64,
		    (uint64_t)st.st_dev, (uint64_t)st.st_ino);
	else
		snprintf(site, TQ_SITE_SIZE, "%016" PRIx64, hash(url));
}

void
tq_mark_make(char mark[TQ_MARK_SIZE], const char *site,
    const struct tq_claim *c, unsigned attempt)
{
	snprintf(mark, TQ_MARK_SIZE, "TQ_MARK=%s/%" PRId64 "/%s/%u", site,
	    c->put, c->ref.id.s, attempt);
}
