# How settings of a study reach the programs: as options, spelled out, and only where results depend on them.
import shlex
from pathlib import Path

from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.study.cells import ratio_of_format
from scale_or_reason.training.chat_templates import STOP_TOKENS, template_file
from scale_or_reason.reporting.figures.registry import FIGURES, FIGURE_TYPES
from scale_or_reason.study.local_files import deepspeed_file, is_local
from scale_or_reason.benchmarks.row_files import rows_folder
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.study.stage_versions import STAGE_VERSIONS
from scale_or_reason.study.study import as_json, max_items_of, engine_settings_of_results


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


def model_options(entry):
    """Which model to load: a folder, or a model of the hub at its revision."""
    revision = {"revision": entry.revision} if entry.revision and not is_local(entry.model) else {}
    return options({"model": entry.model, **revision})


def stop_token_option(student):
    """What ends an answer of a student."""
    return option("stop_token", STOP_TOKENS[student.template])


def template_of_results(student):
    """The chat template of a student by its name: its file may move without making results old."""
    return f"chat template {student.template}"


def student_options(student):
    """Which base student to train, and what ends its answers."""
    return f"{model_options(student)} {stop_token_option(student)}"


def hub_options():
    """The hub, or where copies of its data sets are."""
    mirror = config["hub"]["mirror"]
    return {"kind": "hub", "mirror": mirror} if mirror else {"kind": "hub"}


def mirror_of(source):
    """Where a copy of a corpus' data set is, if the hub is not asked."""
    return {"mirror": config["hub"]["mirror"]} if source.kind == "hub" and config["hub"]["mirror"] else {}


def benchmark_version(wildcards):
    """Two versions: the stage's, and the benchmark's own."""
    return f"{version_of('benchmarks')}, {wildcards.benchmark} version {BENCHMARKS[wildcards.benchmark].version}"


def benchmark_options(wildcards):
    """Where a benchmark's rows are, and how many of them count."""
    folder = rows_folder(wildcards.benchmark, config["benchmarks"]["source"])
    limit = max_items_of(wildcards.benchmark, config["benchmarks"])
    chosen = config["benchmarks"]["options"].get(wildcards.benchmark)
    settings = {
        **(hub_options() if folder is None else {"kind": "jsonl", "path": folder}),
        **({"options": as_json(chosen)} if chosen else {}),
        **({} if limit is None else {"max_items": limit}),
    }
    return options(settings)


def corpus_options(wildcards):
    """Where a corpus' prompts are, which of them count, and how many of them are taken."""
    corpus = STUDY.corpora[wildcards.corpus]
    settings = {**vars(corpus.source), **mirror_of(corpus.source), **config["prompts"]}
    settings |= {**config["deduplication"], "num_prompts": corpus.num_prompts}
    languages = [option("languages", *corpus.languages)] if corpus.languages else []
    return " ".join([options({name: value for name, value in settings.items() if value is not None}), *languages])


def source_options(wildcards):
    """Where the published pairs of a corpus are."""
    source = STUDY.corpora[wildcards.corpus].source
    names = ("kind", "path", "config", "split", "revision")
    settings = {name: getattr(source, name) for name in names if getattr(source, name) is not None}
    return options({**settings, **mirror_of(source)})


def teacher_options(wildcards):
    """Which model the teacher is, and how it is told to think or not."""
    return f"{model_options(STUDY.teacher)} {json_option('modes', STUDY.teacher.modes)}"


def engine_of_results(entry):
    """What of its engine the replies of a teacher, a student or a judge depend on."""
    if getattr(entry, "endpoint", None):
        return "endpoint"
    return json_option("engine", engine_settings_of_results(entry.engine))


def judge_options(wildcards):
    """Which model a judge is, and how it is asked."""
    judge = STUDY.judges[wildcards.judge]
    names = ("protocol", "answer_tail_tokens", "retries", "tokenizer")
    settings = {name: value for name in names if (value := getattr(judge, name)) is not None}
    mode = [json_option("mode", judge.mode)] if judge.mode else []
    return " ".join([model_options(judge), options(settings), *mode, *(["--structured"] if judge.structured else [])])


