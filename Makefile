# Two commands set everything up on a fresh machine: `make serve` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BROWSER := $(VENV)/.browser
# A file's tests stay on one core, because they share what is slow to make; files begin in the order of tests/conftest.py.
ON_EVERY_CORE := --numprocesses auto --dist loadfile --no-loadscope-reorder

# Tests start a hundred processes: the compiled modules are kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve test test-oldest lint format bench clean

serve: $(INSTALLED)
	$(BIN)/gridmock serve $(ARGS)

test: lint $(BROWSER)
	$(BIN)/python -m pytest $(ON_EVERY_CORE) $(ARGS)

# The lowest version of each direct dependency that pyproject.toml allows; `make test` has the newest.
test-oldest:
	$(PYTHON) -m venv --clear $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VENV)-oldest/bin/uv pip install --quiet --python $(VENV)-oldest/bin/python --resolution lowest-direct --editable '.[dev]'
	$(VENV)-oldest/bin/python -m pytest $(ON_EVERY_CORE) $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.world
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-oldest build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/.work

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "gridmock needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(INSTALLED)

# For the tests of pages. Where none can be had they are skipped, and say so.
$(BROWSER): $(INSTALLED)
	@command -v chromium || command -v google-chrome \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } \
	  || $(BIN)/playwright install chromium \
	  || echo "No browser could be installed: tests of pages are skipped."
	@touch $(BROWSER)
