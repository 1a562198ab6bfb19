"""The grid of a study, and the paper's numbers in config/config.yaml."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from configs import load, merge

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.formulas import training_step_flops
from scale_or_reason.preflight.file_checks import _slow_formats, notes
from scale_or_reason.study.cells import Adaptation, BudgetedCell, Cell, LimitedCell
from scale_or_reason.study.engine_settings import SPEED_SETTINGS, engine_settings_of_results
from scale_or_reason.study.selection import max_items_of
from scale_or_reason.study.stage_versions import STAGE_VERSIONS
from scale_or_reason.study.study import Study, as_json
from scale_or_reason.study.thinking_budgets import ThinkingBudget


@pytest.fixture(scope="module")
def paper(root: Path) -> dict[str, Any]:
    return load(root)


def test_the_papers_grid(paper: dict[str, Any]) -> None:
    study = Study.from_config(paper)
    assert len(study.cells()) == 5 * 5 * 2 * 2 == len(set(study.cells()))
    assert len(study.trainings()) == len(set(study.trainings())) == 80
    assert len(study.adapted()) == len(set(study.adapted())) == 20
    assert {model.shots for model in study.base_students()} == {0, 1, 3, 5}
    assert len(study.base_students()) == 20
    assert len(study.teachers()) == 2
    assert len(study.evaluated()) == 80 + 20 + 20 + 2
    assert sorted(study.benchmarks) == list(BENCHMARK_NAMES)
    assert "findings" in study.tables


@pytest.mark.parametrize(
    ("changes", "decidable"),
    [
        ({}, True),
        ({"students": ["Qwen2.5-3B"], "ratios": [1]}, True),  # against the teacher
        ({"corpora": [], "ratios": []}, False),
        ({"families": [{"name": "Mine", "benchmarks": ["gsm8k"]}]}, False),
        ({"families": [{"name": "Math-OE", "benchmarks": ["gsm8k"]}]}, True),
    ],
)
def test_findings_are_made_where_the_study_can_decide_some(
    paper: dict[str, Any], changes: dict[str, Any], decidable: bool
) -> None:
    config = deepcopy(paper)
    config["study"].update(changes)
    assert ("findings" in Study.from_config(config).tables) is decidable
    assert any("no table of findings" in line for line in notes(config)) is not decidable
    config["study"]["tables"] = []
    assert not any("no table of findings" in line for line in notes(config))


@pytest.mark.parametrize(
    ("flags", "device", "slow"),
    [
        ("flags : fpu avx512f avx512_bf16", "cpu", []),
        ("flags : fpu avx2", "cpu", ["engine.dtype", "training.dtype"]),
        ("Features : fp asimd bf16", "cpu", []),
        ("flags : fpu avx2", "gpu", []),
    ],
)
def test_slow_formats_are_named(
    paper: dict[str, Any], tmp_path: Path, flags: str, device: str, slow: list[str]
) -> None:
    (tmp_path / "cpuinfo").write_text(f"model name : made up\n{flags}\n")
    config = deepcopy(paper)
    config["compute"]["device"] = device
    lines = _slow_formats(config, tmp_path / "cpuinfo")
    assert len(lines) == bool(slow) and all(key in line for line in lines for key in slow)
    config["engine"]["dtype"] = config["training"]["dtype"] = "float32"
    assert _slow_formats(config, tmp_path / "cpuinfo") == []
    del config["engine"]["dtype"]  # vLLM chooses
    assert _slow_formats(config, tmp_path / "cpuinfo") == []


def test_every_cell_is_trained_as_one_of_the_trainings(paper: dict[str, Any]) -> None:
    study = Study.from_config(paper)
    runs = Counter(cell.trained_as for cell in study.cells())
    assert set(runs) == set(study.trainings())
    assert all(count == (2 if cell.ratio in (0, 1) else 1) for cell, count in runs.items())


def test_other_limits_of_length_are_the_papers(paper: dict[str, Any]) -> None:
    study = Study.from_config(paper)
    limited = study.limited()
    # 5 students, 2 corpora, 2 formats
    assert len(limited) == len({cell.cell for cell in limited}) == 20
    assert {(cell.max_tokens, cell.ratio in (0, 1)) for cell in limited} == {(32768, True)}
    assert {cell.cell for cell in limited} < set(study.trainings())
    assert study.benchmarks_of(limited[0]) == ("mmlu_math", "math_500", "aime")
    assert study.benchmarks_of(limited[0].cell) == study.benchmarks


def test_thinking_budgets_are_off_until_they_are_set(paper: dict[str, Any]) -> None:
    assert Study.from_config(paper).budgeted() == []
    config = merge(
        paper, {"study": {"thinking_budgets": {"tokens": [4096, 1024], "percentiles": [50], "ratios": [1, 0.5]}}}
    )
    study = Study.from_config(config)
    # 5 students, 2 corpora, and for each budget ratio 1 once and 0.5 in both curricula
    assert len(study.budgeted()) == 5 * 2 * 3 * 3
    assert [str(budget) for budget in study.thinking_budgets.budgets] == ["1024", "4096", "p50"]
    assert study.benchmarks_of(study.budgeted()[0]) == ("gsm8k", "math_500", "aime")
    assert study.answering() == [*study.evaluated(), *study.limited(), *study.budgeted(), *study.sampled()]
    cell = Cell("math", "Qwen2.5-3B", "mix", 0.5, 0)
    assert study.lineage(BudgetedCell(**vars(cell), budget=ThinkingBudget.of_tokens(9))) == study.lineage(cell)


def test_votes_are_further_answers_of_some_cells(paper: dict[str, Any]) -> None:
    assert Study.from_config(paper).sampled() == []
    config = deepcopy(paper)
    config["study"]["votes"] = {"samples_per_item": 4, "ratios": [0, 0.5], "benchmarks": ["gsm8k", "aime", "squad"]}
    config["study"]["families"] = [{"name": "Math-OE", "benchmarks": ["gsm8k", "aime"]}]
    config["benchmarks"]["samples_per_item"] = {"aime": 4}
    study = Study.from_config(config)
    # 5 students, 2 corpora, ratio 0 once and 0.5 in both curricula; aime has four answers of every model
    assert len(study.sampled()) == len(set(study.sampled())) == 5 * 2 * 3
    assert study.votes.benchmarks == study.benchmarks_of(study.sampled()[0]) == ("gsm8k",)
    assert study.votes.first_samples() == {"gsm8k": 1}
    cell = study.sampled()[0].cell
    assert study.lineage(study.sampled()[0]) == study.lineage(cell) and study.benchmarks_of(cell) == study.benchmarks
    config["benchmarks"]["samples_per_item"] = {"gsm8k": 4, "aime": 4}
    assert Study.from_config(config).sampled() == []  # the config is refused before


def test_a_study_without_these_benchmarks_has_no_other_limits(paper: dict[str, Any]) -> None:
    config = deepcopy(paper)
    config["study"]["families"] = [{"name": "A", "benchmarks": ["gsm8k", "aime"]}]
    assert Study.from_config(config).length_limits.benchmarks == ("aime",)
    config["study"]["families"] = [{"name": "A", "benchmarks": ["gsm8k"]}]
    assert Study.from_config(config).limited() == []


def test_replicas_multiply_trained_models_only(paper: dict[str, Any]) -> None:
    config = deepcopy(paper)
    config["study"]["seeds"] = [0, 1, 2]
    study = Study.from_config(config)
    assert len(study.trainings()) == 240
    assert len(study.adapted()) == 60
    assert len(study.base_students()) == 20


@pytest.mark.parametrize(("preset", "students"), [("v2", 5), ("gemma", 3)])
def test_learning_rates_are_the_papers(root: Path, shared_dir: Path, preset: str, students: int) -> None:
    study = Study.from_config(load(root, preset))
    with (shared_dir / "reference" / "learning_rates.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["student"] in study.students]
    assert len(rows) == len(study.students) == students
    for row in rows:
        assert study.learning_rate(row["student"], 0) == float(row["ift"])
        assert study.learning_rate(row["student"], 1) == float(row["reasoning"])


@pytest.mark.parametrize(("rule", "rate"), [("ift", 1e-5), ("reasoning", 2e-5), ("interpolate", 1.25e-5)])
def test_learning_rate_of_a_mixture(paper: dict[str, Any], rule: str, rate: float) -> None:
    config = deepcopy(paper)
    config["training"]["mixture_learning_rate"] = rule
    assert Study.from_config(config).learning_rate("Qwen2.5-0.5B", 0.25) == pytest.approx(rate)


def test_parts_of_the_data_are_branches_of_each_training(paper: dict[str, Any]) -> None:
    config = deepcopy(paper)
    config["study"]["data_fractions"] = [1, 0.5, 0.25]
    study, whole = Study.from_config(config), Study.from_config(paper)
    assert whole.branches() == [] and whole.branch_variants() == []
    # what the study has without parts keeps its place, in paths and in the batches of its jobs
    assert study.trainings() == whole.trainings() and study.limited() == whole.limited()
    assert study.cells() == whole.cells() and study.adapted() == whole.adapted()
    assert len(study.branches()) == len(set(study.branches())) == 2 * 80
    assert len(study.branch_variants()) == 2 * len(study.variants())
    assert set(study.evaluated()) == {*whole.evaluated(), *study.branches()}
    (training,) = study.lineage(study.branches()[0])
    assert (training.data_fraction, training.mixture) == (0.25, "general/seq/rho-0")


def test_parts_budgets_and_hybrids_may_be_restricted_to_some_cells(paper: dict[str, Any]) -> None:
    config, full = deepcopy(paper), deepcopy(paper)
    full["study"]["data_fractions"] = [0.25, 1]
    chosen = {"ratios": [0, 0.5], "curricula": ["mix"], "students": ["Qwen2.5-3B"], "corpora": ["math"]}
    config["study"]["data_fractions"] = {"fractions": [0.25, 1], **chosen}
    some = {"students": ["Qwen2.5-3B"], "corpora": ["math"], "curricula": ["seq"]}
    config["study"]["thinking_budgets"] |= {"tokens": [9], **some}
    config["study"]["hybrid_students"] = {"ratios": [0.5], "curricula": ["mix"], "students": ["Qwen2.5-3B"]}
    study = Study.from_config(config)
    # at ratio 0 one run serves all curricula, and is stored under seq
    assert [model.model_id for model in study.branches()] == [
        "math/Qwen2.5-3B/seq/rho-0/data-0.25/seed-0",
        "math/Qwen2.5-3B/mix/rho-0.5/data-0.25/seed-0",
    ]
    assert [model.model_id for model in study.budgeted()] == ["math/Qwen2.5-3B/seq/rho-1/seed-0/think-tokens-9"]
    assert [cell.corpus for cell in study.hybrids()] == ["general", "math"]
    # a map of all cells is the same study as the list
    mapped = deepcopy(full)
    mapped["study"]["data_fractions"] = {"fractions": [0.25, 1]}
    assert Study.from_config(mapped) == Study.from_config(full)
    assert Study.from_config(full).part_cells() == {}
    assert study.part_cells() == {"part_cells": {"students": [], "ratios": [0, 0.5]}}


def test_an_adaptation_starts_from_a_trained_cell(paper: dict[str, Any]) -> None:
    study = Study.from_config(paper)
    start, last = study.lineage(Adaptation("Qwen2.5-3B", "reasoning", "ift", 0))
    assert (start.model_id, start.mixture) == (Cell("general", "Qwen2.5-3B", "seq", 1).model_id, "general/seq/rho-1")
    assert (last.model_id, last.mixture) == ("adapted/Qwen2.5-3B/reasoning-then-ift/seed-0", "math/seq/rho-0")
    starts = {study.lineage(adaptation)[0].model_id for adaptation in study.adapted()}
    assert starts <= {cell.model_id for cell in study.trainings()}


def test_what_is_not_trained_here_has_learnt_from_nothing(paper: dict[str, Any]) -> None:
    study = Study.from_config(paper)
    assert {study.lineage(model) for model in [*study.base_students(), *study.teachers()]} == {()}
    # another limit on the length of answers is no other training
    cell = Cell("math", "Qwen2.5-3B", "mix", 0.25, 1)
    (training,) = study.lineage(cell)
    assert (training.model_id, training.mixture) == (cell.model_id, "math/mix/rho-0.25")
    assert study.lineage(LimitedCell("math", "Qwen2.5-3B", "mix", 0.25, 1, max_tokens=99)) == (training,)


def test_an_adaptation_corpus_outside_the_grid_is_still_prepared(paper: dict[str, Any]) -> None:
    config = deepcopy(paper)
    config["study"]["corpora"] = ["general"]
    study = Study.from_config(config)
    assert list(study.corpora) == ["general", "math"]
    assert {cell.corpus for cell in study.cells()} == {"general"}


@pytest.mark.slow
@pytest.mark.parametrize("overlays", [("micro",), ("micro", "demo"), ("micro", "real_rows")])
def test_small_studies_inherit_nothing_of_the_papers(
    root: Path, paper: dict[str, Any], overlays: tuple[str, ...]
) -> None:
    big, small = Study.from_config(paper), Study.from_config(load(root, *overlays))
    assert small.name != big.name
    assert not set(small.students) & set(big.students)
    assert not set(small.judges) & set(big.judges)
    assert small.teacher is None or (big.teacher is not None and small.teacher.name != big.teacher.name)
    sources = [corpus.source for corpus in small.corpora.values()]
    assert all(source.kind == "jsonl" and source.config is None for source in sources)
    models = [*small.students.values(), *small.judges.values(), *([small.teacher] if small.teacher else [])]
    assert all(Path(model.model).parts[:2] == ("resources", "micro") and not model.revision for model in models)


def test_the_demo_is_part_of_the_small_study(root: Path) -> None:
    demo, micro = Study.from_config(load(root, "micro", "demo")), Study.from_config(load(root, "micro"))
    assert demo.name == micro.name
    assert set(demo.evaluated()) < set(micro.evaluated())
    assert len(demo.students) >= 3
    assert {0, 0.5, 1} <= set(demo.ratios)
    assert set(demo.curricula) == {"seq", "mix"}


def test_presets(root: Path, paper: dict[str, Any]) -> None:
    assert load(root, "v2") == paper
    v1 = Study.from_config(load(root, "v1"))
    assert v1.name == "v1"
    assert (len(v1.benchmarks), len(v1.judges), v1.base_shots) == (12, 1, (3,))
    assert len(v1.trainings()) == 80
    assert [judge.protocol for judge in v1.judges.values()] == ["v1"]
    assert {judge.protocol for judge in Study.from_config(paper).judges.values()} == {"v2"}


def test_a_judge_by_endpoint_says_itself_whose_flops_are_counted(paper: dict[str, Any]) -> None:
    judge = Study.from_config(paper).judges["Llama-3.1-Nemotron-Ultra-253B"]
    assert judge.source == f"{judge.model}@main"
    served = replace(judge, endpoint={"url": "https://made.up/v1"})
    assert served.source == ""
    assert replace(served, architecture="any/one").source == "any/one"


def test_the_second_pair(root: Path) -> None:
    gemma = Study.from_config(load(root, "gemma"))
    assert gemma.teacher is not None
    assert gemma.teacher.modes["ift"] == {"system": "/no_think"}
    assert [student.size_b for student in gemma.students.values()] == [1, 4, 12]
    assert gemma.corpora["general"].num_prompts == 200_000  # v2's text


def test_pairs_that_are_released_bring_their_questions(paper: dict[str, Any]) -> None:
    config = deepcopy(paper)
    config["pairs"]["source"] = "released"
    config["corpora"]["general"]["languages"] = ["en"]
    source = Study.from_config(config).corpora["general"].source
    assert (source.path, source.schema) == ("Scale-or-Reason/general-reasoning-ift-pairs", "released_pairs")
    assert Study.from_config(config).corpora["general"].languages == ()
    assert Study.from_config(paper).corpora["general"].source.schema == "infinity_instruct"


#: Layers, hidden size, feed-forward size, heads, vocabulary: config.json of Qwen/Qwen2.5-0.5B and -1.5B.
QWEN = {"Qwen2.5-0.5B": (24, 896, 4864, 14, 151_936), "Qwen2.5-1.5B": (28, 1536, 8960, 12, 151_936)}
#: Bytes of the released general splits `reasoning` and `ift`, and their rows; a token of English is about four bytes.
RELEASED_BYTES, RELEASED_ROWS, BYTES_PER_TOKEN = {1: 10.81e9, 0: 2.27e9}, 990_098, 4


def test_one_gpu_trains_within_the_time_that_its_preset_says(root: Path) -> None:
    study = Study.from_config(load(root, "single_gpu"))
    assert all(student.processes == 1 for student in study.students.values())
    lengths = {ratio: size / RELEASED_ROWS / BYTES_PER_TOKEN for ratio, size in RELEASED_BYTES.items()}
    flops = 0.0
    for cell in study.trainings():
        layers, hidden, feed_forward, heads, vocabulary = QWEN[cell.student]
        shape = Architecture(vocabulary, hidden, feed_forward, heads, layers)
        for ratio, share in ((1, cell.ratio), (0, 1 - cell.ratio)):
            count = share * study.corpora["general"].num_prompts
            flops += count * float(training_step_flops(shape, lengths[ratio]))
    text = (root / "config" / "studies" / "single_gpu.yaml").read_text()
    said_flops, said_hours, said_speed = map(
        float, re.search(r"take ([\d.e]+) FLOPs: ([\d.]+) hours at\s+# (\d+) TFLOP/s", text).groups()
    )
    assert flops == pytest.approx(said_flops, rel=0.02)
    assert flops / (said_speed * 1e12) / 3600 == pytest.approx(said_hours, rel=0.02)
    assert said_hours < 12


def test_settings_of_speed_are_no_settings_of_results() -> None:
    engine = {"dtype": "bfloat16", "tensor_parallel_size": 8, "max_model_len": 4096, "enforce_eager": True}
    engine |= {"max_num_seqs": 4, "gpu_memory_utilization": 0.8, "of a later vLLM": 1}
    assert engine_settings_of_results(engine) == {"dtype": "bfloat16", "max_model_len": 4096, "of a later vLLM": 1}


def test_no_setting_that_changes_replies_counts_as_one_of_speed() -> None:
    """By the documentation of vLLM's engine arguments: number formats, weights, tokens, context, sampling."""
    changing = (
        "dtype quantization quantization_config kv_cache_dtype max_model_len hf_overrides load_format model_weights"
    )
    changing += " tokenizer tokenizer_mode config_format rope_scaling speculative_config override_generation_config"
    changing += (
        " logits_processors structured_outputs_config disable_sliding_window lora_dtype model_impl runner convert"
    )
    assert not SPEED_SETTINGS & set(changing.split())


