/* TQ_STATUS_FD of a place. */
#define _GNU_SOURCE		/* pipe2(2) */
#include <sys/epoll.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "message/json.h"
#include "talk.h"

#define LINE_MAX_BYTES	TQ_ARGS_MAX	/* a result or a task may be long */
#define CHILDREN_MAX_BYTES	TQ_ARGS_MAX
#define READ_SIZE	4096
#define READS		16	/* 64 KiB, see pipe(7) */
#define TELL_EVERY	(50 * TQ_MS)

/* Make the pipe anew; what was there before is closed. */
static int
make_pipe(struct tq_talk *t, struct tq_err *e)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd[2];

	ev.data.u64 = t->key;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return tq_fail_sys(e, errno, "pipe of TQ_STATUS_FD");
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) == -1 ||
	    epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd[0], &ev) == -1) {
		tq_fail_sys(e, errno, "pipe of TQ_STATUS_FD");
		close(fd[0]);
		close(fd[1]);
		return -1;
	}
	if (t->in != -1) {
		close(t->in);
		close(t->out);
	}
	t->in = fd[0];
	t->out = fd[1];
	return 0;
}

int
tq_talk_open(struct tq_talk *t, int epoll, uint64_t key, struct tq_err *e)
{
	memset(t, 0, sizeof(*t));
	t->in = t->out = -1;
	t->epoll = epoll;
	t->key = key;
	return make_pipe(t, e);
}

void
tq_talk_close(struct tq_talk *t)
{
	if (t->in != -1) {
		close(t->in);
		close(t->out);
	}
	t->in = t->out = -1;
	tq_buf_fini(&t->line);
	tq_buf_fini(&t->type);
	tq_buf_fini(&t->text);
	tq_buf_fini(&t->result);
	tq_buf_fini(&t->children);
	tq_buf_fini(&t->state);
	tq_buf_fini(&t->progress);
}

/* ---- what was said --------------------------------------------------- */

static void
keep(struct tq_buf *b, const char *p, size_t n)
{
	tq_buf_reset(b);
	tq_buf_put(b, p, n);
	tq_buf_byte(b, '\0');
}

static void
wish(struct tq_talk *t, enum tq_wish wish, const struct tq_words *w)
{
	t->wish = wish;
	t->delay = w->delay;
	keep(&t->text, w->text.p, w->text.n);
	if (w->name != NULL)
		keep(&t->type, w->name, strlen(w->name));
}

void
tq_talk_say(struct tq_talk *t, const struct tq_report *r)
{
	size_t room = TQ_PROGRESS_MAX;

	tq_buf_reset(&t->state);
	if (r->state != NULL) {
		keep(&t->state, r->state, strlen(r->state));
		room -= t->state.n;
	}
	tq_buf_reset(&t->progress);
	/* half a JSON value is none; of words the beginning will do */
	if (r->text.n <= room)
		tq_buf_put(&t->progress, r->text.p, r->text.n);
	else if (r->state == NULL)
		tq_buf_put(&t->progress, r->text.p, room);
	t->untold = t->state.n + t->progress.n > 0;
}

/* A result tells no more of them than it may be long. */
static void
add_child(struct tq_talk *t, const char *id)
{
	if (t->children.n > CHILDREN_MAX_BYTES)
		return;
	tq_buf_byte(&t->children, t->children.n == 0 ? '[' : ',');
	tq_json_str(&t->children, id, strlen(id));
}

static void
say_wrong(struct tq_talk *t, const char *sentence)
{
	if (t->wrong[0] == '\0')
		strlcpy(t->wrong, sentence, sizeof(t->wrong));
}

static void
hear_line(struct tq_talk *t, char *line, size_t n)
{
	struct tq_report r;
	struct tq_words w;
	struct tq_err e;

	if (tq_words_parse(&w, line, n, &e) == -1) {
		say_wrong(t, e.text);
		return;
	}
	switch (w.word) {
	case TQ_WORD_CHILD:
		add_child(t, w.name);
		break;
	case TQ_WORD_PROGRESS:
	case TQ_WORD_STATE:
		r.state = w.name;
		r.text = w.text;
		tq_talk_say(t, &r);
		break;
	case TQ_WORD_FAIL:
		wish(t, TQ_WISH_FAIL, &w);
		break;
	case TQ_WORD_REPLACE:
		wish(t, TQ_WISH_REPLACE, &w);
		break;
	case TQ_WORD_RETRY:
		wish(t, TQ_WISH_RETRY, &w);
		break;
	case TQ_WORD_RESULT:
		tq_buf_reset(&t->result);
		tq_buf_put(&t->result, w.text.p, w.text.n);
		break;
	}
}

/* Take the whole lines out of the buffer. */
static void
hear_lines(struct tq_talk *t)
{
	char *p = (char *)t->line.p, *end;
	size_t left = t->line.n;

	while (left > 0 && (end = memchr(p, '\n', left)) != NULL) {
		hear_line(t, p, (size_t)(end - p));
		left -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	if (left > LINE_MAX_BYTES) {
		say_wrong(t, "a line on TQ_STATUS_FD is too long");
		left = 0;
	}
	if (left > 0)
		memmove(t->line.p, p, left);
	t->line.n = left;
}

/* Read what a pipe holds at most: what comes meanwhile waits. */
static void
read_some(struct tq_talk *t)
{
	size_t before;
	ssize_t n;
	void *p;
	int i;

	for (i = 0; i < READS; i++) {
		before = t->line.n;
		if ((p = tq_buf_grow(&t->line, READ_SIZE)) == NULL) {
			say_wrong(t, "no memory for TQ_STATUS_FD");
			tq_buf_reset(&t->line);
			return;
		}
		n = read(t->in, p, READ_SIZE);
		t->line.n = before + (n > 0 ? (size_t)n : 0);
		if (n <= 0)
			return;
		if (memchr(p, '\n', (size_t)n) != NULL ||
		    t->line.n > LINE_MAX_BYTES)
			hear_lines(t);
		if (n < READ_SIZE)
			return;
	}
}

/* ---- telling it ------------------------------------------------------ */

tq_time
tq_talk_tick(struct tq_talk *t, struct tq *tq, const struct tq_claim *c,
    tq_time now)
{
	struct tq_report r;

	if (!t->untold)
		return TQ_FOREVER;
	if (t->told != 0 && now - t->told < TELL_EVERY)
		return t->told + TELL_EVERY;
	r.state = t->state.n > 0 ? (const char *)t->state.p : NULL;
	r.text = (struct tq_bytes){
		(const char *)t->progress.p, t->progress.n
	};
	/* it is news, not state: what cannot be told is not told */
	(void)tq_report(tq, c, &r, NULL);
	t->untold = 0;
	t->told = now;
	return TQ_FOREVER;
}

void
tq_talk_hear(struct tq_talk *t, struct tq *tq, const struct tq_claim *c,
    tq_time now)
{
	read_some(t);
	(void)tq_talk_tick(t, tq, c, now);
}

void
tq_talk_last(struct tq_talk *t)
{
	read_some(t);
	if (t->line.n == 0)
		return;
	tq_buf_byte(&t->line, '\n');
	if (tq_buf_ok(&t->line))
		hear_lines(t);
}

int
tq_talk_reset(struct tq_talk *t, int renew, struct tq_err *e)
{
	t->wish = TQ_WISH_NONE;
	t->wrong[0] = '\0';
	t->untold = 0;
	tq_buf_reset(&t->line);
	tq_buf_reset(&t->result);
	tq_buf_reset(&t->children);
	return renew ? make_pipe(t, e) : 0;
}
