# The commands for people. `make` alone lists them; what runs how is in profiles/, what runs at all in workflow/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake --profile profiles/local
STUDIES := config/studies
MICRO := --configfile $(STUDIES)/micro.yaml
DEMO := $(MICRO) $(STUDIES)/demo.yaml
WHOLE := $(MICRO) $(STUDIES)/micro_axes.yaml
LOCK_OPTIONS ?= --torch-backend cpu
ANSWERS ?= ../shared/data/graded_answers
ROWS ?= ../shared/data/benchmark_rows
REFERENCE ?= resources/papers
PYTEST := $(BIN)/python -m pytest
# most of a test's time is the start of a program, on one core; the files that take longest come first, and
# tests/conftest.py keeps those together that need both cores
BY_FILE := --dist loadfile --no-loadscope-reorder
CODE := src tests workflow/scripts envs
# nearly all of a short job's time is imports, and compiling torch anew each time doubles it
unexport PYTHONDONTWRITEBYTECODE
LINTERS := lint/types lint/rules lint/small-world lint/layout lint/code lint/imports
DOCS := .cache/docs
PAGES := README.md CONTRIBUTING.md CHANGELOG.md LICENSE CITATION.cff config/README.md docs
SNAKEFILES := Snakefile workflow/Snakefile workflow/rules

.DEFAULT_GOAL := help
.PHONY: help demo micro overhead scale figures kills test-faults generation-kills bench bench-generation grade-check reference-check bench-grading bench-bootstrap bench-coverage bench-frontiers bench-analysis bench-hostile bench-train gpu-check micro-world test test-fast test-slurm lint $(LINTERS) test/inspect format config-reference venv venv-gpu venv-inspect lock docs rulegraph clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-16s %s\n", $$1, $$2 }'

demo: venv ## a few cells of the small study, up to figure 2, table 1 and the report: minutes on a laptop
	$(SNAKEMAKE) $(DEMO) -- all job_timings
	$(SNAKEMAKE) $(DEMO) --report results/micro/report.html
	@echo "Look at results/micro/report.html, results/micro/figures/ and results/micro/explorer.html"

micro: venv ## the whole small study, up to its figures, tables and report: an hour on two cores
	$(SNAKEMAKE) $(WHOLE) -- all job_timings
	$(SNAKEMAKE) $(WHOLE) --report results/micro/report.html
	@echo "Look at results/micro/report.html, results/micro/figures/ and results/micro/explorer.html"

bench: venv ## ratios to bare engines and peers on the same work, written to docs/reference/speed.md
	$(PYTEST) -m long $(addprefix tests/integration/,test_overhead.py test_training_speed.py test_data_at_scale.py)
	$(PYTEST) -m long tests/workflow/test_analysis_scale.py tests/unit/test_bootstrap.py tests/unit/test_plan_layouts.py
	$(BIN)/python tests/benchmarks/bench.py --output docs/reference/speed.md

overhead: venv ## what training and generation cost over the bare engines on the same work
	$(BIN)/python tests/benchmarks/overhead.py

scale: venv ## what 1.5 million training questions take, up to mixtures of a million pairs
	$(BIN)/python tests/benchmarks/data_at_scale.py

grade-check: venv ## the rule graders against published labels (ANSWERS=FOLDER) and made answers to real items (ROWS=FOLDER)
	$(BIN)/python workflow/scripts/grade_check.py --answers $(ANSWERS) --rows $(ROWS)

bench-grading: venv ## how many answers per second the rule graders grade, and their memory
	$(BIN)/python tests/benchmarks/grading_speed.py

bench-bootstrap: venv ## how long 2,000 replicates of the papers' whole grid take, and their memory
	$(BIN)/python tests/benchmarks/bootstrap_speed.py

bench-coverage: venv ## how often 95 % intervals hold the truth, for few items and accuracies near 0
	$(BIN)/python tests/benchmarks/interval_coverage.py

bench-frontiers: venv ## how well the probabilities of being on a frontier, or near it, are calibrated
	$(BIN)/python tests/benchmarks/frontier_calibration.py

bench-analysis: venv ## scores to figures of the papers' study from 26 million made-up verdicts: seconds and memory
	$(BIN)/python tests/benchmarks/analysis_scale.py

bench-hostile: venv ## 100,000 hostile answers: the slowest one of each grader
	$(BIN)/python tests/benchmarks/hostile_answers.py

bench-train: venv ## tokens per second of our training, of TRL, and of TRL with its own packing
	$(BIN)/python tests/benchmarks/training_speed.py

gpu-check: venv ## one GPU, eight minutes: attention and training steps against the CPU, speed, memory, TRL on the same work
	$(BIN)/python tests/benchmarks/gpu_check

reference-check: venv ## every statement of the papers, computed from their own tables (REFERENCE=FOLDER)
	$(BIN)/python workflow/scripts/reference_check.py --reference $(REFERENCE)

figures: venv ## every figure of both versions from made-up tables of the whole study, to be looked at
	$(BIN)/python tests/benchmarks/all_figures.py --output results/made_up/figures

kills: venv ## whether trainings killed 20 times each end as undisturbed ones: minutes
	$(BIN)/python tests/benchmarks/kills.py

