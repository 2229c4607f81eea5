/*
 * Looking after a spool: forget what was kept long enough, retire segments,
 * unlink files that no record names, take away tables of spools that are gone,
 * verify the whole.
 */
#define _GNU_SOURCE	/* syncfs(2) */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "spool/file.h"
#include "spool/forget.h"
#include "spool/lock.h"
#include "spool/verb.h"

/*
 * A file that no record names may be a put under way.  One that takes longer
 * looks whether its file is there, under the lock, and stores it again.
 */
#define ORPHAN_AGE	(3600 * TQ_SECOND)
/* Ended tasks that one critical section forgets. */
#define SLICE		256

/* ---- ended tasks ------------------------------------------------------------ */

/* Under the lock: 1 while there may be more. */
static int
forget_slice(struct tq_spool *sp, struct tq_list *l, tq_time now,
    uint64_t *changed)
{
	int64_t max = tq_setting_get(NULL, &sp->t.top->set,
	    TQ_SET_KEEP_OUTCOME);
	struct tq_slot *s;
	int i;

	for (i = 0; i < SLICE; i++) {
		if ((s = tq_table_slot(&sp->t, l->head)) == NULL)
			return 0;
		if (l->n <= max && (s->due == 0 || s->due > now))
			return 0;
		tq_apply_forget(&sp->t, l->head, now, sp);
		(*changed)++;
	}
	return 1;
}

static int
forget_ended(struct tq_spool *sp, uint64_t *changed, struct tq_err *e)
{
	tq_time now;
	int more;

	do {
		now = tq_clock_wall();
		if (tq_core_enter(sp, e) == -1)
			return -1;
		more = forget_slice(sp, &sp->t.top->done, now, changed);
		more |= forget_slice(sp, &sp->t.top->dead, now, changed);
		tq_core_leave(sp);
	} while (more);
	return 0;
}

/*
 * What time and death have changed: 0; 1 not now, for the disk is full and their
 * ENDs find no room; -1.
 */
static int
end_late(struct tq_spool *sp, struct tq_err *e)
{
	if (tq_spool_sweep(sp, e) == -1)
		return errno == ENOSPC ? 1 : -1;
	return tq_timers_turn(sp, e);
}

/* ---- files -------------------------------------------------------------------- */

static int
parse_id(struct tq_uuid *out, const char *name)
{
	unsigned v;
	int i;

	for (i = 0; i < TQ_UUID_SIZE; i++) {
		if (sscanf(name + 2 * i, "%2x", &v) != 1)
			return -1;
		out->b[i] = (unsigned char)v;
	}
	return name[2 * TQ_UUID_SIZE] == '.' ? 0 : -1;
}

/*
 * Unlink a file whose task is not known, so that nothing names it: under the
 * lock, or a record that does might be written meanwhile.  1 if it went.
 */
