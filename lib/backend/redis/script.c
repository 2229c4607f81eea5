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
 *				(script.h), or 1; ID/TAG: 1, was sent by the end
 *				of the message with that tag
 *	tq.key.KEY		who has it and who follows
 *	tq.lane.LANE, tq.lists.LANE, tq.parked..., tq.shelf..., tq.seq,
 *	tq.bell, tq.watch, tq.limits, tq.run..., tq.next
 *				see script_take.c
 *	tq.last.SCHEDULE	its last tick, until it may be forgotten
 *	tq.dead			list of dead letters, the newest left
 *	tq.data			what names the data of this server, from the first
 *				take on: it stands in tags, behind "@"
 *	tq.stage.ID.N, .N.to	messages of a put that is not whole yet (stage.c)
 *				and the lists that they go to
 *
 * A message is in exactly one place at every instant: a list, unacked,
 * tq.waiting (with a time in tq.delayed, or for what script_take.c says), or
 * where tq.local says.  The tag of a held message is made anew each time it is
 * taken, so one who lost it to somebody else cannot end it: unacked has no such
 * tag.  Where tq.data is none or another's than at the take, the server has lost
 * what it had (FLUSHALL, started again without its file): nobody else can have
 * the message, and its end counts.
 */
#include "backend/redis/script.h"

/*
 * prefix, score for unacked_index, end of the lease, tags.  Returns the tags
 * that are not held any more.
 */
static const char renew[] =
"local p, lost = ARGV[1], {}\n"
"local data = redis.call('GET', p..'tq.data')\n"
"for i = 4, #ARGV do\n"
"  if redis.call('HEXISTS', p..'unacked', ARGV[i]) == 1 then\n"
"    redis.call('ZADD', p..'unacked_index', ARGV[2], ARGV[i])\n"
"    redis.call('ZADD', p..'tq.lease', ARGV[3], ARGV[i])\n"
"  elseif (string.match(ARGV[i], '@(%x+)s%.%d+$') or data) == data then\n"
"    lost[#lost + 1] = ARGV[i]\n"
"  end\n"
"end\n"
"return lost\n";

/*
 * prefix, now, oldest score in unacked_index that Celery leaves alone or "",
 * most, mutex token.  Returns tags, their text in unacked, and "1" if a worker
 * died with it: first those whose lease has passed, then, if unacked_mutex was
 * free, those that Celery would restore.  A tag that somebody else has settled
 * meanwhile is forgotten here.
 */
static const char overdue[] =
"local p, out, tq = ARGV[1], {}, {}\n"
"local function add(tags, ours)\n"
"  for _, tag in ipairs(tags) do\n"
"    local m = redis.call('HGET', p..'unacked', tag)\n"
"    if not m then\n"
"      redis.call('ZREM', p..'unacked_index', tag)\n"
"      redis.call('ZREM', p..'tq.lease', tag)\n"
"      redis.call('SREM', p..'tq.started', tag)\n"
"    elseif not tq[tag] then\n"
"      tq[tag] = true\n"
"      out[#out + 1] = tag\n"
"      out[#out + 1] = m\n"
"      out[#out + 1] = ours and (string.find(tag, 's%.1$') or"
" redis.call('SISMEMBER', p..'tq.started', tag) == 1) and '1' or ''\n"
"    end\n"
"  end\n"
"end\n"
"add(redis.call('ZRANGEBYSCORE', p..'tq.lease', '-inf', ARGV[2], 'LIMIT', 0,"
" ARGV[4]), true)\n"
"if ARGV[3] ~= '' and redis.call('SET', p..'unacked_mutex', ARGV[5], 'NX',"
" 'PX', 300000) then\n"
"  add(redis.call('ZRANGEBYSCORE', p..'unacked_index', '-inf', ARGV[3],"
" 'LIMIT', 0, ARGV[4]), false)\n"
"  redis.call('DEL', p..'unacked_mutex')\n"
"end\n"
"return out\n";

/*
 * prefix, now, forget those revoked before, how many are kept, ids.  One that
 * is delayed far ahead may be forgotten before its time: as with Celery.
 */
static const char revoke[] =
"local p = ARGV[1]\n"
"for i = 5, #ARGV do redis.call('ZADD', p..'tq.revoked', ARGV[2], ARGV[i]) end\n"
"redis.call('ZREMRANGEBYSCORE', p..'tq.revoked', '-inf', ARGV[3])\n"
"redis.call('ZREMRANGEBYRANK', p..'tq.revoked', 0, -1 - ARGV[4])\n"
"return redis.call('INCR', p..'tq.revision')\n";

/*
 * prefix, "unacked", "tq.waiting" or "list", cursor ("0" at first), how many,
 * text that must be inside or "", key of the list.
 *
 * Returns {next cursor ("0": no more), tag, text, score, ...}: of what is held
 * the end of the lease or "" (held by Celery), of what waits its due; a list
 * is gone through from where it is taken.
 */
