#!/bin/sh
# A worker is started and stopped a hundred times while there is work: no task
# is lost, and none runs twice, since nothing was killed.

. "${0%/*}/../lib/tap.sh"

n=4000
rounds=100

# Half of them are commands, half go to a resident handler; each leaves a line.
cat >note <<'END'
#!/bin/sh
while IFS= read -r line; do
	id=${line#'{"id":"'} id=${id%%'"'*}
	echo "$id" >>log
	echo "{\"id\":\"$id\"}"
done
END
chmod 755 note
seq $n | sed 's/.*/{"id":"c&","argv":["sh","-c","echo $TQ_ID >>log"]}\
{"id":"n&","name":"note"}/' | tqput -mJ -Q
: >log

# Stop the worker $1 in one of three ways.
stop()
{
	case $(($2 % 3)) in
	0)	kill -TERM "$1" ;;
	1)	kill -INT "$1" ;;
	2)	tqctl -Q stop ;;
	esac
}

serves()
{
	[ "$(tqstat -W -o pid)" = "$1" ]
}

i=0 odd=0
while [ $i -lt $rounds ]; do
	i=$((i + 1))
	tqrun -j 2 -U note=./note 2>>err &
	worker=$!
	pids=$worker
	# before it is one a signal is no wish to it, and it has no inbox
	wait_for serves "$worker"
	stop "$worker" $i
	wait "$worker" || odd=$((odd + 1))
done
is "$rounds orderly ends" "$odd" 0
is 'nothing to complain about' "$(cat err)" ''
done=$(wc -l <log)
ok 'there was work all the time' [ "$done" -lt $((2 * n)) ]
ok 'and some of it was done' [ "$done" -ge $rounds ]
is 'no task ran twice' "$(sort log | uniq -d)" ''
is 'what ran is a success, the rest waits' \
    "$(tqstat -s success -o id | wc -l) $(tqstat -s ready -o id | wc -l)" \
    "$done $((2 * n - done))"
is 'no worker was lost with one' "$(tqstat -s ready -o crashes | sort -u)" 0
tqrun -E -U note=./note
is 'the rest runs' "$(sort -u log | wc -l)" $((2 * n))
is 'each once' "$(wc -l <log)" $((2 * n))
