#!/usr/bin/python3
"""Run the tasks of a Celery application under tq, as they are:

    tqrun -q celery -U ./resident.py

Celery's own tracer calls the task, so bind=True, self.request, autoretry_for,
on_failure and the signals work.  What it would send and store is told to
tqrun, which does it in one step with the end of the task: results and
exceptions are answers, and so are self.retry and self.replace.

Put your own application for shop.
"""
import inspect
import json
import os
import signal
import sys
import traceback

from billiard.exceptions import WorkerLostError
from celery import Task, states
from celery.app.task import Context
from celery.app.trace import build_tracer, setup_worker_optimizations
from celery.canvas import _chain
from celery.exceptions import Ignore, ImproperlyConfigured, SoftTimeLimitExceeded
from celery.result import ResultBase
from celery.signals import task_postrun, worker_process_init
from kombu.utils.json import dumps, loads

from shop import app


class Replaced(Ignore):
    pass


def replace(self, sig):
    if isinstance(sig, _chain) and not sig.tasks:
        raise ImproperlyConfigured('Cannot replace with an empty chain')
    return self.on_replace(sig)


def on_replace(self, sig):
    raise Replaced(sig)


def add_to_chord(self, sig, lazy=False):
    """Celery's tracer would count a request that has its chord."""
    self.request.chord = embed.get('chord')
    try:
        return counted(self, sig, lazy)
    finally:
        self.request.chord = None


def signature_from_request(self, *args, **kwargs):
    """What retry() would send is not sent."""
    sig = original(self, *args, **kwargs)
    sig.apply_async = lambda: None
    return sig


put = {}
original = Task.signature_from_request
counted = Task.add_to_chord
Task.signature_from_request = signature_from_request
Task.add_to_chord = add_to_chord
Task.replace = replace
Task.on_replace = on_replace


def soft_limit(signum, frame):
    raise SoftTimeLimitExceeded()


def uuid(t):
    """For an id that is long or has a newline tq has a name of its own."""
    return t.get('message', {}).get('headers', {}).get('id', t['id'])


def request(t):
    m = t.get('message', {})
    p, h = m.get('properties', {}), m.get('headers', {})
    return {
        'group': t.get('group'), 'expires': t.get('expires'),
        'eta': t.get('eta'), **h,
        'properties': p, 'reply_to': p.get('reply_to'),
        'correlation_id': p.get('correlation_id'),
        'id': uuid(t), 'task': t['name'],
        'root_id': h.get('root_id', t.get('root')),
        'parent_id': h.get('parent_id', t.get('parent')), 'retries': t.get('failures', 0),
        'hostname': os.uname().nodename, 'is_eager': False,
        # Redis: 0 is first
        'delivery_info': {'exchange': '', 'routing_key': t['queue'],
                          'priority': 9 - t['pri'], 'redelivered': False}}


@task_postrun.connect
def note_children(sender, task_id, **kw):
    """What the task put itself."""
    put[task_id] = [r.as_tuple() for r in sender.request.children or ()]


def failure(e, trace=''):
    """What a client raises."""
    kind = type(e)
    name = kind.__name__
    if kind.__module__ not in ('builtins', '__main__'):
        name = kind.__module__ + '.' + name
    try:
        args = json.loads(dumps(e.args))
    except TypeError:
        args = [str(a) for a in e.args]
    return {'error': '%s\n%s' % (e, trace), 'type': name, 'args': args}


def again(e, t):
    """A retry; with other arguments it is another task."""
    if (list(e.sig.args), e.sig.kwargs) != (t['args'], t['kwargs']):
        return {'replace': e.sig}
    wait = e.when or 0
    if not isinstance(wait, (int, float)):
        wait = (wait - app.now()).total_seconds()
    # the task has counted them
    return {**failure(e.exc or e), 'retries': t.get('failures', 0) + 1,
            'retry': max(0, wait)}


def fits(task, args, kwargs):
    try:
        return inspect.signature(task.run).bind(*args, **kwargs)
    except TypeError:
        return None


def arguments(task, args, kwargs):
    """An errback is told an id; it may want request, exception, traceback."""
    if args and isinstance(args[0], str) and not fits(task, args, kwargs):
        failed = app.AsyncResult(args[0])
        more = [Context(id=failed.id), failed.result, failed.traceback]
        if failed.failed() and fits(task, more + args[1:], kwargs):
            return more + args[1:]
    return args


def run(t):
    global embed
    embed = t.get('message', {}).get('embed') or {}
    task = app.tasks[t['name']]
    trace = build_tracer(task.name, task, eager=True, app=app)
    args = arguments(task, t['args'], t['kwargs'])
    ret = trace(uuid(t), args, t['kwargs'], request(t))
    if ret.info is None:
        if isinstance(ret.retval, ResultBase):
            return {'result': ret.retval.as_tuple()}
        return {'result': ret.retval}
    e = ret.info.retval
    if isinstance(e, Replaced):
        return {'replace': e.args[0]}
    if ret.info.state == states.RETRY:
        return again(e, t)
    if ret.info.state == states.FAILURE:
        return failure(e, ret.retval.traceback)
    if getattr(e, 'requeue', False):    # Reject: once more, later
        return {**failure(e), 'retry': 1}
    return {'replace': None}    # Ignore, Reject: nothing is told


def parse(line):
    """Dates, decimals and the like come as kombu 5.3 writes them."""
    try:
        return loads(line)
    except Exception as e:      # a type that is not known here
        return {**json.loads(line), 'wrong': e}


def answer(t):
    put.clear()
    try:
        if 'wrong' in t:
            raise t['wrong']
        said = run(t)
        if put.get(uuid(t)) and 'replace' not in said:
            said['children'] = put[uuid(t)]
        return dumps({**said, 'id': t['id']})
    except Exception as e:      # no such task, a result that is not JSON
        return dumps({**failure(e, traceback.format_exc()), 'id': t['id']})


def lost(e):
    """sys.exit() in a task: its worker is told to be lost, and leaves."""
    code = e.code if isinstance(e.code, int) else int(e.code is not None)
    return WorkerLostError('Worker exited prematurely: exitcode %d.' % code)


out, sys.stdout = sys.stdout, sys.stderr        # stdout is for answers
# as a Celery worker begins: modules of include, imports and autodiscover_tasks
app.loader.init_worker()
app.loader.init_worker_process()
setup_worker_optimizations(app)
worker_process_init.send(sender=None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    signal.signal(signal.SIGTERM, soft_limit)
    t, left = parse(line), None
    try:
        text = answer(t)
    except SystemExit as e:
        text, left = dumps({**failure(lost(e)), 'id': t['id']}), e
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(text, file=out, flush=True)
    if left:
        raise left
