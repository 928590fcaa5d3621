# Everything a newcomer needs: `make demo` and `make test` work in a fresh clone with Python 3.11 or later, make
# and the network. What they create lies in $(VENV); `make clean` removes it.

VENV ?= .venv
PYTHON ?=
PYTHONS ?= python3.11 python3.12 python3.13
PYTEST_ARGS ?=
BENCH_ARGS ?=

BIN := $(VENV)/bin
DEV_EXTRAS := --extra report --extra dev --extra notebooks --extra browser
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --custom-compile-command "make lock" --no-annotate --no-emit-index-url --no-emit-find-links \
	--constraint requirements/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-real lint format bench bench-decisions decision-quality notebooks lock clean

help: ## say what there is
	@echo "Headway: a predictive GPU autoscaler for LLM inference on Kubernetes"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-24s%s\n", $$1, $$2 }'
	@echo
	@echo "demo and test need Python 3.11 or later and the network; they install into $(VENV), once."

demo: $(VENV)/.run-installed ## a simulated day with a ramp, a spike and a node failure; a table and a report
	@$(BIN)/headway demo

test: $(VENV)/.dev-installed ## the offline test suite
	@echo "Running the offline test suite on $$($(BIN)/python --version), one process a core."
	@$(BIN)/python -m pytest -q -n auto -m "not real" $(PYTEST_ARGS)

test-all: ## the same on every Python of PYTHONS that can be found
	@for python in $(PYTHONS); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
			$(MAKE) --no-print-directory test PYTHON="$$python" VENV=".venv-$$version" || exit 1; \
			tested="$$tested $$version"; \
		else \
			missing="$$missing $$python"; \
		fi; \
	done; \
	echo "Tested on:$${tested:- nothing}. Not found:$${missing:- none}."; \
	test -n "$$tested"

test-real: $(VENV)/.real-installed ## what needs a browser, a Dask or a Ray cluster; says what stays missing
	@scripts/real-needs
	@$(BIN)/python -m pytest -q -p no:xdist -m real $(PYTEST_ARGS)

lint: $(VENV)/.dev-installed ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev-installed ## let ruff format the code and fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev-installed ## speed and memory, side by side, each figure also against a fixed yardstick
	@$(BIN)/python -m benchmarks.bench

bench-decisions: $(VENV)/.dev-installed ## every policy on every series, into out/bench (long; BENCH_ARGS="--quick")
	@$(BIN)/headway bench --world both $(BENCH_ARGS)

# The whole of it, whatever BENCH_ARGS says: a part must not take the place of the last full run.
decision-quality: $(VENV)/.dev-installed ## the same, and docs/decision-quality.md is written anew
	@test -n "$$HEADWAY_TRACES" || { echo "HEADWAY_TRACES names no folder of traces"; exit 2; }
	@$(BIN)/headway bench --world both --out out/bench >/dev/null
	@cp out/bench/decisions.md docs/decision-quality.md

notebooks: $(VENV)/.dev-installed ## run the notebooks and save what they show under out/notebooks
	@$(BIN)/python scripts/run_notebooks.py

lock: $(VENV)/.dev-installed ## resolve the dependencies again and write requirements/*.lock
	$(COMPILE) --upgrade $(DEV_EXTRAS) pyproject.toml requirements/build.in -o requirements/dev.lock
	$(COMPILE) --upgrade --extra report --constraint requirements/dev.lock pyproject.toml requirements/build.in \
		-o requirements/run.lock

	$(COMPILE) --upgrade $(DEV_EXTRAS) --extra dask --extra ray --constraint requirements/dev.lock pyproject.toml \
		requirements/build.in -o requirements/real.lock

clean: ## remove what the targets above created
	rm -rf .venv .venv-* out dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.run-installed: requirements/run.lock pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) requirements/run.lock $(PYTHON)
	@touch $@

# The development lock holds all that the other holds, at the same versions.
$(VENV)/.dev-installed: requirements/dev.lock pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) requirements/dev.lock $(PYTHON)
	@touch $(VENV)/.run-installed $@

# The development lock, and what a cluster of Dask and one of Ray need on top.
$(VENV)/.real-installed: requirements/real.lock $(VENV)/.dev-installed
	@scripts/make-venv $(VENV) requirements/real.lock $(PYTHON)
	@touch $@
