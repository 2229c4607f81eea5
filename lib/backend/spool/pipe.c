/*
 * A task's stdin out of the outputs of others (-P, chords).
 *
 * The output of one task that is a spool file is handed over as that file, of
 * whatever size.  What has to be put together, or stands in records, goes into
 * memory, and from a size on into a file without a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/spool/local.h"
#include "backend/spool/translate.h"
#include "base/io.h"
#include "message/json.h"
#include "message/native.h"

#define FLUSH_AT	(256u << 10)	/* bytes kept in memory */
#define NEST_MAX	64		/* groups in groups */

/* What is put together. */
struct mix {
	struct tq_local	*l;
	struct tq_buf	*to;
	struct tq_buf	 one;		/* an output */
	int		 fd;		/* -1 until to has been too long */
	struct tq_err	*e;
};

static int
spill(struct mix *m, size_t more_than)
{
	if (!tq_buf_ok(m->to))
		return tq_fail_sys(m->e, ENOMEM, "stdin");
	if (m->to->n <= more_than)
		return 0;
	if (m->fd == -1 && (m->fd = tq_spool_scratch(m->l->sp, m->e)) == -1)
		return -1;
	if (tq_io_write(m->fd, m->to->p, m->to->n) == -1)
		return tq_fail_sys(m->e, errno, "stdin");
	tq_buf_reset(m->to);
	return 0;
}

/* Add an output that is a file. */
static int
add_file(struct mix *m, int fd)
{
	if (spill(m, 0) == -1)
		return -1;
	if (m->fd == -1 && (m->fd = tq_spool_scratch(m->l->sp, m->e)) == -1)
		return -1;
	if (tq_io_copy(m->fd, fd, 0, -1) == -1)
		return tq_fail_sys(m->e, errno, "stdin");
	return 0;
}

/* ---- one outcome -------------------------------------------------------- */

/* 1 if a task has a name: what it writes may be JSON.  0, -1. */
static int
is_named(struct mix *m, const struct tq_spool_source *s)
{
	unsigned char head[8];
	ssize_t n = tq_spool_head(m->l->sp, s, head, sizeof(head), m->e);

	return n == -1 ? -1 :
	    tq_native_head_kind(head, (size_t)n) == TQ_KIND_NAMED;
}

/*
 * An output as a JSON value: what the task returned; what it wrote, if that is
 * JSON and it is a named task's; else a string without its last newline.
 */
static int
add_value(struct mix *m, const struct tq_spool_source *s,
    const struct tq_rec_end *end, struct tq_bytes out)
{
	struct tq_native_sizes sizes;
	struct tq_outcome o;
	int named = 0;

	if (end->meta.n > 0 && tq_native_outcome_get(&o, &sizes, end->meta.p,
	    end->meta.n, NULL) == 0 && o.result.n > 0 &&
	    tq_json_check(o.result.p, o.result.n, NULL) == 0) {
		tq_json_line(m->to, o.result.p, o.result.n);
		return 0;
	}
	if (out.n > 0 && out.p[out.n - 1] == '\n')
		out.n--;
	if (out.n > 0 && tq_json_check(out.p, out.n, NULL) == 0) {
		/* it is a view, and asking for the name moves it */
		tq_buf_reset(&m->one);
		tq_buf_put(&m->one, out.p, out.n);
		out.p = (const char *)m->one.p;
		if (!tq_buf_ok(&m->one))
			return tq_fail_sys(m->e, ENOMEM, "stdin");
		if ((named = is_named(m, s)) == -1)
			return -1;
	}
	if (named)
		tq_json_line(m->to, out.p, out.n);
	else
		tq_json_bytes(m->to, out.p, out.n);
	return 0;
}

/* A long output, read whole: a JSON value stands in memory anyway. */
static int
add_long_value(struct mix *m, const struct tq_spool_source *s,
    const struct tq_spool_output *o, int fd)
{
	struct tq_bytes all;
	ssize_t n;
	char *p;
	int rv;

	if (o->end.out_size > TQ_JSON_TEXT_MAX)
		return tq_fail(m->e, ENOENT, "an output of %llu bytes is no "
		    "JSON value", (unsigned long long)o->end.out_size);
	if ((p = malloc((size_t)o->end.out_size + 1)) == NULL)
		return tq_fail_sys(m->e, ENOMEM, "stdin");
	if ((n = tq_io_pread(fd, p, (size_t)o->end.out_size, 0)) == -1) {
		free(p);
		return tq_fail_sys(m->e, errno, "stdin");
	}
	all.p = p;
	all.n = (size_t)n;
	rv = add_value(m, s, &o->end, all);
	free(p);
	return rv;
}

