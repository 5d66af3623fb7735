# make run      install, start the node and run the demonstration; serves until stopped
# make test     install what the tests need and pass them
# make install  prepare the environment only
#
# TORCH        which torch (torch==2.13.0)
# TORCH_INDEX  package index for torch: name one with GPU or CPU builds; empty for pip's own
# PYTHON       interpreter for the environment (3.11 to 3.13)

TORCH ?= torch==2.13.0
TORCH_INDEX ?=
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do command -v python$$v && break; done || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run install test check clean

run: install
	$(BIN)/dicom-node demo

install: $(VENV)/.installed

$(VENV)/.torch:
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) '$(TORCH)'
	@touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

test: $(VENV)/.tested
	sh deploy/test-peers.sh
	$(MAKE) check
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache
