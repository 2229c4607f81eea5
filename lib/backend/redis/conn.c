/* One connection to a Redis server: commands out, replies in the same order. */
#include "backend/redis/conn.h"

#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/redis/dial.h"
#include "base/clock.h"

#define PART	65536	/* bytes read at a time, more than TQ_TLS_RECORD */
#define KEEP_MOST	(1 << 20)	/* bytes of a reader's buffer kept */

void
tq_redis_conn_init(struct tq_redis_conn *c, const struct tq_redis_place *p)
{
	memset(c, 0, sizeof(*c));
	c->place = p;
	c->wire.fd = -1;
	tq_buf_init(&c->out);
}

/* Answer what is awaited with NULL. */
static void
abandon(struct tq_redis_conn *c)
{
	struct tq_redis_want w;

	while (c->n > 0) {
		w = c->want[c->first];
		c->first = (c->first + 1) % c->cap;
		c->n--;
		if (w.done != NULL)
			w.done(w.arg, NULL);
	}
}

void
tq_redis_conn_drop(struct tq_redis_conn *c)
{
	int saved = errno;

	tq_redis_wire_close(&c->wire);
	if (c->reader != NULL)
		redisReaderFree(c->reader);
	c->reader = NULL;
	tq_buf_reset(&c->out);
	c->sent = 0;
	memset(c->sha, 0, sizeof(c->sha));
	abandon(c);
	errno = saved;
}

void
tq_redis_conn_fini(struct tq_redis_conn *c)
{
	int saved = errno;

	tq_redis_conn_drop(c);
	tq_buf_fini(&c->out);
	free(c->want);
	c->want = NULL;
	errno = saved;
}

/* Drop the connection: why, as an errno and in words. */
static int
lose(struct tq_redis_conn *c, int num, const char *what, struct tq_err *e)
{
	tq_fail(&c->lost, num, "%s: %s", c->place->name, what);
	tq_redis_conn_drop(c);
	if (e != NULL)
		*e = c->lost;
	errno = num;
	return -1;
}

static int
lose_silent(struct tq_redis_conn *c, struct tq_err *e)
{
	char what[64];

	snprintf(what, sizeof(what), "no answer within %lld ms",
	    (long long)(c->place->timeout / TQ_MS));
	return lose(c, ECONNREFUSED, what, e);
}

/* ---- replies --------------------------------------------------------- */

/* Hand replies to whom they are for. */
static int
dispatch(struct tq_redis_conn *c, struct tq_err *e)
{
	struct tq_redis_want w;
	void *r;

	for (;;) {
		if (redisReaderGetReply(c->reader, &r) != REDIS_OK)
			return lose(c, ECONNREFUSED, c->reader->errstr, e);
		if (r == NULL)
			return 0;
		tq_redis_reply_fill(r);
		w.done = c->push;
		w.arg = c->arg;
		if (c->n > 0) {
			w = c->want[c->first];
			c->first = (c->first + 1) % c->cap;
			c->n--;
		}
		if (w.done != NULL)
			w.done(w.arg, r);
		freeReplyObject(r);
		if (c->wire.fd == -1) {
			if (e != NULL)
				*e = c->lost;
			errno = c->lost.num;
			return -1;
		}
	}
}

/* Read once: 1 something came, 0 nothing yet, -1. */
static int
take_in(struct tq_redis_conn *c, struct tq_err *e)
{
	struct tq_err why;
	char part[PART];
	ssize_t n;

	n = tq_redis_wire_recv(&c->wire, part, sizeof(part), &why);
	if (n == -1)
		return errno == EAGAIN ? 0 : lose(c, why.num, why.text, e);
	if (n == 0)
		return lose(c, ECONNREFUSED, "the server closed the connection",
		    e);
	if (redisReaderFeed(c->reader, part, (size_t)n) != REDIS_OK)
		return lose(c, ECONNREFUSED, c->reader->errstr, e);
	return dispatch(c, e) == -1 ? -1 : 1;
}

/* Send what the socket takes: 1 all, 0 some is left, -1. */
static int
give_out(struct tq_redis_conn *c, struct tq_err *e)
{
	struct tq_err why;
	ssize_t n;

	while (c->sent < c->out.n) {
		n = tq_redis_wire_send(&c->wire, c->out.p + c->sent,
		    c->out.n - c->sent, &why);
		if (n == -1)
			return errno == EAGAIN ? 0 :
			    lose(c, why.num, why.text, e);
		c->sent += (size_t)n;
	}
	tq_buf_reset(&c->out);
	c->sent = 0;
	return 1;
}

