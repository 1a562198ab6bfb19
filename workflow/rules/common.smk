# Shared by all rules: the validated study, wildcard constraints, and common names.
import os
import re
import shlex
import sys
from pathlib import Path

from scale_or_reason.benchmarks.own import use_own_files
from scale_or_reason.study.cells import (
    ANSWERING_PATTERN,
    CURRICULA,
    FORMATS,
    FULL_CELL_PATTERN,
    MODEL_ID_PATTERN,
    NUMBER,
    PART,
    RATIO,
)
from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.gaps import FOLDER, PartialRun, gap_note
from scale_or_reason.study.hub_lock import DATASET, pin_revisions, read_lock
from scale_or_reason.study.overrides import type_overrides
from scale_or_reason.study.local_files import find_file, find_files, project_file, search_first
from scale_or_reason.study.selection import is_human
from scale_or_reason.study.study import Study
from scale_or_reason.study.target_spelling import check_spelling
from scale_or_reason.study.thinking_budgets import BUDGET

if set("{}") & set(str(PROJECT)):
    sys.exit(f"error: Snakemake takes the braces in the project's path for wildcards: rename the folder: {PROJECT}")
# Validated only in the main process: every cluster job reads this file again.
if workflow.is_main_process:
    from scale_or_reason.preflight.config_files import check_size

    try:
        check_size(config, [*CONFIG_FILES, *workflow.overwrite_configfiles])
    except StudyError as error:
        sys.exit(f"error: {error}")
type_overrides(config, workflow.config_settings.config or {})
find_files(config, PROJECT)
use_own_files(config)
NEEDS = []
try:
    if workflow.is_main_process:
        from scale_or_reason.hub.needs import needs
        from scale_or_reason.preflight.targets import check_targets
        from scale_or_reason.preflight.validation import check_config

        schema = PROJECT / "workflow" / "schemas" / "config.schema.json"
        check_config(config, schema, [*CONFIG_FILES, *workflow.overwrite_configfiles])
        check_spelling(sys.argv[1:])
        check_targets(sys.argv[1:], config, as_module=workflow.modifier.is_module)
        NEEDS = needs(config)
    LOCK = read_lock(f"results/{config['study']['name']}/hub.lock.json")
    if LOCK:
        if workflow.is_main_process and "prefetch" not in sys.argv:
            LOCK.check(need.repository for need in NEEDS)
        pin_revisions(config, LOCK)
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    STUDY = Study.from_config(config)
except StudyError as error:
    sys.exit(f"error: {error}")

if workflow.is_main_process:
    from scale_or_reason.preflight.file_checks import notes

    # advice and a new overlay run nothing that the notes are about
    noted = [] if {"advise", "new_study"} & set(sys.argv) else notes(config)
    # to stderr, since --dag and --rulegraph write their graph to stdout
    print(STUDY.announcement(), *noted, sep="\n", file=sys.stderr)
    if LOCK:
        print(f"note: models and data sets have the commits of {LOCK.path}; the hub stays off", file=sys.stderr)

# Jobs find the programs of Snakemake's environment even if it is not activated. The environments of envs/ that Snakemake
# itself deploys have every package but this project.
if not workflow.deployment_settings.deployment_method:
    search_first(Path(sys.executable).parent)
else:
    search_first(PROJECT / "src", "PYTHONPATH")


# Models without results in this run, since their jobs have failed. Tables and figures without them have their own place.
GAPS = PartialRun.from_environment()
PARTIAL = f"results/{STUDY.name}/{FOLDER}"
SUMMARY = PARTIAL if GAPS.gaps else f"results/{STUDY.name}"


# The look of figures. A style of its own is a parameter, since lists of inputs make nothing old; without one it is the
# empty text, as the note of a complete study.
STYLE = find_file(STUDY.style or "config/style.yaml", PROJECT)
LOOK = f"style {STUDY.style}" if STUDY.style else ""


pathvars:
    results=f"results/{STUDY.name}",
    summary=SUMMARY,
    logs=f"results/{STUDY.name}/logs",
    benchmarks=f"results/{STUDY.name}/timings",


report: "../report/workflow.rst"


