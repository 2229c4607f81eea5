#!/bin/sh
# rediss://: a server that speaks TLS only, with tq and Celery on both ends, and
# one line for each way in which it cannot be trusted or does not answer.

. "${0%/*}/../lib/redis.sh"
need_celery

# A build without OpenSSL is one without tls.so.
mkdir bare
for so in redis.so rediss.so tqput; do
	[ ! -e "$B/modules/$so" ] || ln -s "$B/modules/$so" bare/
done
one 'no TLS in this build' 69 'tqput: rediss://localhost:*: no TLS: *' env \
    TQ_MODULES="$T/bare" tqput -b rediss://localhost/0 -N x
redis_start
plain=$REDIS_PORT
unset TQ_BROKER
one 'an option of TLS without it' 64 \
    "tqput: redis: 'ssl_ca_certs' is for rediss://" \
    tqput -b "redis://127.0.0.1:$plain/0?ssl_ca_certs=$T/ca.pem" -N x
if [ ! -f "$B/modules/tls.so" ]; then
	skip 'TLS' "no OpenSSL when this was built"
	exit 0
fi
if ! redis-cli --help 2>&1 | grep -q -e --tls || ! command -v openssl >out
then
	skip 'TLS' "no server or no certificates for it"
	exit 0
fi

# ---- certificates -----------------------------------------------------------

# authority NAME: with what Python 3.13 asks for (VERIFY_X509_STRICT)
authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" \
	    -addext basicConstraints=critical,CA:TRUE \
	    -addext keyUsage=critical,keyCertSign,cRLSign
}

# signed NAME AUTHORITY SUBJECTALTNAME
signed()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" &&
	    printf '%s\n' "subjectAltName=$3" subjectKeyIdentifier=hash \
	    authorityKeyIdentifier=keyid >ext &&
	    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
	    -CAcreateserial -days 30 -out "$1.pem" -extfile ext
}
{
	authority ca
	authority other
	signed server ca DNS:localhost
	signed client ca DNS:client
	openssl pkey -in client.key -aes128 -passout pass:secret \
	    -out locked.key
} >ssl.log 2>&1 || sed 's/^/# /' ssl.log

# It does not run where somebody else has taken the port meanwhile.
tls_settled()
{
	gone "$pid" || redis-cli -s "$T/$name/sock" ping
}

# tls_start NAME [option ...]: sets $port
tls_start()
{
	name=$1
	shift
	mkdir -p "$name"
	tries=5
	while
		port=$(free_port)
		(cd "$name" && exec redis-server --port 0 --tls-port "$port" \
		    --bind 127.0.0.1 --save '' --unixsocket "$T/$name/sock" \
		    --tls-ca-cert-file "$T/ca.pem" \
		    --tls-cert-file "$T/server.pem" \
		    --tls-key-file "$T/server.key" "$@" >>log 2>&1) &
		pid=$!
		pids="$pids $pid"
		wait_for tls_settled
		gone "$pid"
	do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { echo 'Bail out! no redis'; exit 1; }
	done
}

# ---- work -------------------------------------------------------------------

