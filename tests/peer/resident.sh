#!/bin/sh
# examples/celery/resident.py runs the tasks of a Celery application as they
# are: a client cannot tell it from a Celery worker.

top=$PWD
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
mkdir site
cp "$top/examples/celery/resident.py" site
chmod 755 site/resident.py
cd site || exit 1
cat >shop.py <<'PY'
import os, sys, time
from celery import Celery, chain, chord, group
from celery.contrib.abortable import AbortableAsyncResult, AbortableTask
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
url = os.environ['TQ_BROKER']
app = Celery('shop', broker=url, backend=url, include=['more'])
task = app.task

class Declined(Exception):
    def __init__(self, code, reason):
        super().__init__(code, reason)

@task
def add(x, y):
    return x + y
@task
def same(x):
    return x
@task
def total(xs):
    return sum(xs)
@task
def decline():
    raise Declined(51, 'no funds')
@task
def bad():
    return object()
@task(bind=True)
def who(self):
    r = self.request
    return [r.id, r.root_id, r.parent_id, r.retries,
            r.delivery_info['priority']]
@task(bind=True, max_retries=2)
def thrice(self, fail):
    try:
        if fail or self.request.retries < 2:
            raise ValueError('attempt %d' % self.request.retries)
    except ValueError as e:
        raise self.retry(exc=e, countdown=0)
    return self.request.retries
@task(bind=True, autoretry_for=(KeyError,), default_retry_delay=0)
def auto(self):
    if self.request.retries < 3:
        raise KeyError('x')
    return self.request.retries
@task(bind=True)
def others(self, n):
    if n < 2:
        raise self.retry(args=(n + 1,), countdown=0)
    return n
@task(bind=True)
def by(self, shape):
    return self.replace({
        'task': lambda: add.s(1, 2), 'chain': lambda: chain(add.s(1, 2), add.s(3)),
        'group': lambda: group(add.s(1, 2), add.s(3, 4)),
        'chord': lambda: chord([add.s(1, 2), add.s(3, 4)], same.s()),
        'twice': lambda: by.si('chain'), 'none': lambda: chain(),
        'fail': lambda: chain(decline.si(), add.s(1))}[shape]())
@task
def old_way(failed):
    return failed
@task
def new_way(request, exc, traceback, note):
    return [request.id, repr(exc), 'in decline' in traceback, note]
@task(bind=True)
def own(self):
    self.update_state(state='PACKED', meta={'n': 1})
    raise Ignore()
@task(bind=True)
def said(self):
    r = self.request
    p = r.properties
    return [getattr(r, 'tenant', None), r.shadow, r.timelimit,
            r.reply_to and (r.reply_to == 'me' and 'me' or True),
            p.get('app_id'), r.group, r.group_index]
@task
def as_text(x):
    return repr(x)
class Told(app.Task):
    def on_replace(self, sig):
        return super().on_replace(sig | add.s(8))
@task(base=Told, bind=True)
def other(self):
    return self.replace(add.s(1, 2))
@task(bind=True)
def more_of(self, n):
    for i in range(n):
        self.add_to_chord(same.s(i))
    return 0
@task
def busy():
    return [same.delay(1).id, group(same.s(2), same.s(3)).delay().id]
@task(bind=True, base=AbortableTask)
def long(self):
    self.update_state(state='STARTED')
    while not self.is_aborted():
        time.sleep(.05)
    return 'aborted'
@task
def leave(code):
    sys.exit(code)
@task
def die():
    os._exit(4)
@task
def odd():
    return [float('nan'), float('-inf'), -2 ** 70]
@task
def odder(x):
    return [repr(n) for n in x]
@task(acks_late=True)
def shy(path):
    with open(path, 'a') as f:
        f.write('x')
        if f.tell() < 3:
            raise Reject('not yet', requeue=True)
    return 'now'
@task(soft_time_limit=1)
def slow():
    try:
        time.sleep(30)
    except SoftTimeLimitExceeded:
        return 'in time'
PY
cat >more.py <<'PY'
from celery import shared_task
@shared_task
def there():
    return 'here'
PY
cat >client.py <<'PY'
import sys
from shop import *
def get(r):
    try:
        return r.get(timeout=60)
    except Exception as e:
        return '%s%r' % (type(e).__name__, e.args)
def show(*results):
    print(*(get(r) for r in results), sep='\n')
exec(sys.stdin.read())
PY
client()
{
	/usr/bin/python3 -B client.py
}
bg tqrun -j 2 -q celery -U ./resident.py

is 'results are what Python returned' "$(client <<'PY'
show(*map(same.delay, ['', 'x\n', '5', 5, None, {'a': [1.5, True]}]))
PY
)" "${NL}x$NL${NL}5${NL}5${NL}None$NL{'a': [1.5, True]}"
is 'numbers that JSON does not have, from task to task' "$(client <<'PY'
show(odd.delay(), chain(odd.s(), odder.s()).delay(),
    chord([odd.s(), same.s(float('inf'))], same.s()).delay())
