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
 *				tag that ends in "s.1" was begun at once
 *	tq.delayed		tags by the time they are due
 *	tq.waiting		tag -> list key, newline, message
 *	tq.local		tag -> who keeps its message, a worker (local.c)
 *	tq.paused		queues that tq workers take nothing from
 *	tq.closed		queues that tq producers put nothing into
 *	tq.revoked		ids by the time they were revoked
 *	tq.revision		rises with each change of tq.revoked
 *	tq.id.ID		a message of this id was put; ID/TAG: was sent
 *				by the end of the message with that tag
 *	tq.key.KEY		who has it and who follows
 *	tq.lane.LANE, tq.lists.LANE, tq.parked..., tq.shelf..., tq.seq,
 *	tq.bell, tq.watch, tq.limits, tq.run..., tq.next
 *				see script_take.c
 *	tq.last.SCHEDULE	its last tick, until it may be forgotten
 *	tq.dead			list of dead letters, the newest left
 *	tq.stage.ID.N		messages of a put that is not whole yet (stage.c)
 *
 * A message is in exactly one place at every instant: a list, unacked,
 * tq.waiting (with a time in tq.delayed, or for what script_take.c says), or
 * where tq.local says.  The tag of a held message is made anew each time it is taken,
 * so one who lost it to somebody else cannot end it: unacked has no such tag.
 */
#include "backend/redis/script.h"

/*
 * prefix, database of the broker, database of the results, tag that must be
 * held ("": none), 1 to let it go, queues that must not be closed (a number
 * and names), then steps: a letter, the chord (key of its size or "") whose
 * end it is of, and its operands:
 *
 *	S key ttl text		result, unless a SUCCESS is there
 *	P id list message	message at the end of the line
 *	F id list message	message that is next
 *	D id tag due list message	message that waits
 *	H tag words		message that its worker keeps
 *	G stem n ids		what was laid down under stem.1 to stem.n; ids: some
 *				of it has an id that must not be known
 *	Z key ttl size only-if-none
 *	V key ttl text		any text
 *	X n key ...		forget keys
 *	E key ttl		this chord has ended: count no more
 *	L list text max		onto a list of at most max
 *	B key member		into a set
 *	K key id rival where place text
 *				the key is this id's, until
 *	U key id		it is not any more
 *	N lane id		the lane is not its any more
 *	T key last at until	the schedule moves on from one tick to the next
 *				(ms)
 *
 * id is not "": nothing of that message if tq.id.ID is there; it lasts a week
 * for a put, a day for what follows a task (and the delay).  A step of a chord
 * whose size is gone at the beginning is left out.
 *
 * A key is a hash: `id` has it, `next` follows that one and `tag` is where it
 * waits if a worker came across it, `at` is when `id` or `next` was last known
 * to be there.  The rival of K is the one of them that is not known to run, as
 * the caller found it: "list" or "wait" and where, with its text; "held" and
 * its tag; "here" (do no more than say so); "gone" (it is nowhere); "" at
 * first.  What is replaced is taken away here, and is put back in front if
 * somebody else has moved meanwhile.
 *
 * A schedule that has another last tick refuses the put: "MOVED".
 *
 * What was laid down and is there no more refuses the put: "GONE".
 *
 * Returns "OK"; "STALE" the tag is not held; "CLOSED name"; "SEEN id" for a
 * put (tag "") of a known id; "TWIN id" for two of one key; "HELD n at id" for
 * the n-th K, whose rival is not the one named; "TAKEN id" a rival holds it;
 * "AGAIN" it stands somewhere else by now: nothing was done.  A put has its
 * ids refused, the steps after a task have them left out.
 */
