#!/bin/sh
# What happens when the clock is set: it is that of tests/shim/clock.c, loaded
# into the commands, so that the machine's own is left alone.
. "${0%/*}/../lib/tap.sh"
TZ=UTC0
shim=$B/tests/shim/clock.so
CLOCK=$T/clock
export TZ CLOCK
# tqput has no dynamic loader to load the shim; its twin has one
tqput=$B/modules/tqput

if [ ! -f "$shim" ]; then
	skip 'the clock is set' 'not with sanitizers'
	exit 0
fi

# set_clock date: "2026-03-29T00:59:30Z"; it runs on from there
set_clock()
{
	printf '%+011d000000000' $(($(date -d "$1" +%s) - $(date +%s))) |
	    dd of="$CLOCK" conv=notrunc status=none
}
# by seconds: set it forward or back
by()
{
	printf '%+011d000000000' $(($(sed 's/.........$//; s/^\([+-]\)0*/\1/; s/^[+-]$/0/' "$CLOCK") + $1)) |
	    dd of="$CLOCK" conv=notrunc status=none
}
# with the test's clock
t()
{
	LD_PRELOAD=$shim "$@"
}
b()
{
	LD_PRELOAD=$shim "$@" 2>"$log" &
	pids="$pids $!"
}
stop()
{
	kill -TERM "$1"
	wait "$1" 2>/dev/null
}
state()
{
	t tqstat -o state "$1"
}
printf '+0000000000000000000' >"$CLOCK"
set_clock 2026-06-01T12:00:00Z
like 'the clock is the one of the test' \
    "$(t date -u +%FT%H:%M)" '2026-06-01T12:0[0-9]'

# ---- tasks ---------------------------------------------------------------------

log=run.log b tqrun -q a
run=$!
id=$(t "$tqput" -q a -d 1h true)
is 'a task waits for its time' "$(state "$id")" delayed
by 3600
ok 'set forward, its worker starts it' wait_for is_state "$id" success
ok 'which did not wait for its next look' grep -qx tqrun "$CLOCK.told"
stop $run

log=get.log
t tqget -q a -t 60 true &
get=$!
wait_for sh -c 'LD_PRELOAD= tqstat -W | grep -q .'
id=$(t "$tqput" -q a -d 1h true)
by 3600
wait $get
is 'set forward, one who waits with tqget gets it' $? 0
is 'and it has run' "$(state "$id")" success
ok 'who did not wait for his next look' grep -qx tqget "$CLOCK.told"

id=$(t "$tqput" -q a -d 1h true)
by 3601
is 'its time came' "$(state "$id")" ready
by -3601
check 'set back, it is not started before its time' 1 '' '' \
    t tqget -q a -t 0 true
is 'but waits again' "$(state "$id")" delayed
by 3601
check 'and starts when that has come again' 0 '' '' t tqget -q a -t 0 true

id=$(t "$tqput" -q a -x 1h true)
by 3601
is 'set forward, it has expired' "$(state "$id")" expired
by -3601
is 'which no clock undoes' "$(state "$id")" expired
check 'and nobody starts it' 1 '' '' t tqget -q a -t 0 true

id=$(t "$tqput" -q a -x 1h true)
t tqresult -w "$id" 2>waited &
waiter=$!
wait_for sh -c "grep -q . /proc/$waiter/wchan" || true
by 3601
wait $waiter
is 'who waits for an expired task is told' $? 125
like 'and why' "$(cat waited)" '*expired*'

claim=$(t "$tqput" -Q -q lease true; t tqget -q lease -L 1h -n 1 -o id)
by 86400
is 'a lease does not end because the clock is set' \
    "$(t tqget -q lease -t 0 -L 1h -n 1; t tqstat -q lease -o state)" started
t tqctl done "$claim/1"

check 'a delay of 10^9 seconds is a time' 0 "$ID" '' t "$tqput" -q far -d 1000000000 x
check 'one that no clock will show is refused' 64 '' '*too long a time*' \
    t "$tqput" -q far -d 99999999999999 x
check 'the year 1 is refused in words' 64 '' \
    "*-a: '0001-01-01': not between 1970 and 2262" t "$tqput" -a 0001-01-01 x
