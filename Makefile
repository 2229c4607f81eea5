# The only build file of tq: GNU make, non-recursive, no configure step.
#
#	make [B=dir] [SAN=address,undefined|thread] [all]
#	make install PREFIX=/usr DESTDIR=/tmp/root	(PREFIX for both)
#	make check [T='unit contract cmd peer crash fuzz lint'] [-j n]
#	make boot	the units under systemd, in a virtual machine
#	make crash [MINUTES=60]	deaths, storms and power cuts for that long
#
# What the user sets, CC CFLAGS CPPFLAGS LDFLAGS, is left alone; what tq needs
# stands in TQ_CFLAGS.  All products go to $(B).

B		= build
PREFIX		= /usr/local
BINDIR		= $(PREFIX)/bin
LIBDIR		= $(PREFIX)/lib
INCLUDEDIR	= $(PREFIX)/include
MANDIR		= $(PREFIX)/share/man
UNITDIR		= $(PREFIX)/lib/systemd
SYSUSERSDIR	= $(PREFIX)/lib/sysusers.d
DOCDIR		= $(PREFIX)/share/doc/tq
BASHDIR		= $(PREFIX)/share/bash-completion/completions
ZSHDIR		= $(PREFIX)/share/zsh/site-functions
CFLAGS		= -O2 -g
INSTALL		= install
AR		= ar
PKG_CONFIG	= pkg-config

# Bounds of the tests: seconds for each program and for each fuzz target.  Under
# sanitizers a fork is dear, and crash tests make thousands.
# WRAP='valgrind -q --error-exitcode=9' runs test programs under something.
TEST_SECONDS	= $(if $(filter crash,$(MAKECMDGOALS)),\
	$(shell echo $$(($(MINUTES) * 60 + 600))),$(if $(SAN),900,300))
# Of `make crash` as a whole, about: so long its five long tests go on in turn
# (storms, storms over graphs, deaths at each call, power cuts, the model).
MINUTES		= 60
FUZZ_SECONDS	= 30
WRAP		=
T		= unit contract cmd peer crash fuzz lint
ifneq ($(filter boot crash lint,$(MAKECMDGOALS)),)
T		= $(filter boot crash lint,$(MAKECMDGOALS))
endif

VERSION	:= $(shell sed -n 's/.*TQ_VERSION[^"]*"\(.*\)".*/\1/p' include/tq/types.h)
SO	= libtq.so.0

# Two targets are other builds of the same things, in places of their own.
ifneq ($(filter cover,$(MAKECMDGOALS)),)
override B	:= $(B)/cover
CFLAGS		= -O0 -g
COVER		= --coverage
endif
ifneq ($(filter fuzz,$(MAKECMDGOALS)),)
override B	:= $(B)/fuzz
CC		= clang
SAN		= address,undefined,fuzzer-no-link
endif

# GCC for x86 clears and copies a struct of 100 bytes and more by rep stos and
# rep movs, which take some 10 ns to begin.  A task that is put, claimed and
# ended does 14 of them: 1,230 ns of processor so, 1,160 with stores and calls.
STRINGS	:= $(shell f='unrolled_loop:256:noalign,libcall:-1:noalign'; \
	    f="-mmemset-strategy=$$f -mmemcpy-strategy=$$f"; \
	    $(CC) $$f -E -x c /dev/null >/dev/null 2>&1 && echo $$f)

TQ_CFLAGS = -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE \
	-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow \
	-Wpointer-arith -Wwrite-strings -Wvla $(if $(filter true,$(CI)),-Werror) \
	-Iinclude -I. -Ilib \
	-fPIC -fno-semantic-interposition -pthread $(STRINGS) \
	$(SAN:%=-fsanitize=% -fno-sanitize-recover=all) $(COVER)
TQ_LDFLAGS = -pthread $(SAN:%=-fsanitize=%) $(COVER)

