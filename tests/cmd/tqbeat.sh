#!/bin/sh
# tqbeat: what a schedule file says, and that each tick is put once.  What the
# clock does to it is tested in clock.sh.
. "${0%/*}/../lib/tap.sh"
TZ=UTC0
export TZ

# ---- the next ticks ----------------------------------------------------------

cat >tab <<'!'
# a comment

  0 0 1 jan *	[-q night -l "new  year"]  echo 100% [x]
@reboot up
!
check 'tqbeat -n prints time, line and command' 0 \
    "20??-01-01T00:00:00+00:00${TAB}tab:3${TAB}echo 100% \[x]" '' \
    tqbeat -n 1 tab
cat >zones <<'!'
CRON_TZ=Europe/Berlin
0 12 1 1 * berlin
CRON_TZ="EST5"
0 12 1 1 * est
CRON_TZ=
0 12 1 1 * here
!
run tqbeat -n 3 zones
is 'CRON_TZ holds for what follows' \
    "$(printf '%s' "$out" | cut -f 1,3 | sed 's/^20..-//')" \
    "01-01T12:00:00+01:00${TAB}berlin
01-01T12:00:00+00:00${TAB}here
01-01T12:00:00-05:00${TAB}est"
check 'a schedule is read from stdin' 0 "*${TAB}-:1${TAB}x" '' \
    tqbeat -n 1 - <<'!'
@every 90s x
!
check 'what a terminal could take for orders is shown as bytes' 0 \
    "*${TAB}esc:1${TAB}x\\\\x1b\\[2J" '' \
    sh -c 'printf "@daily x\033[2J\n" >esc; tqbeat -n 1 esc'

