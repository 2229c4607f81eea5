#!/bin/sh
# tqresult: a task's output and status passed through, and as columns.

. "${0%/*}/../lib/tap.sh"

# ---- ended tasks

put three sh -c 'echo out; echo err >&2; exit 3'
put zero echo hello
put five sh -c 'exit 5'
put sig sh -c 'kill -9 $$'
put missing /nonexistent/program
put 124 sh -c 'exit 124'
: >plain
put plain "$T/plain"
tqrun -E

check 'output and status are the task'\''s' 3 out err tqresult three
check '-1 is stdout only' 3 out '' tqresult -1 three
check '-2 is stderr only' 3 '' err tqresult -2 three
check 'status 0' 0 hello '' tqresult zero
check 'several: outputs in the order given, the first status not 0' 5 \
    "hello${NL}out" err tqresult zero five three
check 'several that succeeded' 0 "hello${NL}hello" '' tqresult zero zero
check 'killed by a signal is 128+n' 137 '' '*' tqresult sig
check 'not found is 127' 127 '' '*' tqresult missing
check 'cannot run is 126' 126 '' '*' tqresult plain
check 'a status of 124 is passed' 124 '' '' tqresult 124
run tqresult - <<IDS
zero	the rest of a line
zero
IDS
is 'ids from stdin' "$status $out" "0 hello${NL}hello$NL"
for odd in 'back\slash' "$(printf '\377')" "$(printf '\342\200\256x')"; do
	put "$odd" -q odd echo hello
done
tqrun -q odd -E
tqstat -q odd -s all -o id >ids
run tqresult - <ids
is 'ids as tqstat prints them' "$status $out" \
    "0 hello${NL}hello${NL}hello$NL"
check 'an unknown id is 125' 125 '' '*nosuch*' tqresult nosuch
id=$(tqput true)
check 'a tail is an id' 124 '' "*$id*" \
    tqresult "$(printf '%s' "$id" | tail -c 8)"
put big sh -c 'head -c 1000000 /dev/zero | tr "\0" x'
put bytes printf '\000\377\n\033[31m'
tqrun -E
is 'a large output is whole' "$(tqresult big | wc -c)" 1000000
tqresult bytes >got
printf '\000\377\n\033[31m' >want
ok 'bytes are not changed' cmp got want

# ---- ended without a status, not ended

put held --hold echo late
put revoked true
tqctl -Q revoke revoked
check 'revoked is 125 and says so' 125 '' '*revoked*' tqresult revoked
check 'not ended is 124 and says so' 124 '' '*held: not finished, held*' \
    tqresult held
check '-w -t gives up with 124' 124 '' '*held*' tqresult -w -t 0.1 held
check '-t alone waits, too' 124 '' '*held*' tqresult -t 0 held

# ---- waiting

tqrun -j 4 >run.out 2>&1 &
pids="$pids $!"
put soon sh -c "while ! test -e $T/go; do sleep 0.02; done; echo done; exit 4"
ok 'a task runs' wait_for is_state soon started
tqresult -w soon >wait.out 2>wait.err &
waiter=$!
: >go
wait "$waiter"
is '-w waits for the end' "$? $(cat wait.out)" '4 done'

put live sh -c "echo one; while ! test -e $T/go2; do sleep 0.02; done
	echo two; exit 6"
tqresult -f live >live.out 2>live.err &
waiter=$!
ok '-f shows output while it runs' wait_for grep one live.out
is 'and is not at the end' "$(cat live.out)" one
: >go2
wait "$waiter"
is '-f goes on to the end' "$? $(cat live.out)" "6 one${NL}two"

put slow sh -c "while ! test -e $T/go3; do sleep 0.02; done; echo slow"
put quick echo quick
check '-n takes the first to end' 0 quick '' tqresult -w -n 1 slow quick
check '-n without -w takes what has ended' 0 quick '' \
    tqresult -n 1 slow quick
