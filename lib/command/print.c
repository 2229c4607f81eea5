/* Records on stdout, in three forms. */
#include "command/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/io.h"
#include "command/status.h"
#include "message/json.h"
#include "message/quote.h"

#define FLUSH_AT	65536	/* bytes that have gathered */

void
tq_print_init(struct tq_print *p, int fd, enum tq_print_form form)
{
	p->fd = fd;
	p->form = form;
	p->fields = 0;
	p->lost = NULL;
	p->arg = NULL;
	tq_buf_init(&p->buf);
}

void
tq_print_fini(struct tq_print *p)
{
	tq_buf_fini(&p->buf);
}

/* What stands before a field. */
static void
begin(struct tq_print *p, const char *name)
{
	struct tq_buf *b = &p->buf;

	if (p->form == TQ_PRINT_JSON) {
		tq_buf_byte(b, p->fields == 0 ? '{' : ',');
		tq_json_str(b, name, strlen(name));
		tq_buf_byte(b, ':');
	} else if (p->form == TQ_PRINT_TEXT && p->fields > 0)
		tq_buf_byte(b, '\t');
	p->fields++;
}

/* What stands behind it. */
static void
finish(struct tq_print *p)
{
	if (p->form == TQ_PRINT_NUL)
		tq_buf_byte(&p->buf, '\0');
}

void
tq_print_bytes(struct tq_print *p, const char *name, const void *v, size_t n)
{
	begin(p, name);
	switch (p->form) {
	case TQ_PRINT_TEXT:
		/* an empty field would vanish from read(1) with IFS=TAB */
		if (n == 0)
			tq_buf_byte(&p->buf, '-');
		tq_escape(&p->buf, v, n);
		break;
	case TQ_PRINT_NUL:
		tq_buf_put(&p->buf, v, n);
		break;
	case TQ_PRINT_JSON:
		tq_json_bytes(&p->buf, v, n);
		break;
	}
	finish(p);
}

void
tq_print_str(struct tq_print *p, const char *name, const char *s)
{
	if (s == NULL)
		tq_print_none(p, name);
	else
		tq_print_bytes(p, name, s, strlen(s));
}

void
tq_print_quoted(struct tq_print *p, const char *name, const void *v, size_t n)
{
	if (p->form != TQ_PRINT_TEXT || n == 0) {
		tq_print_bytes(p, name, v, n);
		return;
	}
	begin(p, name);
	tq_buf_put(&p->buf, v, n);
	finish(p);
}

/* A number, or whatever else is written alike in every form. */
static void
bare(struct tq_print *p, const char *name, const char *text)
{
	begin(p, name);
	tq_buf_str(&p->buf, text);
	finish(p);
}

void
tq_print_int(struct tq_print *p, const char *name, int64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, v);
	bare(p, name, text);
}

void
tq_print_none(struct tq_print *p, const char *name)
{
	static const char *const none[] = {
		[TQ_PRINT_TEXT] = "-",
		[TQ_PRINT_NUL] = "",
		[TQ_PRINT_JSON] = "null",
	};

	bare(p, name, none[p->form]);
}

void
tq_print_date(struct tq_print *p, const char *name, tq_time t)
{
	char text[40];

	if (t == 0) {
		tq_print_none(p, name);
		return;
	}
	tq_date_format(text, sizeof(text), t);
	tq_print_str(p, name, text);
}

void
tq_print_seconds(struct tq_print *p, const char *name, tq_time t)
{
	char text[40];

	snprintf(text, sizeof(text), "%" PRId64 ".%03d", t / TQ_SECOND,
	    (int)(t % TQ_SECOND / TQ_MS));
	bare(p, name, text);
}

void
tq_print_list(struct tq_print *p, const char *name, const char *const *v,
    size_t n)
{
	struct tq_buf *b = &p->buf;
	size_t i;

	if (n == 0 && p->form == TQ_PRINT_TEXT) {
		tq_print_none(p, name);
		return;
	}
	begin(p, name);
	if (p->form == TQ_PRINT_JSON)
		tq_buf_byte(b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			tq_buf_byte(b, p->form == TQ_PRINT_JSON ? ',' : ' ');
		if (p->form == TQ_PRINT_JSON)
			tq_json_bytes(b, v[i], strlen(v[i]));
		else if (p->form == TQ_PRINT_TEXT)
			tq_escape(b, v[i], strlen(v[i]));
		else
			tq_buf_str(b, v[i]);
	}
	if (p->form == TQ_PRINT_JSON)
		tq_buf_byte(b, ']');
	finish(p);
}

void
tq_print_members(struct tq_print *p, const void *object, size_t n)
{
	const char *text = object;

	/* its closing brace is left to tq_print_end() */
	tq_buf_byte(&p->buf, p->fields == 0 ? '{' : ',');
	tq_buf_put(&p->buf, text + 1, n - 2);
	p->fields++;
}

void
tq_print_header(struct tq_print *p, const char *const *names, size_t n)
{
	size_t i;

	if (p->form == TQ_PRINT_JSON)
		return;
	for (i = 0; i < n; i++)
		tq_print_str(p, names[i], names[i]);
	tq_print_end(p);
}

void
tq_print_indent(struct tq_print *p, unsigned n)
{
	while (n-- > 0)
		tq_buf_byte(&p->buf, ' ');
}

void
tq_print_end(struct tq_print *p)
{
	if (p->form == TQ_PRINT_JSON)
		tq_buf_str(&p->buf, p->fields == 0 ? "{}\n" : "}\n");
	else if (p->form == TQ_PRINT_TEXT)
		tq_buf_byte(&p->buf, '\n');
	p->fields = 0;
	if (p->buf.n >= FLUSH_AT)
		tq_print_flush(p);
}

void
tq_print_lost(struct tq_print *p, int num)
{
	if (p->lost != NULL)
		p->lost(p->arg, num);
	tq_die(TQ_EXIT_IO, "stdout: %s", strerror(num));
}

void
tq_print_flush(struct tq_print *p)
{
	if (!tq_buf_ok(&p->buf))
		tq_die(TQ_EXIT_OS, "stdout: %s", strerror(p->buf.err));
	if (tq_io_write(p->fd, p->buf.p, p->buf.n) == -1)
		tq_print_lost(p, errno);
	tq_buf_reset(&p->buf);
}
