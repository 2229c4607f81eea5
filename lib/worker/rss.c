/* How much memory a process takes. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "rss.h"

int64_t
tq_rss(pid_t pid)
{
	char path[32], buf[128];
	unsigned long long pages;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = tq_io_read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	if (sscanf(buf, "%*s %llu", &pages) != 1)
		return 0;
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}
