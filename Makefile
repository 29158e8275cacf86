# The commands of the course. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := .venv-wheel
APP := .venv-app
MIN := $(shell sed -n 's/^min_python *= *//p' settings.ini)
# In a fresh clone, `make test NEWEST=1` takes the newest of everything, not the versions that were tried
NEWEST ?=
comma := ,
tried = $(if $(NEWEST),,-c $(1))

# Threads that wait should sleep: where notebooks run side by side, spinning ones take each other's cores
export OMP_WAIT_POLICY := passive
# uv leaves it to the first import to compile a module: let that happen once, and not in every process
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lesson site serve notebooks check test test-notebooks test-nbdev test-wheel test-app wheel app browser numbers bench constraints clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r a b; do printf '%-24s %s\n' "$$a" "$$b"; done

setup: $(VENV)/ready ## make the environment in .venv

# An environment in $(1): the Python that is asked for, new enough, with venv
define venv
	@$(PYTHON) -c 'import sys; v=tuple(map(int,"$(MIN)".split("."))); sys.exit(sys.version_info[:2]<v and "Python $(MIN) or newer is needed, $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12" % sys.version_info[:2])'
	@rm -rf $(1)
	@$(PYTHON) -m venv $(2) $(1) || { rm -rf $(1); echo "Python cannot make environments here. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
endef

# Install $(2) into the environment $(1): with uv if pip can get it, in a fraction of the time, else with pip alone.
# uv links the files of its cache into every environment, so the second one costs next to nothing. It cannot link
# from another disk, so then the cache stands here
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
define install
	@if $(PIP) install $(call tried,constraints.txt) uv 2>/dev/null && $(BIN)/uv --version >/dev/null 2>&1; then \
		cache=$$($(BIN)/uv cache dir) && mkdir -p "$$cache" && ln -f $(1)/pyvenv.cfg "$$cache/.probe-$$$$" 2>/dev/null && \
			rm -f "$$cache/.probe-$$$$" || export UV_CACHE_DIR="$(CURDIR)/.uv-cache"; \
		$(BIN)/uv pip install --quiet --python $(1)/bin/python $(2) && exit 0; \
		echo "uv did not manage: pip tries, which takes some minutes."; \
	else echo "uv cannot be had here: pip does its work, which takes some minutes."; fi; \
	$(PIP) --python $(1)/bin/python install $(2)
endef

$(VENV)/ready: settings.ini constraints.txt setup.py
	@echo "Setting up $(VENV), once: PyTorch alone is several GB."
	$(call venv,$(VENV))
	$(call install,$(VENV),$(call tried,constraints.txt) -e '.[dev$(comma)scale]')
	@if [ -e .git ]; then $(BIN)/nbdev_install_hooks; fi
	@touch $@

lesson: setup ## run the whole lesson, print its table, build the site
	@$(BIN)/lesson4
	@echo
	@$(BIN)/python tools/site_builder.py

site: setup ## build the site in _docs
	@$(BIN)/python tools/site_builder.py

serve: site ## show the site at an address of this machine
	@$(BIN)/python tools/site_server.py

notebooks: setup ## library and questions from the notebooks; run each in a fresh kernel and store its outputs; README
	@$(BIN)/nbdev_export
	@$(BIN)/python tools/notebooks.py sync
	@$(BIN)/python tools/quiz.py
	@$(BIN)/python tools/notebooks.py run
	@$(BIN)/python tools/readme.py

# `make check 03_linear` is the same as `make check NOTEBOOK=03_linear`
ifeq (check,$(firstword $(MAKECMDGOALS)))
NOTEBOOK ?= $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(foreach o,$(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS)),$(eval $(o):;@:))
endif
check: setup ## one notebook: exported, clean, and its outputs as stored: make check 03_linear
	@$(BIN)/python tools/notebooks.py check --in-step $(NOTEBOOK)

TESTS := $(BIN)/python -m pytest -n logical --maxprocesses 4

test: setup wheel app browser ## every test there is, notebooks included
	@$(TESTS)

test-notebooks: setup ## run the cells as tests, and compare stored outputs with fresh ones
	@$(TESTS) tests/test_notebooks.py

test-nbdev: setup ## run every notebook as nbdev does
	@$(BIN)/nbdev_test

test-wheel: wheel ## install the wheel without nbdev, run the command and the notebooks there
	@$(TESTS) tests/test_wheel.py

test-app: app browser ## start the app of chapter 10 in its own environment, and use it in a browser
	@$(TESTS) tests/test_app.py

browser: # the tests of the site need one; whoever may not install it is told so by them
	@for b in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$b >/dev/null && exit 0; done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; echo "Installing Chromium, once."; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || \
	echo "Chromium could not be installed: the tests of the site will say so."

# The runner's environment: the wheel with the newest fastai, and no nbdev
$(RUN)/ready: $(VENV)/ready settings.ini constraints-run.txt setup.py | dist/ready
	@echo "Setting up $(RUN), once: the wheel with the newest fastai, without nbdev."
	$(call venv,$(RUN),--without-pip)
	$(call install,$(RUN),$(call tried,constraints-run.txt) "$$(echo dist/*.whl)[run$(comma)scale]")
	@touch $@

# The app's environment: the wheel with Gradio, which wants an older Pillow than the rest
$(APP)/ready: $(VENV)/ready settings.ini constraints-app.txt setup.py | dist/ready
	@echo "Setting up $(APP), once: the wheel with Gradio."
	$(call venv,$(APP),--without-pip)
	$(call install,$(APP),$(call tried,constraints-app.txt) "$$(echo dist/*.whl)[app]")
	@touch $@

wheel: $(RUN)/wheel

app: $(APP)/wheel

$(RUN)/wheel $(APP)/wheel: %/wheel: dist/ready %/ready
	@$(PIP) --python $*/bin/python install --no-deps --no-index --force-reinstall dist/*.whl
	@touch $@

dist/ready: $(VENV)/ready settings.ini setup.py MANIFEST.in LICENSE README.md $(shell find fastbook_lesson4 nbs/explorables -not -name '*.pyc' -not -name __pycache__)
	@rm -rf build dist
	@out=$$($(BIN)/python -m build --no-isolation --outdir dist . 2>&1) || { echo "$$out"; exit 1; }
	@touch $@

numbers: setup ## count what stands between a reader and the subject, and print it beside what is wanted
	@$(BIN)/python bench/house.py

bench: export OMP_WAIT_POLICY := active
bench: setup ## measure side by side, and print the ratios
	@$(BIN)/python bench/bench.py

constraints: setup $(RUN)/ready $(APP)/ready ## write down the versions of all environments, once the tests have passed with them
	@$(PIP) freeze --exclude-editable > constraints.txt
	@$(PIP) --python $(RUN)/bin/python freeze --exclude fastbook_lesson4 > constraints-run.txt
	@$(PIP) --python $(APP)/bin/python freeze --exclude fastbook_lesson4 > constraints-app.txt
	@touch $(VENV)/ready $(RUN)/ready $(APP)/ready

clean: ## remove all that the other commands made
	rm -rf $(VENV) $(RUN) $(APP) .uv-cache _proc _site_work _docs _docs.part build dist *.egg-info bench/results.json .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
