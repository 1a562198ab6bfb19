# Command-line options of the scripts, from the study's settings; a rule gets only the settings that affect its results.
import os
import shlex
from pathlib import Path

from scale_or_reason.benchmarks.own import declaration_hash
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.study.cells import Cell, format_ratio, ratio_of_format
from scale_or_reason.training.chat_templates import MODE_SWITCHES, STOP_TOKENS, template_file
from scale_or_reason.study.batches import without_budgets
from scale_or_reason.study.local_files import deepspeed_file, is_local
from scale_or_reason.benchmarks.row_files import rows_folder
from scale_or_reason.common.manifests import content_hash
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.data.exclusions import Exclusions
from scale_or_reason.study.result_paths import result_path
from scale_or_reason.study.stage_versions import STAGE_VERSIONS
from scale_or_reason.study.engine_settings import engine_settings_of_results
from scale_or_reason.study.study import as_json, max_items_of


include: "view_options.smk"


def option(name, *values):
    """A command-line option.

    Snakemake compares the set of a rule's parameters without their names: a bare 1 could take another one's place
    unseen. So every parameter says what it is.
    """
    return " ".join([f"--{name.replace('_', '-')}", *(shlex.quote(str(value)) for value in values)])


def options(values):
    """Several options."""
    return " ".join(option(name, value) for name, value in values.items())


def json_option(name, value):
    """Like :func:`option`, for values with several words."""
    return option(name, as_json(value))


CONFIG_VARIABLE = "SCALE_OR_REASON_CONFIG"


def config_option(wildcards):
    """The study's whole config, by the environment: Snakemake prints the command line of a failed job."""
    os.environ[CONFIG_VARIABLE] = as_json(config)
    return option("config", f"env:{CONFIG_VARIABLE}")


def version_of(stage):
    """The stage's version as a parameter; raising it invalidates results."""
    return f"{stage} version {STAGE_VERSIONS[stage]}"


def output_folder(depth):
    """The output folder of a job, the given number of levels below ``results/STUDY``."""
    return lambda wildcards, output: str(Path(*Path(output[0]).parts[: 2 + depth]))


def model_options(entry):
    """The options of the model: a folder, or a hub model at its revision."""
    revision = {"revision": entry.revision} if entry.revision and not is_local(entry.model) else {}
    return options({"model": entry.model, **revision})


def stop_token_option(student):
    """The option of a student's stop token."""
    return option("stop_token", STOP_TOKENS[student.template])


def template_of_results(student):
    """The name of a student's chat template; its file may move without invalidating results."""
    return f"chat template {student.template}"


def tokens_of_results(wildcards):
    """The name of a student's tokenizer, since lists of inputs make nothing old."""
    return f"tokens of {STUDY.students[wildcards.student].tokenizer_name}"


def prompt_modes_option(wildcards):
    """The stop token of a tokenizer's students, and how their prompts and answers carry the mode."""
    student = TOKENIZERS[wildcards.tokenizer]
    switch = MODE_SWITCHES[student.template].as_values()
    return f"{stop_token_option(student)} {json_option('prompt_modes', switch)}"


def hybrid_model_option(wildcards, input):
    """The model of a hybrid student, and the suffix of its prompts in each mode."""
    switch = MODE_SWITCHES[STUDY.students[wildcards.student].template]
    return f"{option('model', input.model)} {json_option('modes', switch.modes())}"


def student_options(student):
    """The options of a base student to train: model and stop token."""
    return f"{model_options(student)} {stop_token_option(student)}"


def hub_options():
    """The hub, or the mirror of its datasets."""
    mirror = config["hub"]["mirror"]
    return {"kind": "hub", "mirror": mirror} if mirror else {"kind": "hub"}


def mirror_of(source):
    """The mirror of a corpus' dataset, if configured."""
    return {"mirror": config["hub"]["mirror"]} if source.kind == "hub" and config["hub"]["mirror"] else {}


def benchmark_version(wildcards):
    """Two versions: the stage's, and the benchmark's own, or the hash of its file."""
    benchmark = get_benchmark(wildcards.benchmark)
    own = declaration_hash(benchmark) if benchmark.declared_in else benchmark.version
    return f"{version_of('benchmarks')}, {wildcards.benchmark} version {own}"


def graders_version(benchmarks):
    """The version of the rule graders, with those of benchmarks of one's own."""
    own = [benchmark for benchmark in map(get_benchmark, benchmarks) if benchmark.declared_in]
    graders = (f"{benchmark.name} {grader_of_results(benchmark.grader)}" for benchmark in own)
    return ", ".join([version_of("grades"), *graders])


def grader_of_results(grader):
    """A grader's name, or the hash of its file."""
    return content_hash(grader) if grader and grader.endswith(".py") else f"grader {grader}"


