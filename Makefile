# Mingzhang 明账. `make` alone lists what there is; the line above a target says what it does.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
PYTHONS := python3.11 python3.12 python3.13 python3.14 python3 python
DIR ?=
HEADLESS ?=
SEED ?=
PYTEST_ARGS ?=
BENCH ?=

# List the targets
.PHONY: help
help:
	@awk '/^# / { said = substr($$0, 3) } /^[a-z][a-z-]*:/ { sub(":.*", ""); if (said) printf "  make %-8s %s\n", $$0, said } !/^(#|\.PHONY)/ { said = "" }' Makefile

# The virtual environment, with the first Python of 3.11 or newer that can make one. An interpreter is tried, not
# only looked up: version managers leave names on the path that start nothing.
.venv/bin/python:
	@for python in $(PYTHONS); do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "setup: $$($$python --version) in .venv"; exec $$python -m venv .venv; \
		fi; \
	done; \
	echo "setup: no Python 3.11 or newer that can make a virtual environment (Debian: apt-get install python3 python3-venv)" >&2; exit 1

.venv/runtime.stamp: pyproject.toml constraints.txt | .venv/bin/python
	@echo "setup: installing what mingzhang needs to run"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/bin/python
	@echo "setup: installing what mingzhang and its tests need"
	@$(PIP) install --constraint constraints.txt --editable '.[dev,gm-fallback,postgres]'
	@touch .venv/runtime.stamp $@

# Prepare .venv with everything for work on the code; does nothing when it is up to date
.PHONY: setup
setup: .venv/dev.stamp

# Run the case of the rehabilitation hospital and serve it; HEADLESS=1 ends after the case, DIR=folder keeps it there
.PHONY: demo
demo: .venv/runtime.stamp
	@$(BIN)/mingzhang demo $(if $(DIR),'$(DIR)') $(if $(filter-out 0,$(HEADLESS)),--headless)

# Check style, types, import direction and every test; PYTEST_ARGS goes to pytest
.PHONY: test
test: .venv/dev.stamp
	@failed=0; \
	$(MAKE) --no-print-directory lint || failed=1; \
	$(BIN)/python -m pytest -q $(PYTEST_ARGS) || failed=1; \
	if [ $$failed -ne 0 ]; then echo "make test: failed, see above" >&2; fi; \
	exit $$failed

# Check style, types and import direction; all of them, whichever fails
.PHONY: lint
lint: .venv/dev.stamp
	@failed=0; \
	check() { \
		if said=$$("$${@:2}" 2>&1); then echo "$$1: ok"; else echo "$$said"; echo "$$1: FAILED"; failed=1; fi; \
	}; \
	check ruff $(BIN)/ruff check --quiet .; \
	check mypy $(BIN)/mypy --no-error-summary; \
	check import-linter $(BIN)/lint-imports --no-cache; \
	exit $$failed

# Measure against named peers and limits; BENCH=name runs one (bench/README.md says what each number means)
.PHONY: bench
bench: .venv/dev.stamp
	@if [ -n '$(BENCH)' ]; then exec $(BIN)/python bench/$(BENCH).py; fi; \
	for bench in bench/[a-z]*.py; do echo "== $$bench"; $(BIN)/python "$$bench" || exit 1; done

# Write docs/reference anew from the code: codes, commands, events, settings, command line
.PHONY: docs
docs: .venv/dev.stamp
	@$(BIN)/python -m mingzhang.reference docs/reference

# Simulate machines, drops and crashes; SEED=n repeats one run
.PHONY: sim
sim: .venv/dev.stamp
	@MINGZHANG_SEED='$(SEED)' $(BIN)/python -m pytest -q tests/sim $(PYTEST_ARGS)

# Remove what can be made again, .venv included; ledgers are left alone
.PHONY: clean
clean:
	@rm -rf .venv build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
