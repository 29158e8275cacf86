# The commands of the course. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := .venv-wheel
MIN := $(shell sed -n 's/^min_python *= *//p' settings.ini)
# Notebooks that run long. `make test` runs every cell of them once, with its output compared, and not again with nbdev_test
SLOW := ^[_.]|^0[5-79]_

# Threads that wait should sleep: where notebooks run side by side, spinning ones take each other's cores
export OMP_WAIT_POLICY := passive

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lesson site serve notebooks browser test test-notebooks test-wheel wheel bench constraints clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r a b; do printf '%-24s %s\n' "$$a" "$$b"; done

setup: $(VENV)/ready ## make the environment in .venv

# An environment in $(1): the Python that is asked for, new enough, with venv
define venv
	@$(PYTHON) -c 'import sys; v=tuple(map(int,"$(MIN)".split("."))); sys.exit(sys.version_info[:2]<v and "Python $(MIN) or newer is needed, $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12" % sys.version_info[:2])'
	@rm -rf $(1)
	@$(PYTHON) -m venv $(1) || { rm -rf $(1); echo "Python cannot make environments here. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
endef

$(VENV)/ready: settings.ini constraints.txt setup.py
	@echo "Setting up $(VENV), once: PyTorch alone is several GB, so this takes some minutes."
	$(call venv,$(VENV))
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
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
	@$(BIN)/python tools/notebooks.py sync
	@$(BIN)/nbdev_export
	@$(BIN)/python tools/quiz.py
	@$(BIN)/python tools/notebooks.py run
	@$(BIN)/python tools/readme.py

test: test-notebooks wheel browser ## every test there is
	@$(BIN)/python -m pytest tests

test-notebooks: setup ## run the cells as tests, and compare stored outputs with fresh ones
	@$(BIN)/python tools/notebooks.py check
	@$(BIN)/nbdev_test --skip_file_re '$(SLOW)'

browser: # the tests of the site need one; whoever may not install it is told so by them
	@for b in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$b >/dev/null && exit 0; done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; echo "Installing Chromium, once."; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || \
	echo "Chromium could not be installed: the tests of the site will say so."

test-wheel: wheel ## install the wheel without nbdev, run the command and the notebooks there
	@$(BIN)/python -m pytest tests/test_wheel.py

# The runner's environment: the wheel with the newest of everything, and no nbdev
$(RUN)/ready: $(VENV)/ready settings.ini setup.py
	@echo "Setting up $(RUN), once: the wheel with the newest fastai, without nbdev."
	$(call venv,$(RUN))
	$(build)
	@$(RUN)/bin/python -m pip install --quiet --disable-pip-version-check "$$(echo dist/*.whl)[run]"
	@touch $@

wheel: $(RUN)/ready
	$(build)
	@$(RUN)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --force-reinstall dist/*.whl

define build
	@rm -rf build dist
	@$(BIN)/python -m build --quiet --no-isolation --outdir dist .
endef

bench: export OMP_WAIT_POLICY := active
bench: setup ## measure side by side, and print the ratios
	@$(BIN)/python bench/bench.py

constraints: setup ## write down the versions that the tests ran with
	@$(BIN)/python -m pip freeze --exclude-editable > constraints.txt && touch $(VENV)/ready

clean: ## remove all that the other commands made
	rm -rf $(VENV) $(RUN) _proc _docs _docs.part build dist *.egg-info bench/results.json .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
