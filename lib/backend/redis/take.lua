-- The script that takes messages: the one gate that all of them pass.
--
-- What may not start although it is first in line is parked: moved to
-- tq.waiting, where it stands under a tag without a time, the stem and a
-- letter that says why.  So it is passed over once, whoever comes by, and is
-- in one place as ever.
--
--	k	who follows: the `next` of a key, until the one that has the key
--		has ended; then U of do.lua puts it back in front of its list
--	l	its lane is another's
--	n	it needs what this worker does not have, or not now
--	c, r	so many of its name run, or have started lately
--
-- All but k stand on shelves, one for each lane, set of needs and name of a
-- list, in the order in which they were passed over:
--
--	tq.parked.LIST\nSHELF	tags, by their numbers; SHELF is "l" and the
--				lane, "n" and the needs, "m" and the name
--	tq.shelf.LIST		the shelves to look at before the list itself,
--				for what is there was in front of it once: by the
--				number of their first tag
--	tq.lists.LANE		lists that have a shelf of it
--	tq.lane.LANE		`id` has the lane, `at` as of a key
--	tq.watch		"l" and a lane, "k" and a key, by the time when
--				somebody looks whether who has it is there
--	tq.bell			rises when something was put on a shelf or a
--				lane became free: who sleeps looks again
--
-- A lane is taken by the first that is taken, or that is put on a shelf of
-- needs: nobody overtakes it there.  It is let go by the end of that task (N
-- of do.lua), which puts its shelves where they are looked at.  So while a
-- shelf of a lane has a message the lane is taken, or the shelf is looked at.
--
-- A shelf of needs is always looked at, and served when this worker has what
-- it takes.  If it offers as much but has less now, what they need is kept for
-- the first of them: nobody behind is given any, and nobody at all when it is
-- a place ("slot"), for each task takes one.  A task with needs is taken
-- alone, so what was free when it was asked for still is when it starts.
--
-- Limits are of a queue ("qQUEUE"; its lists are closed whole, nobody is
-- parked) or of a name ("nNAME"):
--
--	tq.limits		"c" and a limit's name: how many run at once; "r":
--				seconds from one start to the next, and a text
--	tq.run.LIMIT		tags of what runs.  One that is not in unacked any
--				more runs no more, whatever became of it: nothing
--				need be counted down, and no death be noticed
--	tq.next			limit -> when the next start may be, by the
--				server's clock
--
-- A start that comes late is made up for by the next, so that in any window
-- there is one more than the rate says.  What is bounded is taken alone: it
-- starts when it is counted.
--
-- Redis rolls nothing back when a call in a script fails, as it does for a
-- list that is none, or that this user may not use.  So what is due stays
-- where it is while it cannot go to its list, and is tried again 10 s later;
-- and what was taken is given out before such a list is told of.
--
-- What a message asks for stands in its header `tq`.  Only a message that has
-- the words in it is parsed: in JSON no text can hold a bare quote, so one
-- that lacks them asks for nothing.
--
-- prefix, now, end of the lease, tag stem, how many at most, most to move,
-- bytes of messages after which no more are taken, how many resources this
-- worker offers, each with what it has and what is free of it, then the keys
-- of lists in the order they are asked, each with its queue.
--
-- Returns {due of the next delayed one or "", 1 if a lease has passed,
-- revision of tq.revoked, 1 if what stands in the lists may not be for this
-- worker now, 1 if so many were parked that it stopped, tq.bell or "", when a
-- rate lets one more start or "", tag, number of the key, message, 1 if what
-- it asks for was seen, ...}.  Tags are the stem with tq.data and a number.
-- What is no JSON makes none of its text in unacked, for the moment until it
-- is set aside.  Due ones go where they are taken next, the earliest first.

local p, now, n, nparked, got = ARGV[1], ARGV[2], 0, 0, {}
local most, move = tonumber(ARGV[5]), tonumber(ARGV[6])
local left = tonumber(ARGV[7])
local waiting = p..'tq.waiting'
local total, free, kept, first = {}, {}, {}, 9 + 3 * ARGV[8]
for i = 9, first - 1, 3 do
  total[ARGV[i]] = tonumber(ARGV[i + 1])
  free[ARGV[i]] = tonumber(ARGV[i + 2])
end

-- limits, by their names, and of names of tasks their limits
local limit, names, time, wake = {}, {}
local all = redis.call('HGETALL', p..'tq.limits')
for i = 1, #all, 2 do
  limit[all[i]] = all[i + 1]
  local name = string.match(all[i], '^.n(.*)')
  if name then names[name] = 'n'..name end
end

if all[1] then
  local s = redis.call('TIME')
  time = s[1] + s[2] / 1000000
end

local function bound(of) return limit['c'..of] or limit['r'..of] end

local function gap(of)
  return tonumber(string.match(limit['r'..of], '^%S+'))
end