test-faults: venv ## SIGKILL at random, 50 times each: every stage's program, Snakemake itself, trainings, generations: hours; needs `make demo`
	$(PYTEST) tests/unit/test_faults.py tests/unit/test_verify.py tests/unit/test_refusals.py
	$(PYTEST) -m long tests/integration/test_injected_gradients.py tests/unit/test_bad_configs.py
	$(BIN)/python tests/benchmarks/faults.py --kills 50
	$(BIN)/python tests/benchmarks/kills.py --kills 50
	$(BIN)/python tests/benchmarks/generation_kills.py --kills 50

generation-kills: venv ## what 50 random kills of a generation lose: minutes
	$(BIN)/python tests/benchmarks/generation_kills.py

bench-generation: venv ## what the log of replies costs, and what one continuous batch gains
	$(BIN)/python tests/benchmarks/generation_speed.py

micro-world: venv ## train the small world's models again, from seed (resources/micro has them): hours
	$(SNAKEMAKE) $(MICRO) -- small_world_models

test: venv ## lint, unit, the workflow's graph, real engines on tiny models, a throw-away Slurm (not its bad days)
	@$(MAKE) --no-print-directory --jobs 3 --keep-going --output-sync=target $(LINTERS) test/inspect
# one worker more than cores: with two, a seventh of the cores' time went by while tests waited, for Slurm above all
	$(PYTEST) -n 3 $(BY_FILE) -m "not long" tests/slurm tests/integration tests/workflow tests/unit

test-slurm: venv ## a throw-away Slurm with fake GPUs: a reduced small study, two-node trainings, bad days, other sites
	$(PYTEST) tests/slurm

test-fast: lint ## lint and the unit tests that take no seconds
	$(PYTEST) -n 2 $(BY_FILE) tests/unit -m "not slow and not long"

lint: venv ## style, types and Snakemake's own advice
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target $(LINTERS)

lint/types: # the longest one comes first
	$(BIN)/mypy

lint/rules:
	$(BIN)/snakemake --lint

lint/small-world:
	$(BIN)/snakemake --lint $(MICRO)

lint/layout:
	$(BIN)/snakefmt --check --compact-diff $(SNAKEFILES)

lint/code:
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

lint/imports:
	$(BIN)/lint-imports --no-logo

test/inspect: # downloads, while the linters compute
	@$(MAKE) --no-print-directory venv-inspect || echo "no inspect_ai here: its tests are skipped"

format: venv ## bring all code into the one layout
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)
	$(BIN)/snakefmt $(SNAKEFILES)

config-reference: venv ## the config's schemas, reference page and comments, from its description
	$(BIN)/python -m scale_or_reason.preflight.description

venv: ## install the locked environment into .venv, unless it is there already
	@$(PYTHON) envs/install.py --venv $(VENV)

docs: $(DOCS)/venv/.installed ## build README.md, docs/ and config/README.md as a site in .cache/docs/site; broken links fail
	@rm -rf $(DOCS)/source && mkdir -p $(DOCS)/source/config
	@for page in $(PAGES); do ln -s $(CURDIR)/$$page $(DOCS)/source/$$page; done
	NO_MKDOCS_2_WARNING=1 $(DOCS)/venv/bin/mkdocs build --strict
	@echo "open $(DOCS)/site/index.html"

$(DOCS)/venv/.installed: envs/docs.lock.txt
	$(PYTHON) -m venv --clear $(DOCS)/venv
	$(DOCS)/venv/bin/pip install --quiet --no-deps -r envs/docs.lock.txt
	@touch $@

venv-gpu: ## install the locked GPU environment into .venv-gpu, then check driver, torch and vLLM
	@$(PYTHON) envs/install.py --kind gpu

venv-inspect: .venv-inspect/.installed ## an environment with inspect_ai, which shows and filters answers (docs/how-to/inspect_with_inspect_ai.md)

# uv takes 20 seconds where pip takes minutes; where uv cannot reach the index that pip is configured with, pip installs
.venv-inspect/.installed: pyproject.toml
	$(PYTHON) -m venv --clear .venv-inspect
	.venv-inspect/bin/pip install --quiet uv==0.13.8
	.venv-inspect/bin/uv pip install --quiet --python .venv-inspect/bin/python --editable '.[inspect]' \
		|| .venv-inspect/bin/pip install --editable '.[inspect]'
	@touch $@

lock: ## resolve envs/*.in anew: the locks and the conda files
	$(PYTHON) -m venv .cache/lock
	.cache/lock/bin/pip install --quiet uv==0.13.8
	$(PYTHON) envs/lock.py --uv $(CURDIR)/.cache/lock/bin/uv $(LOCK_OPTIONS)

rulegraph: venv ## draw docs/rulegraph.svg again (needs graphviz)
	$(BIN)/snakemake --rulegraph $(MICRO) | dot -Tsvg > docs/rulegraph.svg

clean: ## remove results, logs and caches; keeps .venv and resources/micro
	rm -rf results logs .snakemake .cache .import_linter_cache .pytest_cache .ruff_cache .mypy_cache .hypothesis
