/*
 * storm_graph [-n graphs] [-s seed] dir log
 *
 * A storm (tests/lib/storm.h) over graphs: two putters, three workers, a tqrun
 * for commands, one who does to tasks what people do, and two who put the ticks
 * of a schedule, all of them killed at any moment, and now and then the table.
 *
 * A graph is one of KINDS.  The oracle is the log; its lines are PUT, START,
 * END, FAIL and RETRY with an id.  At the end
 *
 *   - nothing is unended, and whatever was told to be put has its end;
 *   - who waits started after those that it waits for, and not if they forbid
 *     it; who did not start for that names a reason;
 *   - no end was accepted twice, nobody started after his end unless a person
 *     had said so, and every start beyond the first has its reason;
 *   - the callback of a chord of commands was given what each member said, in
 *     order;
 *   - every tick of the schedule was put once.
 *
 * As "storm_graph -x log id" it is the command that tqrun runs.
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
#include "tests/storm/graph.h"

/* The crew, by place. */
#define PUTTERS		2
#define WORKERS		3
#define RUNNER		(PUTTERS + WORKERS)
#define PERSON		(RUNNER + 1)
#define BEATERS		(PERSON + 1)
#define CREW		(BEATERS + 2)

#define GRAPHS_MAX	5000
#define USAGE		"usage: storm_graph [-n graphs] [-s seed] dir log"

struct sea {
	unsigned	 graphs;	/* of each putter */
	_Atomic unsigned next[PUTTERS];
};

static struct sea *sea;
static struct graph_command as;

/* ---- putting ------------------------------------------------------------ */

static void
putter(unsigned place)
{
	struct tq *tq = storm_open(0);
	unsigned n;

	while ((n = sea->next[place]) < sea->graphs) {
		/* under a name of this life: one before may have put a part */
		graph_put(tq, n * PUTTERS + place, n % KINDS,
		    storm_sea->life[place], &as);
		sea->next[place] = n + 1;
		/* lest it be over before anybody died */
		storm_nap((tq_time)storm_any(30) * TQ_MS);
	}
	tq_close(tq);
}

/* ---- working ------------------------------------------------------------ */

static void
work_on(struct tq *tq, const struct tq_claim *c)
{
	unsigned how = storm_any(12);
	struct tq_outcome o;
	struct tq_err e;

	storm_note("START %s", c->ref.id.s);
	if (storm_any(3) == 0)
		storm_nap(storm_any(2000) * (TQ_MS / 1000));
	tq_outcome_init(&o, how == 0 ? TQ_FAILURE : how == 1 ? TQ_RETRY :
	    TQ_SUCCESS);
	o.status = how == 0;
	if (o.state == TQ_RETRY)
		o.when = tq_clock_wall() + 5 * TQ_MS;
	if (tq_settle(tq, &c->ref, &o, 0, &e) == 0) {
		if (how != 1)
			storm_note("%s %s", how == 0 ? "FAIL" : "END",
			    c->ref.id.s);
	} else if (errno != ESTALE)
		storm_wrong("%s: settle: %s", c->ref.id.s, e.text);
}

static void
worker(void)
{
	struct tq_take take = { .timeout = TQ_SECOND / 5 };
	struct tq *tq = storm_open(0);
	struct tq_claim c;
	struct tq_err e;
	int idle = 0, rv;

	tq_claim_init(&c);
	/* dead owners are looked for once a second */
	while (!storm_sea->calm || idle < 8) {
		if ((rv = tq_claim(tq, &take, &c, &e)) == -1) {
			storm_wrong("claim: %s", e.text);
			break;
		}
		idle = rv == 0 ? idle + 1 : 0;
		if (rv == 1)
			work_on(tq, &c);
	}
	tq_claim_fini(&c);
	tq_close(tq);
}

/* What tqrun runs: a member says its id, a callback is given all of them. */
static int
as_command(const char *id)
{
	char line[256], want[ID];
	unsigned k = 0, good = 1;

	storm_note("START %s", id);
	if (strncmp(id, "cb.", 3) != 0)
		return puts(id) == EOF;
	for (; fgets(line, sizeof(line), stdin) != NULL; k++) {
		(void)snprintf(want, sizeof(want), "m.%s.%u", id + 3, k);
		good &= strstr(line, want) != NULL;
	}
	storm_note("%s %s", good && k == MEMBERS ? "GIVEN" : "WRONG", id);
	return 0;
}

static void
release_all(struct tq *tq)
{
	struct tq_select sel = { .states = 1u << TQ_HELD };
	struct tq_err e;

	if (tq_do(tq, TQ_DO_RELEASE, &sel, NULL, 0, NULL, &e) == -1)
		storm_wrong("release: %s", e.text);
}

