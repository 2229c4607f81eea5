-- Ids that must not start.
--
-- prefix, now, forget those revoked before, how many are kept, ids.  One that
-- is delayed far ahead may be forgotten before its time: as with Celery.

local p = ARGV[1]
for i = 5, #ARGV do redis.call('ZADD', p..'tq.revoked', ARGV[2], ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', p..'tq.revoked', '-inf', ARGV[3])
redis.call('ZREMRANGEBYRANK', p..'tq.revoked', 0, -1 - ARGV[4])
return redis.call('INCR', p..'tq.revision')
