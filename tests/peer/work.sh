#!/bin/sh
# What a Celery client sends, a tq worker runs; the client gets what it expects.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

celery_handlers handlers
cat >handlers/proj.boom <<'SH'
#!/bin/sh
echo "no good: $1" >&2
exit 3
SH
cat >handlers/proj.note <<SH
#!/bin/sh
echo "tq \$* kw=\${TQ_KW_key:-}" >>'$NOTES'
echo '["ok"]'
SH
chmod +x handlers/*
bg tqrun -q celery -j 2 handlers

py >got <<'PY'
print(add.delay(2, 3).get(timeout=60))
try:
    boom.delay('really').get(timeout=60)
except Exception as e:
    print(type(e).__name__, e)
print(note.delay(1, 'two', key=[3]).get(timeout=60))
try:
    app.send_task('proj.nothing').get(timeout=60)
except Exception as e:
    print(type(e).__name__, e)
print(add.apply_async((1, 1), countdown=0.5).get(timeout=60))
PY
is 'results, failures and unknown tasks as a client expects' "$(cat got)" \
    "5
CommandFailed exit status 3: no good: really
['ok']
NotRegistered 'proj.nothing'
2"
is 'operands and kwargs reach the handler' "$(cat "$NOTES")" 'tq 1 two kw=[3]'

# More than a result takes loses its middle, and says so.
cat >handlers/proj.long <<'SH'
#!/bin/sh
head -c 20000000 /dev/zero | tr '\0' a
echo END
SH
chmod +x handlers/proj.long
long=$(tqput -N proj.long)
tqresult -w "$long" >long
is 'the end of a long output is kept' "$(tail -c 4 long)" END
is 'and how much is missing is said' "$(grep -ao '[0-9]* bytes cut here' long)" \
    '3222788 bytes cut here'
is 'a long output has 16 MiB' "$(wc -c <long)" 16777216
rm long

# What a running task says of itself is a state of its own to Celery.
cat >handlers/proj.nap <<SH
#!/bin/sh
echo '!state LOADING {"done": 3}' >&"\$TQ_STATUS_FD"
until [ -e '$T/go' ]; do sleep 0.05; done
echo '"end"'
SH
chmod +x handlers/proj.nap
is 'progress is seen by the client' "$(py <<PY
import time
r = nap.delay(1)
while r.state == 'PENDING':
    time.sleep(0.02)
print(r.state, r.info)
open('$T/go', 'w').close()
print(r.get(timeout=60))
PY
)" "LOADING {'done': 3}${NL}end"

# That a task has started is told if the site wants it, and over no end.
cat >handlers/proj.flaky <<SH
#!/bin/sh
echo "\$TQ_ID" >>'$T/began'
until [ -e '$T/go.'"\$1" ]; do sleep 0.05; done
SH
chmod +x handlers/proj.flaky
tqrun -b "$TQ_BROKER?track=yes" -q tracked --node tracker handlers &
tracker=$!
pids="$pids $tracker"
is 'who tracks sees STARTED, by whom' "$(py <<PY
import time
r = flaky.apply_async((1,), queue='tracked')
while r.state == 'PENDING':
    time.sleep(0.02)
print(r.state, r.info['pid'], r.info['hostname'])
with open('id', 'w') as f:
    f.write(r.id)
PY
)" "STARTED $tracker tracker@$(uname -n)"
is 'of which the server knows more' \
    "$(tqstat -o state,queue "$(cat id)")" "started${TAB}tracked"
: >go.1
check 'its end takes the place of that' 0 '' '' tqresult -w -t 60 "$(cat id)"
is 'and no end that is there is lost' "$(py <<PY
import time
app.backend.store_result('again', ValueError('no'), 'FAILURE')
r = flaky.apply_async((2,), queue='tracked', task_id='again')
while 'again' not in open('$T/began').read():
    time.sleep(0.02)
print(app.AsyncResult('again').state)
open('$T/go.2', 'w').close()
while app.AsyncResult('again').state != 'SUCCESS':
    time.sleep(0.02)
print('SUCCESS')
PY
)" "FAILURE${NL}SUCCESS"
kill -TERM $tracker
wait_gone $tracker

# What a task puts it may tell, and Celery's client follows it.
cat >handlers/proj.note <<SH
#!/bin/sh
PATH='$PATH' TQ_MODULES='$TQ_MODULES'
export TQ_MODULES
for n in 1 2; do
	echo "!child \$(tqput -q celery -N proj.add "\$n" 10)" \
	    >&"\$TQ_STATUS_FD"
done
SH
is 'children are those that it told' "$(py <<'PY'
r = note.delay()
r.get(timeout=60)
print([c.get(timeout=60) for c in r.children])
PY
)" '[11, 12]'
