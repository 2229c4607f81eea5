/*
 * storm [-n tasks] [-p pause] [-s seed] dir log
 *
 * Four putters, three workers and a tqrun in one spool, and a killer that ends
 * one of them with SIGKILL every 5 to 50 ms, until all tasks are put; then the
 * dying stops and what is left is worked off.  Every 8th put is followed by a
 * pause, of that many milliseconds on the average, lest the storm be over
 * before anybody died.
 *
 * The oracle is `log`, outside the queue: who was told something appends a
 * line, PUT id, START id attempt or END id attempt.  (A line is one write() to
 * a file opened with O_APPEND: it survives whoever is killed.)  At the end
 * every task of a PUT has ended, was started, and has the result of its one
 * END; a failure has seen three deaths.  Also watched for: two live owners of
 * a task at one time, two in a lane, too many of a name with a cap, a process
 * that makes no step for 5 s, damage.
 *
 * As "storm -x log id" it is the command that tqrun runs.
 */
#include <err.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tq/tq.h>

#include "lib/base/clock.h"
#include "tests/lib/storm.h"

#define PUTTERS		4
#define WORKERS		3
#define RUNNER		(PUTTERS + WORKERS)	/* the place of tqrun */
#define CREW		(RUNNER + 1)
#define TASKS_MAX	20000
#define USAGE	"usage: storm [-n tasks] [-p pause] [-s seed] dir log"
#define DEATHS		3		/* of workers make a failure */
#define LANES		3		/* that some tasks are in */
#define CAP		1		/* of tasks of one name: storm.sh */

/* What outlives all that are killed, beside storm_sea. */
struct sea {
	unsigned	 ntasks;
	unsigned	 pause;		/* milliseconds */
	_Atomic unsigned next[PUTTERS];	/* tasks of each that were put */
	_Atomic unsigned owner[TASKS_MAX];	/* life * CREW + place, 0 */
	_Atomic unsigned lane[LANES];	/* who runs a task of it, as owner */
	_Atomic unsigned capped[CAP];	/* who runs tasks of the name */
};

static struct sea *sea;
static const char *self, *logpath;

/* ---- crew -------------------------------------------------------------- */

static const char *const lane_of[LANES] = { "left", "middle", "right" };

/* Every tenth task is a command for tqrun, some have long bodies. */
static void
fill(struct tq_task *t, char id[32], unsigned number, const char **argv)
{
	static const char body[20000] = "body";

	snprintf(id, 32, "storm.%u", number);
	tq_task_init(t);
	t->id = id;
	t->body.p = body;
	t->body.n = number % 50 == 7 ? sizeof(body) : number % 8 == 3 ? 3000 :
	    100;
	if (number % 3 == 1)
		t->lane = lane_of[number / 3 % LANES];
	if (number % 3 == 2) {
		t->kind = TQ_KIND_NAMED;
		t->name = "capped";
	}
	if (number % 10 != 0)
		return;
	t->kind = TQ_KIND_BODY;
	t->name = t->lane = NULL;
	t->queue = "cmd";
	t->kind = TQ_KIND_COMMAND;
	t->flags = TQ_TASK_LOCAL;
	argv[0] = self;
	argv[1] = "-x";
	argv[2] = logpath;
	argv[3] = id;
	t->argc = 4;
	t->argv = argv;
}

/* Its tasks are place, place + 4, ...; some put several at once. */
static void
putter(unsigned place)
{
	struct tq *tq = storm_open(place == 1 ? TQ_OPEN_ONESHOT : 0);
	unsigned per = sea->ntasks / PUTTERS, batch = place == 0 ? 5 : 1, i, n;
	const char *argv[5][4];
	struct tq_task t[5];
	struct tq_id out[5];
	char id[5][32];
	struct tq_err e;

	for (i = sea->next[place]; i < per; i += n) {
		for (n = 0; n < batch && i + n < per; n++)
			fill(&t[n], id[n], (i + n) * PUTTERS + place, argv[n]);
		/* put before, by one who died before he could say so */
		if (tq_put_many(tq, t, n, TQ_SECOND, out, &e) == -1 &&
		    errno != EEXIST) {
			storm_wrong("put %s: %s", id[0], e.text);
			_exit(1);
		}
		for (unsigned k = 0; k < n; k++)
			storm_note("PUT %s %u", id[k], 0);
		sea->next[place] = i + n;
		storm_sea->beat[place] = tq_clock_mono();
		if (storm_any(8) == 0)
			storm_nap((tq_time)storm_any(2 * sea->pause + 1) * TQ_MS);
	}
	tq_close(tq);
}

