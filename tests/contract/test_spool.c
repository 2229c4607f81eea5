/* The spool, asked what every broker is asked. */
#include <stdio.h>

#include "tests/contract/contract.h"

static void
spool_url(char *url, size_t size, const char *dir)
{
	(void)snprintf(url, size, "spool:%s/spool", dir);
}

static void
spool_gone(const char *dir)
{
	char spool[T_PATH_MAX + 8];

	(void)snprintf(spool, sizeof(spool), "%s/spool", dir);
	t_lose_table(spool);
}

int
main(void)
{
	static const struct contract spool = {
		.url = spool_url,
		.gone = spool_gone,
		.groups = CONTRACT_ALL
	};

	return contract_run(&spool);
}
