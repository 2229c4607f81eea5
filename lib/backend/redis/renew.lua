-- We still hold these.
--
-- prefix, score for unacked_index, end of the lease, tags.  Returns the tags
-- that are not held any more.

local p, lost = ARGV[1], {}
local data = redis.call('GET', p..'tq.data')
for i = 4, #ARGV do
  if redis.call('HEXISTS', p..'unacked', ARGV[i]) == 1 then
    redis.call('ZADD', p..'unacked_index', ARGV[2], ARGV[i])
    redis.call('ZADD', p..'tq.lease', ARGV[3], ARGV[i])
  elseif (string.match(ARGV[i], '@(%x+)s%.%d+$') or data) == data then
    lost[#lost + 1] = ARGV[i]
  end
end

return lost