/* It is mine now: is there somebody alive who thinks so too? */
static void
take_over(unsigned task, unsigned place)
{
	unsigned was = atomic_exchange(&sea->owner[task],
	    storm_sea->life[place] * CREW + place);

	if (was != 0 && was / CREW > storm_sea->dead[was % CREW])
		storm_wrong("storm.%u: two owners, %u is alive", task, was % CREW);
}

static int
is_alive(unsigned who)
{
	return who != 0 && who / CREW > storm_sea->dead[who % CREW];
}

/* The lane and the cap of the task are ours: whose were they? */
static void
take_gates(const struct tq_task *t, unsigned place)
{
	unsigned me = storm_sea->life[place] * CREW + place, was, i;

	for (i = 0; t->lane != NULL && i < LANES; i++)
		if (strcmp(t->lane, lane_of[i]) == 0) {
			was = atomic_exchange(&sea->lane[i], me);
			if (is_alive(was))
				storm_wrong("%s: two in lane %s, %u is alive", t->id,
				    t->lane, was % CREW);
		}
	for (i = 0; t->name != NULL && i < CAP; i++) {
		was = sea->capped[i];
		if (!is_alive(was) && atomic_compare_exchange_strong(
		    &sea->capped[i], &was, me))
			return;
	}
	if (t->name != NULL)
		storm_wrong("%s: more than %d of the name run", t->id, CAP);
}

static void
give_gates(unsigned place)
{
	unsigned me = storm_sea->life[place] * CREW + place, i, was;

	for (i = 0; i < LANES; i++) {
		was = me;
		atomic_compare_exchange_strong(&sea->lane[i], &was, 0);
	}
	for (i = 0; i < CAP; i++) {
		was = me;
		atomic_compare_exchange_strong(&sea->capped[i], &was, 0);
	}
}

static void
work_on(struct tq *tq, const struct tq_claim *c, unsigned place)
{
	unsigned task = (unsigned)strtoul(c->ref.id.s + 6, NULL, 10);
	struct tq_outcome o;
	struct tq_err e;
	char text[64];

	if (task >= sea->ntasks)
		errx(1, "%s: nobody put that", c->ref.id.s);
	take_over(task, place);
	take_gates(&c->task, place);
	storm_note("START %s %u", c->ref.id.s, c->ref.attempt);
	if (storm_any(2))
		storm_nap(storm_any(2000) * (TQ_MS / 1000));
	tq_outcome_init(&o, TQ_SUCCESS);
	o.status = 0;
	o.out.p = text;
	o.out.n = (size_t)snprintf(text, sizeof(text), "%s %u\n", c->ref.id.s,
	    c->ref.attempt);
	sea->owner[task] = 0;
	give_gates(place);
	if (tq_settle(tq, &c->ref, &o, storm_any(4) == 0 ? TQ_SETTLE_SYNC : 0,
	    &e) == -1)
		storm_wrong("%s: settle: %s", c->ref.id.s, e.text);
	else
		storm_note("END %s %u", c->ref.id.s, c->ref.attempt);
}

static void
worker(unsigned place)
{
	struct tq_take take = { .timeout = TQ_SECOND / 5 };
	struct tq *tq = storm_open(0);
	int idle = 0, rv;
	struct tq_claim c;
	struct tq_err e;

	tq_claim_init(&c);
	/* dead owners are looked for once a second */
	while (!storm_sea->calm || idle < 7) {
		storm_sea->beat[place] = tq_clock_mono();
		if ((rv = tq_claim(tq, &take, &c, &e)) == -1) {
			storm_wrong("claim: %s", e.text);
			break;
		}
		idle = rv == 0 ? idle + 1 : 0;
		if (rv == 1)
			work_on(tq, &c, place);
	}
	tq_claim_fini(&c);
	tq_close(tq);
}

static void
live(unsigned place)
{
	if (place != RUNNER)
		storm_sea->beat[place] = tq_clock_mono();
	if (place < PUTTERS)
		putter(place);
	else if (place < RUNNER)
		worker(place);
	else {
		execlp("tqrun", "tqrun", "-b", storm_dir, "-q", "cmd", "-j",
		    "2", storm_sea->calm ? "-E" : (char *)NULL, (char *)NULL);
		err(1, "tqrun");
	}
}

