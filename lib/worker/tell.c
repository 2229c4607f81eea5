/* A claimed task as JSON, as handlers and hooks are told it (pure). */
#include "message/json.h"
#include "tell.h"

/* In place of the last brace: what its message says besides. */
static void
put_message(struct tq_buf *out, const struct tq_claim *c)
{
	const struct {
		const char	*name;
		struct tq_bytes	 value;
	} part[] = {
		{ "{\"headers\":", c->headers },
		{ ",\"properties\":", c->properties },
		{ ",\"embed\":", c->embed }
	};
	size_t i;

	if (c->headers.n == 0 || !tq_buf_ok(out))
		return;
	out->n--;
	tq_buf_str(out, ",\"message\":");
	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (part[i].value.n == 0)
			continue;
		tq_buf_str(out, part[i].name);
		tq_json_line(out, part[i].value.p, part[i].value.n);
	}
	tq_buf_str(out, "}}");
}

void
tq_tell_task(struct tq_buf *out, const struct tq_claim *c,
    const struct tq_bytes *body, const struct tq_outcome *end)
{
	struct tq_info info;

	tq_info_init(&info);
	info.id = c->ref.id;
	info.state = TQ_STARTED;
	info.task = c->task;
	info.body_size = c->task.body.n;
	info.attempt = c->ref.attempt;
	info.crashes = c->crashes;
	info.laters = c->laters;
	info.failures = c->failures;
	info.put = c->put;
	info.start = c->start;
	if (end != NULL) {
		info.state = end->state;
		info.end = *end;
		info.why = end->why;
		info.eta = end->when;
	}
	/* a string in place of a number would be another task */
	if (body != NULL) {
		tq_json_task_tell(out, &info, body);
		put_message(out, c);
	} else {
		tq_json_task_encode(out, &info, NULL);
	}
	tq_buf_byte(out, '\n');
}
