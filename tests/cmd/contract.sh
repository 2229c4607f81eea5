#!/bin/sh
# Every option is in --help, in the manual page and in options.tsv, which names
# the test that would fail without it; a letter has one long name everywhere.
. "${0%/*}/../lib/tap.sh"
top=$OLDPWD
table=$top/tests/cmd/options.tsv

# "-q --queue" for each letter, as the contract of the commands has them
cat >letters <<'EOF'
-0 --null
-1 --stdout
-2 --stderr
-a --at
-A --after
-b --broker
-B --body
-c --command
-C --chdir
-d --delay
-D --when
-e --env
-E --exit-empty
-f --follow
-F --flow
-g --grace
-h --help
-H --header
-i --stdin
-I --replace
-j --jobs
-J --json
-k --key
-K --on-key
-l --label
-L --lease
-m --many
-n --count
-N --name
-o --columns
-O --overview
-p --priority
-P --pipe
-q --queue
-Q --quiet
-R --resource
-r --retries
-S --lane
-s --state
-t --timeout
-T --time-limit
-u --use
-U --resident
-v --verbose
-V --version
-w --wait
-W --workers
-x --expires
-X --named-only
EOF
# options of verbs, which no other command has
cat >letters.tqctl <<'EOF'
-g --group
-m --mode
EOF

# "-q --queue" or "--once", a line each, sorted
in_help()
{
	"$1" --help | sed -n \
	    -e 's/^  \(-.\), \(--[a-z-]*\).*/\1 \2/p' \
	    -e 's/^      \(--[a-z-]*\).*/\1/p' | sort
}

in_page()
{
	sed -n -e 's/^\.It Fl \([^-]\)\( .*\)* , Fl -\([a-z-]*\).*/-\1 --\3/p' \
	    -e 's/^\.It Fl \([^-]\) , Fl -\([a-z-]*\).*/-\1 --\2/p' \
	    -e 's/^\.It Fl -\([a-z-]*\).*/--\1/p' "$top/man/$1.1" | sort -u
}

# Its forms, without blanks, a command's name before each.
forms_in_help()
{
	"$1" --help | sed -e '/^$/,$d' -e 's/^usage://' | tr -d ' \n'
}

forms_in_page()
{
	groff -mandoc -T ascii -P-cbou -rLL=500n "$top/man/$1.1" |
	    sed -e '1,/^SYNOPSIS/d' -e '/^DESCRIPTION/,$d' | tr -d ' \n'
}

in_table()
{
	awk -F '\t' -v c="$1" '$1 == c && $2 ~ /^-/ { print $2 }' "$table" | sort
}

# one operand is enough for every command, and none runs or waits
words()
{
	case $1 in
	tqctl)	echo flush ;;
	tqrun)	echo -E ;;
	tqget)	echo -t 0 ;;
	tqresult) echo -J x ;;
	*)	echo x ;;
	esac
}

for command in tqput tqget tqrun tqresult tqstat tqctl tqbeat
do
	in_help "$command" >help
	check "$command explains itself with -h" 0 "usage: $command *" "" "$command" -h
	check "$command names its version with -V" 0 "$command [0-9]*.[0-9]*" "" \
	    "$command" -V
	check "$command goes to the broker of -b" 69 "" \
	    "$command: nosuch: no module*" \
	    "$command" -b nosuch://host $(words "$command")
	is "$command: the page has the options of --help" \
	    "$(in_page "$command")" "$(cat help)"
	if command -v groff >/dev/null; then
		is "$command: the page has the forms of --help" \
		    "$(forms_in_page "$command")" "$(forms_in_help "$command")"
	else
		skip "$command: the page has the forms of --help" 'no groff'
	fi
	is "$command: --help is 80 columns wide" \
	    "$("$command" --help | awk 'length > 80')" ''
	is "$command: each has a test" "$(in_table "$command")" "$(cat help)"
	touch "letters.$command"
	cat letters "letters.$command" >mine
	grep '^-[^-]' help | grep -vxF -f mine >strange
	is "$command: its letters have their long names" "$(cat strange)" ""
done

check "tqrun opens the store of --results" 69 "" "tqrun: nosuch: no module*" \
    tqrun -E --results nosuch://host

is "verbs of tqctl have tests" \
    "$(awk -F '\t' '$1 == "tqctl" && $2 ~ /^[a-z]/ { print $2 }' "$table" | sort)" \
    "$(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$top/man/tqctl.1" | sort -u)"

tail -n +2 "$table" >rows
while IFS="$TAB" read -r command option file name
do
	grep -qF -- "$name" "$top/tests/cmd/$file" ||
	    echo "$command $option: $file has no test '$name'"
done <rows >missing
is "the tests of the table exist" "$(cat missing)" ""
