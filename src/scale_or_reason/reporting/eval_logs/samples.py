"""The samples of a log: one per answer, with what the model received and replied and every verdict on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.fewshot import Example
from scale_or_reason.benchmarks.instructions import ground_truth
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import stable_id
from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.judging.jury import KEY, JuryRule
from scale_or_reason.judging.labels import answer_hash
from scale_or_reason.reporting.inspect.item import prompts
from scale_or_reason.study.catalogue import RULE_GRADERS
from scale_or_reason.study.cells import parse_model_id
from scale_or_reason.study.selection import is_human

#: The name of the score that has the jury's decision: its accuracy is that of the table of scores.
JURY = "jury"
#: Verdicts in inspect_ai's letters; N (no answer) counts as not right, as an unparsable verdict does here.
LETTERS = {"yes": "C", "no": "I", "unparsable": "N"}
#: inspect_ai's word for why an answer ended.
STOP_REASONS = {"stop": "stop", "length": "max_tokens", "refused": "content_filter", "empty": "stop"}
_REASONS = {"refused": "refusal", "empty": "no_response"}
_MEASURES = ("how", "strict", "lenient", "exact_match", "f1")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """How prompts are made: chat templates by student, the teacher's modes, few-shot examples, the study's seed."""

    templates: Mapping[str, str]
    modes: Mapping[str, Mapping[str, Any]]
    pool: Sequence[Example] | None
    seed: int


@dataclass(frozen=True)
class Tables:
    """A model's tables on one benchmark, schemas items, answers and verdicts (of judges and rule graders)."""

    model_id: str
    items: pl.DataFrame
    answers: pl.DataFrame
    verdicts: pl.DataFrame


def samples(tables: Tables, jurors: Sequence[str], jury: JuryRule, asked: Asked) -> Iterator[dict[str, Any]]:
    """The samples of a log in the order of the answers, as inspect_ai's ``EvalSample`` reads them.

    An item's id is the sample's id, so that logs of several models have the same samples; the answer's number plus one
    is the epoch. Raises :class:`StudyError` if an answer belongs to no item or has no verdict of a juror.
    """
    items = {row["item_id"]: row for row in tables.items.iter_rows(named=True)}
    decided = jury.decide(tables.verdicts.filter(pl.col("judge").is_in(list(jurors))).select(*KEY, "judge", "verdict"))
    words = {(item_id, sample): word for _, item_id, sample, word in decided.select(*KEY, "verdict").iter_rows()}
    given: dict[tuple[str, int], list[Row]] = {}
    for row in tables.verdicts.iter_rows(named=True):
        if row["reply"] or not is_human(row["judge"]):  # else nobody has labelled this answer
            given.setdefault((row["item_id"], row["sample"]), []).append(row)
    model = parse_model_id(tables.model_id)
    for answer in tables.answers.iter_rows(named=True):
        place = (answer["item_id"], answer["sample"])
        if place[0] not in items or place not in words:
            raise StudyError(
                "an answer belongs to no item" if place[0] not in items else "an answer has no verdict",
                found=f"{tables.model_id}: {answer['benchmark']} {place[0]}, sample {place[1]}",
                expected=f"an item of the benchmark and verdicts of {', '.join(jurors)}",
                remedy="make the verdicts of this model again",
            )
        item = items[place[0]]
        (received,) = prompts(
            item, [model], templates=asked.templates, modes=asked.modes, pool=asked.pool, seed=asked.seed
        )
        yield _sample(item, answer, received.text, given[place], words[place])


def _sample(item: Row, answer: Row, received: str | None, verdicts: Sequence[Row], decided: str) -> dict[str, Any]:
    extra = json.loads(item["extra"])
    model_id, usage = answer["model_id"], _usage(answer["prompt_tokens"], answer["answer_tokens"])
    reply = {"role": "assistant", "content": content_of(answer["answer"]), "model": model_id, "source": "generate"}
    choice = {"message": reply, "stop_reason": STOP_REASONS[answer["finish_reason"]]}
    judged = {
        row["judge"]: _usage(row["judge_prompt_tokens"], row["judge_tokens"])
        for row in verdicts
        if row["judge"] != RULE_GRADERS and not is_human(row["judge"])
    }
    number = answer["sample"]
    return {
        "id": answer["item_id"],
        "epoch": number + 1,
        "uuid": stable_id("inspect", model_id, answer["benchmark"], answer["item_id"], number),
        "input": item["prompt"],
        "choices": item["choices"] or None,
        "target": ground_truth(item["gold"], item["choices"], extra) or "(instructions that a program checks)",
        "messages": [{"role": "user", "content": received or item["prompt"], "source": "input"}, reply],
        "output": {"model": model_id, "choices": [choice], "usage": usage, "completion": _final(answer["answer"])},
        "scores": {JURY: _score(decided, answer["finish_reason"])}
        | {row["judge"]: _verdict(row, answer["finish_reason"]) for row in verdicts},
        "metadata": {
            "question": item["question"],
            "gold": item["gold"],
            "finish_reason": answer["finish_reason"],
            "truncated": answer["finish_reason"] == "length",
            "prompt_tokens": answer["prompt_tokens"],
            "answer_tokens": answer["answer_tokens"],
            "sample": number,
            "answer_hash": answer_hash(answer["answer"]),
        }
        | ({"grader_input": extra} if extra else {}),
        "model_usage": {model_id: usage},
        "role_usage": judged,
    }


def content_of(answer: str) -> str | list[dict[str, str]]:
    """An answer as inspect_ai shows it: reasoning and text as parts of their own; plain text without reasoning.

    The parts are cut at the tags and nowhere else: the tags and the parts together are the answer.
    """
    before, close, after = answer.rpartition(THINK_CLOSE)
    if not close and not answer.startswith(THINK_OPEN):
        return answer
    reasoning = {"type": "reasoning", "reasoning": (before if close else after).removeprefix(THINK_OPEN)}
    return [reasoning, *([{"type": "text", "text": after}] if close and after else [])]


def _final(answer: str) -> str:
    """What follows the reasoning; empty where the reasoning has no end."""
    content = content_of(answer)
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _usage(read: int | None, written: int | None) -> dict[str, int]:
    return {
        "input_tokens": read or 0,
        "output_tokens": written or 0,
        "total_tokens": (read or 0) + (written or 0),
    }


def _score(word: str, finish_reason: str, **more: Any) -> dict[str, Any]:
    reason = _REASONS.get(finish_reason)
    return {"value": LETTERS[word]} | ({"reason": reason} if reason else {}) | more


def _verdict(row: Row, ended: str) -> dict[str, Any]:
    """The verdict of a judge, the rule graders or people with its replies, and what was read as the answer."""
    if row["judge"] == RULE_GRADERS:
        measured = {name: row[name] for name in _MEASURES if row[name] is not None}
        return _score(
            row["verdict"], ended, answer=row["extracted"], explanation=row["reply"] or None, metadata=measured
        )
    if is_human(row["judge"]):
        return {"value": LETTERS[row["verdict"]], "explanation": row["reply"]}
    replies = {"extraction_reply": row["extraction"]} if row["extraction"] is not None else {}
    tokens = {"prompt_tokens": row["judge_prompt_tokens"], "reply_tokens": row["judge_tokens"]}
    found = _score(row["verdict"], ended, answer=row["extracted"], explanation=row["reply"], metadata=replies | tokens)
    return found | ({"reason": "grader_failed"} if row["verdict"] == "unparsable" else {})