check 'so is the year 9999' 64 '' \
    "*-a: '9999-12-31T23:59': not between 1970 and 2262" \
    t "$tqput" -a 9999-12-31T23:59 x
check 'and 30 February' 64 '' "*-a: '2026-02-30': there is no such time" \
    t "$tqput" -a 2026-02-30 x
check 'and what is not a time' 64 '' "*-x: 'soon': want *" \
    t "$tqput" -x soon x

# ---- schedules -------------------------------------------------------------------

# begin date line ...: a new spool and schedule at that time, ticks in $log
begin()
{
	set_clock "$1"
	shift
	n=$((n + 1)) log=beat.$n
	printf '%s\n' "$@" >tab.$n
	TQ_DIR=$T/spool.$n
	b tqbeat -v "tab.$n"
	wait_for grep -q lines "$log"
}
again()
{
	log=beat.$n.more
	b tqbeat -v "tab.$n"
	wait_for grep -q lines "$log"
}
# told n: wait until the log has n lines of ticks; print their times
told()
{
	wait_for sh -c '[ "$(grep -c ": put " '"$log"')" -ge '"$1"' ]'
	sed -n 's/.*: put .* for //p' "$log"
}
n=0

begin 2026-03-29T00:59:58Z 'CRON_TZ=Europe/Berlin' '30 2 * * * x' '0 4 * * * y'
is 'a time that is left out is a tick right after' "$(told 1)" \
    2026-03-29T03:00:00+02:00
set_clock 2026-03-29T02:00:01Z
is 'and the day goes on' "$(told 2)" \
    "2026-03-29T03:00:00+02:00${NL}2026-03-29T04:00:00+02:00"
stop $!

begin 2026-10-25T00:29:58Z 'CRON_TZ=Europe/Berlin' '30 2 * * * x' '0 3 * * * y'
is 'a time that is shown twice' "$(told 1)" 2026-10-25T02:30:00+02:00
set_clock 2026-10-25T01:59:58Z
is 'is a tick once' "$(told 2)" \
    "2026-10-25T02:30:00+02:00${NL}2026-10-25T03:00:00+01:00"
stop $!

begin 2026-06-01T12:00:30Z '0 * * * * x' '0 * * * * [missed=all] y' \
    '0 * * * * [missed=none] z'
by 14400
told 6 >/dev/null
is 'set forward over four ticks, one is put where nothing is said' \
    "$(sed -n 's/.*:1: put .* for //p' "$log")" 2026-06-01T16:00:00+00:00
is 'each with missed=all' "$(sed -n 's/.*:2: put .* for //p' "$log")" \
    "2026-06-01T13:00:00+00:00
2026-06-01T14:00:00+00:00
2026-06-01T15:00:00+00:00
2026-06-01T16:00:00+00:00"
is 'one that is not late with missed=none' \
    "$(sed -n 's/.*:3: put .* for //p' "$log")" 2026-06-01T16:00:00+00:00
set_clock 2026-06-01T17:10:00Z
wait_for grep -q ':3: missed 2026-06-01T17:00:00' "$log"
ok 'without waiting for its next look' grep -qx tqbeat "$CLOCK.told"
is 'none that is' "$(grep -c ':3: put' "$log")" 1

set_clock 2026-06-01T14:30:00Z
told 8 >had
set_clock 2026-06-01T17:30:00Z
again
stop $!
is 'set back and forward again, nothing is put twice' \
    "$(sed -n 's/.*: put .* for //p' "beat.$n" "$log")" "$(cat had)"
set_clock 2026-06-01T18:00:01Z
log=beat.$n
is 'and the next are' "$(told 11 | tail -n 3 | sort -u)" \
    2026-06-01T18:00:00+00:00

set_clock 2026-05-01T08:59:50Z
ok 'set back by a month, it says that the clock was wrong' wait_for grep -q \
    ':1: the last tick was put for 2026-06-01T18:00:00.*it begins anew' "$log"
set_clock 2026-05-01T09:00:00Z
is 'and begins anew' "$(told 14 | tail -n 3 | sort -u)" \
    2026-05-01T09:00:00+00:00
is 'the spool has what was told' "$(t tqstat | wc -l)" 14
