# `make run` and `make test` are all a newcomer types; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
ARGS ?=
# One group of tests stays on one worker, so that tiers that start daemons don't compete with themselves.
SPREAD := -n $(WORKERS) --dist loadgroup
GATE := tests --ignore=tests/xen
# What failed beside others is asked once more alone, and both answers are printed: the second says whether the code is
# wrong or a test bets on a quiet machine, which is to be mended, too.
AGAIN := echo 'what failed is asked again, alone:' && $(PYTEST) --last-failed --last-failed-no-failures none
FAST := $(wildcard tests/unit tests/laws tests/golden tests/house)
CHECKED := $(wildcard app tests bench)
RUN_READY := .venv/.ready-to-run
TEST_READY := .venv/.ready-to-test

.PHONY: help run setup setup-test test check-style check-types check-imports format bench bench-rules clean
.PHONY: test-fast test-contract test-server test-clients test-faults test-crash test-points test-net test-tui test-guest
.PHONY: test-kernel test-xen fuzz fuzz-rest laws-long simtest simtest-long soak experiments

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

run: $(RUN_READY) ## start the cloud and open the console (no terminal: serve in the foreground); ARGS="…" is handed on
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/python -m app run $(ARGS); else exec $(BIN)/python -m app serve $(ARGS); fi

setup: $(RUN_READY) ## prepare .venv (system packages, pinned dependencies, the command euca)
	@:

setup-test: $(TEST_READY) ## the same, with everything the tests need
	@:

$(RUN_READY): requirements.lock pyproject.toml bin/setup
	@bin/setup run
	@touch $@

$(TEST_READY): requirements-dev.lock pyproject.toml bin/setup
	@bin/setup test
	@touch $@ $(RUN_READY)

test: check-style check-types check-imports ## the whole gate: format, lint, types, import contracts, every tier but Xen's
	@$(PYTEST) -q $(SPREAD) $(GATE) $(ARGS) || { [ $$? = 1 ] && $(AGAIN) $(GATE); }

check-style: $(TEST_READY) ## format and lint
	@$(BIN)/ruff format --check --quiet . || { echo 'some files are not formatted; type: make format'; exit 1; }
	@$(BIN)/ruff check --quiet .
	@echo 'style: ok'

check-types: $(TEST_READY) ## mypy --strict
	@$(BIN)/mypy --no-error-summary $(CHECKED)
	@echo 'types: ok'

check-imports: $(TEST_READY) ## who may import whom
	@$(BIN)/lint-imports > .import_linter.out || { cat .import_linter.out; rm -f .import_linter.out; exit 1; }
	@rm -f .import_linter.out
	@echo 'imports: ok'

test-fast: $(TEST_READY) ## unit, laws, golden, house: under a minute
	@$(PYTEST) -q $(SPREAD) $(FAST) $(ARGS)

test-contract: $(TEST_READY) ## one suite a port, on every implementation
	@$(PYTEST) tests/contract $(ARGS)

test-server: $(TEST_READY) ## a served cloud on rehearsal hosts
	@$(PYTEST) tests/server $(ARGS)

test-clients: $(TEST_READY) ## the client matrix, a table of client × step: five minutes; ARGS="boto ansible" for some
	@$(BIN)/python -m tests.clients $(ARGS)

test-faults: $(TEST_READY) ## bad days: hosts, disks, clocks and strangers, as users meet them
	@$(PYTEST) tests/faults $(ARGS)

test-crash: $(TEST_READY) ## kill -9 at named points
	@$(PYTEST) tests/crash $(ARGS)

test-net: $(TEST_READY) ## real packets between network namespaces: DHCP, metadata, bridges
	@$(PYTEST) tests/net $(ARGS)

test-points: $(TEST_READY) ## kill -9 at every named point, with the verdicts printed: five minutes
	@$(PYTEST) -s tests/crash/test_points.py $(ARGS)

test-tui: $(TEST_READY) ## the console, by Pilot and in tmux
	@$(PYTEST) tests/tui $(ARGS)

test-guest: $(TEST_READY) ## a real Linux guest under QEMU
	@$(PYTEST) tests/guest $(ARGS)

test-kernel: $(TEST_READY) ## what small kernels lack, in a machine with Debian's kernel: two minutes
	@$(PYTEST) tests/fullkernel $(ARGS)

test-xen: $(TEST_READY) ## real Xen hosts, emulated: ten minutes, twenty where nothing is kept yet
	@$(PYTEST) -n0 tests/xen $(ARGS)

fuzz: $(TEST_READY) ## 20,000 EC2 requests, right by the model and damaged, over every operation: two minutes
	@FUZZ_REQUESTS=20000 $(PYTEST) tests/server/test_ec2_fuzz.py $(ARGS)

fuzz-rest: $(TEST_READY) ## schemathesis on the REST interface, at random and at length: four minutes
	@FUZZ_REST_EXAMPLES=$(or $(EXAMPLES),200) $(PYTEST) tests/server/test_rest_fuzz.py $(ARGS)

laws-long: $(TEST_READY) ## the laws of remapping on 10,000 random clouds instead of some hundred: half an hour
	@REMAP_WORLDS=10000 $(PYTEST) tests/laws/test_rules_remap.py $(ARGS)

simtest: $(TEST_READY) ## replay one simulated cloud exactly: SEED=n DAYS=d
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.simulation --seed $(or $(SEED),1) --days $(or $(DAYS),1) $(ARGS)

simtest-long: $(TEST_READY) ## 1,000 simulated cloud-days in bad weather: an hour or two
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.simulation --seeds 1-1000 --days 1 --workers $(WORKERS) --all $(ARGS)

soak: $(TEST_READY) ## an hour of random launches and ends by 8 clients on 50 scripted hosts and two of QEMU
	@$(BIN)/python -m tests.soak $(ARGS)

experiments: $(TEST_READY) ## repeat every published experiment, and ours beside them: 8 minutes; ARGS=--write keeps it
	@$(BIN)/python -m tests.experiments.published $(ARGS)
	@$(BIN)/python -m tests.experiments.front $(ARGS)

bench: $(TEST_READY) ## print the speed table, peers started beside: ten minutes; ARGS=NAME for one part
	@$(BIN)/python -m bench $(ARGS)

bench-rules: $(TEST_READY) ## print the numbers of the mapping rules; ARGS="--traces DIR PART" for openb, or one part
	@$(BIN)/python -m bench.rules $(ARGS)

format: $(TEST_READY) ## format and repair what can be repaired by itself
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

clean: ## remove what the tools made; .venv and var (the cloud's state) stay
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .import_linter.out
	@find app tests $(wildcard bench) -name __pycache__ -type d -prune -exec rm -rf {} +
