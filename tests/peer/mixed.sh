#!/bin/sh
# Canvases of a Celery client, run by workers of both kinds on one queue: who
# counts the last member of a chord, or takes the next of a chain, is chance.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
celery_worker
bg tqrun -q celery -j 1 handlers
canvases
ok 'both kinds worked' grep -q succeeded "$T/celery.log"
