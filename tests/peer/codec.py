"""
Celery and kombu on the other side of lib/message/celery*.

Each case is a message; the C program (codec.c) writes it and Python runs it,
then Python writes it and the C program says what a worker of tq would run.
Results, events and control requests go through the C program once and must be
to Python what they were.

Nothing here connects anywhere: the broker is kombu's own, in memory.
"""
import copy
import datetime
import functools
import itertools
import json
import re
import subprocess
import sys

from celery import Celery, chain, chord, group
from celery.backends.base import Backend
from celery.events.state import State
from celery.utils.time import maybe_iso8601
from celery.worker.request import Request
from kombu.exceptions import SerializerNotInstalled
from kombu.pidbox import Mailbox

program = sys.argv[1]
app = Celery('judge', broker='memory://', set_as_current=True)
app.conf.update(task_ignore_result=False, enable_utc=True)
UUID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
seen = {}
tests = failures = 0


@app.task(name='judge.note', bind=True)
def note(self, *args, **kwargs):
    q = self.request
    # as they are now: Celery takes the next one out of the chain
    seen.update(copy.deepcopy(dict(
        args=list(args), kwargs=kwargs, id=q.id,
        label=getattr(q, 'label', None), parent=q.parent_id, root=q.root_id,
        group=q.group, group_index=q.group_index, shadow=q.shadow,
        reply_to=q.reply_to, retries=q.retries, noresult=q.ignore_result,
        callbacks=q.callbacks, errbacks=q.errbacks, chain=q.chain,
        chord=q.chord)))
    return 'noted'


@app.task(name='judge.next')
def following(*args, **kwargs):
    return args


# ---- a table of cases -----------------------------------------------------

class Raw:
    """JSON text that Python's writer would not produce."""
    def __init__(self, text):
        self.text = text


VALUES = {
    'null': None, 'true': True, 'false': False, 'zero': 0, 'one': 1,
    'minus one': -1, 'int32': 2**31 - 1, 'int32 and one': 2**31,
    'int53 and one': 2**53 + 1, 'int63': 2**63 - 1, 'minus 2^63': -2**63,
    'uint64': 2**64 - 1, 'over 64 bits': 2**64, 'hundred digits': 10**99 + 7,
    'negative hundred digits': -10**99, 'half': 0.5, 'tenth': 0.1,
    'third': 1 / 3, 'minus zero': -0.0, 'tiny': 5e-324, 'huge': 1.7e308,
    'exponent': 1e22, 'pi': 3.141592653589793, 'infinity': float('inf'),
    'minus infinity': float('-inf'), 'nan': float('nan'),
    'empty string': '', 'word': 'word', 'blank': ' ', 'quote': '"',
    'apostrophe': "it's", 'both quotes': '\'"', 'backslash': '\\',
    'slash': '/', 'newline': 'a\nb', 'tab': 'a\tb', 'return': 'a\rb',
    'nul': 'a\0b', 'controls': ''.join(map(chr, range(1, 32))),
    'delete': '\x7f', 'c1 control': '\x9b31m', 'latin': 'Grüße',
    'greek': 'αβγ', 'chinese': '你好', 'hebrew': 'שלום',
    'emoji': '😀', 'zwj emoji': '👩\u200d🚀', 'combining': 'e\u0301',
    'bidi override': 'a\u202eb', 'line separator': '\u2028',
    'bom': '\ufeff', 'noncharacter': '\uffff', 'last character': '\U0010ffff',
    'half a pair': '\ud800', 'low half': '\udfff', 'halves swapped':
    '\udc00\ud800', 'json in a string': '{"a": [1]}', 'looks like a number':
    '007', 'shell': '$(rm -rf /); `id` | x > y & z', 'long': 'x' * 5000,
    'long unicode': 'ü' * 3000, 'empty list': [], 'list': [1, 'a', None],
    'nested list': [[[]], [[1]]], 'deep': None, 'wide': list(range(2000)),
    'empty map': {}, 'map': {'a': 1, 'b': [2]}, 'map of maps':
    {'a': {'b': {'c': {}}}}, 'empty key': {'': 1}, 'odd keys':
    {'a b': 1, 'a"b': 2, 'ü': 3, '\n': 4}, 'typed-looking':
    {'__type__': 'uuid'}, 'order': {'z': 1, 'a': 2, 'm': 3},
    'exponent without a point': Raw('1E5'), 'positive exponent':
    Raw('1e+5'), 'overflowing number': Raw('1e999'), 'underflowing number':
    Raw('1e-999'), 'integer zero with a sign': Raw('-0'), 'trailing zeros':
    Raw('1.10'), 'escaped slash': Raw('"\\/"'), 'escaped letters':
    Raw('"\\u0041\\u00e4"'), 'escaped pair': Raw('"\\ud83d\\ude00"'),
    'many digits': Raw('0.1000000000000000055511151231257827'),
    'raw unicode': Raw('"äöü 你好 😀"'), 'spaces': Raw('[ 1 , 2 ]'),
    'tabs and newlines': Raw('{ "a"\\t:\\n[ ] }'.replace('\\t', '\t')
                             .replace('\\n', ' ')),
    'name twice': Raw('{"a": 1, "a": 2}'),
}
deep = None
for _ in range(25):
    deep = [deep]
