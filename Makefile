# Two commands set everything up from nothing: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-quick coverage bench bundle bundle-check check check-types check-rest docs lock \
	release clean

BIN := .venv/bin

# A virtual screen with Mesa's software OpenGL, the same on every machine.
SCREEN := env -u WAYLAND_DISPLAY LIBGL_ALWAYS_SOFTWARE=1 QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8 \
	xvfb-run --auto-servernum --server-args="-screen 0 1920x1200x24"

# Tests start hundreds of programs and workers; compiling the sources again for each takes minutes.
unexport PYTHONDONTWRITEBYTECODE

# As many workers as there are cores; ARGS="-n 0" runs in one process, for a debugger.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --durations 15

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 20

demo: ## set up, make the sample study, fuse it, and open the window where there is a display
	@scripts/demo.sh

test: ## set up and run the tests; ARGS="-k geometry" chooses some
	@scripts/setup.sh tests
	$(SCREEN) $(PYTEST) -m "not thorough" $(ARGS)

test-all: ## run the further cases of each kind too, and a real PET/CT held against its golden file
	@scripts/setup.sh tests
	$(SCREEN) $(PYTEST) $(ARGS)

coverage: ## run all tests and measure which branches they take
	@scripts/setup.sh tests
	$(SCREEN) $(PYTEST) --cov $(ARGS)

test-quick: ## run what answers in about a minute: nothing slow, no window
	@scripts/setup.sh headless
	$(PYTEST) -m "not slow and not thorough and not window" --ignore tests/viewer $(ARGS)

bench: ## time what people wait for, against peers and floors; ARGS="opening" chooses some
	@scripts/setup.sh tests
	$(SCREEN) $(BIN)/python -m benchmarks $(ARGS)

check: ## lint, types, layers, plugin manifest, docs
	@scripts/setup.sh tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-types check-rest

check-types:
	$(BIN)/mypy

check-rest:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(SCREEN) $(BIN)/npe2 validate --imports facetfusion
	$(MAKE) --no-print-directory docs

docs: ## build the documentation into docs/_build/html
	@scripts/setup.sh headless
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html

lock: ## write requirements.lock anew from pyproject.toml; ARGS=--upgrade takes newer versions
	@scripts/lock.sh $(ARGS)

bundle: ## make what installs without network; PLATFORM=linux, windows or macos
	@scripts/setup.sh tests
	$(BIN)/python scripts/bundle/bundle.py $(or $(PLATFORM),linux)

bundle-check: ## ask whether every wheel of each platform can be had, by hash; downloads none
	@scripts/setup.sh tests
	@for platform in linux windows macos; do \
		$(BIN)/python scripts/bundle/bundle.py $$platform --check || exit 1; done

release: ## check everything and build dist/; uploads nothing; ARGS=--tag also sets the tag
	@scripts/release.sh $(ARGS)

clean: ## remove what the other targets wrote, except .venv
	rm -rf out dist build docs/_build docs/api .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis .coverage .coverage.*
