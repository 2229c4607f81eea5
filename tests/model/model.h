/*
 * The states of tasks that have to do with each other, as a model: what
 * tq_spool(5) says under "States", "Dependencies" and "Gates", in a few hundred
 * lines that know nothing of edges, lists or records.
 *
 *	wait.c		who waits for whom, and for the end of a key
 *	event.c		what happens to a task, and what follows for the others
 *	check.c		what must hold in every state, and over every event
 *	spool.c		the same events, done to a spool
 *	walk.c		goes through all states and events of a scene
 *
 * A scene is a few tasks and what ties them to each other.  Time is a number
 * that an event moves: a retry is due with the next one, an ETA and an expiry
 * are such numbers.
 */
#ifndef TQ_TESTS_MODEL_H
#define TQ_TESTS_MODEL_H

#include <stdint.h>

#include "lib/spool/arrow.h"
#include "lib/spool/graph.h"
#include "tests/lib/spool.h"

#define M_TASKS		5		/* of a scene */

enum m_event {
	M_PUT,			/* of a task that is not there from the first */
	M_SEAL, M_LEAVE,	/* who puts a group's members is through; dies */
	M_CLAIM,
	M_SUCCEED, M_FAIL, M_DROP, M_AGAIN, M_GIVE, M_CRASH,
	M_REVOKE, M_HOLD, M_RELEASE, M_REOPEN,
	M_FORTH, M_BACK,	/* the clock; of no task, so of number 0 */
	M_REOPENS,		/* all at once, of no task either */
	M_REBUILD,		/* the table is lost */
	M_NEVENTS
};
#define M_BIT(ev)	(1u << (ev))

struct m_task_is {
	int		 ndeps, deps[M_TASKS];
	enum tq_when	 when;
	int		 pipe;		/* the last of deps is its stdin */
	int		 is_group, group;	/* number + 1 of it, 0 none */
	int		 open;		/* a group that is filled later */
	int		 later;		/* put by an event */
	int		 key;		/* it has the key of the scene */
	enum tq_on_key	 on_key;
	int		 held, once;
	uint8_t		 eta, expires;	/* 0 none */
};

struct m_scene {
	const char	*name;
	int		 n;
	unsigned	 less;		/* events that do not happen in it */
	int		 clock;		/* how far the clock goes */
	int		 lane;		/* all are in one lane, and one queue */
	int		 perm[M_TASKS];	/* like tasks change places so; or 0s */
	struct m_task_is task[M_TASKS];
};

/* Bytes only, so that two can be compared as such. */
struct m_task {
	uint8_t		 state;
	uint8_t		 started;	/* ever */
	uint8_t		 caused;	/* it ended by what it waited for */
	uint8_t		 crashed;	/* two are too many */
	uint8_t		 waived;	/* its expiry */
	uint8_t		 freed;		/* of what it waits for */
	uint8_t		 due;
	uint8_t		 open;
	uint8_t		 holds;		/* its lane */
	uint8_t		 moved;		/* out of the order of puts */
	int8_t		 alias;		/* what replaced it */
	int8_t		 follow;	/* of the same key, has to end first */
};

struct m_model {
	struct m_task	 t[M_TASKS];
	uint8_t		 clock;
};

/* ---- wait.c ------------------------------------------------------------- */

int	m_unended(const struct m_model *, int x);
int	m_failed(const struct m_model *, int x);
/* The task whose end counts for d: what replaced it. */
int	m_real(const struct m_model *, int d);
/* 1 if x asks for the success of d; or if it waits at least for its end. */
int	m_needs(const struct m_scene *, int x, int d);
int	m_waits_for(const struct m_scene *, const struct m_model *, int x,
	    int d);
/* 1 if they say that x may not run. */
int	m_vain(const struct m_scene *, const struct m_model *, int x);
enum tq_verdict m_verdict(const struct m_scene *, const struct m_model *,
	    int x);
/* Another unended task of the key of x that has started, or not; or -1. */
int	m_key_holder(const struct m_scene *, const struct m_model *, int x,
	    int started);
int	m_key_taken(const struct m_scene *, const struct m_model *, int x);

/* ---- event.c ------------------------------------------------------------ */

enum { M_NOT, M_DONE, M_REFUSED };

void	m_begin(const struct m_scene *, struct m_model *);
/*
 * M_DONE: the event happened to task x, and the model is where it leads;
 * M_REFUSED: who tries is told so, and nothing changed; M_NOT: it is none here.
 */
int	m_step(const struct m_scene *, struct m_model *, enum m_event, int x);
/* The same, and which arrows it took is noted. */
void	m_note_arrows(int on);
unsigned m_arrows_taken(enum tq_arrow, enum tq_state from);

const char *m_event_name(enum m_event);

/* ---- check.c ------------------------------------------------------------ */

/* NULL, or what does not hold in a state, or over an event. */
const char *m_wrong(const struct m_scene *, const struct m_model *);
const char *m_wrong_step(const struct m_scene *, const struct m_model *from,
	    enum m_event, int x, const struct m_model *to);

/* ---- spool.c ------------------------------------------------------------ */

struct m_run {
	const struct m_scene *s;
	struct t_spool	*f;
	struct tq_spool	*of[M_TASKS];	/* who puts and claims that task */
	struct tq_spool_got got[M_TASKS];
	uint32_t	 base;		/* ids of this run are behind it */
};

/* What clock_gettime() of the program has to say of the wall clock. */
tq_time	m_spool_now(void);
void	m_spool_open(struct m_run *);
void	m_spool_close(struct m_run *);
void	m_spool_begin(struct m_run *);
void	m_spool_end(struct m_run *);
/*
 * Do it.  want: where the model goes, and how it says that it ends.  Returns
 * the task it happened to: in a lane a claim may take another.
 */
int	m_spool_step(struct m_run *, enum m_event, int x, int want);
/* NULL, or how the spool and the model differ, that was at `was` before. */
const char *m_spool_differs(struct m_run *, const struct m_model *was,
	    const struct m_model *);

/* ---- walk.c ------------------------------------------------------------- */

/* Go through a scene; most steps in the spool (0: until all are done). */
void	m_walk(struct t_spool *, const struct m_scene *, unsigned most);

#endif
