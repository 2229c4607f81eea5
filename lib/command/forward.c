/* Forwarding from the spool here to a broker that was away; see forward.h. */
#include "command/forward.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "client/route.h"
#include "command/many.h"
#include "command/status.h"
#include "message/json.h"

/* Delays grow to five minutes: the retries last for three months. */
#define FIRST		TQ_SECOND
#define LONGEST		(300 * TQ_SECOND)

/*
 * What the forwarding runs; $@ is tqput.  The worker's TQ_BROKER is the spool
 * and its TQ_ID the forwarding's own, which is nobody's parent.  Of statuses 1
 * says that the broker has them; 75 and 77 (full, a replica) may pass, and are
 * neither "later, 20 times" nor a failure for good here.
 */
static const char *const script =
    "unset TQ_ID TQ_ROOT TQ_RESULTS\n"
    "export TQ_BROKER=\"$forward_to\"\n"
    "test -z \"$forward_results\" || export TQ_RESULTS=\"$forward_results\"\n"
    "\"$@\"\n"
    "case $? in 0|1) exit 0;; 64|65|66|78) exit 65;; 126|127) exit 127;;\n"
    "*) exit 69;; esac";

/* ---- the tasks as text ------------------------------------------------- */

/* The body as bytes: *out is in memory that *mem, to be freed, may be. */
static int
read_body(struct tq_bytes *out, void **mem, const struct tq_task *t,
    struct tq_err *e)
{
	struct stat st;
	ssize_t got;

	*mem = NULL;
	*out = t->body;
	if (t->body_fd < 0)
		return 0;
	if (fstat(t->body_fd, &st) == -1)
		return tq_fail_sys(e, errno, "body");
	if (st.st_size > TQ_JSON_TEXT_MAX)
		return tq_fail(e, EMSGSIZE, "a body of %lld bytes, over %d",
		    (long long)st.st_size, TQ_JSON_TEXT_MAX);
	if ((*mem = malloc((size_t)st.st_size + 1)) == NULL)
		return tq_fail_sys(e, errno, "body");
	got = tq_io_pread(t->body_fd, *mem, (size_t)st.st_size, 0);
	if (got == -1)
		return tq_fail_sys(e, errno, "body");
	out->p = *mem;
	out->n = (size_t)got;
	return 0;
}

static int
put_line(struct tq_buf *b, const struct tq_task *t, struct tq_err *e)
{
	struct tq_info info;
	struct tq_bytes body;
	size_t before = b->n;
	void *mem;
	int rv;

	tq_info_init(&info);
	info.task = *t;
	(void)snprintf(info.id.s, sizeof(info.id.s), "%s", t->id);
	/* unasked for it is the broker's usual one */
	if (!(t->flags & TQ_TASK_PRI) && t->pri == TQ_PRI_DEFAULT)
		info.task.pri = -1;
	if ((rv = read_body(&body, &mem, t, e)) == 0) {
		tq_json_task_encode(b, &info, &body);
		tq_buf_byte(b, '\n');
	}
	free(mem);
	if (rv == 0 && !tq_buf_ok(b))
		return tq_fail_sys(e, ENOMEM, "%s", t->id);
	if (rv == 0 && b->n - before > TQ_JSON_TEXT_MAX)
		return tq_fail(e, EMSGSIZE, "%s: %zu bytes as text, over %d",
		    t->id, b->n - before, TQ_JSON_TEXT_MAX);
	return rv;
}

/* ---- keeping ----------------------------------------------------------- */

/* A variable as tqput -e takes it. */
static void
add(struct tq_forward *f, const char *var)
{
	struct tq_err e;

	if (tq_place_add(&f->place, var, &e) == -1)
		tq_die_err(&e);
}

/* URLs of ours, kept in *var: it may run elsewhere.  NULL adds nothing. */
static void
add_urls(struct tq_forward *f, char **var, const char *name,
    const char *urls)
{
	struct tq_err e;
	char *whole;
	size_t size;

	free(*var);
	*var = NULL;
	if (urls == NULL)
		return;
	if ((whole = tq_route_whole(urls, &e)) == NULL)
		tq_die_err(&e);
	size = strlen(name) + strlen(whole) + 2;
	if ((*var = malloc(size)) == NULL)
		tq_die(TQ_EXIT_OS, "%s: %s", name, strerror(errno));
	(void)snprintf(*var, size, "%s=%s", name, whole);
	free(whole);
	add(f, *var);
}

/* Where it runs: here, with what leads to the broker. */
static void
make_place(struct tq_forward *f)
{
	static const char *const names[] = {
		"TQ_DEFAULT_QUEUE", "TQ_MODULES", "TQ_ROUTES"
	};
	size_t i;

	add_urls(f, &f->vars[0], "forward_to", f->urls != NULL ? f->urls :
	    getenv("TQ_BROKER"));
	add_urls(f, &f->vars[1], "forward_results", f->results != NULL ?
	    f->results : getenv("TQ_RESULTS"));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]) != NULL)
			add(f, names[i]);
	tq_place_here(&f->place);
}

