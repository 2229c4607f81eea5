/* Unit tests of lib/spool/record.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc.h"
#include "lib/message/native.h"
#include "lib/spool/record.h"
#include "tests/lib/t.h"

#define BYTES(s)	{ (s), sizeof(s) - 1 }

static const struct tq_uuid id = { "0123456789abcde" };

static const struct tq_rec_put plain = {
	.queue = 7, .pri = 4, .keep = -1, .head = BYTES("\1"),
	.body = BYTES("body")
};

/* All that a task part can hold. */
static const struct tq_rec_put full = {
	.queue = UINT16_MAX, .pri = TQ_PRI_MAX, .flags = TQ_PF_ONCE |
	    TQ_PF_HOLD | TQ_PF_FOREIGN | TQ_PF_BODYFILE | TQ_PF_KEEP,
	.more = BYTES("\1\3key"), .ctx = 3, .uid = 1000, .eta = INT64_MAX, .expires = 5, .keep = 0,
	.body_size = UINT64_MAX, .file = UINT32_MAX,
	.foreign = BYTES("an id of another kind"), .head = BYTES("head")
};

static const struct tq_rec_end outcome = {
	.state = TQ_FAILURE,
	.flags = TQ_EF_CRASH | TQ_EF_CUT | TQ_EF_CAUSE, .attempt = 9,
	.why = TQ_CAUSE_FAILED, .cause = { "edcba9876543210" },
	.files = 8, .prev = UINT64_C(0x0000000700000040), .when = -1,
	.start = 11, .end = INT64_MAX, .out_size = 3, .err_size = 1 << 20,
	.meta = BYTES("meta"), .out = BYTES("out"), .err = BYTES("")
};

static const struct tq_rec_state standing = {
	.state = TQ_RETRY, .pri = 9, .flags = TQ_PF_KEEP, .crashes = 1,
	.laters = 2, .failures = 255, .queue = 4095, .attempt = 65535,
	.row = 1023, .epoch = UINT32_MAX, .due = 1, .start = 2,
	.seq = UINT64_MAX, .put = 3
};

/* The bytes of a record, sealed with what *r says. */
static void
make(struct tq_buf *b, const struct tq_rec *r)
{
	tq_buf_init(b);
	tq_rec_encode(b, r);
	assert_true(tq_buf_ok(b));
	tq_rec_seal(b->p, r, (uint32_t)b->n);
}

/* Let a record say that it is of version 1. */
static void
older(struct tq_buf *b)
{
	b->p[1] = 1;
	tq_set32(b->p + 8, tq_crc32c(tq_crc32c(0, b->p, 8), b->p + 12,
	    b->n - 12));
}

/* Decode bytes whose header holds; what tq_rec_decode() says. */
static int
decode(struct tq_rec *out, const struct tq_buf *b)
{
	memset(out, 0, sizeof(*out));
	assert_int_equal(tq_rec_head(out, b->p, b->n), 0);
	return tq_rec_decode(out, b->p);
}

/* Encode *r, decode it into *out, and encode that to the same bytes. */
static void
there_and_back(struct tq_buf *b, struct tq_rec *out, const struct tq_rec *r)
{
	struct tq_buf again;

	make(b, r);
	assert_int_equal(decode(out, b), 0);
	make(&again, out);
	assert_int_equal(again.n, b->n);
	assert_memory_equal(again.p, b->p, b->n);
	tq_buf_fini(&again);
}

static void
assert_bytes(const struct tq_bytes *have, const struct tq_bytes *want)
{
	assert_int_equal(have->n, want->n);
	assert_memory_equal(have->p, want->p, want->n);
}

/* ---- each type ------------------------------------------------------------ */

