/*
 * The script that takes messages: the one gate that all of them pass.
 *
 * What may not start although it is first in line is parked: moved to
 * tq.waiting, where it stands under a tag without a time, the stem and a letter
 * that says why.  So it is passed over once, whoever comes by, and is in one
 * place as ever.
 *
 *	k	who follows: the `next` of a key, until the one that has the key
 *		has ended; then U of script.c puts it back in front of its list
 *	l	its lane is another's
 *	n	it needs what this worker does not have, or not now
 *	c, r	so many of its name run, or have started lately
 *
 * All but k stand on shelves, one for each lane, set of needs and name of a
 * list, in the order in which they were passed over:
 *
 *	tq.parked.LIST\nSHELF	tags, by their numbers; SHELF is "l" and the
 *				lane, "n" and the needs, "m" and the name
 *	tq.shelf.LIST		the shelves to look at before the list itself,
 *				for what is there was in front of it once: by the
 *				number of their first tag
 *	tq.lists.LANE		lists that have a shelf of it
 *	tq.lane.LANE		`id` has the lane, `at` as of a key
 *	tq.watch		"l" and a lane, "k" and a key, by the time when
 *				somebody looks whether who has it is there
 *	tq.bell			rises when something was put on a shelf or a
 *				lane became free: who sleeps looks again
 *
 * A lane is taken by the first that is taken, or that is put on a shelf of
 * needs: nobody overtakes it there.  It is let go by the end of that task (N of
 * script.c), which puts its shelves where they are looked at.  So while a shelf
 * of a lane has a message the lane is taken, or the shelf is looked at.
 *
 * A shelf of needs is always looked at, and served when this worker has what
 * it takes.  If it offers as much but has less now, what they need is kept for
 * the first of them: nobody behind is given any, and nobody at all when it is a
 * place ("slot"), for each task takes one.  A task with needs is taken alone,
 * so what was free when it was asked for still is when it starts.
 *
 * Limits are of a queue ("qQUEUE"; its lists are closed whole, nobody is parked)
 * or of a name ("nNAME"):
 *
 *	tq.limits		"c" and a limit's name: how many run at once; "r":
 *				seconds from one start to the next, and a text
 *	tq.run.LIMIT		tags of what runs.  One that is not in unacked any
 *				more runs no more, whatever became of it: nothing
 *				need be counted down, and no death be noticed
 *	tq.next			limit -> when the next start may be, by the
 *				server's clock
 *
 * A start that comes late is made up for by the next, so that in any window
 * there is one more than the rate says.  What is bounded is taken alone: it
 * starts when it is counted.
 *
 * Redis rolls nothing back when a call in a script fails, as it does for a list
 * that is none, or that this user may not use.  So what is due stays where it is
 * while it cannot go to its list, and is tried again 10 s later; and what was
 * taken is given out before such a list is told of.
 *
 * What a message asks for stands in its header `tq`.  Only a message that has
 * the words in it is parsed: in JSON no text can hold a bare quote, so one that
 * lacks them asks for nothing.
 */
#include "backend/redis/script.h"

/*
 * prefix, now, end of the lease, tag stem, how many at most, most to move,
 * bytes of messages after which no more are taken, how many resources this
 * worker offers, each with what it has and what is free of it, then the keys of
 * lists in the order they are asked, each with its queue.
 *
 * Returns {due of the next delayed one or "", 1 if a lease has passed,
 * revision of tq.revoked, 1 if what stands in the lists may not be for this
 * worker now, 1 if so many were parked that it stopped, tq.bell or "",
 * when a rate lets one more start or "", tag,
 * number of the key, message, 1 if what it asks for was seen, ...}.  Tags are
 * the stem with tq.data and a number.  What is no JSON makes none of its text in unacked,
 * for the moment until it is set aside.  Due ones go where they are taken next,
 * the earliest first.
 */
