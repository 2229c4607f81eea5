#!/bin/sh
# More of a thing than one would think of: queues in a batch, tasks that are
# killed at once, seconds of a lease; and less: the patience of a connection.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

# ---- queues ---------------------------------------------------------------

i=0
while [ $i -lt 75 ]; do
	i=$((i + 1))
	printf '{"name": "proj.add", "args": [1, 2], "queue": "q%d"}\n' $i
done >batch
check 'all are put' 0 '' '' tqput -Q -mJ -t 0 <batch
is 'and known' "$(rcli --raw KEYS '_kombu.binding.q*' | wc -l)" 75
ok 'one is closed' tqctl close q70
check 'which is seen' 75 '' '*q70: queue is closed*' tqput -Q -mJ -t 0 <batch
is 'and nothing was put' "$(rcli LLEN q70) $(rcli LLEN q1)" '1 1'

# ---- tasks that are killed --------------------------------------------------

mkdir h
printf '#!/bin/sh\nexec sleep 1000\n' >h/proj.nap
chmod +x h/proj.nap
usual=$TQ_BROKER
TQ_BROKER="$usual?lease=100000d"
bg tqrun -q celery -j 60 h 2>run.err
run=$!
i=0
while [ $i -lt 60 ]; do
	i=$((i + 1))
	echo "nap-$i" >>ids
	printf '{"name": "proj.nap", "id": "nap-%d"}\n' $i
done >naps
tqput -Q -mJ <naps
TQ_BROKER=$usual
run_all()
{
	[ "$(tqstat -s started -o id | wc -l)" -eq 60 ]
}
ok '60 run under a lease of 270 years' wait_long run_all
is 'one broadcast ends them all' "$(py <<'PY'
ids = open('ids').read().split()
app.control.revoke(ids, terminate=True)
results = [app.AsyncResult(i) for i in ids]
states = set()
for r in results:
    try:
        r.get(timeout=60)
    except Exception as e:
        states.add(type(e).__name__)
print(states)
PY
)" "{'TaskRevokedError'}"
is 'and the worker had nothing to say' "$(cat run.err)" ''
kill -TERM $run
wait_gone $run

# ---- patience -----------------------------------------------------------------

# somebody who is bound to the exchange and never answers
rcli SADD _kombu.binding.celery.pidbox "$(printf '\006\026\006\026')x" >/dev/null
TQ_BROKER="$usual?timeout=0.3"
check 'a ping waits its time on a connection with less patience' 66 '' '*no such worker*' \
    tqctl ping nobody@nowhere
