#!/bin/sh
# Storms of SIGKILL (storm.c): 10 of 500 tasks, under TQ_CRASH=long of 5,000 as
# long as there is time.  A seed that failed can be given again in TQ_SEED.

. "${0%/*}/../lib/storm.sh"

storm_before()
{
	tqctl cap name:capped 1
}

if [ "$TQ_CRASH" = long ]; then
	storms storm 1 "$B/tests/crash/storm" -n 5000 -p 20
else
	storms storm 10 "$B/tests/crash/storm" -n 500 -p 60
fi
