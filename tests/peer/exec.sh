#!/bin/sh
# Raw commands, and outcomes that tqresult shows as if they were local.

. "${0%/*}/../lib/redis.sh"
redis_start
plain=$TQ_BROKER
TQ_BROKER="$TQ_BROKER?workers=tq"

mkdir handlers
cat >handlers/both <<'SH'
#!/bin/sh
echo out "$@"
echo err >&2
exit 0
SH
cat >handlers/fails <<'SH'
#!/bin/sh
echo half
echo why >&2
exit 7
SH
cat >handlers/eats <<'SH'
#!/bin/sh
cat
SH
chmod +x handlers/*
bg tqrun -j 2 handlers

check 'a command is put' 0 "$ID" '' tqput echo 'a b' c
check 'and refused by a worker that does not allow it' 126 '' '*' \
    tqresult -t 60 "${out%"$NL"}"
check 'both streams are replayed' 0 "out 1 two$NL" "err$NL" \
    tqput -w -t 60 -N both 1 two
check 'a failure has its status and its output' 7 "half$NL" "why$NL" \
    tqput -w -t 60 -N fails
printf 'a\0b\377' >body
tqput -w -t 60 -i -N eats <body >back
ok 'a body arrives byte for byte' cmp body back
head -c 3000000 /dev/urandom >large
tqput -w -t 60 -i -N eats <large >back
ok 'a large one too' cmp large back
check 'JSON tells all' 0 '*"state":"success"*"attempt":1*' '' \
    tqresult -J -w -t 60 "$(tqput -N both)"
check 'an unknown id' 125 '' '*nobody: no such id*' tqresult nobody
check 'a name that is no handler' 127 '' '*' tqput -w -t 60 -N nothing

kill -TERM "${pids##* }"
wait_gone "${pids##* }"
bg tqrun -j 2 --allow-commands handlers
check '--allow-commands runs it' 0 "a b c$NL" '' tqput -w -t 60 echo 'a b' c
check 'a shell line too' 3 "x$NL" '' tqput -w -t 60 -c 'echo x; exit 3'
check 'what Celery has no field for is refused by name' 78 '' '*-r*' \
    tqput -b "$plain" -r 3 -N both
check 'and kept where all workers are of tq' 0 "$ID" '' tqput -r 3 -N both

# a flow on stdin: the tqput that reads it is the one that speaks to the server
id=$(printf 'a\techo A\nb\techo B\n' | tqput -F -)
check 'a flow from stdin is put, too' 0 "A${NL}B${NL}" '' \
    tqresult -w -t 60 "$id"
check 'one that is none is not' 65 '' '*-:1:*' sh -c 'echo x y z | tqput -F -'
