#!/bin/sh
# Tasks on one server, results on another; and in another database of one.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
broker=$TQ_BROKER
first=$REDIS_PORT
redis_start results
TQ_RESULTS=$TQ_BROKER
TQ_BROKER=$broker
export TQ_RESULTS
celery_app

celery_handlers h
printf '#!/bin/sh\necho "$1" >&2\nexit 1\n' >h/proj.boom
chmod +x h/*

canvases()
{
	py <<'PY'
from celery import group, chain, chord
print(add.delay(2, 3).get(timeout=60))
print(chain(add.s(1, 2), add.s(3)).delay().get(timeout=60))
print(chord([add.s(i, i) for i in range(5)], tsum.s()).delay().get(timeout=60))
r = chord([add.s(1, 1), boom.s('x')], tsum.s()).delay()
try:
    # of the body alone: else the member's own error is raised
    app.AsyncResult(r.id).get(timeout=60)
except Exception as e:
    print(type(e).__name__)
PY
}
want='5
6
20
ChordError'

# A member that is none: who waits is told on the other server.
is 'a message that is none ends there' "$(py <<'PY'
import base64, json, redis, subprocess
r = redis.Redis.from_url(os.environ['TQ_BROKER'])
c = chord([add.s(i, i) for i in range(3)])(tsum.s())
m = json.loads(r.lindex('celery', -1))
m['properties']['body_encoding'] = 'rot13'
r.lset('celery', -1, json.dumps(m))
w = subprocess.Popen(['tqrun', '-E', 'h'])
for id in c.parent[0].id, c.id:
    try:
        app.AsyncResult(id).get(timeout=60)
    except Exception as e:
        print(type(e).__name__)
w.wait()
print(r.llen('tq.dead'), r.hlen('unacked'))
PY
)" "BadMessage${NL}ChordError${NL}1 0"
is 'so does one whose id has a NUL' "$(py <<'PY'
import subprocess
r = add.apply_async((1, 2), task_id='a\0b')
subprocess.run(['tqrun', '-E', 'h'])
try:
    r.get(timeout=60)
except Exception as e:
    print(type(e).__name__, r.id == 'a\0b')
PY
)" 'BadMessage True'

bg tqrun -j 2 h
is 'on two servers' "$(canvases)" "$want"
check 'tqresult looks there' 0 "9$NL" '' tqput -w -t 60 -N proj.add -J 4 5
is 'nothing but tasks on the one' "$(rcli -p "$first" --scan |
    grep -c celery-task-meta)" 0
ok 'and results on the other' test "$(rcli --scan |
    grep -c celery-task-meta)" -gt 5
kill -TERM "${pids##* }"
wait_gone "${pids##* }"

TQ_BROKER=redis://127.0.0.1:$first/3
TQ_RESULTS=redis://127.0.0.1:$first/4?prefix=p
bg tqrun -j 2 h
check 'in two databases' 0 "9$NL" '' tqput -w -t 60 -N proj.add -J 4 5
is 'with a prefix as Celery makes it' "$(rcli -p "$first" -n 4 --scan |
    cut -c 1-19)" p_celery-task-meta-
kill -TERM "${pids##* }"
wait_gone "${pids##* }"

TQ_RESULTS=redis://127.0.0.1:$first/4
bg tqrun -j 2 h
is 'Celery agrees' "$(canvases)" "$want"

# A spool whose outcomes go to Redis.
unset TQ_BROKER
id=$(tqput sh -c 'echo there; exit 3')
tqrun -E --results "$TQ_RESULTS" 2>/dev/null
check 'a local task whose outcome is there' 3 "there$NL" '' tqresult "$id"