const char tq_redis_script_take[] =
"local p, now, n, nparked, got = ARGV[1], ARGV[2], 0, 0, {}\n"
"local most, move = tonumber(ARGV[5]), tonumber(ARGV[6])\n"
"local left = tonumber(ARGV[7])\n"
"local waiting = p..'tq.waiting'\n"
"local total, free, kept, first = {}, {}, {}, 9 + 3 * ARGV[8]\n"
"for i = 9, first - 1, 3 do\n"
"  total[ARGV[i]] = tonumber(ARGV[i + 1])\n"
"  free[ARGV[i]] = tonumber(ARGV[i + 2])\n"
"end\n"
/* limits, and whether one more may start */
"local limit, names, time, wake = {}, {}\n"
"local all = redis.call('HGETALL', p..'tq.limits')\n"
"for i = 1, #all, 2 do\n"
"  limit[all[i]] = all[i + 1]\n"
"  local name = string.match(all[i], '^.n(.*)')\n"
"  if name then names[name] = 'n'..name end\n"
"end\n"
"if all[1] then\n"
"  local s = redis.call('TIME')\n"
"  time = s[1] + s[2] / 1000000\n"
"end\n"
"local function bound(of) return limit['c'..of] or limit['r'..of] end\n"
"local function gap(of) return tonumber(string.match(limit['r'..of],"
" '^%S+')) end\n"
"local function shut(of)\n"
"  local cap, k, c = tonumber(limit['c'..of]), p..'tq.run.'..of, 0\n"
"  if cap and redis.call('SCARD', k) >= cap then\n"
"    for _, tag in ipairs(redis.call('SMEMBERS', k)) do\n"
"      if redis.call('HEXISTS', p..'unacked', tag) == 1 then\n"
"        c = c + 1\n"
"      else\n"
"        redis.call('SREM', k, tag)\n"
"      end\n"
"    end\n"
"    if c >= cap then return 'c' end\n"
"  end\n"
"  if not limit['r'..of] then return end\n"
"  local left = tonumber(redis.call('HGET', p..'tq.next', of) or 0) - time\n"
   /* further ahead than any start puts it: the clock was set back */
"  if left <= 0 or left > gap(of) then return end\n"
"  wake = math.min(wake or now + left, now + left)\n"
"  return 'r'\n"
"end\n"
"local function count(of, tag)\n"
"  if limit['c'..of] then redis.call('SADD', p..'tq.run.'..of, tag) end\n"
"  if not limit['r'..of] then return end\n"
"  local g, next = gap(of), tonumber(redis.call('HGET', p..'tq.next', of) or 0)\n"
"  next = math.max(math.min(next, time), time - g + 0.000002) + g\n"
"  redis.call('HSET', p..'tq.next', of, string.format('%.6f', next))\n"
"end\n"
/* what it asks for: policy, id and name, or nothing */
"local function has(m, word) return string.find(m, word, 1, true) end\n"
"local function asks(m)\n"
"  local look = has(m, '\"tq\"') and (has(m, '\"key\"') or"
" has(m, '\"lane\"') or has(m, '\"needs\"'))\n"
"  for name in pairs(names) do look = look or has(m, '\"'..name..'\"') end\n"
"  if not look then return end\n"
"  local ok, t = pcall(cjson.decode, m)\n"
"  local h = ok and type(t) == 'table' and t.headers\n"
"  if type(h) == 'table' and type(h.id) == 'string' then"
" return type(h.tq) == 'table' and h.tq or {}, h.id, h.task end\n"
"end\n"
/* needs in one spelling */
"local function class_of(needs)\n"
"  local v = {}\n"
"  for i, s in ipairs(type(needs) == 'table' and needs or {}) do\n"
"    if type(s) ~= 'string' then return end\n"
"    v[i] = s\n"
"  end\n"
"  table.sort(v)\n"
"  return v[1] and table.concat(v, ' ')\n"
"end\n"
"local function fits(class)\n"
"  local ever, yes = true, true\n"
"  for name, k in string.gmatch(class, '([^ =]+)=?(%d*)') do\n"
"    k = tonumber(k) or 1\n"
"    ever = ever and k <= (total[name] or 0)\n"
"    yes = yes and k <= (free[name] or 0) and not kept[name]\n"
"  end\n"
"  if ever and not yes then\n"
"    for name in string.gmatch(class, '([^ =]+)=?%d*') do"
" kept[name] = true end\n"
"  end\n"
"  return ever and yes\n"
"end\n"
/* shelves */
"local function park(kind, list, m)\n"
"  nparked = nparked + 1\n"
"  local tag = ARGV[4]..kind..nparked\n"
"  redis.call('HSET', waiting, tag, list..'\\n'..m)\n"
"  return tag\n"
"end\n"
"local function show(list, shelf)\n"
"  local h = redis.call('ZRANGE', p..'tq.parked.'..list..'\\n'..shelf, 0, 0,"
" 'WITHSCORES')\n"
"  if h[1] then\n"
"    redis.call('ZADD', p..'tq.shelf.'..list, h[2], shelf)\n"
"  else\n"
"    redis.call('ZREM', p..'tq.shelf.'..list, shelf)\n"
"  end\n"
"end\n"
"local function shelve(list, shelf, m, seq, why)\n"
"  local kind, name = string.sub(shelf, 1, 1), string.sub(shelf, 2)\n"
"  seq = seq or redis.call('INCR', p..'tq.seq')\n"
"  redis.call('ZADD', p..'tq.parked.'..list..'\\n'..shelf, seq,"
" park(why or kind, list, m))\n"
"  if kind == 'l' then\n"
"    redis.call('SADD', p..'tq.lists.'..name, list)\n"
"    redis.call('ZADD', p..'tq.watch', 'NX', now + 600, shelf)\n"
"  else\n"
"    show(list, shelf)\n"
"    if kind == 'n' then redis.call('INCR', p..'tq.bell') end\n"
"  end\n"
"end\n"
/* the first of a shelf; one that somebody plucked is there no more */
"local function unshelve(list, shelf)\n"
"  local z, m, h = p..'tq.parked.'..list..'\\n'..shelf\n"
"  repeat\n"
"    h = redis.call('ZRANGE', z, 0, 0, 'WITHSCORES')\n"
"    if not h[1] then break end\n"
"    redis.call('ZREM', z, h[1])\n"
"    m = redis.call('HGET', waiting, h[1])\n"
"    redis.call('HDEL', waiting, h[1])\n"
"    if not m then nparked = nparked + 1 end\n"
"  until m or nparked >= move\n"
"  show(list, shelf)\n"
"  return m and string.sub(m, string.find(m, '\\n', 1, true) + 1), h[2]\n"
"end\n"
/*
 * 1 or 0 (what it asks for was seen), and the limit that it counts for, if it
 * may start; else it is elsewhere.
 */
