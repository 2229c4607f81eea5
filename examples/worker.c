/*
 * worker [-q queue] [-t seconds]: a worker inside a program.  It turns the
 * body of each task to upper case, and adds up the operands of those named
 * "add"; it leaves when nothing came for a while, or by INT or TERM.
 *
 * A body over 1 MiB is refused for good; an empty one is tried again in a
 * minute.  If this process dies its task goes to another worker, at once.
 *
 *	cc -o worker worker.c $(pkg-config --cflags --libs tq)
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tq/tq.h>

#define BODY_MAX	(1 << 20)

static volatile int stop;

static void
on_signal(int sig)
{
	stop = sig;
}

/*
 * Copy the body of a task into buf, wherever it is: in memory, or in a file
 * when it was large.  Returns its size, or -1 if it is over `size`.
 */
static ssize_t
read_body(const struct tq_task *t, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	if (t->body_fd == -1) {
		if (t->body.n > size)
			return -1;
		if (t->body.n > 0)
			memcpy(buf, t->body.p, t->body.n);
		return (ssize_t)t->body.n;
	}
	while (n < size && (got = pread(t->body_fd, buf + n, size - n,
	    (off_t)n)) > 0)
		n += (size_t)got;
	return n < size ? (ssize_t)n : -1;
}

/* The output is in the buffer that is our argument: it must last. */
static int
upper(struct tq_call *c)
{
	struct tq_outcome *end = c->end;
	struct timespec now;
	char *buf = c->arg;
	ssize_t i, n;

	if ((n = read_body(&c->claim->task, buf, BODY_MAX)) == -1) {
		end->why = "body too large";
		return 65;
	}
	if (n == 0) {
		/* status 75 would leave the time to the policy of the queue */
		clock_gettime(CLOCK_REALTIME, &now);
		end->state = TQ_RETRY;
		end->when = (now.tv_sec + 60) * TQ_SECOND;
		return 0;
	}
	for (i = 0; i < n; i++)
		buf[i] = (char)toupper((unsigned char)buf[i]);
	end->out.p = buf;
	end->out.n = (size_t)n;
	return 0;
}

/* The sum of its operands, as a JSON value. */
static int
add(struct tq_call *c)
{
	const struct tq_task *t = &c->claim->task;
	struct tq_outcome *end = c->end;
	char *buf = c->arg, *rest;
	double sum = 0;
	int i;

	for (i = 0; i < t->argc; i++) {
		sum += strtod(t->argv[i], &rest);
		if (rest == t->argv[i] || *rest != '\0') {
			end->type = "ValueError";
			end->why = "an operand is no number";
			return 65;
		}
	}
	end->result.p = buf;
	end->result.n = (size_t)snprintf(buf, BODY_MAX, "%.15g", sum);
	return 0;
}

int
main(int argc, char **argv)
{
	struct tq_handler handlers[] = {
		{ "add", add, NULL },
		{ NULL, upper, NULL },
	};
	struct tq_work w = {
		.handlers = handlers, .nhandlers = 2,
		.idle = 5 * TQ_SECOND, .stop = &stop,
	};
	struct sigaction sa = { .sa_handler = on_signal };
	struct tq_err e;
	struct tq *tq;
	char *buf;
	int ch, rv;

	while ((ch = getopt(argc, argv, "q:t:")) != -1)
		switch (ch) {
		case 'q':
			w.take.queue[0] = optarg;
			w.take.nqueues = 1;
			break;
		case 't':
			w.idle = strtol(optarg, NULL, 10) * TQ_SECOND;
			break;
		default:
			fprintf(stderr,
			    "usage: worker [-q queue] [-t seconds]\n");
			return 64;
		}
	if ((buf = malloc(BODY_MAX)) == NULL) {
		perror("worker");
		return 71;
	}
	handlers[0].arg = handlers[1].arg = buf;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (tq_open(&tq, NULL, NULL, 0, &e) == -1) {
		fprintf(stderr, "worker: %s\n", e.text);
		return 69;
	}
	if ((rv = tq_work(tq, &w, &e)) == -1)
		fprintf(stderr, "worker: %s\n", e.text);
	tq_close(tq);
	free(buf);
	return rv == 0 ? 0 : 71;
}
