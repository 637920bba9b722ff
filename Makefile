# Hanmaru: `make run`, `make demo`, `make test`. Everything lands in .venv of this folder; a second time costs nothing.
PYTHON ?= python3
IN_VENV := .venv/bin/python
ARGS ?=
CACHED := PYTHONDONTWRITEBYTECODE= # the servers of the tests would compile every file anew, more than a hundred times

.DEFAULT_GOAL := help
.PHONY: help run demo loopback sheet test test-faults soak bench check fix clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## serve the event on https://localhost:8443 and print every join link
	@$(PYTHON) -m tools.install run
	@exec $(IN_VENV) -m server run $(ARGS)

demo: ## run, with a simulated far room and interpreter: one browser is enough
	@$(PYTHON) -m tools.install run
	@exec $(IN_VENV) -m server demo $(ARGS)

loopback: ## camera, sound and network of this machine's server, PASS or FAIL
	@$(PYTHON) -m tools.install run
	@exec $(IN_VENV) -m server loopback $(ARGS)

sheet: ## the join codes of a site, to print and hand out: make sheet ARGS="--site NAME"
	@$(PYTHON) -m tools.install sheet
	@exec $(IN_VENV) -m server sheet $(ARGS)

test: ## every test that CI runs (12 minutes); ARGS="-k gain" for some
	@$(PYTHON) -m tools.install test
	$(CACHED) $(IN_VENV) -m pytest $(ARGS)

test-faults: ## cuts, losses and changes of address on networks of its own (needs root); ARGS="-k cut"
	@$(PYTHON) -m tools.install test
	$(CACHED) $(IN_VENV) -m pytest -m faults $(ARGS)

soak: ## ten minutes of one booth, then (root) an hour of five in random faults; ARGS="-k wrong" for that alone
	@$(PYTHON) -m tools.install test
	$(IN_VENV) -m pytest -m soak --timeout=1500 $(ARGS)

bench: ## Hanmaru beside Janus on this machine, 15 minutes; ARGS="--only cpu --runs 2"
	@$(PYTHON) -m tools.install bench
	@$(IN_VENV) -m bench $(ARGS)

check: ## ruff, mypy, import-linter, tsc
	@$(PYTHON) -m tools.install check
	@$(IN_VENV) -m tools.check

fix: ## let ruff mend and format
	@$(PYTHON) -m tools.install check
	$(IN_VENV) -m ruff check --fix .
	$(IN_VENV) -m ruff format .

clean: ## remove what set-up and tools made (not the state of events)
	rm -rf .venv web/fonts .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
