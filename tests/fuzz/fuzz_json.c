/*
 * Fuzz target of a task as JSON.  What decodes to a task that may be put
 * must encode to one line of text that decodes again, and must survive the
 * record it would be stored in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/json.h"
#include "lib/message/native.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_text(struct tq_arena *mem, const struct tq_task *t)
{
	struct tq_info info;
	struct tq_task back;
	struct tq_buf b;

	memset(&info, 0, sizeof(info));
	info.task = *t;
	tq_buf_init(&b);
	tq_json_task_encode(&b, &info, &t->body);
	if (!tq_buf_ok(&b) || memchr(b.p, '\n', b.n) != NULL ||
	    tq_json_task_decode(&back, mem, (char *)b.p, b.n, NULL) == -1 ||
	    tq_task_check(&back, NULL) == -1 || back.kind != t->kind ||
	    back.flags != t->flags || back.argc != t->argc)
		abort();
	tq_buf_fini(&b);
}

static void
check_record(struct tq_arena *mem, const struct tq_task *t)
{
	struct tq_task back;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_native_head_put(&b, t);
	if (!tq_buf_ok(&b) ||
	    tq_native_head_get(&back, mem, b.p, b.n, NULL) == -1)
		abort();
	tq_buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tq_arena mem;
	struct tq_task t;

	tq_arena_init(&mem);
	if (tq_json_task_decode(&t, &mem, (const char *)p, n, NULL) == 0 &&
	    tq_task_check(&t, NULL) == 0) {
		check_text(&mem, &t);
		check_record(&mem, &t);
	}
	tq_arena_fini(&mem);
	return 0;
}
