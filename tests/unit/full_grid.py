"""Tables of a made-up study with the paper's whole grid: what figures are looked at and tested with.

Numbers follow plain laws with a little fixed noise: accuracy rises with size, reasoning gains most on open-ended and
math tasks, answers grow with the reasoning ratio, in mixed training abruptly above a half.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from scale_or_reason.common.intervals import mid_p_interval
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.reporting.figures.results import Results
from scale_or_reason.study.cells import Adaptation, AnyModel, BaseStudent, Cell, Teacher

SIZES = {"Qwen2.5-0.5B": 0.5, "Qwen2.5-1.5B": 1.5, "Qwen2.5-3B": 3.0, "Qwen2.5-7B": 7.0, "Qwen2.5-14B": 14.0}
FAMILIES = {
    "General-MC": ("winogrande", "openbookqa", "mmlu_misc"),
    "General-OE": ("squad", "coqa", "ifeval"),
    "Math-MC": ("aqua_rat", "mmlu_math", "mmlu_pro_math"),
    "Math-OE": ("gsm8k", "math_500", "aime"),
    "Law": ("mmlu_pro_law", "consumer_qa"),
    "Code": ("mmlu_pro_code", "c_code_summarization"),
    "Physics": ("mmlu_pro_physics", "scibench"),
}
CORPORA, RATIOS, CURRICULA = ("general", "math"), (0.0, 0.25, 0.5, 0.75, 1.0), ("seq", "mix")
ADAPTATIONS = ("ift-then-ift", "ift-then-reasoning", "reasoning-then-ift", "reasoning-then-reasoning")
SHOTS, LIMITED, LIMITS = (0, 1, 3, 5), ("mmlu_math", "math_500", "aime"), (16384, 32768)
#: Accuracy of IFT at 1B, gain per factor of e in size, gain by reasoning at 3B, its growth, IFT tokens, token factor.
_FAMILY = {
    "General-MC": (0.58, 0.09, 0.03, 0.04, 60, 12),
    "General-OE": (0.35, 0.10, 0.10, 0.01, 110, 7),
    "Math-MC": (0.38, 0.13, 0.12, 0.05, 350, 11),
    "Math-OE": (0.22, 0.11, 0.16, 0.06, 420, 8),
    "Law": (0.30, 0.07, 0.02, 0.02, 150, 8),
    "Code": (0.32, 0.08, 0.06, 0.03, 260, 9),
    "Physics": (0.20, 0.09, 0.10, 0.05, 400, 9),
}
_ITEMS = {"aime": 30, "scibench": 80, "mmlu_pro_code": 400}


def models() -> Iterator[AnyModel]:
    """Everything that the paper's study evaluates."""
    for corpus, student, curriculum, ratio in product(CORPORA, SIZES, CURRICULA, RATIOS):
        if curriculum == "seq" or ratio not in (0, 1):
            yield Cell(corpus, student, curriculum, ratio)
    for student, name in product(SIZES, ADAPTATIONS):
        yield Adaptation(student, *name.split("-then-"))
    yield from (BaseStudent(student, shots) for student, shots in product(SIZES, SHOTS))
    yield from (Teacher("teacher", name) for name in ("ift", "reasoning"))


@functools.cache
def results() -> Results:
    """The whole study. Made once: don't change it."""
    cells = [
        (model, family, benchmark, *_measured(model, family, benchmark))
        for model in models()
        for family, benchmarks in FAMILIES.items()
        for benchmark in benchmarks
    ]
    tables = {
        "scores": _scores(cells),
        "costs": _costs(cells),
        "answer_lengths": _lengths(cells),
        "early_stopping": _stopped(cells),
        "length_limits": _limited(cells),
        "test_time": _servings(cells),
    }
    study: dict[str, Any] = {
        "sizes": SIZES,
        "families": FAMILIES,
        "corpora": CORPORA,
        "ratios": RATIOS,
        "curricula": CURRICULA,
        "adaptations": ADAPTATIONS,
        "adaptation_corpora": {"from": "general", "to": "math"},
        "base_shots": SHOTS,
        "limits": LIMITS,
        "limited_benchmarks": LIMITED,
    }
    return Results(tables=tables, **study)


