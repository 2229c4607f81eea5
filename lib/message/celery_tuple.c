/*
 * Result tuples, in which Celery writes "the result of that task" or "of that
 * group": [[id, parent], null] and [[id, parent], [tuple, ...]], a parent
 * being a tuple or null.
 */
#include <errno.h>
#include <string.h>

#include "message/celery_field.h"
#include "message/celery_result.h"

static void
put_head(struct tq_buf *b, const char *id, const char *parent)
{
	tq_buf_str(b, "[[");
	tq_celery_string_put(b, id);
	tq_buf_str(b, ", ");
	if (parent == NULL)
		tq_buf_str(b, "null");
	else
		tq_celery_tuple_put(b, parent, NULL);
	tq_buf_str(b, "], ");
}

void
tq_celery_tuple_put(struct tq_buf *b, const char *id, const char *parent)
{
	/* no deeper than this: a parent is put without its own */
	put_head(b, id, parent);
	tq_buf_str(b, "null]");
}

void
tq_celery_tuple_put_group(struct tq_buf *b, const char *gid,
    const char *parent, const char *const *ids, size_t n)
{
	size_t i;

	put_head(b, gid, parent);
	tq_buf_byte(b, '[');
	for (i = 0; i < n; i++) {
		tq_celery_comma(b);
		tq_celery_tuple_put(b, ids[i], NULL);
	}
	tq_buf_str(b, "]]");
}

int
tq_celery_tuple_decode(struct tq_celery_tuple *out, struct tq_arena *mem,
    struct tq_bytes text, struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "result tuple", e, 0 };
	struct tq_bytes head;

	memset(out, 0, sizeof(*out));
	if (tq_scan_type(text) != TQ_SCAN_ARRAY || tq_scan_count(text) != 2) {
		tq_celery_want(&r, "it", "an array of two", text);
		return -1;
	}
	head = tq_scan_at(text, 0);
	if (tq_scan_type(head) == TQ_SCAN_ARRAY) {
		out->parent = tq_celery_get_typed(&r, "parent",
		    tq_scan_at(head, 1), TQ_SCAN_ARRAY);
		head = tq_scan_at(head, 0);
	}
	out->id = tq_celery_get_string(&r, "id", head);
	out->members = tq_celery_get_typed(&r, "members",
	    tq_scan_at(text, 1), TQ_SCAN_ARRAY);
	if (out->id == NULL)
		tq_celery_bad(&r, EBADMSG, "id: there is none");
	return r.failed ? -1 : 0;
}

void
tq_celery_group_encode(struct tq_buf *b, const char *gid,
    const char *const *ids, size_t n)
{
	tq_buf_str(b, "{\"result\": ");
	tq_celery_tuple_put_group(b, gid, NULL, ids, n);
	tq_buf_byte(b, '}');
}

int
tq_celery_group_decode(struct tq_celery_tuple *out, struct tq_arena *mem,
    const char *text, size_t n, const struct tq_celery_bounds *bounds,
    struct tq_err *e)
{
	struct tq_bytes all;

	if (tq_scan_check(&all, text, n, &bounds->body, e) == -1)
		return -1;
	return tq_celery_tuple_decode(out, mem, tq_scan_get(all, "result"),
	    e);
}

/* Count the tasks that tuples are of, and put their ids, unless NULL. */
static int
put_ids(size_t *n, struct tq_arena *mem, struct tq_bytes tuples,
    const char **ids)
{
	struct tq_celery_tuple tuple;
	struct tq_bytes v;
	struct tq_scan i;

	if (tq_scan_type(tuples) != TQ_SCAN_ARRAY)
		return tq_fail(NULL, EBADMSG, "no list");
	tq_scan_init(&i, tuples);
	while (tq_scan_next(&i, &v)) {
		if (tq_celery_tuple_decode(&tuple, mem, v, NULL) == -1)
			return -1;
		if (tuple.members.p != NULL) {
			if (put_ids(n, mem, tuple.members, ids) == -1)
				return -1;
			continue;
		}
		if (ids != NULL)
			ids[*n] = tuple.id;
		(*n)++;
	}
	return 0;
}

int
tq_celery_tuple_ids(const char *const **out, size_t *n, struct tq_arena *mem,
    struct tq_bytes tuples)
{
	const char **ids;

	*n = 0;
	if (put_ids(n, mem, tuples, NULL) == -1 ||
	    (ids = tq_arena_alloc(mem, (*n + 1) * sizeof(*ids))) == NULL)
		return -1;
	*n = 0;
	*out = ids;
	return put_ids(n, mem, tuples, ids);
}

/* ---- parts of a chord ------------------------------------------------ */

void
tq_celery_part_encode(struct tq_buf *b, const struct tq_celery_part *part)
{
	tq_buf_str(b, "[1, ");
	tq_celery_string_put(b, part->id);
	tq_buf_str(b, ", ");
	tq_celery_string_put(b, part->status);
	tq_buf_str(b, ", ");
	tq_celery_value_put(b, part->result, "null");
	tq_buf_byte(b, ']');
}

int
tq_celery_part_decode(struct tq_celery_part *out, struct tq_arena *mem,
    const char *text, size_t n, const struct tq_celery_bounds *bounds,
    struct tq_err *e)
{
	struct tq_celery_reader r = { mem, "part of a chord", e, 0 };
	struct tq_bytes all;

	memset(out, 0, sizeof(*out));
	if (tq_scan_check(&all, text, n, &bounds->body, e) == -1)
		return -1;
	if (tq_scan_type(all) != TQ_SCAN_ARRAY || tq_scan_count(all) != 4) {
		tq_celery_want(&r, "it", "an array of four", all);
		return -1;
	}
	out->id = tq_celery_get_string(&r, "id", tq_scan_at(all, 1));
	out->status = tq_celery_get_string(&r, "status", tq_scan_at(all, 2));
	out->result = tq_scan_at(all, 3);
	if (out->id == NULL || out->status == NULL)
		tq_celery_bad(&r, EBADMSG, "there is no id or status");
	return r.failed ? -1 : 0;
}
