/* The columns of a task, each by itself; see column.h. */
#include "command/column.h"

#include <string.h>

#include "base/id.h"
#include "command/status.h"
#include "message/quote.h"

/* Of an id made by tq, what people type: 32 of its random bits. */
#define TAIL	8

static void
print_id(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->id.s);
}

static void
print_tail(struct tq_print *p, const char *name, const struct tq_row *r)
{
	const char *id = r->info->id.s;
	struct tq_uuid uuid;

	tq_print_str(p, name,
	    tq_uuid_parse(&uuid, id) ? id + strlen(id) - TAIL : id);
}

static void
print_queue(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.queue);
}

static void
print_state(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, tq_state_name(r->info->state));
}

static void
print_pri(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_int(p, name, r->info->task.pri);
}

static void
print_lane(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.lane);
}

static void
print_label(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.label);
}

static void
print_key(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.key);
}

static void
print_group(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.group);
}

static void
print_after(struct tq_print *p, const char *name, const struct tq_row *r)
{
	const struct tq_task *t = &r->info->task;

	if (t->nafter == 0)
		tq_print_none(p, name);
	else
		tq_print_list(p, name, t->after, t->nafter);
}

static void
print_name(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.name);
}

static void
print_cmd(struct tq_print *p, const char *name, const struct tq_row *r)
{
	struct tq_buf b;

	tq_buf_init(&b);
	tq_quote_task(&b, &r->info->task);
	if (!tq_buf_ok(&b))
		tq_die(TQ_EXIT_OS, "%s: %s", r->info->id.s, strerror(b.err));
	if (b.n == 0)
		tq_print_none(p, name);
	else
		tq_print_quoted(p, name, b.p, b.n);
	tq_buf_fini(&b);
}

static void
print_cwd(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.dir);
}

static void
print_put(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_date(p, name, r->info->put);
}

static void
print_eta(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_date(p, name, r->info->eta);
}

static void
print_expires(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_date(p, name, r->info->task.expires);
}

static void
print_start(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_date(p, name, r->info->start);
}

static void
print_end(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_date(p, name, r->info->end_time);
}

/* From the put to the last start, or until now, if these are known. */
static void
print_wait(struct tq_print *p, const char *name, const struct tq_row *r)
{
	const struct tq_info *info = r->info;
	tq_time to = info->start != 0 ? info->start :
	    info->end_time != 0 ? info->end_time : r->now;

	if (info->put == 0 || (info->state == TQ_STARTED && info->start == 0))
		tq_print_none(p, name);
	else
		tq_print_seconds(p, name, to > info->put ? to - info->put : 0);
}

/* From the last start to its end, or until now. */
static void
print_wall(struct tq_print *p, const char *name, const struct tq_row *r)
{
	const struct tq_info *info = r->info;
	tq_time to = info->state == TQ_STARTED ? r->now : info->end_time;

	if (info->start == 0 || to == 0)
		tq_print_none(p, name);
	else
		tq_print_seconds(p, name, to > info->start ? to - info->start :
		    0);
}

/* What an attempt used is known once it has ended. */
static void
print_used(struct tq_print *p, const char *name, const struct tq_row *r,
    tq_time t)
{
	if (r->info->end_time == 0)
		tq_print_none(p, name);
	else
		tq_print_seconds(p, name, t);
}

static void
print_user(struct tq_print *p, const char *name, const struct tq_row *r)
{
	print_used(p, name, r, r->info->end.user);
}

static void
print_sys(struct tq_print *p, const char *name, const struct tq_row *r)
{
	print_used(p, name, r, r->info->end.sys);
}

static void
print_maxrss(struct tq_print *p, const char *name, const struct tq_row *r)
{
	if (r->info->end.maxrss == 0)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, r->info->end.maxrss);
}

static void
print_attempt(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_int(p, name, r->info->attempt);
}

static void
print_retries(struct tq_print *p, const char *name, const struct tq_row *r)
{
	if (r->info->task.retries < 0)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, r->info->task.retries);
}

static void
print_crashes(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_int(p, name, r->info->crashes);
}

static void
print_status(struct tq_print *p, const char *name, const struct tq_row *r)
{
	if (r->info->end_time == 0 || r->info->end.status < 0)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, r->info->end.status);
}

