# Input functions of the rules, and their lookups.
from pathlib import Path

from scale_or_reason.study.cells import Adaptation, parse_model_id
from scale_or_reason.reporting.figures.registry import FIGURE_TYPES, SHARED_LIBRARY, SHARED_MODULES
from scale_or_reason.study.learning_rates import format_rate
from scale_or_reason.study.local_files import is_local, made_by_study
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_file, rows_folder
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.reporting.inspect.files import CorpusFiles, item_files, items_with_pages, state_of
from scale_or_reason.reporting.inspect.names import check_known, check_name


def model_files(model):
    """The files of a local model; empty for a hub model, which is pinned by its revision."""
    folder = Path(model)
    return (
        [str(file) for file in sorted(folder.glob("*.safetensors")) + [folder / "config.json"]]
        if is_local(model)
        else []
    )


def files_of_judge(wildcards):
    """The files of a local judge; empty for a judge on a server."""
    judge = STUDY.judges[wildcards.judge]
    return [] if judge.endpoint else model_files(judge.model)


def protocol_file(name):
    """The file of a judge's protocol."""
    return project_file(f"src/scale_or_reason/judging/protocols/{name}.yaml", PROJECT)


def tokenizer_files(tokenizer):
    """The files of a local tokenizer."""
    return [str(file) for file in sorted(Path(tokenizer).glob("tokenizer*.json"))] if is_local(tokenizer) else []


def rows_of_benchmark(wildcards):
    """The JSONL file of a benchmark; empty for rows from the hub, and if the file does not exist yet.

    A benchmark of one's own has its file in front.
    """
    folder = rows_folder(wildcards.benchmark, config["benchmarks"]["source"])
    declared = get_benchmark(wildcards.benchmark).declared_in
    own = [str(declared)] if declared else []
    if folder is None:
        return own
    file = rows_file(folder, wildcards.benchmark)
    there = made_by_study(file, STUDY.name) or file.is_file()
    return list(dict.fromkeys([*own, *([str(file)] if there else [])]))


def rows_of_pool(wildcards):
    """Like :func:`rows_of_benchmark`, with the file of few-shot rows if it exists."""
    rows = rows_of_benchmark(wildcards)
    if not rows:
        return []
    pool = rows_file(Path(rows[0]).parent, wildcards.benchmark, ".pool")
    return [*rows, str(pool)] if made_by_study(pool, STUDY.name) or pool.is_file() else rows


def rows_of_corpus(wildcards):
    """The JSONL file of a corpus; empty for prompts from the hub."""
    source = STUDY.corpora[wildcards.corpus].source
    return [source.path] if source.kind == "jsonl" else []


def shards_of(corpus, answer_format):
    """All teacher answers to the prompts of a corpus in one format."""
    shards = STUDY.corpora[corpus].shards
    return [f"<results>/pairs/{corpus}/{answer_format}/shard-{shard}-of-{shards}.parquet" for shard in range(shards)]


def student_of(wildcards):
    """The catalogue entry of the student or adopted model in a path or model id."""
    named = wildcards.get("student") or parse_model_id(wildcards.model_id).student
    return STUDY.students.get(named) or STUDY.adopted[named]


def trainings_of_adaptation(wildcards):
    """The first and second training of an adaptation."""
    return STUDY.lineage(Adaptation(wildcards.student, wildcards.first, wildcards.second, int(wildcards.seed)))


def start_of(wildcards):
    """The trained model from which an adaptation starts."""
    return f"<results>/models/{trainings_of_adaptation(wildcards)[0].model_id}"


def tokens_of(wildcards):
    """The tokenised pairs of a training."""
    corpus = wildcards.corpus if "corpus" in wildcards.keys() else STUDY.adaptation_corpora["to"]
    return f"<results>/tokens/{corpus}/{STUDY.students[wildcards.student].tokenizer_name}"


def hybrid_tokens_of(wildcards):
    """The tokenised pairs of a hybrid student."""
    return f"<results>/hybrid_tokens/{wildcards.corpus}/{STUDY.students[wildcards.student].tokenizer_name}"


def rates_of(wildcards):
    """The file with a student's learning rates, if they are searched for."""
    return f"<results>/learning_rates/{wildcards.student}.json" if wildcards.student in STUDY.searched else []


def trials_of(wildcards):
    """The trials of a student's learning-rate search."""
    return expand(
        f"<results>/learning_rates/{STUDY.grid_corpora[0]}/{wildcards.student}/{{format}}/lr-{{rate}}.json",
        format=STUDY.formats_with_rates,
        rate=map(format_rate, config["training"]["learning_rate_search"]["rates"]),
    )


def mixture_of_adaptation(wildcards):
    """The single-format mixture of an adaptation's second training."""
    return f"<results>/mixtures/{trainings_of_adaptation(wildcards)[-1].mixture}.parquet"


def lineages(model_ids):
    """The distinct trainings of these models."""
    return dict.fromkeys(training for name in model_ids for training in STUDY.lineage(parse_model_id(name)))


