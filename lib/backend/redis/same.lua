-- Was this message put under that id?
--
-- tq.id.ID, message.  1 if that is what was put; 0 if it is not, or nothing
-- was.  Of what a tq before this one put nobody knows: 1.  proof.lua stands
-- before it.

local was = redis.call('GET', ARGV[1])
return was and (was == '1' or was == proof(ARGV[2])) and 1 or 0