VALUES['deep'] = deep

FAR = '2100-01-02T03:04:05'


def sig(*args, **options):
    immutable = options.pop('immutable', False)
    return following.signature(args=args, immutable=immutable, **options)


def plain(s):
    """A signature as the JSON it is sent as."""
    return json.loads(json.dumps(s))


def options():
    """(name, members of the case) of all that is not an argument."""
    yield 'odd id', dict(id='job 42/ü😀"')
    yield 'long id', dict(id='i' * 255)
    yield 'uuid id', dict(id='01234567-89ab-7cde-8f01-23456789abcd')
    yield 'parent and root', dict(parent='the-parent', root='the-root')
    for label in ('mail', 'a "label"', 'Ü'):
        yield 'label ' + label, dict(label=label)
    for eta in (FAR + '+00:00', FAR + '.500000+00:00', FAR + '.000001+00:00',
                FAR + '.999999+00:00', '2099-12-31T23:59:59+00:00',
                '2096-02-29T00:00:00+00:00', FAR + '+05:30', FAR + '-08:00',
                FAR + 'Z', FAR, '2000-01-01T00:00:00+00:00'):
        yield 'eta ' + eta, dict(eta=eta)
    for expires in (FAR + '+00:00', FAR + '.123456+00:00', FAR + 'Z'):
        yield 'expires ' + expires, dict(expires=expires)
    yield 'eta and expires', dict(eta=FAR + '+00:00',
                                  expires='2101-01-01T00:00:00+00:00')
    for soft, hard in ((1, 2), (0.5, 1.5), (None, 30), (30, None),
                       (3600, 86400), (0.001, 0.002), (29.999, 30)):
        yield 'time limits %s, %s' % (soft, hard), dict(soft=soft, hard=hard)
    for n in (0, 1, 3, 100000):
        yield 'retries %d' % n, dict(retries=n)
    for index in (0, 1, 7, 10**6):
        yield 'group index %d' % index, dict(group='g-1', group_index=index)
    yield 'group without index', dict(group='g-2')
    yield 'shadow', dict(shadow='another.name')
    yield 'reply_to', dict(reply_to='a4314b42-a5cb-3578-b31b-649eede9718e')
    yield 'noresult', dict(noresult=True)
    yield 'result', dict(noresult=False)
    yield 'all at once', dict(
        parent='p', root='r', label='l', eta=FAR + '+00:00', soft=1, hard=2,
        retries=2, group='g', group_index=3, reply_to='q', noresult=True,
        callbacks=[plain(sig(1))], errbacks=[plain(sig(2))],
        chain=[plain(sig(4)), plain(sig(3))])


def signatures():
    """(name, signature): each option one can carry."""
    yield 'bare', sig()
    yield 'args', sig(1, 'zwei', [3], {'vier': None})
    yield 'kwargs', following.signature(kwargs={'ü': 1, 'b': [1.5]})
    yield 'immutable', sig(1, immutable=True)
    yield 'big number', sig(2**70, 0.1)
    for key, value in dict(
            task_id='t-1', root_id='r', parent_id='p', group_id='g',
            group_index=0, reply_to='q', queue='images', exchange='e',
            routing_key='k', shadow='s', retries=2, priority=0,
            time_limit=30, soft_time_limit=1.5, countdown=0.25, expires=60,
            ignore_result=True, serializer='json', compression='zlib',
            delivery_mode=1, headers={'a': [1]}, replaced_task_nesting=1,
            x_of_its_own={'b': None}).items():
        yield 'option ' + key, sig(1, options={key: value}).set(**{key: value})
    yield 'option eta', sig(1).set(eta=FAR + '+00:00')
    yield 'option expires at', sig(1).set(expires=FAR + '.500000+00:00')
    yield 'link', sig(1).set(link=[plain(sig(2))])
    yield 'link_error', sig(1).set(link_error=[plain(sig(2).set(
        link_error=[plain(sig(3))]))])
    yield 'chain of two', chain(sig(1), sig(2))
    yield 'group of two', group(sig(1), sig(2))
    yield 'group in a chain', sig(1) | group(sig(2), sig(3))
    yield 'chord', chord([sig(1), sig(2)], sig(3))
    yield 'map', following.map([1, 2])
    yield 'starmap', following.starmap([(1, 2), (3, 4)])
    yield 'chunks', following.chunks([(1,), (2,), (3,)], 2)


