#!/bin/sh
# Canvases of a Celery client, run by tq workers alone.

. "${0%/*}/../lib/canvas.sh"
. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
canvas_handlers
bg tqrun -q celery -j 2 handlers
canvases
canvases_of_tq
