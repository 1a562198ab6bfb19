"""Whether the files that a config means are there: models, DeepSpeed settings, rows. None of them is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.benchmarks.row_files import rows_file, rows_folder
from scale_or_reason.study.local_files import deepspeed_file, is_local, made_by_study
from scale_or_reason.study.problems import KeyPath, Problem, did_you_mean
from scale_or_reason.study.study import max_items_of, models_of_jury

Config = Mapping[str, Any]


def missing_files(config: Config) -> Iterator[Problem]:
    """Local models, DeepSpeed files and rows that are not there and that no job makes."""
    study = config["study"]
    judges = models_of_jury(config["study"]["judges"])
    used = [("students", name) for name in study["students"]] + [("judges", name) for name in judges]
    used += [("teachers", study["teacher"])] if study["teacher"] is not None else []
    for catalogue, name in used:
        model, served = config[catalogue][name]["model"], "endpoint" in config[catalogue][name]
        if not served and is_local(model) and not Path(model, "config.json").is_file():
            expected = "a hub id (ORGANISATION/NAME) or a folder with config.json"
            remedy = "correct the path: it counts from the folder that Snakemake runs in"
            yield Problem((catalogue, name, "model"), "a missing file: the model is not there", model, expected, remedy)
    for name in study["students"]:
        file = deepspeed_file(config["students"][name]["deepspeed"])
        if not file.is_file():
            there = sorted(path.stem for path in file.parent.glob("*.json"))
            problem, path = "a missing file: no such DeepSpeed setting", ("students", name, "deepspeed")
            yield Problem(path, problem, file, ", ".join(there), did_you_mean(file.stem, there))
    wanted: dict[KeyPath, str] = {
        ("students", name, "tokenizer"): config["students"][name]["tokenizer"] for name in study["students"]
    }
    wanted |= {
        ("judges", name, "tokenizer"): config["judges"][name]["tokenizer"]
        for name in judges
        if "tokenizer" in config["judges"][name]
    }
    if config["pairs"]["source"] == "released":
        wanted["pairs", "tokenizer"] = config["pairs"]["tokenizer"]
    for key, tokenizer in wanted.items():
        if is_local(tokenizer) and not Path(tokenizer).is_dir():
            problem, expected = "a missing file: the tokenizer is not there", "a hub id (ORGANISATION/NAME) or a folder"
            yield Problem(key, problem, tokenizer, expected, "correct the path")
    yield from _missing_questions(config)
    yield from _missing_rows(config)
    papers = config["paper_results"]["path"]
    if papers is not None and not any(Path(papers).glob("v[12]_*.csv")):
        expected = "a folder with v2_table1.csv, v2_teacher.csv, v2_inference_power_law.csv, or null"
        problem = "a missing file: no tables of the papers here"
        yield Problem(("paper_results", "path"), problem, papers, expected, "correct the path")


def _missing_questions(config: Config) -> Iterator[Problem]:
    study = config["study"]
    names = [*study["corpora"], *([study["adaptation_corpora"]["to"]] if study["adaptations"] else [])]
    part = "released" if config["pairs"]["source"] == "released" else "source"
    for name in dict.fromkeys(names):
        source = config["corpora"][name][part]
        path = source["path"]
        if source["kind"] == "jsonl" and not made_by_study(path, study["name"]) and not Path(path).is_file():
            key = ("corpora", name, part, "path")
            yield Problem(key, "a missing file: no questions here", path, "a JSONL file", "correct the path")


def _missing_rows(config: Config) -> Iterator[Problem]:
    source = config["benchmarks"]["source"]
    if source["kind"] != "jsonl":
        return
    key, folder = ("benchmarks", "source", "path"), source.get("path")
    if folder is None:
        remedy = "give it: --config 'benchmarks={source: {path: FOLDER}}'"
        yield Problem(
            key, "benchmarks of kind jsonl have no folder", "nothing", "a folder with NAME.jsonl files", remedy
        )
    elif not made_by_study(folder, config["study"]["name"]):
        for benchmark in _benchmarks(config):
            rows = rows_file(folder, benchmark)
            if not rows.is_file():
                remedy = "correct the folder, write the file, or take the benchmark out of study.families"
                yield Problem(key, f"a missing file: no rows for {benchmark}", rows, "a JSONL file", remedy)


def missing_pools(config: Config) -> Iterator[Problem]:
    """Shots of benchmarks that leave no rows over for examples."""
    most = max(config["study"]["base_shots"], default=0)
    for benchmark in _benchmarks(config) if most else ():
        folder = rows_folder(benchmark, config["benchmarks"]["source"])
        if folder is None or made_by_study(folder, config["study"]["name"]) or not BENCHMARKS[benchmark].shots:
            continue
        pool, limit = rows_file(folder, benchmark, ".pool"), max_items_of(benchmark, config["benchmarks"])
        if limit is None and not pool.is_file():
            remedy = (
                f"write {pool.name}, set a limit so that rows are left over, or take {most} out of study.base_shots"
            )
            found, expected = f"no {pool}, and no limit for {benchmark}", "rows that are no evaluation items"
            yield Problem(("study", "base_shots"), "shots without a pool of examples", found, expected, remedy)


def notes(config: Config) -> list[str]:
    """What a person should know though it is no error.

    Benchmarks that no hub has and whose rows are not there yet; an endpoint whose key is not in the environment.
    """
    source = config["benchmarks"]["source"]
    lines = []
    asked = {name: config["judges"][name] for name in models_of_jury(config["study"]["judges"])}
    if config["study"]["teacher"]:
        asked["the teacher"] = config["teachers"][config["study"]["teacher"]]
    for name, entry in asked.items():
        key = entry.get("endpoint", {}).get("key")
        if key and not os.environ.get(key):
            lines.append(f"note: the endpoint of {name} needs its key: export {key}=... before jobs start")
    for benchmark in _benchmarks(config) if source["kind"] == "hub" else ():
        folder = rows_folder(benchmark, source)
        if BENCHMARKS[benchmark].hub is None and not (folder and rows_file(folder, benchmark).is_file()):
            lines.append(f"note: no rows for {benchmark}, which is on no hub: {BENCHMARKS[benchmark].remedy}")
    return lines


def _benchmarks(config: Config) -> list[str]:
    return [benchmark for family in config["study"]["families"] for benchmark in family["benchmarks"]]
