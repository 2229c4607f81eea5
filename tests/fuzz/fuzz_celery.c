/*
 * Fuzz target of what Celery's peers send: envelopes with messages and
 * control requests, results, signatures, events, parts of chords.  Each
 * reader gets each input.
 *
 * What decodes must encode again, decode once more, and then say the same;
 * what does not must say why.  Where there is no libFuzzer each input of the
 * corpus stands for many mutants of it, the same ones every time.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message/celery.h"
#include "lib/message/celery_remote.h"
#include "lib/message/celery_result.h"
#include "lib/message/celery_sig.h"

#define MUTANTS	2500		/* of each input */

/* Only in the driver: libFuzzer makes mutants of its own. */
extern const int fuzz_driver __attribute__((__weak__));

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What every reader works with. */
struct work {
	struct tq_arena	 mem;
	struct tq_celery_bounds bounds;
	struct tq_err	 e;
};

/* A refusal is for ever and has a sentence. */
static void
check_refusal(const struct work *w)
{
	if ((w->e.num != EBADMSG && w->e.num != EMSGSIZE &&
	    w->e.num != ENOTSUP && w->e.num != ENOENT) ||
	    w->e.text[0] == '\0')
		abort();
}

/* What was put, in mem. */
static struct tq_bytes
keep(struct work *w, struct tq_buf *b)
{
	struct tq_bytes out;

	if (!tq_buf_ok(b))
		abort();
	out.n = b->n;
	if ((out.p = tq_arena_copy(&w->mem, b->p, b->n)) == NULL)
		abort();
	tq_buf_fini(b);
	return out;
}

static void
check_same(struct tq_bytes a, struct tq_bytes b)
{
	if (a.n != b.n || memcmp(a.p, b.p, a.n) != 0)
		abort();
}

/* ---- messages --------------------------------------------------------- */

static struct tq_bytes
encode_task(struct work *w, const struct tq_celery_task *t)
{
	struct tq_celery_envelope env;
	struct tq_buf b;

	if (tq_celery_task_wrap(&env, &w->mem, t, 0, &w->e) == -1)
		abort();
	env.delivery_tag = "t";
	env.exchange = "";
	env.routing_key = "q";
	tq_buf_init(&b);
	tq_celery_envelope_encode(&b, &env);
	return keep(w, &b);
}

static void
check_view(struct work *w, const struct tq_celery_task *t)
{
	struct tq_celery_task back;
	struct tq_task view;

	if (tq_celery_task_view(&view, &w->mem, t, &w->e) == -1) {
		check_refusal(w);
		return;
	}
	if (tq_celery_task_from(&back, &w->mem, &view, &w->e) == -1) {
		if (w->e.num != EINVAL)
			abort();
		return;
	}
	encode_task(w, &back);
}

/* A text of ours, decoded and encoded again. */
static struct tq_bytes
again(struct work *w, struct tq_bytes text)
{
	struct tq_celery_bounds wide = w->bounds;
	struct tq_celery_envelope env;
	struct tq_celery_task t;

	/* blanks and nulls that we put count too */
	wide.envelope *= 8;
	wide.body.bytes *= 8;
	wide.body.nodes *= 2;
	if (tq_celery_envelope_decode(&env, &w->mem, text.p, text.n, &wide,
	    &w->e) == -1 || tq_celery_task_decode(&t, &w->mem, &env, &wide,
	    &w->e) == -1)
		abort();
	return encode_task(w, &t);
}

static void
check_task(struct work *w, const struct tq_celery_envelope *env)
{
	struct tq_celery_task t;
	struct tq_bytes text;

	if (tq_celery_task_decode(&t, &w->mem, env, &w->bounds, &w->e) ==
	    -1) {
		check_refusal(w);
		return;
	}
	check_view(w, &t);
	/* the first time reprs may be made, and stand elsewhere then */
	text = again(w, encode_task(w, &t));
	check_same(again(w, text), text);
}

