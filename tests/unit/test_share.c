/* Unit tests of lib/spool/share.c: one ledger, one table. */
#define _GNU_SOURCE	/* F_OFD_SETLK */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/crc.h"
#include "lib/spool/verb.h"
#include "tests/lib/spool.h"

/* The name of the table that a spool's lock file says; free it. */
static char *
object_of(const char *dir)
{
	char *text = t_read(dir, "lock", NULL), name[64];

	assert_int_equal(sscanf(text, "tq table %63s", name), 1);
	free(text);
	return strdup(name);
}

static void
copy_file(const char *from, const char *to, const char *name)
{
	size_t n;
	char *p = t_read(from, name, &n);

	t_write(to, name, p, n);
	free(p);
}

/* What cp -a makes of a spool: the same bytes in other files. */
static void
copy_spool(const char *from, const char *to)
{
	static const char *const dirs[] = { "", "/ledger", "/files", "/live",
	    "/damaged" };
	static const char *const files[] = { "format", "lock", "owners",
	    "ledger/00000001.seg" };
	char path[2 * T_PATH_MAX];
	size_t i;

	for (i = 0; i < T_COUNT(dirs); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", to, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	for (i = 0; i < T_COUNT(files); i++)
		copy_file(from, to, files[i]);
}

static int
knows(struct tq_spool *sp, uint32_t n)
{
	struct tq_uuid id = t_id(n);

	return tq_table_find(&sp->t, &id) != 0;
}

static void
handles_of_a_process_share_a_table(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *other = t_spool_open(f);

	t_spool_put(f, 1, "q", 1);
	assert_ptr_equal(other->t.top, f->sp->t.top);
	assert_true(knows(other, 1));
	tq_spool_close(other);
	t_spool_put(f, 2, "q", 1);
	assert_true(knows(f->sp, 2));
}

static void
processes_share_a_table(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *sp;
	int status;
	pid_t pid;

	t_spool_put(f, 1, "q", 1);
	tq_spool_close(f->sp);
	f->sp = NULL;
	if ((pid = fork()) == 0)
		_exit(tq_spool_open(&sp, f->dir, 0, NULL) == -1 ? 1 :
		    knows(sp, 1) ? 0 : 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
table_outlives_its_processes(void **state)
{
	struct t_spool *f = *state;
	char *before = object_of(f->dir), *after;

	tq_spool_close(f->sp);
	f->sp = t_spool_open(f);
	after = object_of(f->dir);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void
lost_table_is_made_again(void **state)
{
	struct t_spool *f = *state;
	char *before = object_of(f->dir), *after;

	t_spool_put(f, 1, "q", 1);
	tq_spool_close(f->sp);
	assert_int_equal(shm_unlink(before), 0);
	f->sp = t_spool_open(f);
	after = object_of(f->dir);
	assert_string_not_equal(after, before);
	assert_true(knows(f->sp, 1));
	free(before);
	free(after);
}

/*
 * A put encodes its task before it has the lock; behind the lock there is
 * another table, and a queue that it has to make first.
 */
static void
put_that_meets_another_table_writes_what_it_put(void **state)
{
	struct t_spool *f = *state;
	char *name = object_of(f->dir);

	assert_int_equal(shm_unlink(name), 0);
	f->sp->t.top->retired = 1;
	f->sp->l.begun = 0;	/* as in a process that has written nothing */
	t_spool_put(f, 1, "fresh", 1);
	t_spool_rebuild(f);
	assert_true(knows(f->sp, 1));
	free(name);
}

/* Entries of a directory, or lines of a file. */
static unsigned
count(const char *path)
{
	struct stat st;
	unsigned n = 0;
	DIR *dp;
	FILE *fp;
	int c;

	assert_int_equal(stat(path, &st), 0);
	if (S_ISDIR(st.st_mode)) {
		dp = opendir(path);
		assert_non_null(dp);
		while (readdir(dp) != NULL)
			n++;
		closedir(dp);
		return n;
	}
	fp = fopen(path, "r");
	assert_non_null(fp);
	while ((c = fgetc(fp)) != EOF)
		n += c == '\n';
	fclose(fp);
	return n;
}

static void
failed_open_keeps_nothing(void **state)
{
	struct t_spool *f = *state;
	char *name = object_of(f->dir);
	struct tq_spool *sp;
	unsigned fds, maps = 0, i;
	struct tq_seg_head h = { .version = TQ_FORMAT, .number = 1,
	    .size = 4 * TQ_SEG_MIN };
	unsigned char head[TQ_SEG_HEAD];

	tq_spool_close(f->sp);
	f->sp = NULL;
	assert_int_equal(shm_unlink(name), 0);
	free(name);
	/* it cannot be recovered */
	tq_seg_encode(head, &h);
	t_write(f->dir, "ledger/00000001.seg", head, sizeof(head));
	fds = count("/proc/self/fd");
	for (i = 0; i < 5; i++) {
		assert_int_equal(tq_spool_open(&sp, f->dir, 0, &f->e), -1);
		if (i == 0)	/* the heap has grown by then */
			maps = count("/proc/self/maps");
	}
	assert_int_equal(count("/proc/self/fd"), fds);
	assert_int_equal(count("/proc/self/maps"), maps);
}

/* Two spools that append through one tail would overwrite each other. */
static void
copy_of_a_spool_has_a_table_of_its_own(void **state)
{
	struct t_spool *f = *state;
	char to[T_PATH_MAX + 16], *first = object_of(f->dir), *second;
	struct tq_spool *copy;

	t_spool_put(f, 1, "q", 1);
	(void)snprintf(to, sizeof(to), "%s/copy", f->tmp);
	copy_spool(f->dir, to);
	assert_int_equal(tq_spool_open(&copy, to, 0, &f->e), 0);
	assert_ptr_not_equal(copy->t.top, f->sp->t.top);
	second = object_of(to);
	assert_string_not_equal(second, first);
	assert_true(knows(copy, 1));
	t_spool_put(f, 2, "q", 1);
	assert_false(knows(copy, 2));
	assert_int_equal(tq_share_linked(f->sp), 1);
	tq_spool_close(copy);
	assert_int_equal(shm_unlink(second), 0);
	free(first);
	free(second);
}

static void
senseless_name_is_replaced(void **state)
{
	struct t_spool *f = *state;
	char *before = object_of(f->dir);

	t_spool_put(f, 1, "q", 1);
	tq_spool_close(f->sp);
	assert_int_equal(shm_unlink(before), 0);
	free(before);
	t_write(f->dir, "lock", "tq table /../etc/passwd 1 2 3\n", 30);
	f->sp = t_spool_open(f);
	assert_true(knows(f->sp, 1));
}

static void
object_of_another_inode_is_not_used(void **state)
{
	struct t_spool *f = *state;
	char *name = object_of(f->dir);
	int fd;

	tq_spool_close(f->sp);
	assert_int_equal(shm_unlink(name), 0);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)tq_table_size()), 0);
	f->sp = t_spool_open(f);
	assert_int_equal(f->sp->t.top->magic != 0, 1);
	close(fd);
	(void)shm_unlink(name);
	free(name);
}

/* A copy of a whole disk has the inodes of the first. */
static void
copy_on_another_device_has_a_table_of_its_own(void **state)
{
	struct t_spool *f = *state;
	char *old = object_of(f->dir), *new, *text, *end;
	size_t n;

	tq_spool_close(f->sp);
	text = t_read(f->dir, "lock", &n);
	end = strchr(text, '\n');
	end[-1] = end[-1] == '1' ? '2' : '1';
	t_write(f->dir, "lock", text, n);
	f->sp = t_spool_open(f);
	new = object_of(f->dir);
	assert_string_not_equal(new, old);
	/* the other goes on with its own */
	assert_int_equal(shm_unlink(old), 0);
	free(text);
	free(new);
	free(old);
}

/* Somebody alive uses a table: nobody may make another. */
static void
held_table_is_not_replaced(void **state)
{
	struct t_spool *f = *state;
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = 0, .l_len = 1 };
	char path[T_PATH_MAX + 16];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/lock", f->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), -1);
	tq_spool_close(f->sp);
	f->sp = NULL;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	close(fd);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, t_setup_spool, \
    t_teardown_spool)

