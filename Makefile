# make demo   trains a network in under a minute          make bench     measures docs/performance.md
# make test   format, lint, types and tests               make campaign  the property tests, for much longer
# make fix    mends format and lint                       make golden    rewrites the golden files, to be reviewed
# make schema rewrites schemas/, which editors read

PYTHON ?= python3
WORKERS ?= 2
CASES ?= 100000
SPECS ?= 20000
TEXTS ?= 1200
KILLS ?= 200

CODE := archspec tests benchmarks tools
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EDITOR := tests/schema/editor
SERVER := $(EDITOR)/node_modules/.package-lock.json

.PHONY: demo test lint fix bench campaign golden schema editor clean
.DELETE_ON_ERROR:

demo: $(READY)
	@rm -rf runs/demo
	@$(BIN)/archspec train specs/convnet.yaml --out runs/demo
	@echo && echo "Open runs/demo/report.html in a browser: curves, figures of each class, mistakes, how to go on"

test: lint editor
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS)  # a core for each worker

lint: $(READY)
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "run \`make fix\`"; exit 1; }
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary

fix: $(READY)
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
	@$(BIN)/python -m benchmarks --write

campaign: $(READY)
	@$(BIN)/python -W ignore -m tests.fuzz --workers $(WORKERS) --cases $(CASES) --specs $(SPECS)
	@$(BIN)/python -m tests.fuzz.texts_campaign --workers $(WORKERS) --seconds $(TEXTS)
	@$(BIN)/python -W ignore -m tools.generate_exports && git diff --exit-code docs/exports.md
	@$(BIN)/python -m tests.train.kill_campaign --kills $(KILLS)

golden: $(READY)
	@ARCHSPEC_GOLDEN=rewrite $(BIN)/pytest tests/golden tests/diagnostics tests/weights/test_rendered.py tests/docs
	@git status --short tests/golden tests/diagnostics tests/weights docs

schema: $(READY)
	@$(BIN)/python -m tools.generate_schemas
	@git status --short schemas

editor:
	@if command -v npm >/dev/null && command -v node >/dev/null; then $(MAKE) --no-print-directory $(SERVER); \
		else echo "npm is not installed: the tests that ask yaml-language-server are skipped"; fi

$(SERVER): $(EDITOR)/package-lock.json
	@cd $(EDITOR) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

clean:
	rm -rf $(VENV) $(EDITOR)/node_modules runs build dist *.egg-info

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "archspec needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (PyTorch is a large download)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
