-- The last part of do.lua: all can be done, so it is, step by step.

-- an id not known yet, or none
local function new(id)
  return id == '' or redis.call('EXISTS', p..'tq.id.'..id) == 0
end

local function sent(id, m, delay)
  if id == '' then return end
  redis.call('SET', p..'tq.id.'..id, tag == '' and proof(m) or '1',
    'EX', (tag == '' and 604800 or 86400) + delay)
end

local function push(cmd, i)
  use(bdb)
  if not new(ARGV[i]) then return end
  redis.call(cmd, ARGV[i + 1], ARGV[i + 2])
  sent(ARGV[i], ARGV[i + 2], 0)
end

local function delay(id, tag, due, list, m)
  local now = redis.call('TIME')[1]
  if not new(id) then return end
  redis.call('HSET', p..'tq.waiting', tag, list..'\n'..m)
  redis.call('ZADD', p..'tq.delayed', due, tag)
  sent(id, m, math.max(0, math.ceil(tonumber(due) - now)))
end

-- what a meta tells, or nothing.  cjson does not read all that Python writes
-- (a surrogate alone, many levels): then no more of it is looked at than
-- members of the first level, with all in strings that could be taken for more
-- made '?'.
local function status(m)
  local ok, t = pcall(cjson.decode, m)
  if ok then return type(t) == 'table' and t.status end
  m = string.gsub(m, '\\.', '?')
  m = string.gsub(m, '"[^"]*"', function(s)
    return (string.gsub(s, '[%[%]{}]', '?'))
  end)
  m = string.match(m, '^%s*{(.*)}%s*$') or ''
  m = string.gsub(m, '%b{}', '0')
  m = string.gsub(m, '%b[]', '0')
  return string.match(m, '"status"%s*:%s*"([^"]*)"')
end

