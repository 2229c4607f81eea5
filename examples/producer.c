/*
 * producer [-q queue] [word ...]: put a task for each word, or for each line
 * of stdin, and print the ids.  The word is the body of the task; worker.c
 * beside this file makes something of it.
 *
 *	cc -o producer producer.c $(pkg-config --cflags --libs tq)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

static int
put_word(struct tq *tq, const char *queue, const char *word)
{
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;

	tq_task_init(&t);
	t.kind = TQ_KIND_BODY;
	t.queue = queue;
	t.body.p = word;
	t.body.n = strlen(word);

	/* when this returns 0 the task is on disk */
	if (tq_put(tq, &t, TQ_FOREVER, &id, &e) == -1) {
		fprintf(stderr, "producer: %s\n", e.text);
		return -1;
	}
	puts(id.s);
	return 0;
}

static int
put_lines(struct tq *tq, const char *queue, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	int rv = 0;

	while (rv == 0 && getline(&line, &size, in) != -1) {
		line[strcspn(line, "\n")] = '\0';
		rv = put_word(tq, queue, line);
	}
	free(line);
	return rv;
}

int
main(int argc, char **argv)
{
	const char *queue = NULL;
	struct tq_err e;
	struct tq *tq;
	int ch, rv = 0;

	while ((ch = getopt(argc, argv, "q:")) != -1)
		switch (ch) {
		case 'q':
			queue = optarg;
			break;
		default:
			fprintf(stderr,
			    "usage: producer [-q queue] [word ...]\n");
			return 64;
		}
	if (tq_open(&tq, NULL, NULL, 0, &e) == -1) {
		fprintf(stderr, "producer: %s\n", e.text);
		return 69;
	}
	if (optind == argc)
		rv = put_lines(tq, queue, stdin);
	for (; rv == 0 && optind < argc; optind++)
		rv = put_word(tq, queue, argv[optind]);
	tq_close(tq);
	return rv == 0 && fflush(stdout) == 0 ? 0 : 74;
}
