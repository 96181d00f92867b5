# make train: the main job; make test: every check; make docs: what is generated;
# make studies: the studies of papers on small data; make site: the documentation as pages in build/site/html. Each creates the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PARITY := .venv-parity
SITE := .venv-docs

.PHONY: train test lint docs site studies parity presets augment studio-page clean

train: $(READY)
	$(BIN)/archspec train resnet20_digits

test: $(READY)-test lint
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(READY)-test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python tools/docs.py

# 142 trainings, about an hour on two cores; what was interrupted is taken up. What it needs is an extra, studies
studies: $(READY)-studies
	$(BIN)/python tools/studies.py

# a broken link, a missing heading, a page outside the navigation of mkdocs.yml and anything loaded from elsewhere are errors
site: $(SITE)/ready
	$(SITE)/bin/python tools/build_site.py
	$(SITE)/bin/zensical build --strict --clean
	$(SITE)/bin/python tools/build_site.py --built build/site/html

# the editor of `archspec studio` as one file, from npm by its lock file: for who changes tools/studio
studio-page:
	npm ci --prefix tools/studio --no-audit --no-fund --ignore-scripts
	node tools/studio/build.js

# every mapping of PyTorch's libraries against the library's own model: half an hour, and 1.5 GB for an environment of its own
parity: $(READY) $(PARITY)/ready
	$(BIN)/python tools/parity.py $(PARITY)/bin/python

# every preset of train.preprocess against the library's own pixels: a minute, in the same environment
presets: $(READY) $(PARITY)/ready
	$(BIN)/python tools/compare_preprocess.py $(PARITY)/bin/python

# every operation of the policies against the library's own pixels: a minute, in the same environment
augment: $(READY) $(PARITY)/ready
	$(BIN)/python tools/compare_augment.py $(PARITY)/bin/python

$(PARITY)/ready: tools/parity.txt
	@$(PYTHON) -m venv $(PARITY)
	@$(PARITY)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(SITE)/ready: tools/site.txt
	@$(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(READY): setup.py pyproject.toml
	@echo "making $(VENV) with archspec and what it needs: a minute or two, about 3 GB"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(READY)-test: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(READY)-studies: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[studies]'
	@touch $@

clean:
	rm -rf $(VENV) $(PARITY) $(SITE) .cache build *.egg-info
