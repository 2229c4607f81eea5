#!/bin/sh
# Limits of tasks, and the settings of handlers that may hold them.

. "${0%/*}/../lib/tap.sh"

# ---- usage

check 'a limit nobody knows' 64 '' "tqput: --limit: no limit 'core=1'" \
    tqput --limit core=1 true
check 'a limit of nothing' 64 '' '*--limit*mem*too small*' \
    tqrun --limit mem=0
check 'a nice value that asks for more' 64 '' '*--nice*-5*' tqrun --nice -5 -E
check 'no class of the disk' 64 '' '*--ionice*realtime*' \
    tqput --ionice realtime true
check 'one value only' 64 '' "tqput: --nice: limit nice: '1,mem=1' is invalid" tqput --nice 1,mem=1 true
check 'a record with a bad limit' 65 '' '*core=1*' \
    sh -c 'echo "{\"argv\":[\"true\"],\"limits\":\"core=1\"}" | tqput -mJ'

# ---- what the system keeps

put task -q files --limit nofile=50 sh -c 'ulimit -n'
put more -q files --limit nofile=90,fsize=1M sh -c 'ulimit -n; ulimit -f'
tqrun -E -q files --limit nofile=70
check 'a limit of the task holds' 0 50 '' tqresult task
check 'a limit of the worker holds' 0 "70${NL}2048" '' tqresult more
like 'the task says its limits' "$(tqput --limit mem=1G,nproc=9 --nice 3 \
    -q seen true; tqget -J -q seen)" '*"limits":"mem=1073741824,nice=3,nproc=9"*'

# a stack of ours would do for no sanitizer
if [ -z "$SAN" ]; then
	put stack -q stack true
	check 'a worker lives with a small stack' 0 '' '' \
	    sh -c 'ulimit -s 64 && exec tqrun -E -q stack'
fi

put mem --limit mem=64M sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1'
put cpu --limit cpu=1 sh -c 'while :; do :; done'
put fsize --limit fsize=4k sh -c 'exec dd if=/dev/zero of=big bs=1k count=9'
put next echo next
tqrun -E
check 'no memory over its limit is to be had' 1 '' '*memory*' tqresult mem
check 'CPU time over its limit ends it' 152 '' '*cpu limit*' tqresult cpu
check 'a file over its limit ends it' 153 '' '*fsize limit*' tqresult fsize
is 'and has that size' "$(wc -c <big)" 4096
check 'the next task runs' 0 next '' tqresult next

# a sanitizer needs more of it than any limit leaves
if [ -z "$SAN" ]; then
	(ulimit -v 2000000; tqput true) >few.out 2>&1
	is 'a command with too little address space says so at once' "$? $(cat few.out)" \
	    "71 tqput: $TQ_DIR: the table takes 10629 MiB of address space; the limit\
 on it forbids it (ulimit -v, or mem of --limit)"
	(ulimit -v 2000000; TQ_DIR=$T/fresh tqput true) >few.out 2>&1
	like 'also where there is no table yet' "$? $(cat few.out)" \
	    "71 tqput: $T/fresh: the table takes * (ulimit -v, or mem of --limit)"
fi

# $1, or how nice we are already
nicer()
{
	n=$(nice)
	echo $((n > $1 ? n : $1))
}

put nicer --nice 7 nice
put nice nice
tqrun -E --nice 5
check 'the worker makes tasks nice' 0 "$(nicer 5)" '' tqresult nice
check 'the task chooses to be nicer' 0 "$(nicer 7)" '' tqresult nicer
if command -v ionice >/dev/null; then
	put disk ionice
	put idle --ionice idle ionice
	tqrun -E --ionice 6
	check 'and its class of the disk' 0 'best-effort: prio 6' '' \
	    tqresult disk
	check 'and of the disk' 0 idle '' tqresult idle
else
	skip 'and its class of the disk' 'no ionice(1)'
	skip 'and of the disk' 'no ionice(1)'
fi

# ---- output

put little --limit out=10 printf 1234567890
put head --limit out=20 sh -c 'printf 1234567890; head -c 99990 /dev/zero; printf end'
put both --limit out=10k sh -c 'seq 10000 99999; echo last >&2'
tqrun -E --limit out=1M
check 'what just fits is kept whole' 0 1234567890 '' tqresult little
check 'of more the head is kept and the cut said' 0 \
    "1234567890${NL}*99983 bytes cut here]" '' tqresult head
tqresult -1 both >got 2>/dev/null
is 'and the tail' "$(tail -n 1 got)" 99999
is 'and no more' "$(wc -c <got)" 10240
is 'the other stream has its own' "$(tqresult -2 both 2>&1)" last

# kilobytes that the output of running tasks takes
room()
{
	du -ck $(find "$TQ_DIR" -name '*.out') | tail -n 1 | cut -f 1
}
trimmed()
{
	[ "$(room)" -lt 1024 ]
}
put flood --limit out=64k -q flood sh -c 'head -c 64M /dev/zero; touch flooded
    exec sleep 30'
