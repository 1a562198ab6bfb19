# What all rules share: the checked study, wildcard constraints, and functions that find inputs and settings.
import re
import shlex
import sys
from pathlib import Path

from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.cells import CELL_PATTERN, FORMATS, MODEL_ID_PATTERN, RATIO, SCHEDULES
from scale_or_reason.cells import Adaptation, format_ratio, parse_model_id
from scale_or_reason.errors import StudyError
from scale_or_reason.local_files import deepspeed_file, is_local, made_by_study, rows_file, rows_folder
from scale_or_reason.seeds import derive_seed
from scale_or_reason.stages import STAGE_VERSIONS
from scale_or_reason.study import RULES, Study, as_json, benchmark_limit, engine_settings_of_results, ratio_of_format

# Checked once, by the process that a person started: every job on a cluster reads this file again.
try:
    if workflow.is_main_process:
        from scale_or_reason.validation import check_config

        schema = Path(workflow.basedir, "workflow", "schemas", "config.schema.yaml")
        check_config(config, schema, ["config/config.yaml", *workflow.overwrite_configfiles])
    STUDY = Study.from_config(config)
except StudyError as error:
    sys.exit(f"error: {error}")

if workflow.is_main_process:
    from scale_or_reason.filechecks import notes

    # to stderr: --dag and --rulegraph write their graph to stdout
    print(STUDY.announcement(), *notes(config), sep="\n", file=sys.stderr)

# Jobs find the programs of the environment that Snakemake runs in, whether or not it is activated.
if not workflow.deployment_settings.deployment_method:
    shell.prefix(f'export PATH="{Path(sys.executable).parent}:$PATH"; ')


pathvars:
    results=f"results/{STUDY.name}",
    logs=f"results/{STUDY.name}/logs",
    benchmarks=f"results/{STUDY.name}/timings",


report: "../report/workflow.rst"


