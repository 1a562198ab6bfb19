"""The page of a training prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scale_or_reason.common.web_page import rendered
from scale_or_reason.common.wording import counted
from scale_or_reason.data.pairs import DROP_REASONS
from scale_or_reason.reporting.inspect.names import path_name
from scale_or_reason.reporting.inspect.prompt import KEPT, NO_PAIRS, NOT_STORED, OUTDATED, PromptView
from scale_or_reason.reporting.inspect.texts import TextBlock
from scale_or_reason.study.cells import CURRICULA, FORMATS

_OUTCOMES = {
    KEPT: ("yes", "✓ kept", "Students are trained on it."),
    NO_PAIRS: ("open", "… no pairs yet", "The pairs of this corpus do not exist yet."),
    NOT_STORED: (
        "no",
        "✗ dropped",
        "It is not among the pairs, and its answers are not stored; one of the reasons below applies.",
    ),
    OUTDATED: (
        "open",
        "? not in the pairs",
        "Both answers are valid but newer than the pairs. Rerunning build_pairs will include it.",
    ),
}


@dataclass(frozen=True)
class PromptPage:
    """The content of the page.

    ``audit``: the audit of the corpus' pairs, if it exists. ``mixtures``: those of the study. ``max_length``: the token
    limit of a sample; ``overlong``: the treatment of longer samples.
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
        return rendered(
            "reporting/inspect/prompt.html.jinja",
            title=f"{view.corpus} {view.prompt_id}",
            prompt_id=view.prompt_id,
            corpus=view.corpus,
            study=self.study,
            counts=self._counts(),
            question=TextBlock("prompt", view.prompt, is_open=True),
            outcome={"kind": sign, "text": outcome},
            reason=reason,
            meaning=meaning,
            audit=self._audit(),
            overlaps=self._overlaps(),
            answers=[self._answer(answer_format) for answer_format in FORMATS],
            lengths=self._lengths(),
            mixtures=self._mixtures(),
        )

    def _counts(self) -> list[tuple[str, str]]:
        names = {"ift": "tokens, thinking off", "reasoning": "tokens, thinking on"}
        answers = self.view.answers
        return [(names[name], f"{answers[name]['answer_tokens']:,}") for name in FORMATS if name in answers]

    def _audit(self) -> list[list[str]]:
        if self.audit is None:
            return []
        rows = [["reason", "pairs of the corpus"]]
        for reason, count in self.audit["reasons"].items():
            rows.append([f"{reason} ← this one" if reason == self.view.outcome else reason, f"{count:,}"])
        kept = f"{KEPT} ← this one" if self.view.outcome == KEPT else KEPT
        return [*rows, [kept, f"{self.audit['kept']:,}"]]

    def _overlaps(self) -> list[dict[str, Any]] | None:
        if self.view.overlaps is None:
            return None
        return [
            {
                "benchmark": row["benchmark"],
                "item_id": row["item_id"],
                "page": f"results/{self.study}/inspect/items/{row['benchmark']}/{path_name(row['item_id'])}.html",
                "words": TextBlock("shared words", row["shared_words"], is_open=True),
            }
            for row in self.view.overlaps
        ]

    def _answer(self, answer_format: str) -> dict[str, Any]:
        name = {"ift": "Thinking off (IFT)", "reasoning": "Thinking on (reasoning)"}[answer_format]
        if answer_format not in self.view.answers:
            why = "not answered yet" if self.view.outcome != NOT_STORED else "not stored"
            return {"name": name, "note": why, "text": None}
        row = self.view.answers[answer_format]
        cut = " ✂ truncated at the length limit" if row["finish_reason"] == "length" else ""
        note = (
            f"{counted(row['answer_tokens'], 'token')} (teacher's tokenizer), finish reason {row['finish_reason']}{cut}"
        )
        return {"name": name, "note": note, "text": TextBlock("answer", row["answer"], is_open=True)}

    def _lengths(self) -> list[list[str]]:
        if not self.view.tokens:
            return []
        rows = [["tokenizer", "prompt", *FORMATS, f"within {counted(self.max_length, 'token')}"]]
        for name, row in self.view.tokens.items():
            counts = [row[f"{part}_tokens"] for part in ("prompt", *FORMATS)]
            fits = [f"{part}: {self._fits(counts[0], count)}" for part, count in zip(FORMATS, counts[1:], strict=True)]
            rows.append([name, *(f"{count:,}" for count in counts), "; ".join(fits)])
        return rows

    def _fits(self, prompt: int, answer: int) -> str:
        """The treatment of such a sample in training."""
        if prompt + answer <= self.max_length:
            return "yes"
        return "no, dropped" if self.overlong == "drop" or prompt >= self.max_length else "no, truncated"

    def _mixtures(self) -> list[list[str]]:
        rows = [["mixture", "answer", "phase", "position"]]
        for name in sorted({*self.mixtures, *self.view.mixtures}, key=_curriculum_and_ratio):
            row = self.view.mixtures.get(name)
            if row:
                rows.append([name, row["format"], str(row["phase"]), f"{row['position']:,}"])
            else:
                rows.append([name, "not in it" if name in self.view.mixtures else "not mixed yet", "", ""])
        return rows


def _curriculum_and_ratio(mixture: str) -> tuple[int, float]:
    curriculum, _, ratio = mixture.partition("/rho-")
    return CURRICULA.index(curriculum), float(ratio)