/*
 * The spool, with a queue whose tasks are not to blame for deaths of workers:
 * what they run is ours.  A number that somebody gave it stays.
 */
static int
open_spool(struct tq_forward *f, struct tq_err *e)
{
	char crashes[32];

	if (tq_open(&f->spool, "spool:", "spool:", TQ_OPEN_ONESHOT, e) == -1)
		return -1;
	make_place(f);
	return tq_get(f->spool, TQ_FORWARD_QUEUE, "crashes", crashes,
	    sizeof(crashes), NULL) == 1 ? 0 :
	    tq_set(f->spool, TQ_FORWARD_QUEUE, "crashes", "0", e);
}

/* The task that puts the lines of body. */
static void
make_task(const struct tq_forward *f, struct tq_task *out,
    const char *argv[4], char pri[2], const struct tq_task *t)
{
	tq_task_init(out);
	out->id = t->id;
	out->queue = TQ_FORWARD_QUEUE;
	out->label = t->label;
	out->pri = t->pri;
	out->kind = TQ_KIND_SHELL;
	out->flags = TQ_TASK_LOCAL;
	argv[0] = script;
	argv[1] = f->self;
	argv[2] = "-mJQ";
	out->argc = 3;
	/* a priority that is the usual one, and was asked for */
	if (t->flags & TQ_TASK_PRI && t->pri == TQ_PRI_DEFAULT) {
		argv[2] = "-mJQp";
		pri[0] = (char)('0' + t->pri);
		pri[1] = '\0';
		argv[out->argc++] = pri;
	}
	out->argv = argv;
	out->retries = TQ_RETRIES_MAX;
	out->backoff = FIRST;
	out->factor = 2000;
	out->backoff_cap = LONGEST;
	out->parent = t->parent;
	out->root = t->root;
	tq_place_apply(&f->place, out);
}

static int
put(struct tq_forward *f, const struct tq_task *t, struct tq_bytes body,
    struct tq_err *e)
{
	const char *argv[4];
	struct tq_task task;
	struct tq_id id;
	char pri[2];

	if (f->spool == NULL && open_spool(f, e) == -1)
		return -1;
	make_task(f, &task, argv, pri, t);
	task.body = body;
	return tq_put(f->spool, &task, 0, &id, e);
}

static int
keep(void *arg, const struct tq_task *t, size_t n, const struct tq_err *why,
    struct tq_err *e)
{
	struct tq_forward *f = arg;
	struct tq_bytes body;
	struct tq_err no;
	struct tq_buf b;
	size_t i;
	int rv = 0;

	tq_buf_init(&b);
	for (i = 0; i < n && rv == 0; i++)
		rv = put_line(&b, &t[i], &no);
	body.p = (const char *)b.p;
	body.n = b.n;
	if (rv == 0 && n > 1 && b.n > TQ_MANY_BYTES)
		rv = tq_fail(&no, EMSGSIZE, "%zu tasks of %zu bytes as text, "
		    "over %d", n, b.n, TQ_MANY_BYTES);
	if (rv == 0)
		rv = put(f, t, body, &no);
	tq_buf_fini(&b);
	if (rv == -1 && no.num == EEXIST)
		return tq_fail(e, EEXIST, "%s", no.text);
	if (rv == -1)
		/* as without a spool, unless that does not know if it has it */
		return tq_fail(e, no.num == EIO ? EIO :
		    why->num == ETIMEDOUT ? ECONNREFUSED : why->num,
		    "%s; spool: %s", why->text, no.text);
	if (!f->said)
		tq_warn("%s: kept in queue '" TQ_FORWARD_QUEUE "' of %s; "
		    "tqrun -q " TQ_FORWARD_QUEUE " sends it", why->text,
		    tq_spool_dir(f->spool));
	f->said = 1;
	return 0;
}

void
tq_forward_begin(struct tq_forward *f, struct tq *tq, const char *self,
    const char *urls, const char *results)
{
	struct tq_err e;

	memset(f, 0, sizeof(*f));
	f->spare.keep = keep;
	f->spare.arg = f;
	f->self = self;
	if (strchr(self, '/') != NULL) {
		if (tq_route_path(&f->path, self, &e) == -1)
			tq_die_err(&e);
		f->self = f->path;
	}
	f->urls = urls;
	f->results = results;
	tq_place_init(&f->place);
	if (tq_spool_dir(tq) == NULL)
		tq_set_spare(tq, &f->spare);
}

void
tq_forward_end(struct tq_forward *f)
{
	tq_close(f->spool);
	tq_place_fini(&f->place);
	free(f->path);
	free(f->vars[0]);
	free(f->vars[1]);
}
