#!/bin/sh
# A user of the server who may do what tq_celery(7) says under Rights, and no
# more, can do all that tq does.

. "${0%/*}/../lib/redis.sh"
page=$OLDPWD/man/tq_celery.7
redis_start
base=127.0.0.1:$REDIS_PORT/0
mkdir h
printf '#!/bin/sh\necho 7\n' >h/seven
chmod +x h/seven

set -f
# shellcheck disable=SC2046
is 'the server takes the rule' "$(rcli $(sed -n '/^ACL SETUSER/,/^\.Ed/{
s/\\(ti/~/g
/^\.Ed/d
p
}' "$page"))" OK
set +f
TQ_BROKER="redis://tq:secret@$base?workers=tq"
export TQ_BROKER

check 'a put' 0 '' '' tqput -Q --id one -N seven
check 'a delayed one, with a key, in a lane, that needs something' 0 '' '' \
    tqput -Q -d 0.1 -k key -S lane -R gpu=1 -N seven
check 'a chord' 0 '' '' sh -c 'seq 3 | tqput -m -Q --chord seven -N seven'
check 'limits' 0 '' '' tqctl rate celery 1000/s
check 'of a name' 0 '' '' tqctl cap seven 2
check 'a pause' 0 '' '' sh -c 'tqctl pause celery && tqctl resume celery'
check 'a list' 0 '*one*' '' tqstat
check 'running them' 0 '' '*' timeout 60 tqrun -R gpu=1 -n 6 h
check 'a result' 0 7 '' tqresult one
bg tqrun --node me h
said() { tqctl ping 2>/dev/null | grep -q me; }
ok 'control' wait_for said
check 'the workers' 0 '*me*' '' tqstat -W
check 'waiting' 0 7 '' timeout 60 tqput -w -N seven
check 'and revoking' 0 1 '' sh -c \
    'tqput -Q -d 1h --id late -N seven && tqctl -v revoke late'
is 'nothing was refused on the way' "$(rcli acl log)" ''
check 'another queue is not allowed' 77 '' '*access*' tqput -q mail -N seven