static const char look[] =
"local p, what, at, n, needle = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]\n"
"local out = {'0'}\n"
"local function add(tag, text, score)\n"
"  if needle == '' or string.find(text, needle, 1, true) then\n"
"    out[#out + 1] = tag\n"
"    out[#out + 1] = text\n"
"    out[#out + 1] = score\n"
"  end\n"
"end\n"
"if what == 'list' then\n"
"  local to = -1 - tonumber(at)\n"
"  local all = redis.call('LRANGE', ARGV[6], to + 1 - tonumber(n), to)\n"
"  for i = #all, 1, -1 do add('', all[i], '') end\n"
"  if #all == tonumber(n) then out[1] = tostring(at + n) end\n"
"  return out\n"
"end\n"
"local got = redis.call('HSCAN', p..what, at, 'COUNT', n)\n"
"out[1] = got[1]\n"
"local index = what == 'unacked' and 'tq.lease' or 'tq.delayed'\n"
"for i = 1, #got[2], 2 do\n"
"  add(got[2][i], got[2][i + 1],"
" redis.call('ZSCORE', p..index, got[2][i]) or '')\n"
"end\n"
"return out\n";

/*
 * prefix, now, end of the lease, tag, queue, "list" or "wait", key of the list
 * or tag of what waits, message.  1 if it was there: it is held now, so that
 * something else can become of it.
 */
static const char pluck[] =
"local p = ARGV[1]\n"
/* who may not write here must not take */
"redis.call('HLEN', p..'unacked')\n"
"redis.call('ZCARD', p..'unacked_index')\n"
"if ARGV[6] == 'list' then\n"
"  if redis.call('LREM', ARGV[7], -1, ARGV[8]) == 0 then return 0 end\n"
"else\n"
"  if redis.call('HDEL', p..'tq.waiting', ARGV[7]) == 0 then return 0 end\n"
"  redis.call('ZREM', p..'tq.delayed', ARGV[7])\n"
"end\n"
"redis.call('HSET', p..'unacked', ARGV[4],"
" '['..ARGV[8]..', \"\", '..cjson.encode(ARGV[5])..']')\n"
"redis.call('ZADD', p..'unacked_index', ARGV[2], ARGV[4])\n"
"redis.call('ZADD', p..'tq.lease', ARGV[3], ARGV[4])\n"
"return 1\n";

/*
 * key, how long it stands, then for each message its id or "", tag and due or
 * "", key of the list, text.
 */
static const char stage[] =
"local to = ARGV[1]..'.to'\n"
"redis.call('DEL', ARGV[1], to)\n"
"for i = 3, #ARGV do redis.call('RPUSH', ARGV[1], ARGV[i]) end\n"
"for i = 6, #ARGV, 5 do\n"
"  if ARGV[i] ~= ARGV[i - 5] then redis.call('SADD', to, ARGV[i]) end\n"
"end\n"
"redis.call('EXPIRE', to, ARGV[2])\n"
"return redis.call('EXPIRE', ARGV[1], ARGV[2])\n";

/*
 * prefix, tag, key of the list, message: what a worker kept goes where it is
 * taken next.  1; 0 it is not kept for that tag: it was given back before, or
 * never was; 2 it is still held under the tag.
 */
static const char release[] =
"local p, tag = ARGV[1], ARGV[2]\n"
"if redis.call('HEXISTS', p..'tq.local', tag) == 1 then\n"
   /* this may fail, and then it is still kept */
"  redis.call('RPUSH', ARGV[3], ARGV[4])\n"
"  redis.call('HDEL', p..'tq.local', tag)\n"
"  return 1\n"
"end\n"
"return redis.call('HEXISTS', p..'unacked', tag) * 2\n";

/*
 * prefix, tag, most to look at, then what its headers have in them: 1 if another
 * message that is held has one of these; 0 if none has, or there are more of
 * them than that (Celery's workers hold all that waits for its time).
 */
static const char held[] =
"local p, at, n = ARGV[1], '0', tonumber(ARGV[3])\n"
"if redis.call('HLEN', p..'unacked') > n then return 0 end\n"
"repeat\n"
"  local r = redis.call('HSCAN', p..'unacked', at, 'COUNT', 100)\n"
"  for k = 1, #r[2], 2 do\n"
"    for i = 4, r[2][k] ~= ARGV[2] and #ARGV or 0 do\n"
"      if string.find(r[2][k + 1], ARGV[i], 1, true) then return 1 end\n"
"    end\n"
"  end\n"
"  at = r[1]\n"
"until at == '0'\n"
"return 0\n";

/*
 * tq.id.ID, message.  1 if that is what was put; 0 if it is not, or nothing was.
 * Of what a tq before this one put nobody knows: 1.
 */
static const char same[] =
TQ_REDIS_LUA_PROOF
"local was = redis.call('GET', ARGV[1])\n"
"return was and (was == '1' or was == proof(ARGV[2])) and 1 or 0\n";

const char *
tq_redis_script_text(enum tq_redis_script s)
{
	static const char *const texts[TQ_REDIS_NSCRIPTS] = {
		[TQ_REDIS_TAKE] = tq_redis_script_take,
		[TQ_REDIS_DO] = tq_redis_script_do,
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
