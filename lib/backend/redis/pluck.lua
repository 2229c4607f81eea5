-- Take this one message.
--
-- prefix, now, end of the lease, tag, queue, "list" or "wait", key of the list
-- or tag of what waits, message.  1 if it was there: it is held now, so that
-- something else can become of it.

local p = ARGV[1]

-- who may not write here must not take
redis.call('HLEN', p..'unacked')
redis.call('ZCARD', p..'unacked_index')
if ARGV[6] == 'list' then
  if redis.call('LREM', ARGV[7], -1, ARGV[8]) == 0 then return 0 end
else
  if redis.call('HDEL', p..'tq.waiting', ARGV[7]) == 0 then return 0 end
  redis.call('ZREM', p..'tq.delayed', ARGV[7])
end

redis.call('HSET', p..'unacked', ARGV[4],
  '['..ARGV[8]..', "", '..cjson.encode(ARGV[5])..']')
redis.call('ZADD', p..'unacked_index', ARGV[2], ARGV[4])
redis.call('ZADD', p..'tq.lease', ARGV[3], ARGV[4])
return 1