static void
check_request(struct work *w, const struct tq_celery_envelope *env)
{
	struct tq_celery_envelope out;
	struct tq_celery_request q;
	struct tq_celery_reply reply;

	if (tq_celery_request_decode(&q, &w->mem, env, &w->bounds,
	    &w->e) == -1) {
		check_refusal(w);
	} else {
		(void)tq_celery_request_for(&q, "w@h");
		if (tq_celery_request_wrap(&out, &w->mem, &q, &w->e) == -1)
			abort();
	}
	if (tq_celery_reply_decode(&reply, &w->mem, env, &w->bounds,
	    &w->e) == -1)
		check_refusal(w);
}

static void
check_envelope(struct work *w, const char *p, size_t n)
{
	struct tq_celery_envelope env;
	struct tq_buf b;

	if (tq_celery_envelope_decode(&env, &w->mem, p, n, &w->bounds,
	    &w->e) == -1) {
		check_refusal(w);
		return;
	}
	tq_buf_init(&b);
	tq_celery_envelope_encode(&b, &env);
	(void)keep(w, &b);
	check_task(w, &env);
	check_request(w, &env);
}

/* The input as the body of both protocols, and as the arguments of tq.exec. */
static void
check_body(struct work *w, const char *p, size_t n)
{
	static const char *const headers[] = {
		"{}", "{\"task\": \"a.b\", \"id\": \"i\"}",
		"{\"task\": \"" TQ_CELERY_EXEC "\", \"id\": \"i\"}"
	};
	struct tq_celery_envelope env;
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		tq_celery_envelope_init(&env);
		env.content_type = "application/json";
		env.headers.p = headers[i];
		env.headers.n = strlen(headers[i]);
		env.body.p = p;
		env.body.n = n;
		check_task(w, &env);
	}
}

/* ---- JSON that stands alone ------------------------------------------- */

static void
check_meta(struct work *w, const char *p, size_t n)
{
	struct tq_celery_meta meta, back;
	struct tq_bytes text;
	struct tq_buf b;

	if (tq_celery_meta_decode(&meta, &w->mem, p, n, &w->bounds,
	    &w->e) == -1) {
		check_refusal(w);
		return;
	}
	tq_buf_init(&b);
	tq_celery_meta_encode(&b, &meta);
	text = keep(w, &b);
	if (text.n > w->bounds.body.bytes)
		return;
	if (tq_celery_meta_decode(&back, &w->mem, text.p, text.n, &w->bounds,
	    &w->e) == -1) {
		if (w->e.num != EMSGSIZE)
			abort();
		return;
	}
	tq_celery_meta_encode(&b, &back);
	check_same(keep(w, &b), text);
}

static void
check_sig(struct work *w, struct tq_bytes text)
{
	struct tq_celery_sig sig, back;
	struct tq_buf b;

	if (tq_celery_sig_decode(&sig, &w->mem, text, &w->e) == -1) {
		check_refusal(w);
		return;
	}
	tq_buf_init(&b);
	tq_celery_sig_encode(&b, &sig);
	text = keep(w, &b);
	if (tq_celery_sig_decode(&back, &w->mem, text, &w->e) == -1)
		abort();
	tq_celery_sig_encode(&b, &back);
	check_same(keep(w, &b), text);
}

static void
check_event(struct work *w, struct tq_bytes text)
{
	struct tq_celery_event ev, back;
	struct tq_buf b;

	if (tq_celery_event_decode(&ev, &w->mem, text, &w->e) == -1) {
		check_refusal(w);
		return;
	}
	tq_buf_init(&b);
	tq_celery_event_encode(&b, &ev);
	text = keep(w, &b);
	if (tq_celery_event_decode(&back, &w->mem, text, &w->e) == -1)
		abort();
	tq_celery_event_encode(&b, &back);
	check_same(keep(w, &b), text);
}

/* Walk through a value, its compact form and its repr. */
static void
check_value(struct work *w, struct tq_bytes v)
{
	struct tq_bytes compact, again;
	struct tq_celery_tuple tuple;
	struct tq_buf b;

	tq_buf_init(&b);
	tq_scan_compact(&b, v);
	compact = keep(w, &b);
	if (tq_scan_check(&again, compact.p, compact.n, &w->bounds.body,
	    &w->e) == -1 || again.n != compact.n ||
	    tq_scan_count(v) != tq_scan_count(compact))
		abort();
	tq_celery_argsrepr(&b, v);
	(void)keep(w, &b);
	if (tq_celery_tuple_decode(&tuple, &w->mem, v, &w->e) == -1)
		check_refusal(w);
}

