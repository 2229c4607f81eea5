-- The third part of do.lua: what can still refuse, and can be undone.  Messages
-- that a key's new one replaces are taken away, parts of chords are counted.

-- a message from where it was seen; nil or false: it is there no more
local function take(a)
  if a[1] == 'list' then return redis.call('LREM', a[2], -1, a[3]) == 1 end
  a[3] = redis.call('HGET', p..'tq.waiting', a[2])
  a[4] = redis.call('ZSCORE', p..'tq.delayed', a[2])
  redis.call('HDEL', p..'tq.waiting', a[2])
  redis.call('ZREM', p..'tq.delayed', a[2])
  return a[3]
end

local function untake(a)
  if a[1] == 'list' then
    redis.call('RPUSH', a[2], a[3])
    return
  end
  redis.call('HSET', p..'tq.waiting', a[2], a[3])
  if a[4] then redis.call('ZADD', p..'tq.delayed', a[4], a[2]) end
end

-- how to take back what was done here, the last first
local undo = {}

local function no(why)
  for k = #undo, 1, -1 do undo[k]() end
  return why
end

use(bdb)
for _, a in ipairs(away) do
  if not take(a) then return no('AGAIN') end
  undo[#undo + 1] = function()
    use(bdb)
    untake(a)
  end
end

-- what is there when all of a chord is, or nothing
local function whole(g, id, new)
  local size = tonumber(redis.call('GET', g..'.s'))
  if not size then return end
  size = size + (tonumber(redis.call('GET', g..'.t')) or 0)
  local j, list = g..'.j', listed(g..'.j', '')
  if redis.call(list and 'LLEN' or 'ZCARD', j) < size then return end
  local shape = redis.call('GET', g) or ''
  local all, ids, n =
    redis.call(list and 'LRANGE' or 'ZRANGE', j, 0, -1), {}, 0
  local sum = shape
  for _, m in ipairs(all) do
    local who = string.match(m, '^%[1, ?"([^"]*)"') or m
    if not ids[who] then n = n + 1 end
    ids[who] = true
    sum = redis.sha1hex(sum..m)
  end
  if n < size or (n > size and shape == '') then return end
  if tag == '' and not new and
      redis.call('SISMEMBER', 'tq.chord.'..g, id) == 0 then
    return
  end
  return sum, shape, all
end

-- why nothing can be counted for a group, or nothing
local function strange(g)
  for k, t in pairs({ [g] = 'string', [g..'.s'] = 'string',
      [g..'.t'] = 'string', ['tq.chord.'..g] = 'set',
      [g..'.j'] = listed(g..'.j', '') and 'list' or 'zset' }) do
    local is = redis.call('TYPE', k).ok
    if is ~= 'none' and is ~= t then return k..' is a '..is end
  end
  -- the size of another group
  if not string.find(redis.call('GETRANGE', g, 0, 0), '^[%[{]?$') then
    return g..' is no group'
  end
end

-- where a part that begins so is in a list, and all of it; or nothing
local function seek(j, head)
  for k, o in ipairs(redis.call('LRANGE', j, 0, -1)) do
    if string.sub(o, 1, #head) == head then return k - 1, o end
  end
end

-- 1 if there is a part that begins so, whatever its score
local function known(j, head)
  if listed(j, '') then return seek(j, head) end
  local at, glob = '0', string.gsub(head, '[%[%]*?\\]', '\\%0')..'*'
  repeat
    local r = redis.call('ZSCAN', j, at, 'MATCH', glob, 'COUNT', 1000)
    if r[2][1] then return true end
    at = r[1]
  until at == '0'
end

-- a part is in its place, and not where one of its id was: 1 if none was
local function append(j, head, m, may)
  local old, was
  if may then old, was = seek(j, head) end
  undo[#undo + 1] = function()
    use(rdb)
    if old then redis.call('LSET', j, old, was) else redis.call('RPOP', j) end
  end
  if old then redis.call('LSET', j, old, m) else redis.call('RPUSH', j, m) end
  return not old
end

local function place(j, head, m, score)
  local old, was = {}
  for _, o in ipairs(redis.call('ZRANGEBYSCORE', j, score, score)) do
    if string.sub(o, 1, #head) == head then old[#old + 1] = o end
  end
  redis.call('ZADD', j, score, m)
  for _, o in ipairs(old) do
    if o ~= m then redis.call('ZREM', j, o) end
    was = was or o == m
  end
  undo[#undo + 1] = function()
    use(rdb)
    for _, o in ipairs(old) do redis.call('ZADD', j, score, o) end
    if not was then redis.call('ZREM', j, m) end
  end
  return #old == 0
end

-- count the n-th part, the C at i; what else there is than it was taken for
local function count(n, i)
  local g, id, score, head = ARGV[i], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local m, how, j, new = ARGV[i + 5], ARGV[i + 7], g..'.j', nil
  local sum, shape, all
  if how == 'out' then return end
  use(rdb)
  local why = strange(g)
  if why then return { n, why } end
  if redis.call('SISMEMBER', 'tq.chord.'..g, '') == 0 and
      not (string.find(how, 'maybe') and
      redis.call('EXISTS', g..'.s') == 0) and
      not (string.find(how, 'first') and known(j, head)) then
    if listed(j, how) then
      new = append(j, head, m, tag == '' or string.find(how, 'again'))
    else
      new = place(j, head, m, score)
    end
    sum, shape, all = whole(g, id, new)
  end
  if (sum or '') == ARGV[i + 6] then return end
  local out = { n, sum or '', shape or '' }
  for k = 1, all and #all or 0 do out[k + 3] = all[k] end
  return out
end

at = 7 + nq
local parts = 0
while ARGV[at] == 'C' do
  parts = parts + 1
  local other = count(parts, at + 2)
  if other then return no(other) end
  at = at + span(at)
end
