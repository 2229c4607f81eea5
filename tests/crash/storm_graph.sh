#!/bin/sh
# Storms of SIGKILL over graphs (storm_graph.c): 6 of 60 graphs, under
# TQ_CRASH=long of 200 as long as there is time.  A seed that failed can be given
# again in TQ_SEED.

. "${0%/*}/../lib/storm.sh"

if [ "$TQ_CRASH" = long ]; then
	storms 'storm over graphs' 1 "$B/tests/crash/storm_graph" -n 200
else
	storms 'storm over graphs' 6 "$B/tests/crash/storm_graph" -n 60
fi
