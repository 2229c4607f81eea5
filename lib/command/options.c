/*
 * Options of a command from one table, over getopt_long(3).
 *
 * getopt_long() keeps quiet (a leading ':' in its letters), so that what is
 * said about a wrong option is the same under every libc.
 */
#include "command/options.h"

#include <assert.h>
#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tq/types.h>

#include "command/status.h"

static const struct tq_option common[] = {
	{ 'h', "help", NULL, "print this and exit" },
	{ 'V', "version", NULL, "print the version and exit" },
};
#define NCOMMON	(sizeof(common) / sizeof(common[0]))

static char *
add(struct tq_options *o, char *letter, size_t i, const struct tq_option *row)
{
	o->longs[i] = (struct option){
		.name = row->name,
		.has_arg = row->arg != NULL ? required_argument : no_argument,
		.val = row->key,
	};
	if (row->key < TQ_LONG(0)) {
		*letter++ = (char)row->key;
		if (row->arg != NULL)
			*letter++ = ':';
	}
	return letter;
}

void
tq_options_init(struct tq_options *o, const char *usage,
    const struct tq_option *table, size_t n)
{
	char *letter = o->letters;
	size_t i;

	assert(n + NCOMMON <= TQ_OPTIONS_MAX);
	memset(o, 0, sizeof(*o));
	o->usage = usage;
	o->table = table;
	o->n = n;
	*letter++ = '+';
	*letter++ = ':';
	for (i = 0; i < n; i++)
		letter = add(o, letter, i, &table[i]);
	for (i = 0; i < NCOMMON; i++)
		letter = add(o, letter, n + i, &common[i]);
}

static const struct tq_option *
find(const struct tq_options *o, int key)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->table[i].key == key)
			return &o->table[i];
	for (i = 0; i < NCOMMON; i++)
		if (common[i].key == key)
			return &common[i];
	return NULL;
}

/* "-q" or "--keep", as people write it. */
static const char *
spelling(char *out, size_t size, const struct tq_option *row)
{
	if (row->key < TQ_LONG(0))
		snprintf(out, size, "-%c", row->key);
	else
		snprintf(out, size, "--%s", row->name);
	return out;
}

static void
print_usage(FILE *f, const char *usage)
{
	const char *line = usage, *head = "usage:";
	size_t n;

	for (;;) {
		n = strcspn(line, "\n");
		/* a line that begins with a blank goes on with a form */
		fprintf(f, "%-6s %s %.*s\n", head,
		    *line == ' ' ? "" : getprogname(), (int)n, line);
		if (line[n] == '\0')
			return;
		line += n + 1;
		head = "";
	}
}

static void
print_row(const struct tq_option *row)
{
	char left[64], letter[4] = "";

	if (row->help == NULL)
		return;
	if (row->key < TQ_LONG(0))
		snprintf(letter, sizeof(letter), "-%c,", row->key);
	snprintf(left, sizeof(left), "%3s --%s%s%s", letter, row->name,
	    row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");
	printf("  %-28s %s\n", left, row->help);
}

static _Noreturn void
help(const struct tq_options *o)
{
	size_t i;

	print_usage(stdout, o->usage);
	putchar('\n');
	for (i = 0; i < o->n; i++)
		print_row(&o->table[i]);
	for (i = 0; i < NCOMMON; i++)
		print_row(&common[i]);
	if (o->more != NULL)
		o->more();
	exit(fflush(stdout) == 0 ? TQ_EXIT_OK : TQ_EXIT_IO);
}

static _Noreturn void
version(void)
{
	printf("%s %s\n", getprogname(), TQ_VERSION);
	exit(fflush(stdout) == 0 ? TQ_EXIT_OK : TQ_EXIT_IO);
}

void
tq_options_usage(const struct tq_options *o)
{
	print_usage(stderr, o->usage);
	exit(TQ_EXIT_USAGE);
}

/* getopt_long() returned '?': what it could not take, in words. */
static _Noreturn void
unknown(const struct tq_options *o, char *argv[])
{
	const struct tq_option *row = optopt != 0 ? find(o, optopt) : NULL;

	if (row != NULL && row->arg == NULL)
		tq_warn("option --%s takes no argument", row->name);
	else if (optopt != 0)
		tq_warn("unknown option '-%c'", optopt);
	else
		tq_warn("unknown option '%s'", argv[optind - 1]);
	tq_options_usage(o);
}

int
tq_options_next(struct tq_options *o, int argc, char *argv[])
{
	const struct tq_option *row;
	char name[48];
	int key;

	opterr = 0;
	key = getopt_long(argc, argv, o->letters, o->longs, NULL);
	if (key == -1)
		return -1;
	if (key == '?')
		unknown(o, argv);
	if (key == ':') {
		row = find(o, optopt);
		tq_warn("option %s needs its %s",
		    spelling(name, sizeof(name), row), row->arg);
		tq_options_usage(o);
	}
	if (key == 'h')
		help(o);
	if (key == 'V')
		version();
	row = find(o, key);
	if (row->help == NULL)
		tq_die(TQ_EXIT_CONFIG, "option %s: not kept by this broker",
		    spelling(name, sizeof(name), row));
	return key;
}
