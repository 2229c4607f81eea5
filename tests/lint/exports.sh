#!/bin/sh
# libtq.so shows every public function and nothing else; the map file names
# them and the headers declare them.

set -u
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

same()
{
	if diff "$tmp/$2" "$tmp/$3" >"$tmp/diff"; then
		echo "ok $1 - $4"
	else
		sed 's/^/# /' "$tmp/diff"
		echo "not ok $1 - $4"
	fi
}

# What the headers declare: names before a '(' outside comments and structs.
cat include/tq/*.h | perl -0ne 's{/\*.*?\*/}{}gs; s/^\s*#.*$//gm;
    s/\bstruct\s+\w+\s*\{.*?\n\};//gs;
    print "$1\n" while /\b(tq_\w+)\s*\(/g' | sort -u >"$tmp/declared"
sed -n 's/^	\(tq_[a-z0-9_]*\);$/\1/p' lib/libtq.map | sort >"$tmp/mapped"
nm -D --defined-only "$B/libtq.so" |
    awk '$2 ~ /[TDBRW]/ { sub(/@.*/, "", $3); print $3 }' | sort \
    >"$tmp/exported"

echo 1..2
same 1 declared mapped "the map names what the headers declare"
same 2 mapped exported "libtq.so shows what the map names"
