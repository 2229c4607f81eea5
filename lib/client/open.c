/*
 * Opening and closing a handle: which broker, which result store.
 *
 * Of several URLs the first that answers is used.  What does not answer is a
 * broker that cannot be reached or whose module is missing; a broker that
 * answers "no" (EPERM, EPROTO, ...) ends the search, for going on would put
 * tasks where nobody looks for them.
 */
#include <sys/stat.h>

#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "client/handle.h"
#include "client/module.h"
#include "client/route.h"

#define DEFAULT_URL	"spool:"
#define DEFAULT_QUEUE	"default"

/* Opens the broker or the store of a handle at one URL. */
typedef int opener(struct tq *, const char *url, unsigned flags,
    struct tq_err *);

/* ---- one URL --------------------------------------------------------- */

static void
forget_url(struct tq *tq)
{
	free(tq->url);
	free(tq->whole);
	tq->url = tq->whole = NULL;
}

/* The URL for others to use, and for others to read, without its password. */
static int
keep_url(struct tq *tq, const char *word, struct tq_err *e)
{
	size_t size;

	if ((tq->whole = tq_route_whole(word, e)) == NULL)
		return -1;
	size = strlen(tq->whole) + sizeof(":***");
	if ((tq->url = malloc(size)) == NULL)
		return tq_fail_sys(e, ENOMEM, "URL");
	tq_url_redact(tq->url, size, tq->whole);
	return 0;
}

static int
open_broker(struct tq *tq, const char *word, unsigned flags,
    struct tq_err *e)
{
	const struct tq_module *m;
	struct tq_route r;
	int rv = -1;

	if (tq_route_parse(&r, word, e) == -1 ||
	    tq_module_find(&m, r.url.scheme, e) == -1)
		goto out;
	if (m->broker == NULL) {
		tq_fail(e, ENOTSUP, "%s: keeps results only, no tasks",
		    m->scheme);
		goto out;
	}
	if (keep_url(tq, word, e) == -1 ||
	    m->broker->open(&tq->b, &r.url, flags, e) == -1) {
		forget_url(tq);
		goto out;
	}
	tq->scheme = m->scheme;
	tq->usual = m->queue;
	tq->ops = m->broker;
	rv = 0;
out:
	tq_route_free(&r);
	return rv;
}

