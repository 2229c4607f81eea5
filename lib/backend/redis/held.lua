-- Is an id held under another tag?
--
-- prefix, tag, most to look at, then what its headers have in them: 1 if
-- another message that is held has one of these; 0 if none has, or there are
-- more of them than that (Celery's workers hold all that waits for its time).

local p, at, n = ARGV[1], '0', tonumber(ARGV[3])
if redis.call('HLEN', p..'unacked') > n then return 0 end
repeat
  local r = redis.call('HSCAN', p..'unacked', at, 'COUNT', 100)
  for k = 1, #r[2], 2 do
    for i = 4, r[2][k] ~= ARGV[2] and #ARGV or 0 do
      if string.find(r[2][k + 1], ARGV[i], 1, true) then return 1 end
    end
  end
  at = r[1]
until at == '0'
return 0
