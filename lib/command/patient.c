/* Putting, and waiting while the queue is full. */
#include "command/patient.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/status.h"

static int
put_some(struct tq *tq, const struct tq_task *t, size_t n, tq_time timeout,
    struct tq_id *out, struct tq_err *e)
{
	if (n == 1)
		return tq_put(tq, t, timeout, out, e);
	return tq_put_many(tq, t, n, timeout, out, e);
}

static int
put_parts(struct tq *tq, const struct tq_task *t, size_t n, int whole,
    tq_time timeout, struct tq_id *out, size_t *done, struct tq_err *e)
{
	tq_time end = tq_clock_deadline(tq_clock_mono(), timeout), left = 0;
	size_t part = n;
	int waits = 0;

	for (*done = 0; *done < n;) {
		if (part > n - *done)
			part = n - *done;
		/* what is left of it for all that is left */
		if (waits && timeout != TQ_FOREVER &&
		    (left = end - tq_clock_mono()) < 0)
			left = 0;
		if (put_some(tq, t + *done, part, left, out + *done, e) == 0) {
			*done += part;
			continue;
		}
		if (e->num == EMSGSIZE && part > 1 && !whole) {
			part = (part + 1) / 2;
			continue;
		}
		if (e->num != ENOSPC || timeout == 0 || waits)
			return -1;
		if (isatty(STDERR_FILENO))
			tq_warn("%s, waiting", e->text);
		waits = 1;
		left = timeout;
	}
	return 0;
}

int
tq_put_patient(struct tq *tq, const struct tq_task *t, size_t n,
    tq_time timeout, struct tq_id *out, size_t *done, struct tq_err *e)
{
	return put_parts(tq, t, n, 0, timeout, out, done, e);
}

int
tq_put_whole(struct tq *tq, const struct tq_task *t, size_t n,
    tq_time timeout, struct tq_err *e)
{
	struct tq_id *ids = reallocarray(NULL, n, sizeof(*ids));
	size_t done;
	int rv;

	if (ids == NULL)
		return tq_fail_sys(e, ENOMEM, "%zu tasks", n);
	rv = put_parts(tq, t, n, 1, timeout, ids, &done, e);
	free(ids);
	return rv;
}
