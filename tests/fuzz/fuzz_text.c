/*
 * Fuzzes what people type and lib/base reads: URLs, dates, spans and sizes.
 * What was read must survive being written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/date.h"
#include "lib/base/id.h"
#include "lib/base/url.h"

#define NOW	(INT64_C(1700000000) * TQ_SECOND)

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_url(const char *s)
{
	char value[32], shown[64];
	struct tq_err e;
	struct tq_url u;
	void *mem;

	tq_url_redact(shown, sizeof(shown), s);
	if (tq_url_parse(&u, &mem, s, &e) == -1)
		return;
	if (u.scheme == NULL || u.port < 0 || u.port > 65535)
		abort();
	(void)tq_url_option(&u, "a", value, sizeof(value));
	free(mem);
}

static void
check_times(const char *s)
{
	char text[64];
	struct tq_err e;
	struct tq_uuid id;
	tq_time t, again;
	uint64_t n;

	if (tq_duration_parse(&t, s, &e) == 0) {
		tq_duration_format(text, sizeof(text), t);
		if (tq_duration_parse(&again, text, &e) == -1 || again != t)
			abort();
	}
	if (tq_date_parse(&t, s, NOW, &e) == 0) {
		tq_date_format(text, sizeof(text), t);
		if (tq_date_parse(&again, text, NOW, &e) == -1 ||
		    again != t - t % TQ_MS)
			abort();
	}
	if (tq_uuid_parse(&id, s) == 1) {
		tq_uuid_format(text, &id);
		if (strcmp(text, s) != 0)
			abort();
	}
	(void)tq_size_parse(&n, s, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s;

	if ((s = malloc(n + 1)) == NULL)
		return 0;
	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	check_url(s);
	check_times(s);
	free(s);
	return 0;
}