def embeds():
    first, second, third = (plain(sig(n)) for n in (1, 2, 3))
    yield 'one callback', dict(callbacks=[first])
    yield 'three callbacks', dict(callbacks=[first, second, third])
    yield 'one errback', dict(errbacks=[first])
    yield 'two errbacks', dict(errbacks=[first, second])
    for n in range(1, 6):
        # the next one is the last
        yield 'chain of %d' % n, dict(chain=[
            plain(sig(i)) for i in reversed(range(n))])
    yield 'chord', dict(chord=plain(sig().set(task_id='body')),
                        group='gid', group_index=0)
    yield 'chord behind a chain', dict(
        chain=[dict(second, options={'chord': third, 'group_id': 'gid'})])


def cases():
    for name, value in VALUES.items():
        yield 'arg: ' + name, dict(args=[value])
        yield 'kwarg: ' + name, dict(kwargs={'x': value})
    yield 'no arguments', {}
    yield 'many args', dict(args=list(range(200)))
    yield 'many kwargs', dict(kwargs={'k%d' % i: i for i in range(100)})
    for a, b in itertools.product(('1', 'ü', 'a b'), (1, None, [2])):
        yield 'args and kwargs: %s, %s' % (a, b), dict(
            args=[a, b], kwargs={a: b})
    for name, members in options():
        yield 'option: ' + name, dict(args=[1], **members)
    for name, s in signatures():
        yield 'signature: ' + name, dict(callbacks=[plain(s)])
    for name, members in embeds():
        yield 'embed: ' + name, dict(args=[1], **members)


# ---- judging --------------------------------------------------------------

def report(ok, name, *why):
    global tests, failures
    tests += 1
    if not ok:
        failures += 1
        for line in why:
            print('# %s' % ascii(line)[:2000])
    print('%sok %d - %s' % ('' if ok else 'not ', tests, ascii(name)))


def same(name, got, want):
    """Equal, with NaN equal to itself, -0.0 not to 0.0, and 1 not to True."""
    a, b = (json.dumps(v, sort_keys=True) for v in (got, want))
    report(a == b, name, 'got  ' + a, 'want ' + b)


def text(value):
    """JSON text in which Raw is what it says."""
    raws = []

    def default(v):
        raws.append(v.text)
        return '\ue000%d\ue000' % (len(raws) - 1)
    s = json.dumps(value, default=default)
    for i, raw in enumerate(raws):
        s = s.replace('"\\ue000%d\\ue000"' % i, raw)
    return s


def peer(verb, lines):
    data = ''.join(line + '\n' for line in lines).encode()
    p = subprocess.run([program, verb], input=data, stdout=subprocess.PIPE)
    if p.returncode != 0:
        print('Bail out! codec %s: status %d' % (verb, p.returncode))
        sys.exit(1)
    out = p.stdout.decode().splitlines()
    if len(out) != len(lines):
        print('Bail out! codec %s: %d lines for %d' %
              (verb, len(out), len(lines)))
        sys.exit(1)
    return out


def moment(s):
    """A date as what it means, naive ones in UTC."""
    if s is None:
        return None
    t = maybe_iso8601(s) if isinstance(s, str) else s
    if t.tzinfo is None:
        t = t.replace(tzinfo=datetime.timezone.utc)
    return t.astimezone(datetime.timezone.utc).isoformat()


