# Everything a newcomer needs: `make demo` and `make test`. Both set up their own virtual environment.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SETTINGS := setup.cfg pyproject.toml
SKIPPED := build/skipped.txt

.PHONY: help demo test skipped spark lint mutants bench bench-quick sample docs dist bundle notebook clean

help:
	@echo "make demo      run the main job on sample_data/ and leave a map and tables in build/demo/"
	@echo "make test      unit, property, doctest, notebook, command-line and browser tests"
	@echo "make skipped   what the last make test skipped, once its tools are installed; no skip is allowed"
	@echo "make spark     install Spark for its tests (half a gigabyte; Java is to be there)"
	@echo "make lint      style, types and import contracts"
	@echo "make mutants   change a sample of operators and numbers, and see whether tests notice (an hour or more)"
	@echo "make bench     all work beside its peers in one table, with the last figures (hours; KEEP=1 keeps them)"
	@echo "make bench-quick  the same on small sets, in two minutes on a quiet machine, for every change"
	@echo "make sample    make sample_data/ again"
	@echo "make docs      build the documentation, which needs no network, into build/site/ (index.html)"
	@echo "make dist      build a wheel and an sdist into build/dist/"
	@echo "make bundle    collect all that a machine without any network needs into build/bundle/"
	@echo "make notebook  turn notebooks/*.py into .ipynb under build/notebooks/"
	@echo "make clean     remove what was built, the virtual environment too"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "zjk_gis needs Python 3.11 or newer; name one with: make demo PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "on Debian and Ubuntu first: sudo apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/ready-all: $(BIN)/python $(SETTINGS)
	@echo "Installing zjk_gis (a few minutes the first time) ..."
	@$(PIP) install -e ".[all]"
	@touch $@

$(VENV)/ready-test: $(BIN)/python $(SETTINGS)
	@echo "Installing zjk_gis and what its tests need (a few minutes the first time) ..."
	@$(PIP) install -e ".[test]"
	@touch $@ $(VENV)/ready-all

$(VENV)/ready-lint: $(VENV)/ready-test $(SETTINGS)
	@$(PIP) install -e ".[lint]"
	@touch $@

demo: $(VENV)/ready-all
	@$(BIN)/zjk-gis demo

test: $(VENV)/ready-test
	ZJK_GIS_SKIPPED=$(SKIPPED) $(BIN)/python -m pytest -n auto --dist worksteal

$(VENV)/ready-spark: $(VENV)/ready-test $(SETTINGS)
	@echo "Installing Spark, of half a gigabyte ..."
	@$(PIP) install -e ".[spark]"
	@touch $@

spark: $(VENV)/ready-spark

skipped: $(VENV)/ready-test
	@test -f $(SKIPPED) || { echo "first: make test"; exit 1; }
	@test -s $(SKIPPED) || echo "the last run skipped nothing"
	@! test -s $(SKIPPED) || ZJK_GIS_NO_SKIP=1 $(BIN)/python -m pytest -n auto --dist worksteal @$(SKIPPED)

lint: $(VENV)/ready-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg

$(VENV)/ready-mutants: $(VENV)/ready-test $(SETTINGS)
	@$(PIP) install -e ".[mutants]"
	@touch $@

mutants: $(VENV)/ready-mutants
	$(BIN)/python tests/mutation.py

$(VENV)/ready-bench: $(VENV)/ready-test $(SETTINGS)
	@$(PIP) install -e ".[bench]"
	@touch $@

# ONLY="locate job" runs the scripts whose names contain one of these; KEEP=1 makes these the last figures.
bench: $(VENV)/ready-bench
	$(BIN)/python tests/benchmarks/run.py $(if $(KEEP),--keep) $(if $(ONLY),--only $(ONLY))

bench-quick: $(VENV)/ready-bench
	$(BIN)/python tests/benchmarks/run.py --quick $(if $(KEEP),--keep) $(if $(ONLY),--only $(ONLY))

sample: $(VENV)/ready-all
	$(BIN)/zjk-gis synth sample_data

$(VENV)/ready-dist: $(BIN)/python $(SETTINGS)
	@$(PIP) install "build>=1.2"
	@touch $@

dist: $(VENV)/ready-dist
	@rm -rf build/dist && mkdir -p build
	@$(BIN)/python -m build --outdir build/dist . > build/dist.log 2>&1 || { cat build/dist.log; exit 1; }
	@ls build/dist/*

$(VENV)/ready-docs: $(VENV)/ready-all $(SETTINGS)
	@$(PIP) install -e ".[docs]"
	@touch $@

docs: $(VENV)/ready-docs
	$(BIN)/zjk-gis catalogue --lang en -o docs/layers.md
	$(BIN)/zjk-gis catalogue -o docs/layers.zh.md
	$(BIN)/python docs/tools/build.py

# FOR="--platform win_amd64 --python-version 3.12 --only-binary=:all:" collects for another kind of machine.
bundle: dist docs
	@rm -rf build/bundle && mkdir -p build/bundle
	@cp bundle/* build/bundle/ && cp -r build/site build/bundle/docs
	@$(PIP) download --dest build/bundle/wheels $(or $(FOR),--prefer-binary) "$$(ls build/dist/*.whl)[all]"
	@du -sh build/bundle

notebook: $(VENV)/ready-all
	@mkdir -p build/notebooks
	@for source in notebooks/*.py; do \
		$(BIN)/jupytext --to ipynb --output build/notebooks/$$(basename $$source .py).ipynb $$source; done

clean:
	rm -rf build $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