# pkg-config answers what the libraries are called here.
SYSLIBS	:= $(shell $(PKG_CONFIG) --libs libbsd jansson)
MODLIBS	= $(SYSLIBS)
libs	= $(shell $(PKG_CONFIG) --libs $(1))
CMOCKA	:= $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null || echo -lcmocka)

# The commands carry libbsd (with its libmd) and jansson in themselves: five
# sixths of a small program's start is dynamic loading.  libc stays outside,
# dlopen(3) of modules needs it.
STATIC	= -Wl,-Bstatic -lbsd -lmd -ljansson -Wl,-Bdynamic
CMDLIBS	= $(if $(SAN)$(COVER),$(SYSLIBS),$(STATIC))
# A process from posix_spawn to its end, median of 1000 in turns: /bin/true
# 539 us; dynamic libbsd and jansson 753; static and PIE 558; no PIE, lazy
# binding, code and data on the same pages 545; also without RELRO 537, which
# is not worth it.
CMDLDFLAGS = $(if $(SAN),,-no-pie -Wl,-z,lazy,-z,noseparate-code)
# A command that is run for every task has no dynamic loader at all, and beside
# the modules a twin with one for URLs that need a module (lib/command/twin.c): tqput takes 0.92 of
# the time of /bin/true so, 1.26 without.
ONCE	= $(if $(SAN)$(COVER),,$(B)/bin/tqput)
TWIN	= $(ONCE:$(B)/bin/%=$(B)/modules/%)

# Remote systems are modules, each a folder of lib/backend and one shared
# object; it is made where its library is.  A module carries the rooms it needs
# in itself and shows tq_module only.
MODDIRS	= redis
PKG_redis = hiredis
HAVE	:= $(foreach m,$(MODDIRS),$(if $(shell $(PKG_CONFIG) --exists \
	    $(PKG_$(m)) && echo yes),$(m)))
MODULES	= $(HAVE:%=$(B)/modules/%.so)
# Schemes that are another's too.
ALIASES	= $(if $(filter redis,$(HAVE)),rediss redis+socket)
ALIASSO	= $(ALIASES:%=$(B)/modules/%.so)

# Parts of modules, each a shared object beside them that is loaded with its
# first use (lib/backend/part.h): what unpacks compressed bodies, one file a
# library, and TLS.
HAS	= $(shell $(PKG_CONFIG) --exists $(1) && echo yes)
UNPACK	:= $(if $(call HAS,zlib),zlib) $(if $(call HAS,liblzma),xz) \
	    $(if $(call HAS,libzstd),zstd) $(if $(shell echo '\#include \
	    <bzlib.h>' | $(CC) -E - >/dev/null 2>&1 && echo yes),bz2)
TLS	:= $(if $(call HAS,openssl),tls)
PARTS	= $(if $(HAVE),unpack $(TLS))
PARTSO	= $(PARTS:%=$(B)/modules/%.so)
LIBS_zlib = zlib
LIBS_xz	= liblzma
LIBS_zstd = libzstd
# What each of them is linked with.
SOLIBS_redis = $(call libs,$(PKG_redis))
SOLIBS_unpack = $(if $(filter bz2,$(UNPACK)),-lbz2) \
	    $(call libs,$(foreach u,$(UNPACK),$(LIBS_$(u))))
SOLIBS_tls = $(call libs,openssl)

# The rooms.  lib/beat, lib/command and lib/worker are the commands' own: they are not
# in libtq, tests and commands link them from an archive that stays here.
# Of two files for two machines make picks one.
OTHER	:= $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),\
	    lib/base/crc_any.c lib/worker/clone_any.c,\
	    lib/base/crc_x86.c lib/worker/clone_x86.c)