static const char transact[] =
"local p, bdb, rdb, tag = ARGV[1], ARGV[2], ARGV[3], ARGV[4]\n"
"local at, db = 0, bdb\n"
"local function use(d)\n"
"  if d ~= db then redis.call('SELECT', d) db = d end\n"
"end\n"
"if tag ~= '' and redis.call('HEXISTS', p..'unacked', tag) == 0 then\n"
"  return 'STALE'\n"
"end\n"
"local nq = tonumber(ARGV[6])\n"
"for i = 7, 6 + nq do\n"
"  if redis.call('SISMEMBER', p..'tq.closed', ARGV[i]) == 1 then\n"
"    return 'CLOSED '..ARGV[i]\n"
"  end\n"
"end\n"
"local size = { E = 2, H = 2, S = 3, P = 3, F = 3, D = 5, G = 3, Z = 4, V = 3,"
" L = 3, B = 2, K = 6, U = 2, T = 4, N = 2 }\n"
"local function span(i)\n"
"  if ARGV[i] == 'X' then return 3 + tonumber(ARGV[i + 2]) end\n"
"  return 2 + size[ARGV[i]]\n"
"end\n"
"local open, keys, behind, away, nkeys = {}, {}, {}, {}, 0\n"
"local function key(i)\n"
"  local k, rival, where = ARGV[i], ARGV[i + 2], ARGV[i + 3]\n"
"  local h = redis.call('HMGET', k, 'id', 'next', 'at')\n"
"  local other = h[2] or h[1]\n"
"  nkeys = nkeys + 1\n"
"  if keys[k] then return 'TWIN '..keys[k] end\n"
"  keys[k] = ARGV[i + 1]\n"
"  if not other then return end\n"
"  if rival ~= other then\n"
"    return 'HELD '..nkeys..' '..(h[3] or 0)..' '..other\n"
"  end\n"
"  if where == 'gone' and not h[2] then return end\n"
"  if where == 'held' and not h[2] and"
" redis.call('HEXISTS', p..'unacked', ARGV[i + 4]) == 1 then\n"
"    behind[k] = true\n"
"    return\n"
"  end\n"
"  if where == 'list' or where == 'wait' then\n"
"    behind[k] = h[2]\n"
"    away[#away + 1] = { where, ARGV[i + 4], ARGV[i + 5] }\n"
"    return\n"
"  end\n"
"  if where == 'here' then\n"
"    redis.call('HSET', k, 'at', redis.call('TIME')[1])\n"
"    return 'TAKEN '..other\n"
"  end\n"
"  if where == 'gone' then redis.call('HDEL', k, 'next', 'tag') end\n"
"  return 'AGAIN'\n"
"end\n"
"local function take(a)\n"
"  if a[1] == 'list' then return redis.call('LREM', a[2], -1, a[3]) == 1 end\n"
"  a[3] = redis.call('HGET', p..'tq.waiting', a[2])\n"
"  a[4] = redis.call('ZSCORE', p..'tq.delayed', a[2])\n"
"  redis.call('HDEL', p..'tq.waiting', a[2])\n"
"  redis.call('ZREM', p..'tq.delayed', a[2])\n"
"  return a[3]\n"
"end\n"
"local function untake(a)\n"
"  if a[1] == 'list' then redis.call('RPUSH', a[2], a[3]) return end\n"
"  redis.call('HSET', p..'tq.waiting', a[2], a[3])\n"
"  if a[4] then redis.call('ZADD', p..'tq.delayed', a[4], a[2]) end\n"
"end\n"
"local function staged(i, each)\n"
"  for n = 1, tonumber(ARGV[i + 1]) do\n"
"    if redis.call('EXISTS', ARGV[i]..n) == 0 then return 'GONE' end\n"
"    local w = each and redis.call('LRANGE', ARGV[i]..n, 0, -1) or {}\n"
"    for k = 1, #w, 5 do\n"
"      local no = each(w[k], w[k + 1], w[k + 2], w[k + 3], w[k + 4])\n"
"      if no then return no end\n"
"    end\n"
"  end\n"
"end\n"
"at = 7 + nq\n"
"while at <= #ARGV do\n"
"  local chord, what = ARGV[at + 1], ARGV[at]\n"
"  if chord ~= '' and open[chord] == nil then\n"
"    use(rdb)\n"
"    open[chord] = redis.call('EXISTS', chord) == 1\n"
"  end\n"
"  if tag == '' and ARGV[at + 2] ~= '' and"
" (what == 'P' or what == 'F' or what == 'D') then\n"
"    use(bdb)\n"
"    if redis.call('EXISTS', p..'tq.id.'..ARGV[at + 2]) == 1 then\n"
"      return 'SEEN '..ARGV[at + 2]\n"
"    end\n"
"    use(rdb)\n"
"  end\n"
"  if what == 'G' then\n"
"    use(bdb)\n"
"    local no = staged(at + 2, ARGV[at + 4] == '1' and function(id)\n"
"      if id ~= '' and redis.call('EXISTS', p..'tq.id.'..id) == 1 then\n"
"        return 'SEEN '..id\n"
"      end\n"
"    end)\n"
"    if no then return no end\n"
"    use(rdb)\n"
"  end\n"
"  if what == 'T' then\n"
"    use(bdb)\n"
"    if (redis.call('GET', ARGV[at + 2]) or '0') ~= ARGV[at + 3] then\n"
"      return 'MOVED'\n"
"    end\n"
"    use(rdb)\n"
"  end\n"
"  if what == 'K' then\n"
"    use(bdb)\n"
"    local no = key(at + 2)\n"
"    if no then return no end\n"
"    use(rdb)\n"
"  end\n"
"  at = at + span(at)\n"
"end\n"
"use(bdb)\n"
"for n, a in ipairs(away) do\n"
"  if not take(a) then\n"
"    for k = 1, n - 1 do untake(away[k]) end\n"
"    return 'AGAIN'\n"
"  end\n"
"end\n"
"local function new(id, ttl)\n"
"  if tag ~= '' then ttl = ttl - 518400 end\n"
"  return id == '' or redis.call('SET', p..'tq.id.'..id, '1', 'NX', 'EX',"
" ttl)\n"
"end\n"
"local function delay(id, tag, due, list, m)\n"
"  local now = redis.call('TIME')[1]\n"
"  if new(id, 604800 + math.max(0, math.ceil(tonumber(due) - now))) then\n"
"    redis.call('ZADD', p..'tq.delayed', due, tag)\n"
"    redis.call('HSET', p..'tq.waiting', tag, list..'\\n'..m)\n"
"  end\n"
"end\n"
"local todo = {\n"
"  S = function(i)\n"
"    use(rdb)\n"
"    local old = redis.call('GET', ARGV[i])\n"
"    if old then\n"
"      local ok, meta = pcall(cjson.decode, old)\n"
"      if ok and type(meta) == 'table' and meta.status == 'SUCCESS' then\n"
"        return\n"
"      end\n"
"    end\n"
"    redis.call('SETEX', ARGV[i], ARGV[i + 1], ARGV[i + 2])\n"
"    redis.call('PUBLISH', ARGV[i], ARGV[i + 2])\n"
"  end,\n"
"  P = function(i)\n"
"    use(bdb)\n"
"    if new(ARGV[i], 604800) then"
" redis.call('LPUSH', ARGV[i + 1], ARGV[i + 2]) end\n"
"  end,\n"
"  F = function(i)\n"
"    use(bdb)\n"
"    if new(ARGV[i], 604800) then"
" redis.call('RPUSH', ARGV[i + 1], ARGV[i + 2]) end\n"
"  end,\n"
"  D = function(i)\n"
"    use(bdb)\n"
"    delay(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])\n"
"  end,\n"
"  G = function(i)\n"
"    use(bdb)\n"
"    local to, run = nil, {}\n"
"    local function push()\n"
"      if to then redis.call('LPUSH', to, unpack(run)) end\n"
"      to, run = nil, {}\n"
"    end\n"
"    staged(i, function(id, tag, due, list, m)\n"
"      if tag ~= '' then delay(id, tag, due, list, m) return end\n"
"      if list ~= to or #run == 500 then push() end\n"
"      if new(id, 604800) then to = list run[#run + 1] = m end\n"
"    end)\n"
"    push()\n"
"    for n = 1, tonumber(ARGV[i + 1]) do redis.call('DEL', ARGV[i]..n) end\n"
"  end,\n"
"  H = function(i)\n"
"    use(bdb)\n"
"    redis.call('HSET', p..'tq.local', ARGV[i], ARGV[i + 1])\n"
"  end,\n"
"  Z = function(i)\n"
"    use(rdb)\n"
"    if ARGV[i + 3] == '1' and redis.call('EXISTS', ARGV[i]) == 1 then"
" return end\n"
"    redis.call('SETEX', ARGV[i], ARGV[i + 1], ARGV[i + 2])\n"
"    redis.call('PUBLISH', ARGV[i], ARGV[i + 2])\n"
"  end,\n"
"  V = function(i)\n"
"    use(rdb)\n"
"    redis.call('SETEX', ARGV[i], ARGV[i + 1], ARGV[i + 2])\n"
"    redis.call('PUBLISH', ARGV[i], ARGV[i + 2])\n"
"  end,\n"
"  X = function(i)\n"
"    use(rdb)\n"
"    for k = i + 1, i + tonumber(ARGV[i]) do redis.call('DEL', ARGV[k]) end\n"
"  end,\n"
"  E = function(i)\n"
"    use(rdb)\n"
"    redis.call('SADD', ARGV[i], '')\n"
"    redis.call('EXPIRE', ARGV[i], ARGV[i + 1])\n"
"  end,\n"
"  B = function(i)\n"
"    use(bdb)\n"
"    redis.call('SADD', ARGV[i], ARGV[i + 1])\n"
"  end,\n"
"  K = function(i)\n"
"    use(bdb)\n"
"    local k = ARGV[i]\n"
"    redis.call('HSET', k, 'at', redis.call('TIME')[1])\n"
"    redis.call('HSET', k, behind[k] and 'next' or 'id', ARGV[i + 1])\n"
"    redis.call('HDEL', k, 'tag')\n"
"    if behind[k] then\n"
"      redis.call('ZADD', p..'tq.watch', 'NX',"
" redis.call('TIME')[1] + 600, 'k'..string.sub(k, #p + 8))\n"
"    end\n"
"  end,\n"
"  U = function(i)\n"
"    use(bdb)\n"
"    local k = ARGV[i]\n"
"    local h = redis.call('HMGET', k, 'id', 'next', 'tag')\n"
"    if h[1] == ARGV[i + 1] and not h[2] then\n"
"      redis.call('DEL', k)\n"
"    elseif h[1] == ARGV[i + 1] or h[2] == ARGV[i + 1] then\n"
"      redis.call('HDEL', k, 'next', 'tag')\n"
"      if h[1] ~= ARGV[i + 1] then return end\n"
"      redis.call('HSET', k, 'id', h[2])\n"
"      local m = h[3] and redis.call('HGET', p..'tq.waiting', h[3])\n"
"      if not m then return end\n"
"      local cut = string.find(m, '\\n', 1, true)\n"
"      redis.call('HDEL', p..'tq.waiting', h[3])\n"
"      redis.call('RPUSH', string.sub(m, 1, cut - 1),"
" string.sub(m, cut + 1))\n"
"    end\n"
"  end,\n"
"  N = function(i)\n"
"    use(bdb)\n"
"    local lane, any = ARGV[i], false\n"
"    if redis.call('HGET', p..'tq.lane.'..lane, 'id') ~= ARGV[i + 1] then"
" return end\n"
"    redis.call('DEL', p..'tq.lane.'..lane)\n"
"    for _, list in ipairs(redis.call('SMEMBERS', p..'tq.lists.'..lane)) do\n"
"      local h = redis.call('ZRANGE', p..'tq.parked.'..list..'\\nl'..lane, 0, 0,"
" 'WITHSCORES')\n"
"      if h[1] then\n"
"        any = redis.call('ZADD', p..'tq.shelf.'..list, h[2], 'l'..lane)\n"
"      else\n"
"        redis.call('SREM', p..'tq.lists.'..lane, list)\n"
"      end\n"
"    end\n"
"    if any then\n"
"      redis.call('INCR', p..'tq.bell')\n"
"    else\n"
"      redis.call('ZREM', p..'tq.watch', 'l'..lane)\n"
"    end\n"
"  end,\n"
"  T = function(i)\n"
"    use(bdb)\n"
"    redis.call('SET', ARGV[i], ARGV[i + 2])\n"
"    redis.call('PEXPIREAT', ARGV[i], ARGV[i + 3])\n"
"  end,\n"
"  L = function(i)\n"
"    use(bdb)\n"
"    redis.call('LPUSH', ARGV[i], ARGV[i + 1])\n"
"    redis.call('LTRIM', ARGV[i], 0, tonumber(ARGV[i + 2]) - 1)\n"
"  end\n"
"}\n"
"at = 7 + nq\n"
"while at <= #ARGV do\n"
"  local chord = ARGV[at + 1]\n"
"  if chord == '' or open[chord] then todo[ARGV[at]](at + 2) end\n"
"  at = at + span(at)\n"
"end\n"
"if tag ~= '' and ARGV[5] == '1' then\n"
"  use(bdb)\n"
"  redis.call('HDEL', p..'unacked', tag)\n"
"  redis.call('ZREM', p..'unacked_index', tag)\n"
"  redis.call('ZREM', p..'tq.lease', tag)\n"
"  redis.call('SREM', p..'tq.started', tag)\n"
"  if redis.call('EXISTS', p..'tq.limits') == 1 then"
" redis.call('INCR', p..'tq.bell') end\n"
"end\n"
"return 'OK'\n";

