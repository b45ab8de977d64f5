# make            build/onlogin, and build/fake-wechat to develop against
# make demo       install what is missing, build, log in against a fake WeChat on this machine
# make test       install what is missing, build, test everything
# make check      unit tests only, without installing anything
# make lint       formatting and static checks
# make bench      speed, as ratios to nginx itself
# make fuzz       ten minutes each of made-up tokens, user data and FastCGI; SECONDS_EACH= changes that
# make texts      takes new texts of the source into src/zh_CN.po
# make install    into $(DESTDIR)$(PREFIX); uninstall takes it back
# make deb        the Debian packages, in build/
# make test-deb   the same, tried in a bare Debian 12 and a bare 13, or release=bookworm; as root
# make test-debian  build and test in a bare Debian 13, or another: release=bookworm; as root
# make clean
#
# sanitize=address,undefined builds any of them with these sanitizers, below build/ of its own.
# V=1 shows the commands that build; without it, a short line stands for each.
# CXX, CXXFLAGS, CPPFLAGS, LDFLAGS, PREFIX and DESTDIR are yours. COMMIT= is what -V shows; without it
# git is asked, and where there is no .git it is "unknown".

PREFIX   ?= /usr/local
CXXFLAGS ?= -O2 -g
comma    := ,
build    := build$(if $(sanitize),/$(subst $(comma),-,$(sanitize)))

pkgs     := libuv libcurl jsoncpp libssl libcrypto sqlite3 hiredis
# Errors in `make lint` and in CI alone: a later compiler warns of more, and is no fault of the user's.
warnings := -Wall -Wextra -Wpedantic -Wshadow
san      := $(if $(sanitize),-fsanitize=$(sanitize) -fno-sanitize-recover=all -fno-omit-frame-pointer)
cppflags  = $(shell pkg-config --cflags $(pkgs)) -MMD -MP -Isrc $(own) $(CPPFLAGS)
cxxflags  = -std=c++20 $(warnings) $(san) $(CXXFLAGS)
libs      = $(shell pkg-config --libs $(pkgs))

# Also for root in the clone of another user, as with `make install`.
ifndef COMMIT
COMMIT   := $(and $(wildcard .git),$(shell git -c safe.directory='$(CURDIR)' --no-optional-locks \
                describe --always --dirty --exclude '*' 2>/dev/null))
endif
commit   := $(or $(COMMIT),unknown)

