/*
 * worker [-q queue] [-t seconds]: a worker inside a program.  It claims tasks
 * that have a body, turns the body to upper case, and settles with that as
 * the result; it leaves when nothing came for a while.
 *
 * A body over 1 MiB is refused for good; an empty one is tried again in a
 * minute.  If this process dies its task goes to another worker, at once.
 *
 *	cc -o worker worker.c $(pkg-config --cflags --libs tq)
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tq/tq.h>

#define BODY_MAX	(1 << 20)

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

/* Do the work of one task: decide its outcome; the output is in buf. */
static void
work(const struct tq_task *t, char *buf, struct tq_outcome *o)
{
	struct timespec now;
	ssize_t i, n;

	if ((n = read_body(t, buf, BODY_MAX)) == -1) {
		tq_outcome_init(o, TQ_FAILURE);
		o->status = 65;
		o->why = "body too large";
	} else if (n == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		tq_outcome_init(o, TQ_RETRY);
		o->when = (now.tv_sec + 60) * TQ_SECOND;
		o->why = "body empty";
	} else {
		for (i = 0; i < n; i++)
			buf[i] = (char)toupper((unsigned char)buf[i]);
		tq_outcome_init(o, TQ_SUCCESS);
		o->status = 0;
		o->out.p = buf;
		o->out.n = (size_t)n;
	}
}

/* Claim and settle until nothing comes.  Returns 0, or -1 with *e filled. */
static int
serve(struct tq *tq, const struct tq_take *take, char *buf, struct tq_err *e)
{
	struct tq_claim c;
	struct tq_outcome o;
	int rv;

	tq_claim_init(&c);
	while ((rv = tq_claim(tq, take, &c, e)) == 1) {
		work(&c.task, buf, &o);
		if ((rv = tq_settle(tq, &c.ref, &o, 0, e)) == -1)
			break;
	}
	tq_claim_fini(&c);

	/* the last outcomes may still be on their way to the disk */
	return rv == 0 ? tq_sync(tq, e) : rv;
}

int
main(int argc, char **argv)
{
	struct tq_take take = { .timeout = 5 * TQ_SECOND };
	struct tq_err e;
	struct tq *tq;
	char *buf;
	int ch, rv;

	while ((ch = getopt(argc, argv, "q:t:")) != -1)
		switch (ch) {
		case 'q':
			take.queue[0] = optarg;
			take.nqueues = 1;
			break;
		case 't':
			take.timeout = strtol(optarg, NULL, 10) * TQ_SECOND;
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
	if (tq_open(&tq, NULL, NULL, 0, &e) == -1) {
		fprintf(stderr, "worker: %s\n", e.text);
		return 69;
	}
	if ((rv = serve(tq, &take, buf, &e)) == -1)
		fprintf(stderr, "worker: %s\n", e.text);
	tq_close(tq);
	free(buf);
	return rv == 0 ? 0 : 71;
}