/*
 * prefix, database of the broker, database of the results, tag that must be
 * held or "", key of the group ("celery-taskset-meta-GID"), ttl, id, score,
 * head, member.  See lib/message/celery_plan.h.  The set tq.chord.GROUP has the ids
 * that saw the chord complete, and "" once it has ended: a member that runs
 * again after that is not noted.
 *
 * Returns "STALE", or {0}, or {1, meta of the group or "", members ...}.
 */
static const char part[] =
"local p, bdb, rdb, tag, g = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]\n"
"local ttl, id, score, head = ARGV[6], ARGV[7], ARGV[8], ARGV[9]\n"
"if tag ~= '' and redis.call('HEXISTS', p..'unacked', tag) == 0 then\n"
"  return 'STALE'\n"
"end\n"
"if bdb ~= rdb then redis.call('SELECT', rdb) end\n"
"if redis.call('SISMEMBER', 'tq.chord.'..g, '') == 1 then return {0} end\n"
"local new = true\n"
"for _, m in ipairs(redis.call('ZRANGEBYSCORE', g..'.j', score, score)) do\n"
"  if string.sub(m, 1, #head) == head then\n"
"    redis.call('ZREM', g..'.j', m)\n"
"    new = false\n"
"  end\n"
"end\n"
"redis.call('ZADD', g..'.j', score, ARGV[10])\n"
"redis.call('EXPIRE', g..'.j', ttl)\n"
"redis.call('EXPIRE', g..'.t', ttl)\n"
"redis.call('EXPIRE', g..'.s', ttl)\n"
"local size = redis.call('GET', g..'.s')\n"
"if not size then return {0} end\n"
"size = tonumber(size) + tonumber(redis.call('GET', g..'.t') or 0)\n"
"if redis.call('ZCARD', g..'.j') < size then return {0} end\n"
"local all, ids, n = redis.call('ZRANGE', g..'.j', 0, -1), {}, 0\n"
"for _, m in ipairs(all) do\n"
"  local who = string.match(m, '^%[1, ?\"([^\"]*)\"') or m\n"
"  if not ids[who] then ids[who] = true n = n + 1 end\n"
"end\n"
"local seen = redis.call('SISMEMBER', 'tq.chord.'..g, id) == 1\n"
"local shape = redis.call('GET', g) or ''\n"
"if n < size or (n > size and shape == '') or not (new or seen) then\n"
"  return {0}\n"
"end\n"
"redis.call('SADD', 'tq.chord.'..g, id)\n"
"redis.call('EXPIRE', 'tq.chord.'..g, ttl)\n"
"local out = { 1, shape }\n"
"for _, m in ipairs(all) do out[#out + 1] = m end\n"
"return out\n";

