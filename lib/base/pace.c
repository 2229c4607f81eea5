/* At most so many starts in a time (pure). */
#include "pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE		(60 * TQ_SECOND)
#define HOUR		(60 * MINUTE)
#define LONGEST		(366 * 24 * HOUR)

void
tq_pace_set(struct tq_pace *p, tq_time period)
{
	p->period = period;
	p->next = p->last = 0;
}

tq_time
tq_pace_ask(struct tq_pace *p, tq_time now)
{
	if (p->period == 0)
		return 0;
	if (now >= p->next) {
		if (now - p->next >= p->period)
			p->next = now;
		p->next += p->period;
		return 0;
	}
	p->last = p->last < p->next ? p->next : p->last + p->period;
	return p->last;
}

int
tq_pace_parse(tq_time *period, const char *text, struct tq_err *e)
{
	tq_time unit = TQ_SECOND;
	char *end;
	double n;

	n = strtod(text, &end);
	if (end != text && end[0] == '/' && end[1] != '\0' && end[2] == '\0' &&
	    strchr("smh", end[1]) != NULL) {
		unit = end[1] == 'h' ? HOUR : end[1] == 'm' ? MINUTE :
		    TQ_SECOND;
		end += 2;
	}
	if (*end != '\0' || !(n >= 0) || (end == text && *text != '\0'))
		return tq_fail(e, EINVAL, "'%.40s' is no rate as 10/s, 10/m "
		    "or 10/h", text);
	*period = 0;
	if (n > 0)
		*period = (double)unit / n < (double)LONGEST ?
		    (tq_time)((double)unit / n) : LONGEST;
	return 0;
}
