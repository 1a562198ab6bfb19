r"""The mathematics grader: plain numbers without algebra, algebra in a child process, hostile answers."""

from __future__ import annotations

import os
import selectors
from fractions import Fraction
from typing import Any

import pytest
from computing import cpu_seconds, in_passes, seconds_of_family

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import isolation, math
from scale_or_reason.grading.isolation import AlgebraProcess
from scale_or_reason.grading.latex import canonical, plain_number, quick_equal


def item(*gold: str) -> dict[str, object]:
    return {"benchmark": "gsm8k", "item_id": "made-up-1", "gold": list(gold), "choices": [], "extra": "{}"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", -3),
        ("1,234,567", 1234567),
        (r"1{,}000", 1000),
        ("$1,000.50", Fraction("1000.5")),
        (r"\$18", 18),
        (r"\frac12", Fraction(1, 2)),
        (r"-\dfrac{3}{4}", Fraction(-3, 4)),
        ("7/8", Fraction(7, 8)),
        (".4", Fraction(2, 5)),
        (r"50\%", 50),
        ("18 apples", 18),
        (r"12\text{ hours}", 12),
        (r"90^\circ", 90),
        ("x = 5", 5),
        ("016", 16),
        ("5.", 5),
    ],
)
def test_plain_numbers(text: str, value: Fraction | int) -> None:
    number = plain_number(text)
    assert number is not None
    assert number.value == value


@pytest.mark.parametrize(
    "text", ["3x", "2^5", r"\sqrt{2}", "1,22", "2 pi", "7 and 8", "1/0", "", "x", "1,2,3", "9" * 50]
)
def test_what_is_no_plain_number(text: str) -> None:
    assert plain_number(text) is None


def test_one_spelling() -> None:
    assert canonical(r"$\left(\dfrac12, 3\right).$") == r"(\frac{1}{2},3)"
    assert canonical(r"\text{Evelyn}") == canonical("evelyn")


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("5", "5.0", True),
        ("5", "6", False),
        ("0.5", r"\frac{1}{2}", True),
        ("0.3", "0.33", None),
        ("50", r"50\%", True),
        ("0.5", r"50\%", None),
        (r"\text{Evelyn}", "Evelyn", True),
        (r"\text{Evelyn}", "velEyn", False),
        (r"\text{(C)}", "C", True),
        ("2.74", "2,74", True),
        ("x^2", "x^2+0", None),
    ],
)
def test_quick_equality_is_decided_only_where_it_is_sure(gold: str, answer: str, equal: bool | None) -> None:
    assert quick_equal(gold, answer) is equal


@pytest.mark.parametrize(
    ("gold", "answer", "verdict", "how"),
    [
        ("72", r"<think>\boxed{71}</think>So \boxed{72}", "yes", "box"),
        ("72", r"\boxed{71}", "no", "box"),
        ("72", r"\boxed{72 \text{ apples}}", "yes", "box"),
        ("1000", r"\boxed{1{,}000}", "yes", "box"),
        ("72", "48+24=72\n#### 72", "yes", "fallback:answer-line"),
        ("72", "48+24=72\nA: 72", "yes", "fallback:answer-line"),
        ("72", "72", "yes", "fallback:whole"),
        ("72", "She sold 48, then 24. The answer is 72 clips, in 2 months", "yes", "fallback:answer-is"),
        ("72", "She sold 48, then 24: 48+24=72 for $36", "no", "fallback:last-number"),
        ("72", "She sold 48, then 24. The answer is 72 clips. Done in 2 months.", "yes", "fallback:answer-is"),
        ("72", "She sold 48, then 24. 48+24=72", "yes", "fallback:last-number"),
        ("72", "I don't know", "no", "none"),
        ("72", "", "no", "none"),
        ("72", r"<think>so \boxed{72}", "no", "unclosed-think"),
        (r"\frac{\sqrt{3}}{2}", r"\boxed{\sqrt{3}/2}", "yes", "box"),
        (r"\frac{\sqrt{3}}{2}", r"\boxed{\sqrt{3}}", "no", "box"),
        ("x^2+2x+1", r"\boxed{(x+1)^2}", "yes", "box"),
        (r"\left(3, \frac{\pi}{2}\right)", r"\boxed{(3, \pi/2)}", "yes", "box"),
        ("[1,2)", r"\boxed{[1,2]}", "no", "box"),
        (r"\frac{1}{3}", r"The answer is $\frac{2}{6}$.", "yes", "fallback:answer-is"),
        (r"\sqrt{2}", r"\boxed{1.4142}", "yes", "box"),
        ("0.00012", r"\boxed{0.00008}", "no", "box"),
    ],
)
def test_verdicts(gold: str, answer: str, verdict: str, how: str) -> None:
    grade = math.grade(item(gold), answer)
    assert (grade.verdict, grade.how) == (verdict, how)