/*
 * Make of a spool what tq 0.1 left: every record and its segment say version
 * 1, and the chain of checks runs through them.
 */
static void
make_old(const char *dir)
{
	unsigned char *seg;
	uint32_t at, length, crc = 0;
	char *text, *digit;
	size_t n;

	seg = (unsigned char *)t_read(dir, "ledger/00000001.seg", &n);
	tq_set32(seg + 8, 1);
	tq_set32(seg + 60, tq_crc32c(0, seg, 60));
	for (at = TQ_SEG_HEAD; at + TQ_REC_HEAD <= n && seg[at] == TQ_REC_MAGIC;
	    at += (uint32_t)TQ_REC_ROOM(length)) {
		length = tq_le32(seg + at + 4);
		seg[at + 1] = 1;
		tq_set32(seg + at + 12, crc);
		crc = tq_crc32c(tq_crc32c(0, seg + at, 8), seg + at + 12,
		    length - 12);
		tq_set32(seg + at + 8, crc);
	}
	t_write(dir, "ledger/00000001.seg", seg, n);
	free(seg);
	text = t_read(dir, "format", &n);
	digit = strstr(text, "spool 2");
	assert_non_null(digit);
	digit[6] = '1';
	t_write(dir, "format", text, n);
	free(text);
}

static void
spool_of_version_1_is_taken_over(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool_got got;
	char *object, *text;

	t_spool_put(f, 1, "q", 10);
	t_spool_put(f, 2, "q", 0);
	t_spool_claim(f, 1, "q", &got);
	t_spool_settle(f, &got, TQ_SUCCESS);
	tq_spool_close(f->sp);
	f->sp = NULL;
	object = object_of(f->dir);
	assert_int_equal(shm_unlink(object), 0);
	free(object);
	make_old(f->dir);

	f->sp = t_spool_open(f);
	assert_true(knows(f->sp, 1));
	t_spool_claim(f, 2, "q", &got);
	/* an older tq must not write behind what it cannot read */
	text = t_read(f->dir, "format", NULL);
	assert_non_null(strstr(text, "tq spool 2\n"));
	free(text);

	/* records of both versions in one segment, once more from the start */
	t_spool_put(f, 3, "q", 5);
	tq_spool_close(f->sp);
	f->sp = NULL;
	object = object_of(f->dir);
	assert_int_equal(shm_unlink(object), 0);
	free(object);
	f->sp = t_spool_open(f);
	assert_true(knows(f->sp, 1) && knows(f->sp, 2) && knows(f->sp, 3));
	assert_int_equal(f->sp->t.top->damaged, 0);
}

