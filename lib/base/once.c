/* What goes on failing is said once (pure). */
#include "once.h"

#include <bsd/string.h>
#include <string.h>

int
tq_once_due(struct tq_once *o, const char *text, tq_time now)
{
	size_t len = sizeof(o->said[0].text) - 1, i, k = 0;

	for (i = 0; i < TQ_ONCE_TEXTS; i++) {
		if (o->said[i].at != 0 &&
		    strncmp(o->said[i].text, text, len) == 0) {
			k = i;
			break;
		}
		if (o->said[i].at < o->said[k].at)
			k = i;
	}
	/* it was said, or it takes the place of the oldest */
	if (o->said[k].at != 0 && (i < TQ_ONCE_TEXTS ?
	    now - o->said[k].at < TQ_ONCE_AGAIN :
	    now - o->last < TQ_ONCE_APART))
		return 0;
	o->said[k].at = o->last = now;
	strlcpy(o->said[k].text, text, sizeof(o->said[k].text));
	return 1;
}

void
tq_once_reset(struct tq_once *o)
{
	memset(o, 0, sizeof(*o));
}