def benchmark_options(wildcards):
    """The source of a benchmark's rows, and the limit on their number."""
    folder = rows_folder(wildcards.benchmark, config["benchmarks"]["source"])
    limit = max_items_of(wildcards.benchmark, config["benchmarks"])
    chosen = config["benchmarks"]["options"].get(wildcards.benchmark)
    settings = {
        **(hub_options() if folder is None else {"kind": "jsonl", "path": folder}),
        **({"options": as_json(chosen)} if chosen else {}),
        **({} if limit is None else {"max_items": limit}),
        **({"commits": as_json(commits)} if (commits := locked_commits(wildcards.benchmark)) else {}),
    }
    return options(settings)


def locked_commits(benchmark):
    """The locked commits of a benchmark's data sets, by name; empty without a lock."""
    declared = get_benchmark(benchmark)
    rows = [rows for rows in (declared.hub, declared.pool) if rows is not None]
    commits = {rows.path: LOCK.commit(DATASET, rows.path, rows.revision) for rows in rows}
    return {path: commit for path, commit in commits.items() if commit}


def corpus_options(wildcards):
    """The source of a corpus' prompts, the filters, and the number to keep."""
    corpus = STUDY.corpora[wildcards.corpus]
    settings = {**vars(corpus.source), **mirror_of(corpus.source)}
    settings |= {name: config["prompts"][name] for name in ("min_chars", "max_chars")}
    settings |= {"jaccard": config["deduplication"]["jaccard"], "num_prompts": corpus.num_prompts}
    languages = [option("languages", *corpus.languages)] if corpus.languages else []
    return " ".join([options({name: value for name, value in settings.items() if value is not None}), *languages])


def exclusions_of(corpus):
    """What prompts of a corpus were last excluded for; None if that was not recorded."""
    return Exclusions.read(Path("results", STUDY.name, result_path("exclusions", corpus=corpus)))


def benchmarks_to_exclude(wildcards):
    """The benchmarks that prompts must not overlap with; as recorded where that includes all of the study's."""
    state, names = exclusions_of(wildcards.corpus), sorted(STUDY.benchmarks)
    return option("benchmarks", *(state.benchmarks if state and set(names) <= set(state.benchmarks) else names))


def exclusions_of_pairs(wildcards):
    """The revision of the exclusions. The first one adds nothing to the parameters, as in records without it."""
    state = exclusions_of(wildcards.corpus)
    return f"exclusions revision {state.revision}" if state and state.revision else version_of("pairs")


def exclusions_files(wildcards, threads):
    """The files of existing pairs and of the state, and whether existing pairs may be made again."""
    files = {
        name: result_path(kind, corpus=wildcards.corpus) for name, kind in (("pairs", "pairs"), ("state", "exclusions"))
    }
    spelled = options({name: f"results/{STUDY.name}/{file}" for name, file in files.items()})
    return f"{spelled} --may-replace-pairs" if config["confirm"] or "small_world" in config else spelled


def source_options(wildcards):
    """The source of a corpus' released pairs."""
    source = STUDY.corpora[wildcards.corpus].source
    names = ("kind", "path", "config", "split", "revision")
    settings = {name: getattr(source, name) for name in names if getattr(source, name) is not None}
    return options({**settings, **mirror_of(source)})


def trained_models_option(wildcards, input):
    """The folders of the models of a job."""
    return option("model", *input.models)


def base_model_option(wildcards):
    """The base student of a job."""
    return model_options(student_of(wildcards))


def pools_option(wildcards, input):
    """The tables of few-shot examples."""
    return option("pools", *input.pools) if input.pools else ""


def teacher_options(wildcards):
    """The teacher's model and thinking modes."""
    return f"{model_options(STUDY.teacher)} {json_option('modes', STUDY.teacher.modes)}"


def engine_of_results(entry):
    """The engine settings that affect replies."""
    if getattr(entry, "endpoint", None):
        body = entry.endpoint.get("body")
        return json_option("endpoint body", body) if body else "endpoint"
    return json_option("engine", engine_settings_of_results(entry.engine))


def judge_options(wildcards):
    """The judge's model and protocol."""
    judge = STUDY.judges[wildcards.judge]
    names = ("protocol", "answer_tail_tokens", "retries", "tokenizer")
    settings = {name: value for name in names if (value := getattr(judge, name)) is not None}
    if judge.tokenizer is not None:
        settings["tokenizer"] = LOCK.named(judge.tokenizer)
    mode = [json_option("mode", judge.mode)] if judge.mode else []
    return " ".join([model_options(judge), options(settings), *mode, *(["--structured"] if judge.structured else [])])


def architectures_option(entries):
    """The sources of the architectures of students and teacher."""
    return option("architectures", *(f"{entry.name}={architecture_of(entry)}" for entry in entries))