static int
is_away(struct tq_redis_conn *c, struct tq_err *e)
{
	if (c->wire.fd != -1)
		return 0;
	if (c->lost.num == 0)
		return tq_fail(e, ECONNREFUSED, "%s: not connected",
		    c->place->name) == -1;
	if (e != NULL)
		*e = c->lost;
	errno = c->lost.num;
	return 1;
}

int
tq_redis_pump(struct tq_redis_conn *c, struct tq_err *e)
{
	int rv;

	if (is_away(c, e))
		return -1;
	if (give_out(c, e) == -1)
		return -1;
	while ((rv = take_in(c, e)) == 1)
		continue;
	return rv;
}

int
tq_redis_await(struct tq_redis_conn *c, tq_time until, struct tq_err *e)
{
	short events = POLLIN;
	int rv;

	if (is_away(c, e) || (rv = give_out(c, e)) == -1)
		return -1;
	if (rv == 0)
		events |= POLLOUT;
	if ((rv = tq_redis_poll(c->wire.fd, events, until)) == -1)
		return lose(c, ECONNREFUSED, "poll failed", e);
	if (rv == 0)
		return 0;
	return take_in(c, e) == -1 ? -1 : 1;
}

/* ---- commands -------------------------------------------------------- */

static int
want(struct tq_redis_conn *c, tq_redis_done *done, void *arg,
    struct tq_err *e)
{
	struct tq_redis_want *p;
	size_t i, cap;

	if (c->n == c->cap) {
		cap = c->cap == 0 ? 16 : 2 * c->cap;
		p = reallocarray(NULL, cap, sizeof(*p));
		if (p == NULL)
			return tq_fail_sys(e, ENOMEM, "%s", c->place->name);
		for (i = 0; i < c->n; i++)
			p[i] = c->want[(c->first + i) % c->cap];
		free(c->want);
		c->want = p;
		c->cap = cap;
		c->first = 0;
	}
	p = &c->want[(c->first + c->n++) % c->cap];
	p->done = done;
	p->arg = arg;
	c->asked++;
	return 0;
}

/* The words into the buffer, behind those of the script. */
static int
push_words(struct tq_redis_conn *c, enum tq_redis_script s,
    const struct tq_redis_cmd *cmd, struct tq_err *e)
{
	const char *text;

	if (s == TQ_REDIS_PLAIN)
		tq_buf_printf(&c->out, "*%zu\r\n", cmd->n);
	else if (c->sha[s][0] != '\0')
		tq_buf_printf(&c->out, "*%zu\r\n$7\r\nEVALSHA\r\n$40\r\n%s"
		    "\r\n$1\r\n0\r\n", cmd->n + 3, c->sha[s]);
	else {
		text = tq_redis_script_text(s);
		tq_buf_printf(&c->out, "*%zu\r\n$4\r\nEVAL\r\n$%zu\r\n",
		    cmd->n + 3, strlen(text));
		tq_buf_str(&c->out, text);
		tq_buf_str(&c->out, "\r\n$1\r\n0\r\n");
	}
	tq_buf_put(&c->out, cmd->bytes.p, cmd->bytes.n);
	if (tq_buf_ok(&c->out) && tq_buf_ok(&cmd->bytes))
		return 0;
	/* half a command must not go out */
	lose(c, ECONNREFUSED, "no memory", NULL);
	return tq_fail_sys(e, ENOMEM, "%s", c->place->name);
}

struct waiter {
	const struct tq_redis_place *place;
	int		 there;
	int		 noscript;
	struct tq_err	 e;
	redisReply	*r;
};

/* hiredis has no call to copy a reply: this one takes it over. */
static redisReply *
reply_take(const redisReply *from)
{
	redisReply *m = (redisReply *)(uintptr_t)from;
	redisReply *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	*r = *m;
	/* what it owned is ours now */
	m->type = REDIS_REPLY_NIL;
	m->str = NULL;
	m->element = NULL;
	m->elements = 0;
	return r;
}

