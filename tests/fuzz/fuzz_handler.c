/*
 * Fuzzes what handlers say and what stands beside them: answers of resident
 * handlers, lines on TQ_STATUS_FD, settings.  The first byte of the input
 * chooses.  What is accepted must keep its promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/json.h"
#include "lib/message/scan.h"
#include "lib/worker/answer.h"
#include "lib/worker/conf.h"
#include "lib/worker/words.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_answer(const char *s, size_t n)
{
	const struct tq_scan_bounds any = { SIZE_MAX, SIZE_MAX, 256 };
	struct tq_answer a;
	struct tq_arena mem;
	struct tq_bytes v;
	struct tq_err e;

	tq_arena_init(&mem);
	if (tq_answer_parse(&a, &mem, s, n, "a", "b", &e) == 0) {
		if (a.is_report ? a.report.state == NULL &&
		    a.report.text.p == NULL : a.status < 0 || a.status > 255)
			abort();
		/* what Python writes is no JSON, but a value for Celery */
		if (a.json && tq_scan_check(&v, a.out.p, a.out.n, &any,
		    NULL) == -1)
			abort();
		if ((a.args.n > 0 && tq_json_check(a.args.p, a.args.n,
		    NULL) == -1) || (a.exact.n > 0 && tq_json_check(a.exact.p,
		    a.exact.n, NULL) == -1))
			abort();
		if (a.retry < -1)
			abort();
	} else if (e.text[0] == '\0')
		abort();
	tq_arena_fini(&mem);
}

static void
check_words(char *s, size_t n)
{
	struct tq_words w;
	struct tq_err e;

	if (tq_words_parse(&w, s, n, &e) == -1) {
		if (e.text[0] == '\0')
			abort();
		return;
	}
	if (w.delay < 0 || (w.word == TQ_WORD_RESULT &&
	    tq_json_check(w.text.p, w.text.n, NULL) == -1))
		abort();
	if ((w.word == TQ_WORD_STATE || w.word == TQ_WORD_FAIL) &&
	    !tq_name_valid(w.name))
		abort();
}

static void
check_conf(const char *s)
{
	struct tq_arena mem;
	struct tq_conf conf;
	struct tq_err e;

	tq_arena_init(&mem);
	if (tq_conf_parse(&conf, &mem, "h.conf", s, &e) == 0 &&
	    (conf.env[conf.nenv] != NULL || conf.soft < 0 ||
	    (conf.hard != 0 && conf.hard < conf.soft)))
		abort();
	tq_arena_fini(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s;

	if (n == 0 || (s = malloc(n)) == NULL)
		return 0;
	memcpy(s, p + 1, n - 1);
	s[n - 1] = '\0';
	switch (*p % 3) {
	case 0:
		check_answer(s, n - 1);
		break;
	case 1:
		check_words(s, n - 1);
		break;
	default:
		check_conf(s);
		break;
	}
	free(s);
	return 0;
}
