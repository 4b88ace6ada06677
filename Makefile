# One command for each thing: every target makes its own environment in .venv first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help demo shell test check bench bench-kill clean

help:
	@echo "make demo    rank the identifiers of the standard library, with what each stage took"
	@echo "make shell   the interactive shell, with sc"
	@echo "make test    all tests (those marked spark need Java)"
	@echo "make check   ruff, mypy strict, the floors of the house"
	@echo "make bench   against PySpark and against hand-written processes; BENCH='--only word_count --repeats 5' chooses"
	@echo "make bench-kill  from a kill to silence, beside PySpark; BENCH='--kills 5' chooses"
	@echo "make clean   remove .venv and caches"

demo: $(VENV)/installed
	@$(BIN)/pyspark-shell notebooks/identifiers.py

shell: $(VENV)/installed
	@$(BIN)/pyspark-shell

test: $(VENV)/installed-for-tests
	@$(BIN)/python -m pytest $(PYTEST)

check: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py

bench: $(VENV)/installed-for-tests
	@$(BIN)/python -m benchmarks $(BENCH)

bench-kill: $(VENV)/installed-for-tests
	@$(BIN)/python -m benchmarks.kill $(BENCH)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; name one with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-for-tests: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/installed
