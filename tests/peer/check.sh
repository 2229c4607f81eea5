#!/bin/sh
# tqctl check on a server: where its settings promise less than a spool does.

. "${0%/*}/../lib/redis.sh"
redis_start
master=$TQ_BROKER
found()
{
	check "$1" 0 "$2" '' tqctl check
}

found 'always synced, never full, no replica: nothing to say' ''
rcli config set appendfsync everysec >out
found 'what a power cut loses' "$master: appendfsync everysec: *the last second"
rcli config set appendfsync no >out
found 'or more' "$master: appendfsync no: *has not written yet"
rcli config set appendonly no >out
found 'what is lost with the server' \
    "$master: appendonly no: *since its last snapshot is lost, now * in * s"
rcli config set appendonly yes >out
rcli config set appendfsync always >out
rcli config set maxmemory 100mb >out
rcli config set maxmemory-policy allkeys-lru >out
found 'what it deletes when it is full' \
    "$master: maxmemory-policy allkeys-lru: *deletes keys, tasks and results"
rcli config set maxmemory-policy volatile-ttl >out
found 'or only that' "$master: maxmemory-policy volatile-ttl: *deletes results*"
rcli config set maxmemory-policy noeviction >out

port=$REDIS_PORT
redis_start copy --replicaof 127.0.0.1 "$port"
copy=$TQ_BROKER
found 'a replica' "$copy: a replica: *"
REDIS_PORT=$port
TQ_BROKER=$master
joined()
{
	rcli info replication | grep -q '^connected_slaves:1'
}
wait_long joined
found 'and its master' "$master: 1 replicas: *is lost"
TQ_RESULTS=$copy
export TQ_RESULTS
found 'results on another server are looked at, too' \
    "$master: 1 replicas: *$copy: a replica: *"
unset TQ_RESULTS

rcli acl setuser some on nopass '~*' '&*' +@all -config -info >out
TQ_BROKER=redis://some:x@127.0.0.1:$port/0
found 'who may not ask is told so' '*: what it promises is not told to this user*'
rcli acl setuser some +info >out
found 'or what he may not' "*: appendfsync is not told to this user: *"
check 'there is nothing to salvage' 78 '' \
    'tqctl: *nothing to salvage: the server keeps its own files' \
    tqctl check --salvage
redis_stop
TQ_BROKER=$copy
check 'a server that is gone' 69 '' '*Connection refused*' tqctl check
