#!/bin/sh
# Settings of a Celery site, and what users of tq and of Python see of them.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
cat >>proj.py <<'PY'
app.conf.update(task_track_started=True, result_extended=True)

@app.task(name='proj.wait')
def wait(name):
    while not os.path.exists(name):
        time.sleep(0.05)
    return 'gone'

def say(r, **kw):
    try:
        print(repr(r.get(timeout=60, **kw)))
    except Exception as e:
        print(repr(e))

def stored(id):
    for k in range(600):
        if (m := app.backend.client.get('celery-task-meta-' + id)):
            return app.backend.decode(m)['status']
        time.sleep(0.05)
PY
celery_worker -Q py
bg tqrun -q celery -j 1 handlers

# ---- task_track_started, result_extended -----------------------------------

id=$(tqput -q py -N proj.wait "$T/go")
began()
{
	[ "$(tqstat -o state "$id")" = started ]
}
ok 'STARTED of a Celery worker is started' wait_long began
is 'with its name and process' "$(tqstat -o name,queue,worker,pid "$id")" \
    "proj.wait${TAB}py${TAB}py@test${TAB}$CELERY_PID"
: >go
check 'it ends' 0 "gone$NL" '' tqresult -w -t 60 "$id"
id=$(py <<'PY'
r = flaky.apply_async((2,), queue='py')
r.get(timeout=60)
print(r.id)
PY
)
is 'attempts are counted' "$(tqstat -s all -o state,attempt "$id")" \
    "success${TAB}3"

# ---- ignore_result ----------------------------------------------------------

for q in celery py; do
	is "an ignored success is not stored, a failure is: $q" "$(py <<PY
ids = [boom.apply_async(('x',), queue='$q', ignore_result=True).id,
    add.apply_async((1, 2), queue='$q', ignore_result=True).id]
say(add.apply_async((1, 2), queue='$q'))	# behind them
# 5.2 leaves a STARTED
print(stored(ids[0]), app.AsyncResult(ids[1]).state == 'SUCCESS')
PY
)" "3${NL}FAILURE False"
done

# ---- serializers and compression --------------------------------------------

is 'compressed messages, any way' "$(py <<'PY'
for how in 'zlib', 'bzip2':
    app.conf.update(task_compression=how, result_compression=how)
    say(add.apply_async((1, 2)))
    say(add.apply_async((1, 2), compression=how))
PY
)" "3${NL}3${NL}3${NL}3"
rcli set celery-task-meta-yaml 'status: SUCCESS' >/dev/null
one 'a result in YAML' 125 '*not JSON*' tqresult yaml

# ---- times ------------------------------------------------------------------

is 'expires as a number, and in the past' "$(py <<'PY'
say(add.apply_async((1, 2), expires=60))
say(add.apply_async((1, 2), expires=-1))
PY
)" "3${NL}TaskRevokedError('expired')"
is 'a time that no clock here reaches' "$(py <<'PY'
add.apply_async((1, 2), countdown=1e11, task_id='far')
say(add.apply_async((1, 2)))
PY
)" 3
is 'waits' "$(tqstat -o state far)" delayed
is 'and is revoked' "$(tqctl -v revoke far; echo 'say(app.AsyncResult("far"))' |
    py)" "1${NL}TaskRevokedError('revoked')"

# ---- prefix, separator, steps, order ----------------------------------------

cat >shop.py <<'PY'
from proj import *
app.conf.broker_transport_options = {'global_keyprefix': 'site:', 'sep': ':',
    'priority_steps': list(range(10)), 'queue_order_strategy': 'sorted'}
PY
url="$TQ_BROKER?prefix=site:&sep=:&steps=0,1,2,3,4,5,6,7,8,9"
/usr/bin/python3 >ids - <<'PY'
from shop import *
for n in 7, 4, 9, 0, 5:
    print(note.apply_async((n,), priority=n, queue='tq').id)
PY
: >"$NOTES"
tqrun -b "$url" -E -q tq -j 1 handlers
is 'each priority has a step of its own' "$(note_args | tr '\n' ' ')" '0 4 5 7 9 '
tqrun -b "$url" -q tq -j 1 handlers 2>>.bg.err &
pids="$pids $!"
/usr/bin/python3 -m celery -A shop worker -l INFO --pool solo -n shop@test \
    --without-mingle -Q shop >shop.log 2>&1 &
pids="$pids $!"
wait_long grep -q 'ready\.$' shop.log
is 'canvases go to and fro there' "$(/usr/bin/python3 - <<'PY'
from shop import *
def on(q, s, n): return s.set(queue=q, priority=n)
say(chord([on('tq', add.s(1, 2), 7), on('shop', add.s(1, 2), 8)])(
    on('tq', tsum.s(), 1)))
say(on('shop', add.s(1, 2), 5).apply_async(link=on('tq', add.s(1), 2)))
say(chain(on('tq', add.s(1, 2), 3), on('shop', add.s(3), 9),
    on('tq', add.s(4), 0))())
PY
)" "6${NL}3${NL}10"
check 'and from tqput' 0 "11$NL" '' \
    tqput -b "$url" -w -t 60 -q shop -p 3 -N proj.add -J 5 6