FIND	= $(addprefix lib/backend/,part.c tls.c unpack.c)
MODSRC	= $(FIND) $(wildcard $(MODDIRS:%=lib/backend/%/*.c) \
	    lib/backend/tls/*.c lib/backend/unpack/*.c)
SRC	= $(filter-out $(OTHER) $(MODSRC),$(wildcard lib/*/*.c lib/backend/*/*.c))
# But for what a handler in a process of its own needs of the worker.
WORK	= $(addprefix lib/worker/,mail.c outcome.c work.c)
OWN	= $(filter-out $(WORK),\
	    $(filter lib/beat/% lib/command/% lib/worker/%,$(SRC)))
LIBOBJ	= $(patsubst %.c,$(B)/%.o,$(filter-out $(OWN),$(SRC)))
OWNOBJ	= $(patsubst %.c,$(B)/%.o,$(OWN))
CMD	= $(patsubst %.c,$(B)/%,$(wildcard bin/*.c))
MAN	= $(wildcard man/*.[1-9])
# Units for systemd, of the system and of users; nothing starts by them alone.
UNITS	= $(patsubst examples/systemd/user/%,user/%,$(wildcard \
	    examples/systemd/user/*@.*)) \
	  $(patsubst examples/systemd/%,system/%,$(wildcard \
	    examples/systemd/*@.* examples/systemd/tq-spool.service))
# All but the one that builds.
EXAMPLES = $(filter-out examples/quickstart %.pyc,\
	    $(shell find examples -type f))
ARCHIVES = $(B)/libown.a $(B)/libtq.a
MODOBJ	= $(patsubst %.c,$(B)/%.o,$(filter lib/base/% lib/message/%,$(SRC)) \
	    $(FIND))
OBJ_redis = $(patsubst %.c,$(B)/%.o,$(wildcard lib/backend/redis/*.c))
OBJ_unpack = $(patsubst %,$(B)/lib/backend/unpack/%.o,unpack $(UNPACK))
OBJ_tls	= $(patsubst %.c,$(B)/%.o,$(wildcard lib/backend/tls/*.c))

all: $(CMD) $(TWIN) $(B)/libtq.a $(B)/libtq.so $(B)/tq.pc $(MODULES) \
    $(ALIASSO) $(PARTSO) $(filter-out $(HAVE:%=no-%),$(MODDIRS:%=no-%)) \
    $(if $(TLS),,no-tls)
$(MODDIRS:%=no-%): no-%:
	@echo "no module $*: pkg-config finds no $(PKG_$*)"
no-tls:
	@echo "no TLS (rediss://): pkg-config finds no openssl"

# Their headers may stand elsewhere.
cflags	= $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)
CFLAGS_redis := $(call cflags,$(PKG_redis))
CFLAGS_tls := $(call cflags,openssl)
$(OBJ_redis): PKG_CFLAGS = $(CFLAGS_redis) -I$(B)/lib
$(OBJ_tls): PKG_CFLAGS = $(CFLAGS_tls)

# Set-up is remade when the flags change, so no object is ever stale.
FLAGS = $(CC) $(TQ_CFLAGS) $(CFLAGS_redis) $(CFLAGS_tls) $(CPPFLAGS) $(CFLAGS) \
	$(LDFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
	    printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

# And the one that looks for modules when their place does.
MODULEDIR = $(LIBDIR)/tq
$(B)/moduledir: FORCE
	@mkdir -p $(@D)
	@echo '$(MODULEDIR)' | cmp -s - $@ || echo '$(MODULEDIR)' >$@
$(B)/lib/client/module.o: PKG_CFLAGS = -DTQ_MODULE_DIR='"$(MODULEDIR)"'
$(B)/lib/client/module.o: $(B)/moduledir

# Scripts that run inside a server are part of what sends them there; .d files
# know from which on, and this that they come first.
LUA	= lib/backend/redis/lua.awk
$(B)/%.lua.h: %.lua $(LUA)
	@mkdir -p $(@D)
	awk -f $(LUA) $< >$@.new && mv $@.new $@
$(B)/lib/backend/redis/script.o: $(patsubst %,$(B)/%.h,\
    $(wildcard lib/backend/redis/*.lua))

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(TQ_CFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Archives are made anew: a member whose source is gone must go too.  The
# list of members makes that happen when a file comes or goes.
$(B)/%.list: FORCE
	@mkdir -p $(@D)
	@echo $(MEMBERS) | cmp -s - $@ || echo $(MEMBERS) >$@
$(B)/libtq.list: MEMBERS = $(LIBOBJ)
$(B)/libown.list: MEMBERS = $(OWNOBJ)
$(B)/libmod.list: MEMBERS = $(MODOBJ)

$(B)/libtq.a: $(LIBOBJ) $(B)/libtq.list
	@rm -f $@
	$(AR) rcs $@ $(LIBOBJ)
$(B)/libown.a: $(OWNOBJ) $(B)/libown.list
	@rm -f $@
	$(AR) rcs $@ $(OWNOBJ)

$(B)/libmod.a: $(MODOBJ) $(B)/libmod.list
	@rm -f $@
	$(AR) rcs $@ $(MODOBJ)

.SECONDEXPANSION:
$(MODULES) $(PARTSO): $(B)/modules/%.so: $$(OBJ_$$*) $(B)/libmod.a lib/module.map
	@mkdir -p $(@D)
	$(CC) $(TQ_LDFLAGS) $(LDFLAGS) -shared $(if $(SAN),,-Wl,-z,defs) \
	    -Wl,--version-script=lib/module.map -o $@ \
	    $(filter %.o,$^) $(B)/libmod.a $(SOLIBS_$*) $(MODLIBS)
$(filter %/rediss.so %/redis+socket.so,$(ALIASSO)): $(B)/modules/redis.so
	ln -sf redis.so $@

$(B)/$(SO): $(LIBOBJ) $(B)/libtq.list lib/libtq.map
	$(CC) $(TQ_LDFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SO) \
	    $(if $(SAN),,-Wl,-z,defs) \
	    -Wl,--version-script=lib/libtq.map -o $@ $(LIBOBJ) $(SYSLIBS)
$(B)/libtq.so: $(B)/$(SO)
	ln -sf $(SO) $@

# Under its prefix, so that pkg-config --define-prefix can move both.
under	= $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
PC	= sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(call under,$(LIBDIR))|' \
	    -e 's|@INCLUDEDIR@|$(call under,$(INCLUDEDIR))|' -e 's|@VERSION@|$(VERSION)|' \
	    lib/tq.pc.in
$(B)/tq.pc: $(B)/flags $(B)/moduledir lib/tq.pc.in include/tq/types.h
	$(PC) >$@

$(filter-out $(ONCE),$(CMD)): $(B)/bin/%: $(B)/bin/%.o $(ARCHIVES)
	$(CC) $(TQ_LDFLAGS) $(CMDLDFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) \
	    $(CMDLIBS)
$(ONCE): $(B)/bin/%: $(B)/bin/%.o $(B)/lib/command/twin.o $(ARCHIVES)
	$(CC) -static $(TQ_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(ARCHIVES) -lbsd -lmd -ljansson
$(TWIN): $(B)/modules/%: $(B)/bin/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(TQ_LDFLAGS) $(CMDLDFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) \
	    $(CMDLIBS)

# ---- tests ----------------------------------------------------------------

# Programs called test_* are tests themselves; the others are the tools of
# the scripts beside them.
comma	= ,
TESTLIB	= $(patsubst %.c,$(B)/%.o,$(wildcard tests/lib/*.c))
PROG	= $(patsubst %.c,$(B)/%,$(wildcard $(addprefix tests/,\
	    unit/*.c contract/test_*.c cmd/*.c crash/*.c peer/*.c)))
# What every broker is asked, in each program that asks one.
CONTRACT = $(patsubst %.c,$(B)/%.o,$(filter-out tests/contract/test_%,\
	    $(wildcard tests/contract/*.c)))
BENCH	= $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))
# What is loaded into commands in front of libc; not together with sanitizers,
# which want to be first themselves.
SHIM	= $(if $(SAN),,$(patsubst %.c,$(B)/%.so,$(wildcard tests/shim/*.c)))
FUZZ	= $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

# What each room of tests runs; a record of each run is $(B)/log/ROOM/NAME.tap.
progs	= $(patsubst %.c,$(B)/%,$(wildcard tests/$(1)/test_*.c))
RUN_unit     = $(call progs,unit)
RUN_contract = $(call progs,contract)
RUN_cmd      = $(call progs,cmd) $(wildcard tests/cmd/*.sh)
RUN_peer     = $(wildcard tests/peer/*.sh)
# The whole of the model is for `make crash` alone; unit tests begin each scene.
RUN_crash    = $(call progs,crash) $(filter-out $(if $(filter crash,\
	    $(MAKECMDGOALS)),,%/model.sh),$(wildcard tests/crash/*.sh))
RUN_boot     = $(wildcard tests/boot/*.sh)
RUN_fuzz     = $(FUZZ)
RUN_lint     = $(wildcard tests/lint/*.sh)
RUN	= $(foreach t,$(T),$(RUN_$(t)))
TAP	= $(patsubst %,$(B)/log/%.tap,$(patsubst $(B)/tests/%,%,\
	    $(patsubst tests/%,%,$(RUN))))
TAPENV	= B='$(abspath $(B))' SAN='$(SAN)' CC='$(CC)' VERSION='$(VERSION)' \
	  TEST_SECONDS='$(TEST_SECONDS)' WRAP='$(WRAP)'

$(filter $(B)/tests/contract/%,$(PROG)): $(CONTRACT)
$(B)/tests/unit/test_model: $(patsubst %.c,$(B)/%.o,$(wildcard tests/model/*.c))
$(B)/tests/crash/storm_graph: $(patsubst %.c,$(B)/%.o,$(wildcard tests/storm/*.c))
$(PROG): %: %.o $(TESTLIB) $(ARCHIVES)
	$(CC) $(TQ_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVES) \
	    $(CMOCKA) $(SYSLIBS)
# its allocator stands between our objects and libc's
$(B)/tests/unit/test_nomem: LDFLAGS += $(addprefix -Wl$(comma)--wrap=,\
	    malloc calloc realloc reallocarray strdup strndup)
$(B)/tests/bench/stamp: LDFLAGS += -static
$(BENCH): %: %.o $(ARCHIVES)
	$(CC) $(TQ_LDFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) $(SYSLIBS)

$(SHIM): $(B)/%.so: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(TQ_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(TQ_LDFLAGS) $(LDFLAGS) \
	    -shared -o $@ $<

# In `make check` a driver runs the corpus; in `make fuzz` libFuzzer does.
ifeq ($(filter fuzz,$(MAKECMDGOALS)),)
FUZZMAIN = $(B)/tests/fuzz/driver.o
else
FUZZMAIN = -fsanitize=fuzzer
endif
$(FUZZ): %: %.o $(filter %.o,$(FUZZMAIN)) $(ARCHIVES)
	$(CC) $(TQ_LDFLAGS) $(LDFLAGS) -o $@ $< $(FUZZMAIN) $(ARCHIVES) \
	    $(SYSLIBS)

# A test never stops make: its record says how it went, and the end counts.
$(B)/log/fuzz/%.tap: $(B)/tests/fuzz/% FORCE
	@$(TAPENV) tests/lib/runtap $@ $< \
	    $(wildcard tests/fuzz/corpus/$(*:fuzz_%=%))
$(B)/log/%.sh.tap: tests/%.sh FORCE
	@$(TAPENV) tests/lib/runtap $@ $<
$(B)/log/%.tap: $(B)/tests/% FORCE
	@$(TAPENV) tests/lib/runtap $@ $<
$(filter $(B)/log/cmd/% $(B)/log/peer/% $(B)/log/crash/%,$(TAP)): all $(PROG) $(SHIM)
$(filter $(B)/log/lint/%,$(TAP)): $(B)/libtq.so $(MODULES)

$(filter $(B)/log/boot/%,$(TAP)): all $(B)/tests/unit/test_cgroup

# All that T names, built and not run.
tests: $(filter $(B)/%,$(RUN)) $(if $(filter cmd peer crash,$(T)),all $(PROG) $(SHIM))

# `make crash` is the room of tests of that name without the bounds that it has in
# `make check`: a fault in, and death at, every system call, of the library
# (test_*) and of commands (strace.sh), which takes what it takes; then for
# MINUTES storms of SIGKILL over tasks and over graphs, power cuts, and every
# state of the model.  The long ones say every 20 s how far they are.
check boot crash lint: $(TAP)
	@tests/lib/sumtap $(TAP)
crash: export TQ_CRASH = long
crash: export TQ_CRASH_SECONDS = $(shell echo $$(($(MINUTES) * 60 / 5)))

fuzz: $(FUZZ)
	@set -e; for f in $(notdir $(FUZZ)); do \
		mkdir -p $(B)/corpus/$$f tests/fuzz/corpus/$${f#fuzz_}; \
		echo "$$f: $(FUZZ_SECONDS) s"; \
		$(B)/tests/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) \
		    -verbosity=0 -print_final_stats=1 -timeout=10 \
		    -artifact_prefix=$(B)/$$f- $(B)/corpus/$$f \
		    tests/fuzz/corpus/$${f#fuzz_}; \
	done

bench: all $(BENCH)
	@B='$(abspath $(B))' tests/bench/run

# Half a minute to some: a million tasks and more through one worker.
soak: all $(B)/tests/bench/soak
	@PATH='$(abspath $(B))/bin':$$PATH timeout $(TEST_SECONDS) \
	    $(B)/tests/bench/soak

cover: check
	@find $(B)/lib -name '*.gcda' | xargs gcov -n -r -s . 2>/dev/null | \
	    awk -F"[':% ]+" '/^File/ { f = $$2 } \
		/^Lines/ && f ~ /^lib.*c$$/ { print $$3 "%\t" f; f = "" }' | \
	    sort -n

# ---- installing -----------------------------------------------------------

# One word of the shell, whatever it is.
D = $(if $(DESTDIR),'$(subst ','\'',$(DESTDIR))')

# Pages, units and examples name the places that are usual.
PLACES	= sed -e 's|/usr/local/bin\>|$(BINDIR)|' -e 's|/usr/local/|$(PREFIX)/|'

# bash looks for a file named as the command.
COMPLETED = tqput
ALSO	= $(filter-out $(COMPLETED),$(CMD:$(B)/bin/%=%))

# Installs what is built and builds nothing: it may run as another user.  What
# was built to look elsewhere for its modules would find none.
install:
	@built=$$(cat $(B)/moduledir) && [ "$$built" = '$(MODULEDIR)' ] || { \
	    echo "built for modules in $$built: first" \
	    "make$(if $(filter /usr/local,$(PREFIX)),, PREFIX=$(PREFIX))" \
	    "$(if $(filter $(PREFIX)/lib,$(LIBDIR)),,LIBDIR=$(LIBDIR))" >&2; \
	    exit 1; }
	$(INSTALL) -d $(D)$(BINDIR) $(D)$(LIBDIR)/pkgconfig $(D)$(LIBDIR)/tq \
	    $(D)$(INCLUDEDIR)/tq
	$(if $(CMD),$(INSTALL) -m 755 $(CMD) $(D)$(BINDIR))
	$(if $(TWIN),$(INSTALL) -m 755 $(TWIN) $(D)$(LIBDIR)/tq)
	$(if $(MODULES),$(INSTALL) -m 755 $(MODULES) $(PARTSO) \
	    $(D)$(LIBDIR)/tq)
	$(foreach a,$(ALIASES),ln -sf redis.so $(D)$(LIBDIR)/tq/$(a).so;)
	$(INSTALL) -m 644 $(B)/libtq.a $(B)/$(SO) $(D)$(LIBDIR)
	ln -sf $(SO) $(D)$(LIBDIR)/libtq.so
	$(PC) >$(D)$(LIBDIR)/pkgconfig/tq.pc
	chmod 644 $(D)$(LIBDIR)/pkgconfig/tq.pc
	$(INSTALL) -m 644 include/tq/*.h $(D)$(INCLUDEDIR)/tq
	for m in $(MAN); do \
		d=$(D)$(MANDIR)/man$${m##*.}; \
		$(INSTALL) -d "$$d" && $(PLACES) $$m >"$$d/$${m##*/}" && \
		    chmod 644 "$$d/$${m##*/}" || exit 1; \
	done
	$(INSTALL) -d $(D)$(UNITDIR)/system $(D)$(UNITDIR)/user
	for u in $(UNITS); do \
		to=$(D)$(UNITDIR)/$$u; \
		$(PLACES) examples/systemd/$${u#system/} >"$$to" && \
		    chmod 644 "$$to" || exit 1; \
	done
	$(INSTALL) -d $(D)$(SYSUSERSDIR)
	$(INSTALL) -m 644 examples/systemd/tq.sysusers \
	    $(D)$(SYSUSERSDIR)/tq.conf
	$(INSTALL) -d $(D)$(BASHDIR) $(D)$(ZSHDIR)
	$(INSTALL) -m 644 bin/completion.bash $(D)$(BASHDIR)/$(COMPLETED)
	$(foreach c,$(ALSO),ln -sf $(COMPLETED) $(D)$(BASHDIR)/$(c);)
	sed 's|/usr/local/share/bash-completion/completions|$(BASHDIR)|' \
	    bin/completion.zsh >$(D)$(ZSHDIR)/_tq
	chmod 644 $(D)$(ZSHDIR)/_tq
	for f in $(EXAMPLES); do \
		to=$(D)$(DOCDIR)/$$f mode=644; \
		[ ! -x $$f ] || mode=755; \
		$(INSTALL) -d "$${to%/*}" && \
		    $(PLACES) $$f >"$$to" && \
		    chmod $$mode "$$to" || exit 1; \
	done

uninstall:
	rm -f $(CMD:$(B)/bin/%=$(D)$(BINDIR)/%)
	rm -f $(TWIN:$(B)/modules/%=$(D)$(LIBDIR)/tq/%)
	rm -f $(patsubst $(B)/modules/%,$(D)$(LIBDIR)/tq/%,$(MODULES) \
	    $(PARTSO))
	rm -f $(ALIASES:%=$(D)$(LIBDIR)/tq/%.so)
	rm -f $(addprefix $(D)$(LIBDIR)/,libtq.a libtq.so $(SO) pkgconfig/tq.pc)
	rm -f $(foreach m,$(MAN),$(D)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	rm -f $(addprefix $(D)$(UNITDIR)/,$(UNITS))
	rm -f $(D)$(SYSUSERSDIR)/tq.conf
	rm -f $(addprefix $(D)$(BASHDIR)/,$(COMPLETED) $(ALSO)) $(D)$(ZSHDIR)/_tq
	rm -f $(addprefix $(D)$(DOCDIR)/,$(EXAMPLES))
	rm -f $(patsubst include/%,$(D)$(INCLUDEDIR)/%,$(wildcard include/tq/*.h))
	-rmdir $(D)$(INCLUDEDIR)/tq $(D)$(LIBDIR)/tq
	-find $(D)$(DOCDIR) -depth -type d -exec rmdir {} +

dist:
	@mkdir -p $(B)
	git archive --prefix=tq-$(VERSION)/ -o $(B)/tq-$(VERSION).tar.gz \
	    v$(VERSION)

clean:
	rm -rf $(B)

.PHONY: all tests check boot install uninstall clean dist lint bench soak crash fuzz cover FORCE
.SECONDARY:
FORCE:

-include $(shell [ ! -d $(B) ] || find $(B) -name '*.d')
