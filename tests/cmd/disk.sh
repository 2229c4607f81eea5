#!/bin/sh
# A disk whose syncs fail, for once or for ever: commands say so once and leave
# with 74, nothing that was told is lost, and it goes on when the disk is good.

. "${0%/*}/../lib/tap.sh"

if [ -n "$SAN" ] || ! strace -qq -o /dev/null true 2>/dev/null; then
	skip 'disks that fail' 'no strace here'
	exit
fi

# on_disk error when cmd ...: syncs fail from the when-th on, or (no +) once
on_disk()
{
	error=$1 when=$2
	shift 2
	timeout -k 5 100 strace -qq -f -o "$T/${trace-trace}" -e trace=fdatasync,fsync \
	    -e inject=fdatasync,fsync:error="$error":when="$when" "$@"
}

lines()
{
	wc -l <"$1" | tr -d ' '
}

states()
{
	tqstat -s all -o state | sort | uniq -c | tr -s ' \n' '  '
}

# ---- a worker

# The task ends when the disk has failed: an end before that is written, and who
# wrote it cannot tell whether it is lost.  With one place, and that taken, what
# was written is synced nevertheless.
for error in EIO ENOSPC; do
	TQ_DIR=$T/$error
	tqput -Q -c "until grep -q INJECTED '$T/trace'; do sleep 0.02; done"
	check "a worker leaves: $error" 74 '' '*' \
	    on_disk $error 1+ tqrun -E -j 1
	is 'it says so once' \
	    "$(printf %s "$err" | grep -c 'the disk failed')" 1
	like 'and names the task whose end is lost' "$err" \
	    "*$ID: ended (success), which cannot be recorded*"
	ok 'without trying again and again' \
	    test "$(grep -c INJECTED "$T/trace")" -lt 10
	check 'with a good disk it runs again' 0 '' '' tqrun -E
	is 'and has ended' "$(states)" ' 1 success '
	check 'no damage' 0 '*' '' tqctl check
done

TQ_DIR=$T/many
tqput -Q true
tqput -Q -- sh -c 'echo >>long; exec sleep 0.5'
tqput -Q --once false
run on_disk EIO 2+ tqrun -E -j 2
is 'a worker of many leaves' "$status" 74
is 'what ran was let finish' "$(lines long)" 1
check 'the same is true after a loss of the table' 0 '*' '' tqctl check
run timeout -k 5 100 tqrun -E
like 'all have ended' "$(states)" '* 2 success *'

TQ_DIR=$T/once
tqput -Q true
check 'one sync that fails is mended' 0 '' '' strace -qq -f -o "$T/trace" \
    -e trace=fdatasync -e inject=fdatasync:error=EIO:when=1 tqrun -E
is 'and nothing is lost' "$(states)" ' 1 success '

# ---- who waits leaves too, and then it goes on by itself

TQ_DIR=$T/wait
tqput -Q -q other true
# or the worker would write that there is this queue
tqrun -E
# One that has not left when another puts.  It has no line, for where one begins
# it would write; and whoever comes first syncs for the others.
: >"$T/none"
tqbeat -v "$T/none" 2>"$T/beats" &
beat=$!
wait_for grep -q /dev/shm/tq- "/proc/$beat/maps"
kill -STOP $beat
trace=trace1 on_disk EIO 1+ tqrun 2>"$T/idle" &
worker=$!
trace=trace2 on_disk EIO 1+ tqstat -f >"$T/events" 2>"$T/eyes" &
eyes=$!
pids="$pids $beat $worker $eyes"
wait_for sh -c 'test "$(tqstat -W | wc -l)" -eq 1'
# by whichever of them, or by itself
check 'a put is not told' 74 '' '*failed*' \
    on_disk EIO 1+ tqput true
check 'nor is another, of a good disk' 74 '' '*all that use*have left*' \
    tqput true
kill -CONT $beat
wait $worker
is 'an idle worker leaves' $? 74
is 'with one line' "$(grep -c 'disk failed' "$T/idle")" 1
wait $eyes
is 'so does who follows events' $? 74
kill $beat 2>/dev/null
wait_gone $beat
check 'after that a put is taken' 0 "$ID" '' tqput -q other true
ok 'the first is there still' \
    test "$(tqstat -q other -s ready -o id | wc -l)" -eq 2

echo '@every 1s [-q beat] true' >"$T/tab"
run on_disk EIO 2+ tqbeat "$T/tab"
is 'a schedule leaves' "$status" 74
is 'its tick is put by the next' "$(tqbeat -v "$T/tab" 2>"$T/beat" &
    pid=$!
    wait_for grep -q ': put ' "$T/beat" && echo put
    kill $pid)" put

# ---- looking goes on, but at ends that may be lost

TQ_DIR=$T/look
id=$(tqput true)
tqput -Q false
run on_disk EIO 1+ tqctl revoke "$id"
is 'a change is not told' "$status" 74
check 'what has not ended is looked at' 0 '*false' '' tqstat
check 'its end is not told by others' 74 '' '*the disk failed*' tqstat "$id"

# ---- each command, at each sync: nothing told is lost, nothing hangs

# each name cmd: what it put and told is there afterwards, and runs
each()
{
	name=$1 wrong= told=
	shift
	for error in EIO ENOSPC; do
		for when in 1+ 2+ 3+ 4+ 1 2 3; do
			TQ_DIR=$T/each
			rm -rf "$TQ_DIR"
			tqput -Q -q first true
			run on_disk $error $when sh -c "$*"
			[ "$status" -le 1 ] || [ "$status" -eq 74 ] ||
			    [ "$status" -eq 75 ] || [ "$status" -eq 125 ] ||
			    wrong="$wrong $error:$when=$status"
			printf %s "$out" | grep -E '^[0-9a-f-]{36}$' |
			    sort >"$T/told"
			timeout -k 5 100 tqctl check >"$T/check" 2>&1 ||
			    wrong="$wrong $error:$when:check"
			timeout -k 5 100 tqrun -E 2>"$T/again"
			[ $? -le 1 ] || wrong="$wrong $error:$when:run"
			tqstat -s success,failure,revoked -o id | sort |
			    comm -23 "$T/told" - >"$T/missing"
			[ ! -s "$T/missing" ] ||
			    wrong="$wrong $error:$when:missing"
			lose_table
		done
	done
	is "$name, each sync" "$wrong" ''
}

each tqput 'tqput true'
each 'tqput of many' 'seq 5 | tqput -m true'
each 'tqput of a chord' 'seq 3 | tqput -m --chord cat echo'
each 'tqput of a body' 'head -c 100000 /dev/zero | tqput -i wc'
each tqget 'tqput true && tqget true'
each 'tqget that prints' 'tqput a >/dev/null && tqget -n 1'
each tqrun 'tqput true && tqput head -c 100000 /dev/zero && tqrun -E'
each 'tqrun of a once' 'tqput --once true && tqrun -E'
each 'tqctl purge' 'tqput true && tqctl purge default'
each 'tqctl set' 'tqctl set keep=3d'
each 'tqctl flush' 'tqctl set sync=none && tqput true >/dev/null && tqctl flush'
each 'tqresult' 'id=$(tqput true) && tqrun -E && tqresult $id'

TQ_DIR=$T/flush
tqctl set sync=none
tqput -Q true
check 'flush syncs whatever the policy' 0 '' '' strace -qq -f -o "$T/trace" \
    -e trace=fdatasync,syncfs tqctl flush
ok 'the ledger and the names' sh -c \
    "grep -q fdatasync $T/trace && grep -q syncfs $T/trace"