/* 1 if the URL leads to the directory that the broker has open. */
static int
is_same_spool(const struct tq *tq, const struct tq_module *m,
    const struct tq_url *url)
{
	struct stat ours, theirs;
	const char *dir;

	if (m->broker != tq->ops || tq->ops->dir == NULL ||
	    (dir = tq->ops->dir(tq->b)) == NULL || url->path == NULL)
		return 0;
	return stat(dir, &ours) == 0 && stat(url->path, &theirs) == 0 &&
	    ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* A store that has no open of its own comes with its broker. */
static int
open_store(struct tq *tq, const char *word, unsigned flags, struct tq_err *e)
{
	const struct tq_module *m;
	struct tq_route r;
	int rv = -1;

	if (tq_route_parse(&r, word, e) == -1 ||
	    tq_module_find(&m, r.url.scheme, e) == -1)
		goto out;
	if (m->store == NULL) {
		tq_fail(e, EPROTO, "%s: keeps tasks only, no results",
		    m->scheme);
		goto out;
	}
	if (m->broker == tq->ops && tq->ops->results != NULL) {
		if (tq->ops->results(tq->b, &r.url, flags, e) == -1)
			goto out;
		tq->s = tq->b;
	} else if (m->store->open != NULL) {
		if (m->store->open(&tq->s, &r.url, flags, e) == -1)
			goto out;
	} else if (is_same_spool(tq, m, &r.url)) {
		tq->s = tq->b;
	} else {
		/* an end and its result are one record: here, not there */
		tq_fail(e, EPROTO, "%s: keeps results of its own tasks only",
		    m->scheme);
		goto out;
	}
	tq->store_scheme = m->scheme;
	tq->store = m->store;
	rv = 0;
out:
	tq_route_free(&r);
	return rv;
}

/* Where a broker keeps outcomes when nothing else is said. */
static int
open_own_store(struct tq *tq, const char *word, unsigned flags,
    struct tq_err *e)
{
	const struct tq_module *m;

	if (tq_module_find(&m, tq->scheme, e) == -1)
		return -1;
	if (m->store == NULL)
		return 0;
	if (m->store->open != NULL)
		return open_store(tq, word, flags, e);
	tq->store_scheme = m->scheme;
	tq->store = m->store;
	tq->s = tq->b;
	return 0;
}

/* ---- several --------------------------------------------------------- */

static int
is_no_answer(int num)
{
	return num == ECONNREFUSED || num == EINPROGRESS || num == ENOTSUP ||
	    num == ETIMEDOUT;
}

static int
is_last(const char *list)
{
	return list[strspn(list, " \t\n")] == '\0';
}

/*
 * Try the URLs of a list in turn; word gets the one that answered, *e tells
 * of all that did not.
 */
static int
open_first(struct tq *tq, opener *open_one, char word[TQ_ROUTE_URL_MAX],
    const char *list, unsigned flags, struct tq_err *e)
{
	struct tq_err all = { 0, "" }, one = { 0, "" };
	unsigned use;
	int rv;

	while ((rv = tq_route_next(word, &list, &one)) == 1) {
		use = flags;
		/* one that is away is good enough only when all are */
		if (flags & TQ_OPEN_AWAY && !is_last(list))
			use &= ~(unsigned)TQ_OPEN_AWAY;
		if (open_one(tq, word, use, &one) == 0) {
			/* told by what keeps tasks for them */
			if (all.num != 0 && open_one == open_broker)
				tq->away = strdup(all.text);
			return 0;
		}
		if (!is_no_answer(one.num))
			break;
		if (all.num != 0)
			(void)strlcat(all.text, "; ", sizeof(all.text));
		(void)strlcat(all.text, one.text, sizeof(all.text));
		all.num = one.num;
	}
	if (rv == 0 && all.num == 0)
		return tq_fail(e, EINVAL, "no URL of a broker");
	if (rv == 0)
		one = all;
	return tq_fail(e, one.num, "%s", one.text);
}

/* ---- the handle ------------------------------------------------------ */

void
tq_close(struct tq *tq)
{
	int saved = errno;

	if (tq == NULL)
		return;
	if (tq->store != NULL && !tq_shares_store(tq))
		tq->store->close(tq->s);
	if (tq->ops != NULL)
		tq->ops->close(tq->b);
	forget_url(tq);
	free(tq->away);
	free(tq->queue);
	tq_arena_fini(&tq->mem);
	free(tq->tasks);
	free(tq);
	errno = saved;
}

static int
open_queue(struct tq *tq, struct tq_err *e)
{
	const char *name = tq_route_env("TQ_DEFAULT_QUEUE");
	struct tq_err why;

	if (name == NULL)
		name = tq->usual != NULL ? tq->usual : DEFAULT_QUEUE;
	if (tq_check_queue(name, &why) == -1)
		return tq_fail(e, why.num, "TQ_DEFAULT_QUEUE: %s", why.text);
	if ((tq->queue = strdup(name)) == NULL)
		return tq_fail_sys(e, ENOMEM, "queue '%s'", name);
	return 0;
}

/* Names lead to queues where several programs share them: not on a spool. */
static int
open_routes(struct tq *tq, struct tq_err *e)
{
	const char *text = tq_route_env("TQ_ROUTES");

	if (text == NULL || tq->ops->dir != NULL)
		return 0;
	return tq_celery_routes_parse(&tq->routes, &tq->nroutes, &tq->mem,
	    text, e);
}

static int
open_all(struct tq *tq, const char *url, const char *results, unsigned flags,
    struct tq_err *e)
{
	char word[TQ_ROUTE_URL_MAX];

	if (url == NULL && (url = tq_route_env("TQ_BROKER")) == NULL)
		url = DEFAULT_URL;
	if (results == NULL)
		results = tq_route_env("TQ_RESULTS");
	if (open_first(tq, open_broker, word, url, flags, e) == -1 ||
	    open_queue(tq, e) == -1 || open_routes(tq, e) == -1)
		return -1;
	if (results == NULL)
		return open_own_store(tq, word, flags, e);
	return open_first(tq, open_store, word, results, flags, e);
}

int
tq_open(struct tq **out, const char *url, const char *results,
    unsigned flags, struct tq_err *e)
{
	struct tq *tq;

	*out = NULL;
	if (flags & ~(unsigned)(TQ_OPEN_ONESHOT | TQ_OPEN_AWAY |
	    TQ_OPEN_LOOK | TQ_OPEN_THERE))
		return tq_fail(e, EINVAL, "open flags 0x%x", flags);
	if ((tq = calloc(1, sizeof(*tq))) == NULL)
		return tq_fail_sys(e, ENOMEM, "handle");
	if (open_all(tq, url, results, flags, e) == -1) {
		tq_close(tq);
		return -1;
	}
	*out = tq;
	return 0;
}

const char *
tq_url(const struct tq *tq)
{
	return tq->url;
}

const char *
tq_route_url(const struct tq *tq)
{
	return tq->whole;
}

const char *
tq_queue(const struct tq *tq)
{
	return tq->queue;
}

const char *
tq_spool_dir(const struct tq *tq)
{
	return tq->ops->dir == NULL ? NULL : tq->ops->dir(tq->b);
}
