"""Right answers in natural spellings are not missed, and wrong ones that look like them are never called right."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import load_program

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import get_grader
from scale_or_reason.grading.mutants import KINDS, mutants, wrong_answers
from scale_or_reason.grading.spellings import right_answers


def item(gold: list[str], choices: list[str] | None = None, **extra: object) -> dict[str, Any]:
    names = {"benchmark": "made-up", "item_id": "1"}
    return {**names, "gold": gold, "choices": choices or [], "extra": json.dumps(extra)}


def choice(right: int, *options: str) -> dict[str, Any]:
    return item(["ABCDEFGHIJ"[right], options[right]], list(options))


#: In the manner of the benchmarks' items, whose texts differ from these.
ITEMS = [
    ("math", item(["384"])),
    ("math", item(["1,250"])),
    ("math", item(["-17"])),
    ("math", item([r"\frac{5}{12}"])),
    ("math", item([r"\left( 4, \frac{\pi}{3} \right)"])),
    ("math", item(["7 - 4i"])),
    ("math", item([r"5\sqrt{7}"])),
    ("math", item(["2x^2 - 3x + 8"])),
    ("math", item(["3,-8"])),
    ("math", item([r"\text{Marta}"])),
    ("math", item([r"(-\infty, 4) \cup (7, \infty)"])),
    ("math", item(["0.0625"])),
    ("math", item([r"\begin{pmatrix} 2 & -3 \\ 7 & 4 \end{pmatrix}"])),
    ("choice", choice(1, "-31.5", "-27.5", "-14.5", "-18.2")),
    ("choice", choice(2, "x - 4", "x + 4", "2x - 9", "9 - 2x")),
    ("choice", choice(0, "5 × 10^-4 kg", "5 × 10^-3 kg", "5 × 10^4 kg", "8 kg")),
    ("choice", choice(3, "3/4", "2/3", "5/8", "7/9")),
    ("choice", choice(1, "15% profit", "15% loss", "20% profit", "20% loss")),
    ("choice", choice(0, "640 Hz", "615 Hz", "590 Hz", "700 Hz")),
    ("choice", choice(2, "$45", "$48.50", "$62", "$70.20")),
    ("choice", choice(1, "the mayor, because he signed", "the owner, unless he knew", "neither of them")),
    ("choice", choice(0, "a copper wire", "a glass rod", "an iron nail", "a rubber band")),
    ("choice", choice(1, "Tomas", "Elena")),
    ("choice", choice(0, "k = 2 and n = 5", "k = 5 and n = 2", "k = n = 2", "k > 5")),
    ("choice", choice(1, "24°C", "27°C", "31°C", "36°C")),
    ("number", item(["42.7"], unit=r"$\mathrm{~kJ} \mathrm{~mol}^{-1}$", power_of_ten=0)),
    ("number", item(["3.9"], unit=r"$10^{-7} \mathrm{~N}$", power_of_ten=-7)),
    ("number", item(["-58"], unit=r"$\mathrm{~cm}$", power_of_ten=0)),
    ("number", item(["127"], unit=r"$^{\circ}$", power_of_ten=0)),
    ("number", item(["0.382"], unit="", power_of_ten=0)),
    ("number", item(["18.4"], unit=r"$\mathrm{~m} \cdot \mathrm{s}^{-1}$", power_of_ten=0)),
    ("span", item(["Carlos Mendez", "Mendez"])),
    ("span", item(["14 kilometres", "About 14 kilometres"])),
    ("span", item(["to keep the harbour free of ice"])),
    ("span", item(["March 1874"])),
    ("yes_no", item(["Yes"])),
    ("yes_no", item(["No"])),
]


@pytest.mark.slow
@pytest.mark.parametrize(("grader", "asked"), ITEMS, ids=[f"{name} {it['gold'][-1]}" for name, it in ITEMS])
def test_natural_spellings_are_right(grader: str, asked: dict[str, Any]) -> None:
    made = list(right_answers(asked, grader))
    missed = [(style, answer) for style, answer in made if not get_grader(grader)(asked, answer).lenient]
    assert len(made) >= 10
    assert not missed


@pytest.mark.slow
@pytest.mark.parametrize(("grader", "asked"), ITEMS, ids=[f"{name} {it['gold'][-1]}" for name, it in ITEMS])
@given(seed=st.integers(0, 10**9))
def test_mutants_are_wrong(grader: str, asked: dict[str, Any], seed: int) -> None:
    for kind, answer in wrong_answers(asked, grader, Random(seed)):
        assert not get_grader(grader)(asked, answer).lenient, (kind, answer)


def test_every_kind_of_mutant_is_made() -> None:
    made = {kind for seed in range(20) for kind, _ in mutants("x + 3.5 km", Random(seed))}
    assert made == set(KINDS)
    assert not list(mutants("", Random(0)))


@given(st.text("0123456789.-+x km", max_size=9), st.integers(0, 99))
def test_a_mutant_is_another_text(text: str, seed: int) -> None:
    assert all(mutant != text for _, mutant in mutants(text, Random(seed)))


@pytest.fixture(scope="module")
def grade_check(root: Path) -> ModuleType:
    return load_program(root / "workflow/scripts/grade_check.py")


@pytest.mark.slow
def test_real_items(grade_check: ModuleType, shared_dir: Path) -> None:
    """The project's aims: no wrong answer is called right, at most one right answer in a hundred is missed."""
    right, wrong = grade_check.missed_and_mistaken(shared_dir / "data/benchmark_rows", rounds=2)
    assert sum(tally.answers.total() for tally in wrong.values()) > 4000
    assert not [example for tally in wrong.values() for example in tally.examples]
    for name, tally in right.items():
        assert tally.wrong.total() <= 0.01 * tally.answers.total(), (name, tally.examples)


def test_the_tables(grade_check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"question": "1 + 1?", "answer": "One more than one.\n#### 2"}
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(row) + "\n")
    grade_check.print_made(tmp_path, rounds=1)
    printed = capsys.readouterr().out
    assert "right answers, missed\ngsm8k                  0/" in printed
    assert "wrong answers, called right\ngsm8k                  0/" in printed
    with pytest.raises(StudyError, match="no benchmark rows"):
        grade_check.print_made(tmp_path / "nowhere", rounds=1)


def test_what_is_graded_wrong_is_shown(grade_check: ModuleType) -> None:
    tally = grade_check.Tally()
    tally.add("box", True, "box: gold ['1'], answer '2'")
    tally.add("box", False, "")
    assert tally.line("made_up").split() == ["made_up", "1/2", "50.00%", "box", "1/2"]
    assert tally.examples == ["box: gold ['1'], answer '2'"]
