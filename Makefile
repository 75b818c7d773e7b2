# Every recipe calls the programs of .venv by path, so nothing on the machine can stand in for them.
# A fresh machine needs git, make and Python 3.11 or newer; `make setup` brings the rest into this folder.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv/bin
READY := .venv/.ready
UV_VERSION := 0.13.9
# The machine's own certificates count, as they do for pip: a mirror behind a company's authority must work.
export UV_SYSTEM_CERTS := true
BENCHMARKS := $(addprefix benchmarks/,start.py index_pages.py gateway_resolve.py wheel_download.py)

.PHONY: help setup lint format test demo bench lock docs clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-7s %s\n", $$1, $$2 }'

setup: $(READY) ## make .venv: the locked tools, checked by hash, and wheelkeep itself

# The programs of .venv hold its path: in a checkout that was moved or copied, it is made anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
MOVED := $(if $(wildcard $(READY)),moved)
endif
.PHONY: moved
moved:
	@echo "this checkout was moved: .venv is made anew" >&2
	@rm -rf .venv

# uv is taken from PATH; where there is none, pip puts it into .tools. Never into the system.
$(READY): requirements.lock pyproject.toml $(MOVED)
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: python3 is missing or older than 3.11" >&2; echo "hint: apt-get install python3" >&2; exit 1; }
	@command -v uv >/dev/null || test -x .tools/bin/uv || python3 -m pip --version >/dev/null 2>&1 || \
		{ echo "error: neither uv nor pip is here" >&2; echo "hint: apt-get install python3-pip" >&2; exit 1; }
	@command -v uv >/dev/null || test -x .tools/bin/uv || { echo "fetching uv $(UV_VERSION) into .tools" >&2; \
		python3 -m pip install --quiet --root-user-action ignore --target .tools uv==$(UV_VERSION); }
	@echo "fetching up to $$(grep -c '==' requirements.lock) locked packages into .venv, checked by hash" >&2
	@PATH="$$PATH:$(CURDIR)/.tools/bin"; set -e; \
	test -x $(VENV)/python || uv venv --quiet --no-python-downloads --python '>=3.11' .venv; \
	uv pip install --quiet --python $(VENV)/python --require-hashes --requirements requirements.lock; \
	uv pip install --quiet --python $(VENV)/python --no-deps --editable .
	@printf '%s\n' "$(CURDIR)" > $@

lint: $(READY) ## formatting, lint rules, types, import contracts
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports

format: $(READY) ## format the code in place
	$(VENV)/ruff format .

test: $(READY) ## every test, on all cores
	$(VENV)/python -m pytest -n auto

demo: $(READY) ## the main job on real input: a wheel, a private feed, a training run
	$(VENV)/python examples/demo/demo.py

bench: $(READY) ## the measurements, each beside its peers
	@set -e; for file in $(BENCHMARKS); do echo "== $$file"; $(VENV)/python $$file; done

# uv writes the host of the index into uv.lock, so that file stays out of git (docs/decisions/0002).
lock: $(READY) ## pin every dependency anew, with hashes and without a host, into requirements.lock
	$(VENV)/uv lock --quiet --upgrade
	$(VENV)/uv export --quiet --frozen --all-extras --all-groups --no-emit-workspace --no-annotate --no-header \
		--format requirements-txt --output-file requirements.lock >/dev/null

docs: $(READY) ## make the reference pages from the code
	$(VENV)/python docs/generate.py

clean: ## remove what was made here, .venv and the demo included
	rm -rf .venv .tools .demo dist build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
