# Helpers of the lint scripts, which look at the tree; one begins with
#
#	. "${0%/*}/../lib/lint.sh"
#
# and then has a scratch directory $tmp and the functions below.  The plan is
# printed, and $tmp removed, when it exits; a trap of its own calls finish.
#
#	ok name cmd ...		a command that succeeds
#	none name		that $tmp/found is empty; shows what is in it
#	skip name why

set -u
tmp=$(mktemp -d) || exit 1
tests=0

finish()
{
	echo "1..$tests"
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

ok()
{
	tests=$((tests + 1)) name=$1 not=
	shift
	"$@" || not='not '
	echo "${not}ok $tests - $name"
}

none()
{
	sed 's/^/# /' "$tmp/found"
	ok "$1" [ ! -s "$tmp/found" ]
}

skip()
{
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}