static int
unlink_orphan(struct tq_spool *sp, const char *name, tq_time now)
{
	struct tq_uuid id;
	struct stat st;
	int gone;

	if (strlen(name) < 2 * TQ_UUID_SIZE + 2 || parse_id(&id, name) == -1 ||
	    fstatat(tq_file_dir(sp), name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    now - (tq_time)st.st_mtime * TQ_SECOND < ORPHAN_AGE)
		return 0;
	if (tq_core_enter(sp, NULL) == -1)
		return 0;
	gone = tq_table_find(&sp->t, &id) == 0 && !sp->t.bad &&
	    tq_sys.unlinkat(tq_file_dir(sp), name, 0) == 0;
	tq_core_leave(sp);
	return gone;
}

static int
unlink_orphans(struct tq_spool *sp, uint64_t *changed, struct tq_err *e)
{
	tq_time now = tq_clock_wall();
	const struct dirent *d;
	DIR *dp;
	int fd;

	fd = openat(tq_file_dir(sp), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dp = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return tq_fail_sys(e, errno, "%s/files", sp->path);
	}
	while ((d = readdir(dp)) != NULL)
		if (d->d_name[0] != '.')
			*changed += (uint64_t)unlink_orphan(sp, d->d_name,
			    now);
	closedir(dp);
	return 0;
}

int
tq_spool_gc(struct tq_spool *sp, uint64_t *changed, struct tq_err *e)
{
	int rv, full;

	/* the dead hold claims, and message queues of which there are few */
	if ((full = end_late(sp, e)) == -1)
		return -1;
	tq_bell_sweep();
	tq_reap(UINT_MAX);
	if (forget_ended(sp, changed, e) == -1)
		return -1;
	/* whether the disk has room for a segment is known by trying */
	if (tq_ledger_wants_segment(&sp->l))
		(void)tq_ledger_prepare(&sp->l, 0, 0, 0, tq_clock_wall(), NULL);
	do {
		rv = tq_retire_step(sp, TQ_RETIRE_IDLE, tq_clock_wall(), e);
	} while (rv == 1);
	if (rv == -1 || unlink_orphans(sp, changed, e) == -1)
		return -1;
	/* what that has freed is theirs now */
	return full && end_late(sp, e) == -1 ? -1 : 0;
}

/* ---- check ---------------------------------------------------------------------- */

/* Let the ledger go on in a fresh segment: 1, -1. */
static int
next_segment(struct tq_spool *sp, struct tq_err *e)
{
	struct tq_turn t = { .rv = 0 };

	while (tq_turn_next(sp, &t, e))
		if ((t.rv = tq_ledger_next(&sp->l, t.now)) == -1)
			tq_fail_sys(e, errno, "%s/ledger", sp->path);
	return t.rv;
}

/* Carry everything into fresh segments, so that the damaged ones go. */
static int
salvage(struct tq_spool *sp, struct tq_err *e)
{
	uint32_t upto;
	int rv;

	if (tq_core_enter(sp, e) == -1)
		return -1;
	/* what the table does not know of the damage it learns here */
	rv = tq_rebuild(sp, e);
	upto = TQ_LSN_SEG(sp->t.top->tail);
	tq_core_leave(sp);
	if (rv == -1 || next_segment(sp, e) != 1)
		return -1;
	while (sp->t.top->base <= upto)
		if (tq_retire_step(sp, TQ_RETIRE_FORCED, tq_clock_wall(),
		    e) == -1)
			return -1;
	if (tq_core_enter(sp, e) == -1)
		return -1;
	sp->t.top->damaged = 0;
	tq_core_leave(sp);
	return 0;
}

/*
 * A damaged tail or head of a segment has been mended by the recovery that met
 * it: no scan finds it again, but what it met counts until it is salvaged.
 */
static int
count_cut(const struct tq_spool *sp, int n, void (*each)(const char *, void *),
    void *arg)
{
	int met = (int)sp->t.top->damaged;
	char text[160];

	if (met <= n)
		return n;
	(void)snprintf(text, sizeof(text), "ledger/%08" PRIx32 ".seg: was "
	    "damaged or missing when it was read last, which is mended; what "
	    "was left of it is in damaged", sp->t.top->where);
	each(text, arg);
	return met;
}

/* What else a person should know of this spool. */
static void
remarks(struct tq_spool *sp, void (*each)(const char *, void *), void *arg)
{
	if (!tq_ledger_in_place(&sp->l))
		each("note: this file system may allocate when a file is "
		    "overwritten, so room for outcomes cannot be reserved",
		    arg);
	if (sp->l.policy != TQ_SYNC_FULL)
		each("note: sync is not 'full': what was accepted last can be "
		    "lost with the machine, not with a process", arg);
}

int
tq_spool_check(struct tq_spool *sp, unsigned flags,
    void (*each)(const char *, void *), void *arg, struct tq_err *e)
{
	char why[256];
	int n;

	if (tq_core_enter(sp, e) == -1)
		return -1;
	n = tq_recover_scan(sp, each, arg, e);
	if (n != -1)
		n = count_cut(sp, n, each, arg);
	if (n == 0 && !tq_table_audit(&sp->t, why, sizeof(why))) {
		each(why, arg);
		n = tq_rebuild(sp, e) == -1 ? -1 : 1;
	}
	tq_core_leave(sp);
	if (n == -1)
		return -1;
	remarks(sp, each, arg);
	if (n > 0 && flags & TQ_CHECK_SALVAGE && salvage(sp, e) == -1)
		return -1;
	return n;
}

int
tq_spool_flush(struct tq_spool *sp, struct tq_err *e)
{
	int policy, rv;

	/* the policy is read on the way in */
	if (tq_core_enter(sp, e) == -1)
		return -1;
	tq_core_leave(sp);
	policy = sp->l.policy;
	sp->l.policy = TQ_SYNC_FULL;
	rv = tq_core_told(sp, e);
	sp->l.policy = policy;
	/* without a policy nobody synced names and files either */
	if (rv == 0 && policy == TQ_SYNC_NONE && syncfs(sp->dirfd) == -1)
		rv = tq_fail_sys(e, errno, "%s: sync", sp->path);
	return rv;
}
