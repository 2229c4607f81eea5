#!/bin/sh
# A site whose transport options name its lists in another way: a prefix, steps
# and a separator.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
cat >>proj.py <<'PY'
app.conf.broker_transport_options = {'global_keyprefix': 'site:',
    'priority_steps': [0, 5], 'sep': ':'}
PY
celery_handlers handlers
plain=$TQ_BROKER
tq=$plain?prefix=site:\&steps=0,5\&sep=:

# ---- what Python sends ------------------------------------------------------

py >ids <<'PY'
for p in (0, 4, 5, 9):
    print(add.apply_async((p, 1), priority=p).id)
PY
is 'two lists' "$(rcli --scan --pattern 'site:celery*' | sort | tr '\n' ' ')" \
    'site:celery site:celery:5 '
is 'both are read' "$(TQ_BROKER=$tq tqstat -q celery -o id | sort)" \
    "$(sort ids)"
TQ_BROKER=$tq tqrun -E -q celery handlers
# shellcheck disable=SC2046
is 'and run' "$(tqresult $(cat ids) | tr '\n' ' ')" '1 5 6 10 '

# ---- what tq sends ----------------------------------------------------------

TQ_BROKER=$tq
is 'it knows the queue' "$(tqstat -O -o queue)" celery
is 'with the binding of the site' "$(rcli smembers \
    site:_kombu.binding.celery)" celery::celery
id=$(tqput -p 4 -J -N proj.add 2 3)
is 'in the list of its priority' "$(rcli llen site:celery:5)" 1
TQ_BROKER=$plain celery_worker
is 'a Celery worker takes it' "$(tqresult -w -t 60 "$id")" 5
bg tqrun --node two -q other handlers
late=$(tqput -p 4 -q other -d 600 -N proj.add 1 2)
taken()
{
	[ "$(rcli hlen site:tq.waiting)" -eq 1 ]
}
ok 'what has a time waits' wait_for taken
is 'and its queue has the same name there' \
    "$(tqstat -q other -o queue,id)" "other$TAB$late"
is 'each kind answers the other' "$(TQ_BROKER=$plain py <<'PY'
import time
end = time.time() + 30
while time.time() < end:
    seen = app.control.inspect(timeout=1).ping() or {}
    if len(seen) == 2:
        break
print(len(seen))
PY
)" 2
tqctl ping >out
ok 'by remote control' [ "$(wc -l <out)" -eq 2 ]

for bad in '' '%0a' 12345678901234567; do
	one "no separator: '$bad'" 64 "tqput: redis: sep='*': want 1 to 16 bytes*" \
	    tqput -b "$plain?sep=$bad" -N x
done