def test_any_gold_answer_will_do() -> None:
    assert math.grade(item("7", "8"), r"\boxed{8}").verdict == "yes"


def test_an_item_without_gold_is_an_error() -> None:
    with pytest.raises(StudyError, match="no gold answer"):
        math.grade(item(" "), r"\boxed{8}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        r"\boxed{10^{10^{10}}}",
        "10^10^10",
        r"\boxed{9^{999999999}}",
        r"\boxed{100000000!}",
        r"\boxed{(10^{999})^{(10^{999})}}",
        "\\boxed{" * 1000 + "5" + "}" * 1000,
        "\\boxed{" + "\\frac{" * 500 + "}" * 500 + "}",
        "9" * 1_000_000,
        "\\boxed{" + "9" * 3000 + "}",
        "{" * 1_000_000,
        "$" * 1_000_000,
        r"\boxed{\binom{1000000000}{500000000}}",
        "\\boxed{x" + "\x00" * 100 + "}",
    ],
)
def test_hostile_answers_take_bounded_time(answer: str) -> None:
    """Of computing, the grader's own and its algebra's: the clock would tell of the machine's other work too."""
    isolation.ask_algebra(op="value", answer="1")
    child = isolation._SHARED._child
    assert child is not None
    grades, before = [], seconds_of_family(child.pid)
    assert in_passes(cpu_seconds(lambda: grades.append(math.grade(item("6+x"), answer)))) < 2000
    assert grades[0].verdict == "no"
    assert isolation._SHARED._child is child  # which ended the request by itself
    assert seconds_of_family(child.pid) - before < 1.5 * isolation.TIME_LIMIT
    assert math.grade(item("7+x"), r"\boxed{x+7}").verdict == "yes"


@pytest.fixture
def algebra() -> object:
    process = AlgebraProcess(time_limit=0.7)
    yield process
    process.close()


@pytest.mark.slow
def test_a_child_that_takes_too_long_is_replaced(algebra: AlgebraProcess) -> None:
    assert algebra.request(op="equal", gold="x+1", answer="1+x") == {"equal": True, "extracted": "1+x"}
    assert algebra.request(op="equal", gold="5", answer="10^{10^{10}}") == {"error": "timeout"}
    assert algebra.request(op="equal", gold="x+2", answer="2+x") == {"equal": True, "extracted": "2+x"}


@pytest.mark.slow
def test_a_child_that_dies_is_replaced(algebra: AlgebraProcess) -> None:
    assert algebra.request(op="equal", gold="2", answer=r"\sqrt{4}")["equal"]
    os.killpg(algebra._child.pid, 9)
    assert algebra.request(op="equal", gold="2", answer=r"\sqrt{4}") == {"error": "timeout"}
    assert algebra.request(op="equal", gold="2", answer=r"\sqrt{4}")["equal"]


@pytest.mark.slow
def test_patience_with_requests_that_come_to_nothing_ends() -> None:
    process = AlgebraProcess(time_limit=1.0, patience=0.7)
    try:
        taken = []
        for _ in range(2):
            assert process.request(op="equal", gold="1", answer="1")["equal"]
            before = seconds_of_family(process._child.pid)
            assert process.request(op="equal", gold="5", answer="10^{10^{10}}") == {"error": "timeout"}
            taken.append(seconds_of_family(process._child.pid) - before)
        assert taken == [pytest.approx(1.0, rel=0.3), pytest.approx(isolation.SHORT_LIMIT, rel=0.6)]
        assert process.request(op="equal", gold="x+2", answer="2+x")["equal"]
        assert (process.use.requests, process.use.given_up) == (5, 2)
    finally:
        process.close()


@pytest.mark.slow
def test_a_bad_request_is_answered(algebra: AlgebraProcess) -> None:
    assert algebra.request(op="equal") == {"error": "KeyError"}


@pytest.mark.slow
def test_a_suspension_of_the_job_times_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """After it the whole time is over by the clock, before the child could go on."""
    waits: list[float] = []

    class Suspended(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
        def select(self, timeout: float | None = None) -> list[Any]:
            waits.append(timeout or 0.0)
            return [] if len(waits) == 1 else super().select(timeout)

    monkeypatch.setattr(isolation.selectors, "DefaultSelector", Suspended)
    process = isolation.AlgebraProcess()
    try:
        assert process.request(op="equal", gold="2", answer=r"\sqrt{4}")["equal"]
    finally:
        process.close()
    assert max(waits) <= 1


def test_a_timeout_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math, "ask_algebra", lambda **request: {"error": "timeout"})
    grade = math.grade(item("3"), r"\boxed{\int_0^3 1 dx}")
    assert (grade.verdict, grade.how, grade.note) == ("no", "box", "timeout")
    math.equal_expressions.cache_clear()
