#!/bin/sh
# Every page of man/ is clean mdoc, to mandoc's warnings, and groff sets it in
# 80 columns without a word.  That a page it refers to is not in this machine's
# database is no fault of a page, nor is a line of few words that newer groffs
# cannot stretch to the margin.

set -u
n=0
for page in man/*.[1-9]; do
	[ -e "$page" ] || continue
	n=$((n + 1))
	found=$(mandoc -T lint -W warning "$page" 2>&1 |
	    grep -v 'outdated mandoc.db'
	    groff -mandoc -T utf8 -rLL=78n "$page" 2>&1 >/dev/null |
	    grep -v 'cannot adjust line')
	if [ -z "$found" ]; then
		echo "ok $n - $page"
	else
		echo "$found" | sed 's/^/# /'
		echo "not ok $n - $page"
	fi
done
echo "1..$n"
