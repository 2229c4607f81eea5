/*
 * Power cuts.  A child puts, ends and forgets tasks while each of its calls
 * that changes the ledger is recorded.  Then, for random points of that
 * record, the disk is made as a power cut there may leave it:
 *
 *	of a file	what a sync covered, and of the writes since then any,
 *			whole, torn at a boundary of 512 bytes, or not at all
 *	of a name	what a sync of the directory covered, and of the changes
 *			since then the first few (ext4 keeps their order)
 *
 * and a fresh process opens it as after another boot.  All that was told by
 * then must be there, and nothing be called damaged.  TQ_SEED repeats a run.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/base/clock.h"
#include "tests/lib/crash.h"

#define CUTS		300
#define CUTS_LONG	10000		/* at most: while there is time */
#define EVENTS		20000
#define BYTES		(32u << 20)
#define SEGMENT		65536
#define FILES		64
#define TASKS		70
#define LIVE		10	/* that have not ended when segments go */
#define SECTOR		512

enum kind {
	WRITE, SYNC, CREATE, RENAME, UNLINK, SYNC_DIR,
	TOLD_PUT, TOLD_END, FORGET
};

struct event {
	enum kind	 kind;
	ino_t		 ino;
	uint32_t	 off, n;	/* WRITE; TOLD_*: n is the task */
	uint32_t	 at;		/* of its bytes */
	char		 name[16], to[16];
};

/* What the child leaves for the parent. */
struct film {
	unsigned	 n;
	uint32_t	 nbytes;
	ino_t		 dir;		/* of the ledger */
	struct event	 v[EVENTS];
	unsigned char	 bytes[BYTES];
};

static struct film *film;
static struct tq_sys real;

/* ---- recording ---------------------------------------------------------- */

static struct event *
shoot(enum kind kind, ino_t ino)
{
	struct event *v = &film->v[film->n];

	if (film->n + 1 >= EVENTS)
		abort();
	v->kind = kind;
	v->ino = ino;
	film->n++;
	return v;
}

static ino_t
ino_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static int
rec_openat(int dirfd, const char *path, int flags, ...)
{
	int fd = real.openat(dirfd, path, flags, 0600);

	if (fd != -1 && flags & O_CREAT && ino_of(dirfd) == film->dir)
		snprintf(shoot(CREATE, ino_of(fd))->name, 16, "%s", path);
	return fd;
}

static ssize_t
rec_pwrite(int fd, const void *p, size_t n, off_t off)
{
	ssize_t rv = real.pwrite(fd, p, n, off);
	struct event *v;

	if (rv <= 0)
		return rv;
	if (film->nbytes + (size_t)rv > BYTES)
		abort();
	v = shoot(WRITE, ino_of(fd));
	v->off = (uint32_t)off;
	v->n = (uint32_t)rv;
	v->at = film->nbytes;
	memcpy(film->bytes + v->at, p, (size_t)rv);
	film->nbytes += (uint32_t)rv;
	return rv;
}

static int
rec_fdatasync(int fd)
{
	int rv = real.fdatasync(fd);

	if (rv == 0)
		shoot(SYNC, ino_of(fd));
	return rv;
}

static int
rec_fsync(int fd)
{
	int rv = real.fsync(fd);

	if (rv == 0)
		shoot(ino_of(fd) == film->dir ? SYNC_DIR : SYNC, ino_of(fd));
	return rv;
}

static int
rec_renameat(int from, const char *old, int to, const char *new)
{
	struct event *v;

	if (ino_of(from) == film->dir) {
		v = shoot(RENAME, 0);
		snprintf(v->name, sizeof(v->name), "%s", old);
		snprintf(v->to, sizeof(v->to), "%s", new);
	}
	return real.renameat(from, old, to, new);
}

static int
rec_unlinkat(int dirfd, const char *path, int flags)
{
	if (ino_of(dirfd) == film->dir)
		snprintf(shoot(UNLINK, 0)->name, 16, "%s", path);
	return real.unlinkat(dirfd, path, flags);
}

static void
told(enum kind kind, unsigned task)
{
	shoot(kind, 0)->n = task;
}

