#!/bin/sh
# Many ids are looked for at once, and found as each by itself.

. "${0%/*}/../lib/redis.sh"
redis_start
mkdir h
printf '#!/bin/sh\nexec echo "$1"\n' >h/say
chmod +x h/say

seq 1 4 | tqput -m -q now -N say >ids
tqrun -E -q now h
group=$(seq 1 2 | tqput -m --group -q now -N say)
{
	echo "$group"
	seq 1 20 | tqput -m -q now -N say
	seq 1 20 | tqput -m -q now -p 2 -N say
	seq 1 4 | tqput -m -q now -d 1h -N say
} >>ids
tqget -n 2 -L 1h -t 0 -q now >claims
cut -f 1 claims | cut -d / -f 1 >>ids
echo elsewhere >>ids

each()
{
	while read -r id; do
		"$@" "$id"
	done <ids
}
all()
{
	# shellcheck disable=SC2046
	"$@" $(cat ids)
}
is 'there are more than are looked for one by one' "$(wc -l <ids)" 52
is 'tqstat shows many as each by itself' \
    "$(all tqstat -s all -o id,state,queue,eta,attempt,worker,name)" \
    "$(each tqstat -s all -o id,state,queue,eta,attempt,worker,name)"
is 'tqresult, too' "$(all tqresult -o id,state,queue,pri)" \
    "$(each tqresult -o id,state,queue,pri)"
is 'and those that are waited for in vain' \
    "$(all tqresult -w -t 0 2>&1 | sort)" \
    "$(each tqresult -w -t 0 2>&1 | sort)"

# how often the server goes through all there is
looks()
{
	rcli info commandstats | tr -d '\r' |
	    sed -n 's/^cmdstat_eval[a-z]*:calls=\([0-9]*\),.*/\1/p' |
	    awk '{ n += $1 } END { print n + 0 }'
}
few=$(looks)
all tqstat -s all -o id >/dev/null
few=$(($(looks) - few))
many=$(looks)
each tqstat -s all -o id >/dev/null
many=$(($(looks) - many))
ok "$few looks are not $many" [ $((few * 3)) -lt "$many" ]

# of a pool of tq alone all are known
TQ_BROKER="$TQ_BROKER?workers=tq"
one 'one that is nowhere is' 125 'tqresult: elsewhere: no such id' \
    all tqresult -w -t 1
sed -i /elsewhere/d ids
is 'others are there' "$(all tqresult -w -t 0 2>&1 | grep -c 'no such')" 0
few=$(looks)
all tqresult -w -t 0.1 >/dev/null 2>&1
few=$(($(looks) - few))
ok "$few looks for them, too" [ $((few * 3)) -lt "$many" ]
