-- The second part of do.lua: may each step be done?  Every key that one writes
-- to is asked first, for nothing is rolled back; nothing is written here but
-- notes of who has been seen.

local sure = { [bdb] = {}, [rdb] = {} }

local function shown(key)
  return (string.gsub(string.sub(key, 1, 200), '%c', '?'))
end

-- words that follow the key: without them a newer server does not say what its
-- user may do (redis/redis#14847)
local rest = {
  DEL = 0, GET = 0, EXPIRE = 1, HGET = 1, LPUSH = 1, PUBLISH = 1, RPUSH = 1,
  SADD = 1, SET = 1, SREM = 1, HSET = 2, LREM = 2, SETEX = 2, ZADD = 2
}

local function denied(cmd, key)
  if redis.acl_check_cmd and not redis.acl_check_cmd(cmd, key,
      unpack({ '0', '0' }, 1, rest[cmd])) then
    return { err = 'NOPERM this user has no access to '..shown(key)..
      ' by '..cmd }
  end
end

-- why a command would fail on a key, or nil; kind "": whatever it is
local function unfit(d, kind, cmd, key)
  if sure[d][key] == cmd then return end
  local no = denied(cmd, key)
  if no then return no end
  use(d)
  local t = redis.pcall('TYPE', key)
  if t.err then return t end
  if kind ~= '' and t.ok ~= kind and t.ok ~= 'none' then
    return { err = 'WRONGTYPE a key has another type: '..shown(key)..
      ' is a '..t.ok..', no '..kind }
  end
  sure[d][key] = cmd
end

-- open: chord -> is its size there; keys: key -> id that a K of this call gives
-- it to; behind: key -> the id comes second; away: messages to be taken away
local open, keys, behind, away, nkeys = {}, {}, {}, {}, 0

-- why the K at i cannot be done, or nil
local function key(i)
  local k, rival, where = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  local h = redis.call('HMGET', k, 'id', 'next', 'at')
  local other = h[2] or h[1]
  nkeys = nkeys + 1
  if keys[k] then return 'TWIN '..keys[k] end
  keys[k] = ARGV[i + 1]
  if not other then return end
  if rival ~= other then
    return 'HELD '..nkeys..' '..(h[3] or 0)..' '..other
  end
  if where == 'gone' and not h[2] then return end
  if where == 'held' and not h[2] and
      redis.call('HEXISTS', p..'unacked', ARGV[i + 4]) == 1 then
    behind[k] = true
    return
  end
  if where == 'list' or where == 'wait' then
    local no = where == 'list' and unfit(bdb, 'list', 'LREM', ARGV[i + 4])
    if no then return no end
    behind[k] = h[2]
    away[#away + 1] = { where, ARGV[i + 4], ARGV[i + 5] }
    return
  end
  if where == 'here' then
    redis.call('HSET', k, 'at', redis.call('TIME')[1])
    return 'TAKEN '..other
  end
  if where == 'gone' then redis.call('HDEL', k, 'next', 'tag') end
  return 'AGAIN'
end

-- go through what was laid down; what each returns ends it
local function staged(i, each)
  for n = 1, tonumber(ARGV[i + 1]) do
    if redis.call('EXISTS', ARGV[i]..n) == 0 then return 'GONE' end
    local w = each and redis.call('LRANGE', ARGV[i]..n, 0, -1) or {}
    for k = 1, #w, 5 do
      local no = each(w[k], w[k + 1], w[k + 2], w[k + 3], w[k + 4])
      if no then return no end
    end
  end
end

-- 1 if the parts of a chord are in a list
local function listed(j, how)
  local is = redis.call('TYPE', j).ok
  return is == 'list' or is == 'none' and string.find(how, 'list')
end

-- what the steps write to, of several and of each
local function tells(kind, k)
  return unfit(rdb, kind, 'SETEX', k) or denied('PUBLISH', k)
end

local function pushes(id, cmd, list)
  return unfit(bdb, 'list', cmd, list) or
    id ~= '' and unfit(bdb, 'string', 'SET', p..'tq.id.'..id) or nil
end

local function waits(id)
  return unfit(bdb, 'zset', 'ZADD', p..'tq.delayed') or
    unfit(bdb, 'hash', 'HSET', p..'tq.waiting') or
    id ~= '' and unfit(bdb, 'string', 'SET', p..'tq.id.'..id) or nil
end

local may = {
  S = function(i) return tells('string', ARGV[i]) end,
  Z = function(i) return tells('string', ARGV[i]) end,
  V = function(i) return tells('', ARGV[i]) end,
  P = function(i) return pushes(ARGV[i], 'LPUSH', ARGV[i + 1]) end,
  F = function(i) return pushes(ARGV[i], 'RPUSH', ARGV[i + 1]) end,
  D = function(i) return waits(ARGV[i]) end,
  G = function(i)
    local no = waits('')
    for n = 1, tonumber(ARGV[i + 1]) do
      use(bdb)
      for _, list in ipairs(redis.call('SMEMBERS', ARGV[i]..n..'.to')) do
        no = no or unfit(bdb, 'list', 'LPUSH', list)
      end
    end
    return no
  end,
  H = function() return unfit(bdb, 'hash', 'HSET', p..'tq.local') end,
  X = function(i)
    local no
    for k = i + 1, i + tonumber(ARGV[i]) do
      no = no or unfit(rdb, '', 'DEL', ARGV[k])
    end
    return no
  end,
  E = function(i) return unfit(rdb, 'set', 'SADD', ARGV[i]) end,
  -- an end is not refused for that its queue is not seen
  B = function(i)
    return tag == '' and unfit(bdb, 'set', 'SADD', ARGV[i]) or nil
  end,
  K = function(i)
    return unfit(bdb, 'hash', 'HSET', ARGV[i]) or
      unfit(bdb, 'zset', 'ZADD', p..'tq.watch')
  end,
  U = function(i) return unfit(bdb, 'hash', 'HSET', ARGV[i]) end,
  N = function(i)
    return unfit(bdb, 'hash', 'DEL', p..'tq.lane.'..ARGV[i]) or
      unfit(bdb, 'set', 'SREM', p..'tq.lists.'..ARGV[i])
  end,
  C = function(i)
    -- what they are is looked at when they are counted
    local g = ARGV[i]
    if ARGV[i + 7] == 'out' then return end
    return unfit(rdb, '', 'GET', g) or
      unfit(rdb, '', 'EXPIRE', g..'.s') or
      unfit(rdb, '', 'EXPIRE', g..'.t') or
      unfit(rdb, '', listed(g..'.j', ARGV[i + 7]) and 'RPUSH' or 'ZADD',
        g..'.j') or
      unfit(rdb, '', 'SADD', 'tq.chord.'..g)
  end,
  A = function(i)
    return unfit(bdb, 'hash', 'HGET', ARGV[i]) or
      unfit(bdb, 'zset', 'ZADD', p..'tq.watch')
  end,
  T = function(i) return unfit(bdb, 'string', 'SET', ARGV[i]) end,
  L = function(i) return unfit(bdb, 'list', 'LPUSH', ARGV[i]) end
}

-- what the end of the claim writes to besides
if tag ~= '' then
  redis.call('EXISTS', p..'unacked_index', p..'tq.lease', p..'tq.started',
    p..'tq.limits', p..'tq.bell')
end

at = 7 + nq
while at <= #ARGV do
  local chord, what = ARGV[at + 1], ARGV[at]
  if chord ~= '' and open[chord] == nil then
    use(rdb)
    open[chord] = redis.call('EXISTS', chord) == 1
  end
  if tag == '' and ARGV[at + 2] ~= '' and
      (what == 'P' or what == 'F' or what == 'D') then
    use(bdb)
    if redis.call('EXISTS', p..'tq.id.'..ARGV[at + 2]) == 1 then
      return 'SEEN '..ARGV[at + 2]
    end
    use(rdb)
  end
  if what == 'G' then
    use(bdb)
    local no = staged(at + 2, ARGV[at + 4] == '1' and function(id)
      if id ~= '' and redis.call('EXISTS', p..'tq.id.'..id) == 1 then
        return 'SEEN '..id
      end
    end)
    if no then return no end
    use(rdb)
  end
  if what == 'T' then
    use(bdb)
    if (redis.call('GET', ARGV[at + 2]) or '0') ~= ARGV[at + 3] then
      return 'MOVED'
    end
    use(rdb)
  end
  if what == 'K' then
    use(bdb)
    local no = key(at + 2)
    if no then return no end
    use(rdb)
  end
  if chord == '' or open[chord] then
    local no = may[what](at + 2)
    if no then return no end
  end
  at = at + span(at)
end