: >go3
check 'all of them, in the order given' 0 "slow${NL}quick" '' \
    tqresult -w slow quick
check '-n of more than there are is all' 0 "slow${NL}quick" '' \
    tqresult -n 9 slow quick

# ---- attempts

put twice sh -c 'echo "attempt $TQ_ATTEMPT"; exit 7'
check 'the first attempt' 7 'attempt 1' '' tqresult -w twice
tqctl -Q retry twice
check 'the last attempt' 7 'attempt 2' '' tqresult -w twice
check '--attempt shows an earlier one' 7 'attempt 1' '' \
    tqresult --attempt 1 twice
put uneven sh -c 'exit $((TQ_ATTEMPT + 3))'
check 'a first status' 4 '' '' tqresult -w uneven
tqctl -Q retry uneven
check 'a second status' 5 '' '' tqresult -w uneven
check '--attempt exits as that one did' 4 '' '' tqresult --attempt 1 uneven
check 'an attempt that was not' 125 '' \
    'tqresult: twice: nothing is kept of attempt 9' tqresult --attempt 9 twice

# ---- queues

put one -q many sh -c "while ! test -e $T/go4; do sleep 0.02; done"
bg tqrun -q many
check '-w -q gives up with 124' 124 '' '*many*' tqresult -w -t 0 -q many
: >go4
check '-w -q waits for a queue' 0 '' '' tqresult -w -t 60 -q many
check 'then its tasks have ended' 0 success '' state one

# ---- columns

check '-o prints columns; the status is ordinary' 0 \
    "three${TAB}failure${TAB}3" '' tqresult -o id,state,status three
check '1 if one has not ended' 1 "zero${TAB}success${NL}held${TAB}held" '' \
    tqresult -o id,state zero held
check '-H names them' 0 "id${TAB}state${NL}zero${TAB}success" '' \
    tqresult -H -o id,state zero
check '-J is an object' 0 '{"id":"zero","status":0}' '' \
    tqresult -J -o id,status zero
check '-J alone has all columns' 0 '{"id":"zero",*"state":"success",*}' '' \
    tqresult -J zero
check 'output as a column is escaped' 0 '\\x00\\xff\\n\\x1b\[31m' '' \
    tqresult -o out bytes
tqresult -0 -o id,state zero three >got
printf 'zero\0success\0three\0failure\0' >want
ok '-0 ends each field in NUL' cmp got want
check 'an unknown id is 66' 66 '' '*nosuch*' tqresult -J nosuch
check 'columns wait as well' 1 "held${TAB}held" '' \
    tqresult -w -t 0 -o id,state held

# ---- from the ledger alone

pkill_runs()
{
	tqctl -Q stop -w -t 60
}
ok 'workers leave' pkill_runs
lose_table
check 'a result survives the table' 3 out err tqresult three
check 'an earlier attempt, too' 7 'attempt 1' '' \
    tqresult --attempt 1 twice

# ---- usage

check 'no id' 64 '' 'tqresult: no ids*usage: tqresult *' tqresult
check '-q with ids' 64 '' '*usage: tqresult *' tqresult -w -q many zero
check '-q without -w' 64 '' '*usage: tqresult *' tqresult -q many
check '-f with columns' 64 '' '*usage: tqresult *' tqresult -f -J zero
check 'a bad column is quoted' 64 '' "*'nonsense'*" \
    tqresult -o id,nonsense zero
check 'a bad count is quoted' 64 '' "*'0'*" tqresult -n 0 zero
check 'a bad timeout is quoted' 64 '' "*'never'*" tqresult -t never zero
check 'an unknown option' 64 '' "*unknown option '-Z'*" tqresult -Z zero
check 'a broker that is not there' 125 '' '*nosuch*' \
    tqresult -b nosuch: zero
tqresult -J zero >/dev/full 2>full.err
is 'records that cannot be written' $? 74
tqresult zero >/dev/full 2>full.err
is 'output that cannot be written' $? 125