def one_of(names):
    """A pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"


# A model that was trained here. At ratios 0 and 1 `mix` is an alias, so nothing is answered or scored under that name.
# Those with a limit of their own have rules of their own.
TRAINED = rf"(?!base/|teacher/|.*/mix/rho-[01]/|.*/max-tokens-){MODEL_ID_PATTERN}"
# What the trained models of a student differ in: the part of a model id between student and seed.
GRID = list(dict.fromkeys(f"{cell.schedule}/rho-{format_ratio(cell.ratio)}" for cell in STUDY.trainings()))
ADAPTED = [f"{first}-then-{second}" for first, second in STUDY.adaptations]
# Whether all of them are evaluated in one job, and those that are evaluated in a job of their own.
BY_STUDENT = config["compute"]["evaluation_jobs"] == "student"
TRAINED_APART = rf"(?!.*/(?:{one_of(GRID + ADAPTED)})/seed-){TRAINED}" if BY_STUDENT else TRAINED
EVALUATED = rf"(?!.*/mix/rho-[01]/|.*/max-tokens-){MODEL_ID_PATTERN}"
LIMITABLE = rf"(?!.*/mix/rho-[01]/){CELL_PATTERN}"
SCORED = rf"(?!.*/mix/rho-[01]/){MODEL_ID_PATTERN}"


wildcard_constraints:
    corpus=one_of(STUDY.corpora),
    student=one_of(STUDY.students),
    teacher=one_of([STUDY.teacher.name] if STUDY.teacher else []),
    judge=one_of(STUDY.judges),
    tokenizer=one_of(dict.fromkeys(student.tokenizer_name for student in STUDY.students.values())),
    benchmark=one_of(STUDY.benchmarks),
    schedule=one_of(SCHEDULES),
    format=one_of(FORMATS),
    first=one_of(FORMATS),
    second=one_of(FORMATS),
    ratio=RATIO,
    seed=r"\d+",
    shots=r"\d+",
    shard=r"\d+",
    model_id=EVALUATED,


CONDA_ENVIRONMENT = f"../../envs/{config['compute']['device']}.yaml"
JOBS = config["compute"]["jobs"]
ON_GPU = config["compute"]["device"] == "gpu"
TOKENIZERS = {student.tokenizer_name: student.tokenizer for student in STUDY.students.values()}
SIZES = {student.name: student.size_b for student in STUDY.students.values()}
ITEMS = expand("<results>/benchmarks/{benchmark}.parquet", benchmark=STUDY.benchmarks)
# Where examples come from; none are needed for zero shots.
POOLS = expand(
    "<results>/benchmarks/{benchmark}.pool.parquet", benchmark=STUDY.benchmarks if any(STUDY.base_shots) else []
)
SAMPLES = {name: count for name, count in config["benchmarks"]["samples"].items() if name in STUDY.benchmarks}
# A judge's manifest stands for its tables: 12,000 fewer files for Snakemake to look at in the paper's study.
JUDGED = expand("<results>/verdicts/{judge}/{{model_id}}/manifest.json", judge=STUDY.judges)
JUDGE_ARCHITECTURES = [f"{judge.name}={judge.source}" for judge in STUDY.judges.values()]
# Cheap to run again, so that a figure follows its code.
LIBRARY = Path("src", "scale_or_reason")
FIGURE_CODE = [str(LIBRARY / name) for name in ("families.py", "frontiers.py")]
FIGURE_CODE += [str(file) for file in sorted((LIBRARY / "figures").glob("*.py"))]
MODEL_IDS = [model.model_id for model in STUDY.evaluated()]
LIMITED_IDS = [model.model_id for model in STUDY.limited()]
# The same models under the study's own limit.
UNLIMITED_IDS = list(dict.fromkeys(model.cell.model_id for model in STUDY.limited()))


def gpus(engine):
    """GPUs of one vLLM process."""
    return engine.get("tensor_parallel_size", 1) * engine.get("pipeline_parallel_size", 1) if ON_GPU else 0


def model_files(model):
    """What a job that reads this model depends on: the files of a local one; a hub model is pinned by its revision."""
    folder = Path(model)
    return (
        [str(file) for file in sorted(folder.glob("*.safetensors")) + [folder / "config.json"]]
        if is_local(model)
        else []
    )


def option(name, *values):
    """An option of a program, spelled out.

    Snakemake compares the set of a rule's parameters without their names: a bare 1 could take another one's place
    unseen. So every parameter says what it is.
    """
    return " ".join([f"--{name.replace('_', '-')}", *(shlex.quote(str(value)) for value in values)])


def options(values):
    """Several options."""
    return " ".join(option(name, value) for name, value in values.items())


def json_option(name, value):
    """As :func:`option`, for a value that is no single word."""
    return option(name, as_json(value))


def version_of(stage):
    """The stage's version, as a parameter: raising it makes results old."""
    return f"{stage} version {STAGE_VERSIONS[stage]}"


def output_folder(depth):
    """The folder so many levels below ``results/STUDY`` in which a job writes everything."""
    return lambda wildcards, output: str(Path(*Path(output[0]).parts[: 2 + depth]))


def teacher_jobs():
    """vLLM processes and GPUs of a job in which the teacher answers."""
    return {"vllm": 0, "gpu": 0} if STUDY.teacher.endpoint else {"vllm": 1, "gpu": gpus(STUDY.teacher.engine)}


def teacher_options(wildcards):
    """Which model the teacher is, and how it is told to think or not."""
    return f"{model_options(STUDY.teacher)} {json_option('modes', STUDY.teacher.modes)}"


def teacher_engine_of_results(wildcards):
    """What of the teacher's engine its answers depend on."""
    if STUDY.teacher.endpoint:
        return "endpoint"
    return json_option("engine", engine_settings_of_results(STUDY.teacher.engine))


def model_options(entry, name="model"):
    """Which model to load: a folder, or a model of the hub at its revision."""
    revision = {"revision": entry.revision} if entry.revision and not is_local(entry.model) else {}
    return options({name: entry.model, **revision})


# ---- benchmarks and questions ----


def rows_of_benchmark(wildcards):
    """The JSONL file of a benchmark; nothing for rows from the hub, and nothing if a person has yet to put it there."""
    folder = rows_folder(wildcards.benchmark, config["benchmarks"]["source"])
    if folder is None:
        return []
    file = rows_file(folder, wildcards.benchmark)
    return [str(file)] if made_by_study(file, STUDY.name) or file.is_file() else []


