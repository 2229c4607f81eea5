# Helpers of the command tests; a test begins with
#
#	. "${0%/*}/../lib/tap.sh"
#
# and then has a spool of its own (TQ_DIR), a scratch directory $T, which is
# the current directory too, and the functions below.  The plan is printed and
# everything is removed when it exits, also by a signal.
#
#	run cmd ...		run it; $out, $err and $status say how it went
#	check name status out err cmd ...
#				run it; one test of all three; out and err are
#				patterns as of case, '' is nothing at all
#	is name got want	equal strings
#	like name got pattern	a string that matches as in case
#	ok name cmd ...		a command that succeeds
#	not_ok name cmd ...	a command that fails
#	skip name why
#	bg cmd ...		in the background until the end; its pid in $!
#	wait_for cmd ...	until it succeeds, half a minute and more: what
#				takes longer never comes, however slow a machine
#	term_again pid		one more TERM, with wait_for: of those that come
#				within 0.2 s, or before it runs, it hears one
#	for_others		let other users run the commands, wherever they
#				were built, and find $T
#	on_terminal line	what sh -c makes of it, on one of its own
#	lose_table		remove the shared memory of the spool
#	more_time what		under TQ_CRASH=long: the test may go on, which takes
#				TQ_CRASH_SECONDS; says so every 20 s
#	script file text	make an executable of text for sh
#	put id [option] ...	put a task of this id
#	column id cols		columns of a task, its state, or whether it
#	state id		is in one
#	is_state id state
#	in_queue queue cols	columns of all tasks of a queue
#
# $ID matches an id made by tq.

T=$(mktemp -d "${TMPDIR:-/tmp}/tqtest.XXXXXXXX") || exit 1
TQ_DIR=$T/spool
HOME=$T
LC_ALL=C
export TQ_DIR HOME LC_ALL
ID='????????-????-7???-????-????????????'
NL='
'
TAB='	'
tests=0 failures=0 pids=

# No child of this script's, or not any more: who ended long ago has left his
# number to somebody else, of another test perhaps.
not_ours()
{
	! grep -q "^PPid:	$$\$" "/proc/$1/status" 2>/dev/null
}

cleanup()
{
	trap '' INT TERM HUP
	patience=500
	for pid in $pids; do
		not_ours "$pid" || kill -TERM "$pid" 2>/dev/null
	done
	for pid in $pids; do
		wait_for not_ours "$pid" || kill -KILL "$pid" 2>/dev/null
	done
	for lock in "$T"/*/lock; do
		[ -f "$lock" ] || continue
		# the message queues of workers that were killed
		timeout 10 tqctl -b "spool:${lock%/lock}" gc >/dev/null 2>&1
		TQ_DIR=${lock%/lock} lose_table
	done
	cd /
	rm -rf "$T"
}

finish()
{
	last=$?
	trap - EXIT
	cleanup
	echo "1..$tests"
	[ "$last" -eq 0 ] || exit "$last"
	[ "$failures" -eq 0 ]
	exit
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$T" || exit 1

# passed or failed, and for a failure what was seen
report()
{
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $tests - $2"
	printf '%s\n' "$3" | sed 's/^/# /'
}

run()
{
	"$@" >"$T/.out" 2>"$T/.err"
	status=$?
	# command substitution would cut newlines at the end
	out=$(cat "$T/.out"; echo .)
	out=${out%.}
	err=$(cat "$T/.err"; echo .)
	err=${err%.}
}

matches()
{
	case $1 in
	$2|$2"$NL")	return 0 ;;
	esac
	return 1
}

check()
{
	name=$1 want_status=$2 want_out=$3 want_err=$4
	shift 4
	run "$@"
	[ "$status" -eq "$want_status" ] && matches "$out" "$want_out" &&
	    matches "$err" "$want_err"
	report $? "$name" "$* => $status (want $want_status)
stdout: $out (want $want_out)
stderr: $err (want $want_err)"
}

is()
{
	[ "$2" = "$3" ]
	report $? "$1" "got:  $2
want: $3"
}

like()
{
	matches "$2" "$3"
	report $? "$1" "got:  $2
want: $3"
}

ok()
{
	name=$1
	shift
	"$@"
	report $? "$name" "failed: $*"
}

not_ok()
{
	name=$1
	shift
	! "$@"
	report $? "$name" "succeeded: $*"
}

skip()
{
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

bg()
{
	"$@" >"$T/.bg.out" 2>"$T/.bg.err" &
	pids="$pids $!"
}

for_others()
{
	chmod 755 "$T"
	mkdir "$T/bin"
	find "$B/bin" -type f -perm -u+x -exec cp {} "$T/bin" ';'
	PATH=$T/bin:$PATH
}

# of wait_for, 20 ms apart
patience=1500

wait_for()
{
	tries=$patience
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.02
	done
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

term_again()
{
	kill -TERM "$1" 2>/dev/null
	sleep 0.25
	gone "$1"
}

wait_gone()
{
	wait_for gone "$1"
}

begun=$(date +%s) said=$begun

more_time()
{
	[ "$TQ_CRASH" = long ] || return 1
	now=$(date +%s)
	if [ $((now - said)) -ge 20 ]; then
		said=$now
		echo "     $(basename "$0"): $1, $((now - begun)) s of" \
		    "${TQ_CRASH_SECONDS:-600}" >&3
	fi 2>/dev/null
	[ $((now - begun)) -lt "${TQ_CRASH_SECONDS:-600}" ]
}

# The file names the object; the next to open the spool makes a new one.
lose_table()
{
	for shm in $(tr -c 'A-Za-z0-9._/-' '\n' <"$TQ_DIR/lock" 2>/dev/null |
	    grep '^/[^/]*$'); do
		rm -f "/dev/shm$shm"
	done
}

on_terminal()
{
	command script -qec "$1" /dev/null </dev/null
}

script()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod 755 "$1"
}

put()
{
	tqput -Q --id "$@"
}

column()
{
	tqstat -s all -o "$2" "$1"
}

state()
{
	column "$1" state
}

is_state()
{
	[ "$(state "$1")" = "$2" ]
}

in_queue()
{
	tqstat -s all -q "$1" -o "$2"
}