"local function admit(list, m, seq)\n"
"  local tq, id, name = asks(m)\n"
"  if not tq then return 0 end\n"
"  if type(tq.key) == 'string' then\n"
"    local k = p..'tq.key.'..tq.key\n"
"    if redis.call('HGET', k, 'next') == id then\n"
"      redis.call('HSET', k, 'tag', park('k', list, m))\n"
"      return\n"
"    end\n"
"  end\n"
"  if type(tq.lane) == 'string' then\n"
"    local k = p..'tq.lane.'..tq.lane\n"
"    local by = redis.call('HGET', k, 'id')\n"
"    if by and by ~= id then\n"
"      shelve(list, 'l'..tq.lane, m, seq)\n"
"      return\n"
"    end\n"
"    redis.call('HSET', k, 'id', id, 'at', now)\n"
"  end\n"
"  local class, of = class_of(tq.needs), names[name]\n"
"  if (class or of) and n > 0 then\n"
"    redis.call('RPUSH', list, m)\n"
"    most = n\n"
"    return\n"
"  end\n"
"  if class and not fits(class) then\n"
"    shelve(list, 'n'..class, m, seq)\n"
"    return\n"
"  end\n"
"  local why = of and shut(of)\n"
"  if why then\n"
"    shelve(list, 'm'..name, m, seq, why)\n"
"    return\n"
"  end\n"
"  if class or of then most = 1 end\n"
"  return 1, of\n"
"end\n"
/* who may not write here must not take */
"redis.call('HLEN', p..'unacked')\n"
"redis.call('ZCARD', p..'unacked_index')\n"
"local due = redis.call('ZRANGEBYSCORE', p..'tq.delayed', '-inf', now,"
" 'LIMIT', 0, ARGV[6])\n"
"for i = #due, 1, -1 do\n"
"  local m = redis.call('HGET', waiting, due[i])\n"
"  redis.call('ZREM', p..'tq.delayed', due[i])\n"
"  if m then\n"
"    local cut = string.find(m, '\\n', 1, true)\n"
"    if type(redis.pcall('RPUSH', string.sub(m, 1, cut - 1),"
" string.sub(m, cut + 1))) == 'number' then\n"
"      redis.call('HDEL', waiting, due[i])\n"
"    else\n"
"      redis.call('ZADD', p..'tq.delayed', now + 10, due[i])\n"
"    end\n"
"  end\n"
"end\n"
"local next = redis.call('ZRANGE', p..'tq.delayed', 0, 0, 'WITHSCORES')\n"
"local past = redis.call('ZRANGEBYSCORE', p..'tq.lease', '-inf', now,"
" 'LIMIT', 0, 1)\n"
"got[1] = next[2] or ''\n"
"got[2] = #past\n"
"got[3] = redis.call('GET', p..'tq.revision') or ''\n"
"got[4] = redis.call('EXISTS', p..'tq.paused')\n"
"got[5] = 0\n"
"got[6] = redis.call('GET', p..'tq.bell') or ''\n"
"got[7] = ''\n"
"local paused = got[4] == 1\n"
"local data\n"
"local function hand(m, i, seen, of)\n"
"  n, left = n + 1, left - #m\n"
"  if not data then\n"
"    data = redis.call('GET', p..'tq.data')\n"
"    if not data then\n"
"      local s = redis.call('TIME')\n"
"      data = string.format('%x%05x', s[1], s[2])\n"
"      redis.call('SET', p..'tq.data', data)\n"
"    end\n"
"  end\n"
"  local tag = ARGV[4]..'@'..data..'s.'..n\n"
"  redis.call('HSET', p..'unacked', tag,"
" '['..m..', \"\", '..cjson.encode(ARGV[i + 1])..']')\n"
"  redis.call('ZADD', p..'unacked_index', now, tag)\n"
"  redis.call('ZADD', p..'tq.lease', ARGV[3], tag)\n"
"  got[#got + 1] = tag\n"
"  got[#got + 1] = (i - first) / 2\n"
"  got[#got + 1] = m\n"
"  got[#got + 1] = seen\n"
"  if of then count(of, tag) end\n"
"  if bound('q'..ARGV[i + 1]) then count('q'..ARGV[i + 1], tag) end\n"
"end\n"
"local function room()\n"
"  return n < most and left > 0 and nparked < move and not kept.slot\n"
"end\n"
"local function try(m, i, seq)\n"
"  local seen, of = admit(ARGV[i], m, seq)\n"
"  if seen then hand(m, i, seen, of) end\n"
"end\n"
"local function serve(i)\n"
"  for _, shelf in ipairs(redis.call('ZRANGE', p..'tq.shelf.'..ARGV[i], 0,"
" 99)) do\n"
"    if not room() then return end\n"
"    local kind, name = string.sub(shelf, 1, 1), string.sub(shelf, 2)\n"
"    if kind == 'l' and redis.call('EXISTS', p..'tq.lane.'..name) == 1 then\n"
"      redis.call('ZREM', p..'tq.shelf.'..ARGV[i], shelf)\n"
"    elseif kind == 'l' or n == 0 and (kind == 'n' and fits(name) or"
" kind == 'm' and not (names[name] and shut(names[name]))) then\n"
"      local m, seq = unshelve(ARGV[i], shelf)\n"
"      if m then try(m, i, seq) end\n"
"    end\n"
"  end\n"
"end\n"
"local shelves = redis.call('EXISTS', p..'tq.seq') == 1\n"
"for i = first, #ARGV, 2 do\n"
"  local queue, before = 'q'..ARGV[i + 1], most\n"
"  if paused and"
" redis.call('SISMEMBER', p..'tq.paused', ARGV[i + 1]) == 1 then\n"
"  elseif bound(queue) and n > 0 then\n"
"    most = n\n"
"  elseif bound(queue) and shut(queue) then\n"
"    got[4] = 1\n"
"  else\n"
"    if bound(queue) then most = 1 end\n"
"    if shelves and type(redis.pcall('LLEN', ARGV[i])) == 'number' then\n"
"      serve(i)\n"
"    end\n"
"    while room() do\n"
"      local m = redis.pcall('RPOP', ARGV[i])\n"
"      if not m then break end\n"
"      if type(m) == 'table' then\n"
"        if n == 0 then return m end\n"
"        most = n\n"
"        break\n"
"      end\n"
"      try(m, i)\n"
"    end\n"
"    if n == 0 then most = before end\n"
"  end\n"
"end\n"
"got[7] = wake and string.format('%.6f', wake) or ''\n"
"if kept.slot then got[4] = 1 end\n"
"if n < most and nparked >= move then got[5] = 1 end\n"
"return got\n";
