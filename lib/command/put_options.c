/* The options of tqput(1); see put_options.h. */
#include "command/put_options.h"

#include "command/status.h"

const struct tq_option tq_put_options[] = {
	{ '0', "null", NULL, "records of -m end in NUL" },
	{ 'A', "after", "id[,id...]", "run after these" },
	{ 'a', "at", "time", "start at this time" },
	{ TQ_PUT_BACKOFF, "backoff", "base[,factor[,cap]]", "delays of retries" },
	{ 'b', "broker", "url", "where to put it" },
	{ 'C', "chdir", "dir", "directory to run in" },
	{ 'c', "command", "string", "run by sh -c" },
	{ TQ_PUT_CHAIN, "chain", NULL, "with -m: each after the one before" },
	{ TQ_PUT_CHORD, "chord", "string",
	    "with -m: then this, on their output" },
	{ 'D', "when", "end", "when -A lets it run: ok, fail, any" },
	{ 'd', "delay", "delay", "start after this time" },
	{ 'e', "env", "name[=value]", "a variable for the task" },
	{ 'F', "flow", "file", "the tasks of a flow file" },
	{ 'f', "follow", NULL, "with -w: output as it comes" },
	{ TQ_PUT_GROUP, "group", NULL, "with -m: they are a group" },
	{ TQ_PUT_HOLD, "hold", NULL, "keep it until tqctl release" },
	{ 'I', "replace", "str", "with -m: put the record for str" },
	{ 'i', "stdin", NULL, "stdin is the task's stdin" },
	{ TQ_PUT_ID, "id", "id", "its id, at most once in the broker" },
	{ TQ_PUT_IONICE, "ionice", "class", "disk priority: 0 to 7, or idle" },
	{ 'J', "json", NULL, "arguments, records or answer in JSON" },
	{ 'K', "on-key", "policy", "key is taken: skip, replace, follow" },
	{ 'k', "key", "key", "one unended task of this key" },
	{ TQ_PUT_KEEP, "keep", "time", "keep its result this long" },
	{ TQ_PUT_KW, "kw", "name=value", "a named argument of -N" },
	{ 'l', "label", "label", "a word for people" },
	{ TQ_PUT_LIMIT, "limit", "name=value,...",
	    "what it may use: mem=2G,cpu=1h" },
	{ TQ_PUT_LINK, "link", "string", "then this, on its output" },
	{ TQ_PUT_LINK_ERROR, "link-error", "string", "or this, if it fails" },
	{ 'm', "many", NULL, "a task for each record of stdin" },
	{ 'N', "name", "name", "run by the handler of this name" },
	{ TQ_PUT_NICE, "nice", "nice", "1 to 19, higher gives way" },
	{ TQ_PUT_NO_RESULT, "no-result", NULL, "keep no output of a success" },
	{ TQ_PUT_ONCE, "once", NULL, "start it at most once" },
	{ 'P', "pipe", "id", "its output is the task's stdin" },
	{ 'p', "priority", "pri", "0 to 9, higher first" },
	{ 'Q', "quiet", NULL, "print no id" },
	{ 'q', "queue", "queue", "where it waits" },
	{ 'R', "resource", "name[=n]", "what it needs while it runs" },
	{ TQ_PUT_RESULTS, "results", "url", "where its result goes" },
	{ 'r', "retries", "retries", "how often to try again" },
	{ 'S', "lane", "lane", "one after another in this lane" },
	{ TQ_PUT_SPOOL, "spool-on-failure", NULL,
	    "keep it here for a broker that is away" },
	{ 'T', "time-limit", "soft[,hard]", "TERM, then KILL after this time" },
	{ 't', "timeout", "timeout", "wait no longer than this" },
	{ 'v', "verbose", NULL, "say where it was put" },
	{ 'w', "wait", NULL, "wait, and exit as the task does" },
	{ 'x', "expires", "expires", "do not start it after this" },
};

const size_t tq_put_noptions =
    sizeof(tq_put_options) / sizeof(tq_put_options[0]);

/* ---- what goes together ------------------------------------------------ */

/* Options that make no sense together. */
static const struct {
	int	 a, b;
} excludes[] = {
	{ 'c', 'N' }, { 'i', 'P' }, { 'm', 'i' }, { 'm', 'w' },
	{ 'm', TQ_PUT_ID }, { TQ_PUT_SPOOL, 'w' },
	{ TQ_PUT_CHAIN, TQ_PUT_GROUP }, { TQ_PUT_CHAIN, TQ_PUT_CHORD },
	{ TQ_PUT_GROUP, TQ_PUT_CHORD },
	/* a key lets one task be there at a time */
	{ TQ_PUT_CHAIN, 'k' }, { TQ_PUT_GROUP, 'k' }, { TQ_PUT_CHORD, 'k' },
	{ 'F', 'c' }, { 'F', 'i' }, { 'F', 'k' }, { 'F', 'm' }, { 'F', 'N' },
	{ 'F', 'P' }, { 'F', 'w' }, { 'F', TQ_PUT_ID }, { 'F', TQ_PUT_LINK },
	{ 'F', TQ_PUT_LINK_ERROR },
	{ TQ_PUT_LINK, 'm' }, { TQ_PUT_LINK, 'w' },
	{ TQ_PUT_LINK_ERROR, 'm' }, { TQ_PUT_LINK_ERROR, 'w' },
};

/* Options that make sense with another only, or with a third one. */
static const struct {
	int	 a, with, or;
} needs[] = {
	{ '0', 'm', 0 }, { 'D', 'A', TQ_PUT_CHAIN }, { 'f', 'w', 0 },
	{ 'I', 'm', 0 }, { 'K', 'k', 0 }, { TQ_PUT_CHAIN, 'm', 0 },
	{ TQ_PUT_CHORD, 'm', 0 }, { TQ_PUT_GROUP, 'm', 0 },
	{ TQ_PUT_KW, 'N', 0 },
};

/* Exit for two options: "-a and -b exclude each other". */
static _Noreturn void
refuse(int a, const char *between, int b, const char *end)
{
	char first[TQ_OPTION_NAME], second[TQ_OPTION_NAME];

	tq_option_name(first, tq_put_options, tq_put_noptions, a);
	tq_option_name(second, tq_put_options, tq_put_noptions, b);
	tq_die(TQ_EXIT_USAGE, "%s %s %s%s", first, between, second, end);
}

void
tq_put_options_check(const unsigned char said[TQ_PUT_KEYS])
{
	size_t i;

	for (i = 0; i < sizeof(excludes) / sizeof(excludes[0]); i++)
		if (said[excludes[i].a] && said[excludes[i].b])
			refuse(excludes[i].a, "and", excludes[i].b,
			    " exclude each other");
	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (said[needs[i].a] && !said[needs[i].with] &&
		    !said[needs[i].or])
			refuse(needs[i].a, "is for", needs[i].with, "");
}
