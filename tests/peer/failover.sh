#!/bin/sh
# A server becomes a replica, and its name leads to another: the worker goes
# there, and what it ran meanwhile ends there.

. "${0%/*}/../lib/redis.sh"
redis_start one
one=$REDIS_PORT
redis_start two --replicaof "127.0.0.1 $one"
two=$REDIS_PORT
ln -s one/sock name
TQ_BROKER=redis://$T/name
mkdir h
cat >h/x <<SH
#!/bin/sh
echo \$1 >>'$T/runs'
[ "\$1" != long ] || until [ -e '$T/go' ]; do sleep 0.05; done
SH
chmod +x h/x
: >runs
bg tqrun h
W=$!
check 'a task' 0 '' '' tqput -w -t 60 -N x first
long=$(tqput -N x long)
ran()
{
	[ "$(tail -n 1 runs)" = "$1" ]
}
ok 'one that runs' wait_for ran long
copied()
{
	[ "$(redis-cli -p "$two" HLEN unacked)" = 1 ]
}
ok 'the other server knows it' wait_for copied
redis-cli -p "$two" replicaof no one >out
redis-cli -p "$one" replicaof 127.0.0.1 "$two" >out
ln -sfn two/sock name
: >go
check 'a task put to the new one runs' 0 '' '' tqput -w -t 60 -N x second
check 'what ran meanwhile has ended there' 0 success '' \
    tqresult -w -t 60 -o state "$long"
is 'each once' "$(sort runs | tr '\n' ' ')" 'first long second '
kill -TERM $W
wait_gone $W
