#!/bin/sh
# A full disk refuses puts; what is in the spool can still be claimed, ended,
# revoked and forgotten, whoever filled it.

. "${0%/*}/../lib/tap.sh"

if [ "$(id -u)" -ne 0 ] || ! truncate -s 40M image ||
    ! mkfs.ext4 -q -m 0 image 2>/dev/null || ! mkdir disk ||
    ! mount -o loop image disk 2>/dev/null; then
	skip 'full disks' 'needs root and a loop device'
	exit
fi

# nothing may use it any more; before the files are removed
leave_disk()
{
	lose_table
	umount disk
}

states()
{
	tqstat -s all -o state | sort | uniq -c | tr -s ' \n' '  '
}

# ---- filled by puts, with no floor to speak of

TQ_DIR=$T/disk/spool
tqctl set floor=1
like 'a small disk has small segments' "$(cat "$TQ_DIR/format")" \
    '*segment 2097152*'
while seq 5000 | tqput -m -I{} true {} >/dev/null 2>err; do
	:
done
like 'it fills until a put is refused' "$(cat err)" '*may take*'
check 'with 75' 75 '' '*may take*' tqput true
put=$(tqstat | wc -l)
ok 'tasks run' tqrun -n 200
check 'all others are revoked' 0 "$((put - 200))" '' \
    tqctl -v purge default
check 'and forgotten' 0 "$put" '' tqctl -v -s success,revoked forget
ok 'what they took is given back' tqctl gc
ok 'but for what a new spool has' test "$(ls disk/spool/ledger | wc -l)" -le 3
check 'then a put is taken' 0 "$ID" '' tqput true
ok 'and runs' tqrun -E
check 'no damage' 0 '*' '' tqctl check
lose_table
rm -rf disk/spool

# ---- filled by others, but for what output of a task takes

TQ_DIR=$T/disk/other
TQ_SEGMENT=1M
export TQ_SEGMENT
tqctl set floor=1
seq 2000 | tqput -m -I{} true {} >/dev/null
dd if=/dev/zero of=disk/fill bs=64k 2>/dev/null
truncate -s -512k disk/fill
check 'a put is refused' 75 '' '*' tqput true
ok 'tasks run all the same' tqrun -n 500
check 'or are revoked' 0 1500 '' tqctl -v purge default
ok 'gc has nothing to say' tqctl gc
is 'each has ended' "$(states)" ' 1500 revoked 500 success '
lose_table
check 'without the table, too' 0 '*' '' tqctl check
is 'they have' "$(states)" ' 1500 revoked 500 success '
rm disk/fill
check 'with room again a put is taken' 0 "$ID" '' tqput true
leave_disk
