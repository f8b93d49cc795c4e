# make run   starts everything;   make test   checks everything. Each does its own set-up. GNU make 3.81 or newer.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.NOTPARALLEL:
KIT := apps/react
KIT_READY := $(KIT)/node_modules/.package-lock.json
PAGE := $(KIT)/demo/dist/index.html

.PHONY: help setup run lessons test check lint types imports unit chaos soak bench page react react-packages react-types lock clean

# Say what there is.
help:
	@echo 'make run      start Redis, the API, workers and the Streamlit app; stop with Ctrl-C'
	@echo 'make lessons  the same without the page at /ui, and open the lessons in JupyterLab'
	@echo 'make test     every check and every test'
	@echo 'make check    lint, types and the quick tests'
	@echo 'make lint | types | imports | unit      one of these alone'
	@echo 'make chaos    what clients see, and what becomes of jobs, while all that serves them is killed; new seeds'
	@echo 'make soak     10 minutes of busy cores, outages, stops and jumps of the clock, by which nobody may be called dead'
	@echo 'make bench    what headway costs, beside its peers; make bench ONLY=name for one of them'
	@echo 'make page     build the React page that the API serves at /ui, where it is older than its sources'
	@echo 'make react    check, test and build the React kit; make react-types after the API has changed'
	@echo 'make setup    only build .venv from the lock'
	@echo 'make lock     resolve pyproject.toml into requirements.lock anew'
	@echo 'make clean    remove .venv, caches and data'

# Build .venv from the lock.
setup: $(READY)

# The newest Python that the lock was made for; a newer one if there is no other.
$(READY): pyproject.toml requirements.lock
	@python=; \
	for name in python3.13 python3.12 python3.11 python3 python; do \
	  $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  python=$$name; break; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'headway needs Python 3.11 or newer with its venv module (Debian: apt-get install python3-venv).' >&2; exit 2; \
	fi; \
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "building $(VENV) with $$($$python --version); the first time takes a few minutes"; \
	    $$python -m venv --clear $(VENV) || { echo 'headway could not build $(VENV) (see above).' >&2; exit 2; }; }
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock || \
	  { echo 'headway could not install what requirements.lock lists (see above).' >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . || \
	  { echo 'headway could not install itself into $(VENV) (see above).' >&2; exit 2; }
	@touch $@

# Start everything, submit a job, print the links; Ctrl-C stops everything. Where npm has no network it does not try for long.
run: $(READY)
	@npm_config_fetch_retries=0 npm_config_fetch_timeout=10000 $(MAKE) --no-print-directory page || \
	  echo 'headway goes on without the React page at /ui, which could not be built (see above).' >&2
	@exec $(BIN)/python -m headway.stack

# Start everything with JupyterLab on the lessons beside it; LESSONS_OPTIONS are passed on to it. Ctrl-C stops everything.
lessons: $(READY)
	@exec $(BIN)/python -m headway.stack Procfile.lessons

# Every check and every test.
test: lint types imports react-packages
	@$(BIN)/python -m pytest -n 2 --dist loadfile

# The quick checks.
check: lint types imports unit

# Style and format.
lint: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

# Types.
types: $(READY)
	@$(BIN)/mypy

# Which room may import which.
imports: $(READY)
	@$(BIN)/lint-imports --no-logo

# The tests without a browser and without the long ones.
unit: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not browser and not slow'

# Three rounds of 40 s, in each of which servers and connections go away, and 10 minutes of real jobs while whatever
# runs them is killed; `make test` has 7 s and 45 s of it. What failed says what to type: CHAOS_SEED plans it again.
chaos: $(READY)
	@CHAOS_ROUNDS=$(or $(CHAOS_ROUNDS),3) CHAOS_DURATION_S=$(or $(CHAOS_DURATION_S),40) \
	CHAOS_JOBS_DURATION_S=$(or $(CHAOS_JOBS_DURATION_S),600) $(BIN)/python -m pytest -rP tests/chaos --ignore tests/chaos/test_soak.py

# Whatever a machine may go through without anybody on it dying; `make test` has half a minute of it.
soak: $(READY)
	@SOAK_DURATION_S=$(or $(SOAK_DURATION_S),600) $(BIN)/python -m pytest -rP tests/chaos/test_soak.py

# Measure; the figures also go to .headway/bench.json. Fails if one is short of its goal.
bench: $(READY)
	@$(BIN)/python -m tests.benchmarks $(ONLY)

# The React page that the API serves at /ui.
page: $(PAGE)

$(PAGE): $(KIT_READY) $(KIT)/style.css $(wildcard $(KIT)/src/*.* $(KIT)/demo/*.*)
	@$(KIT)/npm exec --offline -- vite build --config demo/vite.config.ts
	@touch $@

# The React kit: style, types, tests against a real API, a build, and whether npm could publish that.
react: $(KIT_READY)
	@$(BIN)/python -m pytest tests/react

# What the kit is built and tested with. `make test` does without it where npm cannot be reached, except in CI.
react-packages: $(READY)
	@$(MAKE) --no-print-directory $(KIT_READY) || [ -z "$$CI" ]

$(KIT_READY): $(KIT)/package.json $(KIT)/package-lock.json $(KIT)/react18/package.json | $(READY)
	@$(KIT)/npm ci --loglevel=error || { echo 'headway could not install what apps/react/package-lock.json lists (see above).' >&2; exit 2; }
	@touch $@

# Write the kit's wire types anew, from the API's own OpenAPI document.
react-types: $(KIT_READY)
	@$(BIN)/python -m tests.react.wire > $(KIT)/src/wire.ts

# Resolve pyproject.toml into a lock with hashes, for all platforms and Pythons at once.
lock: $(READY)
	@$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header -q pyproject.toml -o requirements.lock

# Remove what the other targets made.
clean:
	rm -rf $(VENV) .headway $(KIT)/node_modules $(KIT)/react18/node_modules $(KIT)/dist $(KIT)/demo/dist build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
