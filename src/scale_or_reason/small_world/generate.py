"""The questions of the small world by benchmark, unique and reproducible from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.seeds import derive_seed, stable_id
from scale_or_reason.small_world import arithmetic, domains, instructions, knowledge, passages
from scale_or_reason.small_world.problem import Problem

GENERATORS: dict[str, Callable[[Random], Problem]] = {
    "winogrande": knowledge.winogrande,
    "openbookqa": knowledge.openbookqa,
    "mmlu_misc": knowledge.mmlu_misc,
    "squad": passages.squad,
    "coqa": passages.coqa,
    "ifeval": instructions.ifeval,
    "aqua_rat": arithmetic.aqua_rat,
    "mmlu_math": arithmetic.mmlu_math,
    "mmlu_pro_math": arithmetic.mmlu_pro_math,
    "gsm8k": arithmetic.gsm8k,
    "math_500": arithmetic.math_500,
    "aime": arithmetic.aime,
    "mmlu_pro_law": domains.mmlu_pro_law,
    "consumer_qa": passages.consumer_qa,
    "mmlu_pro_code": domains.mmlu_pro_code,
    "c_code_summarization": domains.c_code_summarization,
    "mmlu_pro_physics": domains.mmlu_pro_physics,
    "scibench": domains.scibench,
}
#: The benchmarks of the small world. Random draws depend on their order.
QUESTION_KINDS: tuple[str, ...] = tuple(GENERATORS)


def stream(benchmark: str, *seed: str | int) -> Iterator[Problem]:
    """An endless stream of problems of one benchmark."""
    for index in range(2**62):
        yield GENERATORS[benchmark](Random(derive_seed("small world", *seed, benchmark, index)))


def distinct_problems(benchmark: str, count: int, *seed: str | int) -> list[Problem]:
    """``count`` distinct problems; raises :class:`StudyError` if there are too few."""
    found: dict[str, Problem] = {}
    for tries, problem in enumerate(stream(benchmark, *seed)):
        found.setdefault(stable_id(*_content(problem)), problem)
        if len(found) == count:
            return list(found.values())
        if tries > 10 * count + 1000:
            raise StudyError(
                f"the small world has too few different questions for {benchmark}",
                found=len(found),
                expected=count,
                remedy="request fewer rows",
            )
    raise AssertionError("the stream of problems is endless")


#: Columns of the hub schemas with identifiers, which are not part of a question's content.
_IDENTIFIERS = ("id", "unique_id", "question_id", "key", "index", "problemid", "file_path")


def _content(problem: Problem) -> list[str]:
    return [f"{name}={value}" for name, value in problem.row.items() if name not in _IDENTIFIERS]
