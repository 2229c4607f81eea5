#!/usr/bin/python3
"""Figures of tq on Redis beside those of Celery, on the same server.

Prints lines as tests/bench/run does; README says what they mean.  Wants
redis-server, python3-celery and python3-redis; prints nothing without them.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from common import (RUNS, free_port, line, median_line, start, stop, stop_all,
    take, timed, until)

try:
    import celery  # noqa: F401
    import redis
except ImportError:
    sys.exit(0)
if not shutil.which('redis-server'):
    sys.exit(0)

B = os.environ['B']
DIR = tempfile.mkdtemp(prefix='tq-bench-redis.')
NOOP = os.path.join(B, 'tests/bench/resident')

APP = '''
import os
from celery import Celery
app = Celery('bench', broker=os.environ['URL'], backend=os.environ['URL'])
app.conf.update(worker_prefetch_multiplier=64)
@app.task(name='noop')
def noop():
    pass
'''


def server():
    port = free_port()
    start('redis-server', '--port', str(port), '--bind', '127.0.0.1',
        '--save', '', '--dir', DIR)
    r = redis.Redis(port=port)

    def up():
        try:
            return r.ping()
        except redis.ConnectionError:
            return False
    until(up, 'redis-server')
    return r, port


def tq_worker(*more):
    return start('tqrun', '-j', '2', '-U', 'noop=' + NOOP, *more)


def celery_worker():
    before = r.pubsub_numpat()
    p = start(sys.executable, '-m', 'celery', '-A', 'bench', 'worker', '-c',
        '2', '--without-mingle', '--without-gossip', '-l', 'ERROR')
    until(lambda: r.pubsub_numpat() > before,
        'celery worker')
    return p


def idle():
    return r.llen('celery') == 0 and r.hlen('unacked') == 0


def process():
    """A put as a process, against redis-cli and celery call."""
    tq, cli, cel = [], [], []
    for i in range(200):
        tq.append(timed('tqput', '-Q', '-N', 'noop'))
        cli.append(timed('redis-cli', '-p', str(port), 'lpush', 'l', 'x' * 600))
    for i in range(RUNS):
        cel.append(timed(sys.executable, '-m', 'celery', '-A', 'bench',
            'call', 'noop'))
    r.flushall()
    median_line('redis-process', tq, 'ms', cli)
    median_line('redis-process-celery', tq, 'ms', cel)


def many():
    """tqput -m, against apply_async in a loop."""
    import bench
    records = os.path.join(DIR, 'records')
    n, m = 100000, 2000
    with open(records, 'w') as f:
        f.writelines('%d\n' % i for i in range(n))
    tq, cel = [], []
    for i in range(RUNS):
        with open(records) as f:
            begin = time.perf_counter()
            subprocess.run(('tqput', '-Qm', '-N', 'noop'), stdin=f,
                check=True)
            tq.append(n / (time.perf_counter() - begin))
        assert r.llen('celery') == n
        r.flushall()
        bench.noop.apply_async()
        begin = time.perf_counter()
        for k in range(m):
            bench.noop.apply_async()
        cel.append(m / (time.perf_counter() - begin))
        r.flushall()
    median_line('redis-many', tq, '1/s', cel)


def fill(n):
    subprocess.run(('tqput', '-Qm', '-N', 'noop'), check=True,
        input=b'\n' * n)


def run_all(n, begin_worker):
    """Rate of a worker that is up, from a full queue to an empty one."""
    key = 'celery'
    fill(n)
    r.rename(key, 'kept')
    p = begin_worker()
    time.sleep(1)
    begin = time.perf_counter()
    r.rename('kept', key)
    until(lambda: idle(), 'all done', 120)
    took = time.perf_counter() - begin
    stop(p)
    done = sum(1 for _ in r.scan_iter('celery-task-meta-*', count=10000))
    assert done == n, '%d of %d results' % (done, n)
    r.flushall()
    return n / took


def execute():
    tq, cel = [], []
    for i in range(3):
        tq.append(run_all(20000, tq_worker))
        cel.append(run_all(2000, celery_worker))
    median_line('redis-exec', tq, '1/s', cel)


def latency():
    import bench
    n = 300
    p = tq_worker()
    until(lambda: r.hlen('tq.workers') == 1, 'tqrun')
    tq = [float(subprocess.run((os.path.join(B, 'tests/bench/trip'), url,
        str(n)), check=True, capture_output=True).stdout)
        for i in range(RUNS)]
    stop(p)
    p = celery_worker()
    cel = []
    for i in range(n + 20):
        begin = time.perf_counter()
        bench.noop.delay().get(timeout=20)
        cel.append((time.perf_counter() - begin) * 1e6)
    stop(p)
    r.flushall()
    line('redis-latency', statistics.median(tq), 'us',
        statistics.median(cel[20:]))


def rss(pid):
    with open('/proc/%d/statm' % pid) as f:
        return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def idle_rss():
    p = tq_worker()
    until(lambda: r.hlen('tq.workers') == 1, 'tqrun')
    time.sleep(2)
    tq = rss(p.pid)
    stop(p)
    p = celery_worker()
    time.sleep(2)
    cel = rss(p.pid)
    with open('/proc/%d/task/%d/children' % (p.pid, p.pid)) as f:
        cel += sum(rss(int(c)) for c in f.read().split())
    stop(p)
    line('redis-rss', tq, 'B', cel)


try:
    with open(os.path.join(DIR, 'bench.py'), 'w') as f:
        f.write(APP)
    os.chdir(DIR)
    sys.path.insert(0, DIR)
    os.environ['PYTHONPATH'] = DIR
    os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
    os.environ['TQ_MODULES'] = os.path.join(B, 'modules')
    r, port = server()
    url = 'redis://127.0.0.1:%d/0' % port
    os.environ['URL'] = os.environ['TQ_BROKER'] = url
    take(((process, ('redis-process', 'redis-process-celery')),
        (many, ('redis-many',)), (execute, ('redis-exec',)),
        (latency, ('redis-latency',)), (idle_rss, ('redis-rss',))))
    status = 0
except BaseException as e:
    print('peer.py: %r' % e, file=sys.stderr)
    status = 1
stop_all()
shutil.rmtree(DIR, ignore_errors=True)
sys.stdout.flush()
# Celery's results would look for the server that is gone
os._exit(status)
