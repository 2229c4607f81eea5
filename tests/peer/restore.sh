#!/bin/sh
# What a dead worker of one kind held, a worker of the other kind runs, as
# Celery's visibility timeout has it.

. "${0%/*}/../lib/redis.sh"
need_celery
VISIBILITY=2
export VISIBILITY
redis_start
celery_app
plain=$TQ_BROKER

celery_handlers h
mkdir slow
script slow/proj.add 'exec sleep 1000'

# A tq worker dies with a task, and there is no other of its kind.
setsid tqrun -j 1 slow 2>/dev/null &
W=$!
pids="$pids $W"
id=$(tqput -N proj.add -J 20 22)
held()
{
	[ "$(rcli HLEN unacked)" = "$1" ]
}
wait_for held 1
kill -KILL $(ps -o pid= -s $W)
wait $W 2>/dev/null
dead=$(date +%s)
older()
{
	[ $(($(date +%s) - dead)) -gt 3 ]
}
wait_for older
celery_worker
is 'Celery runs it' "$(py <<PY
print(app.AsyncResult('$id').get(timeout=60))
PY
)" 42
ok 'and nothing is held' wait_for held 0
kill -TERM "$CELERY_PID"
wait_gone "$CELERY_PID"

# A Celery worker has taken a task and died: as it leaves the keys.
id=$(tqput -N proj.add -J 1 2)
message=$(rcli LINDEX celery 0)
{
	printf 'DEL celery\n'
	printf 'ZADD unacked_index 1000 gone-tag\n'
} | rcli >out
printf '[%s, "", "celery"]' "$message" |
    redis-cli -p "$REDIS_PORT" -x HSET unacked gone-tag >out
held 1
report $? 'a message is where a dead Celery worker left it' "$(rcli HLEN unacked)"
TQ_BROKER="$plain?visibility=2"
bg tqrun -j 1 h
check 'tq runs it' 0 "3$NL" '' tqresult -w -t 60 "$id"
ok 'and nothing is held' wait_for held 0
is 'its index is empty' "$(rcli EXISTS unacked_index)" 0
