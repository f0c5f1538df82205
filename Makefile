# The front door. A fresh machine needs Python >= 3.11 with pip, make and git; every target
# makes or mends .venv itself, and does nothing to it when it is up to date.

UV_VERSION := 0.13.8
VENV := .venv
UV := $(VENV)/bin/uv
STAMP := $(VENV)/.headway-setup
UNFINISHED := $(VENV)/.headway-sync
BIN := $(VENV)/bin/
PYTEST := $(BIN)pytest -n 2
VENDOR := src/headway/board/page/vendor
BENCHMARKS = $(shell grep -l '^if __name__ == "__main__"' benchmarks/*.py)

# The first that is new enough and can make a virtual environment; PYTHON=... picks another.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { $$python -c 'import ensurepip' || $$python -c 'import pip'; } >/dev/null 2>&1 \
	&& { echo $$python; break; }; done)

# An activated environment of another project must not redirect uv.
unexport VIRTUAL_ENV CONDA_PREFIX UV_PROJECT_ENVIRONMENT UV_PYTHON PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: setup
setup: $(STAMP) ## Make or mend .venv with the locked dependencies
	@echo "$(VENV) is ready"

.PHONY: demo
demo: $(STAMP) ## Train a residual network on handwritten digits and test it
	@number=1; while [ -e runs/demo-$$number ]; do number=$$((number + 1)); done; \
	run=runs/demo-$$number; set -e; \
	$(BIN)headway train digits --model resnet-20 --out $$run; \
	echo; echo "The held-out test part, which the training has not seen:"; \
	$(BIN)headway evaluate $$run digits; \
	echo; \
	echo "$$run/recipe.toml          every setting of this run"; \
	echo "$$run/metrics.jsonl        its losses and metrics, a line each"; \
	echo "$$run/checkpoints/         the best weights and the state to go on from"; \
	echo "Next: $(BIN)headway train --help, or README.md"

.PHONY: test
test: $(STAMP) ## Run the tests and the examples in docstrings
	$(PYTEST)

.PHONY: test-data
test-data: $(STAMP) ## Run the tests on real data sets; they skip where those are absent
	$(PYTEST) -m 'data and not gpu and not compat'

.PHONY: test-slow
test-slow: $(STAMP) ## Run the tests that take more than ten seconds
	$(PYTEST) -m 'slow and not data and not gpu and not compat'

.PHONY: test-compat
test-compat: $(STAMP) ## Run the tests inside other libraries, which it installs
	$(UV) run --locked --group compat pytest -n 2 -m 'compat and not gpu'

CHROMIUM := /usr/bin/chromium
BROWSER_TESTS := tests/browser

.PHONY: test-browser
test-browser: $(STAMP) ## Run the tests of the board in chromium; needs Debian's chromium and npm
	@test -x $(CHROMIUM) || { echo "make: $(CHROMIUM) is missing: apt-get install chromium" >&2; \
		exit 1; }
	@command -v npm >/dev/null || { echo "make: npm is missing: apt-get install npm" >&2; \
		exit 1; }
	npm ci --prefix $(BROWSER_TESTS) --no-audit --no-fund --silent
	node --import ./$(BROWSER_TESTS)/unit/resolve.mjs --test $(BROWSER_TESTS)/unit/
	$(UV) run --locked --group browser pytest -n 2 -m browser $(BROWSER_TESTS)

.PHONY: check
check: $(STAMP) ## Check format, lint, types and the floors
	$(BIN)ruff format --check .
	$(BIN)ruff check .
	$(BIN)pyright
	$(BIN)lint-imports --no-logo

.PHONY: bench
bench: $(STAMP) ## Run the benchmarks, rivals included, and print their tables
	@set -e; for script in $(BENCHMARKS); do \
		$(UV) run --locked --group bench python $$script; done

.PHONY: lab
lab: $(STAMP) ## Run all experiments of the lab, and write docs/lab.md
	$(BIN)headway lab run --all
	$(BIN)headway lab report --markdown docs/lab.md

.PHONY: docs
docs: $(STAMP) ## Write docs/settings.md, and the API reference into site/
	$(BIN)python docs/write_settings.py
	$(BIN)python docs/build_site.py
	@echo "Open site/index.html"

.PHONY: vendor
vendor: ## Fetch what the board's page takes from npm, as its lock file pins it; needs npm
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	cp $(VENDOR)/package.json $(VENDOR)/package-lock.json "$$folder"; \
	npm ci --prefix "$$folder" --ignore-scripts --no-audit --no-fund; \
	cp "$$folder"/node_modules/uplot/dist/uPlot.esm.js \
		"$$folder"/node_modules/uplot/dist/uPlot.min.css \
		"$$folder"/node_modules/uplot/LICENSE $(VENDOR)

.PHONY: clean
clean: ## Remove .venv, caches and what was built; runs/ stays
	rm -rf $(VENV) site dist build .pytest_cache .ruff_cache .import_linter_cache
	find src tests benchmarks examples docs -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp holds the folder that .venv was made in, because its scripts and the link to src/
# hold it too: in a copied or moved checkout, or where Python is gone, .venv is made anew.
ifneq ($(shell test -x $(BIN)python && cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

$(STAMP): uv.lock pyproject.toml
	@if [ -e $(UNFINISHED) ] || { [ -e $@ ] && [ "$$(cat $@)" != "$(CURDIR)" ]; } \
		|| [ "$$($(UV) --version 2>/dev/null | cut -d ' ' -f 2)" != $(UV_VERSION) ] \
		|| ! $(BIN)python -c '' 2>/dev/null; \
		then $(MAKE) --no-print-directory venv; fi
	@rm -f $@
	@touch $(UNFINISHED)
	@# A failed sync (no network, stale lock) left .venv whole; a killed one did not.
	$(UV) sync --locked || { code=$$?; [ $$code -ge 128 ] || rm $(UNFINISHED); exit $$code; }
	@rm $(UNFINISHED)
	@echo "$(CURDIR)" > $@

.PHONY: venv
venv:
	@test -n "$(PYTHON)" || { echo "make: headway needs Python 3.11 or newer with venv and \
	pip; install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	rm -rf $(VENV)
	@# Debian's Python has no ensurepip; its pip can install into the environment from outside.
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		$(PYTHON) -m venv $(VENV) && $(BIN)python -m pip install --quiet uv==$(UV_VERSION); \
	else \
		$(PYTHON) -m venv --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(VENV) install --quiet uv==$(UV_VERSION); \
	fi
