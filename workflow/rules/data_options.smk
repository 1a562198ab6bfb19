# Options of scripts that read questions and prompts: sources, filters, what is excluded.
from scale_or_reason.benchmarks.own import declaration_hash
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_folder
from scale_or_reason.common.manifests import content_hash
from scale_or_reason.data.exclusions import Exclusions
from scale_or_reason.study.result_paths import result_path
from scale_or_reason.study.selection import max_items_of


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
