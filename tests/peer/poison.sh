#!/bin/sh
# Messages that kill a Celery worker, and worse ones: each is set aside with
# its reason, the worker stays up, and the next task runs.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app

mkdir h
printf '#!/bin/sh\necho $(($1 + $2))\n' >h/proj.add
chmod +x h/*
tqrun -j 2 h 2>w.err &
W=$!
pids="$pids $W"

cat >poison.py <<'PY'
import base64, json, os, random, sys
import redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])

def message(id='x', **change):
    m = {'body': base64.b64encode(b'[[1, 2], {}, {}]').decode(),
        'content-encoding': 'utf-8', 'content-type': 'application/json',
        'headers': {'lang': 'py', 'task': 'proj.add', 'id': id,
            'root_id': id, 'parent_id': None, 'group': None, 'retries': 0,
            'timelimit': [None, None], 'eta': None, 'expires': None,
            'argsrepr': '(1, 2)', 'kwargsrepr': '{}', 'origin': 'x'},
        'properties': {'correlation_id': id, 'reply_to': 'r',
            'delivery_mode': 2, 'delivery_info': {'exchange': '',
            'routing_key': 'celery'}, 'priority': 0,
            'body_encoding': 'base64', 'delivery_tag': 't-' + id}}
    for path, value in change.items():
        at, *rest = path.split('__')
        d = m
        while rest:
            d, at, rest = d[at], rest[0], rest[1:]
        if value is KeyError:
            del d[at]
        else:
            d[at] = value
    return json.dumps(m)

def b64(s):
    return base64.b64encode(s if isinstance(s, bytes) else s.encode()).decode()

named = {
    'no task': message(headers__task=KeyError),
    'no id': message(headers__id=KeyError),
    'no headers': message(headers=KeyError),
    'no body': message(body=KeyError),
    'no tag': message(properties__delivery_tag=KeyError),
    'no info': message(properties__delivery_info=KeyError),
    'two elements': message(body=b64('[[1, 2], {}]')),
    'broken body': message(body=b64('[[1, 2], {}, {')),
    'no base 64': message(body='!!!'),
    'kwargs a list': message(body=b64('[[1, 2], [], {}]')),
    'pickle': message(**{'content-type': 'application/x-python-serialize'}),
    'yaml': message(**{'content-type': 'application/x-yaml'}),
    'not UTF-8': message(body=b64(b'[["\xff\xfe"], {}, {}]')),
    'a deep body': message(body=b64('[' * 100000 + ']' * 100000)),
    'a long body': message(body=b64('[["' + 'x' * 50000000 + '"], {}, {}]')),
    'id a map': message(headers__id={}),
    'retries text': message(headers__retries='many'),
    'limits text': message(headers__timelimit='long'),
    'eta a number': message(headers__eta=12),
    'eta nonsense': message(headers__eta='tomorrow'),
    'no JSON': 'hello',
    'empty': '',
    'bytes': b'\xff\x00\x01{',
    'a list': '[1, 2]',
    'an unclosed one': '{"body": ',
}
if sys.argv[1] == 'named':
    for m in named.values():
        r.lpush('celery', m)
    print(len(named))
else:
    random.seed(int(sys.argv[2]))
    p = r.pipeline()
    base = message('m')
    for i in range(int(sys.argv[1])):
        m = bytearray(base.encode())
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(m))
            what = random.randrange(4)
            if what == 0:
                m[at] = random.randrange(256)
            elif what == 1:
                del m[at:at + random.randint(1, 20)]
            elif what == 2:
                m[at:at] = m[at:at + random.randint(1, 20)]
            else:
                m[at:at] = random.choice([b'"', b'{', b'}', b'[', b'null',
                    b'1e999', b'-', b'\\u0000', b'\\ud800', b'{}', b':'])
        p.lpush('celery', bytes(m))
    p.execute()
    print(sys.argv[1])
PY
n=$(/usr/bin/python3 poison.py named)
dead()
{
	[ "$(rcli LLEN tq.dead)" -ge "$1" ]
}
seen()
{
	[ "$(rcli LLEN celery) $(rcli HLEN unacked)" = '0 0' ]
}
ok 'they are all seen to' wait_long seen
is 'and set aside, all of them' "$(rcli LLEN tq.dead)" "$n"
rcli LRANGE tq.dead 0 -1 | cut -c 1-300 >dead
ok 'each with a reason and its queue' test \
    "$(grep -c '^{"why": "..*", "queue": "celery", "worker"' dead)" -eq "$n"
is 'long ones are cut and say how long they were' "$(py <<'PY'
import json, redis
r = redis.Redis.from_url(os.environ['TQ_BROKER'])
dead = [json.loads(m) for m in r.lrange('tq.dead', 0, -1)]
cut = [d for d in dead if 'cut' in d]
print(len(cut), all(len(d['message']) == 16384 < d['cut'] for d in cut),
    max(d['cut'] for d in cut) > 50000000,
    max(r.strlen(k) if r.type(k) == b'string' else 0 for k in r.keys()) < 1e6,
    any(d['message'] == 'hello' for d in dead if 'cut' not in d))
PY
)" '2 True True True True'
ok 'the worker is up' kill -0 $W
is 'and runs the next task' "$(py <<PY
print(add.delay(20, 3).get(timeout=30))
PY
)" 23
is 'who waits for one is told' "$(py <<PY
app.AsyncResult('x').get(timeout=10, propagate=False)
r = app.AsyncResult('x').result
print(type(r).__name__)
PY
)" BadMessage

rcli DEL tq.dead >out
/usr/bin/python3 poison.py 3000 "$$" >out
ok 'three thousand mutated ones are seen to' wait_long seen
ok 'the worker is up' kill -0 $W
is 'and runs the next task' "$(py <<PY
print(add.delay(20, 4).get(timeout=30))
PY
)" 24
echo "# $(rcli LLEN tq.dead) of 3000 were no messages (seed $$)"
ok 'some were none' test "$(rcli LLEN tq.dead)" -gt 100

# Names that lead out of the handlers' directory are nobody's.
is 'no name of a handler' "$(py <<'PY'
for name in ('../../bin/sh', '/bin/sh', 'a b', '', '-x'):
    try:
        app.send_task(name or 'é').get(timeout=20)
    except Exception as e:
        print(type(e).__name__, end=' ')
PY
)" 'NotRegistered NotRegistered NotRegistered NotRegistered NotRegistered '