-- "c" or "r" if no more may start, or nothing
local function shut(of)
  local cap, k, c = tonumber(limit['c'..of]), p..'tq.run.'..of, 0
  if cap and redis.call('SCARD', k) >= cap then
    for _, tag in ipairs(redis.call('SMEMBERS', k)) do
      if redis.call('HEXISTS', p..'unacked', tag) == 1 then
        c = c + 1
      else
        redis.call('SREM', k, tag)
      end
    end
    if c >= cap then return 'c' end
  end
  if not limit['r'..of] then return end
  local left = tonumber(redis.call('HGET', p..'tq.next', of) or 0) - time
  -- further ahead than any start puts it: the clock was set back
  if left <= 0 or left > gap(of) then return end
  wake = math.min(wake or now + left, now + left)
  return 'r'
end

-- one starts
local function count(of, tag)
  if limit['c'..of] then redis.call('SADD', p..'tq.run.'..of, tag) end
  if not limit['r'..of] then return end
  local g, next = gap(of), tonumber(redis.call('HGET', p..'tq.next', of) or 0)
  next = math.max(math.min(next, time), time - g + 0.000002) + g
  redis.call('HSET', p..'tq.next', of, string.format('%.6f', next))
end

local function has(m, word) return string.find(m, word, 1, true) end

-- what it asks for: policy, id and name, or nothing
local function asks(m)
  local look = has(m, '"tq"') and
    (has(m, '"key"') or has(m, '"lane"') or has(m, '"needs"'))
  for name in pairs(names) do look = look or has(m, '"'..name..'"') end
  if not look then return end
  local ok, t = pcall(cjson.decode, m)
  local h = ok and type(t) == 'table' and t.headers
  if type(h) == 'table' and type(h.id) == 'string' then
    return type(h.tq) == 'table' and h.tq or {}, h.id, h.task
  end
end

-- needs in one spelling
local function class_of(needs)
  local v = {}
  for i, s in ipairs(type(needs) == 'table' and needs or {}) do
    if type(s) ~= 'string' then return end
    v[i] = s
  end
  table.sort(v)
  return v[1] and table.concat(v, ' ')
end

-- whether this worker has it now; what it only lacks now is kept
local function fits(class)
  local ever, yes = true, true
  for name, k in string.gmatch(class, '([^ =]+)=?(%d*)') do
    k = tonumber(k) or 1
    ever = ever and k <= (total[name] or 0)
    yes = yes and k <= (free[name] or 0) and not kept[name]
  end
  if ever and not yes then
    for name in string.gmatch(class, '([^ =]+)=?%d*') do
      kept[name] = true
    end
  end
  return ever and yes
end

-- from the head of a list into tq.waiting; its tag there
local function park(kind, list, m)
  nparked = nparked + 1
  local tag = ARGV[4]..kind..nparked
  redis.call('HSET', waiting, tag, list..'\n'..m)
  return tag
end

-- list a shelf where it is looked at, by its first, or no more
local function show(list, shelf)
  local h = redis.call('ZRANGE', p..'tq.parked.'..list..'\n'..shelf,
    0, 0, 'WITHSCORES')
  if h[1] then
    redis.call('ZADD', p..'tq.shelf.'..list, h[2], shelf)
  else
    redis.call('ZREM', p..'tq.shelf.'..list, shelf)
  end
end

-- seq: of one that was on a shelf before
local function shelve(list, shelf, m, seq, why)
  local kind, name = string.sub(shelf, 1, 1), string.sub(shelf, 2)
  seq = seq or redis.call('INCR', p..'tq.seq')
  redis.call('ZADD', p..'tq.parked.'..list..'\n'..shelf, seq,
    park(why or kind, list, m))
  if kind == 'l' then
    redis.call('SADD', p..'tq.lists.'..name, list)
    redis.call('ZADD', p..'tq.watch', 'NX', now + 600, shelf)
  else
    show(list, shelf)
    if kind == 'n' then redis.call('INCR', p..'tq.bell') end
  end
end

-- the first of a shelf; one that somebody plucked is there no more
local function unshelve(list, shelf)
  local z, m, h = p..'tq.parked.'..list..'\n'..shelf
  repeat
    h = redis.call('ZRANGE', z, 0, 0, 'WITHSCORES')
    if not h[1] then break end
    redis.call('ZREM', z, h[1])
    m = redis.call('HGET', waiting, h[1])
    redis.call('HDEL', waiting, h[1])
    if not m then nparked = nparked + 1 end
  until m or nparked >= move
  show(list, shelf)
  return m and string.sub(m, string.find(m, '\n', 1, true) + 1), h[2]
end

