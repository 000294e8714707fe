# SPDX-License-Identifier: Apache-2.0
#
# Two of these set everything up on a fresh Debian machine: `make run` and `make test`.
RUN_SCENARIOS ?= scenarios/rw_test_mainline.json scenarios/rw_test_cqt_only.json \
                 scenarios/rw_test_ccr.json scenarios/rw_test_ccr_filter.json
JOBS ?= $(shell nproc)
PYTHON := .venv/bin/python
LSFMM_OUT ?= build/lsfmm
CONFORM_OUT ?= build/conform
MAKEFLAGS += --no-print-directory

# clang++ compiles what it has precompiled headers for in about half the time of g++, and the
# program is as fast. `make check` builds it with both and compares what they say.
ifeq ($(origin CXX),default)
  CXX := clang++
endif
export CXX

# The pyenv or conda python of the caller must not leak into the project's own environment.
unexport PYTHONPATH PYTHONHOME

.PHONY: help build fast run test check nightly test-cpp test-python test-wheel asan tsan gcc wild \
        fuzz fuzz-fast operators \
        aarch64 mutants conform-mutants worst-mutants bench bench-peers instructions hashes \
        format formats lint stubs tidy clean conform lsfmm lsfmm-page performance-page python \
        ready-to-build ready-to-test ready-to-check bench-program test-program docs package wheel

help:  ## Say what each target does
	@sed -n 's/^\([a-z0-9-]*\):.*  ## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

ready-to-build:
	@tools/bootstrap build

ready-to-test:
	@tools/bootstrap test

ready-to-check:
	@tools/bootstrap check

build: ready-to-build  ## Build the program, build/holdfast
	@cmake --preset release -DHOLDFAST_CONFORM=ON >/dev/null
	@cmake --build --preset release -j $(JOBS) --target holdfast >&2

# Built twice, with a few runs between that say what is to be fast. It says the same as the other.
fast:  ## build-fast/holdfast: guided by a profile, for this machine; compiled twice
	@tools/bootstrap fast
	@cmake --preset fast-train >/dev/null
	@cmake --build --preset fast-train -j $(JOBS) --target holdfast >&2
	@profile=$$(python3 tools/train.py build-fast/train/holdfast build-fast) && \
	  cmake --preset fast -DHOLDFAST_PROFILE="$$profile" >/dev/null
	@cmake --build --preset fast -j $(JOBS) --target holdfast >&2
	@if [ -x build/holdfast ]; then \
	  python3 tools/same_results.py build/holdfast build-fast/holdfast >&2; fi

# The first time only what it runs is built; a program that has conform keeps it.
run: ready-to-build  ## The main job: what losing a path does to rw_test, as one table
	@[ -f build/CMakeCache.txt ] || cmake --preset release -DHOLDFAST_CONFORM=OFF >/dev/null
	@cmake --build --preset release -j $(JOBS) --target holdfast >&2
	@build/holdfast run $(RUN_SCENARIOS)

lsfmm: python  ## The measurement matrix for LSF/MM: table and plots (LSFMM_OUT=FOLDER)
	@$(PYTHON) tools/lsfmm.py $(LSFMM_OUT)

lsfmm-page: python  ## The same, and docs/lsfmm.md and its pictures anew
	@$(PYTHON) tools/lsfmm.py --page $(LSFMM_OUT)

# The tests of the package run once, from the wheel, as whoever installs it has it.
BESIDE_WHEEL := --ignore=tests/python/package

test: ready-to-test  ## All that a user or contributor needs: formats, lints, all tests, the wheel
	@$(MAKE) formats
	@$(MAKE) lint
	@$(MAKE) test-cpp
	@$(MAKE) test-python PYTEST="$(BESIDE_WHEEL)"
	@$(MAKE) -j $(JOBS) stubs test-wheel

# The laws of tests/property try the same drawn worlds again and again. Under the sanitizers that is
# half of the time, so there each law has its first batch only, and all of them every night.
LAWS := uses it|changes nothing|things are called|is the same|beside it|before it|as long|has healed
# What these run is run under the sanitizers by others as well: the loader is fuzzed, bundled
# scenarios are compared on both kernels, and one search in thousands of worlds is like another.
AGAIN := every key that is declared|The estimate of events|the headline numbers follow|a bundled \
scenario does not see|splitting|are split|crude Monte Carlo|rare events too|number of threads|\
depend on threads|merging and reduction change|a search in parts
FIRST_BATCHES := -E '($(LAWS)) - [1-9]|$(AGAIN)'

