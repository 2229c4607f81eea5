#!/bin/sh
# Ends that cannot be told as they should, a chord whose keys are something else
# or a server that refuses: the worker goes on, and leaves when told to.  And what
# a message that is set aside may not do to others.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

celery_handlers h
script h/proj.tsum 'echo 7'

# Python that sends messages as it likes: raw(id, headers..., ctype, embed).
cat >raw.py <<'PY'
import base64, json, os, uuid
import redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])

def sig(task, size, id):
    return {'task': task, 'args': [], 'kwargs': {}, 'options': {'task_id': id},
        'subtask_type': None, 'immutable': True, 'chord_size': size}

def raw(id, task='proj.add', args=(1, 2), ctype='application/json',
    embed=None, queue='celery', **headers):
    none = {'callbacks': None, 'errbacks': None, 'chain': None, 'chord': None}
    body = json.dumps([list(args), {}, dict(none, **(embed or {}))])
    r.lpush(queue, json.dumps({
        'body': base64.b64encode(body.encode()).decode(),
        'content-encoding': 'utf-8', 'content-type': ctype,
        'headers': dict({'lang': 'py', 'task': task, 'id': id, 'eta': None,
            'retries': 0, 'root_id': id, 'parent_id': None,
            'group': None}, **headers),
        'properties': {'correlation_id': id, 'delivery_mode': 2,
            'delivery_info': {'exchange': '', 'routing_key': 'celery'},
            'priority': 0, 'body_encoding': 'base64',
            'delivery_tag': str(uuid.uuid4())}}))

def status(id):
    m = r.get('celery-task-meta-' + id)
    return json.loads(m)['status'] if m else None
PY

# ---- keys of another group -------------------------------------------------

# The parts of group H would be in the key of a group with the id H.j.
py >out 2>&1 <<'PY'
from raw import *
from celery.result import GroupResult
GroupResult('H.j', [app.AsyncResult('x')], app=app).save()
for k in range(2):
    raw('well%d' % k, group='H', group_index=k,
        embed={'chord': sig('proj.add', 1, 'body')})
    raw('bad%d' % k, eta={}, group='H', group_index=k,
        embed={'chord': sig('proj.add', 1, 'body')})
# those of G in the key that is the meta of a group with the id G.j, its size
# in that of G.s
r.zadd('celery-taskset-meta-G.j', {'[1, "aa", "SUCCESS", 1]': 0})
r.set('celery-taskset-meta-G.s', 2)
for tail in 'j', 's':
    raw('tail' + tail, group='G.' + tail, group_index=0,
        embed={'chord': sig('proj.add', 1, 'body')})
raw('good')
# an errback that goes where no message can
r.hset('stats', 'a', 'b')
back = sig('proj.add', None, 'back')
back['options']['queue'] = 'stats'
raw('errback', eta={}, embed={'errbacks': [back]})
PY
tqrun -j 2 h 2>w.err &
W=$!
pids="$pids $W"
seen()
{
	[ "$(rcli LLEN celery) $(rcli HLEN unacked)" = '0 0' ]
}
ok 'members that cannot be counted keep no place' wait_long seen
is 'they end nevertheless' "$(py <<'PY'
from raw import *
print(*(status(i) for i in ('well0', 'well1', 'tailj', 'tails', 'good')))
print(*(status(i) for i in ('bad0', 'bad1')))
PY
)" "SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS${NL}FAILURE FAILURE"
said()
{
	[ "$(grep -c 'not counted in its chord' w.err)" -eq 4 ]
}
ok 'which is said' wait_long said
like 'with the key' "$(cat w.err)" \
    '*tqrun: well?: not counted in its chord: celery-taskset-meta-H.j is a string*'
is 'what is none is set aside, and the letter tells why a chord is not' \
    "$(rcli LRANGE tq.dead 0 -1 | grep -c \
    '"untold": "not counted in its chord: celery-taskset-meta-H.j is')" 2
is 'nor who cannot be sent to' \
    "$(rcli LRANGE tq.dead 0 -1 | grep -c '"untold": "redis:.*another type')" 1
is 'nothing is left of what was begun' "$(rcli KEYS '*meta-?.?.?')" ''
is 'and the other groups are as they were' \
    "$(rcli ZCARD celery-taskset-meta-G.j) $(rcli GET celery-taskset-meta-G.s)" \
    '1 2'
is 'no body is sent' "$(rcli EXISTS celery-task-meta-body)" 0

# ---- a success that is there -----------------------------------------------

py >out 2>&1 <<'PY'
from raw import *
meta = '"traceback": null, "children": [], "task_id": "x"}'
for id, text in {
    'lone': '{"status": "SUCCESS", "result": "caf\\ud800", ' + meta,
    'behind': '{"result": ["}\\\\", {"status": "FAILURE"}, "\\ud800"],'
        '"status"  :"SUCCESS", ' + meta,
    'deep': '{"status": "SUCCESS", "result": ' + '[' * 1500 + ']' * 1500 +
        ', ' + meta,
    'in': '{"result": {"status": "SUCCESS", "a": "\\ud800"}, "status": "RETRY", '
        + meta,
    'said': '{"result": "\\"status\\": \\"SUCCESS\\" \\ud800", '
        '"status": "RETRY", ' + meta,
    'none': '{"result": "SUCCESS',
}.items():
    r.set('celery-task-meta-' + id, text)
    raw(id, ctype='application/x-python-serialize')
