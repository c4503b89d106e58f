# Two commands are enough: `make run` and `make test`. What each target does stands in `make help`.

.DEFAULT_GOAL := help
.PHONY: help run test check install web-dev format bench bench-peers drill-24b lock clean postgres chromium

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PAGE := src/advakod/web/static/.stamp
PAGE_SOURCES := hatch_build.py $(shell find web -name node_modules -prune -o -type f -print)
NPM := $(BIN)/python hatch_build.py npm --silent run

# The first interpreter that is new enough; `make PYTHON=…` chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$python; break; }; done)
endif

# A bare Debian has no ensurepip: the machine's pip works on the environment from outside (pip 22.3 or newer).
PIP = $$($(PYTHON) -m pip --version >/dev/null 2>&1 && echo "$(PYTHON) -m pip" || echo pip) \
	--python $(BIN)/python --disable-pip-version-check --quiet --quiet

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(PAGE) ## Set everything up and serve at http://127.0.0.1:8000
	@exec $(BIN)/advakod serve

test: $(PAGE) postgres chromium ## Set everything up and run all tests (TESTS="tests/law -x" runs some)
	@$(NPM) test
	@$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(PAGE) ## Lint, formatting, types, import contracts, lock file, licences
	@$(NPM) check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.check_guide
	@$(BIN)/python tools/check_lock.py
	@$(BIN)/python tools/third_party.py --check

install: $(PAGE) ## Only set up .venv and build the page
	@:

web-dev: $(PAGE) ## The page with hot reload at http://127.0.0.1:5173, and the server behind it
	@$(BIN)/advakod serve & trap "kill $$!" EXIT; $(NPM) dev

format: $(PAGE) ## Bring Python and the page's sources into their one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .
	@$(NPM) format

bench: $(STAMP) ## Measure everything in benchmarks/ except the peers (BENCH="search --quick" runs some)
	@$(BIN)/python -m benchmarks.all $(BENCH)

bench-peers: $(STAMP) ## Measure LiteLLM's proxy beside us (by hand: it installs a venv of its own)
	@$(BIN)/python -m benchmarks.peers.run

drill-24b: $(STAMP) ## Answer inside 900 s and 300 s with a random 24B model (by hand: 13.3 GB, half an hour)
	@$(BIN)/python -m benchmarks.engine.drill_24b $(DRILL)

lock: $(STAMP) ## Bring both lock files and THIRD_PARTY.md up to date with pyproject.toml and web/package.json
	@$(BIN)/uv pip compile pyproject.toml --group dev --extra hub --extra llama --extra postgres --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock
	@$(MAKE) --no-print-directory install
	@$(BIN)/python hatch_build.py npm install --package-lock-only
	@$(BIN)/python tools/third_party.py

clean: ## Remove .venv, caches and builds; the data in var/ stays
	rm -rf $(VENV) web/node_modules src/advakod/web/static dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

# Unchanged inputs cost nothing. An environment whose interpreter is gone, or that was moved, is made anew.
$(STAMP): requirements.lock pyproject.toml
	@$(or $(PYTHON),false) -c '$(NEW_ENOUGH)' 2>/dev/null || { \
		echo "Нужен Python 3.11 или новее: make PYTHON=/путь/к/python3.11 …" >&2; \
		echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@echo "Setting up $(VENV) (a few minutes the first time)"
	@$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@$(PIP) install --require-hashes --requirement requirements.lock
	@ADVAKOD_SKIP_WEB=1 $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(PAGE): $(STAMP) $(PAGE_SOURCES)
	@$(BIN)/python hatch_build.py
	@touch $@

postgres:
	@tools/from_debian.sh postgresql

chromium:
	@tools/from_debian.sh chromium
