-- A part of what stands there.
--
-- prefix, "unacked", "tq.waiting" or "list", cursor ("0" at first), how many,
-- text that must be inside or "", key of the list.
--
-- Returns {next cursor ("0": no more), tag, text, score, ...}: of what is held
-- the end of the lease or "" (held by Celery), of what waits its due; a list
-- is gone through from where it is taken.

local p, what, at, n, needle = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local out = {'0'}

local function add(tag, text, score)
  if needle == '' or string.find(text, needle, 1, true) then
    out[#out + 1] = tag
    out[#out + 1] = text
    out[#out + 1] = score
  end
end

if what == 'list' then
  local to = -1 - tonumber(at)
  local all = redis.call('LRANGE', ARGV[6], to + 1 - tonumber(n), to)
  for i = #all, 1, -1 do add('', all[i], '') end
  if #all == tonumber(n) then out[1] = tostring(at + n) end
  return out
end

local got = redis.call('HSCAN', p..what, at, 'COUNT', n)
out[1] = got[1]
local index = what == 'unacked' and 'tq.lease' or 'tq.delayed'
for i = 1, #got[2], 2 do
  add(got[2][i], got[2][i + 1],
    redis.call('ZSCORE', p..index, got[2][i]) or '')
end

return out
