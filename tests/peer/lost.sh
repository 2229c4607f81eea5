#!/bin/sh
# A worker is destroyed with all it holds; everything ends on another one.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
TQ_BROKER="$TQ_BROKER?lease=2"

# On host A nothing ends; on host B everything does, and says that it ran.
mkdir a b
printf '#!/bin/sh\necho started >>%s\nexec sleep 1000\n' "$T/a.log" \
    >a/proj.nap
printf '#!/bin/sh\necho "$1" >>%s\necho "$1"\n' "$T/b.log" >b/proj.nap
chmod +x a/* b/*

# Its processes die with it, as with a machine.
setsid tqrun -j 10 a 2>a.err &
A=$!
pids="$pids $A"
TQ_BROKER=${TQ_BROKER%\?*} py <<PY
# 100 that are due when A has looked at all, then 10 long ones
for i in range(10, 110):
    nap.apply_async((i,), task_id='late-%d' % i, countdown=8)
for i in range(10):
    nap.apply_async((i,), task_id='long-%d' % i)
PY
taken()
{
	[ "$(wc -l <a.log)" -eq 10 ] && [ "$(rcli ZCARD tq.delayed)" -eq 100 ]
}
ok 'A runs ten, and leaves what is delayed on the server' wait_long taken
is 'nothing else is anywhere' "$(rcli LLEN celery) $(rcli HLEN unacked)" \
    '0 10'
# all of its session: each task has a process group of its own
kill -KILL $(ps -o pid= -s "$A")
wait $A 2>/dev/null

bg tqrun -j 4 b
all()
{
	[ "$(sort -un b.log | wc -l)" -eq 110 ]
}
ok 'all 110 end on B' wait_long all
is 'each of them once' "$(wc -l <b.log)" 110
done_()
{
	[ "$(rcli HLEN unacked)" = 0 ] && [ "$(rcli ZCARD tq.lease)" = 0 ]
}
ok 'and nothing is held any more' wait_for done_
is 'the client has all results' "$(TQ_BROKER=${TQ_BROKER%\?*} py <<PY
ids = ['long-%d' % i for i in range(10)] + ['late-%d' % i for i in range(10, 110)]
# kept while others are asked for: Celery 5.5 stops for ever if one is freed
results = [app.AsyncResult(i) for i in ids]
print(sum(r.get(timeout=60) for r in results))
PY
)" "$((109 * 110 / 2))"

# A worker that is told to stop hands back what it has not finished.
bg tqrun -q other -j 1 -g 0 a
C=$!
id=$(tqput -q other -N proj.nap 7)
held()
{
	[ "$(rcli HLEN unacked)" = 1 ]
}
wait_for held
kill -TERM $C
ok 'it leaves' wait_gone $C
is 'the task is back in its queue' "$(rcli LLEN other) $(rcli HLEN unacked)" \
    '1 0'
bg tqrun -q other -j 1 b
check 'no attempt was burned' 0 "1$NL" '' tqresult -w -t 60 -o attempt "$id"
