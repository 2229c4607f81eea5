#!/bin/sh
# Who waits for a message that is none: if it can be read whom it is for, it
# ends as a task that failed, here and in Python, with all that waits for it.

top=$PWD
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

celery_handlers h
script h/proj.note "echo \"\$@\" >>'$T/heard'"

# ---- each by itself --------------------------------------------------------

early='eta-a-number empty-info no-base-64 v1-kwargs v1-no-base-64'
for id in $early; do
	tqresult -w -t 200 $id >out.$id 2>err.$id </dev/null &
	pids="$pids $!"
	echo $! >pid.$id
done
listening()
{
	for id in $early; do
		[ "$(rcli PUBSUB NUMSUB celery-task-meta-$id | tail -n 1)" -eq 1 ] ||
		    return 1
	done
}
ok 'some wait before' wait_long listening
n=$(/usr/bin/python3 "$top/tests/peer/poison.py")
bg tqrun -j 2 h 2>w.err
seen()
{
	[ "$(rcli LLEN celery) $(rcli HLEN unacked)" = '0 0' ]
}
ok 'all are seen to' wait_long seen
is 'and set aside' "$(rcli LLEN tq.dead)" "$n"
for id in $early; do
	wait "$(cat pid.$id)"
	is "who waited for $id is told" "$? $(cat out.$id)" '125 '
done
like 'and why' "$(cat err.eta-a-number)" \
    '*eta-a-number*header: eta: *'
told()
{
	while read -r id; do
		tqresult -w -t 60 "$id" >out 2>err </dev/null
		[ $? -eq 125 ] && [ -s err ] || echo "$id: $(cat out err)"
	done <named
}
is 'who asks later is told, of each' "$(told)" ''
is 'in Python too' "$(py <<'PY'
for id in open('named').read().split():
    try:
        print(id, app.AsyncResult(id).get(timeout=60))
    except Exception as e:
        if type(e).__name__ != 'BadMessage' or not e.args[0]:
            print(id, repr(e))
PY
)" ''
is 'no key is of an id that is none' \
    "$(rcli KEYS 'celery-task-meta-*' | wc -l)" "$(wc -l <named)"
is 'it is a task that failed' "$(tqstat -s all -o state,attempt,queue \
    eta-a-number)" "failure${TAB}0${TAB}celery"

# ---- with what waits for them ----------------------------------------------

cat >change.py <<'PY'
# Change the messages in the queue whose ids are given.
import base64, json, os, sys
import redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])

def change(how, ids):
    for text in r.lrange('celery', 0, -1):
        m = json.loads(text)
        if m['headers']['id'] not in ids:
            continue
        if how == 'retries':
            m['headers']['retries'] = 'many'
        elif how == 'encoding':
            m['properties']['body_encoding'] = 'rot13'
        elif how == 'body':
            m['body'] = '!!!'
        r.linsert('celery', 'before', text, json.dumps(m))
        r.lrem('celery', 1, text)
PY
tqctl pause celery
is 'a result that is there stays' "$(py <<'PY'
from change import change, r
x = app.AsyncResult('there')
app.backend.store_result('there', 42, 'SUCCESS')
add.apply_async((1, 2), task_id='there')
change('encoding', ['there'])
x = add.apply_async((1, 2))
change('encoding', [x.id])
import subprocess
subprocess.check_call(['tqctl', 'resume', 'celery'])
try:
    x.get(timeout=60)
except Exception as e:
    print(type(e).__name__)
print(app.AsyncResult('there').get(timeout=60))
subprocess.check_call(['tqctl', 'pause', 'celery'])
PY
)" "BadMessage${NL}42"
is 'chords end' "$(py <<'PY'
import subprocess
from change import change
bad = []
for how, at in ('encoding', 0), ('retries', 1), ('retries', 2), ('body', 0):
    c = chord([add.s(i, i) for i in range(3)])(tsum.s())
    change(how, [c.parent[at].id])
    bad.append((how, at, c))
subprocess.check_call(['tqctl', 'resume', 'celery'])
for how, at, c in bad:
    try:
        print(app.AsyncResult(c.id).get(timeout=60))
    except Exception as e:
        print(how, at, type(e).__name__, 'BadMessage' in str(e))
subprocess.check_call(['tqctl', 'pause', 'celery'])
PY
)" 'encoding 0 ChordError True
retries 1 ChordError True
retries 2 ChordError True
body 0 ChordError True'
is 'so do groups, chains and errbacks' "$(py <<'PY'
import subprocess
from change import change
g = group(add.s(1, 1), add.s(2, 2))()
change('body', [g[1].id])
c = chain(add.s(1, 1), add.s(2), add.s(3))()
change('retries', [c.parent.parent.id])
e = add.apply_async((1, 1), link_error=note.s())
change('retries', [e.id])
subprocess.check_call(['tqctl', 'resume', 'celery'])
for r in g, c, e:
    try:
        print(r.get(timeout=60))
    except Exception as ex:
        print(type(ex).__name__)
print(e.id, file=open('id', 'w'))
PY
)" "BadMessage${NL}BadMessage${NL}BadMessage"
heard()
{
	[ "$(cat heard)" = "$(cat id)" ]
}
ok 'an errback hears of it' wait_long heard
is 'no group that is no chord is counted' "$(rcli KEYS '*.j')" ''

# ---- of our own ------------------------------------------------------------

plain=$TQ_BROKER
TQ_BROKER="$plain?workers=tq"
tqctl pause celery
id=$(tqput -S lane -k key -N proj.add -J 1 2)
next=$(tqput -S lane -N proj.add -J 3 4)
TQ_BROKER=$plain
py <<PY
from change import change
change('encoding', ['$id'])
PY
TQ_BROKER="$plain?workers=tq"
tqctl resume celery
check 'one with a lane lets it go' 0 7 '' tqresult -w -t 60 $next
check 'and its key' 0 "$ID" '' tqput -k key -N proj.add -J 1 2
