/*
 * Many tasks from records on stdin.
 *
 * A batch borrows from the reader's buffer and from an arena; both are given
 * back when it has been put, so that memory does not grow with the input.
 */
#include "command/many.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "command/patient.h"
#include "command/records.h"
#include "command/status.h"
#include "message/json.h"

struct batch {
	const struct tq_many *m;
	struct tq_records records;
	struct tq_arena	 mem;
	struct tq_task	*tasks;		/* n of max; room for one before, and
					 * behind, for what a group needs */
	struct tq_id	*ids;
	size_t		 n, max;
	size_t		 bytes;		/* of their records */
	uint64_t	 put;		/* in all batches before */
	struct tq_weave	 weave;
	int		 whole;		/* a shape that is put as one */
	struct tq_id	 linked;	/* the last link that was put */
	int		 taken;		/* a key was */
	struct tq_buf	 out;
	int		 progress;	/* show it */
	tq_time		 shown;		/* when it was, monotonic */
};

/* ---- putting --------------------------------------------------------- */

/* Write the ids of the batch in one go. */
static int
print_ids(struct batch *b, size_t n, struct tq_err *e)
{
	size_t i;

	if (b->m->quiet || b->m->shape != TQ_SHAPE_LOOSE)
		return 0;
	tq_buf_reset(&b->out);
	for (i = 0; i < n; i++) {
		tq_buf_str(&b->out, b->ids[i].s);
		tq_buf_byte(&b->out, '\n');
	}
	if (!tq_buf_ok(&b->out))
		return tq_fail_sys(e, ENOMEM, "ids");
	if (tq_io_write(STDOUT_FILENO, b->out.p, b->out.n) == -1)
		return tq_fail(e, EIO, "stdout: %s", strerror(errno));
	return 0;
}

static void
show_progress(struct batch *b)
{
	tq_time now;

	if (!b->progress)
		return;
	now = tq_clock_mono();
	if (now - b->shown < TQ_SECOND)
		return;
	b->shown = now;
	tq_warn("%llu tasks", (unsigned long long)b->put);
}

/* A task of the batch that may not be put is a bad record: which one? */
static int
blame(const struct batch *b, size_t done, struct tq_err *e)
{
	struct tq_err why;
	size_t i;

	if (e->num != EINVAL && e->num != EMSGSIZE)
		return -1;
	for (i = done; i < b->n; i++)
		if (tq_task_check(&b->tasks[i], &why) == -1)
			return tq_fail(e, EBADMSG, "record %llu: %s",
			    (unsigned long long)(b->put + i - done + 1),
			    why.text);
	return -1;
}

/* One by one: a key or an id that is taken stops its own task only. */
static int
put_keyed(struct batch *b, size_t *done, struct tq_err *e)
{
	for (; *done < b->n; (*done)++) {
		if (tq_put(b->m->tq, &b->tasks[*done], b->m->timeout,
		    &b->ids[*done], e) == 0)
			continue;
		if (e->num != EEXIST)
			return -1;
		b->taken = 1;
	}
	return 0;
}

/* 1 if tasks of the batch need each other: they are put whole or not at all. */
static int
is_tied(const struct batch *b)
{
	size_t i;

	if (b->m->shape != TQ_SHAPE_LOOSE)
		return 1;
	for (i = 0; i < b->n; i++)
		if (b->tasks[i].kind == TQ_KIND_GROUP ||
		    b->tasks[i].group != NULL ||
		    (b->m->json && (b->tasks[i].nafter > 0 ||
		    b->tasks[i].pipe != NULL)))
			return 1;
	return 0;
}

/* A batch of what is put as one: nothing is printed before the last. */
static int
flush_group(struct batch *b, int final, struct tq_err *e)
{
	if (tq_weave_put(&b->weave, b->m->tq, b->tasks - 1, b->n, final,
	    b->m->timeout, e) == -1)
		return blame(b, 0, e);
	b->put += b->n;
	b->n = b->bytes = 0;
	tq_arena_reset(&b->mem);
	show_progress(b);
	return 0;
}

