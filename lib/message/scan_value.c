/* JSON text read in place: what a value is. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "message/scan.h"

enum tq_scan_type
tq_scan_type(struct tq_bytes v)
{
	if (v.n == 0)
		return TQ_SCAN_NONE;
	switch (*v.p) {
	case '"':
		return TQ_SCAN_STRING;
	case '[':
		return TQ_SCAN_ARRAY;
	case '{':
		return TQ_SCAN_OBJECT;
	case 't':
	case 'f':
		return TQ_SCAN_BOOL;
	case 'n':
		return TQ_SCAN_NULL;
	default:
		return TQ_SCAN_NUMBER;
	}
}

const char *
tq_scan_type_name(struct tq_bytes v)
{
	static const char *const names[] = {
		[TQ_SCAN_NONE] = "nothing",
		[TQ_SCAN_NULL] = "null",
		[TQ_SCAN_BOOL] = "a truth value",
		[TQ_SCAN_NUMBER] = "a number",
		[TQ_SCAN_STRING] = "a string",
		[TQ_SCAN_ARRAY] = "an array",
		[TQ_SCAN_OBJECT] = "an object"
	};

	return names[tq_scan_type(v)];
}

int
tq_scan_unset(struct tq_bytes v)
{
	return tq_scan_type(v) <= TQ_SCAN_NULL;
}

/* ---- plain values ---------------------------------------------------- */

int
tq_scan_int(int64_t *out, struct tq_bytes v)
{
	uint64_t u = 0, most = INT64_MAX;
	size_t i = 0;
	unsigned d;

	if (tq_scan_type(v) != TQ_SCAN_NUMBER)
		return 0;
	if (*v.p == '-') {
		i = 1;
		most++;
	}
	for (; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 0;
		d = (unsigned)(v.p[i] - '0');
		if (u > (most - d) / 10)
			return 0;
		u = u * 10 + d;
	}
	if (*v.p == '-')
		*out = u == 0 ? 0 : -(int64_t)(u - 1) - 1;
	else
		*out = (int64_t)u;
	return 1;
}

int
tq_scan_real(double *out, struct tq_bytes v)
{
	char text[64], *point, *end;

	/* a longer number is there, but nobody measures a time with it */
	if (tq_scan_type(v) != TQ_SCAN_NUMBER || v.n >= sizeof(text))
		return 0;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	/* strtod(3) wants the point of the program's locale */
	if ((point = strchr(text, '.')) != NULL)
		*point = *localeconv()->decimal_point;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

int
tq_scan_bool(int *out, struct tq_bytes v)
{
	if (tq_scan_type(v) != TQ_SCAN_BOOL)
		return 0;
	*out = *v.p == 't';
	return 1;
}
