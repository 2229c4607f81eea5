/*
 * Options of a command from one table, over getopt_long(3).
 *
 * getopt_long() keeps quiet (a leading ':' in its letters), so that what is
 * said about a wrong option is the same under every libc.
 */
#include "command/options.h"

#include <assert.h>
#include <bsd/stdlib.h>
#include <errno.h>
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

/* Where the next row goes. */
struct ends {
	char		*letter;
	struct option	*name;
};

static void
add(struct ends *to, const struct tq_option *row)
{
	*to->name++ = (struct option){
		.name = row->name,
		.has_arg = row->arg != NULL ? required_argument : no_argument,
		.val = row->key,
	};
	if (row->key < TQ_LONG(0)) {
		*to->letter++ = (char)row->key;
		if (row->arg != NULL)
			*to->letter++ = ':';
	}
}

static struct ends
begin(struct tq_options *o, const struct tq_option *table, size_t n)
{
	struct ends to = { o->letters, o->longs };

	assert(n + NCOMMON <= TQ_OPTIONS_MAX);
	memset(o, 0, sizeof(*o));
	o->table = table;
	o->n = n;
	*to.letter++ = '+';
	*to.letter++ = ':';
	return to;
}

void
tq_options_init(struct tq_options *o, const char *usage,
    const struct tq_option *table, size_t n)
{
	struct ends to = begin(o, table, n);
	size_t i;

	o->usage = usage;
	for (i = 0; i < n; i++)
		add(&to, &table[i]);
	for (i = 0; i < NCOMMON; i++)
		add(&to, &common[i]);
}

void
tq_options_pick(struct tq_options *o, const struct tq_option *table, size_t n,
    const char *letters, int longs)
{
	struct ends to = begin(o, table, n);
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].key < TQ_LONG(0) ?
		    strchr(letters, table[i].key) != NULL :
		    table[i].key < longs)
			add(&to, &table[i]);
}

void
tq_options_mix(struct tq_options *o)
{
	o->letters[0] = '-';
	optind = 0;	/* getopt(3): 1 would keep the order of before */
}

static const struct tq_option *
find(const struct tq_option *table, size_t n, int key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].key == key)
			return &table[i];
	for (i = 0; i < NCOMMON; i++)
		if (common[i].key == key)
			return &common[i];
	return NULL;
}

const char *
tq_option_name(char out[TQ_OPTION_NAME], const struct tq_option *table,
    size_t n, int key)
{
	const struct tq_option *row = find(table, n, key);

	if (key < TQ_LONG(0))
		snprintf(out, TQ_OPTION_NAME, "-%c", key);
	else
		snprintf(out, TQ_OPTION_NAME, "--%s", row->name);
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

void
tq_options_row(const struct tq_option *row)
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

	if (o->instead != NULL) {
		o->instead(o, o->arg);
		exit(fflush(stdout) == 0 ? TQ_EXIT_OK : TQ_EXIT_IO);
	}
	print_usage(stdout, o->usage);
	putchar('\n');
	for (i = 0; i < o->n; i++)
		tq_options_row(&o->table[i]);
	for (i = 0; i < NCOMMON; i++)
		tq_options_row(&common[i]);
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
tq_options_usage(const struct tq_options *o, const char *what)
{
	tq_warn("%s", what);
	print_usage(stderr, o->usage);
	exit(TQ_EXIT_USAGE);
}

/* getopt_long() returned '?': what it could not take, in words. */
static void
unknown(const struct tq_options *o, char *argv[], struct tq_err *e)
{
	const struct option *l = o->longs;

	/* a letter, but for a long name that got an argument it does not take */
	while (optopt != 0 && l->name != NULL && l->val != optopt)
		l++;
	if (optopt != 0 && l->name != NULL)
		tq_fail(e, EINVAL, "option --%s takes no argument", l->name);
	else if (optopt != 0)
		tq_fail(e, EINVAL, "unknown option '-%c'", optopt);
	else
		tq_fail(e, EINVAL, "unknown option '%s'", argv[optind - 1]);
}

int
tq_options_take(struct tq_options *o, int argc, char *argv[],
    struct tq_err *e)
{
	char name[TQ_OPTION_NAME];
	int key;

	opterr = 0;
	key = getopt_long(argc, argv, o->letters, o->longs, NULL);
	if (key == '?')
		unknown(o, argv, e);
	if (key != ':')
		return key;
	tq_fail(e, EINVAL, "option %s needs its %s", tq_option_name(name,
	    o->table, o->n, optopt), find(o->table, o->n, optopt)->arg);
	return '?';
}

int
tq_options_next(struct tq_options *o, int argc, char *argv[])
{
	char name[TQ_OPTION_NAME];
	struct tq_err e;
	int key;

	switch (key = tq_options_take(o, argc, argv, &e)) {
	case -1:
		return -1;
	case '?':
		tq_options_usage(o, e.text);
	case 'h':
		help(o);
	case 'V':
		version();
	case TQ_OPERAND:
		return key;
	}
	if (find(o->table, o->n, key)->help == NULL)
		tq_die(TQ_EXIT_CONFIG, "option %s: not kept by this broker",
		    tq_option_name(name, o->table, o->n, key));
	return key;
}
