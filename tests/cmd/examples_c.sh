#!/bin/sh
# The C programs of examples/ build against an installed libtq that is found
# through pkg-config, and do what their heads say.

top=$PWD
. "${0%/*}/../lib/tap.sh"

prefix=$(sed -n 's/^prefix=//p' "$B/tq.pc")
root=$T/root
lib=$root$prefix/lib
LD_LIBRARY_PATH=$lib
PKG_CONFIG_PATH=$lib/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$root
export LD_LIBRARY_PATH PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

build()
{
	# shellcheck disable=SC2046,SC2086	# lists of words
	${CC:-cc} -std=c11 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror \
	    ${SAN:+-fsanitize=$SAN} -o "$1" "$2" \
	    $(pkg-config --cflags --libs tq) >"$T/log" 2>&1 ||
	    { cat "$T/log"; return 1; }
}

ok 'make install works under DESTDIR' make -s -C "$top" B="$B" \
    SAN="$SAN" PREFIX="$prefix" DESTDIR="$root" install
is 'pkg-config tells the version' "$(pkg-config --modversion tq)" "$VERSION"

for header in "$top"/include/tq/*.h; do
	header=tq/${header##*/}
	printf '#include <%s>\nint main(void) { return 0; }\n' "$header" \
	    >one.c
	ok "<$header> stands alone" build one one.c
done
ok 'producer builds' build producer "$top/examples/producer.c"
ok 'worker builds' build worker "$top/examples/worker.c"

check 'producer says its usage' 64 '' '*usage: producer*' ./producer -x
check 'worker says its usage' 64 '' '*usage: worker*' ./worker -x

check 'producer prints an id for each word' 0 "$ID$NL$ID" '' \
    ./producer -q words one two
printf %s "$out" >ids
check 'worker leaves when nothing is there' 0 '' '' ./worker -q words -t 0
check 'the results are the words in upper case' 0 'ONETWO' '' \
    tqresult - <ids

printf 'three\nfour\n' >lines
check 'producer reads lines' 0 "$ID$NL$ID" '' ./producer -q lines <lines
is 'they wait in their queue' "$(tqstat -q lines -o state)" "ready${NL}ready"

./producer -q empty '' >/dev/null
./worker -q empty -t 0
like 'an empty body is tried again' "$(tqstat -q empty -o state,why)" \
    "retry${TAB}delayed until 20*"

id=$(head -c 1048577 /dev/zero | tqput -i -q large)
./worker -q large -t 0
check 'a body that is too large fails for good' 65 '' '*' tqresult "$id"
is 'and says why' "$(tqstat -s all -o state,why "$id")" \
    "failure${TAB}body too large"
id=$(head -c 1000000 /dev/zero | tr '\0' a | tqput -i -q large)
./worker -q large -t 0
is 'a large body arrives whole' "$(tqresult "$id" | tr -d A | wc -c)" 0
is 'and its result too' "$(tqresult "$id" | wc -c)" 1000000

tqput -Q --id sum -q named -N add 1 2.5 3
tqput -Q --id bad -q named -N add 1 two
tqput -Q --id other -q named sh -c 'exit 3'
./worker -q named -t 0
is 'a named task has its handler' "$(tqstat -o state,result sum)" \
    "success${TAB}6.5"
is 'which may fail by an exception' "$(tqstat -o state,status,type,why bad)" \
    "failure${TAB}65${TAB}ValueError${TAB}an operand is no number"
is 'a command is none for it' "$(tqstat -o state,status,type other)" \
    "failure${TAB}127${TAB}NotRegistered"

bg ./worker -q idle -t 3600
worker=$!
answers()
{
	tqctl ping -Q
}
ok 'it answers a ping' wait_for answers
tqput -Q --id woken -q idle -N add 1
ok 'a put wakes it' tqresult -w -t 60 woken
tqctl stop
ok 'a mail stops it' wait_gone "$worker"
bg ./worker -q idle -t 3600
worker=$!
ok 'another comes' wait_for answers
kill "$worker"
ok 'a signal stops it' wait_gone "$worker"

check 'a broker without a module is an error' 69 '' 'producer: *nosuch*' \
    env TQ_BROKER=nosuch://x ./producer word
