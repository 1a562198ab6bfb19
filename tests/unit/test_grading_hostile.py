r"""Hostile answers, and what holds of every answer: a verdict in bounded time, the last box counts, strict is lenient.

``make bench-hostile`` runs a hundred thousand of them through the program.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from computing import cpu_seconds, in_passes, seconds_of_family
from hostile_texts import PIECES, hostile_answer, hostile_items
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.grading import GRADERS, isolation
from scale_or_reason.grading.extraction import last_box
from scale_or_reason.grading.grade import Grade

#: For one answer: requests to algebra, one for each of an item's gold answers; and the grader's own computing (see
#: ``in_passes``; measured: 70, and 320 where IFEval's libraries are loaded).
MOST_REQUESTS, MOST_PASSES = 3, 2000
ITEMS = {name: [{"benchmark": "made-up", "item_id": "1", **item} for item in hostile_items(name)] for name in GRADERS}
BOXED = sorted(set(GRADERS) - {"ifeval"})

KILLERS = [
    r"\boxed{10^{10^{10}}}",
    r"\boxed{9^{9^{9^9}}}",
    r"\boxed{(10^{999})^{(10^{999})}}",
    r"\boxed{100000000!}",
    r"\boxed{((99!)!)!}",
    r"\boxed{\sum_{k=1}^{\infty} \frac{1}{k^{k^k}}}",
    r"\boxed{\sum_{k=1}^{10^{30}} \sin(k)}",
    r"\boxed{\int_0^\infty e^{-x^{x^x}} \sin(x)^{99} dx}",
    r"\boxed{\prod_{k=1}^{99999999} (x+k)}",
    r"\boxed{(x+y+z+1)^{999}}",
    r"\boxed{\binom{1000000000}{500000000}}",
    r"\boxed{\sqrt[99999999]{\sqrt[99999999]{99999999}}}",
    r"\boxed{x^{x^{x^{x^{x^x}}}} = \tan(\tan(\tan(x)))}",
    r"\boxed{" + r"\frac{1}{1+" * 24 + "x" + "}" * 24 + "}",
    r"\boxed{" + r"\frac{" * 9999 + "}" * 9999 + "}",
    "\\boxed{" * 100_000,
    "\\boxed{" * 50_000 + "5" + "}" * 50_000,
    r"\boxed{" + " + ".join(f"x^{{{n}}}" for n in range(60)) + "}",
    "5" + "\ud800" * 99,
    "\\boxed{\udfff}",
    "The answer is \x00\x00\u202e5\u202c.",
    "<think>" * 100_000 + "</think>" * 100_000,
]


@pytest.fixture(scope="module", autouse=True)
def _algebra_is_up() -> None:
    isolation.ask_algebra(op="value", answer="1")


def grade_in_time(name: str, item: dict[str, Any], answer: str) -> Grade:
    """Time is computing: what else the machine does is not the grader's fault."""
    child, use, grades = isolation._SHARED._child, isolation.algebra_use(), []
    assert child is not None
    before = seconds_of_family(child.pid)
    passes = in_passes(cpu_seconds(lambda: grades.append(GRADERS[name](item, answer))))
    told = f"by the {name} grader on {answer[:200]!r}"
    assert passes < MOST_PASSES, f"{passes:.0f} passes {told}"
    requests = (isolation.algebra_use() - use).requests
    assert requests <= MOST_REQUESTS, f"{requests} requests {told}"
    assert isolation._SHARED._child is child, f"algebra did not end by itself, asked {told}"
    computed = seconds_of_family(child.pid) - before
    assert computed <= 1.5 * isolation.TIME_LIMIT * requests, f"{computed:.1f} s of algebra, asked {told}"
    (grade,) = grades
    assert grade.verdict in ("yes", "no")
    assert not grade.strict or grade.lenient
    assert grade.lenient or grade.verdict == "no"
    assert name == "ifeval" or grade.verdict == "no" or grade.extracted
    assert (grade.f1 is None) == (grade.exact_match is None) == (name != "span")
    return grade


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRADERS))
def test_known_killers(name: str) -> None:
    for answer in KILLERS:
        grade_in_time(name, ITEMS[name][0], answer)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRADERS))
def test_a_seeded_fuzz(name: str) -> None:
    rng = Random(f"unit {name}")
    for number in range(75):
        grade_in_time(name, ITEMS[name][number % len(ITEMS[name])], hostile_answer(rng, longest=300_000))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRADERS))
def test_a_hundred_kilobytes_of_any_piece(name: str) -> None:
    for number, piece in enumerate(PIECES):
        # a pattern that goes back and forth would take hours
        grade_in_time(name, ITEMS[name][number % len(ITEMS[name])], piece * (100_000 // len(piece)))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRADERS))
def test_after_hostile_answers_the_next_one_is_graded(name: str) -> None:
    right = {"math": r"\boxed{5.0}", "choice": r"\boxed{b}", "number": r"\boxed{2.5}", "span": r"\boxed{Broncos}"}
    right |= {"text": r"\boxed{the length of the list}", "yes_no": r"\boxed{yes}"}
    if name in right:
        assert grade_in_time(name, ITEMS[name][0], right[name]).strict


TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=10).map("".join))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRADERS))
@given(text=TEXTS)
def test_any_text_gets_a_verdict(name: str, text: str) -> None:
    for item in ITEMS[name][:2]:
        grade_in_time(name, item, text)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOXED)
@given(
    before=st.text(max_size=40), after=st.text("abc 123.,\n$", max_size=40), content=st.sampled_from(["5", "B", "no"])
)
def test_text_behind_a_box_changes_nothing(name: str, before: str, after: str, content: str) -> None:
    """Nor does text before it, unless it is reasoning that never ends."""
    box = rf"\boxed{{{content}}}"
    for item in ITEMS[name]:
        alone = GRADERS[name](item, box)
        assert alone.how == "box"
        assert GRADERS[name](item, box + after) == alone
        if last_box(before + box) == content:
            assert GRADERS[name](item, f"{before.replace('<', '')}{box}") == alone


@pytest.mark.parametrize("name", BOXED)
@given(first=st.sampled_from(["5", "B", "no", "2.5"]), last=st.sampled_from(["5", "B", "no", "2.5"]))
def test_the_last_box_counts(name: str, first: str, last: str) -> None:
    for item in ITEMS[name]:
        both = GRADERS[name](item, rf"\boxed{{{first}}}, or rather \boxed{{{last}}}. Done.")
        assert both == GRADERS[name](item, rf"\boxed{{{last}}}")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GRADERS))
@given(thoughts=st.text("abc </\\boxed{5}", max_size=60), answer=TEXTS)
def test_reasoning_does_not_count(name: str, thoughts: str, answer: str) -> None:
    """Up to white space before the answer, and unless the answer has a tag itself."""
    if "think>" not in thoughts + answer:
        bare = GRADERS[name](ITEMS[name][0], answer.lstrip())
        assert GRADERS[name](ITEMS[name][0], f"<think>{thoughts}</think>{answer}") == bare
