#!/usr/bin/python3
"""A Celery application, one of whose tasks is a shell script that tq runs.

    celery -A shop worker                   runs shop.close_day
    tqrun -q documents handlers             runs shop.invoice
    python3 shop.py 4711 Ann                calls it and prints what it made

All three, and the lines in the file crontab, need the same broker in TQ_BROKER.
"""
import os
import sys

from celery import Celery

url = os.environ.get('TQ_BROKER', 'redis://localhost/0')
app = Celery('shop', broker=url, backend=url)
app.conf.task_routes = {'shop.invoice': {'queue': 'documents'}}


@app.task(name='shop.close_day')
def close_day(day):
    """A task in Python, called from cron by tqput."""
    return 'closed ' + day


def invoice(order, customer):
    """Call the handler: arguments by place, by name, and a result to wait for."""
    return app.send_task('shop.invoice', (order,), {'customer': customer})


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit('usage: shop.py order customer')
    try:
        made = invoice(sys.argv[1], sys.argv[2]).get(timeout=60)
    except ValueError as e:     # the handler said "!fail ValueError ..."
        sys.exit('shop.py: %s' % e)
    print(made['file'], made['bytes'])
