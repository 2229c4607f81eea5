/* The words of a command, as they go to the server. */
#include "backend/redis/cmd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tq_redis_cmd_init(struct tq_redis_cmd *c)
{
	tq_buf_init(&c->bytes);
	c->n = 0;
}

void
tq_redis_cmd_fini(struct tq_redis_cmd *c)
{
	tq_buf_fini(&c->bytes);
	c->n = 0;
}

void
tq_redis_cmd_reset(struct tq_redis_cmd *c)
{
	tq_buf_reset(&c->bytes);
	c->n = 0;
}

/* "$n" and the end of a line: a word of n bytes follows. */
static void
put_length(struct tq_buf *b, size_t n)
{
	tq_buf_byte(b, '$');
	tq_buf_int(b, (int64_t)n);
	tq_buf_put(b, "\r\n", 2);
}

void
tq_redis_cmd_put(struct tq_redis_cmd *c, const void *p, size_t n)
{
	put_length(&c->bytes, n);
	tq_buf_put(&c->bytes, p, n);
	tq_buf_put(&c->bytes, "\r\n", 2);
	c->n++;
}

void
tq_redis_cmd_str(struct tq_redis_cmd *c, const char *s)
{
	tq_redis_cmd_put(c, s, strlen(s));
}

void
tq_redis_cmd_join(struct tq_redis_cmd *c, const char *first, ...)
{
	const char *s;
	size_t n = 0;
	va_list ap;

	va_start(ap, first);
	for (s = first; s != NULL; s = va_arg(ap, const char *))
		n += strlen(s);
	va_end(ap);
	put_length(&c->bytes, n);
	va_start(ap, first);
	for (s = first; s != NULL; s = va_arg(ap, const char *))
		tq_buf_str(&c->bytes, s);
	va_end(ap);
	tq_buf_put(&c->bytes, "\r\n", 2);
	c->n++;
}

void
tq_redis_cmd_num(struct tq_redis_cmd *c, int64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, v);
	tq_redis_cmd_str(c, text);
}

void
tq_redis_cmd_time(struct tq_redis_cmd *c, tq_time t)
{
	char text[48];

	snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, t / TQ_SECOND,
	    t % TQ_SECOND / 1000);
	tq_redis_cmd_str(c, text);
}

tq_time
tq_redis_time(const char *s)
{
	double us = strtod(s, NULL) * 1e6;

	/* nothing is put before 1970, and NaN is no time */
	if (!(us > 0))
		return 0;
	return us < (double)(INT64_MAX / 1000) ? (tq_time)us * 1000 :
	    INT64_MAX;
}