def wanted(case):
    """What a case is to whoever runs it."""
    sent = json.loads(text(case))
    return {
        'args': sent.get('args', []), 'kwargs': sent.get('kwargs', {}),
        'id': sent['id'], 'label': sent.get('label'),
        'parent': sent.get('parent'), 'root': sent.get('root', sent['id']),
        'group': sent.get('group'), 'group_index': sent.get('group_index'),
        'shadow': sent.get('shadow'), 'reply_to': sent.get('reply_to', ''),
        'retries': sent.get('retries', 0), 'eta': moment(sent.get('eta')),
        'expires': moment(sent.get('expires')),
        'limits': [sent.get('hard'), sent.get('soft')],
        'noresult': sent.get('noresult', False),
        'callbacks': sent.get('callbacks'), 'errbacks': sent.get('errbacks'),
        'chain': sent.get('chain'), 'chord': sent.get('chord'),
    }


def run(channel, line):
    """The message through kombu and Celery's worker, in this process."""
    message = channel.Message(json.loads(line), channel=channel)
    message.accept = {'application/json'}
    r = Request(message, app=app, hostname='judge@here', task=note,
                on_ack=lambda *_: None, body=message.body,
                headers=message.headers, decoded=False, utc=True)
    seen.clear()
    purge(channel)
    r.execute()
    return dict(seen, eta=moment(r.eta), expires=moment(r.expires),
                limits=list(r.time_limits))


def purge(channel):
    """Take all that was published: names and bodies, without new ids."""
    found = []
    for queue in list(channel.queues):
        while channel.queues[queue].qsize():
            m = channel.Message(channel._get(queue), channel=channel)
            m.accept = {'application/json'}
            found.append(json.dumps([queue, m.headers["task"], m.decode()],
                                    sort_keys=True))
    return sorted(UUID.sub('uuid', m) for m in found)


def judge_sending(channel, table):
    lines = peer('send', [text(case) for _, case in table])
    for (name, case), line in zip(table, lines):
        if 'error' in json.loads(line):
            report(False, 'Celery runs ' + name, line)
            continue
        try:
            got = run(channel, line)
        except Exception as e:
            report(False, 'Celery runs ' + name, repr(e), line)
            continue
        same('Celery runs ' + name, got, wanted(case))


def publish(channel, case, serializer='json', compression=None):
    """The message as Celery's client would send it, in kombu's envelope."""
    args = json.loads(text(case.get('args', [])))
    kwargs = json.loads(text(case.get('kwargs', {})))
    m = app.amqp.as_task_v2(
        case['id'], 'judge.note', args, kwargs, eta=case.get('eta'),
        expires=case.get('expires'), retries=case.get('retries', 0),
        group_id=case.get('group'), group_index=case.get('group_index'),
        time_limit=case.get('hard'), soft_time_limit=case.get('soft'),
        parent_id=case.get('parent'), root_id=case.get('root'),
        shadow=case.get('shadow'), reply_to=case.get('reply_to', ''),
        ignore_result=case.get('noresult', False),
        callbacks=case.get('callbacks'), errbacks=case.get('errbacks'),
        chain=case.get('chain'), chord=case.get('chord'))
    headers = dict(m.headers)
    if 'label' in case:
        headers['label'] = case['label']
    purge(channel)
    app.amqp.Producer(channel, auto_declare=False).publish(
        m.body, exchange='', routing_key='celery', serializer=serializer,
        compression=compression, headers=headers, **m.properties)
    return json.dumps(channel._get('celery'))


def publish_first(channel, case):
    """The same in protocol 1."""
    m = app.amqp.as_task_v1(
        case['id'], 'judge.note', case.get('args'), case.get('kwargs'),
        eta=maybe_iso8601(case.get('eta')), retries=case.get('retries', 0),
        group_id=case.get('group'), callbacks=case.get('callbacks'),
        errbacks=case.get('errbacks'), chord=case.get('chord'),
        time_limit=case.get('hard'), soft_time_limit=case.get('soft'))
    purge(channel)
    app.amqp.Producer(channel, auto_declare=False).publish(
        m.body, exchange='', routing_key='celery', serializer='json',
        headers=m.headers, **m.properties)
    return json.dumps(channel._get('celery'))


def judge_receiving(channel, table, publish=publish, how=''):
    lines = peer('recv', [publish(channel, case) for _, case in table])
    for (name, case), line in zip(table, lines):
        name += how
        got = json.loads(line)
        if 'error' in got:
            report(False, 'tq runs ' + name, line)
            continue
        got.update(eta=moment(got.get('eta')),
                   expires=moment(got.get('expires')),
                   limits=[got.get('hard'), got.get('soft')])
        want = wanted(case)
        if publish is publish_first:
            want.update(root=None)
        same('tq runs ' + name, {k: got.get(k) for k in want}, want)


