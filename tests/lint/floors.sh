#!/bin/sh
# The floors of the house, read from the #include lines.
#
# A file includes public headers, its own room and rooms on lower floors,
# never a sibling room of its own floor; a test of a broken rule shows that
# this script would see one.

. "${0%/*}/../lib/lint.sh"

# Print "file: includes other" for each include in the files named that goes
# up or sideways.  Rooms are named as in "lib/room/x.h" or "room/x.h".
offences()
{
	awk '
	BEGIN {
		floor["base"] = 0
		floor["spool"] = floor["message"] = 1
		floor["backend"] = 2
		floor["client"] = 3
		floor["worker"] = floor["command"] = floor["beat"] = 4
		floor["bin"] = 5
	}
	# The room of a path: its folder under lib, a backend with its system.
	function room(path,  part, k) {
		sub(/^.*lib\//, "", path)
		k = split(path, part, "/")
		if (part[1] == "backend" && k > 2)
			return "backend/" part[2]
		return part[1]
	}
	# A header of no room is one of this very folder, "x.h" or "../y/x.h".
	function target(path,  dir) {
		if (path !~ /\//)
			return room(FILENAME)
		if (path ~ /^\.\.\//) {
			dir = FILENAME
			sub(/\/[^\/]*$/, "", dir)
			while (sub(/^\.\.\//, "", path))
				sub(/\/[^\/]*$/, "", dir)
			path = dir "/" path
		}
		return room(path)
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, q, "\"")
		from = room(FILENAME)
		to = target(q[2])
		f = from; sub(/\/.*/, "", f)
		t = to; sub(/\/.*/, "", t)
		# lib/backend itself holds what the backends share
		if (from == to || (f == "backend" && to == "backend"))
			next
		if (!(t in floor))
			print FILENAME ": includes \"" q[2] "\", no room"
		else if (floor[t] >= floor[f])
			print FILENAME ": includes " to
	}
	' "$@"
}

for room in base spool message backend client worker command beat; do
	[ -d lib/$room ] || continue
	find lib/$room -name '*.[ch]' >"$tmp/files"
	[ -s "$tmp/files" ] || continue
	offences $(cat "$tmp/files") >"$tmp/found"
	none "lib/$room includes nothing above or beside it"
done

grep -n 'include[ 	]*"' include/tq/*.h >"$tmp/found"
none "public headers include only public headers"

# Each header stands alone.
for h in include/tq/*.h $(find lib -name '*.h'); do
	printf '#include "%s"\n' "$h" |
	    ${CC:-cc} -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE \
	    -Iinclude -I. -Ilib -fsyntax-only -x c - 2>"$tmp/err" ||
	    { echo "$h"; cat "$tmp/err"; }
done >"$tmp/found"
none "every header stands alone"

# The eye itself: each of these must be seen.
mkdir -p "$tmp/lib/base" "$tmp/lib/spool" "$tmp/lib/backend/null" \
    "$tmp/lib/worker"
echo '#include "spool/segment.h"' >"$tmp/lib/base/up.c"
echo '#include "lib/message/native.h"' >"$tmp/lib/spool/beside.c"
echo '#include "../redis/broker.h"' >"$tmp/lib/backend/null/beside.c"
echo '#include "../command/ids.h"' >"$tmp/lib/worker/beside.c"
echo '#include "nowhere/x.h"' >"$tmp/lib/worker/lost.c"
printf '%s\n' '#include "base/buf.h"' '#include "../message/quote.h"' \
    '#include "pool.h"' '#include <tq/tq.h>' >"$tmp/lib/worker/good.c"
found=$(find "$tmp/lib" -name '*.c' | while read -r f; do
	offences "$f"
done | sed "s|$tmp/||" | sort)
ok "a file that breaks a rule is found" [ "$found" = 'lib/backend/null/beside.c: includes backend/redis
lib/base/up.c: includes spool
lib/spool/beside.c: includes message
lib/worker/beside.c: includes command
lib/worker/lost.c: includes "nowhere/x.h", no room' ]
