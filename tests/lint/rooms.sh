#!/bin/sh
# Rooms that stand on floors.  A folder with a file `floors` names its files
# there in an order in which each calls only those before it, so no two of them
# call each other in a circle:
#
#	name [header ...]:	a floor, the lowest first, and its files; lines
#		file ...	that begin with a tab go on with it
#	apart: floor floor	two that do not call each other at all
#
# The headers beside a floor's name are what it offers to those above: no file
# of a floor below includes one, through whichever other header.  Who calls whom
# is read from the objects, what they include from the dependencies beside them.

. "${0%/*}/../lib/lint.sh"

# Of a list of floors, in its order: "file FLOOR NAME", "header FLOOR NAME" and
# "apart FLOOR FLOOR".
listed()
{
	sed 's/#.*//' "$1" | awk '
	/^[^ \t]/ {
		split($0, part, ":")
		k = split(part[1], word, " ")
		floor = word[1]
		if (floor != "apart")
			for (i = 2; i <= k; i++)
				print "header", floor, word[i]
		$0 = part[2]
		if (floor == "apart")
			print "apart", $1, $2
	}
	floor != "apart" { for (i = 1; i <= NF; i++) print "file", floor, $i }'
}

# "file D name" or "file U name" for each global name that an object of room $1
# defines or wants.
names()
{
	for f in "$1"/*.c; do
		f=$(basename "$f" .c)
		nm -g "$B/$1/$f.o" | awk -v f="$f" '
		    NF == 2 && $1 == "U" { print f, "U", $2 }
		    NF == 3 { print f, "D", $3 }'
	done
}

# "file header" for each header of room $1 that a file of it includes.
includes()
{
	for f in "$1"/*.c; do
		f=$(basename "$f" .c)
		tr -s ' \\' '\n' <"$B/$1/$f.d" | sed -n \
		    "s|^lib/||; s|^${1#lib/}/\([^/:]*\.h\)\$|$f \1|p"
	done | sort -u
}

# Print each call that breaks the order listed in $1, of the names in $2.
calls()
{
	awk '
	FNR == 1 { pass++ }
	pass == 1 && $1 == "file" { floor[$3] = $2; place[$3] = ++n }
	pass == 1 && $1 == "apart" { apart[$2, $3] = apart[$3, $2] = 1 }
	pass == 2 && $2 == "D" { home[$3] = $1 }
	pass == 3 && $2 == "U" && ($3 in home) && ($1 in place) {
		a = $1; b = home[$3]
		call = a ".c (" floor[a] ") calls " $3 " of " b ".c (" \
		    floor[b] "), which "
		if (place[b] > place[a])
			print call "stands above it"
		else if ((floor[a], floor[b]) in apart)
			print call "it must not know"
	}' "$1" "$2" "$2"
}

# Print each include of $2 of a header that $1 lists of a floor above the file.
above()
{
	awk '
	NR == FNR && !($2 in level) { level[$2] = ++n }
	NR == FNR && $1 == "file" { floor[$3] = $2 }
	NR == FNR && $1 == "header" { of[$3] = $2 }
	NR > FNR && ($2 in of) && level[of[$2]] > level[floor[$1]] {
		print $1 ".c (" floor[$1] ") includes " $2 " (" of[$2] ")"
	}' "$1" "$2"
}

for floors in lib/*/floors lib/backend/*/floors; do
	[ -e "$floors" ] || continue
	room=${floors%/floors}
	listed "$floors" >"$tmp/floors"

	sed -n 's/^file .* //p' "$tmp/floors" | sort >"$tmp/have"
	for f in "$room"/*.c; do
		basename "$f" .c
	done | sort >"$tmp/want"
	diff "$tmp/want" "$tmp/have" | grep '^[<>]' >"$tmp/found"
	none "every file of $room has one place on its floors"

	# a module whose library is not here was not built
	if [ -z "$(ls "$B/$room"/*.o 2>/dev/null)" ] && [ "${CI:-}" != true ]
	then
		skip "$room" "it is not built"
		continue
	fi
	names "$room" >"$tmp/names"
	calls "$tmp/floors" "$tmp/names" >"$tmp/found"
	none "$room: each calls only files below it that it may know"

	includes "$room" >"$tmp/includes"
	above "$tmp/floors" "$tmp/includes" >"$tmp/found"
	none "$room: no file includes the header of a floor above it"
done

# The eyes themselves: a call up, a call across and a header from above must be
# seen, others not.
cat >"$tmp/list" <<'EOF'
# a comment: not a floor
table:	index	# nor is this
ledger ledger.h:
	segment
core core.h all.h: core
apart: table ledger
EOF
listed "$tmp/list" >"$tmp/floors"
ok "a list of floors is read" [ "$(cat "$tmp/floors")" = 'file table index
header ledger ledger.h
file ledger segment
header core core.h
header core all.h
file core core
apart table ledger' ]

printf '%s\n' 'index D tq_find' 'segment D tq_read' 'core D tq_enter' \
    'core U tq_find' 'core U tq_read' 'core U memcpy' 'index U tq_enter' \
    'segment U tq_find' >"$tmp/names"
ok "a call that breaks a rule is found" \
    [ "$(calls "$tmp/floors" "$tmp/names")" = 'index.c (table) calls tq_enter of core.c (core), which stands above it
segment.c (ledger) calls tq_find of index.c (table), which it must not know' ]

printf '%s\n' 'core core.h' 'core ledger.h' 'index index.h' 'index all.h' \
    'segment ledger.h' >"$tmp/includes"
ok "a header from above is found" \
    [ "$(above "$tmp/floors" "$tmp/includes")" = \
    'index.c (table) includes all.h (core)' ]

mkdir -p "$tmp/lib/x" "$tmp/b/lib/x"
: >"$tmp/lib/x/a.c"
printf '%s\n' 'b/lib/x/a.o: lib/x/a.c lib/x/a.h \' ' lib/y/c.h lib/x/b.h' \
    'lib/x/a.h:' >"$tmp/b/lib/x/a.d"
ok "what a file includes is read" \
    [ "$(cd "$tmp" && B=b includes lib/x)" = 'a a.h
a b.h' ]
