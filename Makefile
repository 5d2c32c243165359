# Everything a contributor does, one word each. `make` alone lists them.

SHELL := /bin/sh
PYTHON ?=
VENV := .venv/bin
# More arguments for pytest: make test ARGS="-k basic"
ARGS ?=

export PYTHON
# Where Python is kept from writing bytecode, each of the hundreds of processes of the tests would compile all of it anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install run test test-long check format bench bench-long coverage-of-catalogue lock clean
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## put Watchword and all its tools into .venv/ (quick when up to date)
	@tools/install.sh

run: install ## start Watchword on throw-away data, with demo users and a page to try
	@$(VENV)/watchword demo

test: install ## run the tests; installs the Debian packages they use where it may (LONG=1: the long ones too)
	@$(VENV)/python tools/debian_packages.py tests
	@$(VENV)/python tools/npm_packages.py
	@$(VENV)/python tools/run_tests.py $(ARGS)

test-long: install ## run only the tests that take minutes
	@$(VENV)/python tools/debian_packages.py tests
	@$(VENV)/python tools/npm_packages.py
	@$(VENV)/python -m pytest -m long $(ARGS)

check: install ## format, lint, types, floors, and whether pages and lists agree
	@tools/check.sh

format: install ## put code into the shape that `make check` asks for
	@$(VENV)/ruff check --select I --fix --quiet .
	@$(VENV)/ruff format .

bench: install ## measure Watchword beside its peers
	@$(VENV)/python tools/debian_packages.py bench
	@$(VENV)/python -m bench

bench-long: install ## measure look-ups among millions of records (ten minutes and more to fill 3 GB)
	@$(VENV)/python -m bench --rows millions

coverage-of-catalogue: install ## which behaviours of docs/catalogue.toml have tests, and which have none
	@$(VENV)/python tools/coverage_of_catalogue.py $(ARGS)

lock: install ## pin the newest versions that pyproject.toml allows
	@tools/lock.sh

clean: ## remove what the other targets made
	rm -rf .venv build dist htmlcov .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests tools docs -name __pycache__ -type d -exec rm -rf {} +