def rows_of_pool(wildcards):
    """As :func:`rows_of_benchmark`, with the rows set aside as examples if there is a file of them."""
    rows = rows_of_benchmark(wildcards)
    if not rows:
        return []
    pool = rows_file(Path(rows[0]).parent, wildcards.benchmark, ".pool")
    return [*rows, str(pool)] if made_by_study(pool, STUDY.name) or pool.is_file() else rows


def benchmark_version(wildcards):
    """Two versions: the stage's, and the benchmark's own."""
    return f"{version_of('benchmarks')}, {wildcards.benchmark} version {BENCHMARKS[wildcards.benchmark].version}"


def benchmark_options(wildcards):
    """Where a benchmark's rows are, and how many of them count."""
    folder = rows_folder(wildcards.benchmark, config["benchmarks"]["source"])
    limit = benchmark_limit(wildcards.benchmark, config["benchmarks"])
    chosen = config["benchmarks"]["options"].get(wildcards.benchmark)
    settings = {
        **(hub_options() if folder is None else {"kind": "jsonl", "path": folder}),
        **({"options": as_json(chosen)} if chosen else {}),
        **({} if limit is None else {"limit": limit}),
    }
    return options(settings)


def hub_options():
    """The hub, or where copies of its data sets are."""
    mirror = config["hub"]["mirror"]
    return {"kind": "hub", "mirror": mirror} if mirror else {"kind": "hub"}


def rows_of_corpus(wildcards):
    """The JSONL file of a corpus; nothing for questions from the hub."""
    source = STUDY.corpora[wildcards.corpus].source
    return [source.path] if source.kind == "jsonl" else []


def corpus_options(wildcards):
    """Where a corpus' questions are, which of them count, and how many of them are taken."""
    corpus = STUDY.corpora[wildcards.corpus]
    settings = {**vars(corpus.source), **mirror_of(corpus.source), **config["questions"], "size": corpus.size}
    languages = [option("languages", *corpus.languages)] if corpus.languages else []
    return " ".join([options({name: value for name, value in settings.items() if value is not None}), *languages])


# ---- models and their settings ----


def source_options(wildcards):
    """Where the published pairs of a corpus are."""
    source = STUDY.corpora[wildcards.corpus].source
    names = ("kind", "path", "config", "split", "revision")
    settings = {name: getattr(source, name) for name in names if getattr(source, name) is not None}
    return options({**settings, **mirror_of(source)})


def mirror_of(source):
    """Where a copy of a corpus' data set is, if the hub is not asked."""
    return {"mirror": config["hub"]["mirror"]} if source.kind == "hub" and config["hub"]["mirror"] else {}


def tokenizer_files(tokenizer):
    """The files of a local tokenizer."""
    return [str(file) for file in Path(tokenizer).glob("tokenizer*.json")] if is_local(tokenizer) else []


def shards_of(corpus, answer_format):
    """All teacher answers to the questions of a corpus in one format."""
    numbers = range(STUDY.corpora[corpus].shards)
    return [f"<results>/pairs/{corpus}/{answer_format}/shard-{shard}.parquet" for shard in numbers]


def student_of(wildcards):
    """The catalogue's entry of the student behind a model."""
    return STUDY.students[parse_model_id(wildcards.model_id).student]


def start_of(wildcards):
    """The trained model from which an adaptation starts."""
    adaptation = Adaptation(wildcards.student, wildcards.first, wildcards.second, int(wildcards.seed))
    return f"<results>/models/{STUDY.start_of(adaptation).model_id}"


def tokens_of(wildcards):
    """The tokenised pairs that a training finds its sequences in."""
    corpus = wildcards.corpus if "corpus" in wildcards.keys() else STUDY.adaptation_corpora["to"]
    return f"<results>/tokens/{corpus}/{STUDY.students[wildcards.student].tokenizer_name}"


def mixture_of_adaptation(wildcards):
    """The one-format mixture on which an adaptation goes on."""
    corpus, ratio = STUDY.adaptation_corpora["to"], ratio_of_format(wildcards.second)
    return f"<results>/mixtures/{corpus}/seq/rho-{ratio}.parquet"


