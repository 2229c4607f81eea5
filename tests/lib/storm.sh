# Storms of SIGKILL, one after another, each in a spool of its own, each policy
# of syncing in turn, in segments of 64 KiB; and tests/lib/tap.sh with it.
#
#	storms what n cmd ...	cmd -s seed spool log, and then the same from the
#				ledger alone, for n seeds; under TQ_CRASH=long
#				for more, as long as there is time.  A seed in
#				TQ_SEED is the only one.
#	storm_before		what is set in each spool, if the test says so

. "${0%/*}/../lib/tap.sh"

storm_before() { :; }

storms()
{
	what=$1 left=$2 seed=${TQ_SEED:-1}
	shift 2
	[ -z "$TQ_SEED" ] || left=1
	TQ_SEGMENT=65536
	export TQ_SEGMENT
	while [ "$left" -gt 0 ] ||
	    { [ -z "$TQ_SEED" ] && more_time "$((seed - 1)) storms"; }; do
		case $((seed % 3)) in
		0)	policy=none ;;
		1)	policy=full ;;
		2)	policy=batch ;;
		esac
		tqctl set "sync=$policy"
		storm_before
		check "$what of seed $seed, policy $policy" 0 \
		    "seed $seed: *" '' "$@" -s "$seed" "$TQ_DIR" "$T/log"
		lose_table
		check "no damage without the table, seed $seed" 0 '*' '*' \
		    tqctl check
		lose_table
		rm -rf "$TQ_DIR" "$T/log"
		seed=$((seed + 1))
		left=$((left - 1))
	done
}
