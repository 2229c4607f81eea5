#!/bin/sh
# What bash completes: options, verbs, and what the broker knows.

. "${0%/*}/../lib/tap.sh"
top=$OLDPWD

if ! command -v bash >/dev/null; then
	skip 'completion' 'no bash'
	exit
fi

# As bash calls the function: words parted at blanks, = and :
cat >ask <<'EOF'
. "$1"
COMP_LINE=$2 COMP_POINT=${#2}
read -ra COMP_WORDS < <(sed 's/[=:]/ & /g' <<<"$2")
[[ $2 != *\  ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_tq "${COMP_WORDS[0]}" "${COMP_WORDS[-1]}"
printf '%s\n' "${COMPREPLY[@]}"
EOF

# typed line words: what may stand there
typed()
{
	is "'$1'" "$(bash ask "$top/bin/completion.bash" "$1" 2>&1 | xargs)" "$2"
}

tqput -Q -q mail --id one -p 7 true
tqput -Q -q main --id one-more true
tqput -Q -q other --id two true

# ---- options, of every command

for c in tqput tqget tqrun tqresult tqstat tqctl tqbeat; do
	typed "$c --" "$("$c" --help |
	    sed -n 's/^ *\(-., \)*\(--[a-z-]*\).*/\2/p' | xargs)"
done
typed 'tqput --ho' --hold
typed 'tqput echo --ho' ''
typed 'tqctl kill --sig' --signal

# ---- verbs, and what each takes

typed 'tqctl re' 'release resume retry revoke'
typed 'tqctl -q mail re' 'release resume retry revoke'
typed 'tqctl pause ma' 'mail main'
typed 'tqctl pause mail ot' other
typed 'tqctl revoke on' 'one one-more'
typed 'tqctl move ma' 'mail main'
typed 'tqctl move main on' 'one one-more'
typed 'tqctl set keep-f' 'keep-failed='
typed 'tqctl set mail keep-f' 'keep-failed='

typed 'tqctl a/;1eecho;s/b ma' ''

# ---- what options take

typed 'tqput -q ma' 'mail main'
typed 'tqput -Qvq ma' 'mail main'
typed 'tqput --queue ma' 'mail main'
typed 'tqput --queue=ma' 'mail main'
typed 'tqput --queue=' 'mail main other'
is 'a line given to it as a program is completed, too' \
    "$(bash "$top/bin/completion.bash" 'tqput --queue=ma' | xargs)" \
    '--queue=mail --queue=main'
typed 'tqput -p 3 -A one,tw' one,two
typed 'tqput -K f' follow
typed 'tqput -D ' 'ok fail any'
typed 'tqstat -s ready,re' 'ready,ready ready,retry ready,revoked'
typed 'tqstat -o id,stat' 'id,state id,status'
typed 'tqget -q oth' other
typed 'tqput -d ' ''

# ---- operands

typed 'tqresult tw' two
typed 'tqresult -w one tw' two
typed 'tqstat -s all -- tw' two
typed 'tqput tqbea' tqbeat
typed 'tqput -q mail tqbea' tqbeat
typed 'tqput tqbeat tqbea' ''

mkdir handlers && touch handlers/resize handlers/resize.conf
export TQ_HANDLERS="$T/handlers:$T/none"
typed 'tqput -N ' resize

# ---- wherever it is

TQ_DIR=$T/elsewhere tqput -Q -q away true
typed "tqput -b $T/elsewhere -q " away
typed 'tqput -b nosuch://host -q ' ''
is 'asking makes no spool' "$(TQ_DIR=$T/never bash ask \
    "$top/bin/completion.bash" 'tqput -q ')$(ls -d "$T/never" 2>/dev/null)" ''