@functools.cache
def small_results() -> Results:
    """Three students and three families of two benchmarks, for tests that draw much. Made once: don't change it."""
    whole = results()
    sizes = dict(list(SIZES.items())[:3])
    families = {"General-MC": ("winogrande", "mmlu_misc"), "Math-OE": ("math_500", "aime"), "Law": FAMILIES["Law"]}
    benchmarks = [name for names in families.values() for name in names]
    ours = pl.col("student").is_in([*sizes, "teacher"])
    asked = pl.col("benchmark").is_null() | pl.col("benchmark").is_in(benchmarks)
    tables = {name: table.filter(ours & asked) for name, table in whole.tables.items()}
    limited = ("math_500", "aime")
    return replace(whole, tables=tables, sizes=sizes, families=families, limited_benchmarks=limited)


def _noise(*names: object) -> float:
    """A fixed number around zero for each name."""
    return float(np.random.default_rng(list("".join(map(str, names)).encode())).normal())


def _reasoning(model: AnyModel) -> float:
    """How far a model answers with reasoning, from 0 to 1."""
    if isinstance(model, Cell):
        if model.curriculum == "mix":
            return {0.25: 0.04, 0.5: 0.15}.get(model.ratio, 0.9)
        return {0.0: 0.0, 0.25: 0.75, 0.5: 0.85, 0.75: 0.95}.get(model.ratio, 1.0)
    if isinstance(model, Adaptation):
        return 1.0 if model.second == "reasoning" else 0.1 * (model.first == "reasoning")
    return float(isinstance(model, Teacher) and model.format == "reasoning")


def _measured(model: AnyModel, family: str, benchmark: str) -> tuple[float, float]:
    """Accuracy, and mean tokens of an answer."""
    start, slope, gain, growth, tokens, factor = _FAMILY[family]
    size = 300.0 if isinstance(model, Teacher) else SIZES[model.student]
    share = _reasoning(model)
    accuracy = start + slope * np.log(size) + 0.09 * _noise(benchmark)
    accuracy += share * (gain + growth * np.log(size / 3)) + 0.012 * _noise(model.model_id, benchmark)
    if isinstance(model, BaseStudent):
        accuracy -= 0.14 / (1 + model.shots)
    if getattr(model, "corpus", None) == "math" or isinstance(model, Adaptation):
        accuracy += 0.03 if family.startswith("Math") else -0.05
    if benchmark == "aime":
        accuracy = max(accuracy - 0.35, 0.0)
    tokens = tokens * size**-0.05 * np.exp(0.5 * _noise("tokens", benchmark))
    tokens *= (factor * np.exp(0.2 * _noise("factor", benchmark) - 0.05 * np.log(size))) ** share
    return float(np.clip(accuracy, 0.0, 0.97)), float(tokens)


def _interval(benchmark: str, accuracy: float) -> dict[str, float]:
    low, high = mid_p_interval(accuracy, _ITEMS.get(benchmark, 1000))
    return {"accuracy": accuracy, "ci_low": float(low), "ci_high": float(high)}


def _scores(cells: list[tuple]) -> pl.DataFrame:
    rows = []
    for model, family, benchmark, accuracy, tokens in cells:
        place = {"benchmark": benchmark, "family": family, "n": _ITEMS.get(benchmark, 1000)}
        counts = {"answer_tokens_mean": tokens, "truncated": 0, "unparsable": 0}
        rows.append(model.columns() | place | _interval(benchmark, accuracy) | counts)
    return table_from_rows(rows, "scores")


def _flops(model: AnyModel, tokens: float) -> float:
    return 2e9 * SIZES.get(getattr(model, "student", ""), 22.0) * (150 + tokens)


