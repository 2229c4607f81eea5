/*
 * Text from tasks made safe to show: shell quoting and terminal escapes.
 */
#include "message/quote.h"

#include <string.h>

#include "message/utf8.h"

/* Most bytes one character becomes: four of \xNN. */
#define ESCAPE_MAX	16

/* ---- escapes --------------------------------------------------------- */

/*
 * Escape the character at p (n > 0 bytes left) into out, which gets *len
 * bytes.  Returns how many bytes of p it was.
 */
static size_t
escape_one(char out[ESCAPE_MAX], size_t *len, const char *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t c;
	size_t i, used;
	unsigned char b;

	if (*p == '\t' || *p == '\n' || *p == '\\') {
		out[0] = '\\';
		out[1] = *p == '\t' ? 't' : *p == '\n' ? 'n' : '\\';
		*len = 2;
		return 1;
	}
	used = tq_utf8_get(&c, p, n);
	if (used > 0 && !tq_utf8_control(c)) {
		memcpy(out, p, used);
		*len = used;
		return used;
	}
	if (used == 0)
		used = 1;
	for (i = 0; i < used; i++) {
		b = (unsigned char)p[i];
		out[4 * i] = '\\';
		out[4 * i + 1] = 'x';
		out[4 * i + 2] = hex[b >> 4];
		out[4 * i + 3] = hex[b & 0xf];
	}
	*len = 4 * used;
	return used;
}

void
tq_escape(struct tq_buf *b, const char *p, size_t n)
{
	char one[ESCAPE_MAX];
	size_t len, used;

	for (; n > 0; p += used, n -= used) {
		used = escape_one(one, &len, p, n);
		tq_buf_put(b, one, len);
	}
}

/* The byte of \xNN at p, 0 if that is none. */
static char
hex_byte(const char *p)
{
	static const char hex[] = "0123456789abcdef";
	const char *high, *low;

	if (p[1] != 'x' || p[2] == '\0' || p[3] == '\0')
		return '\0';
	high = strchr(hex, p[2]);
	low = strchr(hex, p[3]);
	return high == NULL || low == NULL ? '\0' :
	    (char)((high - hex) << 4 | (low - hex));
}

void
tq_unescape(char *p)
{
	char *out = p, c;

	for (; *p != '\0'; p++) {
		c = *p;
		if (c == '\\' && (p[1] == '\\' || p[1] == 't' || p[1] == 'n')) {
			p++;
			c = *p == 't' ? '\t' : *p == 'n' ? '\n' : '\\';
		} else if (c == '\\' && hex_byte(p) != '\0') {
			c = hex_byte(p);
			p += 3;
		}
		*out++ = c;
	}
	*out = '\0';
}

/* ---- shell words ----------------------------------------------------- */

/* How a word has to be written. */
enum quoting { BARE, SINGLE, DOLLAR };

/* 1 if the shell would read a bare word as syntax where a command begins. */
static int
is_reserved(const char *s)
{
	static const char *const word[] = {
		"case", "coproc", "do", "done", "elif", "else", "esac", "fi",
		"for", "function", "if", "in", "select", "then", "time",
		"until", "while"
	};
	size_t i;

	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (strcmp(s, word[i]) == 0)
			return 1;
	}
	return 0;
}

static enum quoting
quoting_of(const char *s, int first)
{
	static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
	enum quoting q = BARE;
	uint32_t c;
	size_t len, n = strlen(s);

	/* a first word with '=' would be an assignment */
	if (n == 0 || (first && (strchr(s, '=') != NULL || is_reserved(s))))
		q = SINGLE;
	for (; n > 0; s += len, n -= len) {
		len = tq_utf8_get(&c, s, n);
		if (len == 0 || tq_utf8_control(c))
			return DOLLAR;
		if (len > 1 || strchr(bare, (int)c) == NULL)
			q = SINGLE;
	}
	return q;
}

static void
put_single(struct tq_buf *b, const char *s)
{
	const char *end;

	tq_buf_byte(b, '\'');
	while ((end = strchr(s, '\'')) != NULL) {
		tq_buf_put(b, s, (size_t)(end - s));
		tq_buf_str(b, "'\\''");
		s = end + 1;
	}
	tq_buf_str(b, s);
	tq_buf_byte(b, '\'');
}

/* Three octal digits are read alike by every shell; \x is not. */
static void
put_dollar(struct tq_buf *b, const char *s)
{
	uint32_t c;
	size_t i, len, n = strlen(s);

	tq_buf_str(b, "$'");
	for (; n > 0; s += len, n -= len) {
		len = tq_utf8_get(&c, s, n);
		if (len == 0 || tq_utf8_control(c)) {
			len = len == 0 ? 1 : len;
			for (i = 0; i < len; i++)
				tq_buf_printf(b, "\\%03o",
				    (unsigned)(unsigned char)s[i]);
			continue;
		}
		if (c == '\'' || c == '\\')
			tq_buf_byte(b, '\\');
		tq_buf_put(b, s, len);
	}
	tq_buf_byte(b, '\'');
}

static void
put_word(struct tq_buf *b, const char *s, int first)
{
	switch (quoting_of(s, first)) {
	case BARE:
		tq_buf_str(b, s);
		break;
	case SINGLE:
		put_single(b, s);
		break;
	case DOLLAR:
		put_dollar(b, s);
		break;
	}
}

void
tq_quote_argv(struct tq_buf *b, int argc, const char *const *argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (i > 0)
			tq_buf_byte(b, ' ');
		put_word(b, argv[i], i == 0);
	}
}

/* Words that follow others. */
static void
put_words(struct tq_buf *b, const char *before, int argc,
    const char *const *argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		tq_buf_str(b, before);
		put_word(b, argv[i], 0);
	}
}

void
tq_quote_task(struct tq_buf *b, const struct tq_task *t)
{
	switch (t->kind) {
	case TQ_KIND_BODY:
	case TQ_KIND_GROUP:
		break;
	case TQ_KIND_COMMAND:
		tq_quote_argv(b, t->argc, t->argv);
		break;
	case TQ_KIND_SHELL:
		tq_buf_str(b, "sh -c");
		put_words(b, " ", 1, t->argv);
		if (t->argc > 1) {
			tq_buf_str(b, " sh");	/* $0 */
			put_words(b, " ", t->argc - 1, t->argv + 1);
		}
		break;
	case TQ_KIND_NAMED:
		put_word(b, t->name, 1);
		put_words(b, " --kw ", t->kwc, t->kwargs);
		put_words(b, " ", t->argc, t->argv);
		break;
	}
}
