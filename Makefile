# Needs python3 (3.11 or newer), make and a package index; everything else goes into .venv of this clone.
# ARGS goes to the command of the target:  make test ARGS="-k planner"    make demo ARGS=--help

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := daemon tests bench checks
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c

.DEFAULT_GOAL := help
.PHONY: help demo test simulate faults fuzz chaos kafka chart chart-snapshot image check check-house check-lint check-format check-docstrings check-layers \
	check-mypy check-pyright coverage-core latency bounds bench results regress lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/run.stamp ## the daemon at work, with its own broker and its own DnB: needs neither Java nor Docker
	@$(BIN)/moment-dnb demo $(ARGS)

test: .venv/dev.stamp ## all tests; the real Kafka comes from KAFKA_BOOTSTRAP, Docker or Java, whichever answers first
	@$(BIN)/python -m checks.all_tests $(ARGS)

kafka: .venv/dev.stamp ## a real Kafka for `make demo ARGS="--bootstrap …"`, until Ctrl-C
	@$(BIN)/python -m tests.kafka_broker

chart: .venv/dev.stamp ## the Helm chart: lint, schema, renders, Kubernetes' own validation, the daemon's settings
	@$(BIN)/python -m checks.chart_schema
	@$(BIN)/python -m pytest -q tests/chart $(ARGS)

chart-snapshot: .venv/dev.stamp ## keep what the chart renders now as what is expected
	@$(BIN)/python -m tests.chart.rendering > tests/chart/snapshots/minimal.yaml

image: .venv/dev.stamp ## the image: judged, built without Docker, and run as the chart has it run (as root)
	@$(BIN)/python -m checks.image $(ARGS)

check: check-house check-lint check-format check-docstrings check-layers check-mypy check-pyright coverage-core ## every rule of the house

check-house: .venv/dev.stamp
	@echo "== files: length, registry hosts, lock"
	@$(BIN)/python -m checks.file_length
	@$(BIN)/python -m checks.registry_hosts
	@$(BIN)/python -m checks.requirements

check-lint: .venv/dev.stamp
	@echo "== ruff check"
	@$(BIN)/ruff check --quiet --output-format concise .

check-format: .venv/dev.stamp
	@echo "== ruff format"
	@$(BIN)/ruff format --check --quiet .

check-docstrings: .venv/dev.stamp
	@echo "== interrogate: docstrings"
	@$(BIN)/interrogate $(SOURCES)

check-layers: .venv/dev.stamp
	@echo "== import-linter: layers"
	@$(BIN)/lint-imports --no-cache --no-logo

check-mypy: .venv/dev.stamp
	@echo "== mypy"
	@$(BIN)/mypy

check-pyright: .venv/dev.stamp
	@echo "== pyright"
	@$(BIN)/pyright

coverage-core: .venv/dev.stamp ## every branch of daemon/core is reached by tests/core alone
	@echo "== coverage of daemon/core by tests/core: branches"
	@COVERAGE_FILE=.coverage.core $(BIN)/python -m pytest -q tests/core \
		--cov=daemon.core --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

simulate: .venv/dev.stamp ## the daemon in a simulated world where everything goes wrong: --schedules N --seed S --json PATH, --replay SEED
	@$(BIN)/python -m tests.simulation $(ARGS)

faults: .venv/dev.stamp ## plants a list of faults one after the other, and shows what catches each
	@$(BIN)/python -m checks.faults $(ARGS)

chaos: .venv/dev.stamp ## real daemons on a Kafka cluster where everything is killed, stopped and cut: --minutes M --seed S --json PATH
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: .venv/dev.stamp ## a million strange inputs for the decoders: --inputs N --seed S --json PATH
	@$(BIN)/python -m tests.fuzz $(ARGS)

latency: .venv/dev.stamp ## how long a change takes from Kafka into DnB's books while nothing else happens
	@$(BIN)/python -m bench.latency $(ARGS)

bounds: .venv/dev.stamp ## memory in an outage, restores, stalls of restarts, against their goals: --scenario NAME --json PATH
	@$(BIN)/python -m bench.bounds $(ARGS)

bench: .venv/dev.stamp ## this daemon against what one would otherwise run: --scenario, --contender, --repeat N, --json PATH
	@$(BIN)/python -m bench $(ARGS)

results: .venv/dev.stamp ## write bench/RESULTS.md of the rows in bench/results.json
	@$(BIN)/python -m bench.results

regress: .venv/dev.stamp ## whether a change has become dearer than in bench/results.json, against the loop in the same run: --repeat N
	@$(BIN)/python -m bench.regress $(ARGS)

lock: .venv/dev.stamp ## pin the newest versions already allowed; newer ones with ARGS=--upgrade
	@$(BIN)/uv pip compile pyproject.toml $(LOCK_OPTIONS) --extra demo --group dev -o requirements/dev.txt $(ARGS)
	@$(BIN)/uv pip compile pyproject.toml $(LOCK_OPTIONS) --extra demo --group build \
		--constraints requirements/dev.txt -o requirements/run.txt $(ARGS)

clean: ## remove what the other targets made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: made once, brought up to date when the requirements change -------------------------------

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("moment-dnb needs Python 3.11 or newer; name one with PYTHON=")'
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "installing what the daemon needs …"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "installing what tests and checks need …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp
