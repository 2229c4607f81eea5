# Messages that are none, into the queue "celery" of $TQ_BROKER: it is printed
# how many.  Most of them say whom they are for: these ids stand in the file
# "named" then.
import base64
import json
import os

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


# What changes in a message, under its id: somebody waits for each of these.
named = {
    'no-task': dict(headers__task=KeyError),
    'no-task-map': dict(headers__task=KeyError, body=b64('{"": ""}'),
        properties__correlation_id='other'),
    'no-id': dict(headers__id=KeyError),
    'no-headers': dict(headers=KeyError),
    'no-body': dict(body=KeyError),
    'no-tag': dict(properties__delivery_tag=KeyError),
    'no-info': dict(properties__delivery_info=KeyError),
    'empty-info': dict(properties__delivery_info={}),
    'two-elements': dict(body=b64('[[1, 2], {}]')),
    'broken-body': dict(body=b64('[[1, 2], {}, {')),
    'no-base-64': dict(body='!!!'),
    'unknown-encoding': dict(properties__body_encoding='rot13'),
    'kwargs-a-list': dict(body=b64('[[1, 2], [], {}]')),
    'pickle': {'content-type': 'application/x-python-serialize'},
    'yaml': {'content-type': 'application/x-yaml'},
    'packed': dict(headers__compression='application/x-gzip'),
    'not-UTF-8': dict(body=b64(b'[["\xff\xfe"], {}, {}]')),
    'deep': dict(body=b64('[' * 100000 + ']' * 100000)),
    'long': dict(body=b64('[["' + 'x' * 50000000 + '"], {}, {}]')),
    'id-a-map': dict(headers__id={}),
    'retries-text': dict(headers__retries='many'),
    'limits-text': dict(headers__timelimit='long'),
    'eta-a-number': dict(headers__eta=12),
    'eta-nonsense': dict(headers__eta='tomorrow'),
    'callback-none': dict(body=b64('[[], {}, {"callbacks": [7]}]')),
    'errback-none': dict(body=b64('[[], {}, {"errbacks": ["no"]}]')),
    'chain-none': dict(body=b64('[[], {}, {"chain": {"task": 1}}]')),
    'v1-eta': dict(headers={}, body=b64(json.dumps({'task': 'proj.add',
        'id': 'v1-eta', 'args': [1, 2], 'kwargs': {}, 'eta': 'soon'}))),
    'v1-kwargs': dict(headers={}, properties__correlation_id='other',
        body=b64(json.dumps({'task': 'proj.add', 'id': 'v1-kwargs',
            'args': [1, 2], 'kwargs': 3}))),
    'v1-no-base-64': dict(headers={}, body='!'),
}
nameless = {
    'no JSON': 'hello',
    'empty': '',
    'bytes': b'\xff\x00\x01{',
    'a list': '[1, 2]',
    'an unclosed one': '{"body": ',
    'ids that are none': message(headers__id=7,
        properties__correlation_id='a\0b'),
}
for id, change in named.items():
    r.lpush('celery', message(id, **change))
for m in nameless.values():
    r.lpush('celery', m)
print(len(named) + len(nameless))
with open('named', 'w') as f:
    print(*named, sep='\n', file=f)
