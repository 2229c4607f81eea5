/* Options of tqput(1) in a line of a file; see line.h. */
#include "command/line.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <string.h>

int
tq_line_options(struct tq_spec *s, const char *letters, int argc,
    char *argv[], int *at, struct tq_err *e)
{
	char **words, name[] = "";
	struct tq_options o;
	int n = argc - *at, key, word, rv = 0;

	/* getopt(3) passes over the first word: have one before ours */
	words = reallocarray(NULL, (size_t)n + 2, sizeof(*words));
	if (words == NULL)
		return tq_fail_sys(e, ENOMEM, "options");
	words[0] = name;
	memcpy(words + 1, argv + *at, (size_t)(n + 1) * sizeof(*words));
	tq_options_pick(&o, tq_put_options, tq_put_noptions, letters,
	    TQ_PUT_LINES);
	optind = 0;		/* begin anew */
	do {
		word = optind == 0 ? 1 : optind;
		key = tq_options_take(&o, n + 1, words, e);
		if (key == '?' || (key != -1 &&
		    tq_spec_set(s, key, optarg, e) == -1))
			rv = -1;
	} while (key != -1 && rv == 0);
	*at += rv == -1 ? word - 1 : optind - 1;
	free(words);
	return rv;
}
