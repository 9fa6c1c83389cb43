# Everything runs in .venv, which `setup` makes from Python alone and leaves alone while nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
NEEDS := pyproject.toml constraints.txt
# pywb pins libraries to other versions than ours; the tests that replay an archive run it from here.
REPLAY := $(VENV)/replay
TOOLS := $(VENV)/tools
REPLAYED := $(REPLAY)/.pywb-2.10.0
# Amazon's client pins libraries as closely; the tests that read object storage take it, and a server, from here.
OBJECTS := $(VENV)/objects
STORED := $(OBJECTS)/.s3fs-2026.9.0

.PHONY: setup replay objects demo test soak check docs constraints audit clean

demo: setup
	$(BIN)/retold demo retold-demo

test: setup replay objects check
	RETOLD_REPLAY=$(REPLAY) $(BIN)/python -m pytest --durations=40
	PYTHONPATH=$(OBJECTS) $(BIN)/python -m pytest -q tests/crawler/test_object_storage.py

# The long forms of the tests (an hour or more on two cores), then everything at once for SECONDS on one data folder.
SECONDS ?= 1200
ARTICLES ?= 2000
soak: setup
	RETOLD_SOAK=1 $(BIN)/python -m pytest
	$(BIN)/python -m bench soak --articles $(ARTICLES) --seconds $(SECONDS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

docs: setup
	$(BIN)/python -m docs.generate

setup: $(STAMP)

$(STAMP): $(NEEDS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "retold needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

replay: $(REPLAYED)

$(REPLAYED): $(STAMP)
	test -e $@ || $(PYTHON) -m venv --clear $(REPLAY)
	test -e $@ || $(REPLAY)/bin/pip install --quiet --disable-pip-version-check pywb==2.10.0
	touch $@

objects: $(STORED)

$(STORED): $(STAMP)
	test -e $@ || $(BIN)/pip install --quiet --disable-pip-version-check --target $(OBJECTS) \
	  s3fs==2026.9.0 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
	touch $@

# Write the versions of a fresh environment that passes the tests, and the same with the digests of their files. Of torch
# there are builds for each kind of processor beside the index's: its version alone is pinned.
constraints: setup $(TOOLS)
	$(BIN)/pip freeze --exclude-editable --exclude retold | sed 's/+cpu$$//' > constraints.txt
	$(TOOLS)/bin/uv pip compile constraints.txt --quiet --no-deps --no-annotate --generate-hashes \
	  --no-emit-package torch --custom-compile-command "make constraints" --output-file requirements/locked.txt
	touch $(STAMP)

# Known vulnerabilities of what is pinned; asks pypi.org, or with AUDIT='-s osv' api.osv.dev.
audit: $(TOOLS)
	$(TOOLS)/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip $(AUDIT)

# What looks at packages from outside lies apart from them.
$(TOOLS): $(STAMP)
	$(PYTHON) -m venv --clear $@
	$@/bin/pip install --quiet --disable-pip-version-check uv==0.13.9 pip-audit==2.10.1

clean:
	rm -rf $(VENV) retold-demo
