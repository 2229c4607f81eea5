#!/bin/sh
# `celery inspect`, `celery control` and tqctl speak to either kind of worker.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

celery_handlers handlers
script handlers/proj.nap 'exec sleep "$1"'
ctl()
{
	/usr/bin/python3 -m celery -A proj "$@" 2>&1
}
answers()
{
	ctl inspect -d "$1" ping | grep -q pong
}

bg tqrun --node one --events -j 2 handlers
ONE=$!
one=one@$(uname -n)
ok '--node names the worker' wait_for answers "$one"
like 'stats' "$(ctl inspect -d "$one" stats)" '*max-concurrency": 2*'
like 'active queues' "$(ctl inspect -d "$one" active_queues)" \
    '*routing_key*celery*'
is 'of which all is told that Celery tells' "$(py <<'PY'
queue = app.amqp.queues.select_add('celery').as_dict(recurse=True)
for q in app.control.inspect(timeout=3).active_queues().values():
    print(q == [queue] or (q, queue))
PY
)" True
is 'conf tells settings by their names in Celery' "$(py <<PY
c = app.control.inspect(['$one'], timeout=5).conf()['$one']
print(c['broker_url'] == os.environ['TQ_BROKER'], c['task_default_queue'],
    c['worker_concurrency'], c['result_extended'],
    c['broker_transport_options'] == {'visibility_timeout': 3600,
    'priority_steps': [0, 3, 6, 9]})
PY
)" 'True celery 2 False True'
like 'what a tq worker does not do is an error' "$(py <<PY
print(app.control.broadcast('memsample', reply=True, timeout=1),
    app.control.broadcast('election', {'id': 'x', 'topic': 'y'},
    reply=True, timeout=1))
PY
)" "*{'error': 'not done by*{'error': 'not done by*"
like 'registered tasks are the handlers' \
    "$(ctl inspect -d "$one" registered | tr '\n' ' ')" '*proj.add*'
like 'unknown commands are errors' \
    "$(py <<PY
print(app.control.broadcast('no_such', reply=True, timeout=1))
PY
)" "*KeyError('no_such')*"

id=$(tqput -N proj.nap 30)
active()
{
	ctl inspect -d "$one" active | grep -q "$1"
}
ok 'active tells what runs' wait_for active "$id"
is 'how long it waited only its worker knows' "$(tqstat -o wait,start "$id")" "-${TAB}-"
is 'the processes of its pool are those that it runs' "$(py <<PY
pids = app.control.inspect(['$one'], timeout=5).stats()['$one']['pool']['processes']
print([open('/proc/%d/stat' % p).read().split()[3] for p in pids])
PY
)" "['$ONE']"
like 'by no signal that is none' "$(ctl control -d "$one" terminate BOGUS "$id")" \
    "*signal: 'BOGUS' is none*"
like 'revoked neither' "$(py <<PY
print(app.control.revoke('$id', terminate=True, signal='no', reply=True))
PY
)" "*signal: 'no' is none*"
is 'it runs still' "$(tqstat -o state "$id")" started
like 'it can be ended' "$(ctl control -d "$one" terminate KILL "$id")" '*OK*'
check 'and has ended' 125 '' '*terminated*' tqresult -t 60 "$id"
revoked=$id

# Revoked while it runs: killed, and it ends revoked, whoever asks.
id=$(tqput -N proj.nap 60)
wait_for active "$id"
check 'tqctl revokes what runs' 0 '' '' tqctl revoke -w -t 60 "$id"
check 'and it is killed' 125 '' '*terminated*' tqresult -t 60 "$id"
revoked="$revoked$NL$id"
cat >revoke.py <<'PY'
import sys
from proj import *
from celery.result import AsyncResult
r = AsyncResult(sys.argv[1], app=app)
r.revoke(terminate=True)
try:
    r.get(timeout=60)
except Exception as e:
    print(r.state, repr(e))
PY
id=$(tqput -N proj.nap 60)
wait_for active "$id"
is 'so does a Celery client' "$(/usr/bin/python3 revoke.py "$id")" \
    "REVOKED TaskRevokedError('terminated')"
revoked="$revoked$NL$id"
id=$(tqput -N proj.nap 60)
wait_for active "$id"
check 'tqctl kill kills, and no more' 0 '*' '' tqctl kill "$id"
check 'it is a failure' 143 '' '*' tqresult -t 60 "$id"

# A worker that is busy has heard of it, too.
for i in 1 2; do
	busy=$(tqput -N proj.nap 60)
	wait_for active "$busy"
done
id=$(tqput -N proj.add -J 1 1)
is 'a busy worker tells what was revoked' "$(py <<PY
app.control.revoke('$id')
for ids in app.control.inspect(timeout=3).revoked().values():
    print('$id' in ids)
PY
)" True
revoked="$revoked$NL$id"
tqctl -q celery -s started kill >/dev/null

delayed()
{
	[ "$(rcli ZCARD tq.delayed)" = "$1" ]
}
late=$(tqput -d 1h -N proj.add -J 1 1)
ok 'a delayed task is on the server' wait_for delayed 1
ctl control revoke "$late" >out
is 'a revoked one is remembered by the server' "$(rcli ZRANGE tq.revoked 0 -1)" \
    "$revoked$NL$late"
rcli ZADD tq.delayed 1 "$(rcli ZRANGE tq.delayed 0 0)" >out
check 'and never runs' 125 '' '*revoked*' tqresult -t 60 "$late"

# By what it was stamped with (Celery 5.3); what older clients send has no such
# header, so it is put as one.
cat >stamp.py <<'PY'
import sys
from proj import *
def put(name, args, mon, **options):
    return app.send_task(name, args, headers={
        'stamped_headers': ['mon'], 'stamps': {'mon': mon}}, **options)
def revoke(mon, **more):
    got = app.control.broadcast('revoke_by_stamped_headers', reply=True,
        destination=[sys.argv[1]], timeout=10,
        arguments={'headers': mon, **more})
    print(*(v for a in got for r in a.values() for v in r.values()))
def end(r):
    try:
        return r.get(timeout=60)
    except Exception as e:
        return '%s %r' % (r.state, e)
late = put('proj.add', (1, 1), 'a', countdown=1)
revoke({'mon': ['a', 'b']})
print(end(late), end(put('proj.add', (1, 1), ['c', 'b'])),
    end(put('proj.add', (1, 1), 'c')))
nap = put('proj.nap', ('60',), ['z', 'd'])
while not any(nap.id == t['id'] for ts in
              (app.control.inspect([sys.argv[1]]).active() or {}).values()
              for t in ts):
    pass
revoke(['mon=d'], terminate=True)
print(end(nap))
revoke({'mon': 'e'}, terminate=True)
revoke({})
PY
is 'tasks are revoked by their stamps' \
    "$(/usr/bin/python3 stamp.py "$one" 2>&1)" \
    "headers {'mon': ['a', 'b']} flagged as revoked, but not terminated
