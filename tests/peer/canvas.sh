#!/bin/sh
# Canvases of a Celery client, run by tq workers alone.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
cat >handlers/proj.flaky <<'SH'
#!/bin/sh
[ "$((TQ_ATTEMPT - 1))" -ge "$1" ] || exit 75
echo "$((TQ_ATTEMPT - 1))"
SH
chmod +x handlers/proj.flaky
plain=$TQ_BROKER
TQ_BROKER="$plain?extended=yes"
bg tqrun -q celery -q videos -j 2 handlers
TQ_BROKER=$plain
canvases
canvases_of_tq

got '1 1' 'a named exchange leads to the queue that is bound to it' <<'PY'
from kombu import Exchange, Queue
media = Exchange('media', type='topic')
app.conf.task_queues = [Queue('celery'),
    Queue('videos', media, routing_key='media.#')]
# it comes back to where it was taken
r = flaky.apply_async((1,), queue='videos', routing_key='media.a')
# and a callback finds its way
l = flaky.si(1).set(exchange='media', routing_key='media.b.c', task_id='far')
add.apply_async((1, 1), link=l)
print(r.get(timeout=60), app.AsyncResult('far').get(timeout=60))
PY

got "proj.add [1, 2] {} celery 0" 'extended results, where the URL asks' <<'PY'
r = add.delay(1, 2)
r.get(timeout=60)
print(r.name, r.args, r.kwargs, r.queue, r.retries)
PY
id=$(py <<'PY'
r = add.starmap([(1, 2), (3, 4)]).delay()
r.get(timeout=60)
print(r.id)
PY
)
is "what comes of Celery's own tasks is printed" \
    "$(tqresult "$id"; tqresult -o result "$id")" "[3, 7]$NL[3, 7]"
check 'a word that is no answer is quoted' 64 '' "*extended='x': want yes or no" \
    tqput -b "$plain?extended=x" -N proj.add -J 1 2