def architectures_option(entries):
    """Where the shapes of students and of the teacher are written."""
    pinned = {entry.name: entry.revision and not is_local(entry.model) for entry in entries}
    sources = [f"{entry.model}@{entry.revision}" if pinned[entry.name] else entry.model for entry in entries]
    return option("architectures", *(f"{entry.name}={source}" for entry, source in zip(entries, sources)))


ANSWER_FOLDERS = {name: f"results/{STUDY.name}/{name}" for name in ("answers", "verdicts")}


def jurors_options():
    """Who decides in the scores, and whether graders speak, who decide alone where there are no judges."""
    return " ".join(
        [option("jurors", *(STUDY.jurors if STUDY.judges else [])), *(["--rule-graders"] if STUDY.rule_graders else [])]
    )


def replica_options(wildcards):
    """What makes replicas differ: their number, and a seed for each."""
    return options({"seed": derive_seed(STUDY.seed, "replica", wildcards.seed), "replica": wildcards.seed})


def sampling_within_limit(wildcards):
    """How a student answers under another limit on the length of answers."""
    return json_option("sampling", {**config["evaluation"]["sampling"], "max_tokens": int(wildcards.max_tokens)})


def learning_rate_option(wildcards):
    """The peak learning rate of a training; if it is searched for, the file in which it will be found."""
    ratio = wildcards.ratio if "ratio" in wildcards.keys() else ratio_of_format(wildcards.second)
    if wildcards.student not in STUDY.searched:
        return option("learning_rate", STUDY.learning_rate(wildcards.student, float(ratio)))
    return options(
        {
            # not from the rule's input: a parameter that asks for it is not among those whose change makes a result old
            "learning_rate_from": f"results/{STUDY.name}/learning_rates/{wildcards.student}.json",
            "ratio": ratio,
            "mixture_learning_rate": STUDY.mixture_learning_rate,
        }
    )


RECIPE = {
    "batch_unit": config["training"]["batch"]["unit"],
    "batch_size": config["training"]["batch"]["size"],
    "max_length": config["training"]["max_length"],
    "overlong": config["training"]["overlong"],
    "dtype": config["training"]["dtype"],
    "schedule_per": config["training"]["schedule"]["per"],
    **{name: value for name, value in config["training"]["schedule"].items() if name != "per"},
    **config["training"]["optimizer"],
}


def engine_or_endpoint(entry):
    """Where the replies of a teacher or judge come from."""
    return json_option("endpoint", entry.endpoint) if entry.endpoint else json_option("engine", entry.engine)


# A parameter whose function asks for `threads` is not among those whose change makes a result old. So the settings
# below, on which memory and speed depend and not the result, can be changed in the middle of a study.


def chat_template_option(wildcards, threads):
    """The file of the chat format that a student is taught."""
    named = wildcards.get("student")
    student = STUDY.students[named] if named else TOKENIZERS[wildcards.tokenizer]
    return option("chat_template", project_file(template_file(student.template), PROJECT))


def execution_options(wildcards, threads):
    """How a training is run."""
    execution = dict(config["training"]["execution"])
    reports = execution.pop("report_to")
    execution["gradient_checkpointing"] = "on" if execution["gradient_checkpointing"] else "off"
    spelled = options({"deepspeed": deepspeed_file(STUDY.students[wildcards.student].deepspeed, PROJECT), **execution})
    return f"{spelled} {option('report_to', *reports)}" if reports else spelled


def launcher(wildcards, threads):
    """What starts the processes of a training: on this machine, or by Slurm on each node of the job."""
    student = STUDY.students[wildcards.student]
    torchrun = (
        f"python {program('torchrun')(wildcards, threads)} {option('nproc_per_node', student.processes_per_node)}"
    )
    if student.nodes == 1:
        return torchrun
    srun = {"nodes": student.nodes, "ntasks": student.nodes, "ntasks_per_node": 1, "cpus_per_task": threads}
    # without the last one the others would wait for a node that has failed
    return f"srun {options(srun)} --kill-on-bad-exit {torchrun} {option('nnodes', student.nodes)}"


