"""Whether the files that a config names exist: models, DeepSpeed settings, rows. None of them is opened.

The functions of ``os.path`` also answer for names that no file can have (too long, not to be read); those of ``Path``
raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_file, rows_folder
from scale_or_reason.preflight.endpoint_keys import unset_keys
from scale_or_reason.preflight.own_files import too_few_prompts
from scale_or_reason.study.local_files import (
    ARCHIVE,
    OWN_RESULTS,
    RESULTS,
    deepspeed_file,
    find_file,
    is_hub_id,
    is_local,
    made_by_study,
    study_of,
)
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean
from scale_or_reason.study.selection import max_items_of, models_of_jury, undecidable

Config = Mapping[str, Any]

#: Instructions that compute with a number format, by their names in Linux.
_INSTRUCTIONS = {
    "bfloat16": {"avx512_bf16", "amx_bf16", "bf16"},
    "float16": {"avx512_fp16", "amx_fp16", "fphp", "asimdhp"},
}
_HUB_ID = "a hub id (ORGANISATION/NAME)"
_CORRECT_PATH = "correct the path; it is relative to the folder in which Snakemake runs"


def missing_files(config: Config) -> Iterator[Problem]:
    """Local models, tokenizers, DeepSpeed files and rows that do not exist and that no job writes.

    None in an unpacked archive, where nothing that would read them can run.
    """
    if isdir(Path(RESULTS, config["study"]["name"], ARCHIVE)):
        return
    yield from _missing_models(config)
    yield from _missing_deepspeed_files(config)
    yield from _missing_tokenizers(config)
    yield from _missing_prompts(config)
    yield from _missing_rows(config)
    yield from _missing_mirror(config)
    style = config["study"]["style"]
    if style is not None and not isfile(find_file(style)):
        expected = "a copy of config/style.yaml with your changes, or null"
        yield Problem(("study", "style"), "a missing file: no style of figures here", style, expected, _CORRECT_PATH)
    labels = config["labels"]["path"]
    if labels is not None and not isfile(labels):
        expected = "a file of labels (`snakemake label_sheet` writes a sheet to fill in), or null"
        yield Problem(("labels", "path"), "a missing file: no labels here", labels, expected, _CORRECT_PATH)
    papers = config["paper_results"]["path"]
    if papers is not None and not (isdir(papers) and any(Path(papers).glob("v[12]_*.csv"))):
        expected = "a folder with v2_table1.csv, v2_teacher.csv, v2_inference_power_law.csv, or null"
        problem = "missing files: no tables of the papers here"
        yield Problem(("paper_results", "path"), problem, papers, expected, _CORRECT_PATH)


def _missing_models(config: Config) -> Iterator[Problem]:
    study = config["study"]
    used = [(catalogue, name) for catalogue in ("students", "adopted") for name in study[catalogue]]
    used += [("judges", name) for name in models_of_jury(study["judges"])]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    for catalogue, name in used:
        model, served = config[catalogue][name]["model"], "endpoint" in config[catalogue][name]
        if not served and _on_this_machine(model) and not isfile(Path(model, "config.json")):
            path, problem = (catalogue, name, "model"), "a missing file: this model does not exist"
            yield Problem(path, problem, model, f"{_HUB_ID} or a folder with config.json", _CORRECT_PATH)


def _on_this_machine(model: str) -> bool:
    """Whether a model must be in a folder. A name without an organisation is one, not an id of the hub."""
    return is_local(model) or "/" not in model


def _missing_deepspeed_files(config: Config) -> Iterator[Problem]:
    for name in config["study"]["students"]:
        file = deepspeed_file(config["students"][name]["deepspeed"])
        if not isfile(file):
            existing = sorted(path.stem for path in file.parent.glob("*.json"))
            problem, path = "a missing file: no such DeepSpeed settings", ("students", name, "deepspeed")
            yield Problem(path, problem, file, ", ".join(existing), did_you_mean(file.stem, existing))


def _missing_tokenizers(config: Config) -> Iterator[Problem]:
    used: dict[KeyPath, str] = {
        ("students", name, "tokenizer"): config["students"][name]["tokenizer"] for name in config["study"]["students"]
    }
    used |= {
        ("judges", name, "tokenizer"): config["judges"][name]["tokenizer"]
        for name in models_of_jury(config["study"]["judges"])
        if "tokenizer" in config["judges"][name]
    }
    if config["pairs"]["source"] == "released":
        used["pairs", "tokenizer"] = config["pairs"]["tokenizer"]
    for key, tokenizer in used.items():
        if _on_this_machine(tokenizer) and not isdir(tokenizer):
            problem = "a missing file: this tokenizer does not exist"
            yield Problem(key, problem, tokenizer, f"{_HUB_ID} or a folder", _CORRECT_PATH)


def _missing_prompts(config: Config) -> Iterator[Problem]:
    study = config["study"]
    names = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    part = "released" if config["pairs"]["source"] == "released" else "source"
    for name in dict.fromkeys(names):
        source = config["corpora"][name][part]
        path = source["path"]
        key = ("corpora", name, part, "path")
        if source["kind"] == "jsonl" and not made_by_study(path, study["name"]) and not isfile(path):
            yield Problem(key, "a missing file: no prompts here", path, "a JSONL file", _CORRECT_PATH)
        if source["kind"] == "hub" and not is_hub_id(path):
            remedy = "correct the id, or set `kind: jsonl` for a file"
            yield Problem(key, "a data set of the hub cannot have this name", path, _HUB_ID, remedy)


def _missing_mirror(config: Config) -> Iterator[Problem]:
    mirror = config["hub"]["mirror"]
    if mirror is not None and not isdir(mirror):
        expected = "a folder with copies of data sets, as OWNER/NAME, or null"
        yield Problem(("hub", "mirror"), "a missing folder: there is no mirror here", mirror, expected, _CORRECT_PATH)


def _missing_rows(config: Config) -> Iterator[Problem]:
    source = config["benchmarks"]["source"]
    if source["kind"] != "jsonl":
        return
    key, folder = ("benchmarks", "source", "path"), source.get("path")
    if folder is None:
        remedy = "set it: --config 'benchmarks={source: {path: FOLDER}}'"
        problem = "benchmarks of kind jsonl have no folder"
        yield Problem(key, problem, "nothing", "a folder with NAME.jsonl files", remedy)
    elif not made_by_study(folder, config["study"]["name"]):
        for benchmark in _benchmarks(config):
            rows = rows_file(folder, benchmark)
            if not isfile(rows):
                remedy = "correct the folder, add the file, or remove the benchmark from study.families"
                yield Problem(key, f"a missing file: no rows for {benchmark}", rows, "a JSONL file", remedy)


def worlds_of_others(config: Config) -> Iterator[Problem]:
    """Rows in another study's small world, which has its own seed and numbers of rows."""
    if "small_world" not in config:
        return
    corpora, name = config["corpora"], config["study"]["name"]
    selected = [corpus for corpus in config["study"]["corpora"] if "source" in corpora.get(corpus, {})]
    used = [("corpora", corpus, "source", "path") for corpus in selected]
    for key, path in [
        *((key, corpora[key[1]]["source"]["path"]) for key in used),
        (("benchmarks", "source", "path"), config["benchmarks"]["source"].get("path")),
    ]:
        owner = study_of(path) if path else None
        if owner not in (None, name) and Path(path).parts[2:3] == ("world",):
            problem, below = "these rows belong to the small world of another study", Path(*Path(path).parts[2:])
            remedy = f"write {OWN_RESULTS}/{below}, which follows study.name"
            yield Problem(key, problem, path, f"a path in results/{name}, or outside of the results", remedy)


