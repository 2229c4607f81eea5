/* Dead letters as text. */
#include <string.h>

#include "backend/redis/redis.h"
#include "backend/redis/send.h"
#include "base/clock.h"
#include "message/json.h"

/* How much is kept of a message: whole characters, if it has any. */
static size_t
kept(const struct tq_redis_held *h)
{
	size_t n = TQ_REDIS_DEAD_TEXT;
	int k;

	if (h->n <= n)
		return h->n;
	for (k = 0; k < 3 && ((unsigned char)h->text[n] & 0xc0) == 0x80; k++)
		n--;
	return n;
}

/*
 * {"why": ..., "queue": ..., "worker": ..., "time": ..., "message": text}, and
 * of a text that was cut how long it was: "cut": bytes; its end is written when
 * it is known what became of the rest: "untold": why somebody did not hear
 */
void
tq_redis_letter(struct tq_redis *r, struct tq_buf *b,
    const struct tq_redis_held *h, const char *why)
{
	tq_buf_str(b, "{\"why\": ");
	tq_json_str(b, why, strlen(why));
	tq_buf_str(b, ", \"queue\": ");
	tq_json_str(b, h->queue, strlen(h->queue));
	tq_buf_str(b, ", \"worker\": ");
	tq_json_str(b, r->node, strlen(r->node));
	tq_buf_str(b, ", \"time\": ");
	tq_json_date(b, tq_clock_wall());
	if (kept(h) < h->n)
		tq_buf_printf(b, ", \"cut\": %zu", h->n);
	tq_buf_str(b, ", \"message\": ");
	tq_json_bytes(b, h->text, kept(h));
}

void
tq_redis_bury_add(struct tq_redis *r, struct tq_redis_cmd *cmd)
{
	struct tq_buf b;

	if (r->letter == NULL)
		return;
	tq_buf_init(&b);
	tq_buf_put(&b, r->letter->p, r->letter->n);
	if (r->untold[0] != '\0') {
		tq_buf_str(&b, ", \"untold\": ");
		tq_json_bytes(&b, r->untold, strlen(r->untold));
	}
	tq_buf_str(&b, "}");
	tq_redis_cmd_str(cmd, "L");
	tq_redis_cmd_str(cmd, "");
	tq_redis_cmd_join(cmd, r->place.prefix, "tq.dead", NULL);
	tq_redis_cmd_put(cmd, b.p, b.n);
	tq_redis_cmd_num(cmd, TQ_REDIS_DEAD_MAX);
	if (!tq_buf_ok(&b))
		cmd->bytes.err = b.err;
	tq_buf_fini(&b);
}