static void
spool_of_a_newer_format_is_refused(void **state)
{
	struct t_spool *f = *state;
	struct tq_spool *sp;
	char *text;
	size_t n;

	text = t_read(f->dir, "format", &n);
	*strstr(text, "2\n") = '3';
	t_write(f->dir, "format", text, n);
	free(text);
	assert_int_equal(tq_spool_open(&sp, f->dir, 0, &f->e), -1);
	assert_int_equal(errno, EPROTO);
	assert_non_null(strstr(f->e.text, "format 3"));
	assert_non_null(strstr(f->e.text, "reads formats 1 to 2"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handles_of_a_process_share_a_table),
		TEST(processes_share_a_table),
		TEST(table_outlives_its_processes),
		TEST(lost_table_is_made_again),
		TEST(copy_of_a_spool_has_a_table_of_its_own),
		TEST(senseless_name_is_replaced),
		TEST(object_of_another_inode_is_not_used),
		TEST(put_that_meets_another_table_writes_what_it_put),
		TEST(copy_on_another_device_has_a_table_of_its_own),
		TEST(held_table_is_not_replaced),
		cmocka_unit_test_setup_teardown(
		    spool_of_version_1_is_taken_over, t_setup_spool,
		    t_teardown_spool),
		cmocka_unit_test_setup_teardown(failed_open_keeps_nothing,
		    t_setup_spool, t_teardown_spool),
		cmocka_unit_test_setup_teardown(
		    spool_of_a_newer_format_is_refused, t_setup_spool,
		    t_teardown_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
