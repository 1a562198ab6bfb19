"""The page of an item: an overview of verdicts, and all texts below."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scale_or_reason.benchmarks.instructions import ground_truth
from scale_or_reason.common.think_tags import THINK_CLOSE
from scale_or_reason.common.web_page import rendered
from scale_or_reason.common.wording import counted
from scale_or_reason.grading.extraction import final_answer
from scale_or_reason.reporting.inspect.item import TIE, Judged, ModelView, Prompt, Readers, Row, numbered
from scale_or_reason.reporting.inspect.texts import TextBlock, shortened
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import (
    CURRICULA,
    HYBRID_KINDS,
    Adaptation,
    Adopted,
    BaseStudent,
    BudgetedCell,
    Cell,
    HybridMode,
    LimitedCell,
    SampledCell,
    Teacher,
    format_ratio,
)
from scale_or_reason.study.selection import is_human


class Mark(NamedTuple):
    """A symbol with a word; ``kind`` determines its colour."""

    kind: str
    text: str


class Link(NamedTuple):
    """Marks that link to a model's answers; ``anchor`` is its id, None if there are none."""

    marks: Sequence[Mark]
    anchor: str | None
    replica: str


#: The marks of the jury's verdicts.
MARKS = {
    "yes": Mark("yes", "✓ right"),
    "no": Mark("no", "✗ wrong"),
    "unparsable": Mark("open", "? unparsable"),
    TIE: Mark("open", "= undecided"),
    "waiting": Mark("note", "… not judged"),
    "missing": Mark("note", "– no answer"),
}
_CUT, _AGAINST_RULES = Mark("open", "✂ truncated"), Mark("open", "≠ rules")
_GRADES = ("how", "strict", "lenient", "exact_match", "f1")


#: A column of a grid: rank and heading.
Column = tuple[float | tuple[float, float], str]


