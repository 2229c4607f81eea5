-- What is held by somebody who is gone.
--
-- prefix, now, oldest score in unacked_index that Celery leaves alone or "",
-- most, mutex token.  Returns tags, their text in unacked, and "1" if a worker
-- died with it: first those whose lease has passed, then, if unacked_mutex was
-- free, those that Celery would restore.  A tag that somebody else has settled
-- meanwhile is forgotten here.

local p, out, tq = ARGV[1], {}, {}

local function add(tags, ours)
  for _, tag in ipairs(tags) do
    local m = redis.call('HGET', p..'unacked', tag)
    if not m then
      redis.call('ZREM', p..'unacked_index', tag)
      redis.call('ZREM', p..'tq.lease', tag)
      redis.call('SREM', p..'tq.started', tag)
    elseif not tq[tag] then
      tq[tag] = true
      out[#out + 1] = tag
      out[#out + 1] = m
      out[#out + 1] = ours and (string.find(tag, 's%.1$') or
        redis.call('SISMEMBER', p..'tq.started', tag) == 1) and '1' or ''
    end
  end
end

add(redis.call('ZRANGEBYSCORE', p..'tq.lease', '-inf', ARGV[2],
  'LIMIT', 0, ARGV[4]), true)
if ARGV[3] ~= '' and redis.call('SET', p..'unacked_mutex', ARGV[5],
    'NX', 'PX', 300000) then
  add(redis.call('ZRANGEBYSCORE', p..'unacked_index', '-inf', ARGV[3],
    'LIMIT', 0, ARGV[4]), false)
  redis.call('DEL', p..'unacked_mutex')
end

return out