def trainings_of(wildcards):
    """All model folders whose training a model went through, the last one last; none for models not trained here."""
    model = parse_model_id(wildcards.model_id)
    if model.kind == "adapted":
        return [f"<results>/models/{STUDY.start_of(model).model_id}", f"<results>/models/{model.model_id}"]
    return [f"<results>/models/{model.model_id}"] if model.kind == "distilled" else []


def source_of(wildcards):
    """The catalogue's entry with the architecture of a model: a student's or the teacher's."""
    return STUDY.teacher if parse_model_id(wildcards.model_id).kind == "teacher" else student_of(wildcards)


def benchmarks_of(wildcards):
    """What a model is asked."""
    return STUDY.benchmarks_of(parse_model_id(wildcards.model_id))


def items_of(wildcards):
    """The tables of what a model is asked."""
    return [f"<results>/benchmarks/{benchmark}.parquet" for benchmark in benchmarks_of(wildcards)]


def answers_of(wildcards):
    """The tables of its answers."""
    return [f"<results>/answers/{wildcards.model_id}/{benchmark}.parquet" for benchmark in benchmarks_of(wildcards)]


def grades_of(wildcards):
    """The tables of the rule graders' verdicts on them, if rules speak."""
    folder = f"<results>/verdicts/{RULES}/{wildcards.model_id}"
    return [f"{folder}/{benchmark}.parquet" for benchmark in benchmarks_of(wildcards)] if STUDY.graders else []


def verdicts_of(wildcards, input):
    """The tables that lie beside the judges' manifests."""
    folders = [Path(manifest).parent for manifest in input.judged]
    return [str(folder / f"{benchmark}.parquet") for folder in folders for benchmark in benchmarks_of(wildcards)]


def architecture_options(wildcards, input):
    """Where the shape of a model is written, and how long its training sequences were."""
    if not input.trainings:
        return model_options(source_of(wildcards), name="architecture")
    return " ".join(
        [
            option("architecture", f"{input.trainings[-1]}/config.json"),
            option("lengths", *(f"{folder}/sequence_lengths.parquet" for folder in input.trainings)),
            option("training_manifests", *(f"{folder}/manifest.json" for folder in input.trainings)),
        ]
    )


def replica_options(wildcards):
    """What makes replicas differ: their number, and a seed for each."""
    return options({"seed": derive_seed(STUDY.seed, "replica", wildcards.seed), "replica": wildcards.seed})


def sampling_within_limit(wildcards):
    """How a student answers under another limit on the length of answers."""
    return json_option("sampling", {**config["evaluation"]["sampling"], "max_tokens": int(wildcards.max_tokens)})


def learning_rate_option(wildcards):
    """The peak learning rate of a training."""
    ratio = wildcards.ratio if "ratio" in wildcards.keys() else ratio_of_format(wildcards.second)
    return option("learning_rate", STUDY.learning_rate(wildcards.student, float(ratio)))


RECIPE = {
    "batch_unit": config["training"]["batch"]["unit"],
    "batch_size": config["training"]["batch"]["size"],
    "max_length": config["training"]["max_length"],
    "overlong": config["training"]["overlong"],
    "dtype": config["training"]["dtype"],
    **config["training"]["schedule"],
    **config["training"]["optimizer"],
}

# A parameter whose function asks for `threads` is not among those whose change makes a result old. So the settings
# below, on which memory and speed depend and not the result, can be changed in the middle of a study.


def execution_options(wildcards, threads):
    """How a training is run."""
    execution = dict(config["training"]["execution"])
    execution["gradient_checkpointing"] = "on" if execution["gradient_checkpointing"] else "off"
    return options({"deepspeed": deepspeed_file(STUDY.students[wildcards.student].deepspeed), **execution})


def teacher_engine(wildcards, threads):
    """All settings of vLLM for the teacher, or of the endpoint that answers instead."""
    endpoint = STUDY.teacher.endpoint
    return json_option("endpoint", endpoint) if endpoint else json_option("engine", STUDY.teacher.engine)


def student_engine(wildcards, threads):
    """All settings of vLLM for a student."""
    return json_option("engine", student_of(wildcards).engine)


def judge_engine(wildcards, threads):
    """All settings of vLLM for a judge."""
    return json_option("engine", STUDY.judges[wildcards.judge].engine)
