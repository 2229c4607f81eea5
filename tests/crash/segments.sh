#!/bin/sh
# A ledger of several segments is replayed to its end: what stands behind the
# first segment is there when the table was lost.

. "${0%/*}/../lib/tap.sh"

seq 3000 | awk '{ printf "%d %04000d\n", $1, 0 }' | tqput -m -q long true >ids
ok 'the tasks fill more than one segment' \
    test "$(find "$TQ_DIR/ledger" -name '*.seg' | wc -l)" -gt 2
lose_table
is 'every task is there again' \
    "$(tqstat -q long -o id | sort | cksum)" "$(sort ids | cksum)"
check 'the spool has no damage' 0 '' '' tqctl check
id=$(tqput -q long true)
lose_table
is 'what is put afterwards is there too' "$(tqstat -o id "$id")" "$id"
