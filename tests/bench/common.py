"""What the figures beside other programs share: children, time, lines.

README says what is printed and how.
"""
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

RUNS = 5
children = []


def start(*argv, **kw):
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=kw.pop('stderr',
        subprocess.DEVNULL), **kw)
    children.append(p)
    return p


def stop(p):
    p.send_signal(signal.SIGTERM)
    try:
        p.wait(20)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
    children.remove(p)


def stop_all():
    for p in list(children):
        p.kill()
        p.wait()


def until(f, what, seconds=60):
    end = time.monotonic() + seconds
    while not f():
        if time.monotonic() > end:
            raise SystemExit('still not: ' + what)
        time.sleep(0.005)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def line(figure, value, unit, limit):
    print('%s\t%.6g\t%s\t%.6g\t%.4g' % (figure, value, unit, limit,
        value / limit), flush=True)


def timed(*argv, **kw):
    """ms from the start of a program to its end in success."""
    begin = time.perf_counter()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, **kw)
    return (time.perf_counter() - begin) * 1e3


def median_line(figure, values, unit, limits):
    line(figure, statistics.median(values), unit, statistics.median(limits))


def take(figures):
    """Call each function of [(function, names)] that argv asks for."""
    wanted = sys.argv[1:]
    for f, names in figures:
        if not wanted or any(w in names for w in wanted):
            f()


def bench(program, figure):
    """The value of a figure of one of the programs in C, now."""
    out = subprocess.run((os.path.join(os.environ['B'], 'tests/bench',
        program), figure), check=True, capture_output=True, text=True).stdout
    return float(out.split('\t')[1])
