# Every target does its own set-up, once, in .venv: a machine needs Python 3.11 or newer with pip and venv, and make.

VENV    := .venv
BIN     := $(VENV)/bin
CODE    := $(wildcard proposals tests benchmarks)
PURE    := $(wildcard tests/domain tests/process tests/test_architecture.py)

# The first Python on the path that is new enough; `make PYTHON=…` chooses another.
PYTHON  ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
             $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# Test processes: one a core, at most four, since each may start a PostgreSQL of its own.
WORKERS ?= logical --maxprocesses 4
PROFILE ?= ci

export PIP_DISABLE_PIP_VERSION_CHECK := 1
.DEFAULT_GOAL := help
.PHONY: help install demo test test-spark check format coverage bench mutation lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Set up .venv from the lock file

demo: install ## A county in miniature runs all five steps on SQLite
	@mkdir -p build
	@rm -rf build/demo.db*
	$(BIN)/proposals --db sqlite:///build/demo.db demo
	@$(BIN)/proposals --db sqlite:///build/demo.db evaluate --by community --format html --output build/demo.html

test: install ## The whole suite, with a real PostgreSQL that comes as a wheel
	HYPOTHESIS_PROFILE=$(PROFILE) $(BIN)/pytest -n $(WORKERS) --ignore tests/spark

test-spark: install $(VENV)/.spark ## That Spark counts what DuckDB counts; needs Java 17
	$(BIN)/pytest -q tests/spark

check: install ## Static checks and the tests that do no I/O, in under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q $(PURE)

format: install ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: install ## The whole suite with branch coverage, report in build/coverage
	HYPOTHESIS_PROFILE=$(PROFILE) $(BIN)/pytest -n $(WORKERS) --ignore tests/spark --cov --cov-report=term --cov-report=html:build/coverage

bench: install $(VENV)/.bench ## The benchmarks
	$(BIN)/python -m benchmarks

mutation: install $(VENV)/.mutation ## Change the rules on purpose and see which changes no test notices
	HYPOTHESIS_PROFILE=ci $(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results
	HYPOTHESIS_PROFILE=ci $(BIN)/python -m tests.mutation

lock: ## Resolve pyproject.toml afresh into requirements/
	$(call resolve,lock,--group dev .)
	$(call resolve,bench,-r requirements/lock.txt --group bench)
	$(call resolve,mutation,-r requirements/lock.txt --group mutation)
	$(call resolve,spark,-r requirements/lock.txt --group spark)

clean: ## Remove everything that make made
	rm -rf $(VENV) build dist mutants htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A new lock makes a new environment, so that exactly what it names is installed; --no-deps lets nothing else in and
# `pip check` says what the lock forgot. A changed pyproject.toml only installs the project again.
$(VENV)/.locked: requirements/lock.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "proposals needs Python 3.11 or newer: install one, or name it with 'make PYTHON=/path/to/python'" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --no-deps -r $<
	$(BIN)/pip check
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.bench $(VENV)/.mutation $(VENV)/.spark: $(VENV)/.%: requirements/%.txt $(VENV)/.locked
	$(BIN)/pip install --quiet --no-deps -r $<
	@touch $@

# Two names of one lock: what $(2) resolves to today goes to requirements/$(1).txt, less what the lock already has.
define resolve
	$(PYTHON) -m venv --clear build/resolve
	build/resolve/bin/pip install --quiet --upgrade pip
	build/resolve/bin/pip install --quiet $(2)
	build/resolve/bin/pip freeze --exclude-editable --exclude fivestep-proposals > build/freeze.txt
	$(if $(filter lock,$(1)),cp build/freeze.txt build/pins.txt,grep -vxFf requirements/lock.txt build/freeze.txt > build/pins.txt)
	{ echo "# Exact versions, written by 'make lock'. CPython 3.11 or newer on Linux and macOS."; cat build/pins.txt; } > requirements/$(1).txt
endef