@dataclass(frozen=True)
class ItemPage:
    """The content of the page. ``complete``: the targets that create missing results."""

    study: str
    item: Row
    models: Sequence[ModelView]
    prompts: Sequence[Prompt]
    readers: Readers
    complete: str

    def text(self) -> str:
        """The whole page."""
        return rendered(
            "reporting/inspect/item.html.jinja",
            title=f"{self.item['benchmark']} {self.item['item_id']}",
            study=self.study,
            item=self.item,
            counts=self._counts(),
            missing=self._missing(),
            complete=self.complete,
            question=TextBlock("question", self.item["question"], is_open=True),
            gold=self._gold(),
            grids=self._grids(),
            prompts=[
                {"how": prompt.how, "text": prompt.text, "block": TextBlock(prompt.how, prompt.text or "")}
                for prompt in self.prompts
            ],
            jury=self._jury(),
            models=[self._answers(view) for view in self.models if view.answers],
        )

    def _counts(self) -> list[tuple[str, str]]:
        answers = [answer for view in self.models for answer in view.answers]
        decided = [answer for answer in answers if answer.decided]
        right = sum(answer.decided == "yes" for answer in decided)
        return [
            ("right answers", f"{right} of {len(decided)}"),
            ("truncated answers", str(sum(answer.truncated for answer in answers))),
            ("models with answers", f"{sum(bool(view.answers) for view in self.models)} of {len(self.models)}"),
        ]

    def _missing(self) -> list[tuple[str, list[str]]]:
        """Missing answers and missing verdicts: titles and model ids."""
        unanswered = [view.model_id for view in self.models if not view.answers]
        waiting = {
            judge: [view.model_id for view in self.models if judge in view.waiting_for] for judge in self.readers.judges
        }
        lines = [
            ("No answers yet", unanswered),
            *((f"Not judged yet by {judge}", ids) for judge, ids in waiting.items()),
        ]
        return [(f"{title}: {len(ids)} of {counted(len(self.models), 'model')}", ids) for title, ids in lines if ids]

    def _gold(self) -> list[list[str]]:
        item = self.item
        truth = ground_truth(item["gold"], item["choices"], json.loads(item["extra"]))
        return [
            ["", ""],
            ["gold answers", " | ".join(item["gold"]) or "none; the instructions are checked"],
            *([["ground truth for judges", truth]] if truth else []),
            *([["further input of the grader", item["extra"]]] if item["extra"] != "{}" else []),
        ]

    def _jury(self) -> str:
        jurors, rule = self.readers.jurors, self.readers.jury
        if len(jurors) == 1:
            return f"The jury is {jurors[0]} alone."
        among = "readable verdicts" if rule.majority == "readable" else "all verdicts"
        return f"The jury: the majority of {among} of {', '.join(jurors)}; ties count as {rule.tie}."

    # ---- overview of verdicts ----

    def _grids(self) -> list[tuple[str, list[str], list[tuple[str, list[list[Link]]]]]]:
        """Title, columns and rows of each grid."""
        by_kind: dict[str, list[tuple[str, Column, Link]]] = {}
        for view in self.models:
            for title, row, column in self._places(view):
                by_kind.setdefault(title, []).append((row, column, self._link(view)))
        return [(title, *_grid(entries)) for title, entries in by_kind.items()]

    def _places(self, view: ModelView) -> list[tuple[str, str, Column]]:
        """Title of the grid, row and column of a model; a training shared by several curricula appears under each."""
        model = view.model
        if isinstance(model, Teacher):
            thinks = model.format == "reasoning"
            return [("Teacher", model.student, (thinks, f"thinking {'on' if thinks else 'off'}"))]
        if isinstance(model, BaseStudent):
            return [("Base students", model.student, (model.shots, numbered(model.shots, "example")))]
        if isinstance(model, Adopted):
            return [("Adopted models", model.student, (0, "own chat format"))]
        if isinstance(model, Adaptation):
            return [("Adapted students", model.student, (0, f"{model.first} then {model.second}"))]
        if isinstance(model, LimitedCell):
            title = f"Students trained on {model.corpus}, {model.curriculum}, under other length limits"
            return [
                (title, model.student, (model.ratio, f"{_ratio(model.ratio)}, {counted(model.max_tokens, 'token')}"))
            ]
        if isinstance(model, BudgetedCell):
            title = f"Students trained on {model.corpus}, {model.curriculum}, under thinking budgets"
            return [(title, model.student, (model.ratio, f"{_ratio(model.ratio)}, {model.budget.label}"))]
        if isinstance(model, SampledCell):
            title = f"Students trained on {model.corpus}, {model.curriculum}: further answers for votes"
            return [(title, model.student, (model.ratio, f"{_ratio(model.ratio)}, up to {model.samples}"))]
        if isinstance(model, HybridMode):
            title = f"Hybrid students trained on {model.corpus}, {model.curriculum}"
            order = (model.ratio, float(HYBRID_KINDS.index(model.kind)))
            return [(title, model.student, (order, f"{_ratio(model.ratio)}, {model.mode}"))]
        if model.data_fraction != 1:
            title = f"Students trained on parts of {model.corpus}, {model.curriculum}"
            heading = f"{_ratio(model.ratio)}, {100 * model.data_fraction:.4g} % of the data"
            return [(title, model.student, ((model.ratio, model.data_fraction), heading))]
        curricula = [model.curriculum]
        if model.ratio in (0, 1):
            curricula = [name for name in CURRICULA if self._has(model.corpus, name)] or curricula
        column = (model.ratio, _ratio(model.ratio))
        return [(f"Students trained on {model.corpus}, {name}", model.student, column) for name in curricula]

    def _has(self, corpus: str, curriculum: str) -> bool:
        cells = [view.model for view in self.models if type(view.model) is Cell]
        return any((cell.corpus, cell.curriculum) == (corpus, curriculum) for cell in cells)

    def _link(self, view: ModelView) -> Link:
        seed = getattr(view.model, "seed", 0)
        replica = f" (seed {seed})" if seed else ""
        if not view.answers:
            return Link([MARKS["missing"]], None, replica)
        return Link(self._marks_of_all(view.answers), view.model_id, replica)

    def _marks_of_all(self, answers: Sequence[Judged]) -> list[Mark]:
        """The marks of a single answer, or the number of right ones among several."""
        if len(answers) == 1:
            return self._marks(answers[0])
        right = sum(answer.decided == "yes" for answer in answers)
        kind = "yes" if right == len(answers) else "open" if right else "no"
        return [Mark(kind, f"✓ {right} of {len(answers)}")]

    def _marks(self, answer: Judged) -> list[Mark]:
        marks = [MARKS[answer.decided or "waiting"]]
        if answer.truncated:
            marks.append(_CUT)
        rules = answer.verdicts.get(RULE_GRADERS)
        if rules and self.readers.jurors != (RULE_GRADERS,) and answer.decided in ("yes", "no"):
            marks += [_AGAINST_RULES] if (answer.decided == "yes") != (rules["verdict"] == "yes") else []
        return marks

    # ---- answers and replies ----

    def _answers(self, view: ModelView) -> dict[str, Any]:
        return {
            "marks": self._marks_of_all(view.answers),
            "model_id": view.model_id,
            "answers": [self._answer(answer, len(view.answers) > 1) for answer in view.answers],
        }

    def _answer(self, answer: Judged, many: bool) -> dict[str, Any]:
        row = answer.row
        end = "truncated at the length limit" if answer.truncated else f"finish reason {row['finish_reason']}"
        with_jury = self.readers.jurors != (RULE_GRADERS,)
        return {
            "sample": row["sample"] if many else None,
            "marks": self._marks(answer),
            "length": f"{counted(row['prompt_tokens'], 'prompt token')}, "
            f"{counted(row['answer_tokens'], 'answer token')}, {end}",
            "texts": _texts_of(row["answer"]),
            "verdicts": _verdicts(answer, with_jury),
            "sums": int(with_jury),
            "words": [words for judge, verdict in answer.verdicts.items() for words in _words(judge, verdict)],
        }