local todo = {
  S = function(i)
    use(rdb)
    local old = redis.pcall('GET', ARGV[i])
    if type(old) == 'string' then
      local was = status(old)
      if was == 'SUCCESS' or
          (not was and status(ARGV[i + 2]) ~= 'SUCCESS') or
          (was == 'FAILURE' or was == 'REVOKED') and
          status(ARGV[i + 2]) == 'STARTED' then
        return
      end
    end
    redis.call('SETEX', ARGV[i], ARGV[i + 1], ARGV[i + 2])
    redis.call('PUBLISH', ARGV[i], ARGV[i + 2])
  end,
  P = function(i) push('LPUSH', i) end,
  F = function(i) push('RPUSH', i) end,
  D = function(i)
    use(bdb)
    delay(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
  end,
  G = function(i)
    use(bdb)
    local to, run = nil, {}
    local function all()
      if to then redis.call('LPUSH', to, unpack(run)) end
      to, run = nil, {}
    end
    staged(i, function(id, tag, due, list, m)
      if tag ~= '' then
        delay(id, tag, due, list, m)
        return
      end
      if list ~= to or #run == 500 then all() end
      if new(id) then
        to = list
        run[#run + 1] = m
        sent(id, m, 0)
      end
    end)
    all()
    for n = 1, tonumber(ARGV[i + 1]) do
      redis.call('DEL', ARGV[i]..n, ARGV[i]..n..'.to')
    end
  end,
  H = function(i)
    use(bdb)
    redis.call('HSET', p..'tq.local', ARGV[i], ARGV[i + 1])
  end,
  Z = function(i)
    use(rdb)
    if ARGV[i + 3] == '1' and redis.call('EXISTS', ARGV[i]) == 1 then
      return
    end
    redis.call('SETEX', ARGV[i], ARGV[i + 1], ARGV[i + 2])
    redis.call('PUBLISH', ARGV[i], ARGV[i + 2])
  end,
  V = function(i)
    use(rdb)
    redis.call('SETEX', ARGV[i], ARGV[i + 1], ARGV[i + 2])
    redis.call('PUBLISH', ARGV[i], ARGV[i + 2])
  end,
  X = function(i)
    use(rdb)
    for k = i + 1, i + tonumber(ARGV[i]) do redis.call('DEL', ARGV[k]) end
  end,
  E = function(i)
    use(rdb)
    redis.call('SADD', ARGV[i], '')
    redis.call('EXPIRE', ARGV[i], ARGV[i + 1])
  end,
  B = function(i)
    use(bdb)
    redis.pcall('SADD', ARGV[i], ARGV[i + 1])
  end,
  K = function(i)
    use(bdb)
    local k = ARGV[i]
    redis.call('HSET', k, 'at', redis.call('TIME')[1])
    redis.call('HSET', k, behind[k] and 'next' or 'id', ARGV[i + 1])
    redis.call('HDEL', k, 'tag')
    if behind[k] then
      redis.call('ZADD', p..'tq.watch', 'NX', redis.call('TIME')[1] + 600,
        'k'..string.sub(k, #p + 8))
    end
  end,
  U = function(i)
    use(bdb)
    local k = ARGV[i]
    local h = redis.call('HMGET', k, 'id', 'next', 'tag')
    if h[1] == ARGV[i + 1] and not h[2] then
      redis.call('DEL', k)
    elseif h[1] == ARGV[i + 1] or h[2] == ARGV[i + 1] then
      redis.call('HDEL', k, 'next', 'tag')
      if h[1] ~= ARGV[i + 1] then return end
      redis.call('HSET', k, 'id', h[2])
      local m = h[3] and redis.call('HGET', p..'tq.waiting', h[3])
      if not m then return end
      local cut = string.find(m, '\n', 1, true)
      local list = string.sub(m, 1, cut - 1)
      -- another's queue is no matter of this end: it is due until it can go
      if unfit(bdb, 'list', 'RPUSH', list) then
        redis.call('ZADD', p..'tq.delayed', redis.call('TIME')[1], h[3])
        return
      end
      redis.call('HDEL', p..'tq.waiting', h[3])
      redis.call('RPUSH', list, string.sub(m, cut + 1))
    end
  end,
  N = function(i)
    use(bdb)
    local lane, any = ARGV[i], false
    if redis.call('HGET', p..'tq.lane.'..lane, 'id') ~= ARGV[i + 1] then
      return
    end
    redis.call('DEL', p..'tq.lane.'..lane)
    for _, list in ipairs(redis.call('SMEMBERS', p..'tq.lists.'..lane)) do
      local h = redis.call('ZRANGE', p..'tq.parked.'..list..'\nl'..lane,
        0, 0, 'WITHSCORES')
      if h[1] then
        any = redis.call('ZADD', p..'tq.shelf.'..list, h[2], 'l'..lane)
      else
        redis.call('SREM', p..'tq.lists.'..lane, list)
      end
    end
    if any then
      redis.call('INCR', p..'tq.bell')
    else
      redis.call('ZREM', p..'tq.watch', 'l'..lane)
    end
  end,
  A = function(i)
    use(bdb)
    if redis.call('HGET', ARGV[i], 'id') ~= ARGV[i + 1] then return end
    redis.call('ZADD', p..'tq.watch', redis.call('TIME')[1], ARGV[i + 2])
  end,
  C = function(i)
    local g, ttl = ARGV[i], ARGV[i + 1]
    if ARGV[i + 7] == 'out' then return end
    use(rdb)
    for _, k in ipairs({ '.j', '.s', '.t' }) do
      redis.call('EXPIRE', g..k, ttl)
    end
    if tag == '' and ARGV[i + 6] ~= '' then
      redis.call('SADD', 'tq.chord.'..g, ARGV[i + 2])
      redis.call('EXPIRE', 'tq.chord.'..g, ttl)
    end
  end,
  T = function(i)
    use(bdb)
    redis.call('SET', ARGV[i], ARGV[i + 2])
    redis.call('PEXPIREAT', ARGV[i], ARGV[i + 3])
  end,
  L = function(i)
    use(bdb)
    redis.call('LPUSH', ARGV[i], ARGV[i + 1])
    redis.call('LTRIM', ARGV[i], 0, tonumber(ARGV[i + 2]) - 1)
  end
}

at = 7 + nq
while at <= #ARGV do
  local chord = ARGV[at + 1]
  if chord == '' or open[chord] then todo[ARGV[at]](at + 2) end
  at = at + span(at)
end

if tag ~= '' and ARGV[5] == '1' then
  use(bdb)
  redis.call('HDEL', p..'unacked', tag)
  redis.call('ZREM', p..'unacked_index', tag)
  redis.call('ZREM', p..'tq.lease', tag)
  redis.call('SREM', p..'tq.started', tag)
  if redis.call('EXISTS', p..'tq.limits') == 1 then
    redis.call('INCR', p..'tq.bell')
  end
end

return 'OK'
