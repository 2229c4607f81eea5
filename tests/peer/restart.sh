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