def judge_encodings(channel, table):
    """Compressed bodies are read, other serializers refused by name."""
    some = [(name, case) for name, case in table
            if name in ('arg: long', 'arg: wide', 'arg: emoji')]
    for how in ('zlib', 'bzip2', 'lzma'):
        judge_receiving(channel, some, functools.partial(
            publish, compression=how), ', ' + how)
    for how, says in (('pickle', 'a pickle'), ('yaml', 'YAML'),
                      ('msgpack', 'MessagePack')):
        try:
            line = publish(channel, table[0][1], serializer=how)
        except SerializerNotInstalled:
            continue
        got = json.loads(peer('recv', [line])[0]).get('error', '')
        report(says in got, 'tq refuses %s by name' % how, got)


def judge_first(channel, table):
    """Protocol 1 is read."""
    members = {'id', 'name', 'args', 'kwargs', 'eta', 'retries', 'group',
               'callbacks', 'errbacks', 'chord', 'soft', 'hard'}
    some = [(name, case) for name, case in table
            if set(case) <= members and 'Raw' not in repr(case)]
    judge_receiving(channel, some, publish_first, ', protocol 1')


def judge_following(channel, table):
    """What a success publishes shows that callbacks and chain are alive."""
    table = [(name, case) for name, case in table
             if case.get('callbacks') or case.get('chain')]
    published = 0
    lines = peer('send', [text(case) for _, case in table])
    for (name, case), line in zip(table, lines):
        run(channel, publish(channel, case))
        want = purge(channel)
        run(channel, line)
        same('Celery goes on after ' + name, purge(channel), want)
        published += len(want)
    report(published > len(table), 'and there was something to go on with',
           '%d messages after %d cases' % (published, len(table)))


# ---- results, events, control ---------------------------------------------

class Store(Backend):
    """A backend that keeps what it would have stored."""
    def _store_result(self, task_id, result, state, traceback=None,
                      request=None, **kwargs):
        meta = self._get_result_meta(result=result, state=state,
                                     traceback=traceback, request=request)
        meta['task_id'] = task_id
        self.meta = self.encode(meta)


class Boom(Exception):
    pass


def metas(store):
    for name, value in VALUES.items():
        if not isinstance(value, Raw):
            store.mark_as_done('id-1', value)
            yield 'success with ' + name, store.meta
    for e in (ValueError('bad'), ValueError(), KeyError('ü'), OSError(2, 'x'),
              Boom('a', 1, [2]), Boom('it\'s "quoted"\n')):
        store.mark_as_failure('id-2', e, traceback='Traceback: %r\n' % e)
        yield 'failure with %r' % e, store.meta
        store.mark_as_retry('id-3', e, traceback='again')
        yield 'retry with %r' % e, store.meta
    for reason in ('revoked', 'expired', 'terminated'):
        store.mark_as_revoked('id-4', reason)
        yield 'revoked: ' + reason, store.meta
    store.mark_as_started('id-5', pid=1, hostname='h')
    yield 'started', store.meta
    store.store_result('id-6', {'done': 0.5}, 'PROGRESS')
    yield 'a state of its own', store.meta


def judge_metas():
    store = Store(app=app, serializer='json')
    table = list(metas(store))
    for (name, meta), line in zip(table, peer('meta', [m for _, m in table])):
        got, want = (store.meta_from_decoded(store.decode(m))
                     for m in (line, meta))
        for m in (got, want):
            m['children'] = m['children'] or []
            if isinstance(m['result'], Exception):
                m['result'] = [type(m['result']).__name__,
                               repr(m['result'].args)]
        same('Celery reads ' + name, got, want)