static int
flush(struct batch *b, int final, struct tq_err *e)
{
	struct tq_err ignored;
	size_t done;
	int rv;

	if (b->whole)
		return flush_group(b, final, e);
	rv = tq_put_patient(b->m->tq, b->tasks, b->n, b->m->timeout, b->ids,
	    &done, e);
	if (rv == -1 && e->num == EEXIST && !is_tied(b))
		rv = put_keyed(b, &done, e);
	b->put += done;
	if (done > 0 && b->m->shape == TQ_SHAPE_CHAIN)
		b->linked = b->ids[done - 1];
	if (print_ids(b, done, rv == 0 ? e : &ignored) == -1)
		return -1;
	if (rv == -1)
		return blame(b, done, e);
	b->n = b->bytes = 0;
	tq_arena_reset(&b->mem);
	show_progress(b);
	return 0;
}

/* ---- records to tasks ------------------------------------------------ */

static const char *
replace(struct tq_arena *mem, const char *word, const char *what,
    const char *with, size_t len)
{
	size_t n = strlen(what), size = 1, total;
	const char *p, *next;
	char *out, *to;

	for (p = word; (next = strstr(p, what)) != NULL; p = next + n)
		size += (size_t)(next - p) + len;
	total = size + strlen(p);
	to = out = tq_arena_alloc(mem, total);
	if (out == NULL)
		return NULL;
	for (p = word; (next = strstr(p, what)) != NULL; p = next + n) {
		memcpy(to, p, (size_t)(next - p));
		to += next - p;
		memcpy(to, with, len);
		to += len;
	}
	memcpy(to, p, strlen(p) + 1);
	return out;
}

/* The words of the base with the record behind them or among them. */
static int
add_words(struct batch *b, struct tq_task *t, const char *rec, size_t n,
    struct tq_err *e)
{
	const struct tq_many *m = b->m;
	int i, argc = t->argc + (m->replace == NULL);
	const char **argv;

	argv = tq_arena_alloc(&b->mem, ((size_t)argc + 1) * sizeof(*argv));
	if (argv == NULL)
		return tq_fail_sys(e, ENOMEM, "records");
	for (i = 0; i < t->argc; i++) {
		argv[i] = t->argv[i];
		/* a record is never made part of what a shell parses */
		if (m->replace == NULL || (i == 0 && t->kind == TQ_KIND_SHELL))
			continue;
		argv[i] = replace(&b->mem, t->argv[i], m->replace, rec, n);
		if (argv[i] == NULL)
			return tq_fail_sys(e, ENOMEM, "records");
	}
	if (m->replace == NULL)
		argv[i++] = rec;
	argv[i] = NULL;
	t->argc = argc;
	t->argv = argv;
	return 0;
}

static int
add(struct batch *b, const char *rec, size_t n, struct tq_err *e)
{
	struct tq_task *t = &b->tasks[b->n];
	struct tq_err why;
	unsigned long long number = b->put + b->n + 1;

	if (b->m->json) {
		if (tq_json_task_decode(t, &b->mem, rec, n, &why) == -1)
			return tq_fail(e, EBADMSG, "record %llu: %s", number,
			    why.text);
		if (tq_spec_over(b->m->base, t, &b->mem, e) == -1)
			return -1;
	} else {
		if (memchr(rec, '\0', n) != NULL)
			return tq_fail(e, EBADMSG, "record %llu: '%.80s' goes "
			    "on after a NUL byte", number, rec);
		*t = b->m->base->task;
		if (add_words(b, t, rec, n, e) == -1)
			return -1;
	}
	if (tq_weave_add(&b->weave, t, &b->mem, &why) == -1)
		return tq_fail(e, why.num == EINVAL ? EBADMSG : why.num,
		    "record %llu: %s", number, why.text);
	b->n++;
	b->bytes += n;
	return 0;
}

