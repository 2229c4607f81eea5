#!/bin/sh
# Storms of SIGKILL over graphs (storm_graph.c): 6 of 60 graphs, under
# TQ_CRASH=long of 200 as long as there is time, each policy of syncing in turn,
# in segments of 64 KiB.  A seed that failed can be given again in TQ_SEED.

. "${0%/*}/../lib/tap.sh"

storms=6 graphs=60
[ "$TQ_CRASH" = long ] && storms=1 graphs=200
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
	check "storm over graphs of seed $seed, policy $policy" 0 \
	    "seed $seed: *" '' \
	    "$B/tests/crash/storm_graph" -n "$graphs" -s "$seed" "$TQ_DIR" "$T/log"
	lose_table
	check "no damage without the table, seed $seed" 0 '*' '*' tqctl check
	lose_table
	rm -rf "$TQ_DIR" "$T/log"
	seed=$((seed + 1))
done
