-- A transaction: steps, and the end of a claim.  The steps are gone through three
-- times, a part each: do_may.lua asks whether all can be done, do_count.lua does
-- what can still refuse and be undone, do_step.lua does all else.
--
-- prefix, database of the broker, database of the results, tag that must be
-- held ("": none), 1 to let it go, queues that must not be closed (a number
-- and names), then steps: a letter, the chord (key of its size or "") whose
-- end it is of, and its operands:
--
--	S key ttl text		result, unless a SUCCESS is there, or what may
--				be one and this is none
--	P id list message	message at the end of the line
--	F id list message	message that is next
--	D id tag due list message	message that waits
--	H tag words		message that its worker keeps
--	G stem n ids		what was laid down under stem.1 to stem.n; ids: some
--				of it has an id that must not be known
--	Z key ttl size only-if-none
--	V key ttl text		any text
--	X n key ...		forget keys
--	E key ttl		this chord has ended: count no more
--	L list text max		onto a list of at most max
--	B key member		into a set
--	K key id rival where place text
--				the key is this id's, until
--	U key id		it is not any more
--	N lane id		the lane is not its any more
--	A key id member		if the key or lane is this id's: look soon
--				whether that is anywhere
--	T key last at until	the schedule moves on from one tick to the next
--				(ms)
--	C key ttl id score head member state how
--				a part of the chord with that group, before all
--				other steps.  Its words are those of
--				lib/message/celery_plan.h; state is what the
--				steps behind it take the chord for: "" it has
--				not all its parts yet, or what was returned.
--				how: "maybe" the group may be no chord's: it is
--				one if its size is there; "first" not if there
--				is a part of that id; "again" there may be one;
--				"out" not at all; "list" the site counts parts
--				in a list
--
-- id is not "": nothing of that message if tq.id.ID is there; it lasts a week
-- for a put, a day for what follows a task (and the delay).  A step of a chord
-- whose size is gone at the beginning is left out.
--
-- A key is a hash: `id` has it, `next` follows that one and `tag` is where it
-- waits if a worker came across it, `at` is when `id` or `next` was last known
-- to be there.  The rival of K is the one of them that is not known to run, as
-- the caller found it: "list" or "wait" and where, with its text; "held" and
-- its tag; "here" (do no more than say so); "gone" (it is nowhere); "" at
-- first.  What is replaced is taken away here, and is put back in front if
-- somebody else has moved meanwhile.
--
-- Returns "OK", or why nothing was done:
--
--	STALE		the tag is not held, and the server has lost no data
--	CLOSED name	a queue is
--	SEEN id		a put (tag "") of a known id; after a task it is left out
--	MOVED		the schedule has another last tick
--	GONE		what was laid down is there no more
--	TWIN id		two of one key
--	HELD n at id	the n-th K has another rival than the one named
--	TAKEN id	the rival holds it
--	AGAIN		the rival stands somewhere else by now
--	{n, state, meta of the group or "", members ...}
--			with the n-th C the chord is in another state than the
--			one named: in this one
--	{n, why}	the n-th C cannot be counted: a key of its group is
--			something else, of another group perhaps ("G.j")
--
-- Parts are in a sorted set, or where result_chord_ordered is false in a list:
-- what the first of them was put into holds for all of a chord.  A list is
-- looked through for an earlier part of the same id only if there may be one.
--
-- Parts are counted for good in the run of the script that does all steps, and
-- in no other: one that has to refuse takes them back.  So with a tag a part
-- is counted when its message is let go, and neither without the other.
--
-- Redis rolls nothing back when a call in a script fails.  So each key that a
-- step writes to is asked first whether it is of the type that the step wants,
-- and whether this user may do so; else the error is returned and nothing was
-- done.  Other errors (no memory, no replica) a script meets at its first
-- write or not at all.  A user who may not use a command, without its keys
-- having to do with that, is seen before by Redis 7 only; so a message is
-- pushed before its id is noted: the next try sends it, and no other one
-- twice.
--
-- The set tq.chord.KEY has "" once the chord has ended: a member that runs
-- again after that is not noted.  Where the end is carried out by another
-- script (no tag) it has besides the ids that saw the chord complete: no other
-- member that runs again is told so a second time.

local p, bdb, rdb, tag = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local at, db = 0, bdb

local function use(d)
  if d ~= db then
    redis.call('SELECT', d)
    db = d
  end
end

if tag ~= '' and redis.call('HEXISTS', p..'unacked', tag) == 0 then
  local data = redis.call('GET', p..'tq.data')
  if (string.match(tag, '@(%x+)s%.%d+$') or data) == data then
    return 'STALE'
  end
end

local nq = tonumber(ARGV[6])
for i = 7, 6 + nq do
  if redis.call('SISMEMBER', p..'tq.closed', ARGV[i]) == 1 then
    return 'CLOSED '..ARGV[i]
  end
end

-- how many operands a step has
local size = {
  A = 3, B = 2, C = 8, D = 5, E = 2, F = 3, G = 3, H = 2, K = 6, L = 3,
  N = 2, P = 3, S = 3, T = 4, U = 2, V = 3, Z = 4
}

local function span(i)
  if ARGV[i] == 'X' then return 3 + tonumber(ARGV[i + 2]) end
  return 2 + size[ARGV[i]]
end