def architecture_of(entry):
    """The source of one architecture, as one string; empty if unknown."""
    if getattr(entry, "endpoint", None):
        return LOCK.named(entry.source)
    return f"{entry.model}@{entry.revision}" if entry.revision and not is_local(entry.model) else entry.model


# FLOPs of the trainings of adopted models. Empty without any, so that the parameters of existing results stay as they are.
STATED_TRAINING = {model.name: model.training_flops for model in STUDY.adopted.values() if model.training_flops}
STATED_TRAINING = f" {json_option('training_flops', STATED_TRAINING)}" if STATED_TRAINING else ""
ANSWER_FOLDERS = {name: f"results/{STUDY.name}/{name}" for name in ("answers", "verdicts")}


def jurors_options():
    """The jury, and whether the rule graders are used; without judges they decide alone."""
    return " ".join(
        [option("jurors", *(STUDY.jurors if STUDY.judges else [])), *(["--rule-graders"] if STUDY.rule_graders else [])]
    )


def replica_options(wildcards):
    """The options of a replica: its number and seed."""
    return options({"seed": derive_seed(STUDY.seed, "replica", wildcards.seed), "replica": wildcards.seed})


def sampling_within_limit(wildcards):
    """The sampling under another length limit."""
    return json_option("sampling", {**config["evaluation"]["sampling"], "max_tokens": int(wildcards.max_tokens)})


def learning_rate_option(wildcards):
    """The peak learning rate of a training, or the file of the learning-rate search."""
    ratio = wildcards.ratio if "ratio" in wildcards.keys() else ratio_of_format(wildcards.second)
    if wildcards.student not in STUDY.searched:
        return option("learning_rate", float(STUDY.learning_rate(wildcards.student, float(ratio))))
    return options(
        {
            # not from the rule's input: Snakemake ignores changes of parameters whose function takes `input`
            "learning_rate_from": f"results/{STUDY.name}/learning_rates/{wildcards.student}.json",
            "ratio": ratio,
            "mixture_learning_rate": STUDY.mixture_learning_rate,
        }
    )


# In a fixed order: an overlay changes the order of keys. As decimal numbers: 1.0 for 1.
SCHEDULE = {name: config["training"]["schedule"][name] for name in ("warmup_steps", "decay_steps", "min_lr_ratio")}
OPTIMIZER = ("weight_decay", "gradient_clipping", "adam_beta1", "adam_beta2", "adam_epsilon")
RECIPE = {
    "batch_unit": config["training"]["batch"]["unit"],
    "batch_size": config["training"]["batch"]["size"],
    "max_length": config["training"]["max_length"],
    "overlong": config["training"]["overlong"],
    "dtype": config["training"]["dtype"],
    "schedule_per": config["training"]["schedule"]["per"],
    **SCHEDULE,
    "min_lr_ratio": float(SCHEDULE["min_lr_ratio"]),
    **{name: float(config["training"]["optimizer"][name]) for name in OPTIMIZER},
}


def engine_or_endpoint(entry):
    """The endpoint of a teacher or judge, if any."""
    return json_option("endpoint", entry.endpoint) if entry.endpoint else json_option("engine", entry.engine)


# Snakemake ignores changes of parameters whose function takes `threads`. So the settings below, which affect memory and
# speed but not results, can be changed during a study.


def model_ids_option(*patterns):
    """The ids of the models of a job: how work is cut into jobs invalidates nothing."""

    def ids(wildcards, threads):
        fields = dict(wildcards.items())
        return option("model_ids", *(pattern.format(**fields) for pattern in patterns))

    return ids


def budgeted_models_option(*patterns):
    """The model folder of each id with a thinking budget, as many as ids."""

    def folders(wildcards, threads):
        fields = dict(wildcards.items())
        cells = (without_budgets([pattern])[0].format(**fields) for pattern in patterns)
        return option("model", *(f"results/{STUDY.name}/models/{cell}" for cell in cells))

    return folders


def adopted_options(wildcards, threads):
    """The id of an adopted model, and its provenance for the manifest: another text makes no answer old."""
    provenance = option("provenance", student_of(wildcards).provenance)
    return f"{option('model_ids', wildcards.model_id)} {provenance}"


def chat_template_option(wildcards, threads):
    """The file of a student's chat template."""
    named = wildcards.get("student")
    student = STUDY.students[named] if named else TOKENIZERS[wildcards.tokenizer]
    return option("chat_template", project_file(template_file(student.template), PROJECT))


def execution_options(wildcards, threads):
    """The execution options of a training."""
    execution = dict(config["training"]["execution"])
    reports = execution.pop("report_to")
    execution["gradient_checkpointing"] = "on" if execution["gradient_checkpointing"] else "off"
    spelled = options({"deepspeed": deepspeed_file(STUDY.students[wildcards.student].deepspeed, PROJECT), **execution})
    return f"{spelled} {option('report_to', *reports)}" if reports else spelled


