/* What a task says on TQ_STATUS_FD (pure). */
#include <errno.h>
#include <string.h>

#include <tq/task.h>

#include "answer.h"
#include "base/date.h"
#include "message/json.h"
#include "words.h"

#define BLANKS	" \t"

/* Cut the first word off *rest, which moves to the next. */
static char *
next_word(char **rest)
{
	char *word = *rest, *end = word + strcspn(word, BLANKS);

	*rest = end + strspn(end, BLANKS);
	*end = '\0';
	return word;
}

static int
parse_child(struct tq_words *w, char *rest, struct tq_err *e)
{
	w->name = next_word(&rest);
	if (*rest != '\0' || !tq_id_valid(w->name))
		return tq_fail(e, EINVAL, "no id");
	return 0;
}

static int
parse_state(struct tq_words *w, char *rest, struct tq_err *e)
{
	w->name = next_word(&rest);
	w->text = (struct tq_bytes){ rest, strlen(rest) };
	if (!tq_name_valid(w->name))
		return tq_fail(e, EINVAL, "no name of a state");
	return w->text.n == 0 ? 0 : tq_json_check(w->text.p, w->text.n, e);
}

static int
parse_fail(struct tq_words *w, char *rest, struct tq_err *e)
{
	w->name = next_word(&rest);
	w->text = (struct tq_bytes){ rest, strlen(rest) };
	if (!tq_name_valid(w->name))
		return tq_fail(e, EINVAL, "no name of a type");
	return 0;
}

static int
parse_retry(struct tq_words *w, char *rest, struct tq_err *e)
{
	return tq_duration_parse(&w->delay, rest, e);
}

static int
parse_result(struct tq_words *w, char *rest, struct tq_err *e)
{
	w->text = (struct tq_bytes){ rest, strlen(rest) };
	return tq_json_check(w->text.p, w->text.n, e);
}

/* What the task is, is seen when it is needed. */
static int
parse_replace(struct tq_words *w, char *rest, struct tq_err *e)
{
	if (*rest != '{')
		return tq_fail(e, EINVAL, "not a JSON object");
	return parse_result(w, rest, e);
}

static const struct {
	const char	*word;
	enum tq_word	 means;
	int		 (*parse)(struct tq_words *, char *, struct tq_err *);
} table[] = {
	{ "!child", TQ_WORD_CHILD, parse_child },
	{ "!fail", TQ_WORD_FAIL, parse_fail },
	{ "!replace", TQ_WORD_REPLACE, parse_replace },
	{ "!result", TQ_WORD_RESULT, parse_result },
	{ "!retry", TQ_WORD_RETRY, parse_retry },
	{ "!state", TQ_WORD_STATE, parse_state },
};

int
tq_words_parse(struct tq_words *out, char *line, size_t n, struct tq_err *e)
{
	char quoted[TQ_WHY_MAX / 2], *rest = line, *word;
	struct tq_err why;
	size_t i;

	memset(out, 0, sizeof(*out));
	tq_answer_quote(quoted, sizeof(quoted), line, n);
	line[n] = '\0';
	if (strlen(line) != n)
		return tq_fail(e, EINVAL, "a NUL on TQ_STATUS_FD: %s", quoted);
	if (*line != '!') {
		out->word = TQ_WORD_PROGRESS;
		out->text = (struct tq_bytes){ line, n };
		return 0;
	}
	word = next_word(&rest);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(word, table[i].word) != 0)
			continue;
		out->word = table[i].means;
		if (table[i].parse(out, rest, &why) == 0)
			return 0;
		return tq_fail(e, EINVAL, "%.100s: %s", why.text, quoted);
	}
	return tq_fail(e, EINVAL, "unknown word on TQ_STATUS_FD: %s", quoted);
}
