/* What a worker has to say to people. */
#include <stdarg.h>
#include <stdio.h>

#include "say.h"

void
tq_say(const struct tq_say *say, enum tq_say_level level, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	if (level == TQ_SAY_STEP && !say->steps)
		return;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	say->fn(say->arg, level, buf);
}