static void
header_is_at_its_offsets(void **state)
{
	struct tq_rec r = { .type = TQ_REC_FORGET, .flags = TQ_REC_MORE,
	    .prev = 0x01020304, .salt = 0x05060708, .lag = 0x090a0b0c,
	    .seq = UINT64_C(0x1112131415161718), .time = -2, .id = id };
	static const unsigned char want[TQ_REC_HEAD] = {
		0xb5, 2, TQ_REC_FORGET, 1, 56, 0, 0, 0, 0, 0, 0, 0,
		4, 3, 2, 1, 8, 7, 6, 5, 0x0c, 0x0b, 0x0a, 9,
		0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
		0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct tq_buf b;

	(void)state;
	make(&b, &r);
	assert_int_equal(b.n, TQ_REC_HEAD + TQ_UUID_SIZE);
	assert_memory_equal(b.p, want, 8);
	assert_memory_equal(b.p + 12, want + 12, TQ_REC_HEAD - 12);
	assert_int_equal(tq_le32(b.p + 8), tq_crc32c(tq_crc32c(0, b.p, 8),
	    b.p + 12, b.n - 12));
	tq_buf_fini(&b);
}

static void
header_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_FORGET, .flags = TQ_REC_MORE,
	    .prev = 1, .salt = 2, .lag = 3, .seq = 4, .time = 5, .id = id };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_int_equal(out.type, TQ_REC_FORGET);
	assert_int_equal(out.flags, TQ_REC_MORE);
	assert_int_equal(out.length, b.n);
	assert_int_equal(out.crc, tq_le32(b.p + 8));
	assert_int_equal(out.prev, 1);
	assert_int_equal(out.salt, 2);
	assert_int_equal(out.lag, 3);
	assert_int_equal(out.seq, 4);
	assert_int_equal(out.time, 5);
	assert_memory_equal(&out.id, &id, sizeof(id));
	tq_buf_fini(&b);
}

static void
plain_put_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = plain }, out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_int_equal(out.put.queue, 7);
	assert_int_equal(out.put.pri, 4);
	assert_int_equal(out.put.eta, 0);
	assert_int_equal(out.put.keep, -1);
	assert_int_equal(out.put.foreign.n, 0);
	assert_bytes(&out.put.head, &plain.head);
	assert_bytes(&out.put.body, &plain.body);
	tq_buf_fini(&b);
}

static void
put_of_everything_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = full }, out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_int_equal(out.put.queue, full.queue);
	assert_int_equal(out.put.flags, full.flags);
	assert_int_equal(out.put.ctx, 3);
	assert_int_equal(out.put.uid, 1000);
	assert_true(out.put.eta == full.eta);
	assert_int_equal(out.put.expires, 5);
	assert_int_equal(out.put.keep, 0);
	assert_true(out.put.body_size == UINT64_MAX);
	assert_int_equal(out.put.file, UINT32_MAX);
	assert_bytes(&out.put.foreign, &full.foreign);
	assert_bytes(&out.put.more, &full.more);
	assert_bytes(&out.put.head, &full.head);
	assert_int_equal(out.put.body.n, 0);
	tq_buf_fini(&b);
}

static void
claim_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_CLAIM, .id = id, .capture = 65535,
	    .st = { .row = 1023, .epoch = UINT32_MAX, .attempt = 65535,
	    .flags = TQ_PF_LEASED, .due = 77 } };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_int_equal(out.st.row, 1023);
	assert_int_equal(out.st.epoch, UINT32_MAX);
	assert_int_equal(out.st.attempt, 65535);
	assert_int_equal(out.st.flags, TQ_PF_LEASED);
	assert_int_equal(out.st.due, 77);
	assert_int_equal(out.capture, 65535);
	tq_buf_fini(&b);
}

static void
assert_outcome(const struct tq_rec_end *end)
{
	assert_int_equal(end->state, outcome.state);
	assert_int_equal(end->flags, outcome.flags);
	assert_int_equal(end->attempt, outcome.attempt);
	assert_int_equal(end->files, outcome.files);
	assert_true(end->prev == outcome.prev);
	assert_int_equal(end->when, -1);
	assert_int_equal(end->start, 11);
	assert_true(end->end == INT64_MAX);
	assert_int_equal(end->out_size, 3);
	assert_int_equal(end->err_size, 1 << 20);
	assert_bytes(&end->meta, &outcome.meta);
	assert_bytes(&end->out, &outcome.out);
	assert_int_equal(end->err.n, 0);
}

static void
end_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_END, .id = id, .end = outcome };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_outcome(&out.end);
	tq_buf_fini(&b);
}

static void
assert_standing(const struct tq_rec_state *st)
{
	assert_int_equal(st->state, TQ_RETRY);
	assert_int_equal(st->pri, 9);
	assert_int_equal(st->flags, TQ_PF_KEEP);
	assert_int_equal(st->crashes, 1);
	assert_int_equal(st->laters, 2);
	assert_int_equal(st->failures, 255);
	assert_int_equal(st->queue, 4095);
	assert_int_equal(st->attempt, 65535);
	assert_int_equal(st->row, 1023);
	assert_int_equal(st->epoch, UINT32_MAX);
	assert_int_equal(st->due, 1);
	assert_int_equal(st->start, 2);
	assert_true(st->seq == UINT64_MAX);
	assert_int_equal(st->put, 3);
}

