#!/bin/sh
# Every page of man/ is clean mdoc, to mandoc's warnings, and groff sets it in
# 80 columns without a word and without a longer line: also where text stands two
# columns further to the right, as groff 1.23 has it.  That a page it refers to is
# not in this machine's database is no fault of a page, nor is a line of few words
# that newer groffs cannot stretch to the margin.  But the pages of tq that pages
# refer to, by file or by NAME, are there, and tq(7) and tq(3) lead to all.

. "${0%/*}/../lib/lint.sh"

nl='
'

set_page()
{
	groff -mandoc -T ascii -P-cbou -rLL=78n "$1"
}

# each "tq_settle 3" that a page documents, and the page itself
names()
{
	for page in man/*.[1-9]; do
		basename "$page" | sed 's/\.\([1-9]\)$/ \1/'
		awk -v s="${page##*.}" '/^\.Sh/ { name = $2 == "NAME" }
		    name && /^\.Nm/ { print $2, s }' "$page"
	done
}

for page in man/*.[1-9]; do
	[ -e "$page" ] || continue
	{
		mandoc -T lint -W warning "$page" 2>&1 |
		    grep -v 'outdated mandoc.db'
		set_page "$page" 2>&1 >/dev/null |
		    grep -v 'cannot adjust line'
		set_page "$page" 2>/dev/null | awk -v p="$page" '
			!margin && /^ / { match($0, /^ +/); margin = RLENGTH }
			margin && length > 73 + margin { print p ": too long: " $0 }'
	} >"$tmp/found"
	none "$page"
done

known=$(names | sort -u)
grep -H '^\.Xr tq' man/*.[1-9] | sort -u |
    while read -r at name section rest; do
	case "$nl$known$nl" in
	*"$nl$name $section$nl"*)	;;
	*)	echo "${at%%:*}: $name($section)" ;;
	esac
done >"$tmp/found"
none 'pages that others refer to are there'

for page in man/*.[1-9]; do
	name=${page#man/} section=${page##*.}
	name=${name%.*}
	[ "$name.$section" = tq.7 ] || case $section in
	[157])	grep -q "^\.Xr $name $section" man/tq.7 ||
		    echo "man/tq.7: $name($section)" ;;
	3)	[ "$name" = tq ] || grep -q "^\.Xr $name 3" man/tq.3 ||
		    echo "man/tq.3: $name(3)" ;;
	esac
done >"$tmp/found"
none 'tq(7) and tq(3) lead to all pages'
