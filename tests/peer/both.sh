#!/bin/sh
# Canvases of a Celery client, run by workers of both kinds on one queue: who
# counts the last member of a chord, takes the next of a chain or the next
# attempt of a task, is chance.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
# as the Python task of that name: it succeeds after so many retries
cat >handlers/proj.flaky <<'SH'
#!/bin/sh
[ "$((TQ_ATTEMPT - 1))" -ge "$1" ] || exit 1
echo "$((TQ_ATTEMPT - 1))"
SH
chmod +x handlers/proj.flaky
celery_worker
bg tqrun -q celery -j 1 -r 5 handlers
canvases

got '[3, 3, 3, 3, 3, 3]' 'retries are counted by both' <<'PY'
rs = [flaky.delay(3) for i in range(6)]
print([r.get(timeout=60) for r in rs])
PY

got '[[1, 2, 3], 6, 5]' 'retries in canvases' <<'PY'
ident = app.signature('celery.accumulate', kwargs={'index': 0})
a = chord([flaky.s(1), flaky.s(2), flaky.s(3)], ident)()
b = chain(flaky.s(2), add.s(1), flaky.si(3), add.s(3))()
c = flaky.apply_async((2,), link=add.s(3).set(task_id='linked'))
print([a.get(timeout=60), b.get(timeout=60),
    c.get(timeout=60) and app.AsyncResult('linked').get(timeout=60)])
PY

ok 'both kinds worked' grep -q succeeded "$T/celery.log"