check: ready-to-check  ## What CI adds: sanitizers, another compiler, mutants (a sample), clang-tidy
	@$(MAKE) asan ASAN="$(FIRST_BATCHES)" PLAIN="holdfast_scenario;holdfast_run;holdfast_conform"
	@$(MAKE) tsan
	@$(MAKE) gcc
	@$(MAKE) fuzz FUZZ="--seconds 30"
	@$(MAKE) mutants MUTANTS="--sample 5 --seed $$(git rev-parse HEAD)"
	@$(MAKE) conform-mutants MUTANTS="--sample 4 --seed $$(git rev-parse HEAD)"
	@$(MAKE) operators OPERATORS="--sample 2 --seed $$(git rev-parse HEAD)"
	@$(MAKE) tidy

nightly: ready-to-check  ## What takes long: all mutants, sanitized laws, clang-tidy, benchmark
	@$(MAKE) mutants
	@$(MAKE) conform-mutants
	@$(MAKE) worst-mutants
	@$(MAKE) asan
	@$(MAKE) wild WILD="--worlds 25000"
	@$(MAKE) aarch64
	@$(MAKE) gcc GCC=-DHOLDFAST_CONFORM=ON
	@$(MAKE) tidy TIDY_BASE=all
	@$(MAKE) bench

python: ready-to-test  ## Build the Python package and install it into .venv
	@cmake --preset release -DHOLDFAST_PYTHON=ON -DHOLDFAST_CONFORM=ON \
	  -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON) >/dev/null
	@cmake --build --preset release -j $(JOBS) --target holdfast_core holdfast_parts
	@$(PYTHON) -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps \
	  --force-reinstall --config-settings=build-dir=build .

test-program: ready-to-test
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target holdfast_tests

test-cpp: test-program  ## The C++ tests, release build
	@ctest --preset release -j $(JOBS)

test-python: python bench-program  ## The Python tests, the house rules among them
	@$(PYTHON) -m pytest -n $(JOBS) --dist loadfile $(PYTEST)

test-wheel: python  ## The tests of the package, from a wheel in an empty environment elsewhere
	@JOBS=$(JOBS) tools/test-wheel

# The objects of the tests are those of the release build; what they test is sanitized, but for the
# rooms that PLAIN names, as `make check` does.
asan: ready-to-check test-program  ## The C++ tests, the models under address and UB sanitizers
	@cmake --preset asan-ubsan -DHOLDFAST_PLAIN_ROOMS="$(PLAIN)" >/dev/null
	@cmake --build --preset asan-ubsan -j $(JOBS) --target holdfast_tests
	@ctest --preset asan-ubsan -j $(JOBS) $(ASAN)

tsan: ready-to-check  ## Copies of worlds on threads of their own, under the thread sanitizer
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan -j $(JOBS) --target holdfast_tests
	@ctest --preset tsan -j $(JOBS)

fuzz: ready-to-check build  ## Feed whatever reads input with libFuzzer, a minute (FUZZ=OPTIONS)
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS) --target fuzz_scenario fuzz_set fuzz_wire
	@$(PYTHON) tools/fuzz.py $(FUZZ)

fuzz-fast: ready-to-check build  ## The same without sanitizers: more inputs, fewer ways to notice
	@cmake --preset fuzz-fast >/dev/null
	@cmake --build --preset fuzz-fast -j $(JOBS) --target fuzz_scenario fuzz_set fuzz_wire
	@$(PYTHON) tools/fuzz.py --fast $(FUZZ)

gcc: ready-to-check build  ## The program built by g++ says the same of every bundled scenario
	@cmake --preset gcc $(GCC) >/dev/null
	@cmake --build --preset gcc -j $(JOBS) --target holdfast
	@$(PYTHON) tools/same_results.py build/holdfast build-gcc/holdfast

aarch64: ready-to-test  ## The program for aarch64, under qemu-user, says the same (if to be had)
	@tools/aarch64 $(JOBS)

mutants: ready-to-test test-program  ## Remove each safeguard in turn; a named test must go red
	@$(PYTHON) tests/mutants/run.py --jobs $(JOBS) $(MUTANTS)

operators: ready-to-test test-program build  ## Change the models at random (OPERATORS=OPTIONS)
	@$(PYTHON) tests/mutants/operators.py --jobs $(JOBS) $(OPERATORS)

