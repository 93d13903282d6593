# Two commands: `make run` opens the lab, `make test` checks it. Both build .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export HF_HUB_DISABLE_TELEMETRY = 1
export GRADIO_ANALYTICS_ENABLED = False

.PHONY: run setup test check browser bench clean

run: setup
	$(BIN)/mergelab ui

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "MergeLab needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e .
	touch $@

.venv/.ready-test: .venv/.ready
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[test]'
	touch $@

# A Chromium: an installed one, else Debian's, else Playwright's own.
browser: .venv/.ready-test
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || $(BIN)/python -m playwright install chromium

check: .venv/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: browser check
	$(BIN)/python -m pytest -q

bench: .venv/.ready
	$(BIN)/python benchmarks/fisher.py

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
