"""The view of an item as a page: who is right at a glance, and below it every word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scale_or_reason.benchmarks.instructions import ground_truth
from scale_or_reason.common.web_page import Html, document, facts, html, table
from scale_or_reason.grading.extraction import THINK_CLOSE, final_answer
from scale_or_reason.reporting.inspect.item import TIE, Judged, ModelView, Prompt, Readers, Row, numbered
from scale_or_reason.reporting.inspect.texts import STYLE, shortened, text_block
from scale_or_reason.study.cells import CURRICULA, Adaptation, BaseStudent, Cell, LimitedCell, Teacher, format_ratio
from scale_or_reason.study.study import RULE_GRADERS

#: Sign and word for what the jury says; the colour only repeats them.
MARKS = {
    "yes": Html('<span class="yes">✓ right</span>'),
    "no": Html('<span class="no">✗ wrong</span>'),
    "unparsable": Html('<span class="open">? unparsable</span>'),
    TIE: Html('<span class="open">= undecided</span>'),
    "waiting": Html('<span class="note">… not judged</span>'),
    "missing": Html('<span class="note">– no answer</span>'),
}
_CUT, _AGAINST_RULES = Html('<span class="open">✂ cut</span>'), Html('<span class="open">≠ rules</span>')
_LEGEND = (
    "✓ right and ✗ wrong by the jury; ? no juror's reply could be read; = the jurors do not agree; ✂ the limit cut the "
    "answer short; ≠ the rule graders say otherwise; … not judged yet; – no answers yet. Each mark leads to its answer."
)
_STEPS = "Of each step of a judge the last reply is kept; the tokens are those of all tries."
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
        name = f"{self.item['benchmark']} {self.item['item_id']}"
        sections = [
            f"<h1>Item {html(self.item['item_id'])} of {html(self.item['benchmark'])}</h1>",
            f'<p class="note">All that the study {html(self.study)} has about it.</p>',
            facts(self._counts()),
            *self._missing(),
            *self._question(),
            '<h2 id="who">Who is right</h2>',
            f'<p class="note">{html(_LEGEND)}</p>',
            *self._grids(),
            "<h2>What models are sent</h2>",
            *(self._prompt(prompt) for prompt in self.prompts),
            "<h2>Answers</h2>",
            f'<p class="note">{html(self._jury())} {_STEPS}</p>',
            *(self._answers(view) for view in self.models if view.answers),
        ]
        return document(name, sections, STYLE)

    def _counts(self) -> list[tuple[str, str]]:
        answers = [answer for view in self.models for answer in view.answers]
        decided = [answer for answer in answers if answer.decided]
        right = sum(answer.decided == "yes" for answer in decided)
        return [
            ("answers are right", f"{right} of {len(decided)}"),
            ("were cut short", str(sum(answer.truncated for answer in answers))),
            ("models have answered", f"{sum(bool(view.answers) for view in self.models)} of {len(self.models)}"),
        ]

    def _missing(self) -> list[str]:
        """Who has not answered, and who has not judged."""
        silent = [view.model_id for view in self.models if not view.answers]
        waiting = {
            judge: [view.model_id for view in self.models if judge in view.waiting_for] for judge in self.readers.judges
        }
        lines = [("No answers yet", silent), *((f"Not judged yet by {judge}", ids) for judge, ids in waiting.items())]
        told = [_listing(f"{title}: {len(ids)} of {len(self.models)} models", ids) for title, ids in lines if ids]
        command = f"<code>snakemake -- {html(self.complete)}</code>"
        remedy = f"<p>{command}, with your profile and overlays, makes all of it; then ask for this page again.</p>"
        return [f'<div class="missing">{"".join(told)}{remedy}</div>'] if told else []

    def _question(self) -> list[str]:
        item = self.item
        truth = ground_truth(item["gold"], item["choices"], json.loads(item["extra"]))
        rows = [
            ["gold answers", " | ".join(item["gold"]) or "none: its instructions are checked"],
            *([["what judges are told is true", truth]] if truth else []),
            *([["its grader also needs", item["extra"]]] if item["extra"] != "{}" else []),
        ]
        shown = table([["", ""], *rows], text_columns=2)
        return ["<h2>Question</h2>", text_block("question", item["question"], is_open=True), shown]

    def _jury(self) -> str:
        jurors, rule = self.readers.jurors, self.readers.jury
        if len(jurors) == 1:
            return f"{jurors[0]} decides."
        among = "those that can be read" if rule.majority == "readable" else "all"
        return f"The jury: the majority of {among} of {', '.join(jurors)}; a tie is {rule.tie}."

    # ---- who is right ----

    def _grids(self) -> list[str]:
        numbered = [(view, self._link(number, view)) for number, view in enumerate(self.models)]
        by_kind: dict[str, list[tuple[str, Column, Html]]] = {}
        for view, link in numbered:
            for title, row, column in self._places(view):
                by_kind.setdefault(title, []).append((row, column, link))
        return [f"<h3>{html(title)}</h3>{_grid(entries)}" for title, entries in by_kind.items()]

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

    def _link(self, number: int, view: ModelView) -> Html:
        seed = getattr(view.model, "seed", 0)
        replica = f" (seed {seed})" if seed else ""
        if not view.answers:
            return Html(MARKS["missing"] + replica)
        mark = self._mark(view.answers[0]) if len(view.answers) == 1 else _summary(view.answers)
        return Html(f'<a href="#m{number}">{mark}</a>{replica}')

    def _mark(self, answer: Judged) -> Html:
        marks = [MARKS[answer.decided or "waiting"]]
        if answer.truncated:
            marks.append(_CUT)
        rules = answer.verdicts.get(RULE_GRADERS)
        if rules and self.readers.jurors != (RULE_GRADERS,) and answer.decided in ("yes", "no"):
            marks += [_AGAINST_RULES] if (answer.decided == "yes") != (rules["verdict"] == "yes") else []
        return Html(" ".join(marks))

    # ---- every word ----

    def _prompt(self, prompt: Prompt) -> str:
        if prompt.text is None:
            return f"<p>{html(prompt.how)}: nobody has set the examples aside yet.</p>"
        return text_block(prompt.how, prompt.text)

    def _answers(self, view: ModelView) -> str:
        number = self.models.index(view)
        many = len(view.answers) > 1
        mark = _summary(view.answers) if many else self._mark(view.answers[0])
        name = f'<code>{html(view.model_id)}</code> <a href="#who" class="note">overview</a>'
        return f'<h3 id="m{number}">{mark} {name}</h3>' + "".join(self._answer(answer, many) for answer in view.answers)

    def _answer(self, answer: Judged, many: bool) -> str:
        row = answer.row
        end = "cut short by the limit on its length" if answer.truncated else f"finish reason {row['finish_reason']}"
        sample = f"Sample {row['sample']}: {self._mark(answer)} · " if many else ""
        line = f"{row['prompt_tokens']:,} tokens of prompt, {row['answer_tokens']:,} of answer, {end}"
        return f'<p class="note">{sample}{html(line)}</p>{_text_of(row["answer"])}{self._verdicts(answer)}'

    def _verdicts(self, answer: Judged) -> str:
        decided = answer.decided or "waits for a juror"
        heading = ["who", "says", "the final answer it read", "tokens read", "tokens written"]
        rows = [heading]
        for judge, row in answer.verdicts.items():
            tokens = [f"{row[name] or 0:,}" for name in ("judge_prompt_tokens", "judge_tokens")]
            read = "–" if row["extracted"] is None else shortened(row["extracted"])
            rows.append([judge, row["verdict"], read, *(["", ""] if judge == RULE_GRADERS else tokens)])
        own_word = [] if self.readers.jurors == (RULE_GRADERS,) else [["the jury", decided, "", "", ""]]
        details = "".join(_words(judge, row) for judge, row in answer.verdicts.items())
        return table([*rows, *own_word], sums=len(own_word), text_columns=3) + details


def _summary(answers: Sequence[Judged]) -> Html:
    right = sum(answer.decided == "yes" for answer in answers)
    sign = "yes" if right == len(answers) else "open" if right else "no"
    return Html(f'<span class="{sign}">✓ {right} of {len(answers)}</span>')


def _grid(entries: Iterable[tuple[str, Column, Html]]) -> str:
    cells: dict[tuple[str, Column], list[Html]] = {}
    for row, column, mark in entries:
        cells.setdefault((row, column), []).append(mark)
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = sorted(dict.fromkeys(column for _, column in cells), key=lambda column: column[0])
    body = [[row, *(Html("<br>".join(cells.get((row, column), []))) for column in columns)] for row in rows]
    return table([["", *(name for _, name in columns)], *body], text_columns=1 + len(columns))


def _ratio(ratio: float) -> str:
    names = {"0": " (IFT)", "1": " (reasoning)"}
    spelled = format_ratio(ratio)
    return f"ρ = {spelled}{names.get(spelled, '')}"


def _listing(title: str, ids: Sequence[str]) -> str:
    return f"<details><summary>{html(title)}</summary><p>{'<br>'.join(map(html, ids))}</p></details>"


def _text_of(answer: str) -> str:
    """Reasoning and what follows it, each on its own; an answer whose reasoning never ends is reasoning alone."""
    final = final_answer(answer)
    if final is None:
        return text_block("reasoning that never ends", answer)
    if THINK_CLOSE not in answer:
        return text_block("answer", answer, is_open=True)
    reasoning = answer[: answer.rindex(THINK_CLOSE) + len(THINK_CLOSE)]
    return text_block("reasoning", reasoning) + text_block("answer", final, is_open=True)


def _words(judge: str, row: Row) -> str:
    """What a judge has written, or what the rule graders measured."""
    if judge == RULE_GRADERS:
        measured = [f"{name}: {row[name]}" for name in _GRADES if row[name] is not None]
        note = [f"note: {row['reply']}"] if row["reply"] else []
        return f'<p class="note">{html(RULE_GRADERS)}: {html("; ".join([*measured, *note]))}</p>'
    if not row["judge_tokens"] and not row["reply"]:
        return f'<p class="note">{html(judge)} was not asked: nothing is left of the answer without its reasoning.</p>'
    steps = [("extraction", "the step that reads the final answer"), ("reply", "the step that gives the verdict")]
    return "".join(
        text_block(f"{judge}, raw reply in {step}", row[column]) for column, step in steps if row[column] is not None
    )
