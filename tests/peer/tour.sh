#!/bin/sh
# Every command, with a URL of Redis that is wrong, or that leads to a server
# that is: one line, the same status, and in time.

. "${0%/*}/../lib/redis.sh"
redis_start
base=127.0.0.1:$REDIS_PORT
unset TQ_BROKER
mkdir h
printf '#!/bin/sh\nexit 0\n' >h/x
chmod +x h/x
echo '* * * * * [-q x] true' >tab
PUTS='tqput -N x
tqctl pause a
tqctl revoke x'
TAKES='tqget -q a -t 0
tqget -q a -t 0 true
tqrun -E h
tqbeat tab'
LOOKS='tqresult -t 0 x
tqresult -t 0 -o state x
tqstat
tqstat x
tqstat -W
tqstat -O'

# say ONE: of a command in the table what is not as it must be
say()
{
	begin=$(date +%s)
	# what it should be by commands.md: a task's own status is none of ours
	want=$1
	case $cmd in 'tqresult -t 0 x') want=125 ;; esac
	TQ_BROKER=$url timeout -k 5 30 $cmd >out 2>err </dev/null
	got=$?
	[ $got -eq "$want" ] || echo "$cmd: status $got, not $want"
	[ -s out ] && echo "$cmd: stdout: $(cat out)"
	[ "$(wc -l <err)" -eq 1 ] || echo "$cmd: stderr: $(cat err)"
	grep -q -e "$2" err || echo "$cmd: said: $(cat err)"
	[ $(($(date +%s) - begin)) -lt 5 ] || echo "$cmd: late"
}

# tour NAME STATUS WORDS URL [commands]: what all of them must say
tour()
{
	name=$1 url=$4
	echo "${5:-$PUTS
$TAKES
$LOOKS}" >cmds
	is "$name" "$(while read -r cmd; do say "$2" "$3"; done <cmds)" ''
}

# ---- URLs

tour 'an address with colons' 69 'redis://\[::1\]:1/0: Connection refused' \
    'redis://[::1]:1/0'
tour 'without its brackets' 64 'colons in brackets' 'redis://::1/0'
tour 'a port that is none' 64 'a port is a number from 1 to 65535' \
    'redis://127.0.0.1:99999/0'
tour 'a name that is none' 69 'redis://nosuch.invalid:6379/0: ' \
    'redis://nosuch.invalid/0'
tour 'no such database' 64 "redis://$base/99: no such database" \
    "redis://$base/99"
tour 'two of them' 64 "redis: '0/1' is no database: want a number" \
    "redis://$base/0/1"
for t in 0 -5 99999999999999999999 x; do
	tour "a time of $t" 64 "redis: visibility='$t' is no length of time" \
	    "redis://$base/0?visibility=$t"
done
tour 'a time that is over at once' 64 'want at least 0.001' \
    "redis://$base/0?timeout=0.0001"
tour 'a prefix that would break keys' 64 'prefix holds a control character' \
    "redis://$base/0?prefix=a%0ab"
tour 'one of results' 64 'result-prefix holds a control character' \
    "redis://$base/0?result-prefix=a%06b"
tour 'a socket that is not there' 69 'No such file or directory' \
    'redis:///nosuch/sock'
tour 'a file that is none' 69 'Connection refused' "redis://$T/tab"
tour 'a path that is too long' 69 'the path of the socket is too long' \
    "redis:///$(printf '%0200d' 0)x"
tour 'a scheme of nobody' 69 'http: no module' 'http://x/'

# What a pattern would mean something else by is a prefix as any other.
TQ_BROKER="redis://$base/3?prefix=%5Ba-z%5D*%3F%5C"
export TQ_BROKER
tqput -Q -q one -N x
is 'an odd prefix keeps its queues' "$(tqstat -O -o queue,ready)" "one${TAB}1"
is 'and others do not see them' \
    "$(tqstat -b "redis://$base/3?prefix=a" -O -o queue)" ''
unset TQ_BROKER

# ---- servers

rcli config set requirepass secret >out
tour 'no password' 77 "redis://$base/0: wants a password" "redis://$base/0"
tour 'a wrong one' 77 "redis://$base/0: wrong user or password" \
    "redis://:wrong@$base/0"
tour 'a user who is none' 77 "redis://$base/0: wrong user or password" \
    "redis://bob:secret@$base/0"
redis-cli -a secret -p "$REDIS_PORT" config set requirepass '' >out 2>&1

rcli acl setuser poor on '>pw' '~*' '&*' +@all -eval -evalsha >out
tour 'a user who may not do it' 77 'NOPERM' "redis://poor:pw@$base/0" \
    'tqput -N x
tqget -q a -t 0
tqrun h
tqstat
tqctl revoke x
tqresult -t 0 -o state x'
rcli acl setuser other on '>pw' '~other*' '&*' +@all >out
tour 'nor see the keys' 77 'access' "redis://other:pw@$base/0" \
    'tqput -N x
tqget -q a -t 0
tqstat
tqctl revoke x'

tqput -b "redis://$base/0" -Q -q a -N x
rcli config set maxmemory 1 >out
tour 'a full server' 75 "redis://$base/0: full: maxmemory is reached" \
    "redis://$base/0" "$PUTS"
# looks is what a person does who wants to know why
looks()
{
	check "$1 shows its tasks" 0 "a${TAB}ready" '' \
	    tqstat -b "$2" -o queue,state
	check "$1 its queues" 0 "a${TAB}1" '' \
	    tqstat -b "$2" -O -q a -o queue,ready
	check "$1 its workers" 0 '*' '' tqstat -b "$2" -W
}
looks 'a full server' "redis://$base/0"
rcli config set maxmemory 0 >out

first=$REDIS_PORT
redis_start replica --replicaof "127.0.0.1 $first"
unset TQ_BROKER
base=127.0.0.1:$REDIS_PORT
copied()
{
	[ "$(rcli LLEN a)" = 1 ]
}
wait_long copied
tour 'a replica' 77 "redis://$base/0: a replica that takes no writes" \
    "redis://$base/0" "$PUTS
tqget -q a -t 0
tqrun h"
looks 'a replica' "redis://$base/0"
kill -STOP "$REDIS_PID"
tour 'a server that hangs' 69 "redis://$base/0: no answer within 300 ms" \
    "redis://$base/0?timeout=0.3"
kill -CONT "$REDIS_PID"

# ---- names that nobody resolves

# A name server that says nothing, in a name space of its own.
cat >silent <<'SH'
mount --bind resolv /etc/resolv.conf || exit 99
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp",
    LocalAddr => "127.0.0.153:53") or exit 99; print "x\n"; $| = 1; close
    STDOUT; sleep 60' >ready &
p=$!
tries=500
until [ -s ready ] || ! kill -0 $p 2>/dev/null || [ $tries -eq 0 ]; do
	tries=$((tries - 1))
	perl -e 'select undef, undef, undef, 0.02'
done
[ -s ready ] || exit 99
"$@"
s=$?
kill $p
exit $s
SH
echo nameserver 127.0.0.153 >resolv
begin=$(date +%s)
unshare -m sh silent tqput -b 'redis://nosuch.example/0?timeout=2' -N x \
    >out 2>err
s=$?
if [ $s -eq 99 ] || [ $s -eq 1 ]; then
	skip 'a name server that is silent' 'no name space here'
else
	is 'a name server that is silent' "$s $(cat err)" \
	    "69 tqput: redis://nosuch.example:6379/0: Temporary failure in name resolution"
	ok 'in time' test $(($(date +%s) - begin)) -lt 5
fi