def _costs(cells: list[tuple]) -> pl.DataFrame:
    rows = []
    for model in {cell[0].model_id: cell[0] for cell in cells}.values():
        if isinstance(model, Cell | Adaptation):
            ratio = model.ratio if isinstance(model, Cell) else 0.5
            flops = 6e9 * SIZES[model.student] * 1.3e6 * (500 + 3500 * ratio)
            rows.append(model.columns() | {"stage": "training", "sequences": 1, "flops": flops})
    for model, family, benchmark, _, tokens in cells:
        place = {"stage": "evaluation", "benchmark": benchmark, "family": family, "sequences": 100}
        rows.append(model.columns() | place | {"flops": 100 * _flops(model, tokens)})
    return table_from_rows(rows, "costs")


def _lengths(cells: list[tuple]) -> pl.DataFrame:
    rows = []
    for model, family, benchmark, accuracy, tokens in cells:
        for right, factor in ((True, 0.8), (False, 1.4)):
            share = accuracy if right else 1 - accuracy
            if share > 0:
                place = {"benchmark": benchmark, "family": family, "right": right, "answers": int(1000 * share)}
                rows.append(model.columns() | place | {"answer_tokens_mean": factor * tokens})
    return table_from_rows(rows, "answer_lengths")


def _stopped(cells: list[tuple]) -> pl.DataFrame:
    rows = []
    for model, family, benchmark, accuracy, tokens in cells:
        for percentile, kept, length in ((0, 0.0, 0.2), (25, 0.3, 0.5), (50, 0.58, 0.7), (75, 0.84, 0.85), (100, 1, 1)):
            stop = {"percentile": percentile, "max_tokens": int(tokens * length), "accuracy": accuracy * kept}
            place = {"benchmark": benchmark, "family": family, "flops": _flops(model, length * tokens)}
            rows.append(model.columns() | place | stop)
    return table_from_rows(rows, "early_stopping")


def _limited(cells: list[tuple]) -> pl.DataFrame:
    rows = []
    for model, family, benchmark, accuracy, tokens in cells:
        if benchmark in LIMITED and isinstance(model, Cell) and model.ratio in (0, 1):
            for limit in LIMITS:
                more = 0.04 * model.ratio * (limit == LIMITS[1])
                place = {"benchmark": benchmark, "family": family, "max_tokens": limit, "n": 1000}
                measured = _interval(benchmark, min(accuracy + more, 0.97))
                rows.append(model.columns() | place | measured | {"answer_tokens_mean": tokens})
    return table_from_rows(rows, "length_limits")


def _servings(cells: list[tuple]) -> pl.DataFrame:
    """Votes of all students of one format in mathematics, and budgets of those that think."""
    rows = []
    families = [(model, name) for model in models() if type(model) is Cell for name in ("Math-MC", "Math-OE")]
    for model, family in families:
        own = [cell for cell in cells if cell[0] == model and cell[1] == family]
        if not own or model.ratio not in (0, 1):
            continue
        accuracy, tokens = (float(np.mean([cell[place] for cell in own])) for place in (3, 4))
        key = model.columns() | {"family": family, "benchmark": None, "size_b": SIZES[model.student], "seeds": 1}
        ways = [("single" if k == 1 else f"vote@{k}", None, k, 1 + 0.06 * np.log2(k), 1.0) for k in (1, 2, 4, 8)]
        if model.ratio:
            ways += [(f"budget-{n}", n, 1, share, share) for n, share in ((1024, 0.5), (4096, 0.85))]
        for serving, budget, k, gain, length in ways:
            low, high = mid_p_interval(min(0.97, accuracy * gain), 800)
            estimate = {
                "accuracy": min(0.97, accuracy * gain),
                "accuracy_low": float(low),
                "accuracy_high": float(high),
            }
            flops = {"answer_tokens": k * length * tokens, "inference_flops": _flops(model, k * length * tokens)}
            rows.append(key | {"serving": serving, "budget": budget, "k": k} | estimate | flops)
    return table_from_rows([{name: row.get(name) for name in SCHEMAS["test_time"]} for row in rows], "test_time")
