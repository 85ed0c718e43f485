# `make play` and `make test` are all a newcomer needs; each sets up what it uses and is quick the second time.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# llama.cpp for this very processor, without the parts we do not use (multimodal, tools, server, examples).
LLAMA_FLAGS := -DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
	-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_OPENSSL=OFF
export CMAKE_ARGS ?= $(LLAMA_FLAGS)

# Everything that is in the training issue's short run: rows, train, merge, convert, quantise, verify.
.PHONY: pipeline-smoke help play demo test test-fast lint format setup setup-dev models clean
help:
	@echo "make play   talk with a civilian        make demo   a session with no hands, into ./demo"
	@echo "make test   lint and all tests          make clean  remove what make made (models stay)"

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; PYTHON=/path/to/python3.11 make …"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "python3-venv is missing: apt-get install python3-venv"; exit 2; }
	@touch $@

$(VENV)/.plain: $(VENV)/.python pyproject.toml constraints.txt
	@.ci/system-packages
	@echo "Installing (llama.cpp is compiled the first time: about 6 minutes on 2 cores) …"
	@$(PIP) install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.plain
	@.ci/system-packages tests
	@$(PIP) install -q -c constraints.txt -e '.[corpus,train,bench,bertscore,dev]'
	@touch $@

$(VENV)/.models: $(VENV)/.plain models/catalog.yaml $(wildcard models/adapters/*.gguf)
	@$(BIN)/deescal models pull
	@$(BIN)/deescal models build
	@touch $@

$(VENV)/.test-models: $(VENV)/.dev models/catalog.yaml
	@$(BIN)/deescal models pull minilm-l6-v2 && touch $@ || echo "Without minilm-l6-v2 the test of BERTScore is skipped."

setup: $(VENV)/.plain $(VENV)/.models
setup-dev: $(VENV)/.dev $(VENV)/.models $(VENV)/.test-models

play: setup
	@$(BIN)/deescal play

demo: setup
	@$(BIN)/deescal demo --out demo

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

test: setup-dev lint
	@$(BIN)/python -m pytest

test-fast: setup-dev
	@$(BIN)/python -m pytest -m "not slow"

pipeline-smoke: setup-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" export/pipeline-smoke.sh

clean:
	rm -rf $(VENV) build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
