/*
 * Options of a command: one table says what getopt_long(3) takes, what --help
 * prints and what is refused.  Parsing stops at the first operand.
 */
#ifndef TQ_COMMAND_OPTIONS_H
#define TQ_COMMAND_OPTIONS_H

#include <getopt.h>
#include <stddef.h>

#include <tq/types.h>

struct tq_option {
	int		 key;	/* its letter; TQ_LONG(n): it has none */
	const char	*name;	/* its long name; one letter, one name in all */
	const char	*arg;	/* what its argument is called, NULL: none */
	const char	*help;	/* NULL: known, but not kept yet: exit 78 */
};
#define TQ_LONG(n)	(256 + (n))

#define TQ_OPTIONS_MAX	80

struct tq_options {
	const char	*usage;	/* "[-v] id ...": see tq_options_init() */
	const struct tq_option *table;
	size_t		 n;
	void		 (*more)(void);	/* prints the end of --help, or NULL */
	/* prints all of --help in the stead of this, or NULL */
	void		 (*instead)(const struct tq_options *, const void *arg);
	const void	*arg;
	/* made from the table for getopt_long(3) */
	char		 letters[2 + 3 * TQ_OPTIONS_MAX];
	struct option	 longs[TQ_OPTIONS_MAX + 1];
};

/*
 * Prepare to parse; table has n rows, without -h and -V, which every command
 * has.  usage has a line for each form, without the command's name; a line
 * that begins with a blank goes on with the form before it.
 */
void	tq_options_init(struct tq_options *, const char *usage,
	    const struct tq_option *table, size_t n);
/*
 * Prepare to parse words that are no command line: of the table those letters
 * only, of the others those whose keys are below longs; no -h and no -V.
 */
void	tq_options_pick(struct tq_options *, const struct tq_option *table,
	    size_t n, const char *letters, int longs);
/*
 * Begin anew with other words, words[0] is passed over, and let operands stand
 * between the options as far as "--": each is given as TQ_OPERAND, in optarg.
 */
#define TQ_OPERAND	1
void	tq_options_mix(struct tq_options *);
/*
 * The key of the next option as getopt_long(3) has it, its argument in optarg;
 * -1 at the first word that is none, argv[optind].  '?' for one that is unknown
 * or lacks its argument: e says so.
 */
int	tq_options_take(struct tq_options *, int argc, char *argv[],
	    struct tq_err *e);
/*
 * The key of the next option, its argument in optarg; -1 at the first operand,
 * argv[optind].  Exits for -h and -V with 0, for an option that is unknown or
 * lacks its argument with 64, for one not kept yet with 78.
 */
int	tq_options_next(struct tq_options *, int argc, char *argv[]);
/* "-q" or "--keep", as people write the option of this key. */
#define TQ_OPTION_NAME	48
const char *tq_option_name(char out[TQ_OPTION_NAME],
	    const struct tq_option *table, size_t n, int key);
/* Write what is wrong and the usage to stderr and exit 64. */
_Noreturn void tq_options_usage(const struct tq_options *, const char *what);
/* Print an option as --help does; one not kept yet is left out. */
void	tq_options_row(const struct tq_option *);
#endif