static void
make_spool(struct crash_world *w)
{
	tq_close(crash_open(w));
}

/* Claim one and end it; 1 if there was one. */
static unsigned
end_one(struct crash_world *w, struct tq *tq, struct tq_claim *c)
{
	if (crash_claim(w, tq, c) < 0 || crash_end(w, tq, c, 1200) == -1)
		return 0;
	told(TOLD_END, (unsigned)atoi(c->ref.id.s + 1));
	return 1;
}

static void
live(struct crash_world *w)
{
	struct tq *tq = crash_open(w);
	struct tq_select all = { .nids = 0 };
	struct tq_select ended = { .states = 1u << TQ_SUCCESS };
	struct tq_claim c;
	struct tq_err e;
	unsigned i, k, n, n_ended = 0;

	real = tq_sys;
	tq_sys.openat = rec_openat;
	tq_sys.pwrite = rec_pwrite;
	tq_sys.fdatasync = rec_fdatasync;
	tq_sys.fsync = rec_fsync;
	tq_sys.renameat = rec_renameat;
	tq_sys.unlinkat = rec_unlinkat;
	tq_claim_init(&c);
	for (i = 0; i < TASKS; i += n) {
		n = i % 3 == 0 && i + 4 <= TASKS ? 4 : 1;
		crash_put(w, tq, i, n, i % 5 == 0 ? 700 : 3500);
		for (k = i; k < i + n; k++)
			told(TOLD_PUT, k);
		for (k = i; k < i + n && k % 6 != 0; k++)
			n_ended += end_one(w, tq, &c);
	}
	/* with most of them gone segments go, and take the rest along */
	while (n_ended < TASKS - LIVE && end_one(w, tq, &c))
		n_ended++;
	tq_claim_fini(&c);
	for (i = 0; i < TASKS; i++)
		if (w->task[i].end == CRASH_DONE)
			told(FORGET, i);
	if (tq_do(tq, TQ_DO_FORGET, &ended, NULL, 0, NULL, &e) == -1 ||
	    tq_do(tq, TQ_DO_GC, &all, NULL, 0, NULL, &e) == -1)
		crash_die(w, "forget: %s", e.text);
	for (i = TASKS; i < TASKS + 5; i++) {
		crash_put(w, tq, i, 1, 300);
		told(TOLD_PUT, i);
	}
	tq_close(tq);
}

/* ---- the disk ------------------------------------------------------------- */

struct image {
	ino_t		 ino;
	unsigned char	 safe[SEGMENT];		/* what a sync covered */
	int		 synced;		/* its size too */
};

struct name {
	char		 name[16];
	ino_t		 ino;
};

struct disk {
	struct image	 file[FILES];
	unsigned	 nfiles;
	struct name	 name[FILES];		/* as a sync left them */
	unsigned	 nnames;
	unsigned	 dir_from;		/* first event not synced */
	unsigned	 from[FILES];		/* the same of each file */
};

static struct image *
image_of(struct disk *d, ino_t ino)
{
	unsigned i;

	for (i = 0; i < d->nfiles; i++)
		if (d->file[i].ino == ino)
			return &d->file[i];
	return NULL;
}

static void
name_change(struct disk *d, const struct event *v)
{
	const char *gone = v->kind == CREATE ? v->name :
	    v->kind == RENAME ? v->to : v->name;
	ino_t ino = v->ino;
	unsigned i, k;

	for (i = 0; v->kind == RENAME && i < d->nnames; i++)
		if (strcmp(d->name[i].name, v->name) == 0)
			ino = d->name[i].ino;
	for (i = k = 0; i < d->nnames; i++)
		if (strcmp(d->name[i].name, gone) != 0 &&
		    (v->kind != RENAME ||
		    strcmp(d->name[i].name, v->name) != 0))
			d->name[k++] = d->name[i];
	d->nnames = k;
	if (v->kind == UNLINK)
		return;
	assert_true(k < FILES);
	snprintf(d->name[k].name, sizeof(d->name[k].name), "%s", gone);
	d->name[k].ino = ino;
	d->nnames = k + 1;
}

