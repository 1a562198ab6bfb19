"""The view of an item as a page: who is right at a glance, and below it every word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scale_or_reason.benchmarks.instructions import ground_truth
from scale_or_reason.common.web_page import rendered
from scale_or_reason.grading.extraction import THINK_CLOSE, final_answer
from scale_or_reason.reporting.inspect.item import TIE, Judged, ModelView, Prompt, Readers, Row, numbered
from scale_or_reason.reporting.inspect.texts import TextBlock, shortened
from scale_or_reason.study.cells import CURRICULA, Adaptation, BaseStudent, Cell, LimitedCell, Teacher, format_ratio
from scale_or_reason.study.study import RULE_GRADERS


class Mark(NamedTuple):
    """A sign with a word; the colour of its ``kind`` only repeats them."""

    kind: str
    text: str


class Link(NamedTuple):
    """Marks that lead to a model's answers; ``anchor`` is None where there are none."""

    marks: Sequence[Mark]
    anchor: int | None
    replica: str


#: What the jury says.
MARKS = {
    "yes": Mark("yes", "✓ right"),
    "no": Mark("no", "✗ wrong"),
    "unparsable": Mark("open", "? unparsable"),
    TIE: Mark("open", "= undecided"),
    "waiting": Mark("note", "… not judged"),
    "missing": Mark("note", "– no answer"),
}
_CUT, _AGAINST_RULES = Mark("open", "✂ cut"), Mark("open", "≠ rules")
_GRADES = ("how", "strict", "lenient", "exact_match", "f1")


#: Of a grid: a rank, and the heading.
Column = tuple[float, str]


@dataclass(frozen=True)
class ItemPage:
    """What the page is made of. ``complete``: the targets that make what is missing."""

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
            models=[self._answers(number, view) for number, view in enumerate(self.models) if view.answers],
        )

    def _counts(self) -> list[tuple[str, str]]:
        answers = [answer for view in self.models for answer in view.answers]
        decided = [answer for answer in answers if answer.decided]
        right = sum(answer.decided == "yes" for answer in decided)
        return [
            ("answers are right", f"{right} of {len(decided)}"),
            ("were cut short", str(sum(answer.truncated for answer in answers))),
            ("models have answered", f"{sum(bool(view.answers) for view in self.models)} of {len(self.models)}"),
        ]

    def _missing(self) -> list[tuple[str, list[str]]]:
        """Who has not answered, and who has not judged: titles and model ids."""
        silent = [view.model_id for view in self.models if not view.answers]
        waiting = {
            judge: [view.model_id for view in self.models if judge in view.waiting_for] for judge in self.readers.judges
        }
        lines = [("No answers yet", silent), *((f"Not judged yet by {judge}", ids) for judge, ids in waiting.items())]
        return [(f"{title}: {len(ids)} of {len(self.models)} models", ids) for title, ids in lines if ids]

    def _gold(self) -> list[list[str]]:
        item = self.item
        truth = ground_truth(item["gold"], item["choices"], json.loads(item["extra"]))
        return [
            ["", ""],
            ["gold answers", " | ".join(item["gold"]) or "none: its instructions are checked"],
            *([["what judges are told is true", truth]] if truth else []),
            *([["its grader also needs", item["extra"]]] if item["extra"] != "{}" else []),
        ]

    def _jury(self) -> str:
        jurors, rule = self.readers.jurors, self.readers.jury
        if len(jurors) == 1:
            return f"{jurors[0]} decides."
        among = "those that can be read" if rule.majority == "readable" else "all"
        return f"The jury: the majority of {among} of {', '.join(jurors)}; a tie is {rule.tie}."

    # ---- who is right ----

    def _grids(self) -> list[tuple[str, list[str], list[tuple[str, list[list[Link]]]]]]:
        """Title, columns and rows of each."""
        by_kind: dict[str, list[tuple[str, Column, Link]]] = {}
        for number, view in enumerate(self.models):
            for title, row, column in self._places(view):
                by_kind.setdefault(title, []).append((row, column, self._link(number, view)))
        return [(title, *_grid(entries)) for title, entries in by_kind.items()]

    def _places(self, view: ModelView) -> list[tuple[str, str, Column]]:
        """Title of the grid, row and column of a model; a training that both curricula share has two places."""
        model = view.model
        if isinstance(model, Teacher):
            thinks = model.format == "reasoning"
            return [("Teacher", model.student, (thinks, f"thinking {'on' if thinks else 'off'}"))]
        if isinstance(model, BaseStudent):
            return [("Base students", model.student, (model.shots, numbered(model.shots, "example")))]
        if isinstance(model, Adaptation):
            return [("Adapted students", model.student, (0, f"{model.first} then {model.second}"))]
        if isinstance(model, LimitedCell):
            title = (
                f"Students taught on {model.corpus}, {model.curriculum}, under other limits on the length of answers"
            )
            return [(title, model.student, (model.ratio, f"{_ratio(model.ratio)}, {model.max_tokens} tokens"))]
        curricula = [model.curriculum]
        if model.ratio in (0, 1):
            curricula = [name for name in CURRICULA if self._has(model.corpus, name)] or curricula
        column = (model.ratio, _ratio(model.ratio))
        return [(f"Students taught on {model.corpus}, {name}", model.student, column) for name in curricula]

    def _has(self, corpus: str, curriculum: str) -> bool:
        cells = [view.model for view in self.models if type(view.model) is Cell]
        return any((cell.corpus, cell.curriculum) == (corpus, curriculum) for cell in cells)

    def _link(self, number: int, view: ModelView) -> Link:
        seed = getattr(view.model, "seed", 0)
        replica = f" (seed {seed})" if seed else ""
        if not view.answers:
            return Link([MARKS["missing"]], None, replica)
        return Link(self._marks_of_all(view.answers), number, replica)

    def _marks_of_all(self, answers: Sequence[Judged]) -> list[Mark]:
        """Of one answer its marks, of several how many are right."""
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

    # ---- every word ----

    def _answers(self, number: int, view: ModelView) -> dict[str, Any]:
        return {
            "anchor": number,
            "marks": self._marks_of_all(view.answers),
            "model_id": view.model_id,
            "answers": [self._answer(answer, len(view.answers) > 1) for answer in view.answers],
        }

    def _answer(self, answer: Judged, many: bool) -> dict[str, Any]:
        row = answer.row
        end = "cut short by the limit on its length" if answer.truncated else f"finish reason {row['finish_reason']}"
        own_word = self.readers.jurors != (RULE_GRADERS,)
        return {
            "sample": row["sample"] if many else None,
            "marks": self._marks(answer),
            "length": f"{row['prompt_tokens']:,} tokens of prompt, {row['answer_tokens']:,} of answer, {end}",
            "texts": _texts_of(row["answer"]),
            "verdicts": _verdicts(answer, own_word),
            "sums": int(own_word),
            "words": [words for judge, verdict in answer.verdicts.items() for words in _words(judge, verdict)],
        }


