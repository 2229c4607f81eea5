#!/bin/sh
# The server is killed and started again while tasks are put and run: what was
# accepted ends, and nobody needs to be told.

. "${0%/*}/../lib/redis.sh"
redis_start
TQ_BROKER="$TQ_BROKER?workers=tq&lease=3"

mkdir h
cat >h/count <<SH
#!/bin/sh
echo "\$1" >>'$T/ran'
echo "\$1"
SH
chmod +x h/count
: >ran
tqrun -j 2 h 2>w1.err &
w1=$!
tqrun -j 2 h 2>w2.err &
w2=$!
pids="$pids $w1 $w2"

# a producer that puts until it is told to stop; 74 is tried again
producer()
{
	n=0
	while [ ! -e stop ]; do
		n=$((n + 1))
		until tqput -Q --id "id-$1-$n" -N count "$1-$n" 2>>put.err
		do
			# 1: it was put by the try that failed
			[ $? -eq 1 ] && break
			[ -e stop ] && return
			sleep 0.05
		done
		echo "id-$1-$n" >>accepted.$1
	done
}
: >accepted.1
: >accepted.2
producer 1 &
p1=$!
producer 2 &
p2=$!
more_than()
{
	[ "$(sort -u ran | wc -l)" -gt "$1" ]
}
wait_for more_than 20
for round in 1 2 3; do
	redis_kill
	before=$(sort -u ran | wc -l)
	ok "round $round: the server is back" redis_again --loglevel warning
	ok "round $round: work goes on" wait_long more_than $((before + 30))
done
: >stop
wait $p1 $p2
# one that was being put when it was told to stop may be there, or not
cat accepted.1 accepted.2 | sort >accepted
n=$(wc -l <accepted)
ok 'many were accepted' test "$n" -gt 100
all()
{
	tqresult -o id,state $(cat accepted) >states 2>states.err
	[ "$(grep -c success states)" -eq "$n" ]
}
ok 'every accepted task has succeeded' wait_long all
sed 's/^id-//' accepted >want
sort -u ran >have
is 'each of them has run' "$(comm -23 want have)" ''
ok 'both workers live' kill -0 $w1 $w2
like 'they said what happened' "$(cat w1.err)" '*redis://127.0.0.1:*'
echo "# $n accepted, $(wc -l <ran) runs, $(wc -l <have) tasks"
idle()
{
	[ "$(rcli HLEN unacked)" = 0 ]
}
ok 'nothing is held' wait_for idle

# ---- no server at the end ------------------------------------------------------
# What ended while the server was away is told when it is back, or it is said.
kill -TERM $w1 $w2
wait $w1 $w2
cat >h/slow <<SH
#!/bin/sh
echo x >>'$T/begun'
until [ -e '$T/go' ]; do sleep 0.05; done
SH
chmod +x h/slow
both_begun()
{
	[ "$(wc -l <begun 2>/dev/null)" -eq 2 ]
}
stopped()
{
	: >begun
	rm -f go
	tqput -Q --id "$1-1" -N slow && tqput -Q --id "$1-2" -N slow
	tqrun -j 2 -g "$2" h 2>"$1.err" &
	w=$!
	pids="$pids $w"
	wait_for both_begun
	redis_kill
	kill -TERM $w
	: >go
}
stopped gone 2
wait $w
is 'a worker whose last words are not heard fails' $? 69
like 'and says so' "$(cat gone.err)" '*redis://127.0.0.1:*'
redis_again --loglevel warning
ended()
{
	[ "$(tqresult -o state "$1-1" "$1-2" 2>/dev/null | sort -u)" = success ]
}
tqrun -j 2 -X h 2>again.err &
w=$!
pids="$pids $w"
ok 'its tasks end with the next worker' wait_long ended gone
kill -TERM $w
wait $w
stopped back 60
redis_again --loglevel warning
ok 'one that can tell in time does' wait_long ended back
wait $w
is 'and leaves as ever' $? 0