static void
arrived(void *arg, const redisReply *r)
{
	struct waiter *w = arg;

	w->there = 1;
	if (r == NULL)
		return;
	if (r->type == REDIS_REPLY_ERROR) {
		w->noscript = strncmp(r->str, "NOSCRIPT", 8) == 0;
		tq_redis_failed(w->place, r, &w->e);
		return;
	}
	if ((w->r = reply_take(r)) == NULL)
		tq_fail_sys(&w->e, ENOMEM, "%s", w->place->name);
}

/* Wait until *there, with the time starting anew whenever something comes. */
static int
wait_for(struct tq_redis_conn *c, const int *there, struct tq_err *e)
{
	tq_time until = tq_clock_deadline(tq_clock_mono(), c->place->timeout);
	int rv;

	while (!*there) {
		if ((rv = tq_redis_await(c, until, e)) == -1)
			return -1;
		if (rv == 1)
			until = tq_clock_deadline(tq_clock_mono(),
			    c->place->timeout);
		else
			return lose_silent(c, e);
	}
	return 0;
}

/* What is posted together with a call. */
struct more {
	int		(*post)(void *, struct tq_err *);
	void		*arg;
};

static int
post_more(struct tq_redis_conn *c, const struct more *more, struct tq_err *e)
{
	struct tq_err why;

	if (more == NULL || more->post(more->arg, &why) == 0)
		return 0;
	/* what was asked for before would be told to nobody */
	return lose(c, ECONNREFUSED, why.text, e);
}

static redisReply *
call_once(struct tq_redis_conn *c, enum tq_redis_script s,
    const struct tq_redis_cmd *cmd, const struct more *more, int *noscript,
    struct tq_err *e)
{
	struct waiter w = { .place = c->place };

	*noscript = 0;
	if (is_away(c, e) || want(c, arrived, &w, e) == -1)
		return NULL;
	if (push_words(c, s, cmd, e) == -1 || post_more(c, more, e) == -1)
		return NULL;
	if (wait_for(c, &w.there, e) == -1)
		return NULL;
	*noscript = w.noscript;
	if (w.r == NULL) {
		if (w.e.num == 0)
			w.e = c->lost;
		if (e != NULL)
			*e = w.e;
		errno = w.e.num;
	} else if (more != NULL && tq_redis_finish(c, e) == -1) {
		freeReplyObject(w.r);
		w.r = NULL;
	}
	return w.r;
}

/* Let the server keep a script; without its word for that, EVAL does too. */
static void
load(struct tq_redis_conn *c, enum tq_redis_script s)
{
	struct tq_redis_cmd cmd;
	redisReply *r;
	int unused;

	tq_redis_cmd_init(&cmd);
	tq_redis_cmd_str(&cmd, "SCRIPT");
	tq_redis_cmd_str(&cmd, "LOAD");
	tq_redis_cmd_str(&cmd, tq_redis_script_text(s));
	r = call_once(c, TQ_REDIS_PLAIN, &cmd, NULL, &unused, NULL);
	tq_redis_cmd_fini(&cmd);
	if (r != NULL && r->type == REDIS_REPLY_STRING && r->len == 40)
		strlcpy(c->sha[s], r->str, sizeof(c->sha[s]));
	if (r != NULL)
		freeReplyObject(r);
}

int
tq_redis_post(struct tq_redis_conn *c, enum tq_redis_script s,
    const struct tq_redis_cmd *cmd, tq_redis_done *done, void *arg,
    struct tq_err *e)
{
	if (is_away(c, e))
		return -1;
	if (s != TQ_REDIS_PLAIN && c->keeps && c->sha[s][0] == '\0')
		load(c, s);
	if (is_away(c, e) || want(c, done, arg, e) == -1 ||
	    push_words(c, s, cmd, e) == -1)
		return -1;
	return give_out(c, e) == -1 ? -1 : 0;
}

int
tq_redis_post_later(struct tq_redis_conn *c, const struct tq_redis_cmd *cmd,
    tq_redis_done *done, void *arg, struct tq_err *e)
{
	return is_away(c, e) || want(c, done, arg, e) == -1 ||
	    push_words(c, TQ_REDIS_PLAIN, cmd, e) == -1 ? -1 : 0;
}