def execution_of_full_run(wildcards, threads):
    """The same for a training on a whole mixture, with the outputs of its branches, which begin with its checkpoints."""
    cell = Cell(wildcards.corpus, wildcards.student, wildcards.curriculum, float(wildcards.ratio), int(wildcards.seed))
    branches = [
        f"{format_ratio(branch.data_fraction)}=results/{STUDY.name}/models/{branch.model_id}"
        for branch in STUDY.branches_of(cell)
    ]
    spelled = execution_options(wildcards, threads)
    return f"{spelled} {option('branches', *branches)}" if branches else spelled


def launcher(wildcards, threads):
    """The launcher of a training: torchrun on this machine, or srun on each node of a Slurm job; none for a process."""
    student = STUDY.students[wildcards.student]
    if (student.nodes, student.processes_per_node) == (1, 1):
        return python_with("trainer")  # torchrun would import torch in a process of its own
    torchrun = (
        f"python {program('torchrun')(wildcards, threads)} {option('nproc_per_node', student.processes_per_node)}"
    )
    if student.nodes == 1:
        return torchrun
    srun = {"nodes": student.nodes, "ntasks": student.nodes, "ntasks_per_node": 1, "cpus_per_task": threads}
    # without the last option the others would wait for a failed node
    return f"srun {options(srun)} --kill-on-bad-exit {torchrun} {option('nnodes', student.nodes)}"


def teacher_engine(wildcards, threads):
    """All settings of the teacher's vLLM engine, or of its endpoint."""
    return engine_or_endpoint(STUDY.teacher)


def student_engine(wildcards, threads):
    """All settings of vLLM for a student."""
    return json_option("engine", student_of(wildcards).engine)


def judge_engine(wildcards, threads):
    """All settings of a judge's vLLM engine, or of its endpoint."""
    return engine_or_endpoint(STUDY.judges[wildcards.judge])


ADVISE = config["advise"]
#: The option with the study's overlays, for the commands that errors recommend.
OVERLAYS = [os.path.relpath(file) for file in workflow.overwrite_configfiles]
OVERLAYS = option("configfile", *OVERLAYS) + " " if OVERLAYS else ""


def advice_options(wildcards):
    """The budget in one of its two units, and the number of answers; an error without a budget."""
    budgets = {name: ADVISE[name] for name in ("budget_flops", "budget_gpu_hours") if ADVISE[name] is not None}
    if len(budgets) != 1:
        error = StudyError(
            "advice needs one budget" if budgets else "advice needs a budget",
            where="config",
            key="advise.budget_flops, advise.budget_gpu_hours",
            found=", ".join(budgets) or "neither budget_flops nor budget_gpu_hours",
            expected="one of the two, the other null",
            remedy=f"snakemake {OVERLAYS}--config 'advise={{budget_flops: 1e21, queries: 1e6}}' -- advise",
        )
        sys.exit(f"error: {error}")
    return options({**budgets, "queries": ADVISE["queries"]})


def sources_of_advice(wildcards):
    """The tables that advice is computed from. Ends with an error where one is missing."""
    if ADVISE["from"] == "papers":
        return option("from_papers", papers_folder())
    names = ("outcomes", "costs", *(["servings"] if SAMPLED or BUDGETED_IDS else []))
    tables = {name: f"results/{STUDY.name}/tables/{name}.parquet" for name in names}
    missing = [path for path in tables.values() if not Path(path).is_file()]
    if missing:
        error = StudyError(
            "advice needs the tables of a finished study",
            where=", ".join(missing),
            found="no such file",
            expected=f"the tables of {', '.join(names[:-1])} and {names[-1]}",
            remedy=f"make them: snakemake --profile profiles/local {OVERLAYS}-- tables; or use the papers' numbers:"
            " snakemake --config 'advise={from: papers, budget_flops: 1e21, queries: 1e6}' -- advise",
        )
        sys.exit(f"error: {error}")
    return options(tables)


def papers_folder():
    """The folder of the papers' tables. Ends with an error where the config names none."""
    folder = config["paper_results"]["path"]
    if folder is None:
        error = StudyError(
            "advice from the papers needs their tables",
            where="config",
            key="paper_results.path",
            found="null",
            expected="the folder of the papers' tables",
            remedy="set it to resources/papers, which is the default",
        )
        sys.exit(f"error: {error}")
    return folder


def new_study_options(wildcards):
    """The name of the new study. Ends with an error where none is given."""
    name = config["new_study"]
    if name is None:
        error = StudyError(
            "a new study needs a name",
            where="config",
            key="new_study",
            found="null",
            expected="the name of a study that does not exist yet",
            remedy="snakemake new_study --config new_study=my_study",
        )
        sys.exit(f"error: {error}")
    return options({"name": name, "template": project_file("config/new_study.yaml", PROJECT)})
