#!/bin/sh
# Messages that say something oddly: what a worker of Celery runs is no poison
# to a worker of tq.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
celery_handlers h
cat >odd.py <<'PY'
# Put each odd message, and tell those that did not end as 3.
from proj import *
import base64, json, redis, uuid
r = redis.Redis.from_url(os.environ['TQ_BROKER'])

# In properties and delivery_info: a key of one letter in front says which.
def put(id, change):
    (k, v), = change.items()
    if k[1] != '.':
        return message(id, **change)
    m = json.loads(message(id))
    p = m['properties']
    (p if k[0] == 'P' else p['delivery_info'])[k[2:]] = v
    return json.dumps(m)

def message(id, body='[[1, 2], {}, {}]', encoding='utf-8', **headers):
    return json.dumps({'body': base64.b64encode(body.encode()).decode(),
        'content-encoding': encoding, 'content-type': 'application/json',
        'headers': {'lang': 'py', 'task': 'proj.add', 'id': id, **headers},
        'properties': {'correlation_id': id, 'reply_to': '',
            'delivery_mode': 2, 'delivery_info': {'exchange': '',
            'routing_key': 'celery'}, 'priority': 0,
            'body_encoding': 'base64', 'delivery_tag': id}})

odd = [dict([pair]) for pair in [('origin', 7), ('origin', None), ('lang', 5),
    ('shadow', 5), ('argsrepr', [1]), ('kwargsrepr', 5), ('root_id', {}),
    ('root_id', 5), ('parent_id', 5), ('parent_id', ''),
    ('ignore_result', ''), ('stamps', 5), ('stamps', []),
    ('stamped_headers', 'x'), ('stamped_headers', {}), ('retries', -1),
    ('retries', 1.0), ('retries', '0'), ('retries', True), ('retries', None),
    ('group_index', -1), ('group_index', '0'), ('group_index', 1.0),
    ('replaced_task_nesting', 1.0), ('timelimit', []), ('timelimit', {}),
    ('timelimit', ''), ('timelimit', ['', 0]), ('timelimit', ['50', '40']),
    ('compression', ''), ('encoding', 'latin-1'), ('encoding', 'none'),
    ('body', '[[1, 2], {}, []]'), ('body', '[[1, 2], {}, {"callbacks": {}}]'),
    ('body', '[[1, 2], {}, {"chord": false, "chain": []}]'), ('group', 5),
    ('group', 0), ('P.delivery_tag', 5), ('P.delivery_tag', 5.5),
    ('P.correlation_id', 5), ('P.reply_to', 5), ('P.reply_to', []),
    ('P.expiration', 5), ('P.delivery_mode', 'x'), ('P.priority', 'x'),
    ('P.priority', 1.0), ('P.priority', -1), ('P.priority', 300),
    ('P.priority', True), ('I.exchange', 5), ('I.routing_key', 5),
    ('tq', 'mine'), ('tq', 5)]]
for change in odd:
    id = str(uuid.uuid4())
    r.lpush('celery', put(id, change))
    try:
        got = app.AsyncResult(id).get(timeout=60)
    except Exception as e:
        got = repr(e)
    if got != 3:
        print(change, got)
print(len(odd))
PY

celery_worker
is 'a worker of Celery runs all of them' "$(/usr/bin/python3 odd.py)" 53
kill -TERM "$CELERY_PID"
wait_gone "$CELERY_PID"
bg tqrun h 2>w.err
W=$!
is 'and one of tq' "$(/usr/bin/python3 odd.py)" 53
is 'none is set aside' "$(rcli LLEN tq.dead)" 0
kill -TERM $W
wait_gone $W
