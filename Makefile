# From nothing: `make demo` (hear it work) and `make test` (see it proven). Every target sets up what it needs;
# the stamps make the second run quick. PYTHON=python3.12 chooses another interpreter (3.10 or later).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/demo
PYTEST_ARGS ?=
MINUTES ?= 10
# what Python imports is compiled once, and kept under the environment, whatever the shell says of it
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache
KERNEL_SOURCES := $(wildcard kernels/src/*.c kernels/include/*.h kernels/build.py)

.PHONY: demo test check kernels bench setup clean

demo: $(VENV)/.package
	@scripts/demo $(OUT)

# the sound card first and alone, for its tests are in real time; then all others, on several cores. The first run is
# by mark and not by path, so that one process, and not each of several, compiles all tests of a fresh clone
test: $(VENV)/.package
	@$(if $(PYTEST_ARGS),,$(BIN)/python -m pytest -q -m device)
	@$(BIN)/python -m pytest -q $(PYTEST_ARGS)

check: $(VENV)/.package
	@scripts/check

bench: $(VENV)/.package
	@$(BIN)/python -m benchmarks.paced --minutes $(MINUTES) $(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON))

kernels: $(VENV)/.package

setup: $(VENV)/.package

clean:
	rm -rf $(VENV) build out edge_agent/*.so *.egg-info

$(VENV)/.system: scripts/setup-system
	@scripts/setup-system $(PYTHON)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# setuptools and cffi are installed first, so that the package builds without a second, hidden environment
$(VENV)/.python: $(VENV)/.system pyproject.toml setup.py requirements-dev.lock
	@echo "installing Python packages into $(VENV) ..."
	@scripts/setup-python $(BIN)/python
	@touch $@

$(VENV)/.package: $(VENV)/.python $(KERNEL_SOURCES)
	@echo "compiling the kernels ..."
	@$(BIN)/python setup.py -q build_ext --inplace
	@touch $@