static void
print_signal(struct tq_print *p, const char *name, const struct tq_row *r)
{
	if (r->info->end_time == 0 || r->info->end.signal == 0)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, r->info->end.signal);
}

static void
print_why(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->why);
}

/* Who holds it is remembered while it is held. */
static void
print_worker(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name,
	    r->info->worker[0] != '\0' ? r->info->worker : NULL);
}

static void
print_pid(struct tq_print *p, const char *name, const struct tq_row *r)
{
	if (r->info->pid == 0)
		tq_print_none(p, name);
	else
		tq_print_int(p, name, r->info->pid);
}

static void
print_host(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->host[0] != '\0' ? r->info->host : NULL);
}

static void
print_parent(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.parent);
}

static void
print_root(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->task.root);
}

static void
print_progress(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->progress);
}

static void
print_type(struct tq_print *p, const char *name, const struct tq_row *r)
{
	tq_print_str(p, name, r->info->end.type);
}

/* A JSON value: data of any size, as the streams. */
static void
print_result(struct tq_print *p, const char *name, const struct tq_row *r)
{
	const struct tq_bytes *v = &r->info->end.result;

	if (v->n == 0)
		tq_print_none(p, name);
	else
		tq_print_bytes(p, name, (const unsigned char *)v->p, v->n);
}

int
tq_column_read(struct tq_buf *b, const struct tq_row *r, enum tq_stream stream)
{
	char part[16384];
	ssize_t n = 0;

	while (b->n < TQ_COLUMNS_BYTES && (n = tq_read(r->tq, r->info->id.s,
	    0, stream, b->n, part, sizeof(part), NULL)) > 0)
		tq_buf_put(b, part, (size_t)n);
	if (!tq_buf_ok(b))
		tq_die(TQ_EXIT_OS, "%s: %s", r->info->id.s, strerror(b->err));
	return n == -1 ? -1 : 0;
}

static void
print_stream(struct tq_print *p, const char *name, const struct tq_row *r,
    enum tq_stream stream)
{
	struct tq_buf b;

	tq_buf_init(&b);
	if (tq_column_read(&b, r, stream) == -1)
		tq_print_none(p, name);
	else
		tq_print_bytes(p, name, b.p, b.n);
	tq_buf_fini(&b);
}

static void
print_body(struct tq_print *p, const char *name, const struct tq_row *r)
{
	if (r->info->body_size == 0)
		tq_print_none(p, name);
	else
		print_stream(p, name, r, TQ_STDIN);
}

static void
print_out(struct tq_print *p, const char *name, const struct tq_row *r)
{
	print_stream(p, name, r, TQ_STDOUT);
}

static void
print_err(struct tq_print *p, const char *name, const struct tq_row *r)
{
	print_stream(p, name, r, TQ_STDERR);
}

/* The last TQ_COLUMN_DATA hold data of any size: only -o asks for them. */
static const struct tq_column table[] = {
	{ "id", print_id },
	{ "tail", print_tail },
	{ "queue", print_queue },
	{ "state", print_state },
	{ "pri", print_pri },
	{ "key", print_key },
	{ "label", print_label },
	{ "lane", print_lane },
	{ "name", print_name },
	{ "cmd", print_cmd },
	{ "cwd", print_cwd },
	{ "put", print_put },
	{ "eta", print_eta },
	{ "expires", print_expires },
	{ "start", print_start },
	{ "end", print_end },
	{ "wait", print_wait },
	{ "wall", print_wall },
	{ "user", print_user },
	{ "sys", print_sys },
	{ "maxrss", print_maxrss },
	{ "attempt", print_attempt },
	{ "retries", print_retries },
	{ "crashes", print_crashes },
	{ "status", print_status },
	{ "signal", print_signal },
	{ "why", print_why },
	{ "worker", print_worker },
	{ "pid", print_pid },
	{ "host", print_host },
	{ "group", print_group },
	{ "parent", print_parent },
	{ "root", print_root },
	{ "after", print_after },
	{ "progress", print_progress },
	{ "type", print_type },
	{ "body", print_body },
	{ "out", print_out },
	{ "err", print_err },
	{ "result", print_result },
};

const struct tq_column *
tq_column_table(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

const char *
tq_column_name(const struct tq_column *c)
{
	return c->name;
}

void
tq_column_print(const struct tq_column *c, struct tq_print *p,
    const struct tq_row *r)
{
	c->print(p, c->name, r);
}