cat >bad <<'!'
0 0 30 2 * never
61 * * * * x
@yearly first
* * * * * [-q mail -p 11] x
* * * * * [-z] x
* * * * * [missed=some] x
* * * * * [-q mail
* * * * * [-l 'x] x
* * * * * [--keep] x
* * * * * [-q ../x] x
* * * * * [-e TQ_NO_SUCH] x
PATH=/bin
CRON_TZ=Mars/Olympus
@yearly lost
CRON_TZ=UTC
@yearly second
!
check 'lines that are wrong are named, the others printed' 65 \
    "*${TAB}bad:3${TAB}first$NL*${TAB}bad:16${TAB}second" \
    "tqbeat: bad:1:5: '30': no month of the line has such a day
tqbeat: bad:2:1: '61': want a minute from 0 to 59
tqbeat: bad:4:20: -p: '11' is not a number from 0 to 9
tqbeat: bad:5:12: unknown option '-z'
tqbeat: bad:6:12: 'missed=some' is neither *
tqbeat: bad:7:11: the bracket is not closed
tqbeat: bad:8:11: the bracket is not closed
tqbeat: bad:9:12: option --keep needs its time
tqbeat: bad:10:12: *../x*
tqbeat: bad:11:12: -e: 'TQ_NO_SUCH' is not set
tqbeat: bad:12:1: 'PATH': only CRON_TZ is set here*
tqbeat: bad:13:9: 'Mars/Olympus': no such time zone*
tqbeat: bad:14:1: its CRON_TZ is wrong" tqbeat -n 2 bad
check 'a file that is not there is 66' 66 '' \
    'tqbeat: none: No such file or directory' tqbeat -n 1 none
check 'so it is without -n' 66 '' \
    'tqbeat: none: No such file or directory' tqbeat none
check 'a directory is no schedule' 71 '' 'tqbeat: .: Is a directory' \
    tqbeat -n 1 .
check 'no file is usage' 64 '' "tqbeat: no schedule${NL}usage: tqbeat *" tqbeat
check 'nothing is no count' 64 '' "tqbeat: -n: '0' is not a number*" \
    tqbeat -n 0 tab
check 'a broker that keeps no schedules is refused' 78 '' \
    'tqbeat: null: this broker cannot keep schedules' tqbeat -b null: tab

# ---- putting -----------------------------------------------------------------

# beat log file: start one; stop pid: end it, and its log is complete
beat()
{
	rm -f "$1"
	tqbeat -v "$2" 2>"$1" &
	pids="$pids $!"
}
stop()
{
	kill -TERM "$1"
	wait "$1" 2>/dev/null
}
# puts log pattern: how many puts it tells of
puts()
{
	cat "$1" 2>/dev/null | grep -c ": put .* for $2"
}
at_least()
{
	[ "$(puts "$1" "$2")" -ge "$3" ]
}

cat >tab <<'!'
@every 1s [-q a -p 7 -l "two words" -x 1h --keep 2h] echo "$0"; pwd
@reboot [-q b] echo up
@every 10000d [-q c] far
!
beat log tab
first=$!
ok 'a line of @every is put' wait_for at_least log 20 2
ok 'one of @reboot when it begins' wait_for at_least log 'this boot' 1
stop $first
is 'TERM stops it' $? 0
id=$(tqstat -q a -n 1 -o id)
like 'with the options of the line' "$(tqstat -o pri,label,expires,cmd "$id")" \
    "7${TAB}two words${TAB}20*${TAB}sh -c 'echo \"\$0\"; pwd'"
tqrun -q a -n 1
check 'the task runs where tqbeat ran' 0 "sh$NL$T" '' tqresult "$id"
beat log tab
second=$!
wait_for at_least log 20 2
stop $second
is '@reboot is put once in a boot' "$(tqstat -q b -o state)" ready
is 'what is not due is not put' "$(tqstat -q c 2>&1)" 'tqstat: c: no such queue'

# ---- HUP -----------------------------------------------------------------------

tqctl purge a
echo '@every 1s [-q a] one' >tab
beat log tab
wait_for at_least log 20 1
printf '%s\n' '@reboot [-q late] up' '@every 1s [-q new] two' 'x' >tab
kill -HUP $!
ok 'HUP reads the schedule again' wait_for sh -c '[ -n "$(tqstat -q new)" ]'
ok 'and names what is wrong in it' grep -q "tab:3:1: 'x': want a minute" log
is 'a boot is long past for a new line' "$(tqstat -s all -q late 2>&1)" \
    'tqstat: late: no such queue'
mv tab away
kill -HUP $!
ok 'a file that is gone is told' \
    wait_for grep -q 'No such file or directory; the schedule is as it was' log
had=$(puts log 20)
ok 'and the schedule goes on' wait_for at_least log 20 $((had + 2))
stop $!

# ---- once ----------------------------------------------------------------------

# The ticks that logs tell of in their order, as seconds of the day.
ticks()
{
	sed -n 's/.*for \(20..-..-..\)T\(..\):\(..\):\(..\)+00:00$/\1 \2 \3 \4/p' \
	    "$@" | sort | awk '{ print ($2 * 60 + $3) * 60 + $4 }'
}
# Nothing is missing between the first and the last, but a midnight.
gaps()
{
	awk 'NR > 1 && $1 != last + 1 && $1 != last - 86399 { print last, $1 }
	    { last = $1 }'
}

echo '@every 1s [-q two missed=all] x' >tab
beat log.1 tab
one=$!
beat log.2 tab
two=$!
wait_for sh -c '[ "$(cat log.1 log.2 | grep -c ": put ")" -ge 4 ]'
stop $one
stop $two
is 'two of them put each tick once' "$(ticks log.1 log.2 | gaps)" ''
is 'as the spool knows' "$(tqstat -q two | wc -l)" "$(ticks log.1 log.2 | wc -l)"

# Killed again and again: the first and the last tell where it began and ended.
echo '@every 1s [-q kill missed=all] x' >tab
beat begin tab
wait_for at_least begin 20 1
kill -KILL $!
wait $! 2>/dev/null
for i in 1 2 3 4 5 6 7 8; do
	beat killed.$i tab
	wait_for test -s killed.$i
	kill -KILL $!
	wait $! 2>/dev/null
done
beat end tab
wait_for at_least end 20 2
stop $!
from=$(ticks begin | head -n 1) to=$(ticks end | tail -n 1)
is 'killed at any time it neither doubles nor skips a tick' \
    "$(tqstat -q kill | wc -l)" "$(((to - from + 86400) % 86400 + 1))"

# ---- when it cannot be put -------------------------------------------------------

echo '@every 1s [-q shut] x' >tab
tqput -Q -q shut x
tqctl close shut
beat log tab
ok 'a closed queue is told once' \
    wait_for grep -q 'tab:1: shut: queue is closed; the tick is not lost' log
is 'and nothing is put' "$(tqstat -q shut | wc -l)" 1
tqctl open shut
kill -HUP $!
ok 'and put when it can be' wait_for at_least log 20 1
is 'once is once' "$(grep -c 'is closed' log)" 1
stop $!

echo '@every 1s [-q keyed -k only missed=all] x' >tab
beat log tab
ok 'a tick whose key is held is not put' \
    wait_for grep -q 'tab:1: not put for 20.*: .* has key .only.' log
stop $!
is 'and the one that holds it is there' "$(tqstat -q keyed -o state,key)" \
    "ready${TAB}only"

# ---- under a service manager -----------------------------------------------------

perl -MIO::Socket::UNIX -MSocket -e '
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "notify")
	    or die "notify: $!\n";
	$| = 1;
	print "$_\n" while defined($s->recv($_, 4096))' >manager &
listener=$!
pids="$pids $listener"
wait_for test -S notify
echo '@hourly [-q far] x' >tab
rm -f log
NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=1000000 tqbeat -v tab 2>log &
pids="$pids $!"
ok 'the manager is told that it is ready' wait_for grep -q '^READY=1$' manager
ok 'its watchdog is fed' \
    wait_for sh -c '[ "$(grep -c "^WATCHDOG=1$" manager)" -ge 2 ]'
kill -HUP $!
ok 'and told of HUP' wait_for grep -q '^RELOADING=1$' manager
ok 'and of the end of that' \
    wait_for sh -c '[ "$(grep -c "^READY=1$" manager)" -ge 2 ]'
stop $!
ok 'and that it stops' wait_for grep -q '^STOPPING=1$' manager
kill "$listener"