static void
alter_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_ALTER, .id = id, .st = standing,
	    .why = BYTES("held") };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_standing(&out.st);
	assert_bytes(&out.why, &r.why);
	tq_buf_fini(&b);
}

static void
touch_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_TOUCH, .id = id,
	    .st = { .due = INT64_MIN } };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_true(out.st.due == INT64_MIN);
	tq_buf_fini(&b);
}

static void
carry_comes_back_with_its_outcomes(void **state)
{
	struct tq_rec r = { .type = TQ_REC_CARRY, .id = id, .st = standing,
	    .put = full };
	struct tq_rec_end end;
	struct tq_buf b, ends;
	struct tq_rec out;
	struct tq_cur c;

	(void)state;
	tq_buf_init(&ends);
	tq_rec_end_add(&ends, &outcome);
	tq_rec_end_add(&ends, &outcome);
	r.ends.p = (const char *)ends.p;
	r.ends.n = ends.n;
	there_and_back(&b, &out, &r);
	assert_standing(&out.st);
	assert_int_equal(out.put.uid, 1000);
	assert_bytes(&out.put.head, &full.head);
	tq_cur_init(&c, out.ends.p, out.ends.n);
	assert_int_equal(tq_rec_end_next(&end, &c), 1);
	assert_outcome(&end);
	assert_int_equal(tq_rec_end_next(&end, &c), 1);
	assert_outcome(&end);
	assert_int_equal(tq_rec_end_next(&end, &c), 0);
	tq_buf_fini(&b);
	tq_buf_fini(&ends);
}

static void
rows_come_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_QUEUE, .number = UINT32_MAX,
	    .name = BYTES("mail"), .bytes = BYTES("\3settings") };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_int_equal(out.number, UINT32_MAX);
	assert_bytes(&out.name, &r.name);
	assert_bytes(&out.bytes, &r.bytes);
	tq_buf_fini(&b);

	r.type = TQ_REC_RMQ;
	r.bytes.n = 0;
	there_and_back(&b, &out, &r);
	assert_bytes(&out.name, &r.name);
	tq_buf_fini(&b);
}

static void
last_tick_comes_back(void **state)
{
	struct tq_rec r = { .type = TQ_REC_LAST, .id = id,
	    .last = { INT64_MIN, INT64_MAX } }, out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &r);
	assert_memory_equal(&out.id, &id, sizeof(id));
	assert_int_equal(out.last.at, INT64_MIN);
	assert_int_equal(out.last.until, INT64_MAX);
	tq_buf_fini(&b);
	r.last.at = 0;
	make(&b, &r);
	assert_int_equal(decode(&out, &b), -1);
	tq_buf_fini(&b);
}

static void
context_and_base_come_back(void **state)
{
	struct tq_rec ctx = { .type = TQ_REC_CTX, .number = 5,
	    .hash = UINT64_MAX, .bytes = BYTES("/home") };
	struct tq_rec base = { .type = TQ_REC_BASE, .number = 300 }, out;
	struct tq_buf b;

	(void)state;
	there_and_back(&b, &out, &ctx);
	assert_int_equal(out.number, 5);
	assert_true(out.hash == UINT64_MAX);
	assert_bytes(&out.bytes, &ctx.bytes);
	tq_buf_fini(&b);

	there_and_back(&b, &out, &base);
	assert_int_equal(out.number, 300);
	tq_buf_fini(&b);
}

/* ---- what is refused -------------------------------------------------------- */

static void
no_byte_may_change(void **state)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = plain }, out;
	struct tq_buf b;
	size_t i;

	(void)state;
	make(&b, &r);
	for (i = 0; i < b.n; i++) {
		b.p[i] ^= 0x10;
		assert_int_equal(tq_rec_head(&out, b.p, b.n), -1);
		b.p[i] ^= 0x10;
	}
	assert_int_equal(tq_rec_head(&out, b.p, b.n), 0);
	tq_buf_fini(&b);
}

static void
no_part_is_a_record(void **state)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = plain }, out;
	struct tq_buf b;
	size_t n;

	(void)state;
	make(&b, &r);
	for (n = 0; n < b.n; n++)
		assert_int_equal(tq_rec_head(&out, b.p, n), -1);
	tq_buf_fini(&b);
}