def one_of(names):
    """A pattern that matches exactly these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


# A model that was trained here. At ratios 0 and 1 other curricula than `seq` are aliases (ALIAS): nothing is
# answered or scored under their names.
# Models under other length limits and thinking budgets, further answers, and hybrid students have separate rules.
ALIAS = rf".*/(?:{one_of(CURRICULA[1:])})/rho-[01]/"
TRAINED = rf"(?!adopted/|base/|teacher/|{ALIAS}|.*/hybrid/|.*/(?:max|think)-tokens-|.*/samples-){MODEL_ID_PATTERN}"
BASE = rf"(?=base/){MODEL_ID_PATTERN}"
ADOPTED = f"adopted/(?:{one_of(STUDY.adopted)})"
EVALUATED = rf"(?!{ALIAS}|.*/(?:max|think)-tokens-|.*/samples-){ANSWERING_PATTERN}"
LIMITABLE = rf"(?!{ALIAS}){FULL_CELL_PATTERN}"
SCORED = rf"(?!{ALIAS}){ANSWERING_PATTERN}"


wildcard_constraints:
    corpus=one_of(STUDY.corpora),
    student=one_of(STUDY.students),
    teacher=one_of([STUDY.teacher.name] if STUDY.teacher else []),
    judge=one_of(STUDY.judges),
    tokenizer=one_of(dict.fromkeys(student.tokenizer_name for student in STUDY.students.values())),
    benchmark=one_of(STUDY.benchmarks),
    curriculum=one_of(CURRICULA),
    format=one_of(FORMATS),
    first=one_of(FORMATS),
    second=one_of(FORMATS),
    ratio=RATIO,
    data_fraction=PART,
    seed=NUMBER,
    rate=r"[0-9.]+(?:e[+-][0-9]+)?",
    shots=NUMBER,
    shard=NUMBER,
    shards=NUMBER,
    max_tokens=NUMBER,
    budget=BUDGET,
    samples=STUDY.votes.samples,
    model_id=EVALUATED,


CONDA_ENVIRONMENT = f"../../envs/{config['compute']['device']}.yaml"
# Without torch and vLLM, for jobs that only read tables. Jobs that trainings follow from keep the one above: another
# environment would make what exists old.
ANALYSIS_ENVIRONMENT = "../../envs/analysis.yaml"
JOBS = config["compute"]["jobs"]
ON_GPU = config["compute"]["device"] == "gpu"
# A stopped training resumes from its last checkpoint, a stopped generation with the finished replies. It is not retried
# inside a cluster job: the submitting process restarts it in a new allocation.
RESTARTS = config["compute"]["restarts"] if workflow.is_main_process else 0
# One student per tokenizer; students with the same tokenizer share the template.
TOKENIZERS = {student.tokenizer_name: student for student in STUDY.students.values()}
SIZES = {student.name: student.size_b for student in STUDY.students.values()}
# For tables and pages with a row per model; figures expect results of every name in SIZES.
ALL_SIZES = SIZES | {model.name: model.size_b for model in STUDY.adopted.values()}
# How FLOPs are counted. Empty for the default, so that the parameters of existing results stay as they are.
FLOPS = "" if config["study"]["flops"] == "papers" else f" --flops {config['study']['flops']}"
ITEMS = expand("<results>/benchmarks/{benchmark}.parquet", benchmark=STUDY.benchmarks)
# The first wildcards in the paths of models that are evaluated together.
OWNER = {"corpus": f"(?:{one_of(STUDY.corpora)})", "student": f"(?:{one_of(STUDY.students)})"}
# Sources of few-shot examples; zero-shot evaluation needs none.
POOLS = expand(
    "<results>/benchmarks/{benchmark}.pool.parquet", benchmark=STUDY.benchmarks if any(STUDY.base_shots) else []
)
# A judge's manifest represents its tables, which saves Snakemake 12,000 files in the papers' study.
JUDGED = expand(
    "<results>/verdicts/{judge}/{{model_id}}/manifest.json",
    judge=[*STUDY.judges, *(name for name in STUDY.jurors if is_human(name))],
)
JUDGE_ARCHITECTURES = [
    f"{judge.name}={LOCK.named(judge.source) if judge.endpoint else judge.source}" for judge in STUDY.judges.values()
]


def script_file(name):
    """A script of the workflow as an input: a change of its code reruns the rule."""
    return project_file(f"workflow/scripts/{name}.py", PROJECT)


def program(name):
    """A script of the workflow as a parameter: an edit or a move of its code reruns nothing.

    A parameter whose function asks for `threads` is not among those whose change makes a result old.
    """
    return lambda wildcards, threads: shlex.quote(project_file(f"workflow/scripts/{name}.py", PROJECT))


def library(*modules):
    """The files of modules of the library as inputs, each module named by its path below it."""
    return [project_file(f"src/scale_or_reason/{module}.py", PROJECT) for module in modules]


def library_files(folder, pattern):
    """The files in a folder of the library as inputs."""
    source = PROJECT / "src" / "scale_or_reason"
    return [
        project_file(file.relative_to(PROJECT), PROJECT)
        for file in sorted((source / folder).glob(pattern))
        if file.is_file()
    ]


# The papers' statements.
STATEMENT_CODE = [
    *library("claims/data_statements", "claims/findings", "claims/statements", "claims/study_view"),
    *library_files("claims/measures", "*.py"),
]
ALL_MODEL_IDS = [model.model_id for model in STUDY.answering()]


def with_results(models):
    """The ids of those models that have results in this run, each once."""
    return [name for name in dict.fromkeys(model.model_id for model in models) if name not in GAPS.missing]


MODEL_IDS = with_results(STUDY.evaluated())
TRAINED_IDS = with_results(STUDY.trainings())
# The models of table 1: students of a single format, and the teacher.
COMPARED_IDS = with_results(
    model for model in [*STUDY.trainings(), *STUDY.teachers()] if getattr(model, "ratio", 0) in (0, 1)
)
# The same models under another limit and under the study's.
LIMITED = [model for model in STUDY.limited() if model.cell.model_id not in GAPS.missing]
LIMITED_IDS = with_results(LIMITED)
BUDGETED_IDS = with_results(model for model in STUDY.budgeted() if model.cell.model_id not in GAPS.missing)
SAMPLED_IDS = with_results(model for model in STUDY.sampled() if model.cell.model_id not in GAPS.missing)
UNLIMITED_IDS = with_results(model.cell for model in LIMITED if model.model_id in LIMITED_IDS)
