/*
 * Runs a fuzz target over its corpus where there is no libFuzzer: each
 * operand is a file or a directory of files; each file is one TAP line.  An
 * input the target must survive without a file: the empty one.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Targets see by it who runs them. */
extern const int fuzz_driver;
const int fuzz_driver = 1;

static unsigned tests;

/* The target gets its own heap block, so that a sanitizer sees its ends. */
static void
run_file(const char *path, off_t size)
{
	uint8_t *p;
	size_t n;
	FILE *f;

	if ((f = fopen(path, "r")) == NULL ||
	    (p = malloc((size_t)size + (size == 0))) == NULL)
		err(1, "%s", path);
	n = fread(p, 1, (size_t)size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	printf("ok %u - %s\n", ++tests, path);
	fflush(stdout);
}

static void
run_path(const char *path)
{
	struct dirent **names;
	struct stat sb;
	char file[4096];
	int i, n;

	if (stat(path, &sb) == -1)
		err(1, "%s", path);
	if (!S_ISDIR(sb.st_mode)) {
		run_file(path, sb.st_size);
		return;
	}
	if ((n = scandir(path, &names, NULL, alphasort)) == -1)
		err(1, "%s", path);
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (stat(file, &sb) == 0 && S_ISREG(sb.st_mode))
			run_file(file, sb.st_size);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char *argv[])
{
	int i;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok %u - nothing\n", ++tests);
	for (i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("1..%u\n", tests);
	return 0;
}