/*
 * prefix, score for unacked_index, end of the lease, tags.  Returns the tags
 * that are not held any more.
 */
static const char renew[] =
"local p, lost = ARGV[1], {}\n"
"for i = 4, #ARGV do\n"
"  if redis.call('HEXISTS', p..'unacked', ARGV[i]) == 1 then\n"
"    redis.call('ZADD', p..'unacked_index', ARGV[2], ARGV[i])\n"
"    redis.call('ZADD', p..'tq.lease', ARGV[3], ARGV[i])\n"
"  else\n"
"    lost[#lost + 1] = ARGV[i]\n"
"  end\n"
"end\n"
"return lost\n";

/*
 * prefix, now, oldest score in unacked_index that Celery leaves alone or "",
 * most, mutex token.  Returns tags, their text in unacked, and "1" if a worker
 * died with it: first those whose lease has passed, then, if unacked_mutex was
 * free, those that Celery would restore.  A tag that somebody else has settled meanwhile
 * is forgotten here.
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
"      out[#out + 1] = ours and (string.find(tag, 's%.%d+$') or"
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
"redis.call('DEL', ARGV[1])\n"
"for i = 3, #ARGV do redis.call('RPUSH', ARGV[1], ARGV[i]) end\n"
"return redis.call('EXPIRE', ARGV[1], ARGV[2])\n";

/*
 * prefix, tag, key of the list, message: what a worker kept goes where it is
 * taken next.  1; 0 it is not kept for that tag: it was given back before, or
 * never was; 2 it is still held under the tag.
 */
static const char release[] =
"local p, tag = ARGV[1], ARGV[2]\n"
"if redis.call('HDEL', p..'tq.local', tag) == 1 then\n"
"  redis.call('RPUSH', ARGV[3], ARGV[4])\n"
"  return 1\n"
"end\n"
"return redis.call('HEXISTS', p..'unacked', tag) * 2\n";

const char *
tq_redis_script_text(enum tq_redis_script s)
{
	static const char *const texts[TQ_REDIS_NSCRIPTS] = {
		[TQ_REDIS_TAKE] = tq_redis_script_take,
		[TQ_REDIS_DO] = transact,
		[TQ_REDIS_PART] = part,
		[TQ_REDIS_RENEW] = renew,
		[TQ_REDIS_OVERDUE] = overdue,
		[TQ_REDIS_REVOKE] = revoke,
		[TQ_REDIS_LOOK] = look,
		[TQ_REDIS_PLUCK] = pluck,
		[TQ_REDIS_STAGE] = stage,
		[TQ_REDIS_RELEASE] = release
	};

	return texts[s];
}
