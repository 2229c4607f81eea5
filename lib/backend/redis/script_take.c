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
 *
 * What a message asks for stands in its header `tq`.  Only a message that has
 * the words in it is parsed: in JSON no text can hold a bare quote, so one that
 * lacks them asks for nothing.
 */
#include "backend/redis/script.h"

/*
 * prefix, now, end of the lease, tag stem, how many at most, most to move,
 * bytes of messages after which no more are taken, then the keys of lists in
 * the order they are asked, each with its queue.
 *
 * Returns {due of the next delayed one or "", 1 if a lease has passed,
 * revision of tq.revoked, 1 if something is paused, 1 if so many were parked
 * that it stopped, tag, number of the key, message, ...}.  Tags are the stem
 * with a number.  What is no JSON makes none of its text in unacked, for the
 * moment until it is set aside.  Due ones go where they are taken next, the
 * earliest first.
 */
const char tq_redis_script_take[] =
"local p, now, n, nparked, got = ARGV[1], ARGV[2], 0, 0, {}\n"
"local most, move = tonumber(ARGV[5]), tonumber(ARGV[6])\n"
"local left = tonumber(ARGV[7])\n"
"local waiting = p..'tq.waiting'\n"
"local function has(m, word) return string.find(m, word, 1, true) end\n"
"local function asks(m)\n"
"  if not has(m, '\"tq\"') or not has(m, '\"key\"') then return end\n"
"  local ok, t = pcall(cjson.decode, m)\n"
"  local h = ok and type(t) == 'table' and t.headers\n"
"  if type(h) == 'table' and type(h.tq) == 'table' and"
" type(h.id) == 'string' then return h.tq, h.id end\n"
"end\n"
"local function park(kind, list, m)\n"
"  nparked = nparked + 1\n"
"  local tag = ARGV[4]..kind..nparked\n"
"  redis.call('HSET', waiting, tag, list..'\\n'..m)\n"
"  return tag\n"
"end\n"
"local function admit(list, m)\n"
"  local tq, id = asks(m)\n"
"  if not tq then return true end\n"
"  if type(tq.key) == 'string' then\n"
"    local k = p..'tq.key.'..tq.key\n"
"    if redis.call('HGET', k, 'next') == id then\n"
"      redis.call('HSET', k, 'tag', park('k', list, m))\n"
"      return false\n"
"    end\n"
"  end\n"
"  return true\n"
"end\n"
"local due = redis.call('ZRANGEBYSCORE', p..'tq.delayed', '-inf', now,"
" 'LIMIT', 0, ARGV[6])\n"
"for i = #due, 1, -1 do\n"
"  local m = redis.call('HGET', waiting, due[i])\n"
"  redis.call('ZREM', p..'tq.delayed', due[i])\n"
"  if m then\n"
"    local cut = string.find(m, '\\n', 1, true)\n"
"    redis.call('HDEL', waiting, due[i])\n"
"    redis.call('RPUSH', string.sub(m, 1, cut - 1), string.sub(m, cut + 1))\n"
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
"local paused = got[4] == 1\n"
"local function hand(m, i)\n"
"  n, left = n + 1, left - #m\n"
"  local tag = ARGV[4]..n\n"
"  redis.call('HSET', p..'unacked', tag,"
" '['..m..', \"\", '..cjson.encode(ARGV[i + 1])..']')\n"
"  redis.call('ZADD', p..'unacked_index', now, tag)\n"
"  redis.call('ZADD', p..'tq.lease', ARGV[3], tag)\n"
"  got[#got + 1] = tag\n"
"  got[#got + 1] = (i - 8) / 2\n"
"  got[#got + 1] = m\n"
"end\n"
"for i = 8, #ARGV, 2 do\n"
"  if not paused or"
" redis.call('SISMEMBER', p..'tq.paused', ARGV[i + 1]) == 0 then\n"
"    while n < most and left > 0 and nparked < move do\n"
"      local m = redis.call('RPOP', ARGV[i])\n"
"      if not m then break end\n"
"      if admit(ARGV[i], m) then hand(m, i) end\n"
"    end\n"
"  end\n"
"end\n"
"if n < most and nparked >= move then got[5] = 1 end\n"
"return got\n";