def judge_events():
    common = dict(hostname='w@h', utcoffset=0, pid=7, clock=5,
                  timestamp=1795420960.25, local_received=1795420960.25)
    events = [
        dict(type='worker-online', freq=2.0, active=0, processed=0,
             loadavg=[0.86, 0.76, 0.44], sw_ident='tq', sw_ver='1',
             sw_sys='Linux'),
        dict(type='worker-heartbeat', freq=2.0, active=1, processed=9,
             loadavg=[0, 1.5, 2], sw_ident='tq', sw_ver='1', sw_sys='Linux'),
        dict(type='task-sent', uuid='u', name='n', args='()', kwargs='{}',
             retries=0, queue='celery', exchange='', routing_key='celery'),
        dict(type='task-received', uuid='u', name='n', args='(1,)',
             kwargs="{'a': 'ü'}", root_id='u', parent_id=None, retries=0,
             eta=None, expires=None),
        dict(type='task-started', uuid='u'),
        dict(type='task-retried', uuid='u', exception="ValueError('x')",
             traceback='line 1\nline 2\n'),
        dict(type='task-failed', uuid='u', exception='KeyError("a")',
             traceback='t'),
        dict(type='task-revoked', uuid='u', terminated=True,
             signum='SIGTERM', expired=False),
        dict(type='task-rejected', uuid='u', requeue=True),
        dict(type='task-succeeded', uuid='u', result="'noted'",
             runtime=0.015625),
        dict(type='task-custom', uuid='u', of_its_own=[1, {'a': None}]),
        dict(type='worker-offline', freq=2.0, active=0, processed=9,
             loadavg=[0.0, 0.0, 0.0], sw_ident='tq', sw_ver='1',
             sw_sys='Linux'),
    ]
    events = [dict(common, **e) for e in events]
    ours, theirs = State(), State()
    for want, line in zip(events, peer('event', map_json(events))):
        got = json.loads(line)
        report(got == want, 'event ' + want['type'], repr(got), repr(want))
        ours.event(got)
        theirs.event(want)
    a, b = (repr((s.tasks['u'].as_dict(), s.workers['w@h'].status_string))
            for s in (ours, theirs))
    report(a == b, 'a monitor sees the same task and worker', a, b)


def map_json(values):
    return [json.dumps(v) for v in values]


class Node:
    """What a worker's mailbox would hand on."""
    def __init__(self, hostname):
        self.calls = []
        self.node = mailbox.Node(hostname)
        self.node.dispatch = lambda method, arguments=None, reply_to=None, \
            ticket=None, **kw: self.calls.append(
                [method, arguments, reply_to, ticket])


mailbox = Mailbox('celery', type='fanout', serializer='json')


def judge_control(channel):
    """Requests of kombu's mailbox through us and to a node of kombu's."""
    reply = {'exchange': 'reply.celery.pidbox', 'routing_key': 'k'}
    base = dict(method='ping', arguments={}, destination=None, pattern=None,
                matcher=None)
    requests = [
        ('ping', dict(base)),
        ('ping with a reply', dict(base, ticket='t', reply_to=reply)),
        ('to this node', dict(base, destination=['w@h', 'x@y'])),
        ('to another node', dict(base, destination=['x@y'])),
        ('by a glob', dict(base, pattern='w@*', matcher='glob')),
        ('by another glob', dict(base, pattern='x@*', matcher='glob')),
        ('revoke', dict(base, method='revoke', arguments={
            'task_id': ['a', 'ü'], 'terminate': True, 'signal': 'SIGTERM'})),
        ('rate_limit', dict(base, method='rate_limit', arguments={
            'task_name': 'n', 'rate_limit': '10/m'})),
    ]
    lines = []
    for _, body in requests:
        lines.append(json.dumps(channel.prepare_message(
            json.dumps(body), priority=0, content_type='application/json',
            content_encoding='utf-8', headers={'clock': 3, 'expires': 0},
            properties={'delivery_mode': 2})))
    for i, line in enumerate(lines):
        m = json.loads(line)
        m['properties'].update(delivery_tag='t', delivery_info={
            'exchange': 'celery.pidbox', 'routing_key': ''})
        m['body'] = channel.encode_body(m['body'], 'base64')[0]
        m['properties']['body_encoding'] = 'base64'
        lines[i] = json.dumps(m)
    for (name, body), line in zip(requests, peer('request', lines)):
        message = channel.Message(json.loads(line), channel=channel)
        ours, theirs = Node('w@h'), Node('w@h')
        ours.node.handle_message(message.decode(), None)
        theirs.node.handle_message(body, None)
        same('control ' + name, [message.decode(), ours.calls],
             [body, theirs.calls])


def main():
    table = [(name, dict(case, id=case.get('id', 'id-%d' % i),
                         name='judge.note'))
             for i, (name, case) in enumerate(cases())]
    channel = app.connection().default_channel
    app.amqp.queues['celery'](channel).declare()
    judge_sending(channel, table)
    judge_receiving(channel, table)
    judge_encodings(channel, table)
    judge_first(channel, table)
    judge_following(channel, table)
    judge_metas()
    judge_events()
    judge_control(channel)
    print('1..%d' % tests)
    sys.exit(failures > 0)


main()