/* Names changed by events from .. to. */
static void
change_names(struct disk *d, unsigned from, unsigned to)
{
	for (; from < to; from++)
		if (film->v[from].kind == CREATE ||
		    film->v[from].kind == RENAME ||
		    film->v[from].kind == UNLINK)
			name_change(d, &film->v[from]);
}

static void
put_bytes(struct image *f, const struct event *v, uint32_t from, uint32_t to)
{
	assert_true(v->off + to <= SEGMENT);
	memcpy(f->safe + v->off + from, film->bytes + v->at + from, to - from);
}

/* All writes of a file between two events. */
static void
write_all(struct image *f, unsigned from, unsigned to)
{
	for (; from < to; from++)
		if (film->v[from].kind == WRITE && film->v[from].ino == f->ino)
			put_bytes(f, &film->v[from], 0, film->v[from].n);
}

/* Any of the writes, some torn. */
static void
write_some(struct image *f, unsigned from, unsigned to)
{
	const struct event *v;
	uint32_t at, end;

	for (; from < to; from++) {
		v = &film->v[from];
		if (v->kind != WRITE || v->ino != f->ino)
			continue;
		switch (rand() % 3) {
		case 0:
			break;
		case 1:
			put_bytes(f, v, 0, v->n);
			break;
		default:	/* each sector for itself */
			for (at = 0; at < v->n; at = end) {
				end = (v->off + at) / SECTOR * SECTOR +
				    SECTOR - v->off;
				if (end > v->n)
					end = v->n;
				if (rand() % 2)
					put_bytes(f, v, at, end);
			}
		}
	}
}

/* What syncs before event k have made of the disk. */
static void
run_until(struct disk *d, unsigned k)
{
	struct image *f;
	unsigned i;

	for (i = 0; i < k; i++) {
		const struct event *v = &film->v[i];

		if (v->kind == CREATE && image_of(d, v->ino) == NULL) {
			assert_true(d->nfiles < FILES);
			f = &d->file[d->nfiles++];
			memset(f, 0, sizeof(*f));
			f->ino = v->ino;
		}
		if (v->kind == SYNC && (f = image_of(d, v->ino)) != NULL) {
			write_all(f, d->from[f - d->file], i);
			d->from[f - d->file] = i;
			f->synced = 1;
		}
		if (v->kind == SYNC_DIR) {
			change_names(d, d->dir_from, i);
			d->dir_from = i;
		}
	}
}

/* What the cut at k leaves of the rest, and into a directory with it. */
static void
cut_at(struct disk *d, unsigned k, const char *dir)
{
	char ledger[T_PATH_MAX + 8];
	struct image *f;
	unsigned i, upto;

	/* often all: any sync on the file system may have taken them along */
	upto = rand() % 2 ? k :
	    d->dir_from + (unsigned)rand() % (k - d->dir_from + 1);
	change_names(d, d->dir_from, upto);
	snprintf(ledger, sizeof(ledger), "%s/ledger", dir);
	for (i = 0; i < d->nnames; i++) {
		if ((f = image_of(d, d->name[i].ino)) == NULL)
			continue;
		write_some(f, d->from[f - d->file], k);
		/* its size may not be on disk either */
		t_write(ledger, d->name[i].name, f->safe,
		    f->synced || rand() % 2 ? SEGMENT : 0);
	}
}

/* ---- cuts ------------------------------------------------------------------ */

/* The oracle as it stood at event k. */
static void
told_until(struct crash_world *w, const struct crash_world *last, unsigned k)
{
	unsigned i;

	w->ntasks = last->ntasks;
	for (i = 0; i < w->ntasks; i++) {
		w->task[i] = last->task[i];
		w->task[i].put = w->task[i].end = CRASH_ASKED;
	}
	for (i = 0; i < k; i++)
		switch (film->v[i].kind) {
		case TOLD_PUT:
			w->task[film->v[i].n].put = CRASH_DONE;
			break;
		case TOLD_END:
			w->task[film->v[i].n].end = CRASH_DONE;
			break;
		case FORGET:
			w->task[film->v[i].n].put = CRASH_ASKED;
			break;
		default:
			break;
		}
}

