#!/bin/sh
# A Celery worker that sends a group at the end of a member's chain writes the
# size of the group over that of the chord (Celery 5.2.6, canvas.py).  A worker
# of tq that counts a member after that sets it right.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
celery_worker -Q py

py >ids <<'PY'
def on(s, queue): return s.set(queue=queue)
ident = app.signature('celery.accumulate', kwargs={'index': 0}, queue='tq')
r = chord([on(add.s(0, 1), 'py') |
    group(on(add.s(10), 'tq'), on(add.s(20), 'late')),
    on(add.s(5, 0), 'tq')], ident)()
print(r.id, r.parent.id)
PY
read -r id gid <ids
size()
{
	[ "$(rcli get "celery-taskset-meta-$gid.s")" = "$1" ]
}
ok 'the size is that of the group' wait_long size 2
tqrun -E -q tq handlers
ok 'two of three members are counted, and the size is right again' size 3
celery_worker -Q late -n late@test
sent()
{
	[ "$(rcli llen tq)" = 1 ]
}
ok 'so the Celery worker that counts the last one sends the body' \
    wait_long sent
tqrun -E -q tq handlers
is 'which gets all of them' \
    "$(echo "print(app.AsyncResult('$id').get(timeout=60))" | py)" \
    '[[11, 21], 5]'
is 'and the group can be restored' "$(py <<PY
from celery.result import GroupResult
print(GroupResult.restore('$gid').join(timeout=60))
PY
)" '[[11, 21], 5]'

# A tq worker that ends the chord leaves that, too: a Celery worker that believes
# it has counted the last part takes the results from there.
py >ids <<'PY'
def on(s, queue): return s.set(queue=queue)
ident = app.signature('celery.accumulate', kwargs={'index': 0}, queue='tq')
r = chord([on(add.s(0, 1), 'tq') |
    group(on(add.s(10), 'tq'), on(add.s(20), 'tq')),
    on(add.s(5, 0), 'tq')], ident)()
print(r.id, r.parent.id)
PY
read -r id gid <ids
tqrun -E -q tq handlers
is 'nor does tq forget the group' "$(py <<PY
from celery.result import GroupResult
print(GroupResult.restore('$gid').join(timeout=60),
    app.AsyncResult('$id').get(timeout=60))
PY
)" '[[11, 21], 5] [[11, 21], 5]'

# One of its results is a group with members of its own, and the same id.
check 'who waits for the group waits for those in a group of it' 0 \
    "11${NL}21${NL}5$NL" '' tqresult -w -t 60 "$gid"
is 'and it stands as they do' "$(tqstat -o state "$gid")" success
