/*
 * Print what time it is, in ns since 1970: what a task of eta.c runs.  It is
 * linked statically, so that its own start is next to nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int
main(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	printf("%" PRId64 "\n", ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec);
	return 0;
}
