#!/bin/sh
# What is said to a terminal, and to nothing else.

. "${0%/*}/../lib/tap.sh"

if ! on_terminal true >/dev/null 2>&1; then
	skip 'a terminal' 'no script(1)'
	exit
fi

# until FILE: a task that runs until then
until='until [ -e "$0" ]; do sleep 0.02; done'

# words FILE: what was written there, each time on a line of its own
words()
{
	tr -s '\r\n' '\n\n' <"$1" | sed -e 's/ *$//' -e '/^$/d'
}

says()
{
	words "$1" | grep -qx "$2"
}

# ---- how far tqrun -E is

put one sh -c "$until" "$T/go"
put bad false
on_terminal 'tqrun -E -j 1' >seen 2>&1 &
pids="$pids $!"
ok 'a worker shows how many run' wait_for says seen '1 running, 0 done, 0 failed'
touch go
wait_gone $!
like 'and how many it was' "$(words seen | tail -1)" \
    '*0 running, 1 done, 1 failed'
is 'in one line' "$(tr -d '\r' <seen | grep -c .)" 1

put short true
on_terminal 'tqrun -E' >seen 2>&1
is 'but not if it is over at once' "$(cat seen)" ''

rm go
put two sh -c "$until" "$T/go"
bg tqrun -E
wait_for is_state two started
# by then a terminal would have seen it
wait_for sh -c '[ "$(tqstat -W -o uptime | tr -dc 0-9.)" \> 2 ]'
touch go
wait_gone $!
is 'nor to a file' "$(cat .bg.err)" ''

# ---- and that it was told to stop

rm go
put three sh -c "$until" "$T/go"
on_terminal 'echo $$ >pid; exec tqrun' >seen 2>&1 &
pids="$pids $!"
wait_for is_state three started
kill -INT "$(cat pid)"
ok 'it says what it waits for, and what ends that' wait_for says seen \
    'tqrun: waiting for 1 that run; a second signal ends them'
touch go
wait_gone $!
is 'which has ended' "$(state three)" success

# ---- a queue that nobody serves

on_terminal 'tqput -q nobody true' >seen 2>&1
ok 'who puts there is told how to begin' says seen \
    "tqput: no worker serves queue 'nobody'; start one with: tqrun -q nobody"
check 'a file is not' 0 "$ID" '' tqput -q nobody true
