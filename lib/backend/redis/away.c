/*
 * Looking at what waits in the spools of workers (local.c), by what the server
 * knows of it: a line for each, "ID until SECONDS on HOST in QUEUE", with
 * " again" behind a retry.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/redis/keyname.h"
#include "backend/redis/see.h"
#include "base/date.h"

/* End the text at a word, and go behind it; NULL: it is not there. */
static char *
behind(char *text, const char *word)
{
	char *p = text == NULL ? NULL : strstr(text, word);

	if (p != NULL) {
		*p = '\0';
		p += strlen(word);
	}
	return p;
}

/* 1; 0 the line is none; -1.  It is cut to pieces. */
static int
read_line(struct tq_info *out, struct tq_arena *mem, char *line)
{
	char *p, *id_end = NULL, *due, *host, *queue, *again;
	char date[32], why[TQ_WHY_MAX];

	/* the last one: an id may hold anything */
	for (p = line; (p = strstr(p, " until ")) != NULL; p++)
		id_end = p;
	due = id_end == NULL ? NULL : behind(id_end, " until ");
	host = behind(due, " on ");
	queue = behind(host, " in ");
	again = behind(queue, " again");
	if (queue == NULL || !tq_id_valid(line) || !tq_name_valid(queue))
		return 0;
	out->state = again != NULL ? TQ_RETRY : TQ_DELAYED;
	out->eta = tq_redis_time(due);
	(void)strlcpy(out->id.s, line, sizeof(out->id.s));
	out->task.id = out->id.s;
	out->task.queue = tq_arena_copy(mem, queue, strlen(queue));
	out->put = tq_uuid_time(line);
	(void)strlcpy(out->host, host, sizeof(out->host));
	tq_date_format(date, sizeof(date), out->eta);
	snprintf(why, sizeof(why), "delayed until %s, kept on %s", date, host);
	out->why = tq_arena_copy(mem, why, strlen(why));
	return out->task.queue != NULL && out->why != NULL ? 1 : -1;
}

int
tq_redis_away(struct tq_redis *r, const char *id, struct tq_info *info,
    struct tq_arena *mem, int (*each)(const struct tq_info *, void *),
    void *arg, struct tq_err *e)
{
	const char *key = tq_redis_own_key(&r->place, &r->mem, "tq.local");
	void *keep = info->mem;
	redisReply *a;
	size_t i;
	int rv = 0;

	if (key == NULL)
		return tq_fail_sys(e, ENOMEM, "%s", r->place.name);
	if ((a = tq_redis_say(&r->main, e, "HVALS", key, NULL)) == NULL)
		return -1;
	for (i = 0; i < a->elements && rv == 0; i++) {
		memset(info, 0, sizeof(*info));
		info->mem = keep;
		tq_task_init(&info->task);
		tq_outcome_init(&info->end, TQ_ABSENT);
		rv = read_line(info, mem, a->element[i]->str);
		if (rv == -1)
			rv = tq_fail_sys(e, ENOMEM, "%s", r->place.name);
		else if (rv == 1 && id != NULL)
			rv = strcmp(id, info->id.s) == 0;
		else if (rv == 1)
			rv = each(info, arg);
	}
	freeReplyObject(a);
	return rv;
}

int
tq_redis_is_local(struct tq_redis *r, const char *id, struct tq_err *e)
{
	struct tq_info info;
	struct tq_arena mem;
	int rv;

	memset(&info, 0, sizeof(info));
	tq_arena_init(&mem);
	rv = tq_redis_away(r, id, &info, &mem, NULL, NULL, e);
	tq_arena_fini(&mem);
	return rv;
}