def teacher_engine(wildcards, threads):
    """All settings of vLLM for the teacher, or of the endpoint that answers instead."""
    return engine_or_endpoint(STUDY.teacher)


def student_engine(wildcards, threads):
    """All settings of vLLM for a student."""
    return json_option("engine", student_of(wildcards).engine)


def judge_engine(wildcards, threads):
    """All settings of vLLM for a judge, or of the endpoint that judges instead."""
    return engine_or_endpoint(STUDY.judges[wildcards.judge])


def study_of_figure_type(figure_type):
    """What figures of a type show of the study, so that what is missing leaves a gap."""
    own_limit = config["evaluation"]["sampling"]["max_tokens"]
    settings = {
        "sizes": SIZES,
        "families": config["study"]["families"],
        "corpora": STUDY.grid_corpora,
        "ratios": STUDY.ratios,
        "curricula": STUDY.curricula,
        "adaptations": ["-then-".join(formats) for formats in STUDY.adaptations],
        "adaptation_corpora": STUDY.adaptation_corpora,
        "base_shots": STUDY.base_shots,
        "shots": STUDY.shown_shots,
        "limits": sorted({own_limit, *STUDY.length_limits.max_tokens}),
        "limited_benchmarks": STUDY.length_limits.benchmarks if LIMITED_IDS else [],
        "seed": STUDY.seed,
    }
    return json_option("study", {name: settings[name] for name in FIGURE_TYPES[figure_type].settings})


def parameters_of_figure(wildcards):
    """What a figure chooses of what its type can show."""
    return json_option("parameters", FIGURES[wildcards.figure].parameters)


def tables_of_figure(wildcards, input):
    """The tables by name."""
    return option("tables", *(f"{Path(file).stem}={file}" for file in input.tables))


def page_options(wildcards):
    """Whose words are on the view of an item, and how they were asked."""
    study = f"results/{STUDY.name}"
    limited = wildcards.benchmark in STUDY.length_limits.benchmarks and LIMITED_IDS
    return " ".join(
        [
            options({"results": study, "study": STUDY.name, "item": wildcards.item, "seed": STUDY.seed}),
            option("model_ids", *models_on_page(wildcards.benchmark)),
            option("judges", *STUDY.verdict_sources),
            option("jurors", *STUDY.jurors),
            json_option("jury", config["jury"]),
            json_option("templates", {student.name: student.template for student in STUDY.students.values()}),
            json_option("modes", STUDY.teacher.modes if STUDY.teacher else {}),
            option("complete", "scores", *([f"{study}/tables/length_limits.csv"] if limited else [])),
        ]
    )


def labels_of_figure(wildcards):
    """How the report lists a figure."""
    version, _, name = wildcards.figure.partition("/")
    numbered = name.replace("fig", "figure ").replace("table", "table ").replace(" 0", " ")
    return {"figure": f"{version} {numbered}", "shows": FIGURES[wildcards.figure].shows}


ADVISE = config["advise"]


def advice_options(wildcards):
    """The budget, in one of its two units, and the number of answers. Ends with an error where there is no budget."""
    budgets = {name: ADVISE[name] for name in ("budget_flops", "budget_gpu_hours") if ADVISE[name] is not None}
    if len(budgets) != 1:
        error = StudyError(
            "advice needs one budget" if budgets else "advice needs a budget",
            where="config",
            key="advise.budget_flops, advise.budget_gpu_hours",
            found=", ".join(budgets) or "neither budget_flops nor budget_gpu_hours",
            expected="one of the two, the other null",
            remedy="snakemake advise --config 'advise={budget_flops: 1e21, queries: 1e6}'",
        )
        sys.exit(f"error: {error}")
    return options({**budgets, "queries": ADVISE["queries"]})