REVOKED TaskRevokedError('revoked') REVOKED TaskRevokedError('revoked') 2
headers ['mon=d'] revoked
REVOKED TaskRevokedError('terminated')
headers {'mon': 'e'} were not terminated
headers: want stamps"
is 'which are no ids' "$(ctl inspect -d "$one" revoked | grep -c "mon['=]")" 0

cat >events.py <<'PY'
from proj import *
from celery.events.receiver import EventReceiver
seen = []
def on(event):
    # the first heartbeat tells that we are heard of
    if not seen:
        app.send_task('proj.gone', task_id='gone').get(propagate=False)
        add.delay(1, 2)
    seen.append(event)
    if event['type'] == 'task-succeeded':
        r.should_stop = True
with app.connection() as c:
    r = EventReceiver(c, handlers={'*': on}, app=app)
    r.capture(limit=None, timeout=30, wakeup=False)
tasks = [e for e in seen if e['type'].startswith('task')]
print(*[e['type'] for e in tasks])
print(tasks[0]['uuid'], tasks[0]['exception'])
PY
is '--events tells of tasks, of one without a handler only that it failed' \
    "$(/usr/bin/python3 events.py)" \
    "task-failed task-received task-started task-succeeded
gone NotRegistered('proj.gone')"

# Queues, limits and places while it works, as the settings of a Celery worker.
ctl control -d "$one" add_consumer images >out
like 'add_consumer answers as Celery' "$(cat out)" '*add consumer images*'
id=$(tqput -q images -N proj.add -J 2 3)
check 'and it serves that queue, too' 0 5 '' tqresult -t 60 "$id"
for q in celery images; do
	ctl control -d "$one" cancel_consumer $q >out
	like "cancel_consumer $q" "$(cat out)" "*no longer consuming from $q*"
done
like 'none is left' "$(ctl inspect -d "$one" active_queues)" '*- empty -*'
id=$(tqput -N proj.add -J 3 3)
like 'it lives, and takes nothing' "$(ctl inspect -d "$one" ping)" '*pong*'
check 'what is put waits' 124 '' '*ready*' tqresult -t 0 "$id"
ctl control -d "$one" add_consumer celery >out
check 'until it may' 0 6 '' tqresult -t 60 "$id"

ctl control -d "$one" time_limit proj.nap 0.2 20 >out
like 'time_limit' "$(cat out)" '*time limits set successfully*'
id=$(tqput -N proj.nap -J 60)
check 'is kept' 143 '' '*time limit*' tqresult -t 60 "$id"
ctl control -d "$one" time_limit proj.nap 60 >out
like 'not of a name that it does not run' \
    "$(ctl control -d "$one" time_limit no.such 1)" '*unknown task*'

ctl control -d "$one" rate_limit proj.add 1/h >out
like 'rate_limit' "$(cat out)" '*new rate limit set successfully*'
like 'inspect registered shows it' "$(ctl inspect -d "$one" registered)" \
    '*proj.add \[rate_limit=1/h\]*'
first=$(tqput -N proj.add -J 4 3)
check 'the first may' 0 7 '' tqresult -t 60 "$first"
second=$(tqput -N proj.add -J 4 4)
ok 'the second waits, on the server' wait_for delayed 1
like 'a bad one is quoted' \
    "$(ctl control -d "$one" rate_limit proj.add 1/d)" "*Invalid rate*'1/d'*"
like 'it is taken off' "$(ctl control -d "$one" rate_limit proj.add 0)" \
    '*rate limit disabled successfully*'
rcli ZADD tq.delayed 1 "$(rcli ZRANGE tq.delayed 0 0)" >out
check 'then it may' 0 8 '' tqresult -t 60 "$second"

ctl control -d "$one" autoscale 3 2 >out
like 'autoscale' "$(cat out)" '*autoscale now max=3 min=2*'
scaled()
{
	ctl inspect -d "$one" stats | tr -d ' \n' |
	    grep -q '"autoscaler":{"current":2,"max":3,"min":2}'
}
ok 'inspect stats shows it' wait_for scaled
like 'and how many tasks of which name' "$(ctl inspect -d "$one" stats)" \
    '*"proj.add": [4-9]*"proj.nap": [1-9]*'
ctl control -d "$one" autoscale 2 2 >out

tqstat -f -n 2 -o event,state,queue,attempt,status >follow &
F=$!
pids="$pids $F"
follows()
{
	[ "$(rcli PUBSUB NUMPAT)" -ge 1 ]
}
ok 'tqstat -f listens' wait_for follows
id=$(tqput -N proj.add -J 5 5)
wait $F
is 'and tells of them, too' "$? $(cat follow)" \
    "0 claim${TAB}started${TAB}-${TAB}-${TAB}-${NL}end${TAB}success${TAB}-${TAB}-${TAB}0"

ctl control -d "$one" pool_grow 2 >out
grown()
{
	ctl inspect -d "$one" stats | grep -q 'max-concurrency": 4'
}
ok 'pool_grow grows it' wait_for grown
ctl control -d "$one" shutdown >out
ok 'shutdown ends it' wait_gone "${pids##* }"

bg tqrun --node deaf --no-control -j 1 handlers
deaf=$!
add=$(tqput -N proj.add -J 2 2)
check 'it works' 0 4 '' tqresult -t 60 "$add"
not_ok '--no-control obeys nobody' answers "deaf@$(uname -n)"
kill -TERM $deaf
wait_gone $deaf

# What a Celery worker holds is revoked by its remote control.
celery_worker --pool prefork -c 1
id=$(tqput -N proj.nap -J 60)
begun()
{
	ctl inspect -d py@test active | grep -q "$1"
}
ok 'a Celery worker runs it' wait_for begun "$id"
check 'tqctl revokes that' 0 '' '' tqctl revoke -w -t 60 "$id"
check 'it is killed' 125 '' '*revoked*' tqresult -t 60 "$id"
id=$(tqput -N proj.nap -J 60)
ok 'and another' wait_for begun "$id"
is 'of which the server has nothing' "$(rcli hlen unacked)" 0
check 'tqctl kills that' 0 '' '' tqctl kill -w -t 60 "$id"
check 'there it ends as revoked' 125 '' '*revoked*' tqresult -t 60 "$id"
check 'what nobody runs is not killed' 1 '' '*not started*' \
    tqctl kill -w no-such-id
id=$(py <<PY
print(add.apply_async((1, 2), countdown=3600).id)
PY
)
scheduled()
{
	ctl inspect -d py@test scheduled | grep -q "$1"
}
ok 'a Celery worker holds a delayed one' wait_for scheduled "$id"
check 'it is revoked' 0 '' '' tqctl revoke "$id"
knows()
{
	ctl inspect -d py@test revoked | grep -q "$1"
}
ok 'there' wait_for knows "$id"
like 'and on the server' "$(rcli ZRANGE tq.revoked 0 -1)" "*$id*"

check 'tqctl pings a Celery worker' 0 '*' '' tqctl ping py@test
check 'and stops it' 0 '' '' tqctl stop py@test
ok 'it has gone' wait_gone "$CELERY_PID"
