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
