/* The spool, asked what every broker is asked. */
#include <sys/mman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/contract.h"

static void
spool_url(char *url, size_t size, const char *dir)
{
	(void)snprintf(url, size, "spool:%s/spool", dir);
}

/* SPOOL/lock names the table, which would outlive the directory. */
static void
spool_gone(const char *dir)
{
	char *text, *name, *last;

	text = t_read(dir, "spool/lock", NULL);
	for (name = strtok_r(text, " \n", &last); name != NULL;
	    name = strtok_r(NULL, " \n", &last))
		if (*name == '/')
			(void)shm_unlink(name);
	free(text);
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
