# make demo | test | lint | types | contracts | wheel: each sets up .venv on its own where that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: help demo test lint types contracts wheel check clean

help:
	@echo "make demo       the whole job on a generated cathode (about five minutes, installation included)"
	@echo "make test       the test suite on $(WORKERS) processes"
	@echo "make check      all that CI runs: test, lint, types, contracts, wheel"
	@echo "make lint | types | contracts | wheel | clean"

# The demo needs less than the tests, so it is not made to wait for their tools.
$(VENV)/.installed-demo: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -f $(VENV)/.installed-dev || $(BIN)/python -m pip install --quiet -e ".[view]"
	touch $@

$(VENV)/.installed-dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch $@

demo: $(VENV)/.installed-demo
	$(BIN)/microcell demo --overwrite

# Simulated devices meet thousands of times a second: beside other tests they would wait for a core each time.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope -m "not devices"
	$(BIN)/python -m pytest -m devices

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

contracts: $(VENV)/.installed-dev
	$(BIN)/lint-imports

wheel: $(VENV)/.installed-dev
	rm -rf build dist
	$(BIN)/python -m build --quiet --outdir dist .
	$(BIN)/python .ci/check_wheel.py dist

check: test lint types contracts wheel

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
