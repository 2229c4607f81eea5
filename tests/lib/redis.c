/* A Redis server of a test program alone, on a socket in a directory. */
#include "tests/lib/redis.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/t.h"

/* The end of the test ends the server, however it ends. */
static void
run_server(const struct t_redis *r)
{
	int fd = open("/dev/null", O_RDWR);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(r->dir) == -1 || fd == -1)
		_exit(126);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
	    "sock", "--save", "", (char *)NULL);
	_exit(127);
}

/* A connection, or -1. */
static int
dial(const struct t_redis *r)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.90s/sock", r->dir);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Say a line, and see that its answer begins so. */
static int
say(const struct t_redis *r, const char *line, const char *want)
{
	char buf[64] = "";
	int fd = dial(r), rv;

	if (fd == -1)
		return -1;
	rv = write(fd, line, strlen(line)) == (ssize_t)strlen(line) &&
	    read(fd, buf, sizeof(buf) - 1) > 0 &&
	    strncmp(buf, want, strlen(want)) == 0 ? 0 : -1;
	close(fd);
	return rv;
}

static int
is_there(void)
{
	return system("command -v redis-server >/dev/null 2>&1") == 0;
}

int
t_redis_start(struct t_redis *r)
{
	if (!is_there())
		return 0;
	t_tmpdir(r->dir);
	if ((r->pid = fork()) == -1)
		fail_msg("fork");
	if (r->pid == 0)
		run_server(r);
	T_UNTIL(say(r, "PING\r\n", "+PONG") == 0);
	return 1;
}

void
t_redis_stop(struct t_redis *r)
{
	int status;

	kill(r->pid, SIGKILL);
	waitpid(r->pid, &status, 0);
	t_rmdir(r->dir);
}

void
t_redis_flush(const struct t_redis *r)
{
	if (say(r, "FLUSHALL\r\n", "+OK") == -1)
		fail_msg("FLUSHALL");
}