r.set('celery-task-meta-later', '{"result": "SUCCESS')
raw('later')
PY
ok 'messages with ids of tasks that have ended' wait_long seen
is 'a success stays, whatever it returned' "$(py <<'PY'
from raw import *
for id in 'lone behind deep in said none later'.split():
    print(id, b'BadMessage' in r.get('celery-task-meta-' + id))
print(status('later'))
PY
)" "lone False
behind False
deep False
in True
said True
none False
later False
SUCCESS"

# ---- a task that runs ------------------------------------------------------

cat >h/proj.gate <<SH2
#!/bin/sh
touch '$T/in.'\$1
while [ ! -e '$T/go.'\$1 ]; do sleep 0.02; done
SH2
chmod +x h/proj.gate
ours="$TQ_BROKER?workers=tq"
tqput -b "$ours" --id run -k key -S lane -N proj.gate -J 1 >out
ok 'one runs' wait_for test -e in.1
py >out 2>&1 <<'PY'
from raw import *
raw('run', ctype='application/x-python-serialize',
    tq={'key': 'key', 'lane': 'lane'})
PY
set_aside()
{
	rcli LINDEX tq.dead 0 | grep -q '"untold": "another message with that'
}
ok 'a message with its id is set aside' wait_for set_aside
is 'and has ended nothing' "$(rcli EXISTS celery-task-meta-run)" 0
check 'nor let go its key' 1 "run$NL" "*key 'key' is taken by run$NL" \
    tqput -b "$ours" -k key -N proj.add -J 1 2
is 'nor its lane' "$(rcli HGET tq.lane.lane id)" run
touch go.1
check 'it ends as itself' 0 '' '' tqresult -w -t 60 run

# ---- a part that is there --------------------------------------------------

py >out 2>&1 <<'PY'
from raw import *
gate = app.signature('proj.gate', args=(2,), immutable=True)
c = chord([add.si(1, 1).set(task_id='m0'), gate.set(task_id='m1')],
    tsum.si([7]))
print(c.apply_async(task_id='body').id, file=open('body', 'w'))
PY
counted()
{
	[ "$(rcli ZCARD "$(rcli KEYS 'celery-taskset-meta-?????*.j')")" = 1 ]
}
ok 'a member has ended, another runs' wait_for counted
ok 'for long' wait_for test -e in.2
n=$(rcli LLEN tq.dead)
py >out 2>&1 <<'PY'
from raw import *
g, = (k.decode()[20:-2] for k in r.keys('celery-taskset-meta-?????*.j'))
for index in 0, 5:
    raw('m0', eta={}, group=g, group_index=index,
        embed={'chord': sig('proj.add', 2, 'body')})
PY
aside()
{
	[ "$(rcli LLEN tq.dead)" -eq $((n + 2)) ]
}
ok 'messages with the id of the first are set aside' wait_for aside
touch go.2
is 'its part is what it was' "$(py <<'PY'
print(app.AsyncResult(open('body').read().strip()).get(timeout=60))
PY
)" 7

# ---- two with one id -------------------------------------------------------

printf '#!/bin/sh\necho quick >>"%s"\n' "$T/quick" >h/proj.quick
printf '#!/bin/sh\necho "$1" >"%s"\n' "$T/linked" >h/proj.linked
chmod +x h/proj.quick h/proj.linked
echo 'echo \"slow\"' >>h/proj.gate
py >out 2>&1 <<'PY'
from raw import *
link = dict(sig('proj.linked', None, 'linked'), immutable=False)
raw('dup', task='proj.gate', args=(3,), embed={'callbacks': [link]})
PY
ok 'one runs, with a link' wait_for test -e in.3
py >out 2>&1 <<'PY'
from raw import *
raw('dup', task='proj.quick')
raw('good2')
PY
behind()
{
	[ "$(rcli EXISTS celery-task-meta-good2)" = 1 ]
}
ok 'those behind the second are run' wait_for behind
waits()
{
	[ "$(rcli ZCARD tq.delayed) $(rcli HLEN unacked)" = '1 1' ]
}
ok 'the second waits for the first' wait_for waits
not_ok 'and has not run' test -e quick
touch go.3
ok 'then it runs' wait_for test -e quick
ok 'and the link of the first' wait_for test -s linked
is 'has its result' "$(cat linked)" slow
ok 'no more is held' wait_long seen
kill -TERM $W
wait_gone $W

# ---- a server that refuses -------------------------------------------------

# This user may do everything but count: the end is tried again and again.
rcli ACL SETUSER wk on '>pw' '~work*' '~celery-task-meta-*' '~tq.*' \
    '~unacked*' '~_kombu*' '~*.pidbox' '&*' '+@all' >out
for sig in TERM QUIT; do
	py >out 2>&1 <<PY
from raw import *
r.set('celery-taskset-meta-R$sig.s', 9)
raw('held$sig', queue='work', group='R$sig', group_index=0,
    embed={'chord': sig('proj.add', 9, 'body')})
PY
	TQ_BROKER=redis://wk:pw@127.0.0.1:$REDIS_PORT/0 \
	    tqrun -g 1 -q work h 2>w.err &
	W=$!
	pids="$pids $W"
	refused()
	{
		grep -q "held$sig: .*No permissions\|held$sig: .*access" w.err
	}
	ok "$sig: an end is refused" wait_for refused
	kill -$sig $W
	ok 'it leaves all the same' wait_gone $W
	is 'and the task is back' "$(rcli LLEN work) $(rcli HLEN unacked)" \
	    '1 0'
	like 'which it says' "$(cat w.err)" '*held*: ended (success)*run again*'
	rcli DEL work >out
done
