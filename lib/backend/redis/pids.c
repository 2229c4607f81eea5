/* The processes of a worker, as Celery's pool tells its own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/redis/pids.h"
#include "base/io.h"

size_t
tq_redis_pids(int64_t pids[TQ_REDIS_PIDS_MAX])
{
	char path[64], text[TQ_REDIS_PIDS_MAX * 12], *p = text, *end;
	ssize_t got = 0;
	size_t n = 0;
	int fd;

	pids[0] = getpid();
	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
	    (long)pids[0], (long)pids[0]);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
		got = tq_io_read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[got > 0 ? got : 0] = '\0';
	/* each pid has a blank behind it */
	for (; n < TQ_REDIS_PIDS_MAX; p = end) {
		pids[n] = strtoll(p, &end, 10);
		if (end == p || *end != ' ')
			break;
		n++;
	}
	if (n == 0) {
		pids[0] = getpid();
		n = 1;
	}
	return n;
}
