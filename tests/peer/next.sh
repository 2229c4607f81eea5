#!/bin/sh
# What an end makes ready is taken at once, though the worker saw empty lists a
# moment ago and nobody rings him for what he does himself.  Who did not look
# would wait for the second when he looks anyway, with each of 40.

. "${0%/*}/../lib/redis.sh"
redis_start
TQ_BROKER="$TQ_BROKER?workers=tq"
mkdir h
printf '#!/bin/sh\n' >h/none
chmod +x h/none

# worked NAME WORKER-OPTION ... : 40 that are in `ids`, by a worker of its own
worked()
{
	name=$1
	shift
	tqrun -q "$@" h &
	W=$!
	pids="$pids $W"
	# shellcheck disable=SC2046
	is "$name" "$(timeout 30 tqresult -w -t 25 -o state $(cat ids) |
	    sort | uniq -c | tr -s ' ')" ' 40 success'
	kill $W
	wait $W
}

seq 40 | tqput -m -Q --chain -q chain -N none
rcli LRANGE chain 0 0 >first
ok 'only the first of a chain is there' test "$(rcli LLEN chain)" -eq 1
tqrun -q chain -j 2 h &
W=$!
pids="$pids $W"
ended()
{
	[ "$(rcli KEYS 'celery-task-meta-*' | wc -l)" -eq 40 ]
}
# less than the 40 s that it would take
patience=750
ok 'a chain' wait_for ended
kill $W
wait $W
rcli FLUSHALL >out

seq 40 | tqput -m -q lane -S x -N none >ids
worked 'a lane' lane -j 2
seq 40 | tqput -m -q needs -R gpu=1 -N none >ids
worked 'a resource' needs -j 2 -R gpu=1
tqctl cap cap 1
seq 40 | tqput -m -q cap -N none >ids
worked 'a cap' cap -j 2

# One after another, with the worker at rest between.
tqctl cap cap 0
tqrun -q turns -j 2 h &
pids="$pids $!"
begin=$(date +%s)
for i in $(seq 40); do
	tqput -w -Q -q turns -N none || break
done
is 'each is waited for in turn' "$i" 40
ok 'without a pause' test $(($(date +%s) - begin)) -lt 30
