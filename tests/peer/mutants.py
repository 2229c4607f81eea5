# Messages of Celery's producers, changed until many are none.
#
#	mutants.py types		every field of a message with a value of
#					every wrong type
#	mutants.py COUNT SEED		so many mutants of captured messages
#
# They go into the queue "celery" of $TQ_BROKER, the originals are those of
# $VECTORS.  What was sent is printed: how many; the ids that Python can read of
# them stand in the file "ids", as JSON.  Half of the mutants have
# other bytes; of the others the envelope is JSON, but something in it, in its
# headers or in its body has become something else, is missing, or is there
# twice.  Each has an id of its own, and none a time or a callback: so each is
# run, ends or is set aside at once, and nothing follows it.
import base64
import glob
import json
import os
import random
import sys

import redis

ODD = [None, True, False, 0, 1, -1, 9, 1.5, -0.0, 1e308, 2 ** 31, 2 ** 63,
    -2 ** 63, 10 ** 400, '', 'x', '0', 'null', '\0', '\ud800', '\x1b]52;c;\x07',
    'a' * 300, '-rf', '../../etc/passwd', '\N{SNOWMAN}' * 100, [], [[]], {},
    [None] * 3, [1, 2], {'': ''}, {'a': {'b': [{}]}}, {'__type__': 'uuid'},
    [{}, {}], '1970-01-01T00:00:00', '9999-99-99T99:99:99']
BYTES = [b'"', b'{', b'}', b'[', b']', b'null', b'1e999', b'-', b'\\u0000',
    b'\\ud800', b'{}', b':', b',', b'\x00', b'\xff', b'\xc0\x80',
    b'\xed\xa0\x80', b'NaN', b'Infinity', b'[' * 200, b'{"":' * 200, b'0' * 400]
r = redis.Redis.from_url(os.environ['TQ_BROKER'])


def originals():
    for name in sorted(glob.glob(os.environ['VECTORS'] + '/*.json')):
        with open(name) as f:
            keys = json.load(f)['broker_keys']
        for key in keys.values():
            if key['type'] == 'list':
                for text in key['value']:
                    yield json.loads(text)


def plain(m):
    """Without what sends more: callbacks, a chain, a chord, a delay."""
    h = m['headers']
    if m['content-type'] != 'application/json' or 'compression' in h:
        return m
    body = json.loads(base64.b64decode(m['body']))
    if isinstance(body, dict):              # protocol 1
        body.update(eta=None, expires=None, callbacks=None, errbacks=None,
            chord=None)
    else:
        body[2] = dict.fromkeys(body[2])
        h.update(eta=None, expires=None)
        if h['task'].startswith('celery.'):
            h['task'] = 'cap.add'
    m['body'] = body
    return m


def fresh(m):
    id = "%032x" % random.getrandbits(128)
    m = json.loads(json.dumps(m))
    if isinstance(m['body'], dict):
        m['body']['id'] = id
    else:
        m['headers']['id'] = m['headers']['root_id'] = id
    return m


def seal(m):
    if not isinstance(m.get('body', ''), str):
        text = json.dumps(m['body']).encode()
        m['body'] = base64.b64encode(text).decode()
    return json.dumps(m).encode()


def places(v, found):
    """All (container, key) below v."""
    keys = v.keys() if isinstance(v, dict) else range(len(v))
    for k in keys:
        found.append((v, k))
        if isinstance(v[k], (dict, list)):
            places(v[k], found)
    return found


def odd():
    return json.loads(json.dumps(random.choice(ODD)))


def other_value(m):
    for _ in range(random.randint(1, 2)):
        at, key = random.choice(places(m, []))
        if key in ('id', 'ignore_result'):
            continue                # two of one id would have one end
        what = random.randrange(8)
        if what == 0:
            del at[key]
        elif what == 1 and isinstance(at, dict):
            at[random.choice(['task', 'eta', 'body', 'x' * 200, ''])] = odd()
        elif what == 2 and isinstance(at, list):
            at.extend(json.loads(json.dumps(at)))
        else:
            at[key] = odd()
    return seal(m)


def other_bytes(text):
    m = bytearray(text)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(m))
        what = random.randrange(5)
        if what == 0:
            m[at] = random.randrange(256)
        elif what == 1:
            del m[at:at + random.randint(1, 20)]
        elif what == 2:
            m[at:at] = m[at:at + random.randint(1, 20)]
        elif what == 3:
            del m[at:]
        else:
            m[at:at] = random.choice(BYTES)
        if not m:
            break
    return bytes(m)


def mutant(all):
    m = fresh(random.choice(all))
    if random.randrange(2):
        return other_value(m)
    if random.randrange(2):
        return other_bytes(seal(m))
    # bytes of the body alone: the envelope is whole
    if not isinstance(m['body'], str):
        m['body'] = json.dumps(m['body'])
        m['body'] = base64.b64encode(other_bytes(m['body'].encode())).decode()
    return seal(m)


def types(all):
    simple = next(m for m in all if isinstance(m['body'], list))
    for i in range(len(places(fresh(simple), []))):
        for odd in ODD:
            m = fresh(simple)
            at, key = places(m, [])[i]
            at[key] = odd
            yield seal(m)


def read(text):
    v = json.loads(text.decode('utf-8'))
    return v if isinstance(v, dict) else {}


def part(m, name):
    return m[name] if isinstance(m.get(name), dict) else {}


def ids(m):
    """Where somebody may look for the id of a message, the best first."""
    headers, properties = part(m, 'headers'), part(m, 'properties')
    if 'task' not in headers:
        try:
            yield read(base64.b64decode(m['body'], validate=True)).get('id')
        except (KeyError, TypeError, ValueError, RecursionError):
            pass
    yield headers.get('id')
    yield properties.get('correlation_id')


def id_of(text):
    """Whom a message is for, or None."""
    try:
        for id in ids(read(text)):
            if isinstance(id, str) and id.encode() and '\0' not in id:
                return id
    except (ValueError, RecursionError):
        pass
    return None


def send(messages):
    n = 0
    known = set()
    p = r.pipeline(transaction=False)
    for m in messages:
        p.lpush('celery', m)
        known.add(id_of(m))
        n += 1
        if n % 1000 == 0:
            p.execute()
    p.execute()
    with open('ids', 'w') as f:
        json.dump(sorted(known - {None}), f)
    return n


everything = [plain(m) for m in originals()]
if sys.argv[1] == 'types':
    random.seed(1)
    print(send(types(everything)))
else:
    random.seed(int(sys.argv[2]))
    print(send(mutant(everything) for _ in range(int(sys.argv[1]))))
