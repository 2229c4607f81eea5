#!/bin/sh
# Ids as Celery takes them, any string: of tasks, of what follows them, of chords.
# A worker of Celery and one of tq come to the same.

top=$PWD
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
celery_handlers h

cat >ids.py <<'PY'
# Put tasks with each id, and tell those whose result is another than it should.
from proj import *
from celery.exceptions import TimeoutError
odd = ['a\nb', 'x' * 256, 'z' * 5000, '\u00e9' * 200, 'tab\tbell\a', '\x1b]52;c;eA==',
    '\u202e', 'a b', '"', '\\', '../../etc/passwd', '-rf', '%s%n', '\U0001f600' * 80]
A = add.s

def wait(r, want, what):
    try:
        got = r.get(timeout=20)
    except TimeoutError:
        # it listens and looks over two connections, and does not wait for the
        # server's word that it listens (5.2.6, backends/redis.py)
        got = r.result if r.state == 'SUCCESS' else r.state
    except Exception as e:
        got = repr(e)
    if got != want:
        print(what, ascii(r.id[:20]), got)

for k, i in enumerate(odd):
    wait(add.apply_async((1, 2), task_id=i), 3, 'alone')
    wait((A(1, 2) | A(3).set(task_id=i + 'chain')).apply_async(), 6, 'chain')
    wait(add.apply_async((1, 2), link=A(4).set(task_id=i + 'link')), 3, 'link')
    wait(app.AsyncResult(i + 'link'), 7, 'linked')
    wait(chord([A(1, 1), A(2, 2)], tsum.s().set(task_id=i + 'body')).delay(), 6, 'body')
    wait(chord([A(1, 1).set(task_id=i + 'member'), A(2, 2)], tsum.s()).delay(), 6,
        'member')
    wait(chord(group([A(1, 1), A(2, 2)], task_id=i + 'group'), tsum.s()).delay(), 6,
        'chord')
    app.signature('proj.boom').apply_async(link_error=tsum.si([2]).set(
        task_id=i + 'errback'))
    wait(app.AsyncResult(i + 'errback'), 2, 'errback')
print(len(odd))
PY

celery_worker
is 'a worker of Celery runs tasks of all ids' "$(/usr/bin/python3 ids.py)" 14
kill -TERM "$CELERY_PID"
wait_gone "$CELERY_PID"
rcli FLUSHALL >/dev/null

bg tqrun -q celery -v h
W=$!
is 'and one of tq' "$(/usr/bin/python3 ids.py)" 14
is 'none is set aside' "$(rcli LLEN tq.dead)" 0
cat >nul.py <<'PY'
from proj import *
r = add.apply_async((1, 2), task_id='a\0b')
try:
    r.get(timeout=20)
except Exception as e:
    print(type(e).__name__, ascii(r.id), app.AsyncResult('a\0b').state)
PY
is 'but one with a NUL, and who waits for it is told' \
    "$(/usr/bin/python3 nul.py; rcli LLEN tq.dead)" \
    "BadMessage 'a\\x00b' FAILURE${NL}1"
kill -TERM $W
ok 'the worker leaves when told to' wait_gone $W
is 'its log has a line for each' "$(grep -vc '^tqrun: ' .bg.err) $(grep \
    -c '^tqrun: tq-[-0-9a-f]*: started .*/proj.add$' .bg.err)" '0 28'
rcli FLUSHALL >/dev/null

# ---- by its name in tq -------------------------------------------------------

py >put.out <<'PY'
add.apply_async((1, 2), task_id='a\nb')
add.apply_async((1, 2), task_id='c\nd')
add.apply_async((1, 2), task_id='\u00e9')
PY
name=$(tqstat -o id | sed -n 1p)
like 'what is shown is a name in one line' "$name" 'tq-????????-????-8*'
is 'each has its own' "$(tqstat -o id | sort -u | wc -l)" 3
is 'it is found by that' "$(tqstat -o id,state "$name")" "$name${TAB}ready"
is 'and one that JSON spells otherwise by its id' \
    "$(tqstat -o state "$(printf '\303\251')")" ready
is 'it is revoked by it' "$(tqctl -v revoke "$name")" 1
is 'which Python hears' "$(py <<'PY'
try:
    print(app.AsyncResult('a\nb').get(timeout=20))
except Exception as e:
    print(repr(e))
PY
)" "TaskRevokedError('revoked')"
tqget -q celery -t 0 -L 60s >claim
like 'a claim is by its name' "$(cat claim)" 'tq-????????-????-8*/1*'
claim=$(cut -f 1 claim)
check 'which another process may end' 0 '' '' tqctl fail 3 "$claim"
is 'under the id' "$(py <<'PY'
try:
    print(app.AsyncResult('c\nd').get(timeout=20))
except Exception as e:
    print(type(e).__name__)
PY
)" CommandFailed

# Python revokes by the id; a resident handler has the id in its request.
sed 's/^from shop/from proj/' "$top/examples/celery/resident.py" >resident.py
chmod +x resident.py
cat >>proj.py <<'PY'

@app.task(bind=True, name='proj.whoami')
def whoami(self):
    return self.request.id
PY
py >put.out <<'PY'
add.apply_async((1, 2), task_id='e\nf', queue='gone')
app.control.revoke(['e\nf'])
PY
bg tqrun -q celery -q gone -U ./resident.py
W=$!
is 'a task knows its id' "$(py <<'PY'
print(repr(app.signature('proj.whoami').apply_async(task_id='g\nh').get(timeout=20)))
PY
)" "'g\\nh'"
kill -TERM $W
ok 'this worker leaves, too' wait_gone $W

# ---- what follows is more than can be said ------------------------------------

py >put.out <<'PY'
from celery import signature
# 20,000 members, each with a body of 100 kB: 2 GB of messages
body = add.si(1, 'b' * 100000)
many = chord(group([add.si(1, 1) for i in range(20000)]), body)
add.apply_async((1, 2), task_id='many', link=many)
add.apply_async((1, 2), task_id='next')
PY
bg tqrun -q celery h
W=$!
is 'it fails, and the next one runs' "$(py <<'PY'
for id in 'many', 'next':
    try:
        print(app.AsyncResult(id).get(timeout=60))
    except Exception as e:
        print(type(e).__name__, str(e)[-40:])
PY
)" "InvalidTaskError what follows from it is over 256 MiB${NL}3"
kill -TERM $W
ok 'the worker of these leaves' wait_gone $W
