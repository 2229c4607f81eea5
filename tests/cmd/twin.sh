#!/bin/sh
# A command without a dynamic loader becomes its twin when a URL needs a module:
# with the same arguments and the standard input untouched.

. "${0%/*}/../lib/tap.sh"

if [ -n "${SAN:-}" ]; then
	skip 'a sanitized tqput loads modules itself' 'no twin'
	exit
fi

mkdir modules
cat >modules/tqput <<'EOF'
#!/bin/sh
printf '<%s>' "$@"
cat
exit 9
EOF
chmod +x modules/tqput
export TQ_MODULES="$T/modules"

check 'no module, no twin' 69 '' 'tqput: redis: no module*' \
    tqput -b redis://h/0 true
: >modules/redis.so
echo body >body
check 'the twin has the arguments' 9 \
    '<-b><redis://h/0><-i><--><a b><><-x*y>body' '' \
    tqput -b redis://h/0 -i -- 'a b' '' '-x*y' <body
rm modules/tqput
check 'a module and no twin' 69 '' \
    "tqput: redis: no program that can load its module ($T/modules/tqput: *" \
    tqput -b redis://h/0 true
check 'the spool needs none' 0 "$ID" '' tqput true