-- 1 or 0 (what it asks for was seen), and the limit that it counts for, if it
-- may start; else it is elsewhere
local function admit(list, m, seq)
  local tq, id, name = asks(m)
  if not tq then return 0 end
  if type(tq.key) == 'string' then
    local k = p..'tq.key.'..tq.key
    if redis.call('HGET', k, 'next') == id then
      redis.call('HSET', k, 'tag', park('k', list, m))
      return
    end
  end
  if type(tq.lane) == 'string' then
    local k = p..'tq.lane.'..tq.lane
    local by = redis.call('HGET', k, 'id')
    if by and by ~= id then
      shelve(list, 'l'..tq.lane, m, seq)
      return
    end
    redis.call('HSET', k, 'id', id, 'at', now)
  end
  local class, of = class_of(tq.needs), names[name]
  if (class or of) and n > 0 then
    redis.call('RPUSH', list, m)
    most = n
    return
  end
  if class and not fits(class) then
    shelve(list, 'n'..class, m, seq)
    return
  end
  local why = of and shut(of)
  if why then
    shelve(list, 'm'..name, m, seq, why)
    return
  end
  if class or of then most = 1 end
  return 1, of
end

-- who may not write here must not take
redis.call('HLEN', p..'unacked')
redis.call('ZCARD', p..'unacked_index')

-- what is due
local due = redis.call('ZRANGEBYSCORE', p..'tq.delayed', '-inf', now,
  'LIMIT', 0, ARGV[6])
for i = #due, 1, -1 do
  local m = redis.call('HGET', waiting, due[i])
  redis.call('ZREM', p..'tq.delayed', due[i])
  if m then
    local cut = string.find(m, '\n', 1, true)
    if type(redis.pcall('RPUSH', string.sub(m, 1, cut - 1),
        string.sub(m, cut + 1))) == 'number' then
      redis.call('HDEL', waiting, due[i])
    else
      redis.call('ZADD', p..'tq.delayed', now + 10, due[i])
    end
  end
end

local next = redis.call('ZRANGE', p..'tq.delayed', 0, 0, 'WITHSCORES')
local past = redis.call('ZRANGEBYSCORE', p..'tq.lease', '-inf', now,
  'LIMIT', 0, 1)
got[1] = next[2] or ''
got[2] = #past
got[3] = redis.call('GET', p..'tq.revision') or ''
got[4] = redis.call('EXISTS', p..'tq.paused')
got[5] = 0
got[6] = redis.call('GET', p..'tq.bell') or ''
got[7] = ''
local paused = got[4] == 1
local data

-- give out a message of the list at i
local function hand(m, i, seen, of)
  n, left = n + 1, left - #m
  if not data then
    data = redis.call('GET', p..'tq.data')
    if not data then
      local s = redis.call('TIME')
      data = string.format('%x%05x', s[1], s[2])
      redis.call('SET', p..'tq.data', data)
    end
  end
  local tag = ARGV[4]..'@'..data..'s.'..n
  redis.call('HSET', p..'unacked', tag,
    '['..m..', "", '..cjson.encode(ARGV[i + 1])..']')
  redis.call('ZADD', p..'unacked_index', now, tag)
  redis.call('ZADD', p..'tq.lease', ARGV[3], tag)
  got[#got + 1] = tag
  got[#got + 1] = (i - first) / 2
  got[#got + 1] = m
  got[#got + 1] = seen
  if of then count(of, tag) end
  if bound('q'..ARGV[i + 1]) then count('q'..ARGV[i + 1], tag) end
end

local function room()
  return n < most and left > 0 and nparked < move and not kept.slot
end

local function try(m, i, seq)
  local seen, of = admit(ARGV[i], m, seq)
  if seen then hand(m, i, seen, of) end
end

-- what stands before the list at i
local function serve(i)
  for _, shelf in ipairs(redis.call('ZRANGE', p..'tq.shelf.'..ARGV[i],
      0, 99)) do
    if not room() then return end
    local kind, name = string.sub(shelf, 1, 1), string.sub(shelf, 2)
    if kind == 'l' and redis.call('EXISTS', p..'tq.lane.'..name) == 1 then
      redis.call('ZREM', p..'tq.shelf.'..ARGV[i], shelf)
    elseif kind == 'l' or n == 0 and (kind == 'n' and fits(name) or
        kind == 'm' and not (names[name] and shut(names[name]))) then
      local m, seq = unshelve(ARGV[i], shelf)
      if m then try(m, i, seq) end
    end
  end
end

-- the lists
local shelves = redis.call('EXISTS', p..'tq.seq') == 1
for i = first, #ARGV, 2 do
  local queue, before = 'q'..ARGV[i + 1], most
  if paused and
      redis.call('SISMEMBER', p..'tq.paused', ARGV[i + 1]) == 1 then
  elseif bound(queue) and n > 0 then
    most = n
  elseif bound(queue) and shut(queue) then
    got[4] = 1
  else
    if bound(queue) then most = 1 end
    if shelves and type(redis.pcall('LLEN', ARGV[i])) == 'number' then
      serve(i)
    end
    while room() do
      local m = redis.pcall('RPOP', ARGV[i])
      if not m then break end
      if type(m) == 'table' then
        if n == 0 then return m end
        most = n
        break
      end
      try(m, i)
    end
    if n == 0 then most = before end
  end
end

got[7] = wake and string.format('%.6f', wake) or ''
if kept.slot then got[4] = 1 end
if n < most and nparked >= move then got[5] = 1 end
return got
