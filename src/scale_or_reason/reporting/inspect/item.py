"""All results of a study for one benchmark item: every model's answers and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.fewshot import Example, choose_examples, few_shot_prompt
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import scan_table
from scale_or_reason.inference.requests import ThinkingMode
from scale_or_reason.judging.jury import KEY, JuryRule
from scale_or_reason.reporting.inspect.files import item_files
from scale_or_reason.study.cells import Adopted, AnyModel, BaseStudent, HybridMode, Teacher, parse_model_id
from scale_or_reason.training.chat_templates import MODE_SWITCHES, render_chat

Row = Mapping[str, Any]
#: The jury's verdict if neither yes nor no has the majority and ties are undecided.
TIE = "undecided"


@dataclass(frozen=True)
class Judged:
    """One answer with its verdicts by judge (rows of schema verdicts).

    ``decided`` is the jury's verdict: yes, no, :data:`TIE`, or unparsable if no juror has a readable verdict; None
    while a juror's verdict is missing.
    """

    row: Row
    verdicts: Mapping[str, Row]
    decided: str | None

    @property
    def truncated(self) -> bool:
        """Whether it was truncated at the length limit."""
        return self.row["finish_reason"] == "length"


@dataclass(frozen=True)
class ModelView:
    """A model's answers to the item, one per sample; empty if there are none yet.

    ``waiting_for``: the judges whose verdict on an answer is missing.
    """

    model: AnyModel
    answers: tuple[Judged, ...]
    waiting_for: tuple[str, ...]

    @property
    def model_id(self) -> str:
        return self.model.model_id


@dataclass(frozen=True)
class Prompt:
    """The prompt for some models; ``text`` is None if it is not known yet."""

    how: str
    text: str | None


@dataclass(frozen=True)
class Readers:
    """The judges whose verdicts are shown, and the ``jurors`` and rule of the jury."""

    judges: tuple[str, ...]
    jurors: tuple[str, ...]
    jury: JuryRule


def model_view(results: Path, model_id: str, item: Row, readers: Readers) -> ModelView:
    """A model's answers to ``item`` (schema items) in ``results``, and the verdicts on them."""
    answers, *judged = (
        _rows(file, "answers" if number == 0 else "verdicts", item["item_id"])
        for number, file in enumerate(item_files(results, item["benchmark"], [model_id], readers.judges))
    )
    verdicts = dict(zip(readers.judges, judged, strict=True))
    views = []
    for answer in answers:
        own = {judge: row for judge, rows in verdicts.items() for row in rows if row["sample"] == answer["sample"]}
        views.append(Judged(answer, own, _decided(own, readers)))
    missing = [judge for judge in readers.judges if any(judge not in answer.verdicts for answer in views)]
    return ModelView(parse_model_id(model_id), tuple(views), tuple(missing))


def prompts(
    item: Row,
    models: Sequence[AnyModel],
    *,
    templates: Mapping[str, str],
    modes: Mapping[str, Mapping[str, Any]],
    pool: Sequence[Example] | None,
    seed: int,
) -> list[Prompt]:
    """The distinct prompts of ``models`` for ``item``.

    ``templates``: the chat template of each student. ``modes``: the teacher's thinking mode by format. ``pool``: the
    benchmark's few-shot examples, None if they do not exist yet. ``seed``: the study's seed.
    """
    found = []
    for model in models:
        if isinstance(model, BaseStudent):
            count = get_benchmark(item["benchmark"]).examples_shown(model.shots)
            text = _few_shot(item, count, pool, seed)
            found.append(Prompt(f"base students, {numbered(count, 'example')}, no chat template", text))
        elif isinstance(model, Teacher):
            found.append(
                Prompt(f"the teacher, {model.format}", _teacher_messages(item["prompt"], modes.get(model.format, {})))
            )
        elif isinstance(model, Adopted):
            found.append(Prompt("adopted models, each in its own chat format", item["prompt"]))
        else:
            template = templates[model.student]
            kind, suffix = "trained students", ""
            if isinstance(model, HybridMode):
                kind, suffix = f"hybrid students, {model.mode}", MODE_SWITCHES[template].suffixes[model.format]
            chat = render_chat(template, [{"role": "user", "content": item["prompt"] + suffix}])
            found.append(Prompt(f"{kind}, chat template {template}", chat))
    return list(dict.fromkeys(found))


def numbered(count: int, thing: str) -> str:
    """``1 example``, ``3 examples``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _rows(file: Path, schema: str, item_id: str) -> list[dict[str, Any]]:
    """The rows of an item, by sample; empty if the table does not exist yet."""
    if not file.is_file():
        return []
    return scan_table(file, schema).filter(pl.col("item_id") == item_id).sort("sample").collect().to_dicts()


def _decided(verdicts: Mapping[str, Row], readers: Readers) -> str | None:
    if any(juror not in verdicts for juror in readers.jurors):
        return None
    columns = {name: SCHEMAS["verdicts"][name] for name in (*KEY, "judge", "verdict")}
    votes = pl.DataFrame([{name: verdicts[juror][name] for name in columns} for juror in readers.jurors], columns)
    word = readers.jury.decide(votes)["verdict"].item()
    return TIE if word == "unparsable" and (votes["verdict"] != word).any() else word


def _few_shot(item: Row, count: int, pool: Sequence[Example] | None, seed: int) -> str | None:
    if count and pool is None:
        return None
    benchmark = item["benchmark"]
    examples = choose_examples(pool or (), count, benchmark, seed)
    return few_shot_prompt(get_benchmark(benchmark).instruction, item["question"], examples)


def _teacher_messages(prompt: str, mode: Mapping[str, Any]) -> str:
    """The messages to the teacher, and the options of its chat template."""
    settings = ThinkingMode.from_values(dict(mode), "--modes")
    options = [f"(options of its chat template: {dict(settings.template)})"] if settings.template else []
    messages = [f"{message['role']}:\n{message['content']}" for message in settings.messages(prompt)]
    return "\n\n".join([*options, *messages])
