#!/usr/bin/python3
"""Figures of tq beside nq, task-spooler, GNU parallel and beanstalkd.

Prints lines as tests/bench/run does; README says what they mean.  A program
that is not installed is left out.  tq runs with its default policy, full:
every put is on disk; of the others only beanstalkd can do that.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from common import (RUNS, bench, free_port, median_line, start, stop,
    stop_all, take, timed, until)

DIR = tempfile.mkdtemp(prefix='tq-bench-others.')
TSP = shutil.which('tsp') or shutil.which('ts')


def fresh(name):
    """A new directory for tq and for the others."""
    path = tempfile.mkdtemp(prefix=name + '.', dir=DIR)
    os.environ['TQ_DIR'] = path + '/tq'
    os.environ['NQDIR'] = path + '/nq'
    os.environ['TS_SOCKET'] = path + '/ts'
    os.mkdir(os.environ['NQDIR'])
    return path


def rate(n, f):
    begin = time.perf_counter()
    f()
    return n / (time.perf_counter() - begin)


def call(*argv, **kw):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, **kw)


def tq_puts(n, *options):
    """n calls of tqput beside a worker that is up, until all have ended."""
    p = start('tqrun', *options)
    until(lambda: subprocess.run(('tqstat', '-W', '-o', 'pid'),
        capture_output=True).stdout, 'tqrun')

    def all_of():
        ids = [subprocess.run(('tqput', 'true'), check=True,
            capture_output=True).stdout for i in range(n)]
        call('tqresult', '-w', '-', input=b''.join(ids))
    value = rate(n, all_of)
    stop(p)
    return value


def nq_put():
    fresh('nq')
    call('nq', '-q', 'true')
    call('nq', '-w')
    tq, nq = [], []
    for i in range(200):
        tq.append(timed('tqput', '-Q', 'true'))
        nq.append(timed('nq', '-q', 'true'))
    call('nq', '-w')
    median_line('nq-put', tq, 'ms', nq)


def nq_run():
    n = 200

    def nq_all():
        for i in range(n):
            call('nq', '-q', 'true')
        call('nq', '-w')
    tq, nq = [], []
    for i in range(RUNS):
        fresh('nq')
        tq.append(tq_puts(n))
        nq.append(rate(n, nq_all))
    median_line('nq-run', tq, 'tasks/s', nq)


def tsp_put():
    fresh('tsp')
    call(TSP, '-S', '1')
    call(TSP, 'sleep', '1000')
    tq, tsp = [], []
    for i in range(200):
        tq.append(timed('tqput', '-Q', 'true'))
        tsp.append(timed(TSP, 'true'))
    call(TSP, '-K')
    median_line('tsp-put', tq, 'ms', tsp)


def tsp_run():
    n = 200

    def tsp_all():
        call(TSP, '-S', '2')
        for i in range(n):
            call(TSP, '-n', 'true')
        call(TSP, '-w')
        call(TSP, '-K')
    tq, tsp = [], []
    for i in range(RUNS):
        fresh('tsp')
        tq.append(tq_puts(n, '-j', '2'))
        tsp.append(rate(n, tsp_all))
    median_line('tsp-run', tq, 'tasks/s', tsp)


def parallel():
    n = 2000
    lines = ''.join('%d\n' % i for i in range(n))

    def tq_all():
        call('tqput', '-Qm', 'true', input=lines, text=True)
        call('tqrun', '-j', '2', '-E')

    def parallel_all():
        call('parallel', '-j', '2', 'true', input=lines, text=True)
    tq, par = [], []
    for i in range(RUNS):
        fresh('parallel')
        tq.append(rate(n, tq_all))
        par.append(rate(n, parallel_all))
    median_line('parallel', tq, 'tasks/s', par)


class Beanstalk:
    """A beanstalkd on loopback and one connection to it."""

    def __init__(self, *more):
        port = free_port()
        self.child = start('beanstalkd', '-l', '127.0.0.1', '-p', str(port),
            *more)
        self.sock = None

        def up():
            try:
                self.sock = socket.create_connection(('127.0.0.1', port))
                return True
            except OSError:
                return False
        until(up, 'beanstalkd')
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.sock.makefile('rb', 1 << 20)

    def send(self, data, answers):
        """Send requests, and read a line for each."""
        self.sock.sendall(data)
        return [self.reader.readline() for i in range(answers)]

    def close(self):
        self.sock.close()
        stop(self.child)


PUT = b'put 0 0 60 100\r\n' + b'x' * 100 + b'\r\n'


def beanstalkd_flow():
    """Put, reserve, delete, 100 requests in each write."""
    n, batch = 20000, 100

    def all_of(b):
        for i in range(0, n, batch):
            ids = [a.split()[1] for a in b.send(PUT * batch, batch)]
            b.sock.sendall(b'reserve\r\n' * batch)
            for k in range(batch):
                assert b.reader.readline().startswith(b'RESERVED')
                b.reader.readline()
            done = b.send(b''.join(b'delete %s\r\n' % k for k in ids), batch)
            assert set(done) == {b'DELETED\r\n'}
    tq, bean = [], []
    for i in range(RUNS):
        tq.append(bench('flow', 'flow-none'))
        b = Beanstalk()
        bean.append(rate(n, lambda: all_of(b)))
        b.close()
    median_line('beanstalkd-flow', tq, 'tasks/s', bean)


def beanstalkd_full():
    """Puts one after the other, each on disk before the next."""
    n = 1000

    def all_of(b):
        for i in range(n):
            assert b.send(PUT, 1)[0].startswith(b'INSERTED')
    tq, bean = [], []
    for i in range(RUNS):
        tq.append(bench('put', 'put-full'))
        b = Beanstalk('-b', fresh('bean'), '-f', '0')
        bean.append(rate(n, lambda: all_of(b)))
        b.close()
    median_line('beanstalkd-full', tq, 'tasks/s', bean)


FIGURES = {
    'nq': ((nq_put, ('nq-put',)), (nq_run, ('nq-run',))),
    TSP: ((tsp_put, ('tsp-put',)), (tsp_run, ('tsp-run',))),
    'parallel': ((parallel, ('parallel',)),),
    'beanstalkd': ((beanstalkd_flow, ('beanstalkd-flow',)),
        (beanstalkd_full, ('beanstalkd-full',))),
}

status = 0
try:
    for program, figures in FIGURES.items():
        if program and shutil.which(program):
            take(figures)
except Exception as e:
    print('others.py: %r' % e, file=sys.stderr)
    status = 1
finally:
    stop_all()
    shutil.rmtree(DIR, ignore_errors=True)
sys.exit(status)
