"""Each benchmark reads a row in its hub's schema as its authors meant it. All rows here are made up."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from scale_or_reason.benchmarks.base import lettered, multiple_choice
from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import BENCHMARKS, get_benchmark
from scale_or_reason.benchmarks.scibench import power_of_ten
from scale_or_reason.errors import StudyError

MMLU_PRO = {
    "question_id": 71,
    "question": "Which one is even?",
    "options": ["3", "N/A", "8", "5"],
    "answer": "C",
    "answer_index": 2,
    "cot_content": "",
    "src": "made up",
}
MMLU = {"question": "Two and two?", "choices": ["3", "4", "5", "6"], "answer": 1}

#: A row of each benchmark, and what has to come out: (row, text, gold, choices, own id).
EXAMPLES: dict[str, tuple[dict[str, Any], str, list[str], list[str], str | None]] = {
    "winogrande": (
        {"sentence": "The cup is in the box, so the _ is bigger.", "option1": "cup", "option2": "box", "answer": "2"},
        "The cup is in the box, so the _ is bigger.\nA. cup\nB. box",
        ["B", "box", "2"],
        ["cup", "box"],
        None,
    ),
    "openbookqa": (
        {
            "id": "9-1",
            "question_stem": "Ice in the sun will",
            "choices": {"text": ["melt", "grow", "sing", "burn"], "label": ["A", "B", "C", "D"]},
            "answerKey": " A",
        },
        "Ice in the sun will\nA. melt\nB. grow\nC. sing\nD. burn",
        ["A", "melt"],
        ["melt", "grow", "sing", "burn"],
        "9-1",
    ),
    "mmlu_misc": (
        MMLU | {"subject": "miscellaneous"},
        "Two and two?\nA. 3\nB. 4\nC. 5\nD. 6",
        ["B", "4"],
        ["3", "4", "5", "6"],
        None,
    ),
    "squad": (
        {
            "id": "s1",
            "title": "Tea",
            "context": "Ann drinks green tea.",
            "question": "What does Ann drink?",
            "answers": {"text": ["green tea", "tea", "green tea"], "answer_start": [11, 17, 11]},
        },
        "Passage: Ann drinks green tea.\n\nQuestion: What does Ann drink?",
        ["green tea", "tea"],
        [],
        "s1",
    ),
    "coqa": (
        {
            "id": "c1",
            "source": "made up",
            "story": "Ann has a dog. It is brown.",
            "questions": {"input_text": ["Who has a dog?", "What colour?"], "turn_id": [1, 2]},
            "answers": {"input_text": ["Ann", "brown"], "span_text": ["Ann", "brown"], "turn_id": [1, 2]},
            "additional_answers": {
                "0": {"input_text": ["Ann", "It is brown"], "turn_id": [1, 2]},
                "1": {"input_text": ["", "brown"], "turn_id": [1, 2]},
                "2": {"input_text": ["", ""], "turn_id": [1, 2]},
            },
        },
        "Passage: Ann has a dog. It is brown.\n\n"
        "Conversation so far:\nQ: Who has a dog?\nA: Ann\n\n"
        "Question: What colour?",
        ["brown", "It is brown"],
        [],
        "c1",
    ),
    "ifeval": (
        {
            "key": 12,
            "prompt": "Write twice as much without commas.",
            "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
            "kwargs": [
                {"num_words": None, "relation": None},
                {"num_words": 30, "relation": "at least", "keyword": None},
            ],
        },
        "Write twice as much without commas.",
        [],
        [],
        "12",
    ),
    "aqua_rat": (
        {
            "question": "Half of 10?",
            "options": ["A)5", "B)(2)", "C) 20", "D)B) or D)", "E)None of these"],
            "rationale": "10 / 2",
            "correct": "A",
        },
        "Half of 10?\nA. 5\nB. (2)\nC. 20\nD. B) or D)\nE. None of these",
        ["A", "5"],
        ["5", "(2)", "20", "B) or D)", "None of these"],
        None,
    ),
    "mmlu_math": (
        MMLU | {"subject": "elementary_mathematics"},
        "Two and two?\nA. 3\nB. 4\nC. 5\nD. 6",
        ["B", "4"],
        ["3", "4", "5", "6"],
        None,
    ),
    "gsm8k": (
        {"question": "Ann saves $50 for 30 days. How much?", "answer": "50 * 30 = <<50*30=1500>>1,500\n#### 1,500"},
        "Ann saves $50 for 30 days. How much?",
        ["1500"],
        [],
        None,
    ),
    "math_500": (
        {
            "problem": "Compute $1/2$.",
            "solution": r"$\boxed{\frac12}$",
            "answer": r"\frac12",
            "subject": "Algebra",
            "level": 1,
            "unique_id": "test/algebra/1.json",
        },
        "Compute $1/2$.",
        [r"\frac12"],
        [],
        "test/algebra/1.json",
    ),
    "aime": ({"problem": "Find n.", "answer": "016", "id": "3"}, "Find n.", ["16"], [], None),
    "consumer_qa": (
        {"index": "0", "contract": "You may leave at any time.", "question": "May I leave?", "answer": "Yes"},
        "Contract: You may leave at any time.\n\nQuestion: May I leave?",
        ["Yes"],
        [],
        None,
    ),
    "c_code_summarization": (
        {"file_path": "a/b.c", "function": "int f(int a) { return 2 * a; }", "summary": "Doubles a number."},
        "```c\nint f(int a) { return 2 * a; }\n```",
        ["Doubles a number."],
        [],
        None,
    ),
    "scibench": (
        {
            "problem_text": "How long is the road?",
            "answer_latex": " $2$",
            "answer_number": " 2",
            "unit": " $10^6$ m",
            "source": "fund",
            "problemid": " 1.1",
            "comment": " ",
            "solution": None,
        },
        "How long is the road?\nThe unit of the answer is $10^6$ m.",
        ["2"],
        [],
        None,
    ),
} | {
    name: (
        MMLU_PRO | {"category": category},
        "Which one is even?\nA. 3\nB. 8\nC. 5",
        ["B", "8"],
        ["3", "8", "5"],
        "71",
    )
    for name, category in (
        ("mmlu_pro_math", "math"),
        ("mmlu_pro_law", "law"),
        ("mmlu_pro_code", "computer science"),
        ("mmlu_pro_physics", "physics"),
    )
}

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
        ("winogrande", {"sentence": "No blank here."}, "no single blank"),
        ("openbookqa", {"answerKey": "E"}, "none of the options"),
        ("openbookqa", {"choices": "melt"}, "unknown form"),
        ("mmlu_misc", {"answer": 4}, "none of the options"),
        ("mmlu_misc", {"answer": "E"}, "none of the options"),
        ("mmlu_misc", {"answer": -1}, "none of the options"),
        ("mmlu_misc", {"choices": ["4"], "answer": 0}, "too few"),
        ("mmlu_pro_law", {"answer_index": 3}, "name different options"),
        ("mmlu_pro_law", {"answer": "B", "answer_index": 1}, "not there"),
        ("mmlu_pro_law", {"answer": "K", "answer_index": 10}, "none of the options"),
        ("squad", {"answers": {"text": [], "answer_start": []}}, "no gold answer"),
        ("coqa", {"answers": {"input_text": ["Ann"]}}, "don't match"),
        ("coqa", {"answers": {"input_text": ["Ann", ""]}, "additional_answers": {}}, "no gold answer"),
        ("ifeval", {"kwargs": [{}]}, "one dictionary of arguments per instruction"),
        ("ifeval", {"prompt": " "}, "a text is missing"),
        ("aqua_rat", {"correct": "F"}, "none of the options"),
        ("aqua_rat", {"correct": ""}, "none of the options"),
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