static redisReply *
call(struct tq_redis_conn *c, enum tq_redis_script s,
    const struct tq_redis_cmd *cmd, const struct more *more, struct tq_err *e)
{
	redisReply *r;
	int noscript;

	if (s != TQ_REDIS_PLAIN && c->keeps && c->wire.fd != -1 &&
	    c->sha[s][0] == '\0')
		load(c, s);
	r = call_once(c, s, cmd, more, &noscript, e);
	if (r == NULL && noscript) {
		/* somebody flushed the server's scripts */
		memset(c->sha, 0, sizeof(c->sha));
		r = call_once(c, s, cmd, more, &noscript, e);
	}
	return r;
}

redisReply *
tq_redis_call(struct tq_redis_conn *c, enum tq_redis_script s,
    const struct tq_redis_cmd *cmd, struct tq_err *e)
{
	return call(c, s, cmd, NULL, e);
}

redisReply *
tq_redis_call_with(struct tq_redis_conn *c, enum tq_redis_script s,
    const struct tq_redis_cmd *cmd, int (*post)(void *, struct tq_err *),
    void *arg, struct tq_err *e)
{
	const struct more more = { post, arg };

	return call(c, s, cmd, &more, e);
}

int
tq_redis_tell(struct tq_redis_conn *c, const struct tq_redis_cmd *cmd,
    struct tq_err *e)
{
	if (is_away(c, e) || push_words(c, TQ_REDIS_PLAIN, cmd, e) == -1)
		return -1;
	return give_out(c, e) == -1 ? -1 : 0;
}

redisReply *
tq_redis_say(struct tq_redis_conn *c, struct tq_err *e, const char *word, ...)
{
	struct tq_redis_cmd cmd;
	redisReply *a;
	va_list ap;

	tq_redis_cmd_init(&cmd);
	va_start(ap, word);
	for (; word != NULL; word = va_arg(ap, const char *))
		tq_redis_cmd_str(&cmd, word);
	va_end(ap);
	a = tq_redis_call(c, TQ_REDIS_PLAIN, &cmd, e);
	tq_redis_cmd_fini(&cmd);
	return a;
}

int
tq_redis_finish(struct tq_redis_conn *c, struct tq_err *e)
{
	tq_time until = tq_clock_deadline(tq_clock_mono(), c->place->timeout);
	size_t n = c->n;
	int rv;

	while (c->n > 0) {
		if ((rv = tq_redis_await(c, until, e)) == -1)
			return -1;
		if (rv == 0)
			return lose_silent(c, e);
		if (c->n < n)
			until = tq_clock_deadline(tq_clock_mono(),
			    c->place->timeout);
		n = c->n;
	}
	return 0;
}

/* ---- beginning ------------------------------------------------------- */

/* One command of the beginning: its failure ends the connection. */
static int
greet(struct tq_redis_conn *c, const char *a, const char *b, const char *d,
    struct tq_err *e)
{
	struct tq_err why;
	redisReply *r;

	if ((r = tq_redis_say(c, &why, a, b, d, NULL)) != NULL) {
		freeReplyObject(r);
		return 0;
	}
	c->lost = why;
	tq_redis_conn_drop(c);
	return tq_fail(e, why.num, "%s", why.text);
}

int
tq_redis_conn_open(struct tq_redis_conn *c, struct tq_err *e)
{
	const struct tq_redis_place *p = c->place;
	tq_time until = tq_clock_deadline(tq_clock_mono(), p->timeout);
	struct tq_err why;
	char db[16];

	tq_redis_conn_drop(c);
	if (tq_redis_wire_open(&c->wire, p, until, &why) == -1)
		return lose(c, why.num, why.text, e);
	if ((c->reader = redisReaderCreate()) == NULL)
		return lose(c, ECONNREFUSED, "no memory", e);
	c->opened++;
	c->reader->maxbuf = KEEP_MOST;	/* it is used again */
	if (p->password != NULL && greet(c, "AUTH",
	    p->user != NULL ? p->user : p->password,
	    p->user != NULL ? p->password : NULL, e) == -1)
		return -1;
	/* before anything is said about keys: on failure we would be in 0 */
	snprintf(db, sizeof(db), "%d", p->db);
	if (p->db != 0)
		return greet(c, "SELECT", db, NULL, e);
	return greet(c, "PING", NULL, NULL, e);
}
