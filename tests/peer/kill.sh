#!/bin/sh
# Workers are killed in the middle of canvases: each canvas completes, and each
# task ends once, however often it was begun.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
note_runs handlers

# every end that is told to a client
redis-cli -p "$REDIS_PORT" --csv psubscribe 'celery-task-meta-*' >ends &
pids="$pids $!"
wait_for grep -q psubscribe ends

py >ids <<'PY'
for i in range(4):
    print(chain(add.s(i, 1), add.s(10), add.s(100))().id)
    print(chord([add.s(i, 0), add.s(i, 1), add.s(i, 2)], tsum.s())().id)
    print(chain(add.s(i, 0), group(add.s(1), add.s(2)), tsum.s(), add.s(5))().id)
    print(add.starmap([(i, 1), (i, 2), (i, 3)]).delay().id)
PY

# so many tasks were begun
begun()
{
	[ "$(wc -l <ran)" -ge "$1" ]
}

# who is dead is known sooner than by itself
plain=$TQ_BROKER
TQ_BROKER="$plain?lease=3&crashes=100"
n=0
for more in 1 2 3 5 2 1 4 3; do
	tqrun -q celery -j 2 handlers 2>>log &
	worker=$!
	n=$(($(wc -l <ran) + more))
	wait_for begun "$n"
	kill -KILL "$worker"
	wait "$worker" 2>/dev/null
done
bg tqrun -q celery -j 2 handlers
TQ_BROKER=$plain
py >got 2>&1 <<'PY'
print(*[app.AsyncResult(i.strip()).get(timeout=120) for i in open('ids')])
PY
is 'every canvas completes as if nobody had died' "$(cat got)" \
    "$(for i in 0 1 2 3; do
	echo $((i + 111)) $((3 * i + 3)) $((2 * i + 8)) \
	    "[$((i + 1)), $((i + 2)), $((i + 3))]"
    done | paste -sd' ')"

queue_is_empty()
{
	[ "$(rcli eval "local n = 0
	    for _, k in ipairs(redis.call('KEYS', '*')) do
	        if k == 'celery' or k == 'unacked' or k == 'unacked_index' or
	            k == 'tq.delayed' or string.find(k, '%.[jst]\$') then
	            n = n + 1
	        end
	    end
	    return n" 0)" = 0 ]
}
ok 'nothing is left waiting, held or counted' wait_for queue_is_empty
is 'no task ended twice' \
    "$(grep -o '"celery-task-meta-[^"]*","{.*SUCCESS' ends |
    cut -d'"' -f2 | sort | uniq -d)" ''
ok 'all of them were told' [ "$(grep -c SUCCESS ends)" -ge 48 ]
ok 'some were begun again' [ "$(sort ran | uniq -d | wc -l)" -gt 0 ]
