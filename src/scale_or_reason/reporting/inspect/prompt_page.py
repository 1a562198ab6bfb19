"""The view of a training prompt as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.web_page import Html, document, facts, html, table
from scale_or_reason.data.pairs import DROP_REASONS
from scale_or_reason.reporting.inspect.names import path_name
from scale_or_reason.reporting.inspect.prompt import KEPT, NO_PAIRS, NOT_STORED, OUTDATED, PromptView
from scale_or_reason.reporting.inspect.texts import STYLE, text_block
from scale_or_reason.study.cells import FORMATS

_OUTCOMES = {
    KEPT: ("yes", "✓ kept", "Students are trained on it."),
    NO_PAIRS: ("open", "… no pairs yet", "Nobody has paired the answers of this corpus yet."),
    NOT_STORED: (
        "no",
        "✗ dropped",
        "It is not among the pairs, and its answers are not there any more: one of the reasons below is why.",
    ),
    OUTDATED: (
        "open",
        "? not among the pairs",
        "Both answers are good: they are younger than the pairs. The rule build_pairs will take it.",
    ),
}


@dataclass(frozen=True)
class PromptPage:
    """What the page is made of.

    ``audit``: the pairs' audit of the whole corpus, if there is one. ``mixtures``: those that the study wants.
    ``max_length``: tokens of a sample at most; what is longer is treated as ``overlong`` says.
    """

    study: str
    view: PromptView
    audit: Mapping[str, Any] | None
    mixtures: Sequence[str]
    max_length: int
    overlong: str

    def text(self) -> str:
        """The whole page."""
        view = self.view
        sign, outcome, meaning = _OUTCOMES.get(view.outcome, ("no", "✗ dropped", DROP_REASONS.get(view.outcome, "")))
        reason = f" ({view.outcome})" if view.outcome in DROP_REASONS else ""
        sections = [
            f"<h1>Training prompt {html(view.prompt_id)} of {html(view.corpus)}</h1>",
            f'<p class="note">All that the study {html(self.study)} has about it.</p>',
            facts(self._counts()),
            "<h2>Question</h2>",
            text_block("question", view.prompt, is_open=True),
            "<h2>Kept or dropped</h2>",
            f'<p><span class="{sign}">{html(outcome)}</span>{html(reason)}: {html(meaning)}</p>',
            *self._audit(),
            "<h2>Overlaps with benchmarks</h2>",
            *self._overlaps(),
            "<h2>The teacher's answers</h2>",
            *map(self._answer, FORMATS),
            "<h2>For students</h2>",
            *self._lengths(),
            self._mixtures(),
        ]
        return document(f"{view.corpus} {view.prompt_id}", sections, STYLE)

    def _counts(self) -> list[tuple[str, str]]:
        names = {"ift": "tokens, thinking off", "reasoning": "tokens, thinking on"}
        answers = self.view.answers
        return [(names[name], f"{answers[name]['answer_tokens']:,}") for name in FORMATS if name in answers]

    def _audit(self) -> list[str]:
        if self.audit is None:
            return []
        rows = [["reason", "pairs of the corpus"]]
        for reason, count in self.audit["reasons"].items():
            rows.append([f"{reason} ← this one" if reason == self.view.outcome else reason, f"{count:,}"])
        kept = f"{KEPT} ← this one" if self.view.outcome == KEPT else KEPT
        return [table([*rows, [kept, f"{self.audit['kept']:,}"]], sums=1)]

    def _overlaps(self) -> list[str]:
        if self.view.overlaps is None:
            return ["<p>Nobody has looked for overlaps yet.</p>"]
        if not self.view.overlaps:
            return ["<p>It shares no run of words with a benchmark's question.</p>"]
        return [
            f"<p>It shares these words with {html(row['benchmark'])}, item <code>{html(row['item_id'])}</code> "
            f"(<code>results/{html(self.study)}/inspect/items/{html(row['benchmark'])}/{path_name(row['item_id'])}.html"
            f"</code>):</p>{text_block('shared words', row['shared_words'], is_open=True)}"
            for row in self.view.overlaps
        ]

    def _answer(self, answer_format: str) -> Html:
        name = {"ift": "Thinking off (IFT)", "reasoning": "Thinking on (reasoning)"}[answer_format]
        if answer_format not in self.view.answers:
            why = "not answered yet" if self.view.outcome != NOT_STORED else "not there any more"
            return Html(f"<h3>{name}</h3><p>– {why}</p>")
        row = self.view.answers[answer_format]
        cut = " ✂ cut short by the limit" if row["finish_reason"] == "length" else ""
        line = f"{row['answer_tokens']:,} tokens by the teacher's count, finish reason {row['finish_reason']}{cut}"
        answer = text_block("answer", row["answer"], is_open=True)
        return Html(f'<h3>{name}</h3><p class="note">{html(line)}</p>{answer}')

    def _lengths(self) -> list[str]:
        if not self.view.tokens:
            return []
        rows = [["tokenizer", "prompt", *FORMATS, f"within {self.max_length:,} tokens"]]
        for name, row in self.view.tokens.items():
            counts = [row[f"{part}_tokens"] for part in ("prompt", *FORMATS)]
            fits = [f"{part}: {self._fits(counts[0], count)}" for part, count in zip(FORMATS, counts[1:], strict=True)]
            rows.append([name, *(f"{count:,}" for count in counts), "; ".join(fits)])
        return [table(rows)]

    def _fits(self, prompt: int, answer: int) -> str:
        """What a training does with such a sample."""
        if prompt + answer <= self.max_length:
            return "yes"
        return "no, dropped" if self.overlong == "drop" or prompt >= self.max_length else "no, cut short"

    def _mixtures(self) -> str:
        rows = [["mixture", "answer", "phase", "position"]]
        for name in sorted({*self.mixtures, *self.view.mixtures}, key=_curriculum_and_ratio):
            row = self.view.mixtures.get(name)
            if row:
                rows.append([name, row["format"], str(row["phase"]), f"{row['position']:,}"])
            else:
                rows.append([name, "not in it" if name in self.view.mixtures else "not mixed yet", "", ""])
        return table(rows, text_columns=2)


def _curriculum_and_ratio(mixture: str) -> tuple[bool, float]:
    curriculum, _, ratio = mixture.partition("/rho-")
    return curriculum != "seq", float(ratio)
