"""What ways to answer an item are worth: majority votes, pass@k and cut thoughts, with their cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import table_from_rows
from scale_or_reason.flops.architectures import Architecture
from scale_or_reason.flops.counts import count_of, prompt_flops
from scale_or_reason.flops.exact import Decoder
from scale_or_reason.grading.votes import answer_classes, can_vote
from scale_or_reason.judging.jury import KEY
from scale_or_reason.scoring.voting import pass_at_k, vote_accuracy
from scale_or_reason.study.cells import BudgetedCell, parse_model_id

#: The columns that are read of the rule graders' verdicts and of the items.
EXTRACT_COLUMNS = [*KEY, "extracted"]
ITEM_COLUMNS = ["benchmark", "item_id", "gold", "choices", "extra"]
Items = Mapping[tuple[str, str], dict[str, Any]]


def numbers_of_votes(answers: int) -> list[int]:
    """The numbers of answers that vote: powers of two up to the number of answers per item, and that number."""
    return sorted({*(2**power for power in range(answers.bit_length())), answers})


def model_servings(
    outcomes: pl.DataFrame,
    extracts: pl.DataFrame | None,
    items: Items,
    model: Architecture | Decoder | None,
    resolved: Mapping[str, int | None] | None = None,
) -> pl.DataFrame:
    """A ``servings`` table of one model: a row per item and number of answers that vote.

    ``outcomes`` is the model's part of an ``outcomes`` table; a model with a thinking budget in its id gets the rows of
    the same model under this budget. ``resolved`` has the tokens of a percentile by benchmark. ``extracts`` has
    ``EXTRACT_COLUMNS`` of the rule graders' verdicts on its answers where an item has several; without it, and on
    benchmarks whose answers cannot be compared (:func:`~scale_or_reason.grading.votes.can_vote`), only a single answer
    has an accuracy. ``items`` are rows of the ``items`` schema by benchmark and item.

    An item's k answers share one prompt: FLOPs are those of one prefill and k mean answers (equations 4 and 6). They
    are null if the architecture is unknown. Raises :class:`StudyError` if answers have no extract or no item.
    """
    read = outcomes
    if extracts is not None:
        read = outcomes.join(extracts, on=KEY, how="left", maintain_order="left")
    rows: list[dict[str, Any]] = []
    for (benchmark, item_id), part in read.group_by("benchmark", "item_id", maintain_order=True):
        name = str(benchmark)
        key = _model(part["model_id"][0], resolved, name)
        key |= {"benchmark": name, "item_id": item_id, "answers": part.height}
        right = part["right"].to_list()
        classes = _classes(name, items, part) if part.height > 1 and extracts is not None else None
        mean_tokens = float(part["answer_tokens"].mean())  # type: ignore[arg-type]
        prefill, decoding = _flops(part, model)
        for k in numbers_of_votes(part.height):
            voted = sum(right) / len(right) if k == 1 else None
            if k > 1 and classes is not None:
                voted = vote_accuracy(classes, right, k)
            flops = None if prefill is None or decoding is None else prefill + k * decoding
            passed = pass_at_k(part.height, sum(right), k)
            values = {"accuracy": voted, "pass_at_k": passed, "answer_tokens": k * mean_tokens, "flops": flops}
            values["flops_by"] = count_of(model)
            rows.append(key | {"k": k} | values)
    return table_from_rows(rows, "servings")


def _model(model_id: str, resolved: Mapping[str, int | None] | None, benchmark: str) -> dict[str, Any]:
    """The model without its budget, and the budget."""
    model = parse_model_id(model_id)
    if not isinstance(model, BudgetedCell):
        return {"model_id": model_id, "budget": None, "percentile": None}
    percentile = model.budget.percentile
    if percentile is not None and resolved is None:
        raise AssertionError(f"the tokens of a percentile are needed: {model_id}")
    tokens = model.budget.tokens if resolved is None else resolved[benchmark]
    return {"model_id": model.cell.model_id, "budget": tokens, "percentile": percentile}


def _classes(benchmark: str, items: Items, part: pl.DataFrame) -> list[int | None] | None:
    """The classes of the answers to one item; None where they cannot be compared."""
    grader, item_id = get_benchmark(benchmark).grader, part["item_id"][0]
    if grader is None or not can_vote(grader):
        return None
    if (benchmark, item_id) not in items:
        raise StudyError(
            "an answer belongs to no item",
            found=f"{part['model_id'][0]}: {benchmark} / {item_id}",
            expected="an item of the tables given with --items",
            remedy="prepare the benchmark again, or let the model answer again",
        )
    return answer_classes(grader, items[benchmark, item_id], part["extracted"].to_list())


def _flops(part: pl.DataFrame, model: Architecture | Decoder | None) -> tuple[float | None, float | None]:
    """FLOPs of the prompt and of one answer's decoding, means over the answers to one item."""
    if model is None:
        return None, None
    prefill = float(prompt_flops(model, part["prompt_tokens"].to_numpy()).mean())
    return prefill, float(part["flops"].mean()) - prefill  # type: ignore[arg-type]
