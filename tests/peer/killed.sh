#!/bin/sh
# tq workers are killed again and again while they run canvases of a Celery
# client: every task ends once, and every canvas is completed.

. "${0%/*}/../lib/redis.sh"
need_celery
redis_start
celery_app
plain=$TQ_BROKER
TQ_BROKER="$plain?lease=1&crashes=100"

celery_handlers h
note_runs h

mortals -j 2 h

(
	TQ_BROKER=$plain
	py <<'PY'
from celery import group, chain, chord
import sys
n = 12
chains = [chain(add.s(i, 1), add.s(2), add.s(3)).delay() for i in range(n)]
chords = [chord([add.s(i, k) for k in range(6)], tsum.s()).delay()
    for i in range(n)]
nested = [(group(add.s(i, k) for k in range(3)) | tsum.s() | add.s(1)).delay()
    for i in range(n)]
print([r.get(timeout=100) for r in chains] == [i + 6 for i in range(n)])
print([r.get(timeout=100) for r in chords] == [6 * i + 15 for i in range(n)])
print([r.get(timeout=100) for r in nested] == [3 * i + 4 for i in range(n)])
PY
) >out 2>py.err
is 'chains, chords and groups end as they should' "$(cat out)" \
    "True${NL}True${NL}True"
head -5 py.err | sed 's/^/# /'
mortals_end
bg tqrun -j 2 h
quiet()
{
	[ "$(rcli LLEN celery) $(rcli HLEN unacked) $(rcli ZCARD tq.delayed)" = \
	    '0 0 0' ]
}
ok 'nothing is left' wait_for quiet
# 12 chains of 3, 12 chords of 7, 12 of 5
is 'as many tasks as there should be' "$(sort -u ran | wc -l)" 180
states()
{
	rcli --scan --pattern 'celery-task-meta-*' | while read -r k; do
		rcli get "$k"
	done | grep -o '"status": "[A-Z]*"' | sort | uniq -c | tr -s ' '
}
is 'and each has succeeded' "$(states)" ' 180 "status": "SUCCESS"'
# a member that ran again after its chord was done notes that once more
is 'what is left of a chord goes by itself' \
    "$(rcli --scan --pattern 'celery-taskset-meta-*' | while read -r k; do
	rcli ttl "$k"
done | awk '$1 <= 0')" ''
echo "# $(wc -l <kills) workers killed, $(wc -l <ran) runs of 180 tasks"
