/* Opening a broker only to look; see look.h. */
#include "command/look.h"

#include <errno.h>
#include <unistd.h>

int
tq_look_open(struct tq **out, const char *url, int wait, struct tq_err *e)
{
	const unsigned flags = TQ_OPEN_ONESHOT | TQ_OPEN_LOOK;
	int slept = 0;

	while (tq_open(out, url, NULL, flags, e) == -1) {
		if (e->num != ENOENT)
			return -1;
		if (!wait)
			return tq_open(out, "null:", NULL, flags, e);
		sleep(1);
		slept = 1;
	}
	return slept;
}