tls_start tls --tls-auth-clients no
tls=$port tls_pid=$pid
url=rediss://localhost:$tls/0
TQ_BROKER="$url?ssl_cert_reqs=required&ssl_ca_certs=$T/ca.pem"
export TQ_BROKER
celery_app
mkdir h
cat >h/len <<'SH'
#!/bin/sh
echo "${#1}"
SH
cat >h/long <<'SH'
#!/bin/sh
head -c 3000000 /dev/zero | tr '\0' a
SH
printf '#!/bin/sh\n' >h/none
chmod +x h/*
bg tqrun -q tq h
W=$!
id=$(tqput -q tq -N len four)
is 'a task over TLS' "$(tqresult -w "$id")" 4
is 'and one that is waited for' "$(tqput -w -q tq -N len four)" 4
is 'much comes back' "$(tqput -w -q tq -N long | wc -c)" 3000000
seq 5000 | sed "s/\$/ $(printf %0500d 0)/" |
    tqput -m -q tq -N none >ids
is 'many go at once' "$(sort -u ids | wc -l)" 5000
# shellcheck disable=SC2046
ok 'and are waited for' tqresult -w -o state $(tail -n 100 ids)
is 'and end well' "$(tqresult -o state $(tail -n 100 ids) | sort -u)" success
ok 'TLS is loaded for that' grep -q libssl "/proc/$W/maps"
bg tqrun -b "redis://127.0.0.1:$plain/0" h
ok 'and not without it' sh -c "tqput -b redis://127.0.0.1:$plain/0 -w -N none &&
    grep -q hiredis /proc/$!/maps && ! grep -q libssl /proc/$!/maps"

celery_worker -Q py
is 'a Celery worker over TLS' "$(tqput -w -q py -J -N proj.add 2 3)" 5
celery_handlers h
bg tqrun h
is 'a Celery client over TLS' "$(py <<'PY'
print(add.delay(2, 3).get(timeout=60))
PY
)" 5

# The certificate is not for this host, and one URL says so to both.  With redis-py
# 6 the application has to say it besides.
cat >hosts.py <<'PY'
from proj import *
import redis
if redis.VERSION >= (6,):
    if app.conf.broker_url.endswith('='):
        app.conf.broker_url += 'false'
    app.conf.redis_backend_use_ssl = {'ssl_check_hostname': False}
try:
    print(app.send_task('len', ['four'], queue='tq').get(timeout=60))
except Exception as e:
    print('mismatch' if 'Hostname mismatch' in str(e) or
        'certificate is not valid' in str(e) else repr(e))
PY
other="rediss://127.0.0.1:$tls/0?ssl_cert_reqs=required&ssl_ca_certs=$T/ca.pem"
is 'a certificate of another host' \
    "$(TQ_BROKER="$other&ssl_check_hostname=" /usr/bin/python3 hosts.py)" 4
is 'the same URL for tq' \
    "$(tqput -b "$other&ssl_check_hostname=" -w -q tq -N len four)" 4
is 'checked by both' "$(TQ_BROKER="$other&ssl_check_hostname=yes" \
    /usr/bin/python3 hosts.py)" mismatch
check 'and by tq' 77 '' '*its certificate is not for 127.0.0.1*' \
    tqput -b "$other&ssl_check_hostname=yes" -q tq -N len four

# ---- whom to trust ----------------------------------------------------------

unset TQ_BROKER
with()
{
	tqput -q nobody -N x -b "$@"
}
one 'another authority' 77 \
    "tqput: $url: its certificate is not trusted: *" \
    with "$url?ssl_ca_certs=$T/other.pem"
one 'those of the system' 77 \
    "tqput: $url: its certificate is not trusted: *" with "$url"
one 'a worker that does not trust' 77 'tqrun: *not trusted*' tqrun -b "$url"
one 'a result of such a server' 125 'tqresult: *not trusted*' \
    tqresult -b "$url" x
number=rediss://127.0.0.1:$tls/0
one 'another host' 77 \
    "tqput: $number: its certificate is not for 127.0.0.1" \
    with "$number?ssl_ca_certs=$T/ca.pem"
check 'any host' 0 "$ID" '' \
    with "$number?ssl_ca_certs=$T/ca.pem&ssl_check_hostname=no"
check 'any host, as Celery understands it' 0 "$ID" '' \
    with "$number?ssl_ca_certs=$T/ca.pem&ssl_check_hostname="
one 'any host, but not any authority' 77 '*not trusted*' \
    with "$number?ssl_ca_certs=$T/other.pem&ssl_check_hostname=False"
check 'anybody' 0 "$ID" '' with "$number?ssl_cert_reqs=CERT_NONE"
one 'a word that is none' 64 "tqput: rediss: ssl_cert_reqs='non': *" \
    with "$url?ssl_cert_reqs=non"
one 'no such file' 64 "*: ssl_ca_certs: $T/nothing: No such file or directory" \
    with "$url?ssl_ca_certs=$T/nothing"
one 'a file of something else' 64 '*: ssl_ca_certs: *: no certificate in it' \
    with "$url?ssl_ca_certs=$T/proj.py"
one 'a key alone' 64 '*: ssl_keyfile without ssl_certfile' \
    with "$url?ssl_keyfile=$T/client.key"

tls_start both
asks="rediss://localhost:$port/0?ssl_ca_certs=$T/ca.pem"
one 'a server that asks who we are' 77 \
    '*: the server wants a certificate of ours: ssl_certfile' with "$asks"
check 'and is told' 0 "$ID" '' \
    with "$asks&ssl_certfile=$T/client.pem&ssl_keyfile=$T/client.key"
cat client.pem client.key >together.pem
check 'in one file' 0 "$ID" '' with "$asks&ssl_certfile=$T/together.pem"
one 'the key of another' 64 '*: ssl_keyfile: *: no key of that certificate*' \
    with "$asks&ssl_certfile=$T/client.pem&ssl_keyfile=$T/server.key"
one 'a key with a password' 64 '*: ssl_keyfile: *: it has a password' \
    with "$asks&ssl_certfile=$T/client.pem&ssl_keyfile=$T/locked.key"
tls_start old --tls-protocols TLSv1.2
asks="rediss://localhost:$port/0?ssl_ca_certs=$T/ca.pem"
one 'the same in TLS 1.2' 77 '*: the server refuses us: *' with "$asks"
check 'and is told in TLS 1.2' 0 "$ID" '' \
    with "$asks&ssl_certfile=$T/together.pem"

# ---- who does not speak it, or does not answer ------------------------------

# Redis waits for the rest of the command that a handshake looks like; Redis 8
# sees an end of line in it, by chance.
begin=$(date +%s)
one 'a server without TLS' 69 '*speak*TLS*' \
    with "rediss://localhost:$plain/0?timeout=0.3"
ok 'in time' test $(($(date +%s) - begin)) -lt 5
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,
    LocalAddr => "127.0.0.1") or die; open(F, ">port"); print F $s->sockport;
    close(F); while ($c = $s->accept) { print $c "-ERR what?\r\n"; <$c> }' &
pids="$pids $!"
wait_for test -s port
one 'something else than TLS' 69 '*: the server speaks no TLS' \
    with "rediss://localhost:$(cat port)/0"
one 'TLS that is not asked for' 69 'tqput: redis://localhost:*: *' \
    with "redis://localhost:$tls/0"

TQ_BROKER="$url?ssl_ca_certs=$T/ca.pem"
export TQ_BROKER
mkfifo lines
tqput -m -q nobody -N x -b "$TQ_BROKER&timeout=1" <lines >hang.ids 2>hang.err &
P=$!
exec 4>lines
echo first >&4
ok 'one is put' wait_for test -s hang.ids
kill -STOP "$tls_pid"
echo second >&4
exec 4>&-
wait $P
is 'a server that hangs later' "$?" 74
like 'is told in time' "$(cat hang.err)" '*no answer within 1000 ms*'
kill -CONT "$tls_pid"

# A server that is lost is found again, over TLS too.
id=$(tqput -q later -N none)
tqresult -w -t 60 -o state "$id" >r.out 2>r.err &
R=$!
watched()
{
	[ "$(redis-cli -s tls/sock PUBSUB NUMSUB "celery-task-meta-$id" |
	    tail -n 1)" = 1 ]
}
ok 'somebody waits' wait_for watched
redis-cli -s tls/sock client kill type normal >out
redis-cli -s tls/sock client kill type pubsub >out
bg tqrun -q later h
wait $R
is 'connections that are cut are made again' "$? $(cat r.out r.err)" '0 success'