def test_json_does_not_depend_on_order() -> None:
    assert as_json({"b": 1, "a": [2, 1]}) == as_json({"a": [2, 1], "b": 1}) == '{"a": [2, 1], "b": 1}'


@pytest.mark.parametrize(
    ("limit", "limits", "expected"), [(None, {}, None), (5, {}, 5), (None, {"aime": 7}, 7), (5, {"aime": 7}, 5)]
)
def test_the_smaller_limit_counts(limit: int | None, limits: dict[str, int], expected: int | None) -> None:
    assert max_items_of("aime", {"max_items": limit, "max_items_by_benchmark": limits}) == expected


def test_the_announcement_says_what_runs(paper: dict[str, Any]) -> None:
    text = Study.from_config(paper).announcement()
    assert text.startswith("study v2: 5 students, 100 trainings, 122 models")
    assert "\n" not in text


@pytest.mark.slow
def test_what_the_snakefile_imports_is_light() -> None:
    modules = ("study.study", "study.local_files", "study.stage_versions", "common.seeds", "preflight.validation")
    imports = "; ".join(f"import scale_or_reason.{module}" for module in modules)
    heavy = ("polars", "numpy", "torch", "pandas", "datasets", "transformers", "vllm")
    code = f"import sys; {imports}; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_version_is_passed_on_by_a_rule(root: Path) -> None:
    rules = "".join(file.read_text() for file in (root / "workflow" / "rules").glob("*.smk"))
    for stage in STAGE_VERSIONS:
        assert re.search(rf"version_of\(.{stage}.\)", rules)
