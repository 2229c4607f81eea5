#!/bin/sh
# What tqput puts, a Celery worker runs.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
ok 'a Celery worker starts' celery_worker

check 'a named task is put' 0 "$ID" '' \
    tqput -q celery -N proj.add -J 2 3
id=${out%"$NL"}
is 'Celery computed it' "$(py <<PY
print(app.AsyncResult('$id').get(timeout=60))
PY
)" 5
tqput -Q -q celery -N proj.note -J --kw 'b={"x": [1, null]}' --kw 'a="ü"' \
    1 '"two"' '[3.5, true]'
wait_long grep -q py "$NOTES"
is 'args and kwargs arrive as they are' "$(cat "$NOTES")" \
    "py (1, 'two', [3.5, True]) [('a', 'ü'), ('b', {'x': [1, None]})]"

check 'an id is chosen' 0 mine '' \
    tqput -q celery --id mine -N proj.add -J 4 5
check 'and taken once' 1 mine '*mine*' \
    tqput -q celery --id mine -N proj.add -J 4 5
is 'it ran under that id' "$(py <<PY
print(app.AsyncResult('mine').get(timeout=60))
PY
)" 9
