#!/bin/sh
# The tour of README.md is what really happens: its transcripts are run as one,
# in the way of those of the manual pages.

page=$(mktemp "${TMPDIR:-/tmp}/tqtest.XXXXXXXX") || exit 1
trap 'rm -f "$page"' EXIT
{
	echo .Bd -literal
	awk '/^```/ { shown = !shown; tour = 0; first = 1; next }
		shown && first { tour = /^\$ /; first = 0 }
		tour' README.md
	echo .Ed
} >"$page"
tests/lib/examples "$page"
