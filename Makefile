# `make demo` and `make test` work on a fresh machine with Python 3.11 or newer and pip.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo demos survey test lint lock benchmark picture clean

# A packaged study; `python -m builder studies` lists them.
STUDY := lands-between-demo
DEMO := out/$(STUDY)

# What a study's extras bring comes at the versions and with the hashes of the lock files.
demo: $(VENV)/.runtime
	packages="$$($(BIN)/python -m builder studies --packages $(STUDY))"; test -z "$$packages" || \
		$(PIP) install --quiet --constraint requirements.lock --constraint requirements-dev.lock $$packages
	$(BIN)/python -m builder build $(STUDY) --out $(DEMO) --verbose
	$(BIN)/python -m builder ratings simulate $(DEMO)
	$(BIN)/python -m builder publish $(DEMO) --to $(DEMO)-dataset --version 1.0.0 --with-simulated
	$(BIN)/python -m analysis report $(DEMO)-dataset --out $(DEMO)-report

# Every packaged demo from its start, in a folder of its own that is removed, and how long each took.
DEMOS := lands-between-demo two-recognizers-demo classification-demo counterfeits-demo expression-demo explanation-demo
demos: $(VENV)/.runtime
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && for study in $(DEMOS); do \
		begun=$$(date +%s); \
		$(MAKE) --no-print-directory demo STUDY=$$study DEMO=$$folder/$$study || exit 1; \
		printf '%-28s %5d s\n' $$study $$(( $$(date +%s) - begun )) >> "$$folder/times"; \
	done && cat "$$folder/times"

# A thread for each of the test processes, of which there are as many as cores.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy examples/plugin/lands_between_example

benchmark: survey $(VENV)/.dev
	$(BIN)/python -m benchmarks.recognizer
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.alignment
	$(BIN)/python -m benchmarks.strategies
	$(BIN)/python -m benchmarks.gpu
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.ratings
	$(BIN)/python -m benchmarks.survey
	$(BIN)/python -m benchmarks.publish
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.folder
	$(BIN)/python -m benchmarks.faces
	$(BIN)/python -m benchmarks.scale --simulate
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.classification
	$(BIN)/python -m benchmarks.assignments
	$(BIN)/python -m benchmarks.expression
	$(BIN)/python -m benchmarks.explanation
	$(BIN)/python -m benchmarks.sanity
	$(BIN)/python -m benchmarks.lime
	$(BIN)/python -m benchmarks.manipulations

# The pictures in the README: the first base of the default study, the page on which its pairs are rated, the report;
# and from the card of each other kind's demo.
KINDS := classification expression explanation counterfeits
picture: demo survey $(VENV)/.dev
	$(BIN)/python -m builder picture $(DEMO) docs/base.png
	$(BIN)/python -m tests.builder.survey.screenshot $(DEMO) docs/survey.png
	$(BIN)/python -m tests.analysis.report.screenshot $(DEMO)-report/index.html docs/report.png
	for kind in $(KINDS); do $(MAKE) --no-print-directory demo STUDY=$$kind-demo DEMO=out/$$kind-demo || exit 1; done
	$(BIN)/python -m tests.examples.pictures out docs

# The page of the survey. --ignore-scripts: no package runs code of its own when it is installed.
WEB := builder/survey/web
survey: builder/survey/static/survey.js

builder/survey/static/survey.js: $(WEB)/node_modules/.package-lock.json $(wildcard $(WEB)/src/* $(WEB)/src/*/* $(WEB)/*.*)
	npm --prefix $(WEB) run --silent build
	touch $@

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or newer and npm are needed (Debian: apt install nodejs npm)" >&2; exit 1; }
	npm --prefix $(WEB) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# --require-hashes: a file that is not the one that was locked is refused. Torch comes without: whether an index serves
# its build for the CPU or for CUDA is the machine's choice, and its version alone is pinned.
# --no-build-isolation: the pinned setuptools builds this project, nothing unpinned is downloaded for it.
LOCKED := --quiet --no-deps --require-hashes --requirement
$(VENV)/.runtime: requirements.lock requirements-torch.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install $(LOCKED) requirements.lock
	$(PIP) install --quiet --requirement requirements-torch.lock
	PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m builder fetch
	touch $@

# --no-deps: what the tests compare with asks for packages that do not install or import beside ours.
$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock tests/requirements-reference.txt
	$(PIP) install $(LOCKED) requirements-dev.lock
	$(PIP) install $(LOCKED) tests/requirements-reference.txt --no-build-isolation
	touch $@

# Resolves pyproject.toml anew; `./lock.sh hashes` writes the hashes of lines that were added by hand.
lock:
	./lock.sh

clean:
	rm -rf $(VENV)