PY
)" "[nan, -inf, -1180591620717411303424]
['nan', '-inf', '-1180591620717411303424']
[[nan, -inf, -1180591620717411303424], inf]"
is 'who leaves is lost, as with Celery' "$(client <<'PY'
show(leave.delay(4), leave.delay(None), leave.delay('bye'), die.delay(), same.delay(1))
PY
)" "WorkerLostError('Worker exited prematurely: exitcode 4.',)
WorkerLostError('Worker exited prematurely: exitcode 0.',)
WorkerLostError('Worker exited prematurely: exitcode 1.',)
CommandFailed('exit status 4: no answer: exited with 4',)
1"
is 'what a task puts are its children' "$(client <<'PY'
r = busy.delay()
ids = get(r)
print([c.id for c in r.children] == ids, [get(c) for c in r.children])
r = busy.s().apply_async(link=same.s())
ids = get(r)
print([c.id for c in r.children][:-1] == ids, get(r.children[-1]) == ids)
PY
)" "True [1, [2, 3]]
True True"
is 'exceptions have their class and arguments' "$(client <<'PY'
show(decline.delay(), bad.delay(), app.send_task('shop.nope'))
try: decline.delay().get(timeout=60)
except Declined as e: print('raised')
PY
)" "Declined(51, 'no funds')
TypeError('Object of type object is not JSON serializable',)
NotRegistered('shop.nope',)
raised"
is 'a task knows its request' "$(client <<'PY'
c = who.si().set(priority=3) | who.si()
r = c.delay()
a, b = get(r.parent), get(r)
print(a == [r.parent.id, r.parent.id, None, 0, 3],
    b[:3] == [r.id, r.parent.id, r.parent.id])
PY
)" 'True True'
is 'and what its message says' "$(client <<'PY'
print(get(said.apply_async((), headers={'tenant': 'a'}, shadow='s',
    time_limit=9, reply_to='me', app_id='7')))
print(get(said.si().set(group_id='g', group_index=3).delay()))
PY
)" "['a', 's', [9, None], 'me', '7', None, None]
[None, None, [None, None], True, None, 'g', 3]"
is 'arguments have the types that they have with Celery' "$(client <<'PY'
from datetime import datetime, timezone
from decimal import Decimal
from uuid import UUID
import kombu
from kombu.utils.json import dumps, loads
v = [datetime(2020, 1, 2, tzinfo=timezone.utc), Decimal('1.50'), UUID(int=7),
     {'deep': [Decimal(2)]}]
if kombu.VERSION >= (5, 3):
    v += [b'a', b'\xff']
want = repr(loads(dumps(v)))
print(get(odder.delay(v)) == [repr(x) for x in loads(dumps(v))],
    get(chain(same.s(v), as_text.s()).delay()) == want,
    get(chord([same.s(x) for x in v], as_text.s()).delay()) == want)
PY
)" 'True True True'
is 'modules of include are there' "$(client <<'PY'
show(app.send_task('more.there'))
PY
)" 'here'
is 'what is rejected comes back' "$(client <<PY
show(shy.delay('$T/shy'))
PY
)" now
is 'one that can be aborted is' "$(client <<'PY'
r = long.delay()
while r.state != 'STARTED':
    time.sleep(.05)
r.abort()
show(r)
PY
)" aborted
is 'self.retry counts, and gives up' "$(client <<'PY'
show(thrice.delay(False), thrice.delay(True), auto.delay(), others.delay(0))
PY
)" "2
ValueError('attempt 2',)
3
2"
is 'self.replace' "$(client <<'PY'
show(*map(by.delay, ['task', 'chain', 'group', 'chord', 'twice', 'fail']))
show((by.si('chain') | add.s(10)).delay(),
    chord([by.s('group'), add.s(5, 6)], same.s()).delay())
print(get(by.delay('none')))
show(other.delay())
PY
)" "3
6
[3, 7]
[3, 7]
6
Declined(51, 'no funds')
16
[[3, 7], 11]
ImproperlyConfigured('Cannot replace with an empty chain',)
11"
is 'what a task adds to its chord is waited for' "$(client <<'PY'
show(chord([more_of.s(3), same.s(7)], total.s()).delay())
PY
)" 10
is 'errbacks of both kinds' "$(client <<'PY'
old, new = old_way.s(), new_way.s('n')
ids = [s.freeze().id for s in (old, new)]
r = decline.apply_async(link_error=[old, new])
get(r)
got = [get(app.AsyncResult(i)) for i in ids]
print(got == [r.id, [r.id, "Declined(51, 'no funds')", True, 'n']] or got)
show(app.send_task('shop.new_way', ('x',)))
PY
)" "True
TypeError(\"new_way() missing 3 required positional arguments: 'exc', 'traceback', and 'note'\",)"
is 'a state of its own is left' "$(client <<'PY'
r = own.delay()
same.delay(1).get(timeout=60)
import time
end = time.monotonic() + 60
while r.state != 'PACKED' and time.monotonic() < end:
    time.sleep(.05)
print(r.state, r.info)
PY
)" "PACKED {'n': 1}"
is 'the soft limit is an exception in the task' "$(client <<'PY'
show(slow.delay())
PY
)" 'in time'
