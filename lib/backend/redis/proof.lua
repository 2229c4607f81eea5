-- What tq.id.ID holds of a message that was put: a digest of the name of its
-- task and of its body, which are the same however often it is made.

local function proof(m)
  return redis.sha1hex((string.match(m, '"task": "([^"]*)') or '')..' '..
    (string.match(m, '"body": "([^"]*)') or ''))
end
