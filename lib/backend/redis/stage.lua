-- Lay down what will be put: G of do.lua sends it.
--
-- key, how long it stands, then for each message its id or "", tag and due or
-- "", key of the list, text.

local to = ARGV[1]..'.to'
redis.call('DEL', ARGV[1], to)
for i = 3, #ARGV do redis.call('RPUSH', ARGV[1], ARGV[i]) end
for i = 6, #ARGV, 5 do
  if ARGV[i] ~= ARGV[i - 5] then redis.call('SADD', to, ARGV[i]) end
end

redis.call('EXPIRE', to, ARGV[2])
return redis.call('EXPIRE', ARGV[1], ARGV[2])