/* ---- the loop -------------------------------------------------------- */

/* Take what was read already; what stands before a bad record is put. */
static int
take(struct batch *b, struct tq_err *e)
{
	struct tq_err first;
	char *rec;
	size_t n;

	while ((rec = tq_records_next(&b->records, &n)) != NULL) {
		if (add(b, rec, n, e) == -1) {
			if (b->n > 0 && !b->whole &&
			    flush(b, 0, &first) == -1)
				*e = first;
			return -1;
		}
		if (b->n == b->max && flush(b, 0, e) == -1)
			return -1;
	}
	return 0;
}

static int
loop(struct batch *b, struct tq_err *e)
{
	int rv;

	for (;;) {
		if (take(b, e) == -1)
			return -1;
		/* a group is put at once if it can be; JSON is copied */
		if (b->n > 0 && !tq_records_ready(&b->records,
		    b->m->json && b->bytes < TQ_MANY_BYTES) &&
		    !b->whole && flush(b, 0, e) == -1)
			return -1;
		rv = tq_records_more(&b->records, e);
		if (rv == -1 && e->num == EMSGSIZE)
			return tq_fail(e, EBADMSG, "record %llu: over %zu "
			    "bytes", (unsigned long long)b->put + 1,
			    b->records.max);
		if (rv == -1)
			return -1;
		if (rv == 0)
			return b->n > 0 || b->whole ?
			    flush(b, 1, e) : 0;
	}
}

/* The one id of a chain, as far as it was put, a group or a chord. */
static int
print_result(struct batch *b, int rv, struct tq_err *e)
{
	struct tq_err why;
	char line[TQ_ID_MAX + 2];
	const char *id = rv == 0 ? tq_weave_result(&b->weave) : b->linked.s;
	int n = snprintf(line, sizeof(line), "%s\n", id);

	if (*id != '\0' && !b->m->quiet &&
	    tq_io_write(STDOUT_FILENO, line, (size_t)n) == -1) {
		tq_fail(&why, EIO, "stdout: %s", strerror(errno));
		if (rv == 0)
			*e = why;
		return -1;
	}
	return rv == 0 && b->taken ? 1 : rv;
}

int
tq_many_put(const struct tq_many *m, struct tq_err *e)
{
	struct batch b = { .m = m, .max = TQ_BATCH_MAX };
	struct tq_task *room;
	int rv = -1;

	tq_records_init(&b.records, STDIN_FILENO, m->delim,
	    m->json ? TQ_JSON_TEXT_MAX : TQ_ARGS_MAX);
	tq_arena_init(&b.mem);
	tq_buf_init(&b.out);
	b.progress = !m->quiet && isatty(STDERR_FILENO) &&
	    !isatty(STDOUT_FILENO);
	b.shown = tq_clock_mono();
	tq_weave_init(&b.weave, m->shape, m->chord, &m->base->task);
	b.whole = m->shape >= TQ_SHAPE_GROUP ||
	    (m->shape == TQ_SHAPE_CHAIN && tq_spool_dir(m->tq) == NULL);
	if (b.whole)
		b.max -= TQ_WEAVE_EXTRA;
	room = reallocarray(NULL, TQ_BATCH_MAX + TQ_WEAVE_EXTRA,
	    sizeof(*b.tasks));
	b.ids = reallocarray(NULL, TQ_BATCH_MAX, sizeof(*b.ids));
	if (room == NULL || b.ids == NULL)
		tq_fail_sys(e, ENOMEM, "records");
	else {
		b.tasks = room + 1;
		rv = loop(&b, e);
		if (rv == 0 || m->shape == TQ_SHAPE_CHAIN)
			rv = print_result(&b, rv, e);
	}
	free(room);
	free(b.ids);
	tq_buf_fini(&b.out);
	tq_arena_fini(&b.mem);
	tq_records_fini(&b.records);
	return rv;
}
