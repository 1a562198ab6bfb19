"""Grader for IFEval: does the answer follow every instruction that can be checked by a program?

Our own implementation of the 25 instruction types of Zhou et al. 2023 (arXiv 2311.07911). The official checkers
(google-research/instruction_following_eval) are the specification, with their leniencies. No data is downloaded:
sentences are split by rules of our own, and language detection is seeded.

The verdict is the strict prompt-level one, the grade's ``lenient`` the loose one. The instructions that failed are in
its note.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted
from scale_or_reason.grading.extraction import final_answer
from scale_or_reason.grading.grade import Grade, extra_of, make_grade
from scale_or_reason.grading.ifeval.instructions import CHECKS, follows

__all__ = ["CHECKS", "follow_loosely", "follow_strictly", "grade", "loose_versions"]

Instruction = tuple[str, dict[str, Any]]


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose extra JSON holds ``instruction_id_list`` and ``kwargs`` (nulls allowed)."""
    instructions = instructions_of(item)
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    strict = follow_strictly(instructions, final)
    loose = strict if all(strict) else follow_loosely(instructions, final)
    failed = [name for (name, _), followed in zip(instructions, strict, strict=True) if not followed]
    note = f"failed={','.join(failed)}" if failed else ""
    verdict = make_grade(all(strict), None, "whole" if final.strip() else "none", note)
    return replace(verdict, strict=all(strict), lenient=all(loose))


def instructions_of(item: dict[str, Any]) -> list[Instruction]:
    """The item's instructions as (type, arguments) pairs; arguments that are null are left out."""
    extra = extra_of(item)
    names, arguments = extra.get("instruction_id_list") or [], extra.get("kwargs") or []
    if not names or len(names) != len(arguments):
        raise StudyError(
            "an IFEval item has no instructions, or not one kwargs entry for each",
            key=str(item.get("item_id")),
            found=f"{counted(len(names), 'instruction')}, {counted(len(arguments), 'kwarg')}",
        )
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise StudyError(
            "an IFEval item has an unknown instruction type",
            key=str(item.get("item_id")),
            found=", ".join(unknown),
        )
    return [
        (
            name,
            {key: value for key, value in (keywords or {}).items() if value is not None},
        )
        for name, keywords in zip(names, arguments, strict=True)
    ]


def follow_strictly(instructions: list[Instruction], answer: str) -> list[bool]:
    """For each instruction, whether the answer follows it as it stands. A blank answer follows none."""
    return [bool(answer.strip()) and follows(name, answer, arguments) for name, arguments in instructions]


def follow_loosely(instructions: list[Instruction], answer: str) -> list[bool]:
    """For each instruction, whether any of the answer's loose versions follows it."""
    versions = [version for version in loose_versions(answer) if version.strip()]
    return [any(follows(name, version, arguments) for version in versions) for name, arguments in instructions]


def loose_versions(answer: str) -> list[str]:
    """The answer without its first line, last line or both ("Sure, here it is:"), each with and without asterisks."""
    lines = answer.split("\n")
    cuts = [answer] + ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    return list(dict.fromkeys(version for cut in cuts for version in (cut, cut.replace("*", ""))))