/* Segments that went. */
static unsigned
unlinks(void)
{
	unsigned i, n = 0;

	for (i = 0; i < film->n; i++)
		n += film->v[i].kind == UNLINK;
	return n;
}

/* The spool before the film began. */
struct start {
	char		*format, *lock, *segment;
	size_t		 nformat, nlock;
	ino_t		 ino;		/* of the first segment */
};

static void
one_cut(struct crash_world *w, const struct crash_world *last,
    const struct start *s, unsigned k)
{
	static const char *const dirs[] = { "ledger", "files", "live",
	    "damaged" };
	struct disk *d = test_calloc(1, sizeof(*d));
	char path[T_PATH_MAX + 32];
	size_t i;

	crash_again(w);
	for (i = 0; i < T_COUNT(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	t_write(w->dir, "format", s->format, s->nformat);
	t_write(w->dir, "lock", s->lock, s->nlock);
	t_write(w->dir, "owners", "", 0);
	crash_other_boot(w);
	/* what was there before the film began */
	d->nfiles = d->nnames = 1;
	d->file[0].ino = d->name[0].ino = s->ino;
	d->file[0].synced = 1;
	memcpy(d->file[0].safe, s->segment, SEGMENT);
	snprintf(d->name[0].name, sizeof(d->name[0].name), "00000001.seg");
	run_until(d, k);
	cut_at(d, k, w->dir);
	test_free(d);
	told_until(w, last, k);
	w->at = k;
	crash_must(crash_verify, w, "after a power cut");
	crash_must(crash_drain, w, "working off after a power cut");
}

/*
 * Where to cut: anywhere, or, every other time, soon after a file went.  What
 * stood in it must be elsewhere on disk by then, and events are many.
 */
static unsigned
choose_cut(unsigned i)
{
	unsigned k = (unsigned)rand() % (film->n + 1), tries;

	for (tries = 0; i % 2 == 0 && tries < film->n; tries++)
		if (film->v[(k + tries) % film->n].kind == UNLINK) {
			k = (k + tries) % film->n + 1 + (unsigned)rand() % 3;
			break;
		}
	return k < film->n ? k : film->n;
}

static void
power_cut_loses_nothing_that_was_told(void **state)
{
	const char *seed = getenv("TQ_SEED"), *effort = getenv("TQ_CRASH");
	const char *seconds = getenv("TQ_CRASH_SECONDS");
	tq_time until = tq_clock_mono() + TQ_SECOND *
	    (seconds == NULL ? 600 : atoi(seconds));
	unsigned i, cuts = effort != NULL && strcmp(effort, "long") == 0 ?
	    CUTS_LONG : CUTS, first = seed == NULL ? 1 : (unsigned)atoi(seed);
	struct crash_world *w = *state, *last;
	char path[T_PATH_MAX + 32];
	struct start s;
	struct stat st;

	film = mmap(NULL, sizeof(*film), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(film, MAP_FAILED);
	crash_must(make_spool, w, "make a spool");
	s.format = t_read(w->dir, "format", &s.nformat);
	s.lock = t_read(w->dir, "lock", &s.nlock);
	s.segment = t_read(w->dir, "ledger/00000001.seg", NULL);
	snprintf(path, sizeof(path), "%s/ledger/00000001.seg", w->dir);
	assert_int_equal(stat(path, &st), 0);
	s.ino = st.st_ino;
	snprintf(path, sizeof(path), "%s/ledger", w->dir);
	assert_int_equal(stat(path, &st), 0);
	film->dir = st.st_ino;
	crash_must(live, w, "work");
	assert_true(unlinks() >= 2);
	last = test_malloc(sizeof(*last));
	*last = *w;
	for (i = first; i < first + (seed == NULL ? cuts : 1) &&
	    (cuts == CUTS || tq_clock_mono() < until); i++) {
		srand(i);
		print_message("# TQ_SEED=%u\n", i);
		one_cut(w, last, &s, choose_cut(i));
	}
	test_free(last);
	free(s.format);
	free(s.lock);
	free(s.segment);
	munmap(film, sizeof(*film));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CRASH_TEST(power_cut_loses_nothing_that_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