static void
check_json(struct work *w, const char *p, size_t n)
{
	const struct tq_bytes *list;
	struct tq_celery_part part;
	struct tq_bytes v;
	size_t i, count;

	if (tq_scan_check(&v, p, n, &w->bounds.body, &w->e) == -1) {
		check_refusal(w);
		return;
	}
	check_value(w, v);
	check_sig(w, v);
	if (tq_celery_event_list(&list, &count, &w->mem, v, &w->e) == -1)
		abort();
	for (i = 0; i < count; i++)
		check_event(w, list[i]);
	if (tq_celery_part_decode(&part, &w->mem, p, n, &w->bounds,
	    &w->e) == -1)
		check_refusal(w);
}

static void
check_input(struct work *w, const char *p, size_t n)
{
	tq_arena_reset(&w->mem);
	check_envelope(w, p, n);
	check_body(w, p, n);
	check_meta(w, p, n);
	check_json(w, p, n);
}

/* ---- mutants ---------------------------------------------------------- */

/* xorshift64: the same mutants on every machine. */
static uint64_t
next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Values that other types, bounds and grammars begin with. */
static const char *const scraps[] = {
	"null", "true", "-1", "0", "1e999", "NaN", "-Infinity", "[]", "{}",
	"\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"x\"", "[null,null]",
	"9223372036854775808", "1E-400", "[[[[", "]", "}", ",", ":", "\"",
	"\\", "\\u", "\xff", "\xed\xa0\x80", "\"base64\"", "\"utf-8\"",
	"\"9999-12-31T23:59:59.999999\"", "\"2026-02-30T00:00:00\"",
	"{\"__type__\":\"uuid\",\"__value__\":{\"hex\":1}}"
};

/* Replace len bytes of the n at p by others; room for all is there. */
static size_t
splice(char *p, size_t n, size_t at, size_t len, const char *by, size_t k)
{
	memmove(p + at + k, p + at + len, n - at - len);
	memcpy(p + at, by, k);
	return n - len + k;
}

/* A place where a value may begin, or any. */
static size_t
place(const char *p, size_t n, uint64_t *seed)
{
	size_t at = next(seed) % n, i;

	for (i = at; i < n && next(seed) % 4 != 0; i++) {
		if (p[i] == ':' || p[i] == '[' || p[i] == ',')
			return i + 1 < n ? i + 1 : i;
	}
	return at;
}

static size_t
mutate(char *p, size_t n, uint64_t *seed)
{
	const char *scrap = scraps[next(seed) %
	    (sizeof(scraps) / sizeof(scraps[0]))];
	size_t at = place(p, n, seed), len;

	len = next(seed) % 24;
	if (len > n - at)
		len = n - at;
	switch (next(seed) % 4) {
	case 0:
		p[at] ^= (char)(1u << next(seed) % 8);
		return n;
	case 1:
		return splice(p, n, at, len, "", 0);
	case 2:
		return splice(p, n, at, 0, scrap, strlen(scrap));
	default:
		return splice(p, n, at, len, scrap, strlen(scrap));
	}
}

static void
check_mutants(struct work *w, const uint8_t *data, size_t size)
{
	uint64_t seed = 88172645463325252u + size;
	size_t n, room = size + 4 * 64;
	char *p;
	int i, k;

	for (i = 0; i < MUTANTS && size > 0 && size < 65536; i++) {
		if ((p = malloc(room)) == NULL)
			abort();
		memcpy(p, data, size);
		n = size;
		for (k = (int)(next(&seed) % 4); k >= 0 && n > 0; k--)
			n = mutate(p, n, &seed);
		check_input(w, p, n);
		free(p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct work w;

	tq_arena_init(&w.mem);
	tq_celery_bounds_init(&w.bounds);
	check_input(&w, (const char *)p, n);
	if (&fuzz_driver != NULL)
		check_mutants(&w, p, n);
	tq_arena_fini(&w.mem);
	return 0;
}