/* How many of the lengths below a record's own decode after a new seal. */
static unsigned
count_shorter(const struct tq_rec *r)
{
	unsigned char *p;
	unsigned good = 0;
	struct tq_rec out;
	struct tq_buf b;
	uint32_t n;

	make(&b, r);
	for (n = TQ_REC_HEAD; n < b.n; n++) {
		/* a block of its own: a sanitizer sees a read past its end */
		p = malloc(n);
		assert_non_null(p);
		memcpy(p, b.p, n);
		tq_rec_seal(p, r, n);
		assert_int_equal(tq_rec_head(&out, p, n), 0);
		good += tq_rec_decode(&out, p) == 0;
		free(p);
	}
	tq_buf_fini(&b);
	return good;
}

static void
cut_payload_is_refused(void **state)
{
	struct tq_rec r[] = {
		{ .type = TQ_REC_PUT, .id = id, .put = full },
		{ .type = TQ_REC_CLAIM, .id = id },
		{ .type = TQ_REC_END, .id = id, .end = outcome },
		{ .type = TQ_REC_ALTER, .id = id, .st = standing },
		{ .type = TQ_REC_TOUCH, .id = id },
		{ .type = TQ_REC_FORGET, .id = id },
		{ .type = TQ_REC_CARRY, .id = id, .st = standing,
		    .put = full },
		{ .type = TQ_REC_QUEUE, .number = 300, .name = BYTES("q") },
		{ .type = TQ_REC_RMQ, .number = 300, .name = BYTES("q") },
		{ .type = TQ_REC_CTX, .number = 1, .hash = UINT64_MAX },
		{ .type = TQ_REC_BASE, .number = UINT32_MAX },
		{ .type = TQ_REC_SEAL, .id = id },
		{ .type = TQ_REC_LAST, .id = id, .last = { 1, 2 } },
		{ .type = TQ_REC_GATE, .number = 300, .name = BYTES("q") },
		{ .type = TQ_REC_UNITS, .id = id },
	};
	size_t i;

	(void)state;
	assert_int_equal(T_COUNT(r), TQ_REC_NTYPES - 1);
	for (i = 0; i < T_COUNT(r); i++)
		assert_int_equal(count_shorter(&r[i]), 0);
}

/* A body is the rest of its record: a shorter one is another body. */
static void
only_the_body_may_be_shorter(void **state)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = plain };

	(void)state;
	assert_int_equal(count_shorter(&r), plain.body.n);
}

static void
put_refused(const struct tq_rec_put *put)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = *put }, out;
	struct tq_buf b;

	make(&b, &r);
	assert_int_equal(decode(&out, &b), -1);
	tq_buf_fini(&b);
}

static void
senseless_put_is_refused(void **state)
{
	char long_id[TQ_ID_MAX + 1];
	struct tq_rec_put put = plain;

	(void)state;
	put.pri = TQ_PRI_MAX + 1;
	put_refused(&put);

	memset(long_id, 'x', sizeof(long_id));
	put = full;
	put.foreign.p = long_id;
	put.foreign.n = sizeof(long_id);
	put_refused(&put);

	put = full;
	put.more.p = "\1\4key";
	put_refused(&put);
}

/* Version 1 had no relations, causes, seals and schedules. */
static void
version_1_is_read_without_what_came_later(void **state)
{
	static const struct tq_bytes none;
	struct tq_rec r[] = {
		{ .type = TQ_REC_PUT, .id = id, .put = full },
		{ .type = TQ_REC_END, .id = id, .end = outcome },
		{ .type = TQ_REC_SEAL, .id = id },
		{ .type = TQ_REC_LAST, .id = id, .last = { 1, 2 } },
	}, out;
	struct tq_buf b;
	size_t i;

	(void)state;
	for (i = 0; i < T_COUNT(r); i++) {
		make(&b, &r[i]);
		older(&b);
		assert_int_equal(decode(&out, &b), -1);
		tq_buf_fini(&b);
	}
	r[0].put.more = none;
	r[1].end.flags &= (uint8_t)~TQ_EF_CAUSE;
	for (i = 0; i < 2; i++) {
		make(&b, &r[i]);
		older(&b);
		assert_int_equal(decode(&out, &b), 0);
		assert_int_equal(out.version, 1);
		tq_buf_fini(&b);
	}
}

static void
senseless_state_is_refused(void **state)
{
	struct tq_rec r = { .type = TQ_REC_ALTER, .id = id, .st = standing };
	struct tq_rec out;
	struct tq_buf b;

	(void)state;
	r.st.state = TQ_ABSENT;
	make(&b, &r);
	assert_int_equal(decode(&out, &b), -1);
	tq_buf_fini(&b);

	r.st.state = TQ_NSTATES;
	make(&b, &r);
	assert_int_equal(decode(&out, &b), -1);
	tq_buf_fini(&b);

	r.type = TQ_REC_END;
	r.end.state = TQ_STARTED;
	make(&b, &r);
	assert_int_equal(decode(&out, &b), -1);
	tq_buf_fini(&b);
}

