# All that is done often. `make help` lists the targets.
#
# Every target does its own set-up: .venv holds this project, .venv-official the
# official client that some tests use as a peer, .venv-proto the pinned generator,
# .venv-torch the one of `make compat`.

PYTHON ?= python3
VENV ?= .venv
OFFICIAL ?= .venv-official
RELEASES := $(foreach release,0.16 0.19 0.22 0.25 0.28,build/official/$(release)/.setup)
PROTO_VENV ?= .venv-proto
TORCH ?= .venv-torch
ARGS ?=
JOBS ?= 2

BIN := $(VENV)/bin
RUN := $(BIN)/python
# Tests of one file stay in one process: they may share a server.
PYTEST := $(RUN) -m pytest -n $(JOBS) --dist loadfile
export WANDB_OFFICIAL_PYTHON ?= $(CURDIR)/$(OFFICIAL)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help quickstart setup test together check team-stores crash crash-sample e2e \
	conformance conformance-sample compat browser web web-test \
	proto proto-check fix format-check types imports wheel bench load run stop clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

quickstart: $(VENV)/.quickstart  ## install, start the server, train a small example, show the page
	$(BIN)/wandb server start
	cd $(VENV) && WANDB_MODE=online bin/python -m wandb.demo
	@echo && echo "The page, with a key for one browser (another: $(BIN)/wandb server open):"
	@$(BIN)/wandb server open --print

# What is fetched, then what is only computed, side by side.
SIDE_BY_SIDE = $(MAKE) --no-print-directory -j $(JOBS)

setup: chromium  ## editable install with development tools
	@$(SIDE_BY_SIDE) $(VENV)/.setup $(OFFICIAL)/.setup

test: setup check team-stores conformance-sample together browser  ## everything; what CI runs

# crash-sample and e2e as one: while one test waits, another one works.
together: $(VENV)/.setup $(OFFICIAL)/.setup
	$(PYTEST) tests/e2e tests/crash tests/compat $(ARGS)

check: setup  ## format, lint, types, imports, proto, tidy, unit, contract
	@$(SIDE_BY_SIDE) types format-check imports proto-check
	$(PYTEST) tests/tidy tests/unit tests/contract $(ARGS)

team-stores: $(VENV)/.setup postgres  ## the archive over PostgreSQL and an S3 emulator
	$(PYTEST) tests/unit/wandb_server/operations --stores team $(ARGS)

crash-sample: $(VENV)/.setup postgres  ## kill -9, torn writes, full disk: a sample
	$(PYTEST) tests/crash $(ARGS)

KILL_POINTS ?= 2000
crash: $(VENV)/.setup postgres  ## the same with thousands of random kills; KILL_POINTS=2000
	$(RUN) -m pytest -s tests/crash --kill-points $(KILL_POINTS) $(ARGS)

e2e: $(VENV)/.setup $(OFFICIAL)/.setup  ## import wandb to pixels' data
	$(PYTEST) tests/e2e tests/compat $(ARGS)

conformance: $(VENV)/.setup $(OFFICIAL)/.setup postgres $(RELEASES)  ## every flow of the official client, counted
	$(RUN) -m pytest tests/conformance $(ARGS)

conformance-sample: $(VENV)/.setup $(OFFICIAL)/.setup
	$(PYTEST) --dist load tests/conformance -m sample -k sqlite $(ARGS)

compat: $(VENV)/.setup $(TORCH)/.setup  ## with torch and training libraries, which it installs
	WANDB_TORCH_PYTHON=$(CURDIR)/$(TORCH)/bin/python \
	WANDB_COMPAT_PYTHON=$(CURDIR)/$(TORCH)/bin/python \
		$(RUN) -m pytest tests/e2e/test_torch_distributed.py tests/e2e/test_torch_gpu.py \
		tests/e2e/test_watch_torch.py tests/e2e/test_seed_pytorch.py \
		tests/crash/test_process_ends.py tests/compat $(ARGS)

browser: $(VENV)/.setup chromium web-test  ## the page in headless Chromium
	$(PYTEST) tests/browser $(ARGS)

bench: $(VENV)/.setup $(OFFICIAL)/.setup  ## all benchmarks
	$(RUN) benchmarks/run_all.py $(ARGS)

load: $(VENV)/.setup  ## as many runs as one server carries, streaming for a minute
	$(RUN) benchmarks/server_load.py $(ARGS)

fix: $(VENV)/.setup  ## format and repair what ruff can
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

format-check: $(VENV)/.setup
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .

types: $(VENV)/.setup
	$(RUN) -m mypy

imports: $(VENV)/.setup
	$(BIN)/lint-imports

# ---- the contract ------------------------------------------------------------------

GENERATE = -m grpc_tools.protoc -I. --python_out=$(1) --pyi_out=$(1) --grpc_python_out=$(1) \
	wandb_proto/v1/record.proto wandb_proto/v1/core_service.proto

