#!/bin/sh
# tqrun -j min,max, --load and --memfree: how many tasks run, and when none.

. "${0%/*}/../lib/tap.sh"

check 'a load that is none' 64 '' '*--load*lots*' tqrun --load lots
check 'no load at all' 64 '' '*--load*' tqrun --load 0
check 'memory that is none' 64 '' '*--memfree*lots*' tqrun --memfree lots
check 'more than all of the time' 64 '' '*--memfree*101%*' \
    tqrun --memfree 101%

jobs()
{
	[ "$(tqstat -W -o jobs)" = "$1" ]
}

running()
{
	[ "$(tqstat -s started -o id | wc -l)" -eq "$1" ]
}

# ---- a range

bg tqrun -j 1,4
worker=$!
ok 'it begins with the first number' wait_for jobs 1
for i in 1 2 3 4 5 6; do
	tqput -Q --id "t$i" sh -c 'until [ -e go ]; do sleep 0.05; done'
done
ok 'tasks that wait make it grow to the second' wait_for running 4
ok 'which tqstat -W shows' jobs 4
is 'and no further' "$(tqstat -s ready -o id | wc -l)" 2
echo >go
ok 'what is not needed is given up' wait_for jobs 1
kill -USR1 "$worker"
ok 'USR1 moves both ends' wait_for jobs 2
tqctl shrink 1
ok 'and so does shrink' wait_for jobs 1
kill "$worker"
wait_gone "$worker"

# ---- gates

# status of the worker matches
status()
{
	matches "$(tqstat -W -o status)" "$1"
}

bg tqrun --load 0.0001
worker=$!
if [ "$(cut -d ' ' -f 1 /proc/loadavg)" = 0.00 ]; then
	skip 'over --load nothing is claimed' 'the machine has no load'
	skip 'and the status says so' 'the machine has no load'
else
	ok 'the status says that the load is over --load' \
	    wait_for status 'load *'
	tqput -Q --id loaded true
	# two looks at the load, and the bell has rung
	sleep 0.6
	is 'over --load nothing is claimed' "$(tqstat -o state loaded)" ready
fi
kill "$worker"
wait_gone "$worker"
bg tqrun --memfree 1000T
worker=$!
tqput -Q --id memory true
ok 'over --memfree the status says so' wait_for status '*M free: *'
is 'over --memfree nothing is claimed' "$(tqstat -o state memory)" ready
kill "$worker"
wait_gone "$worker"
check 'under both all is as ever' 0 '' '' tqrun -E --load 1000 --memfree 1k
is 'and done' "$(tqstat -o state memory)" success
if [ -r /proc/pressure/cpu ]; then
	check 'the same by pressure' 0 '' '' tqrun -E --load 100% \
	    --memfree 100%
else
	check 'a kernel without pressure says so' 78 '' '*/proc/pressure*' \
	    tqrun -E --load 100%
fi
