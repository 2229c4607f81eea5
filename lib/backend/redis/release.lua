-- What a worker kept is due.
--
-- prefix, tag, key of the list, message: what a worker kept goes where it is
-- taken next.  1; 0 it is not kept for that tag: it was given back before, or
-- never was; 2 it is still held under the tag.

local p, tag = ARGV[1], ARGV[2]
if redis.call('HEXISTS', p..'tq.local', tag) == 1 then
  -- this may fail, and then it is still kept
  redis.call('RPUSH', ARGV[3], ARGV[4])
  redis.call('HDEL', p..'tq.local', tag)
  return 1
end

return redis.call('HEXISTS', p..'unacked', tag) * 2
