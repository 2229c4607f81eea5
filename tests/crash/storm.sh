#!/bin/sh
# Storms of SIGKILL (storm.c): 10 of 500 tasks, under TQ_CRASH=long of 5,000 as
# long as there is time, each policy of syncing in turn, in segments of 64 KiB.
# A seed that failed can be given again in TQ_SEED.

. "${0%/*}/../lib/tap.sh"

storms=10 tasks=500 pause=60
[ "$TQ_CRASH" = long ] && storms=1 tasks=5000 pause=20
TQ_SEGMENT=65536
export TQ_SEGMENT
first=${TQ_SEED:-1}
[ -n "$TQ_SEED" ] && storms=1

seed=$first
while [ "$seed" -lt $((first + storms)) ] ||
    { [ -z "$TQ_SEED" ] && more_time "$((seed - first)) storms"; }; do
	case $((seed % 3)) in
	0)	policy=none ;;
	1)	policy=full ;;
	2)	policy=batch ;;
	esac
	tqctl set "sync=$policy"
	tqctl cap name:capped 1
	check "storm of seed $seed, policy $policy" 0 \
	    "seed $seed: *" '' \
	    "$B/tests/crash/storm" -n "$tasks" -p "$pause" -s "$seed" "$TQ_DIR" "$T/log"
	lose_table
	check "no damage without the table, seed $seed" 0 '*' '*' tqctl check
	lose_table
	rm -rf "$TQ_DIR" "$T/log"
	seed=$((seed + 1))
done