/* What people do, to whatever there is. */
static void
person(void)
{
	static const enum tq_verb verbs[8] = { TQ_DO_REVOKE, TQ_DO_REVOKE,
	    TQ_DO_HOLD, TQ_DO_HOLD, TQ_DO_RELEASE, TQ_DO_RELEASE, TQ_DO_PRI,
	    TQ_DO_RETRY };
	struct tq *tq = storm_open(0);
	struct tq_select sel = { .nids = 1 };
	enum tq_verb verb;
	struct names v;
	const char *id;
	struct tq_err e;
	unsigned k;

	while (!storm_sea->calm) {
		storm_nap((tq_time)storm_any(25) * TQ_MS);
		graph_names(&v, storm_any(sea->graphs * PUTTERS),
		    1 + storm_any(4));
		id = storm_any(4) == 0 ? v.group : storm_any(4) == 0 ?
		    v.callback : v.member[storm_any(MEMBERS)];
		sel.ids = &id;
		verb = verbs[storm_any(8)];
		if (verb == TQ_DO_RETRY)
			storm_note("RETRY %s", id);
		/* of a group it is one of its members */
		for (k = 0; verb == TQ_DO_RETRY && id == v.group &&
		    k < MEMBERS; k++)
			storm_note("RETRY %s", v.member[k]);
		if (tq_do(tq, verb, &sel, "7", 0, NULL, &e) == -1 &&
		    errno != ENOENT)
			storm_wrong("verb %d, %s: %s", (int)verb, id, e.text);
		/* what is let run in spite of all may have to wait first */
		if (verb == TQ_DO_RETRY && storm_any(2) == 0 && tq_do(tq,
		    TQ_DO_HOLD, &sel, NULL, 0, NULL, &e) == -1 &&
		    errno != ENOENT)
			storm_wrong("hold %s: %s", id, e.text);
	}
	release_all(tq);
	tq_close(tq);
}

/* Of the two who have the same schedule one puts each tick. */
static void
beater(void)
{
	struct tq *tq = storm_open(0);
	struct tq_tick tick = { .schedule = "beat" };
	struct tq_task t;
	struct tq_err e;
	struct tq_id id;
	char label[16];

	while (!storm_sea->calm) {
		if (tq_last(tq, tick.schedule, &tick.last, &e) == -1)
			storm_wrong("last: %s", e.text);
		tick.at = tick.last + 1;
		tick.until = tq_clock_wall() + 3600 * TQ_SECOND;
		tq_task_init(&t);
		(void)snprintf(label, sizeof(label), "%d", (int)tick.at);
		t.label = label;
		t.queue = "beat";
		t.body = (struct tq_bytes){ "tick", 4 };
		if (tq_tick(tq, &tick, &t, TQ_SECOND, &id, &e) == -1 &&
		    errno != ESTALE)
			storm_wrong("tick %s: %s", label, e.text);
		storm_nap((tq_time)storm_any(20) * TQ_MS);
	}
	tq_close(tq);
}

static void
live(unsigned place)
{
	struct tq *tq;

	if (place < PUTTERS)
		putter(place);
	else if (place < RUNNER)
		worker();
	else if (place == PERSON)
		person();
	else if (place >= BEATERS)
		beater();
	else {
		if (storm_sea->calm) {
			/* -E would leave without them */
			tq = storm_open(0);
			release_all(tq);
			tq_close(tq);
		}
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
		if (sea->next[i] < sea->graphs)
			return 0;
	return 1;
}

/* Nobody holds any more, and the last tqrun leaves when idle. */
static int
again(unsigned place)
{
	return place == RUNNER || place == PERSON;
}

/* ---- the whole ----------------------------------------------------------- */

static void
judge(void)
{
	struct tq *tq = storm_open(0);
	struct storm_lines log;
	unsigned n, life;

	storm_lines_read(&log);
	storm_judge_ends(tq, &log, "beat");
	storm_judge_ticks(tq, "beat", "beat");
	for (n = 0; n < sea->graphs * PUTTERS; n++)
		for (life = 1; life <= storm_sea->life[n % PUTTERS]; life++)
			graph_judge(tq, &log, n, n / PUTTERS % KINDS,
			    life);
	storm_check(tq);
	free(log.v);
	tq_close(tq);
}

int
main(int argc, char *argv[])
{
	static const struct storm storm = { .crew = CREW, .putters = PUTTERS,
	    .ms = 34, .losses = 8, .live = live, .all_put = all_put,
	    .again = again, .judge = judge };
	unsigned seed = 1, graphs = 60, kills;
	int c, command_of = 0;

	while ((c = getopt(argc, argv, "n:s:x")) != -1)
		if (c == 'n')
			graphs = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			seed = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'x')
			command_of = 1;
		else
			errx(64, USAGE);
	if (argc - optind != 2 || graphs > GRAPHS_MAX)
		errx(64, USAGE);
	if (command_of) {
		storm_log(argv[optind]);
		return as_command(argv[optind + 1]);
	}
	as = (struct graph_command){ argv[0], argv[optind + 1] };
	storm_begin(seed, argv[optind], argv[optind + 1]);
	sea = storm_shared(sizeof(*sea));
	sea->graphs = graphs / PUTTERS;
	kills = storm_blow(&storm);
	printf("seed %u: %u graphs, %u kills\n", seed, graphs, kills);
	return storm_sea->wrong;
}
