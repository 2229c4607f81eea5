#!/bin/sh
# A Celery worker and a tq worker on one queue: either may take any task, and
# what one leaves the other goes on with.

. "${0%/*}/../lib/redis.sh"
need_celery
VISIBILITY=2
export VISIBILITY
redis_start
celery_app

celery_handlers h
cat >h/proj.boom <<'SH'
#!/bin/sh
echo "tq: $1" >&2
exit 1
SH
# two times for either worker: it counts its retries
cat >h/proj.flaky <<'SH'
#!/bin/sh
retries=$(sed -n 's/.*"retries": *\([0-9]*\).*/\1/p' "$TQ_TASK")
[ "$((TQ_ATTEMPT - 1))" -ge "$1" ] && { echo $((TQ_ATTEMPT - 1)); exit; }
exit 75
SH
cat >h/proj.hold <<SH
#!/bin/sh
echo run >>'$T/held'
while [ ! -e '$T/let-go' ]; do sleep 0.1; done
echo done
SH
chmod +x h/*
plain=$TQ_BROKER
TQ_BROKER="$plain?visibility=2"
bg tqrun -j 2 h
bg tqrun -j 1 -q holding h
TQ_BROKER=$plain

# Held longer than the visibility timeout while a Celery worker looks for such.
id=$(tqput -q holding -N proj.hold)
held_()
{
	[ -s held ]
}
wait_for held_
taken=$(date +%s)
ok 'a Celery worker starts' celery_worker -Q celery,holding

py >many <<'PY'
from celery import group, chain, chord
rs = [add.delay(i, i) for i in range(60)]
print(sum(r.get(timeout=60) for r in rs))
print(chain(add.s(1, 2), add.s(3), add.s(4)).delay().get(timeout=60))
print(sorted(group(add.s(i, 1) for i in range(10))().get(timeout=60)))
print(chord((add.s(i, i) for i in range(10)), tsum.s()).delay().get(timeout=60))
print((group(add.s(i, i) for i in range(4)) | tsum.s() | add.s(100))
    .delay().get(timeout=60))
try:
    boom.delay('x').get(timeout=60)
except Exception as e:
    print('failed')
print([add.apply_async((i, i), countdown=0.3).get(timeout=60) for i in range(4)])
PY
is 'results, chains, groups, chords over both' "$(cat many)" \
    "3540
10
[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
90
112
failed
[0, 2, 4, 6]"
python_ran()
{
	grep -c 'proj.add\[.*succeeded' celery.log
}
# each of them alone would be no mixed pool
ok 'the Celery worker had its part' test "$(python_ran)" -gt 0
tq_ran()
{
	rcli --scan --pattern 'celery-task-meta-*' | while read -r k; do
		rcli get "$k"
	done | grep -c '"tq": {'
}
ok 'so had the tq worker' test "$(tq_ran)" -gt 0

longer()
{
	[ $(($(date +%s) - taken)) -ge 7 ]
}
wait_for longer
: >let-go
check 'a held task ends' 0 "done$NL" '' tqresult -t 60 "$id"
is 'and has run once' "$(cat held)" run
kill -TERM "$CELERY_PID"
wait_gone "$CELERY_PID"
celery_worker -Q celery,holding
is 'also after a Celery worker has looked again' "$(cat held)" run
