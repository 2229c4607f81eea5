/*
 * A handler that stays up, in C with jansson: the result is the sum of the
 * task's numbers.
 *
 *	cc -o sum resident.c -ljansson
 *	tqput -N sum 1 2 3.5 && tqrun -E -U sum=./sum
 *
 * A line in, a line out, flushed; the end of the input is the time to leave.
 */
#define _POSIX_C_SOURCE 200809L
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Answer one task. */
static void
answer(const json_t *task)
{
	const json_t *arg, *args = json_object_get(task, "args");
	json_t *out;
	double sum = 0;
	char *end;
	const char *s;
	size_t i;

	out = json_pack("{s:O}", "id", json_object_get(task, "id"));
	json_array_foreach(args, i, arg) {
		s = json_string_value(arg);
		if (s == NULL)
			sum += json_number_value(arg);
		else if (sum += strtod(s, &end), end == s || *end != '\0') {
			/* 65: bad data, no retry would mend it */
			json_object_set_new(out, "error",
			    json_pack("s++", "no number: '", s, "'"));
			json_object_set_new(out, "status", json_integer(65));
			break;
		}
	}
	if (json_object_get(out, "error") == NULL)
		json_object_set_new(out, "result", json_real(sum));
	json_dumpf(out, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(out);
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;
	json_error_t e;
	json_t *task;

	while (getline(&line, &size, stdin) > 0) {
		if ((task = json_loads(line, 0, &e)) == NULL)
			errx(1, "%s", e.text);
		answer(task);
		json_decref(task);
		if (fflush(stdout) == EOF)
			err(1, "stdout");
	}
	free(line);
	return 0;
}
