#!/bin/sh
# A process that is out of descriptors knows nothing of the disk: it may be
# refused, but no task is lost by it and the spool goes on for all others.

. "${0%/*}/../lib/tap.sh"

TQ_SEGMENT=65536
export TQ_SEGMENT

# limited n cmd ...: with descriptors 0 to n-1
limited()
{
	(ulimit -n "$1" && shift && exec "$@") >/dev/null 2>"$T/said" </dev/null
}

# Old segments in which one of ten tasks lives: $1 of those.
thinned()
{
	long=$(head -c 3400 /dev/zero | tr '\0' x)
	for i in $(seq "$1"); do
		put "live$i" --hold -- true "$long"
		for j in 1 2 3 4 5 6 7 8 9; do
			put "gone$i.$j" --hold -- true "$long"
			echo "gone$i.$j"
		done
	done >gone
	xargs tqctl revoke <gone
	xargs tqctl forget <gone
}

lives()
{
	tqstat -s all -o id | grep -c '^live'
}

# ---- who retires segments

thinned 16
base=$(ls "$TQ_DIR/ledger")
for i in 1 2 3 4; do
	limited 8 tqput --hold -- true
done
is 'who cannot read a segment lets no task of it go' "$(lives)" 16
is 'and sets none aside' "$(ls "$TQ_DIR/damaged")" ''
check 'nothing is damaged' 0 '*' '' tqctl check
for i in 1 2 3 4 5 6; do
	put "more$i" --hold -- true
done
not_ok 'who can retires them' test "$base" = "$(ls "$TQ_DIR/ledger")"
is 'with what lives carried' "$(lives)" 16

# ---- the first after the table was lost

TQ_DIR=$T/first
put first --hold -- true
for n in 6 7 8 9 10 11 12; do
	lose_table
	limited $n tqput true
	put "after$n" --hold -- true
	is "who comes after the first with $n descriptors can put" \
	    "$(state "after$n")" held
done

# ---- while another uses the table

TQ_DIR=$T/used
put first --hold -- true
bg tqstat -f
# it holds the table for as long as it runs
wait_for sh -c 'grep -q "tq-" /proc/'$!'/maps'
for n in 3 4 5 6 7 8 9; do
	limited $n tqput -Q --hold true
	cat "$T/said"
done >words
not_ok 'who cannot open it does not say that it cannot be seen' \
    grep 'be seen' words

# ---- whatever it does

TQ_DIR=$T/all
thinned 4
head -c 200000 /dev/zero | tr '\0' y >body
echo '@every 1h true' >tab

# round n cmd ...: it, with the table and without, must leave all as it is
round()
{
	n=$1
	shift
	for lost in '' lost; do
		tqput -Q true || echo "$n $*: no put before"
		[ -z "$lost" ] || lose_table
		limited "$n" timeout -k 5 20 "$@"
		last=$?
		[ "$last" -lt 124 ] || [ "$last" -eq 127 ] ||
		    echo "$n $*${lost:+, table lost}: $last: $(cat "$T/said")"
		# a failure has a sentence, in letters
		! grep -n '^tq[a-z]*: *$\|\\x' "$T/said" ||
		    echo "$n $*${lost:+, table lost}: $last"
		[ "$(lives)" -eq 4 ] || echo "$n $*: $(lives) live"
		tqput -Q --hold true || echo "$n $*: then no put"
	done
}

# ones cmd ...: it with 3 to 13 descriptors
ones()
{
	is "with few descriptors: $*" "$(for i in $(seq 3 13); do
		round "$i" "$@"
	done 2>&1)" ''
}

# one that cannot start a task leaves after 3 s: see below
ones sh -c 'timeout 1 tqrun -E; [ $? -le 124 ]'
ones tqget true
ones tqget -L 1h
ones tqput --hold true
ones sh -c 'tqput --hold -i true <body'
ones tqctl gc
ones tqctl check
ones tqctl check --salvage
ones tqctl revoke nobody
ones tqctl pause default
ones tqctl resume default
ones tqstat -s all
ones tqstat -O
ones tqstat -W
ones tqctl workers
ones tqbeat -n 1 "$T/tab"
ones sh -c 'timeout 0.2 tqbeat "$0"; [ $? -ne 66 ] && [ $? -le 124 ]' "$T/tab"
ones tqstat live1
ones sh -c 'tqresult live1; [ $? -le 125 ]'
check 'nothing is damaged' 0 '*' '' tqctl check
is 'nothing is set aside' "$(ls "$TQ_DIR/damaged")" ''

# ---- who runs tasks

put alone -q few true
limited 18 timeout 60 tqrun -E -q few
like 'a worker that has too few to run a task leaves' \
    "$? $(tail -1 said)" '71 tqrun: *: Too many open files'
is 'and the task stays' "$(state alone)" ready
tqrun -E -q few
is 'for another' "$(state alone)" success
