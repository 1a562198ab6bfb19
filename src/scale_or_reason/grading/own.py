"""Graders of one's own: a Python file with a function ``grade(answer, gold)``.

``answer`` is what the last ``\\boxed{...}`` holds, or the whole text after the reasoning if there is no box. ``gold``
is the list of accepted answers. The function returns whether the answer is right.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading.extraction import boxed_or, final_answer
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade


@cache
def own_grader(path: str) -> Callable[[dict[str, Any], str], Grade]:
    """The grader in a file; :class:`StudyError` if the file cannot be run or has no function ``grade``."""
    decide = _function(Path(path))

    def grade(item: dict[str, Any], answer: str) -> Grade:
        golds, final = gold_answers(item), final_answer(answer)
        if final is None:
            return make_grade(False, None, "unclosed-think")
        extract = boxed_or(final, ("whole", final.strip))
        if extract is None:
            return make_grade(False, None, "none")
        right = decide(extract.text, golds)
        if not isinstance(right, bool):
            raise StudyError("a grader returns no bool", where=path, key="grade", found=repr(right), expected="a bool")
        return make_grade(right, extract.text, extract.how)

    return grade


def _function(file: Path) -> Callable[[str, list[str]], Any]:
    spec = spec_from_file_location(f"own_grader_{file.stem}", file)
    try:
        if spec is None or spec.loader is None:
            raise ImportError("no Python file")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception as error:  # a person's own code may fail in any way
        found = f"{type(error).__name__}: {error}"
        raise StudyError("a grader cannot be loaded", where=file, found=found, remedy="correct the file") from error
    function = getattr(module, "grade", None)
    if not callable(function):
        raise StudyError("a grader has no function", where=file, key="grade", expected="def grade(answer, gold): ...")
    return function