proto: $(PROTO_VENV)/.setup  ## regenerate the protobuf code
	cd proto && $(CURDIR)/$(PROTO_VENV)/bin/python $(call GENERATE,.)
	rm -f proto/wandb_proto/v1/record_pb2_grpc.py

# The generator is pinned old on purpose, so that users' protobuf runtimes need not be
# new; its last wheels are for Python 3.12.
proto-check:  ## fail when the generated code differs from what is committed
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then \
		echo "proto-check: skipped, the pinned generator has no wheels for this Python"; \
	else \
		$(MAKE) --no-print-directory $(PROTO_VENV)/.setup && rm -rf build/proto && \
		mkdir -p build/proto && cd proto && \
		$(CURDIR)/$(PROTO_VENV)/bin/python $(call GENERATE,../build/proto) && \
		rm -f ../build/proto/wandb_proto/v1/record_pb2_grpc.py && \
		for file in ../build/proto/wandb_proto/v1/*; do \
			cmp "$$file" "wandb_proto/v1/$$(basename $$file)" || \
			{ echo "proto-check: run make proto and commit the result"; exit 1; }; \
		done && echo "proto-check: generated code is up to date"; \
	fi

# ---- the page and the wheel ----------------------------------------------------------

web: $(VENV)/.setup  ## build the page
	$(RUN) daemon/wandb_server/web/build_hook.py build

web-test: $(VENV)/.setup  ## types, lint and Vitest of the page
	$(RUN) daemon/wandb_server/web/build_hook.py test

wheel: $(VENV)/.setup  ## dist/wandb-*.whl with the page inside
	rm -rf dist
	$(RUN) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist

# ---- trying things -------------------------------------------------------------------

run: $(VENV)/.quickstart  ## a server and a core with demo data
	$(BIN)/wandb server start
	$(BIN)/wandb core start
	cd $(VENV) && WANDB_MODE=online bin/python -m wandb.demo --runs 2
	$(BIN)/wandb server open

stop: ## stop what quickstart and run started
	-$(BIN)/wandb core stop
	-$(BIN)/wandb server stop

clean:  ## remove everything made here
	rm -rf $(VENV) $(OFFICIAL) $(PROTO_VENV) $(TORCH) build dist .mypy_cache .ruff_cache .pytest_cache \
		daemon/wandb_server/web/dist daemon/wandb_server/web/node_modules

# ---- set-up --------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.quickstart: $(BIN)/python pyproject.toml
	$(RUN) -m pip install --quiet --editable '.[server,demo]'
	@touch $@

$(VENV)/.setup: $(BIN)/python pyproject.toml
	$(RUN) -m pip install --quiet --upgrade 'pip>=25.1'
	$(RUN) -m pip install --quiet --editable '.[server,demo]' --group dev
	@touch $@ $(VENV)/.quickstart

# The official client: a peer in tests, in an environment of its own. Without it those
# tests are skipped and say so.
$(OFFICIAL)/.setup:
	@$(PYTHON) -m venv $(OFFICIAL) && $(OFFICIAL)/bin/python -m pip install --quiet 'wandb==0.31.0' pandas \
		|| echo "setup: the official client could not be installed; its tests will be skipped"
	@$(OFFICIAL)/bin/python -m pip install --quiet pillow matplotlib plotly soundfile moviepy boto3 \
		|| echo "setup: no media packages for the official client; its media are not compared"
	@touch $@

# Older releases of it, for `make conformance` alone: about 200 MB each.
build/official/%/.setup:
	@$(PYTHON) -m venv build/official/$* && build/official/$*/bin/python -m pip install --quiet \
		--no-cache-dir 'wandb==$*.*' 'numpy<2' 'setuptools<80' pillow && touch $@ \
		|| echo "setup: the official client $* could not be installed; its flows will be skipped"

$(TORCH)/.setup: pyproject.toml
	@$(PYTHON) -m venv $(TORCH)
	@$(TORCH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(TORCH)/bin/python -m pip install --quiet --editable . --group compat
	@touch $@

$(PROTO_VENV)/.setup:
	@$(PYTHON) -m venv $(PROTO_VENV)
	@$(PROTO_VENV)/bin/python -m pip install --quiet 'grpcio-tools==1.62.3' 'setuptools<80'
	@touch $@

.PHONY: postgres
postgres:
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; \
	else \
		echo "setup: PostgreSQL was not found: the tests of team stores will be skipped."; \
	fi

.PHONY: chromium
chromium:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
		command -v google-chrome >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "setup: installing Chromium for the browser tests"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "setup: Chromium was not found and cannot be installed here;"; \
		echo "       the browser tests will fail. Install it (apt-get install chromium) or run make check crash e2e."; \
	fi