static void
unknown_type_is_refused(void **state)
{
	struct tq_rec r = { .type = TQ_REC_NTYPES, .id = id }, out;
	struct tq_buf b;

	(void)state;
	make(&b, &r);
	assert_int_equal(decode(&out, &b), -1);
	tq_buf_fini(&b);
}

/* ---- sizes and segment headers ----------------------------------------------- */

static void
task_of_100_bytes_takes_184_at_most(void **state)
{
	struct tq_rec r = { .type = TQ_REC_PUT, .id = id, .put = plain };
	static const char body[100];
	struct tq_buf b, head;
	struct tq_task t;

	(void)state;
	tq_task_init(&t);
	tq_buf_init(&head);
	tq_native_head_put(&head, &t);
	r.put.head.p = (const char *)head.p;
	r.put.head.n = head.n;
	r.put.body.p = body;
	r.put.body.n = sizeof(body);
	r.put.ctx = 1;
	r.put.uid = 1000;
	make(&b, &r);
	assert_in_range(TQ_REC_ROOM(b.n), 0, 184);
	tq_buf_fini(&b);
	tq_buf_fini(&head);
}

static void
segment_header_comes_back(void **state)
{
	struct tq_seg_head h = { .version = TQ_FORMAT, .number = 26,
	    .salt = 0xdeadbeef, .size = 1 << 16, .made = -3,
	    .boot = "boot", .sealed = UINT64_C(1) << 40 }, out;
	unsigned char p[TQ_SEG_HEAD];

	(void)state;
	tq_seg_encode(p, &h);
	assert_memory_equal(p, "tq-ledgr\2\0\0\0\32\0\0\0\xef\xbe\xad\xde", 20);
	assert_int_equal(tq_seg_decode(&out, p), 0);
	assert_int_equal(out.number, 26);
	assert_int_equal(out.salt, 0xdeadbeef);
	assert_int_equal(out.size, 1 << 16);
	assert_int_equal(out.made, -3);
	assert_memory_equal(out.boot, h.boot, sizeof(h.boot));
	assert_true(out.sealed == h.sealed);
}

static void
no_byte_of_a_segment_header_may_change(void **state)
{
	struct tq_seg_head h = { .version = TQ_FORMAT, .number = 1 }, out;
	unsigned char p[TQ_SEG_HEAD];
	int i;

	(void)state;
	tq_seg_encode(p, &h);
	for (i = 0; i < TQ_SEG_HEAD; i++) {
		p[i] ^= 1;
		assert_int_equal(tq_seg_decode(&out, p), -1);
		assert_int_equal(errno, EBADMSG);
		p[i] ^= 1;
	}
}

static void
segment_of_a_newer_format_is_named_so(void **state)
{
	struct tq_seg_head h = { .version = TQ_FORMAT + 1, .number = 1 }, out;
	unsigned char p[TQ_SEG_HEAD];

	(void)state;
	tq_seg_encode(p, &h);
	assert_int_equal(tq_seg_decode(&out, p), -1);
	assert_int_equal(errno, EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_at_its_offsets),
		cmocka_unit_test(header_comes_back),
		cmocka_unit_test(plain_put_comes_back),
		cmocka_unit_test(put_of_everything_comes_back),
		cmocka_unit_test(claim_comes_back),
		cmocka_unit_test(end_comes_back),
		cmocka_unit_test(alter_comes_back),
		cmocka_unit_test(touch_comes_back),
		cmocka_unit_test(carry_comes_back_with_its_outcomes),
		cmocka_unit_test(rows_come_back),
		cmocka_unit_test(last_tick_comes_back),
		cmocka_unit_test(context_and_base_come_back),
		cmocka_unit_test(no_byte_may_change),
		cmocka_unit_test(no_part_is_a_record),
		cmocka_unit_test(cut_payload_is_refused),
		cmocka_unit_test(only_the_body_may_be_shorter),
		cmocka_unit_test(senseless_put_is_refused),
		cmocka_unit_test(version_1_is_read_without_what_came_later),
		cmocka_unit_test(senseless_state_is_refused),
		cmocka_unit_test(unknown_type_is_refused),
		cmocka_unit_test(task_of_100_bytes_takes_184_at_most),
		cmocka_unit_test(segment_header_comes_back),
		cmocka_unit_test(no_byte_of_a_segment_header_may_change),
		cmocka_unit_test(segment_of_a_newer_format_is_named_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