wild: ready-to-test test-program  ## Run worlds of any keys, ten thousand runs (WILD=OPTIONS)
	@cmake --preset checked >/dev/null
	@cmake --build --preset checked -j $(JOBS) --target holdfast_tests
	@$(PYTHON) tools/wild.py --program build-checked/holdfast_tests --jobs $(JOBS) $(WILD)

conform-mutants: ready-to-test build  ## The same for requirements, by holdfast conform
	@$(PYTHON) tests/mutants/conform.py --jobs $(JOBS) $(MUTANTS)

worst-mutants: ready-to-test build  ## The same by holdfast search alone, in one scenario
	@$(PYTHON) tests/mutants/worst.py --jobs $(JOBS) $(MUTANTS)

conform: build  ## Which requirement does an implementation break? All of them (CONFORM_OUT=FOLDER)
	@build/holdfast conform --out $(CONFORM_OUT) --expected scenarios/requirements/expected.json

# Its instructions are counted by a Python test.
bench-program: ready-to-build
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target holdfast_bench >&2

instructions: ready-to-test bench-program  ## Count instructions of fixed work; renew what is stated
	@$(PYTHON) tools/instructions.py --write

hashes: ready-to-test build  ## Trace hashes of bundled scenarios: what moved (HASHES=OPTIONS)
	@$(PYTHON) tools/hashes.py --write $(HASHES)

bench: bench-program  ## Build and run the benchmark
	@build/holdfast_bench

bench-peers: build fast  ## Beside ns-3, SimGrid's mailboxes (AGAINST=FILE: an earlier run; KEEP=1)
	@python3 tests/bench/peers/peers.py $(if $(AGAINST),--against $(AGAINST)) \
	  $(if $(KEEP),--out tests/bench/peers/measured.json)
	@$(if $(KEEP),$(PYTHON) docs/pictures/peers.py docs/pictures/peers.svg)

performance-page: python bench-program  ## Run the benchmarks, and docs/performance.md anew
	@$(PYTHON) tools/performance_page.py

docs: python  ## The documentation site, in build/docs; warnings are errors
	@tools/bootstrap docs
	@$(PYTHON) tools/docs_site.py

package: build  ## A Debian package, build/package/holdfast_*.deb, and whether it installs and runs
	@tools/bootstrap package
	@rm -rf build/package
	@cmake --build --preset release -j $(JOBS) --target holdfast_extras >&2
	@cd build && cpack -G DEB >&2
	@tools/test-package

# It has nothing to do with the wheel of test-wheel, which uses the libraries of the machine.
wheel: python  ## A wheel that carries SimGrid's library, in build/wheel, and whether it runs alone
	@tools/bootstrap wheel
	@tools/wheel/make
	@tools/wheel/test-alone

format: ready-to-test  ## Format all C++ and Python files in place
	@$(PYTHON) tools/check.py format --fix
	@$(PYTHON) -m ruff check --quiet --fix .
	@$(PYTHON) -m ruff format --quiet .

# What mypy sees: the sources of the package, and beside them parts.py, which the program makes. So
# it needs no module and nothing installed.
TYPED := build/typed

# What needs nothing built comes first, so that a slip in it is told at once.
formats: ready-to-test  ## Formats and ruff
	@$(PYTHON) tools/check.py format
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --quiet --check .

lint: formats build  ## Formats, ruff and mypy
	@rm -rf $(TYPED) && mkdir -p $(TYPED)
	@cp -rs $(CURDIR)/bindings/python/holdfast $(TYPED)
	@$(PYTHON) bindings/python/make_parts.py build/holdfast $(TYPED)/holdfast/parts.py
	@MYPYPATH=$(TYPED) $(PYTHON) -m mypy --no-error-summary
	@MYPYPATH=$(TYPED) $(PYTHON) -m mypy --no-error-summary -p holdfast
	@echo "lint: clean"

stubs: python  ## The types of the compiled module are those that it has
	@$(PYTHON) -m mypy.stubtest --allowlist bindings/python/stubtest_allow.txt \
	  --ignore-unused-allowlist holdfast._core >/dev/null
	@echo "stubs: clean"

tidy: ready-to-check  ## clang-tidy on the files that changed (all of them: TIDY_BASE=all)
	@cmake --preset tidy -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON) >/dev/null
	@$(PYTHON) tools/check.py tidy --jobs $(JOBS) --base "$(TIDY_BASE)"

clean:  ## Remove all that was built; .venv stays
	@rm -rf build build-debug build-asan-ubsan build-checked build-fuzz build-fuzz-fast \
	  build-fast build-tsan build-gcc build-tidy build-mutants build-aarch64