def _verdicts(answer: Judged, own_word: bool) -> list[list[str]]:
    """The table of who says what, with its heading; with ``own_word`` the jury has a row of its own."""
    rows = [["who", "says", "the final answer it read", "tokens read", "tokens written"]]
    for judge, row in answer.verdicts.items():
        tokens = [f"{row[name] or 0:,}" for name in ("judge_prompt_tokens", "judge_tokens")]
        read = "–" if row["extracted"] is None else shortened(row["extracted"])
        rows.append([judge, row["verdict"], read, *(["", ""] if judge == RULE_GRADERS else tokens)])
    if own_word:
        rows.append(["the jury", answer.decided or "waits for a juror", "", "", ""])
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
    """Reasoning and what follows it, each on its own; an answer whose reasoning never ends is reasoning alone."""
    final = final_answer(answer)
    if final is None:
        return [TextBlock("reasoning that never ends", answer)]
    if THINK_CLOSE not in answer:
        return [TextBlock("answer", answer, is_open=True)]
    reasoning = answer[: answer.rindex(THINK_CLOSE) + len(THINK_CLOSE)]
    return [TextBlock("reasoning", reasoning), TextBlock("answer", final, is_open=True)]


def _words(judge: str, row: Row) -> list[str | TextBlock]:
    """What a judge has written, or what the rule graders measured: a note, or texts."""
    if judge == RULE_GRADERS:
        measured = [f"{name}: {row[name]}" for name in _GRADES if row[name] is not None]
        note = [f"note: {row['reply']}"] if row["reply"] else []
        return [f"{RULE_GRADERS}: {'; '.join([*measured, *note])}"]
    if not row["judge_tokens"] and not row["reply"]:
        return [f"{judge} was not asked: nothing is left of the answer without its reasoning."]
    steps = [("extraction", "the step that reads the final answer"), ("reply", "the step that gives the verdict")]
    return [
        TextBlock(f"{judge}, raw reply in {step}", row[column]) for column, step in steps if row[column] is not None
    ]