static int
all_put(void)
{
	unsigned i;

	for (i = 0; i < PUTTERS; i++)
		if (sea->next[i] < sea->ntasks / PUTTERS)
			return 0;
	return 1;
}

/* The last tqrun leaves when idle. */
static int
again(unsigned place)
{
	return place == RUNNER;
}

/* ---- oracle -------------------------------------------------------------- */

struct record {
	unsigned	 put, starts, ends, attempt;
};

static void
read_log(struct record *r)
{
	char what[8];
	unsigned n, attempt;
	FILE *f;

	if ((f = fopen(logpath, "r")) == NULL)
		err(1, "%s", logpath);
	while (fscanf(f, "%7s storm.%u %u\n", what, &n, &attempt) == 3) {
		if (n >= sea->ntasks)
			errx(1, "%s: task %u", logpath, n);
		if (strcmp(what, "PUT") == 0)
			r[n].put++;
		else if (strcmp(what, "START") == 0)
			r[n].starts++;
		else {
			r[n].ends++;
			r[n].attempt = attempt;
		}
	}
	fclose(f);
}

static void
check_task(struct tq *tq, unsigned n, const struct record *r)
{
	char id[32], want[64], got[64];
	struct tq_info i;
	struct tq_err e;
	ssize_t len;

	snprintf(id, sizeof(id), "storm.%u", n);
	tq_info_init(&i);
	if (tq_stat(tq, id, 0, &i, &e) != 1) {
		storm_wrong("%s: LOST", id);
		return;
	}
	if (i.state != TQ_SUCCESS &&
	    !(i.state == TQ_FAILURE && i.crashes >= DEATHS))
		storm_wrong("%s: is %s after %u attempts and %u deaths", id,
		    tq_state_name(i.state), i.attempt, i.crashes);
	if (i.state == TQ_SUCCESS && r->starts == 0)
		storm_wrong("%s: success, never started", id);
	if (i.state == TQ_FAILURE && r->ends > 0)
		storm_wrong("%s: ended in success, is failure", id);
	if (r->ends > (n % 10 == 0 ? DEATHS : 1))
		storm_wrong("%s: %u ends were accepted", id, r->ends);
	/* of a command the log knows starts only, its END is tqrun's */
	if (n % 10 != 0 && r->ends == 1 && i.state == TQ_SUCCESS) {
		snprintf(want, sizeof(want), "%s %u\n", id, r->attempt);
		len = tq_read(tq, id, 0, TQ_STDOUT, 0, got, sizeof(got), &e);
		if (len != (ssize_t)strlen(want) ||
		    memcmp(got, want, (size_t)len) != 0)
			storm_wrong("%s: its result is not that of its end", id);
	}
	tq_info_fini(&i);
}

static void
judge(void)
{
	struct record *r = calloc(TASKS_MAX, sizeof(*r));
	struct tq *tq = storm_open(0);
	unsigned n;

	if (r == NULL)
		err(1, NULL);
	read_log(r);
	for (n = 0; n < sea->ntasks; n++) {
		if (r[n].put == 0)
			storm_wrong("storm.%u: no PUT", n);
		check_task(tq, n, &r[n]);
	}
	storm_check(tq);
	free(r);
	tq_close(tq);
}

static int
command(const char *id)
{
	storm_note("START %s %u", id, 0);
	storm_nap(TQ_MS);
	return 0;
}

int
main(int argc, char *argv[])
{
	static const struct storm storm = { .crew = CREW, .putters = PUTTERS,
	    .ms = 50, .live = live, .all_put = all_put, .again = again,
	    .judge = judge };
	unsigned seed = 1, ntasks = 500, pause = 60, kills;
	int c, as_command = 0;

	while ((c = getopt(argc, argv, "n:p:s:x")) != -1)
		switch (c) {
		case 'n':
			ntasks = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			pause = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			seed = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'x':
			as_command = 1;
			break;
		default:
			errx(64, USAGE);
		}
	if (argc - optind != 2 || ntasks > TASKS_MAX)
		errx(64, USAGE);
	self = argv[0];
	if (as_command) {
		storm_log(argv[optind]);
		return command(argv[optind + 1]);
	}
	logpath = argv[optind + 1];
	storm_begin(seed, argv[optind], logpath);
	sea = storm_shared(sizeof(*sea));
	sea->ntasks = ntasks - ntasks % PUTTERS;
	sea->pause = pause;
	kills = storm_blow(&storm);
	printf("seed %u: %u tasks, %u kills\n", seed, sea->ntasks, kills);
	return storm_sea->wrong;
}