def missing_pools(config: Config) -> Iterator[Problem]:
    """Benchmarks that need few-shot examples and whose rows are all evaluation items."""
    most = max(config["study"]["base_shots"], default=0)
    for benchmark in _benchmarks(config) if most else ():
        folder = rows_folder(benchmark, config["benchmarks"]["source"])
        if folder is None or made_by_study(folder, config["study"]["name"]) or not get_benchmark(benchmark).shots:
            continue
        pool, limit = rows_file(folder, benchmark, ".pool"), max_items_of(benchmark, config["benchmarks"])
        if limit is None and not isfile(pool):
            problem = "no rows are left for few-shot examples"
            found, expected = f"no {pool}, and no limit for {benchmark}", "rows that are no evaluation items"
            remedy = f"add {pool.name}, set benchmarks.max_items_by_benchmark, or remove {most} from study.base_shots"
            yield Problem(("study", "base_shots"), problem, found, expected, remedy)


def notes(config: Config) -> list[str]:
    """Notes for the user that are no errors.

    Benchmarks that no hub has and whose rows do not exist yet; an endpoint whose API key is not in the environment; a
    number format that this processor does not compute with; findings that the study cannot decide.
    """
    source = config["benchmarks"]["source"]
    lines = [*_slow_formats(config), *_undecidable(config), *too_few_prompts(config)]
    lines += [unset.note() for unset in unset_keys(config)]
    for benchmark in _benchmarks(config) if source["kind"] == "hub" else ():
        folder = rows_folder(benchmark, source)
        if get_benchmark(benchmark).hub is None and not (folder and isfile(rows_file(folder, benchmark))):
            lines.append(f"note: no rows for {benchmark}, which no hub has: {get_benchmark(benchmark).remedy}")
    return lines


def _slow_formats(config: Config, cpuinfo: Path = Path("/proc/cpuinfo")) -> list[str]:
    """A note about 16-bit formats on a processor that computes them in software."""
    if config["compute"]["device"] != "cpu":
        return []
    study = config["study"]
    used = [("engine.dtype", config["engine"].get("dtype"))]  # without one, vLLM takes the model's
    if study["corpora"] or study["adaptations"]:
        used.append(("training.dtype", config["training"]["dtype"]))
    for catalogue, names in (("students", study["students"]), ("judges", models_of_jury(study["judges"]))):
        own = ((name, config[catalogue][name].get("engine", {}).get("dtype")) for name in names)
        used += [(f"{catalogue}.{name}.engine.dtype", dtype) for name, dtype in own if dtype]
    flags = set(cpuinfo.read_text().split()) if cpuinfo.is_file() else set()
    slow = [key for key, dtype in used if dtype in _INSTRUCTIONS and not flags & _INSTRUCTIONS[dtype]]
    if not slow:
        return []
    keys = ", ".join(slow)
    return [f"note: 16-bit numbers are slow on this processor, which computes with 32 bits: set {keys} to float32"]


def _undecidable(config: Config) -> list[str]:
    """A note about the papers' statements where the study can decide none of them."""
    reason = undecidable(config)
    if reason is None or "findings" not in config["study"]["tables"]:
        return []
    table = f"{RESULTS}/{config['study']['name']}/tables/findings.csv"
    note = f"note: no table of findings: the study can decide none of the papers' statements ({reason})"
    return [f"{note}; to see them listed, request {table}"]


def _benchmarks(config: Config) -> list[str]:
    return [benchmark for family in config["study"]["families"] for benchmark in family["benchmarks"]]
