#!/bin/sh
# libtq.so shows every public function and nothing else; the map file names
# them and the headers declare them.

. "${0%/*}/../lib/lint.sh"

# What the headers declare: names before a '(' outside comments and structs.
cat include/tq/*.h | perl -0ne 's{/\*.*?\*/}{}gs; s/^\s*#.*$//gm;
    s/\bstruct\s+\w+\s*\{.*?\n\};//gs;
    print "$1\n" while /\b(tq_\w+)\s*\(/g' | sort -u >"$tmp/declared"
sed -n 's/^	\(tq_[a-z0-9_]*\);$/\1/p' lib/libtq.map | sort >"$tmp/mapped"
nm -D --defined-only "$B/libtq.so" |
    awk '$2 ~ /[TDBRW]/ { sub(/@.*/, "", $3); print $3 }' | sort \
    >"$tmp/exported"

# same NAME FILE FILE
same()
{
	diff "$tmp/$2" "$tmp/$3" >"$tmp/found"
	none "$1"
}
same "the map names what the headers declare" declared mapped
same "libtq.so shows what the map names" mapped exported
