#!/bin/sh
# What is in examples/ beside the C programs works: the handlers, alone and
# under tqrun, the cron lines, the unit, and the quickstart.

top=$PWD
. "${0%/*}/../lib/tap.sh"

# A clone may have been made with any umask; handlers must not be writable.
mkdir handlers bin
cp "$top"/examples/handlers/* handlers
chmod 755 handlers handlers/*
echo some text >file

# ---- handlers ----------------------------------------------------------------

id=$(tqput -N sha256 "$T/file")
bad=$(tqput -N sha256)
tqrun -E handlers >/dev/null 2>&1
check 'sha256 prints what sha256sum prints' 0 "$(sha256sum "$T/file")" '' \
    tqresult "$id"
check 'sha256 without files fails for good' 64 '' 'sha256: no files' \
    tqresult "$bad"
tqctl forget "$bad"

cat >bin/sendmail <<'!'
#!/bin/sh
printf '%s\n' "$@"
cat
!
chmod 755 bin/sendmail
SENDMAIL=$T/bin/sendmail TQ_ID=x-1 TQ_KW_subject=Hello
export SENDMAIL TQ_ID TQ_KW_subject
check 'mail hands recipients and text to sendmail' 0 \
    "-i$NL--${NL}ann@example.org${NL}Subject: Hello${NL}Message-ID: <x-1@*>$NL${NL}some text" \
    '' handlers/mail ann@example.org <file
check 'mail takes no option for an address' 64 '' "mail: '-t' is no address" \
    handlers/mail -t <file
TQ_KW_subject="a${NL}Bcc: everybody"
check 'mail takes no header in a subject' 64 '' '*control characters' \
    handlers/mail ann@example.org <file
TQ_KW_subject=
SENDMAIL=$T/none
check 'mail waits for a sendmail' 75 '' 'mail: */none: not there' \
    handlers/mail ann@example.org <file
unset SENDMAIL TQ_ID TQ_KW_subject

cat >bin/convert <<'!'
#!/bin/sh
[ "$(cat "$1")" = "some text" ] && echo "$2 $3" >"${4#jpeg:}"
!
chmod 755 bin/convert
PATH=$T/bin:$PATH
TQ_KW_size=200
export TQ_KW_size
check 'thumbnail makes its copy' 0 '' '' handlers/thumbnail file small
is 'of the size asked for' "$(cat small)" '-thumbnail 200x200>'
echo other >other
check 'thumbnail fails for good on what is no picture' 65 '' '' \
    handlers/thumbnail other none
is 'and leaves nothing' "$(find . -name none -o -name '.thumbnail*')" ''
check 'thumbnail names a file it cannot read' 66 '' '*missing*' \
    handlers/thumbnail missing none
TQ_KW_size=1x
check 'thumbnail quotes a bad size' 64 '' "*'1x' is not a number" \
    handlers/thumbnail file small
unset TQ_KW_size

# ---- resident handlers -------------------------------------------------------

tqput -Q --id words -N words "$T/file"
tqput -Q --id words2 -N words "$T/no such file"
echo some text | tqput -i -Q --id upper -N upper
tqput -Q --id count1 -N count
tqput -Q --id 'count"2\,","' -N count
tqput -Q --id sum -N sum 1 2 3.5
tqput -Q --id sum2 -N sum 1 x
${CC:-cc} -o sum "$top/examples/handlers/resident.c" -ljansson
tqrun -E -j 1 -U words=handlers/resident.py -U upper=handlers/resident.pl \
    -U count=handlers/resident.sh -U sum=./sum
check 'resident.py counts words' 0 "{\"$T/file\":2}" '' tqresult words
check 'and fails for good without a file' 66 '' '*No such file*' \
    tqresult words2
check 'resident.pl turns to upper case' 0 'SOME TEXT' '' tqresult upper
check 'resident.sh stays up' 0 2 '' tqresult 'count"2\,","'
check 'resident.c adds' 0 6.5 '' tqresult sum
check 'and names what is no number' 65 '' "no number: 'x'" tqresult sum2
tqctl forget words2 sum2

# ---- cron lines --------------------------------------------------------------

for command in backup-home make-report fetch-stock; do
	printf '#!/bin/sh\necho %s "$@"\n' $command >bin/$command
	chmod 755 bin/$command
done
mkdir customers
touch customers/a customers/b
sed -e '/^#/d' -e '/^$/d' -e '/^[A-Z_]*=/d' -e 's/\\%/%/g' -e "s|/srv/customers|$T/customers|" \
    -e 's/^\([^[:blank:]]*[[:blank:]]*\)\{5\}//' "$top/examples/crontab" >lines
while read -r line <&3; do
	check "cron: $line" 0 '' '*' sh -c "$line"
done 3<lines
is 'they put what they say' "$(tqstat -q reports -o cmd,label)" \
    "make-report a${TAB}noon${NL}make-report b${TAB}noon"
is 'the night is done' "$(tqstat -q night -s all -o state,cmd)" \
    "success${TAB}backup-home${NL}success${TAB}fetch-stock"

# ---- schedule ----------------------------------------------------------------

check 'the schedule is one, and says when' 0 '*@ES:20*test -e /run/ok*' '' \
    sh -c 'tqbeat -n 100 "$1" | sed "s|$1|@ES|"' - "$top/examples/schedule"
is 'every line of it that has times is due' \
    "$(tqbeat -n 200000 "$top/examples/schedule" | cut -f 2 | sort -u | wc -l)" 5

# ---- units -------------------------------------------------------------------

if command -v systemd-analyze >/dev/null; then
	mkdir unit user
	for u in "$top"/examples/systemd/*.[pst]*; do
		case $u in
		*.sysusers)	continue ;;
		esac
		sed -e "s|/usr/local/bin|$B/bin|" -e '/^Documentation/d' "$u" \
		    >"unit/$(echo "${u##*/}" | sed 's/@/@mail/')"
	done
	for u in "$top"/examples/systemd/user/*; do
		sed -e "s|/usr/local/bin|$B/bin|" -e '/^Documentation/d' "$u" \
		    >"user/$(echo "${u##*/}" | sed 's/@/@mail/')"
	done
	SYSTEMD_UNIT_PATH=$T/unit: check 'systemd takes the units' 0 '' '' \
	    systemd-analyze verify unit/*
	XDG_RUNTIME_DIR=$T SYSTEMD_UNIT_PATH=$T/user: check 'and those of a user' 0 '' '' \
	    systemd-analyze verify --user user/*
	for u in tqrun@mail tq@mail tqbeat@mail tq-spool; do
		check "$u.service keeps the worker in" 0 '*' '*' \
		    systemd-analyze security --offline=true --threshold=40 \
		    unit/$u.service
	done
else
	skip 'systemd takes the units' 'no systemd-analyze here'
fi

# ---- quickstart --------------------------------------------------------------

mkdir tree
for i in 1 2 3 4 5 6 7 8 9; do
	echo $i >"tree/a $i"
	echo $i >"tree/$(printf 'line\nbreak %s' $i)"
done
check 'quickstart does its job' 0 '*the same, byte for byte*' '*' \
    env B="$T/build" "$top/examples/quickstart" tree