def _verdicts(answer: Judged, with_jury: bool) -> list[list[str]]:
    """The table of verdicts with its heading; with ``with_jury`` the jury has its own row."""
    rows = [["judge", "verdict", "extracted answer", "prompt tokens", "reply tokens"]]
    for judge, row in answer.verdicts.items():
        tokens = [f"{row[name] or 0:,}" for name in ("judge_prompt_tokens", "judge_tokens")]
        read = "–" if row["extracted"] is None else shortened(row["extracted"])
        rows.append([judge, row["verdict"], read, *(["", ""] if judge == RULE_GRADERS else tokens)])
    if with_jury:
        rows.append(["jury", answer.decided or "waiting for a juror", "", "", ""])
    return rows


def _grid(entries: Iterable[tuple[str, Column, Link]]) -> tuple[list[str], list[tuple[str, list[list[Link]]]]]:
    """Headings of the columns; names and cells of the rows."""
    cells: dict[tuple[str, Column], list[Link]] = {}
    for row, column, link in entries:
        cells.setdefault((row, column), []).append(link)
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = sorted(dict.fromkeys(column for _, column in cells), key=lambda column: column[0])
    return [name for _, name in columns], [(row, [cells.get((row, column), []) for column in columns]) for row in rows]


def _ratio(ratio: float) -> str:
    names = {"0": " (IFT)", "1": " (reasoning)"}
    spelled = format_ratio(ratio)
    return f"ρ = {spelled}{names.get(spelled, '')}"


def _texts_of(answer: str) -> list[TextBlock]:
    """Reasoning and final answer as separate blocks; unfinished reasoning is a single block."""
    final = final_answer(answer)
    if final is None:
        return [TextBlock("unfinished reasoning", answer)]
    if THINK_CLOSE not in answer:
        return [TextBlock("answer", answer, is_open=True)]
    reasoning = answer[: answer.rindex(THINK_CLOSE) + len(THINK_CLOSE)]
    return [TextBlock("reasoning", reasoning), TextBlock("answer", final, is_open=True)]


def _words(judge: str, row: Row) -> list[str | TextBlock]:
    """A judge's replies as texts, or the rule graders' measures as a note."""
    if judge == RULE_GRADERS:
        measured = [f"{name}: {row[name]}" for name in _GRADES if row[name] is not None]
        note = [f"note: {row['reply']}"] if row["reply"] else []
        return [f"{RULE_GRADERS}: {'; '.join([*measured, *note])}"]
    if is_human(judge):
        return [f"{judge}: {row['reply'] or 'no label'}"]
    if not row["judge_tokens"] and not row["reply"]:
        return [f"{judge} was skipped: the answer is empty without its reasoning."]
    steps = [("extraction", "the extraction step"), ("reply", "the verdict step")]
    return [
        TextBlock(f"{judge}, raw reply in {step}", row[column]) for column, step in steps if row[column] is not None
    ]
