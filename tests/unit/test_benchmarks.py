"""Each benchmark reads a row in its hub's schema as its authors meant it. All rows here are made up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from example_rows import EXAMPLES, MMLU, MMLU_PRO

from scale_or_reason.benchmarks.base import lettered, multiple_choice
from scale_or_reason.benchmarks.catalogue.scibench import power_of_ten
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import BENCHMARKS, get_benchmark
from scale_or_reason.common.errors import StudyError

#: Numbers of evaluation rows as published with the datasets.
PUBLISHED_ROWS = {
    "winogrande": 1267,
    "openbookqa": 500,
    "mmlu_misc": 783,
    "squad": 10570,
    "coqa": 500,
    "ifeval": 541,
    "aqua_rat": 254,
    "mmlu_math": 100 + 100 + 378 + 270 + 216,
    "mmlu_pro_math": 1351,
    "gsm8k": 1319,
    "math_500": 500,
    "aime": 30,
    "mmlu_pro_law": 1101,
    "consumer_qa": 396,
    "mmlu_pro_code": 410,
    "mmlu_pro_physics": 1299,
    "scibench": 580,
}


def test_registry_is_complete() -> None:
    assert tuple(BENCHMARKS) == BENCHMARK_NAMES
    assert len(BENCHMARK_NAMES) == 18
    assert set(EXAMPLES) == set(BENCHMARK_NAMES)
    assert all(benchmark.name == name for name, benchmark in BENCHMARKS.items())


def test_a_file_in_the_catalogue_is_a_benchmark(root: Path, tmp_path: Path) -> None:
    """Adding one is adding one file: nothing else has to know its name."""
    library = tmp_path / "src"
    shutil.copytree(root / "src", library, ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = library / "scale_or_reason" / "benchmarks" / "catalogue"
    (catalogue / "sums.py").write_text((catalogue / "gsm8k.py").read_text().replace('"gsm8k"', '"sums"'))
    program = (
        "from scale_or_reason.benchmarks.names import BENCHMARK_NAMES; "
        "from scale_or_reason.benchmarks.registry import get_benchmark; "
        "assert 'sums' in BENCHMARK_NAMES; print(get_benchmark('sums').instruction)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(library)}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == get_benchmark("gsm8k").instruction


@pytest.mark.parametrize("name", [name for name in BENCHMARK_NAMES if get_benchmark(name).options])
def test_the_first_value_of_an_option_is_the_default(name: str) -> None:
    benchmark = get_benchmark(name)
    for option, values in benchmark.options.items():
        default = benchmark.with_options({option: next(iter(values))})
        assert (default.hub, default.pool, default.expand) == (benchmark.hub, benchmark.pool, benchmark.expand)
        for other in list(values)[1:]:
            changed = benchmark.with_options({option: other})
            assert (changed.hub, changed.expand) != (benchmark.hub, benchmark.expand)
            assert (changed.name, changed.read) == (benchmark.name, benchmark.read)


def test_options_that_are_not_there() -> None:
    with pytest.raises(StudyError, match="unknown option") as caught:
        get_benchmark("coqa").with_options({"turn": "every"})
    assert (caught.value.key, caught.value.expected) == ("turn", "turns")
    with pytest.raises(StudyError, match="unknown value") as caught:
        get_benchmark("aime").with_options({"year": 2023})
    assert (caught.value.found, caught.value.expected) == (2023, "2025, 2024")
    with pytest.raises(StudyError, match="unknown option"):
        get_benchmark("gsm8k").with_options({"shots": "3"})


def test_subjects_of_options_are_those_of_mmlus_list() -> None:
    """categories.py of hendrycks/test; the counts are those of the test split."""
    four = get_benchmark("mmlu_math").with_options({"subjects": "four"})
    assert four.hub is not None and four.hub.rows == 100 + 100 + 378 + 270
    assert not four.keep(MMLU | {"subject": "high_school_statistics"})
    other = get_benchmark("mmlu_misc").with_options({"subjects": "other"})
    assert other.hub is not None and other.hub.rows == 100 + 783 + 282
    assert other.keep(MMLU | {"subject": "global_facts"})


def test_the_other_year_is_the_pool() -> None:
    aime = get_benchmark("aime")
    assert aime.with_options({"year": 2024}).hub == aime.pool and aime.with_options({"year": 2024}).pool == aime.hub


def test_books_of_physics() -> None:
    physics = get_benchmark("scibench").with_options({"books": "physics"})
    assert physics.hub is not None and physics.hub.data_files == ("class.json", "fund.json", "thermo.json")
    assert physics.hub.rows == 56 + 71 + 66
    assert physics.keep({"source": "fund "}) and not physics.keep({"source": "atkins"})


def test_every_turn_of_a_conversation() -> None:
    row = EXAMPLES["coqa"][0]
    every = get_benchmark("coqa").with_options({"turns": "every"})
    questions = [every.read(one) for one in every.expand(row)]
    last = get_benchmark("coqa").read(row)
    assert (questions[-1].text, questions[-1].gold) == (last.text, last.gold)
    assert [question.text.count("Q: ") for question in questions] == list(range(len(questions)))
    assert len({question.own_id for question in questions}) == len(questions) > 1


@pytest.mark.parametrize("name", BENCHMARK_NAMES)
def test_row_becomes_question(name: str) -> None:
    row, text, gold, choices, own_id = EXAMPLES[name]
    benchmark = get_benchmark(name)
    assert set(benchmark.columns) <= set(row)
    assert benchmark.keep(row)
    question = benchmark.read(row)
    assert (question.text, question.gold, question.choices, question.own_id) == (text, gold, choices, own_id)
    assert bool(choices) == (benchmark.style == "MC") == (benchmark.grader == "choice")


@pytest.mark.parametrize("name", PUBLISHED_ROWS)
def test_published_row_counts(name: str) -> None:
    hub = get_benchmark(name).hub
    assert hub is not None and hub.rows == PUBLISHED_ROWS[name]


def test_each_domain_of_v2_has_a_multiple_choice_and_an_open_ended_benchmark() -> None:
    kinds = [(benchmark.domain, benchmark.style) for benchmark in BENCHMARKS.values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        ("General", "MC"): 3,
        ("General", "OE"): 3,
        ("Math", "MC"): 3,
        ("Math", "OE"): 3,
        ("Law", "MC"): 1,
        ("Law", "OE"): 1,
        ("Code", "MC"): 1,
        ("Code", "OE"): 1,
        ("Physics", "MC"): 1,
        ("Physics", "OE"): 1,
    }


def test_extras_of_the_graders() -> None:
    assert get_benchmark("ifeval").read(EXAMPLES["ifeval"][0]).extra == {
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [{}, {"num_words": 30, "relation": "at least"}],
    }
    assert get_benchmark("scibench").read(EXAMPLES["scibench"][0]).extra == {
        "unit": "$10^6$ m",
        "power_of_ten": 6,
        "relative_tolerance": 0.05,
    }


@pytest.mark.parametrize(
    ("unit", "exponent"),
    [
        ("", 0),
        ("m", 0),
        ("$10^6$ m", 6),
        ("$10^{-23} \\mathrm{~J}$", -23),
        ("$10^{42}$", 42),
        ("$\\times 10^{-3} \\mathrm{~mol}$", -3),
        ("$\\mathrm{m} / \\mathrm{s}^2$", 0),
        ("$^{\\circ}$", 0),
    ],
)
def test_power_of_ten(unit: str, exponent: int) -> None:
    assert power_of_ten(unit) == exponent


def test_coqa_of_the_other_hub_copy() -> None:
    row = {
        "source": "made up",
        "story": "Ann has a dog.",
        "questions": ["Who has a dog?"],
        "answers": {"input_text": ["Ann"], "answer_start": [0], "answer_end": [3]},
    }
    question = get_benchmark("coqa").read(row)
    assert (question.text, question.gold) == ("Passage: Ann has a dog.\n\nQuestion: Who has a dog?", ["Ann"])


def test_nested_columns_as_list_of_dictionaries() -> None:
    row = EXAMPLES["squad"][0] | {"answers": [{"text": "green tea", "answer_start": 11}]}
    assert get_benchmark("squad").read(row).gold == ["green tea"]


def test_mmlu_answer_as_letter() -> None:
    assert get_benchmark("mmlu_misc").read(MMLU | {"answer": "D"}).gold == ["D", "6"]


def test_rows_of_other_subjects_are_left_out() -> None:
    assert not get_benchmark("mmlu_math").keep(MMLU | {"subject": "formal_logic"})
    assert not get_benchmark("mmlu_misc").keep(MMLU | {"subject": "global_facts"})
    assert not get_benchmark("mmlu_pro_law").keep(MMLU_PRO | {"category": "physics"})


def test_option_text_that_reads_like_another_letter_is_no_gold() -> None:
    assert multiple_choice("Blood group?", ["B", "A", "O"], 0).gold == ["A"]
    assert multiple_choice("Blood group?", ["A", "B", "O"], 0).gold == ["A"]


def test_lettered_options() -> None:
    assert lettered(["one", "two"]) == "A. one\nB. two"


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("winogrande", {"answer": ""}, "no gold answer"),
        ("winogrande", {"sentence": "No blank here."}, "exactly one blank"),
        ("openbookqa", {"answerKey": "E"}, "not among the options"),
        ("openbookqa", {"choices": "melt"}, "unknown layout"),
        ("mmlu_misc", {"answer": 4}, "not among the options"),
        ("mmlu_misc", {"answer": "E"}, "not among the options"),
        ("mmlu_misc", {"answer": -1}, "not among the options"),
        ("mmlu_misc", {"choices": ["4"], "answer": 0}, "too few"),
        ("mmlu_pro_law", {"answer_index": 3}, "name different options"),
        ("mmlu_pro_law", {"answer": "B", "answer_index": 1}, "a dropped option"),
        ("mmlu_pro_law", {"answer": "K", "answer_index": 10}, "not among the options"),
        ("squad", {"answers": {"text": [], "answer_start": []}}, "no gold answer"),
        ("coqa", {"answers": {"input_text": ["Ann"]}}, "different numbers of questions and answers"),
        ("coqa", {"answers": {"input_text": ["Ann", ""]}, "additional_answers": {}}, "no gold answer"),
        ("ifeval", {"kwargs": [{}]}, "one dictionary of arguments per instruction"),
        ("ifeval", {"prompt": " "}, "a text is missing"),
        ("aqua_rat", {"correct": "F"}, "not among the options"),
        ("aqua_rat", {"correct": ""}, "not among the options"),
        ("aqua_rat", {"options": []}, "a list of texts is missing"),
        ("gsm8k", {"answer": "It is 4."}, "no gold answer"),
        ("gsm8k", {"answer": "It is 4.\n#### "}, "no gold answer"),
        ("math_500", {"answer": None}, "a text is missing"),
        ("aime", {"answer": "1000"}, "no gold answer"),
        ("aime", {"answer": None}, "no gold answer"),
        ("consumer_qa", {"answer": "Maybe"}, "no gold answer"),
        ("c_code_summarization", {"summary": ""}, "a text is missing"),
        ("scibench", {"answer_number": "two"}, "no gold number"),
        ("scibench", {"answer_number": None}, "no gold number"),
    ],
)
def test_row_at_fault(name: str, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(StudyError, match=problem) as caught:
        get_benchmark(name).read(EXAMPLES[name][0] | change)
    assert caught.value.key in (None, *change)


def test_unknown_benchmark_with_suggestion() -> None:
    with pytest.raises(StudyError, match="did you mean math_500"):
        get_benchmark("math500")


def test_names_load_no_data_library() -> None:
    code = (
        "import sys; import scale_or_reason.benchmarks.names, scale_or_reason.benchmarks.registry; "
        "sys.exit(any(name in sys.modules for name in ('polars', 'numpy', 'datasets', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("name", "shown"), [("gsm8k", 5), ("consumer_qa", 4), ("ifeval", 0)])
def test_no_more_examples_than_there_are(name: str, shown: int) -> None:
    assert get_benchmark(name).examples_shown(5) == shown
