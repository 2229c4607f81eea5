#!/bin/sh
# A handler that stays up, in sh: which of this is worth it for a shell?  What
# is slow to begin, such as a connection that one process keeps.  Here it is a
# count of the tasks so far.
#
#	tqput -N count && tqrun -E -U count=./resident.sh
#
# The id is the first member of a task, and is told back as it is written there.
# It ends at the first '","': within a string a '"' has a '\' before it.

n=0
while IFS= read -r line; do
	id=${line#'{"id":"'}
	id=${id%%'","'*}
	n=$((n + 1))
	printf '{"id":"%s","result":%d}\n' "$id" "$n"
done
