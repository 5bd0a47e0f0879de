# Everything a person types. `make demo` and `make test` work on a fresh machine: they install what is
# missing first (tools/setup says what), configure and build what they need, and take seconds when
# nothing changed. ARGS is passed on: make demo ARGS="--json", make test ARGS="-R agent".
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

ARGS ?=
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

.PHONY: help demo test check format lint docs debug asan tsan clang bench fuzz mutants neutrality install clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "; print "make COMMAND, one of"} /^[a-z]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' Makefile

demo: ## set up if needed, build the skein program, show a run that needs no key and no network
	@tools/setup build
	@tools/build release --no-tests apps/skein/skein
	@build/release/apps/skein/skein demo $(ARGS)

test: ## set up if needed, build everything, run every test
	@tools/setup test
	@tools/build release
	@ctest --preset release $(ARGS)

check: lint docs test ## lint, docs and test in one: what a change must pass

format: ## format the sources in place
	@tools/setup check
	@find include src apps tests examples bench fuzz -name '*.[ch]pp' -print0 2>/dev/null | xargs -0 clang-format-19 -i

lint: ## format check, house rules, floors, clang-tidy
	@tools/setup check
	@tools/build clang build.ninja
	@tools/build tidy build.ninja
	@tools/lint

docs: ## links, quoted programs and commands in the documentation
	@tools/check-docs

debug: ## build and test without optimisation
	@tools/setup test
	@tools/build debug
	@ctest --preset debug $(ARGS)

asan: ## build and test with Clang 19 under the address and undefined-behaviour sanitizers
	@tools/setup check
	@tools/build asan
	@ctest --preset asan $(ARGS)

tsan: ## build and test under the thread sanitizer
	@tools/setup test
	@tools/build tsan
	@ctest --preset tsan $(ARGS)

clang: ## build and test with Clang 19
	@tools/setup check
	@tools/build clang
	@ctest --preset clang $(ARGS)

bench: ## build and run the benchmarks; ARGS go to bench/run
	@tools/setup test
	@tools/build bench --no-tests bench_micro bench_decoders bench_spans bench_parked bench_server skein_peer bare_peer
	@build/bench/bench/bench_micro --benchmark_out=build/bench/micro.json
	@build/bench/bench/bench_decoders
	@build/bench/bench/bench_spans
	@bench/run -n 3 -o build/bench/results.jsonl $(ARGS)
	@echo "each result is in build/bench/micro.json and build/bench/results.jsonl (or where -o said)"

fuzz: ## run every fuzz target for FUZZ_SECONDS (60)
	@tools/setup check
	@tools/build fuzz --no-tests fuzz/all
	@tools/fuzz $(FUZZ_SECONDS)

neutrality: ## every test with telemetry off, on, failing and stalled: the same results
	@tools/setup test
	@tools/build release
	@tools/neutrality $(ARGS)

mutants: ## break the core on purpose and see the tests notice
	@tools/setup test
	@tools/mutants $(ARGS)

install: ## install libraries, headers, package files and the program to PREFIX (/usr/local)
	@tools/setup build
	@tools/build release --no-tests
	@cmake --install build/release --prefix '$(PREFIX)' >build/install.log
	@echo "installed to $(PREFIX); the list of files is in build/install.log"

clean: ## remove everything that was built
	@rm -rf build