def trainings_of(model_ids):
    """The model folders of these trainings."""
    return [f"<results>/models/{training.model_id}" for training in lineages(model_ids)]


def mixtures_of(model_ids):
    """The mixtures of these trainings."""
    return list(dict.fromkeys(f"<results>/mixtures/{training.mixture}.parquet" for training in lineages(model_ids)))


def pairs_of(model_ids):
    """The pairs of these mixtures."""
    return list(dict.fromkeys(f"<results>/pairs/{training.corpus}.parquet" for training in lineages(model_ids)))


def untrained(model_ids):
    """The catalogue entries of the models among these that are evaluated as published."""
    models = [model for model in map(parse_model_id, model_ids) if not STUDY.lineage(model)]
    names = dict.fromkeys((model.kind, model.student) for model in models)
    entries = {"teacher": {STUDY.teacher.name: STUDY.teacher} if STUDY.teacher else {}, "adopted": STUDY.adopted}
    return [entries.get(kind, STUDY.students)[name] for kind, name in names]


def pools_of(wildcards):
    """The few-shot examples of a base student, none for zero shots."""
    return POOLS if parse_model_id(wildcards.model_id).shots else []


def benchmarks_of(wildcards):
    """The benchmarks of a model."""
    return STUDY.benchmarks_of(parse_model_id(wildcards.model_id))


def items_of(wildcards):
    """The item tables of a model's benchmarks."""
    return [f"<results>/benchmarks/{benchmark}.parquet" for benchmark in benchmarks_of(wildcards)]


def graded_of(model_ids):
    """The rule graders' last table for each of these models, which represents all; empty without rule graders."""
    last = {name: STUDY.benchmarks_of(parse_model_id(name))[-1] for name in model_ids} if STUDY.rule_graders else {}
    return [f"<results>/verdicts/{RULE_GRADERS}/{name}/{benchmark}.parquet" for name, benchmark in last.items()]


def item_table_of_page(wildcards):
    """The table of the requested item; an error if the study cannot have it."""
    folder = f"results/{STUDY.name}/inspect/items"
    check_known(wildcards.benchmark, STUDY.benchmarks, "benchmark", f"{folder}/{wildcards.benchmark}")
    check_name(wildcards.item, f"{folder}/{wildcards.benchmark}")
    return f"<results>/benchmarks/{wildcards.benchmark}.parquet"


def prompts_of_page(wildcards):
    """The same for a training prompt."""
    folder = f"results/{STUDY.name}/inspect/prompts"
    check_known(wildcards.corpus, list(STUDY.corpora), "corpus", f"{folder}/{wildcards.corpus}")
    check_name(wildcards.prompt, f"{folder}/{wildcards.corpus}")
    return f"<results>/prompts/{wildcards.corpus}.parquet"


def models_on_page(benchmark):
    """All models that are evaluated on a benchmark."""
    return [
        model.model_id
        for model in [*STUDY.teachers(), *[model for model in STUDY.answering() if model.kind != "teacher"]]
        if benchmark in STUDY.benchmarks_of(model)
    ]


def state_of_item(wildcards):
    """A hash of the existing answers and verdicts: the page creates none, and is outdated when they change."""
    models = models_on_page(wildcards.benchmark)
    folder = Path("results", STUDY.name)
    pool = folder / "benchmarks" / f"{wildcards.benchmark}.pool.parquet"
    return state_of([pool, *item_files(folder, wildcards.benchmark, models, STUDY.verdict_sources)])


def state_of_pages(wildcards):
    """A hash of the names of existing inspection pages: a further one outdates the explorer, which links to them."""
    return f"pages {items_with_pages(Path('results', STUDY.name, 'inspect', 'items'))}"


def state_of_prompt(wildcards):
    """The same for a training prompt."""
    shards = STUDY.corpora[wildcards.corpus].shards
    return state_of(CorpusFiles(Path("results", STUDY.name), wildcards.corpus, shards).files())


def tables_of_figure_type(figure_type):
    """The study's tables for a figure type; optional tables only if the study has them."""
    files = {name: f"<summary>/tables/{name}.parquet" for name in ("scores", "costs", "answer_lengths")}
    files["early_stopping"] = "<summary>/tables/early_stopping.csv"
    if WAYS_TO_ANSWER:
        files["test_time"] = "<summary>/tables/test_time.parquet"
    if LIMITED_IDS:
        files["length_limits"] = "<summary>/tables/length_limits.parquet"
    return [files[name] for name in FIGURE_TYPES[figure_type].tables if name in files]


def code_of_figure_type(figure_type):
    """The code of a figure type, as an input: a change redraws the figures of this type only."""
    modules = [figure_type, *FIGURE_TYPES[figure_type].modules, *SHARED_MODULES]
    figures = (f"reporting/figures/{name}" for name in modules)
    return library(*figures, *FIGURE_TYPES[figure_type].library, *SHARED_LIBRARY)
