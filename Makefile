# `make demo` runs the small study, `make test` the tests, `make test-all` those marked slow too, `make lint` the linters,
# `make bench` the benchmarks, `make bench against=REV` this build beside an earlier one.
# `make docs` the documentation as a site.
# Each sets up .venv on first use.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# where Python may not keep bytecode, each process would compile all libraries anew: seconds of each start
COMPILED := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
INSTALL := --constraint constraints.txt --editable . --group dev

.PHONY: demo test test-all lint bench docs lock clean
demo: $(READY)
	$(BIN)/python -m sim.kernels.warmup
	$(BIN)/rackrate experiment=demo $(ARGS)
test: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(ARGS)
test-all: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal --run-slow $(ARGS)
lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
bench: $(READY)
	$(BIN)/python -m experiments.lab.bench $(if $(against),--against $(against)) $(ARGS)
docs: $(READY)
	$(BIN)/python -m mkdocs build --quiet --strict
	@echo "site/index.html"
lock: $(READY)
	$(BIN)/python -m pip freeze --exclude-editable | grep -v -E '^(pip|uv|setuptools)==' > constraints.txt
clean:
	rm -rf $(VENV)

# uv installs in a few seconds; pip is the fallback (pip.conf mirrors, offline wheels).
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Rackrate needs Python >= 3.11, found %d.%d: make PYTHON=python3.11 ..." % v[:2])'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3 has no venv support: apt-get install python3-venv (or make PYTHON=...)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1" uv || true
	$(BIN)/python -m uv pip install --quiet $(COMPILED) --python $(BIN)/python $(INSTALL) || $(BIN)/python -m pip install --quiet $(INSTALL)
	@touch $@
