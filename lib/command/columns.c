/* Columns of tasks, side by side; see columns.h. */
#include "command/columns.h"

#include <sys/stat.h>

#include <string.h>

#include "command/column.h"
#include "command/status.h"
#include "message/json.h"
#include "message/scan.h"

static const struct tq_column *
find(const char *name, size_t len)
{
	const struct tq_column *table;
	size_t n, i;

	table = tq_column_table(&n);
	for (i = 0; i < n; i++)
		if (strlen(table[i].name) == len &&
		    memcmp(table[i].name, name, len) == 0)
			return &table[i];
	return NULL;
}

/* All but the last few. */
static void
first(struct tq_columns *c, size_t but)
{
	const struct tq_column *table;
	size_t n;

	table = tq_column_table(&n);
	for (c->n = 0; c->n < n - but; c->n++)
		c->v[c->n] = &table[c->n];
}

void
tq_columns_parse(struct tq_columns *c, const char *opt, const char *list)
{
	const char *p = list;
	size_t n;

	if (strcmp(list, "all") == 0) {
		first(c, 0);
		return;
	}
	for (c->n = 0;; p += n + 1) {
		n = strcspn(p, ",");
		if (c->n == TQ_COLUMNS_MAX)
			tq_die(TQ_EXIT_USAGE, "%s: more than %d columns", opt,
			    TQ_COLUMNS_MAX);
		c->v[c->n] = find(p, n);
		if (c->v[c->n++] == NULL)
			tq_die(TQ_EXIT_USAGE, "%s: '%.*s' is not a column",
			    opt, (int)n, p);
		if (p[n] == '\0')
			return;
	}
}

void
tq_columns_most(struct tq_columns *c)
{
	first(c, TQ_COLUMN_DATA);
}

void
tq_columns_header(const struct tq_columns *c, struct tq_print *p)
{
	const char *names[TQ_COLUMNS_MAX];
	size_t i;

	for (i = 0; i < c->n; i++)
		names[i] = c->v[i]->name;
	tq_print_header(p, names, c->n);
}

void
tq_columns_print(const struct tq_columns *c, struct tq_print *p,
    const struct tq_row *r)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		tq_column_print(c->v[i], p, r);
	tq_print_end(p);
}

/* The whole task as the JSON record that tqput -mJ takes. */
static void
encode(struct tq_buf *text, const struct tq_row *r)
{
	struct tq_bytes body;
	struct tq_buf b;

	tq_buf_init(&b);
	if (r->info->body_size <= TQ_COLUMNS_BYTES)
		(void)tq_column_read(&b, r, TQ_STDIN);
	body = (struct tq_bytes){ (const char *)b.p, b.n };
	tq_json_task_encode(text, r->info,
	    b.n == r->info->body_size ? &body : NULL);
	if (!tq_buf_ok(text))
		tq_die(TQ_EXIT_OS, "%s: %s", r->info->id.s,
		    strerror(text->err));
	tq_buf_fini(&b);
}

void
tq_columns_whole(struct tq_print *p, const struct tq_row *r)
{
	struct tq_buf text;

	tq_buf_init(&text);
	encode(&text, r);
	tq_print_members(p, text.p, text.n);
	tq_print_end(p);
	tq_buf_fini(&text);
}

/* A column may show a member otherwise, or more of it; a body stands here. */
static int
is_shown(struct tq_bytes name)
{
	return !tq_scan_says(name, "body") &&
	    find(name.p + 1, name.n - 2) != NULL;
}

void
tq_columns_all(const struct tq_columns *c, struct tq_print *p,
    const struct tq_row *r)
{
	struct tq_bytes name, value;
	struct tq_buf text, rest;
	struct tq_scan scan;
	size_t i;

	tq_buf_init(&text);
	tq_buf_init(&rest);
	for (i = 0; i < c->n; i++)
		tq_column_print(c->v[i], p, r);
	encode(&text, r);
	tq_scan_init(&scan, (struct tq_bytes){ (const char *)text.p, text.n });
	while (tq_scan_member(&scan, &name, &value)) {
		if (is_shown(name))
			continue;
		tq_buf_byte(&rest, rest.n == 0 ? '{' : ',');
		tq_buf_put(&rest, name.p, name.n);
		tq_buf_byte(&rest, ':');
		tq_buf_put(&rest, value.p, value.n);
	}
	tq_buf_byte(&rest, '}');
	if (!tq_buf_ok(&rest))
		tq_die(TQ_EXIT_OS, "%s: %s", r->info->id.s,
		    strerror(rest.err));
	if (rest.n > 1)
		tq_print_members(p, rest.p, rest.n);
	tq_print_end(p);
	tq_buf_fini(&text);
	tq_buf_fini(&rest);
}

void
tq_columns_claim(struct tq_info *out, const struct tq_claim *c)
{
	struct stat st;

	out->id = c->ref.id;
	out->state = TQ_STARTED;
	out->task = c->task;
	out->task.body_fd = -1;
	out->body_size = c->task.body.n;
	if (c->task.body_fd != -1 && fstat(c->task.body_fd, &st) == 0)
		out->body_size = (uint64_t)st.st_size;
	tq_outcome_init(&out->end, TQ_STARTED);
	out->attempt = c->ref.attempt;
	out->crashes = c->crashes;
	out->laters = c->laters;
	out->failures = c->failures;
	out->put = c->put;
	out->eta = c->task.eta;
	out->start = c->start;
}
