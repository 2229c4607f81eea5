/* Tables and spools for the unit tests of lib/spool. */
#define _GNU_SOURCE	/* memfd_create() */
#include <sys/mman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/spool.h"

void
t_table_make(struct tq_table *t)
{
	int fd = memfd_create("table", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)tq_table_size()), 0);
	assert_int_equal(tq_table_map(t, fd), 0);
	assert_int_equal(tq_table_init(t, fd), 0);
}

void
t_table_free(struct tq_table *t)
{
	munmap(t->top, tq_table_size());
	close(t->fd);
}

struct tq_uuid
t_id(uint32_t n)
{
	struct tq_uuid id;

	/* the bits that the index hashes and those it does not both differ */
	memset(&id, 0x11, sizeof(id));
	tq_set32(id.b, n);
	tq_set32(id.b + 12, n);
	return id;
}

struct tq_spool *
t_spool_open(struct t_spool *f)
{
	struct tq_spool *sp = NULL;

	if (tq_spool_open(&sp, f->dir, 0, &f->e) == -1)
		fail_msg("%s", f->e.text);
	return sp;
}

int
t_setup_spool(void **state)
{
	struct t_spool *f = test_calloc(1, sizeof(*f));

	t_tmpdir(f->tmp);
	snprintf(f->dir, sizeof(f->dir), "%s/spool", f->tmp);
	setenv("TQ_SEGMENT", "64k", 1);
	f->sp = t_spool_open(f);
	/* the tests are about records, not about the disk under them */
	assert_int_equal(tq_spool_set(f->sp, NULL, "sync", "none", &f->e), 0);
	assert_int_equal(tq_spool_set(f->sp, NULL, "floor", "0", &f->e), 0);
	*state = f;
	return 0;
}

int
t_teardown_spool(void **state)
{
	struct t_spool *f = *state;

	/* the message queues of owners that died in a test */
	if (f->sp != NULL)
		(void)tq_spool_sweep(f->sp, NULL);
	tq_spool_close(f->sp);
	t_lose_table(f->dir);
	t_rmdir(f->tmp);
	test_free(f);
	return 0;
}

void
t_spool_put(struct t_spool *f, uint32_t n, const char *queue, size_t body)
{
	struct tq_spool_put p = { .id = t_id(n), .queue = queue,
	    .pri = TQ_PRI_DEFAULT, .keep = -1, .body_fd = -1 };
	size_t which;
	char *bytes;

	bytes = calloc(1, body + 1);
	assert_non_null(bytes);
	p.body.p = bytes;
	p.body.n = body;
	if (tq_spool_put(f->sp, &p, 1, 0, &which, &f->e) == -1)
		fail_msg("put: %s", f->e.text);
	free(bytes);
}

void
t_spool_claim(struct t_spool *f, uint32_t n, const char *queue,
    struct tq_spool_got *got)
{
	struct tq_take take = { .queue = { queue }, .nqueues = 1 };
	struct tq_uuid want = t_id(n);

	assert_int_equal(tq_spool_claim(f->sp, &take, got, &f->e), 1);
	assert_memory_equal(&got->s.id, &want, sizeof(want));
}

void
t_spool_settle(struct t_spool *f, const struct tq_spool_got *got,
    enum tq_state state)
{
	static const int none[2] = { -1, -1 };
	struct tq_rec_end end = { .state = (uint8_t)state };
	int taken[2];

	if (tq_spool_settle(f->sp, &got->s.id, got->slot, got->s.attempt, &end,
	    none, taken, 0, &f->e) == -1)
		fail_msg("settle: %s", f->e.text);
}

void
t_spool_rebuild(struct t_spool *f)
{
	assert_int_equal(tq_core_enter(f->sp, &f->e), 0);
	if (tq_rebuild(f->sp, &f->e) == -1)
		fail_msg("%s", f->e.text);
	tq_core_leave(f->sp);
}