bg tqrun -q flood -j 1
worker=$!
wait_for test -e flooded
ok 'a task that writes much does not fill the disk' wait_for trimmed
kill -QUIT "$worker"
ok 'nor stops its worker' wait_gone "$worker"

# ---- trees

# As a user of its own: root is exempt from the limit of processes.
cat >bomb <<'END'
use POSIX;
$SIG{TERM} = $SIG{HUP} = "IGNORE";
while (1) {
	my $p = fork();
	next if !defined $p || $p != 0;
	POSIX::setsid() if rand() < .5;
	close(STDOUT) if rand() < .5;
}
END
uid=$((60000 + $$ % 5000))
as=
if [ "$(id -u)" -eq 0 ]; then
	as="setpriv --reuid=$uid --regid=$uid --clear-groups"
else
	uid=$(id -u)
fi
if [ -n "$as" ] && $as perl -e 'exit 0' 2>/dev/null &&
    for_others && mkdir bombs && chown "$uid" bombs
then
	all_gone()
	{
		! pgrep -u "$uid" >/dev/null
	}
	TQ_DIR=$T/bombs/spool $as tqput -Q --id bomb --limit nproc=40 \
	    -T 1,1.5 perl "$T/bomb"
	TQ_DIR=$T/bombs/spool $as timeout 60 tqrun -E
	is 'a worker outlives a fork bomb' $? 1
	ok 'and leaves nothing of it' wait_for all_gone
	check 'which ends by its time limit' 137 '' '*time limit*' \
	    env TQ_DIR="$T/bombs/spool" $as tqresult bomb
	TQ_DIR=$T/bombs/spool lose_table
else
	skip 'a fork bomb' 'needs root, setpriv(1) and perl(1)'
fi

# ---- settings of handlers

mkdir handlers
cat >handlers/show <<'END'
#!/bin/sh
printf '%s|' "$@"
echo "$COLOR $TQ_RETRIES $(ulimit -n) $(nice)"
END
cat >handlers/answer <<'END'
#!/bin/sh
echo "$1"
END
printf '#!/bin/sh\nexec sleep 30\n' >handlers/slow
printf '#!/bin/sh\necho out; echo err >&2\n' >handlers/mute
printf '#!/bin/sh\ntouch "%s"/bad-ran\n' "$T" >handlers/bad
chmod 755 handlers/*
cat >handlers/show.conf <<'END'
# of show
dashdash yes
env COLOR=red
limit nofile=33
nice 2
retries 4
END
echo 'result json' >handlers/answer.conf
echo 'time-limit 0.1,5' >handlers/slow.conf
echo 'result none' >handlers/mute.conf
printf 'retries 1\nresults json\n' >handlers/bad.conf

put show -N show -e COLOR=blue -- -x y
put json -N answer '{"a": [1]}'
put text -N answer '{"a": [1]'
put slow -N slow -T 60
put mute -N mute
put bad -N bad
tqrun -E -j 1 handlers
check 'a handler has its settings' 0 "--|-x|y|red 4 33 $(nicer 2)" '' tqresult show
check 'a result may have to be JSON' 0 '{"a": \[1[]]}' '' tqresult json
check 'what is none is a failure' 76 '{"a": \[1[]]' '' tqresult text
is 'which is said' "$(tqstat -o why text)" 'its result is not JSON'
check 'its time limit holds' 143 '' '*time limit*' tqresult slow
check 'a result that nobody wants is not kept' 0 '' err tqresult mute
check 'a handler with a bad line is refused' 126 '' \
    "*bad.conf:2: no setting 'results'*" tqresult bad
not_ok 'and never run' test -e bad-ran
chmod 666 handlers/mute.conf
put loose -N mute
tqrun -E handlers
check 'settings that others may write are refused' 126 '' \
    '*mute.conf*others may write*' tqresult loose

# ---- rules of handlers

cat >handlers/rules <<'END'
#!/bin/sh
exit "$1"
END
chmod 755 handlers/rules
printf 'backoff 1d\nlater 0\npermanent 9\ntemporary 8\n' \
    >handlers/rules.conf
put r9 -N rules -r 3 9
put r8 -N rules 8
put r7 -N rules -r 1 7
put r75 -N rules 75
tqrun -n 4 -j 1 handlers
is 'a permanent status of the handler' "$(tqstat -o state,why r9)" \
    "failure${TAB}not worth a retry"
is 'a temporary one, not once more' "$(tqstat -o state,why r8)" \
    "failure${TAB}tried later too often"
is 'its backoff' "$(tqstat -o state r7)" retry
is 'which replace the usual ones' "$(tqstat -o state,status r75)" \
    "failure${TAB}75"
