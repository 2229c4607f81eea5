#!/bin/sh
# lib/spool stands on floors: lib/spool/floors names its files in an order in
# which each calls only those before it, so no two of them call each other in
# a circle, and the ledger side and the table side not at all.  Who calls whom
# is read from the objects, and what they include from the dependencies beside
# them.

set -u
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
n=0

# ok STATUS NAME: one line of TAP
ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

# "floor file" for each file of a list like lib/spool/floors, in its order.
listed()
{
	sed 's/#.*//' "$1" | awk '
	{ i = 1 }
	/^[a-z]+:/ { floor = substr($(i++), 1, length($1) - 1) }
	{ for (; i <= NF; i++) print floor, $i }'
}

# "file D name" or "file U name" for each global name that an object of the
# room defines or wants.
names()
{
	for f in lib/spool/*.c; do
		f=$(basename "$f" .c)
		nm -g "$B/lib/spool/$f.o" | awk -v f="$f" '
		    NF == 2 && $1 == "U" { print f, "U", $2 }
		    NF == 3 { print f, "D", $3 }'
	done
}

# Print each call that breaks the order in file $1, of the names in file $2.
offences()
{
	awk '
	FNR == 1 { pass++ }
	pass == 1 { floor[$2] = $1; place[$2] = ++n; next }
	pass == 2 { if ($2 == "D") home[$3] = $1; next }
	$2 == "U" && ($3 in home) && ($1 in place) {
		a = $1; b = home[$3]
		pair = floor[a] " " floor[b]
		if (place[b] > place[a])
			print a ".c (" floor[a] ") calls " $3 " of " b ".c (" \
			    floor[b] "), which stands above it"
		else if (pair == "ledger table" || pair == "table ledger")
			print a ".c (" floor[a] ") calls " $3 " of " b ".c (" \
			    floor[b] "), which it must not know"
	}' "$1" "$2" "$2"
}

listed lib/spool/floors >"$tmp/floors"
names >"$tmp/names"

awk '{ print $2 }' "$tmp/floors" | sort >"$tmp/have"
for f in lib/spool/*.c; do
	basename "$f" .c
done | sort >"$tmp/want"
diff "$tmp/want" "$tmp/have" | sed -n 's/^[<>]/# &/p'
cmp -s "$tmp/want" "$tmp/have"
ok $? "every file of lib/spool has one place on its floors"

offences "$tmp/floors" "$tmp/names" >"$tmp/found"
sed 's/^/# /' "$tmp/found"
[ ! -s "$tmp/found" ]
ok $? "each calls only files below it, and ledger and table not each other"

# What a floor offers is not seen below it, through whichever header.
while read -r floor f; do
	case $floor in
	verbs)	continue ;;
	upkeep)	above='verb' ;;
	core)	above='verb|upkeep' ;;
	*)	above='verb|upkeep|core' ;;
	esac
	grep -Eo "spool/($above)\.h" "$B/lib/spool/$f.d" | sort -u |
	    sed "s|^|$f.c ($floor) includes |"
done <"$tmp/floors" >"$tmp/found"
sed 's/^/# /' "$tmp/found"
[ ! -s "$tmp/found" ]
ok $? "no file includes the header of a floor above it"

# The eye itself: a call up and a call across must be seen, others not.
printf '%s\n' 'table index' 'ledger segment' 'core core' >"$tmp/floors"
printf '%s\n' 'index D tq_find' 'segment D tq_read' 'core D tq_enter' \
    'core U tq_find' 'core U tq_read' 'core U memcpy' 'index U tq_enter' \
    'segment U tq_find' >"$tmp/names"
[ "$(offences "$tmp/floors" "$tmp/names")" = 'index.c (table) calls tq_enter of core.c (core), which stands above it
segment.c (ledger) calls tq_find of index.c (table), which it must not know' ]
ok $? "a call that breaks a rule is found"

echo "1..$n"