/* What a task wrote last; that there is nothing says its name. */
static int
get_output(struct mix *m, const struct tq_spool_source *s,
    struct tq_spool_output *o)
{
	struct tq_id id;
	int rv = tq_spool_output(m->l->sp, s, o, m->e);

	if (rv != 1)
		return rv;
	tq_local_name(m->l, &s->id, &id);
	return tq_fail(m->e, ENOENT, "%s: no output of it is kept", id.s);
}

static int
add_output(struct mix *m, const struct tq_spool_source *s, int json)
{
	struct tq_spool_output o;
	int rv = 0;

	/* it returned nothing; of a chord that was let run all the same */
	if (json && s->state != TQ_SUCCESS) {
		tq_json_line(m->to, "null", 4);
		return spill(m, FLUSH_AT);
	}
	if (get_output(m, s, &o) == -1)
		return -1;
	if (o.fd != -1) {
		rv = json ? add_long_value(m, s, &o, o.fd) :
		    add_file(m, o.fd);
		close(o.fd);
	} else if (json)
		rv = add_value(m, s, &o.end, o.end.out);
	else
		tq_buf_put(m->to, o.end.out.p, o.end.out.n);
	return rv == 0 ? spill(m, FLUSH_AT) : -1;
}

/* ---- all of them -------------------------------------------------------- */

static int	add_source(struct mix *m, const struct tq_spool_source *s,
		    int json, int depth);

/* The members of a group: bytes one after the other, values in an array. */
static int
add_group(struct mix *m, const struct tq_uuid *id, int json, int depth)
{
	struct tq_spool_source *v;
	size_t n, i;
	int rv;

	if (depth > NEST_MAX)
		return tq_fail(m->e, ENOENT, "groups stand too deep");
	if (tq_spool_sources(m->l->sp, id, &v, &n, m->e) == -1)
		return -1;
	for (i = 0, rv = 0; rv == 0 && i < n; i++) {
		if (json && depth > 0 && i > 0)
			tq_buf_byte(m->to, ',');
		rv = add_source(m, &v[i], json, depth);
		if (json && depth == 0)
			tq_buf_byte(m->to, '\n');
	}
	free(v);
	return rv;
}

static int
add_source(struct mix *m, const struct tq_spool_source *s, int json,
    int depth)
{
	int rv;

	if (!s->group)
		return add_output(m, s, json);
	if (json)
		tq_buf_byte(m->to, '[');
	rv = add_group(m, &s->id, json, depth + 1);
	if (json)
		tq_buf_byte(m->to, ']');
	return rv;
}

/* Bytes or a descriptor become the task's body. */
static int
hand_over(struct mix *m, struct tq_task *t, struct tq_arena *mem)
{
	if (m->fd != -1) {
		if (spill(m, 0) == -1)
			return -1;
		t->body_fd = m->fd;
		m->fd = -1;
		return 0;
	}
	if (!tq_buf_ok(m->to) || (m->to->n > 0 &&
	    (t->body.p = tq_arena_copy(mem, m->to->p, m->to->n)) == NULL))
		return tq_fail_sys(m->e, ENOMEM, "stdin");
	t->body.n = m->to->n;
	return 0;
}

int
tq_local_pipe(struct tq_local *l, struct tq_task *t, struct tq_arena *mem,
    const struct tq_uuid *from, struct tq_err *e)
{
	struct mix m = { .l = l, .to = &l->bytes, .fd = -1, .e = e };
	int json = (t->flags & TQ_TASK_CHORD) != 0, rv;
	struct tq_spool_source s;
	struct tq_spool_output o;

	tq_buf_reset(&l->bytes);
	tq_buf_init(&m.one);
	if ((rv = tq_spool_source(l->sp, from, &s, e)) == -1)
		return -1;
	if (!s.group && !json) {
		/* the file itself, if it is one */
		if (get_output(&m, &s, &o) == -1)
			return -1;
		if (o.fd != -1) {
			t->body_fd = o.fd;
			return 0;
		}
		tq_buf_put(m.to, o.end.out.p, o.end.out.n);
	} else if (s.group)
		rv = add_group(&m, &s.id, json, 0);
	else {
		rv = add_output(&m, &s, json);
		tq_buf_byte(m.to, '\n');
	}
	if (rv == 0)
		rv = hand_over(&m, t, mem);
	if (m.fd != -1)
		close(m.fd);
	tq_buf_fini(&m.one);
	return rv;
}
