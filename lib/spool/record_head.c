/* The heads of records and segments, and their CRCs; see record.h. */
#include "spool/record.h"

#include <errno.h>
#include <string.h>

#include "base/crc.h"

uint32_t
tq_rec_seal(unsigned char *p, const struct tq_rec *r, uint32_t length)
{
	uint32_t crc;

	p[0] = TQ_REC_MAGIC;
	p[1] = TQ_FORMAT;
	p[2] = r->type;
	p[3] = r->flags;
	tq_set32(p + 4, length);
	tq_set32(p + 12, r->prev);
	tq_set32(p + 16, r->salt);
	tq_set32(p + 20, r->lag);
	tq_set64(p + 24, r->seq);
	tq_set64(p + 32, (uint64_t)r->time);
	crc = tq_crc32c(tq_crc32c(0, p, 8), p + 12, length - 12);
	tq_set32(p + 8, crc);
	return crc;
}

int
tq_rec_head(struct tq_rec *r, const unsigned char *p, size_t n)
{
	uint32_t length, crc;

	if (n < TQ_REC_HEAD || p[0] != TQ_REC_MAGIC || p[1] < TQ_FORMAT_OLD ||
	    p[1] > TQ_FORMAT)
		return -1;
	length = tq_le32(p + 4);
	if (length < TQ_REC_HEAD || length > n)
		return -1;
	crc = tq_crc32c(tq_crc32c(0, p, 8), p + 12, length - 12);
	if (crc != tq_le32(p + 8))
		return -1;
	r->version = p[1];
	r->type = p[2];
	r->flags = p[3];
	r->length = length;
	r->crc = crc;
	r->prev = tq_le32(p + 12);
	r->salt = tq_le32(p + 16);
	r->lag = tq_le32(p + 20);
	r->seq = tq_le64(p + 24);
	r->time = (tq_time)tq_le64(p + 32);
	return 0;
}

int
tq_rec_seems(const unsigned char *p, uint32_t salt)
{
	return p[0] == TQ_REC_MAGIC && tq_le32(p + 16) == salt;
}

void
tq_seg_encode(unsigned char p[TQ_SEG_HEAD], const struct tq_seg_head *h)
{
	memset(p, 0, TQ_SEG_HEAD);
	memcpy(p, TQ_SEG_MAGIC, 8);
	tq_set32(p + 8, h->version);
	tq_set32(p + 12, h->number);
	tq_set32(p + 16, h->salt);
	tq_set32(p + 20, h->size);
	tq_set64(p + 24, (uint64_t)h->made);
	memcpy(p + 32, h->boot, sizeof(h->boot));
	tq_set64(p + 48, h->sealed);
	tq_set32(p + 60, tq_crc32c(0, p, 60));
}

int
tq_seg_decode(struct tq_seg_head *h, const unsigned char p[TQ_SEG_HEAD])
{
	if (memcmp(p, TQ_SEG_MAGIC, 8) != 0 ||
	    tq_le32(p + 60) != tq_crc32c(0, p, 60)) {
		errno = EBADMSG;
		return -1;
	}
	h->version = tq_le32(p + 8);
	h->number = tq_le32(p + 12);
	h->salt = tq_le32(p + 16);
	h->size = tq_le32(p + 20);
	h->made = (tq_time)tq_le64(p + 24);
	memcpy(h->boot, p + 32, sizeof(h->boot));
	h->sealed = tq_le64(p + 48);
	if (h->version < TQ_FORMAT_OLD || h->version > TQ_FORMAT) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}
