/*
 * The scripts that run inside the server.  Redis runs one at a time and keeps
 * it whole in its append-only file: after a crash all of it happened or none.
 *
 * Keys, all behind the prefix of the URL (ARGV[1]); those of the first part
 * are Celery's own, and as kombu writes them:
 *
 *	QUEUE, QUEUE 06 16 STEP	lists of messages, taken from the right
 *	unacked			tag -> [message, exchange, routing key]
 *	unacked_index		tag by the time it was taken or renewed
 *
 *	tq.lease		tags that tq holds, by the end of their lease
 *	tq.started		those of them that somebody began to run; a
 *				tag that ends in "s.1", the first of a take,
 *				was begun at once
 *	tq.delayed		tags by the time they are due
 *	tq.waiting		tag -> list key, newline, message
 *	tq.local		tag -> who keeps its message, a worker (local.c)
 *	tq.paused		queues that tq workers take nothing from
 *	tq.closed		queues that tq producers put nothing into
 *	tq.revoked		ids by the time they were revoked
 *	tq.revision		rises with each change of tq.revoked
 *	tq.id.ID		a message of this id was put: its proof
 *				(proof.lua), or 1; ID/TAG: 1, was sent by the end
 *				of the message with that tag
 *	tq.key.KEY		who has it and who follows
 *	tq.lane.LANE, tq.lists.LANE, tq.parked..., tq.shelf..., tq.seq,
 *	tq.bell, tq.watch, tq.limits, tq.run..., tq.next
 *				see take.lua
 *	tq.last.SCHEDULE	its last tick, until it may be forgotten
 *	tq.dead			list of dead letters, the newest left
 *	tq.data			what names the data of this server, from the first
 *				take on: it stands in tags, behind "@"
 *	tq.stage.ID.N, .N.to	messages of a put that is not whole yet (stage.c)
 *				and the lists that they go to
 *
 * A message is in exactly one place at every instant: a list, unacked,
 * tq.waiting (with a time in tq.delayed, or for what take.lua says), or
 * where tq.local says.  The tag of a held message is made anew each time it is
 * taken, so one who lost it to somebody else cannot end it: unacked has no such
 * tag.  Where tq.data is none or another's than at the take, the server has lost
 * what it had (FLUSHALL, started again without its file): nobody else can have
 * the message, and its end counts.
 */
#include "backend/redis/script.h"

/*
 * Each is a file of its own, or several that are one script one behind the
 * other, as they follow here; make turns them into strings (lua.awk).
 */
static const char take[] =
#include "backend/redis/take.lua.h"
    ;
static const char transaction[] =
#include "backend/redis/do.lua.h"
#include "backend/redis/do_may.lua.h"
#include "backend/redis/do_count.lua.h"
#include "backend/redis/proof.lua.h"
#include "backend/redis/do_step.lua.h"
    ;
static const char renew[] =
#include "backend/redis/renew.lua.h"
    ;
static const char overdue[] =
#include "backend/redis/overdue.lua.h"
    ;
static const char revoke[] =
#include "backend/redis/revoke.lua.h"
    ;
static const char look[] =
#include "backend/redis/look.lua.h"
    ;
static const char pluck[] =
#include "backend/redis/pluck.lua.h"
    ;
static const char stage[] =
#include "backend/redis/stage.lua.h"
    ;
static const char release[] =
#include "backend/redis/release.lua.h"
    ;
static const char held[] =
#include "backend/redis/held.lua.h"
    ;
static const char same[] =
#include "backend/redis/proof.lua.h"
#include "backend/redis/same.lua.h"
    ;

const char *
tq_redis_script_text(enum tq_redis_script s)
{
	static const char *const texts[TQ_REDIS_NSCRIPTS] = {
		[TQ_REDIS_TAKE] = take,
		[TQ_REDIS_DO] = transaction,
		[TQ_REDIS_RENEW] = renew,
		[TQ_REDIS_OVERDUE] = overdue,
		[TQ_REDIS_REVOKE] = revoke,
		[TQ_REDIS_LOOK] = look,
		[TQ_REDIS_PLUCK] = pluck,
		[TQ_REDIS_STAGE] = stage,
		[TQ_REDIS_RELEASE] = release,
		[TQ_REDIS_HELD] = held,
		[TQ_REDIS_SAME] = same
	};

	return texts[s];
}
