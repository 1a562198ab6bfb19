"""A made-up row of each benchmark, with the columns of the hub's dataset, and what has to come out of it."""

from __future__ import annotations

from typing import Any

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