sources  := $(wildcard src/*.cc src/*/*.cc)
objects  := $(sources:%.cc=$(build)/%.o)
parts    := $(filter-out $(build)/src/main.o,$(objects))
units    := $(patsubst %.cc,$(build)/%.o,$(wildcard tests/unit/*.cc tests/unit/*/*.cc))
fake     := $(patsubst %.cc,$(build)/%.o,$(wildcard tests/fake-wechat/*.cc))
driver   := $(build)/tests/revocations/driver.o
bare     := $(build)/tests/bench/bare_responder.o
tokens   := $(patsubst %,$(build)/src/%.o,session/token session/keys session/paserk session/paseto \
                base/crypto base/base64 base/rfc3339 base/encode base/odd_text base/json_slips \
                base/json base/json_strings base/json_trouble base/language base/catalogue \
                wechat/user_data)
forms    := $(build)/src/gateway/response.o
judge    := $(patsubst %,$(build)/%.o,src/gateway/fcgi_records tests/unit/gateway/libfcgi \
                tests/unit/gateway/libfcgi_judge)
fuzzers  := token user_data fcgi_records
loose    := $(build)/tests/bench/token_speed.o $(fuzzers:%=$(build)/tests/fuzz/%.o)

# A file that no list has would be missed by nobody: least of all a test. And a list that names a
# file that has gone would be noticed only by who makes that target.
left_out := $(filter-out $(objects) $(units),$(patsubst %.cc,$(build)/%.o,\
                $(shell find src -name '*.cc') $(shell find tests -name '*_test.cc')))
gone     := $(filter-out $(objects) $(units),$(tokens) $(build)/src/main.o $(build)/src/version.o $(forms) \
                $(judge))
$(if $(left_out)$(gone),$(error the Makefile's lists of sources are not those of src and tests: \
    left out: $(left_out:$(build)/%.o=%.cc); not there: $(gone:$(build)/%.o=%.cc)))

# What the targets need beyond make and git, as Debian 12 and 13 name it.
build_packages := g++ pkg-config libuv1-dev libcurl4-openssl-dev libjsoncpp-dev libssl-dev \
                  libsqlite3-dev libhiredis-dev libfcgi-dev gettext
run_packages   := nginx-light spawn-fcgi openssl ca-certificates curl
demo_packages  := $(build_packages) $(run_packages) python3
test_packages  := $(demo_packages) libboost-test-dev mandoc systemd apache2-bin \
                  libapache2-mod-fcgid lighttpd fcgiwrap redis-server sqlite3 strace \
                  php-cgi uwsgi-plugin-python3 nodejs npm chromium
lint_packages  := $(test_packages) clang clang-format clang-tidy cppcheck shellcheck
bench_packages := $(demo_packages) libnginx-mod-http-echo wrk
deb_packages   := $(build_packages) build-essential dpkg-dev debhelper
debian_packages := debootstrap dpkg-dev
fuzz_packages  := $(build_packages) clang libclang-rt-dev

# What the program says in Chinese.
catalogue := $(build)/locale/zh_CN/LC_MESSAGES/onlogin.mo

# $(call short,WHAT,FILE) before a command: how it is shown.
short      = $(if $(filter-out 0,$(V)),,@printf '%-4s %s\n' '$1' '$2';)
# $(call announce,OBJECT...): says how many are still to be compiled; nothing if all are there.
missing    = $(filter-out $(wildcard $1),$1)
announce   = $(if $(missing),echo 'files to compile: $(words $(missing)) (all of them take some minutes)')

all: $(build)/onlogin $(build)/fake-wechat $(catalogue)

$(catalogue): src/zh_CN.po
	@mkdir -p $(@D)
	$(call short,MSG,$<)msgfmt --check-format -o $@ $<

$(build)/onlogin: $(objects)
	$(call short,LINK,$@)$(CXX) $(cxxflags) $(LDFLAGS) $^ $(libs) -o $@

$(build)/fake-wechat: $(parts) $(fake)
	$(call short,LINK,$@)$(CXX) $(cxxflags) $(LDFLAGS) $^ $(libs) -o $@

$(build)/unit: $(parts) $(units) | $(catalogue)
	$(call short,LINK,$@)$(CXX) $(cxxflags) $(LDFLAGS) $^ $(libs) -lboost_unit_test_framework -o $@

$(build)/revocations-driver: $(parts) $(driver)
	$(call short,LINK,$@)$(CXX) $(cxxflags) $(LDFLAGS) $^ $(libs) -o $@

$(build)/bare-responder: $(bare)
	$(call short,LINK,$@)$(CXX) $(cxxflags) $(LDFLAGS) $^ -lfcgi -o $@

$(build)/token-speed: $(tokens) $(build)/tests/bench/token_speed.o
	$(call short,LINK,$@)$(CXX) $(cxxflags) $(LDFLAGS) $^ $(libs) -o $@

$(fuzzers:%=$(build)/%-fuzzer): $(build)/%-fuzzer: $(tokens) $(forms) $(build)/tests/fuzz/%.o
	$(call short,LINK,$@)$(CXX) $(cxxflags) -fsanitize=fuzzer $(LDFLAGS) $^ $(libs) -o $@

# libfcgi judges in tests; the worker has its header alone.
$(build)/fcgi_records-fuzzer: $(judge)
$(build)/unit $(build)/fcgi_records-fuzzer: libs += -lfcgi

$(units): own := -DBOOST_TEST_DYN_LINK

# A new commit is written down, and one object built again; the same one changes nothing.
$(build)/src/version.o: own := -DONLOGIN_COMMIT='"$(commit)"'
$(build)/src/version.o: $(build)/commit
$(build)/commit: .force
	@mkdir -p $(@D)
	@echo '$(commit)' | cmp -s - $@ || echo '$(commit)' >$@

$(build)/%.o: %.cc
	@mkdir -p $(@D)
	$(call short,CXX,$<)$(CXX) $(cppflags) $(cxxflags) -c $< -o $@

# Each object and no program, for a compiler that is to have its say: CXX='clang++ -fsyntax-only'.
objects: $(objects) $(units) $(fake) $(driver) $(bare) $(loose)

check: $(build)/unit
	$<

# Packages come first and the build second, in a make of its own that finds them.
demo:
	@tests/install-packages $(demo_packages)
	@$(call announce,$(objects) $(fake))
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(build) tests/demo

test:
	@tests/install-packages $(test_packages)
	@$(call announce,$(objects) $(fake) $(units) $(driver))
	@$(MAKE) --no-print-directory -j$$(nproc) all $(build)/unit $(build)/revocations-driver $(build)/token-speed
	@BUILD=$(build) tests/run

bench:
	@tests/install-packages $(bench_packages)
	@$(MAKE) --no-print-directory -j$$(nproc) all $(build)/bare-responder $(build)/token-speed
	@BUILD=$(build) tests/bench/run

deb:
	@tests/install-packages $(deb_packages)
	@COMMIT='$(commit)' systemd/build-deb

test-deb:
	@tests/install-packages $(debian_packages)
	@tests/package $(release)

test-debian:
	@tests/install-packages debootstrap
	@tests/in-debian $(or $(release),trixie)

fuzz:
	@tests/install-packages $(fuzz_packages)
	@$(MAKE) --no-print-directory -j$$(nproc) CXX=clang++ sanitize=address,undefined,fuzzer-no-link \
	    $(fuzzers:%=build/address-undefined-fuzzer-no-link/%-fuzzer)
	@for fuzzer in $(fuzzers); do \
	    mkdir -p build/fuzz/$$fuzzer && \
	    build/address-undefined-fuzzer-no-link/$$fuzzer-fuzzer \
	        -max_total_time=$(or $(SECONDS_EACH),600) -max_len=9000 \
	        -artifact_prefix=build/fuzz/$$fuzzer- build/fuzz/$$fuzzer \
	        tests/fuzz/seeds/$$fuzzer || exit 1; \
	done

lint:
	@tests/install-packages $(lint_packages)
	@tests/lint '$(warnings)' $(pkgs)

# Takes new texts of the source into the catalogue, for who translates them.
texts:
	tests/texts --update

format:
	clang-format -i $$(git ls-files '*.cc' '*.hh')

sbin     := $(DESTDIR)$(PREFIX)/sbin
bin      := $(DESTDIR)$(PREFIX)/bin
libexec  := $(DESTDIR)$(PREFIX)/libexec/onlogin
share    := $(DESTDIR)$(PREFIX)/share/onlogin
man      := $(DESTDIR)$(PREFIX)/share/man
lib      := $(DESTDIR)$(PREFIX)/lib
locale   := $(DESTDIR)$(PREFIX)/share/locale/zh_CN/LC_MESSAGES
# Where the worker and nginx of this very host will look; in a package it is the package's work.
own_system := $(if $(DESTDIR),,$(filter /usr /usr/local,$(PREFIX)))
services := $(notdir $(wildcard systemd/*.service systemd/*.socket))

install: all
	install -D -m 755 $(build)/onlogin $(sbin)/onlogin
	install -D -m 755 nginx/onlogin-internal-key $(sbin)/onlogin-internal-key
	install -D -m 755 tests/fake-wechat/onlogin-fake-wechat $(bin)/onlogin-fake-wechat
	install -D -m 755 $(build)/fake-wechat $(libexec)/fake-wechat
	install -D -m 644 -t $(share) src/onlogin.json src/onlogin.schema.json
	install -D -m 644 -t $(locale) $(catalogue)
	install -D -m 644 -t $(man)/man8 src/onlogin.8 nginx/onlogin-internal-key.8
	install -D -m 644 -t $(man)/man5 src/onlogin.json.5
	install -D -m 644 -t $(man)/man1 tests/fake-wechat/onlogin-fake-wechat.1
	install -D -m 644 -t $(share)/miniprogram src/miniprogram/onlogin.js src/miniprogram/onlogin.d.ts \
		src/miniprogram/package.json
	install -D -m 644 -t $(share)/nginx nginx/*.conf
	install -D -m 644 -t $(share)/nginx/snippets nginx/snippets/*.conf
	install -D -m 644 -t $(share)/nginx/hosting nginx/hosting/*.conf
	install -D -m 644 -t $(share)/nginx/examples nginx/examples/*
	install -D -m 644 -t $(lib)/systemd/system $(services:%=systemd/%)
	sed -i 's|/usr/sbin/onlogin|$(PREFIX)/sbin/onlogin|' $(services:%=$(lib)/systemd/system/%) \
		$(share)/nginx/hosting/*.conf
	install -D -m 644 systemd/onlogin.sysusers $(lib)/sysusers.d/onlogin.conf
	$(if $(own_system),nginx/onlogin-internal-key)

uninstall:
	rm -f $(sbin)/onlogin $(sbin)/onlogin-internal-key $(bin)/onlogin-fake-wechat
	rm -f $(man)/man8/onlogin.8 $(man)/man8/onlogin-internal-key.8 $(man)/man5/onlogin.json.5 $(man)/man1/onlogin-fake-wechat.1
	rm -f $(services:%=$(lib)/systemd/system/%) $(lib)/sysusers.d/onlogin.conf
	rm -f $(locale)/onlogin.mo
	rm -rf $(libexec) $(share)

clean:
	rm -rf build

-include $(objects:.o=.d) $(units:.o=.d) $(fake:.o=.d) $(driver:.o=.d) $(bare:.o=.d) $(loose:.o=.d)

.PHONY: all objects texts check demo test bench fuzz deb test-deb test-debian lint format install uninstall clean .force
