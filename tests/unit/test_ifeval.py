"""Each of IFEval's 25 instruction types with made-up answers that follow it and that don't."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import get_grader
from scale_or_reason.grading.ifeval import CHECKS, follow_loosely, follow_strictly, loose_versions
from scale_or_reason.grading.ifeval.language import detect_language
from scale_or_reason.grading.ifeval.sentences import count_sentences, count_shouted_words

ENGLISH = "The quick brown fox jumps over the lazy dog while the children are playing in the garden with their friends"
FRENCH = "Les enfants jouent dans le jardin avec leurs amis pendant que le renard brun saute par-dessus le chien"

#: Instruction type -> (arguments, answers that follow it, answers that don't).
CASES: dict[str, list[tuple[dict[str, Any], list[str], list[str]]]] = {
    "keywords:existence": [
        ({"keywords": ["sea", "wind"]}, ["The SEA and the wind.", "seaside windmill"], ["The sea.", "breeze"]),
    ],
    "keywords:frequency": [
        ({"keyword": "sea ", "frequency": 2, "relation": "at least"}, ["Sea and sea", "a seasea"], ["One sea."]),
        ({"keyword": "sea", "frequency": 2, "relation": "less than"}, ["One sea.", "none"], ["sea, sea"]),
    ],
    "keywords:forbidden_words": [
        ({"forbidden_words": ["sea", "wind"]}, ["A season of windmills."], ["The Sea!", "no wind"]),
    ],
    "keywords:letter_frequency": [
        ({"letter": "Z", "let_frequency": 2, "let_relation": "at least"}, ["Zigzag", "zz"], ["zoo", "none"]),
        ({"letter": "z", "let_frequency": 2, "let_relation": "less than"}, ["zoo"], ["Zz"]),
        ({"letter": "!", "let_frequency": 1, "let_relation": "at least"}, ["Oh!"], ["Oh."]),
    ],
    "language:response_language": [
        ({"language": "fr"}, [FRENCH, "1234 5678"], [ENGLISH]),
        ({"language": "en"}, [ENGLISH], [FRENCH]),
    ],
    "length_constraints:number_sentences": [
        ({"num_sentences": 2, "relation": "at least"}, ["One. Two.", "One! Two? Three."], ["One.", "One, two"]),
        ({"num_sentences": 2, "relation": "less than"}, ["Mr. Fox came."], ["He came. He left."]),
    ],
    "length_constraints:number_words": [
        ({"num_words": 3, "relation": "at least"}, ["one two three", "it's on"], ["one two", "!!!"]),
        ({"num_words": 3, "relation": "less than"}, ["one two"], ["one-two-three"]),
    ],
    "length_constraints:number_paragraphs": [
        (
            {"num_paragraphs": 2},
            ["One\n***\nTwo", "***\nOne\n***\nTwo\n***"],
            ["One", "One\n***\n\n***\nTwo", "a***b***c"],
        ),
    ],
    "length_constraints:nth_paragraph_first_word": [
        (
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"},
            ["One day.\n\nThen two.", 'One.\n\n"Then", he said'],
            ["One.\n\nAfter then", "Then.", "One.\n\nThen\n\nThree", "One\nThen two."],
        ),
    ],
    "detectable_content:number_placeholders": [
        ({"num_placeholders": 2}, ["[name], [address]", "[a][b][c]"], ["[name]", "[name\n], [", "]["]),
    ],
    "detectable_content:postscript": [
        ({"postscript_marker": "P.S."}, ["Bye.\nP.S. Write!", "p. s. write"], ["Bye. PS write", "Bye."]),
        ({"postscript_marker": "P.P.S"}, ["Bye.\nP.P.S Write!"], ["P.S. Write!"]),
    ],
    "detectable_format:number_bullet_lists": [
        (
            {"num_bullets": 2},
            ["* a\n* b", "- a\n  * b", "text\n\n* a\n\n- b"],
            ["* a", "* a\n* b\n- c", "** a\n** b", "a * b"],
        ),
    ],
    "detectable_format:constrained_response": [
        ({}, ["My answer is yes.", " My answer is maybe. \n"], ["Yes.", "my answer is no"]),
    ],
    "detectable_format:number_highlighted_sections": [
        (
            {"num_highlights": 2},
            ["*one* and *two*", "**one** and *two*", "**a b** **c d**"],
            ["*one*", "* *, * *", "*a\nb*"],
        ),
    ],
    "detectable_format:multiple_sections": [
        (
            {"section_spliter": "Section", "num_sections": 2},
            ["Section 1\na\nSection 2\nb", "Section 1 Section 2 Section 3"],
            ["Section 1\na", "SECTION 1\nSECTION 2", "Section one, Section two"],
        ),
    ],
    "detectable_format:json_format": [
        (
            {},
            ['{"a": 1}', '```json\n{"a": [1, 2]}\n```', "```\n[]\n```"],
            ["{'a': 1}", 'Here: {"a": 1}', "[" * 100_000],
        ),
    ],
    "detectable_format:title": [
        ({}, ["<<A title>>\ntext", "text <<t>>"], ["<A title>", "<< >>", "<<A\ntitle>>", ">>x<<", "<<>>"]),
    ],
    "combination:two_responses": [
        (
            {},
            ["One\n******\nTwo", "******One******Two******"],
            ["One", "a******a", "a******b******c", "a************b"],
        ),
    ],
    "combination:repeat_prompt": [
        (
            {"prompt_to_repeat": "Write a poem."},
            ["  write a poem. Roses", "Write a poem."],
            ["Sure. Write a poem.", "Write"],
        ),
    ],
    "startend:end_checker": [
        ({"end_phrase": "The end. "}, ["It is over. The END.", '"The end."\n'], ["The end. Bye", "The end"]),
    ],
    "startend:quotation": [
        ({}, ['"All of it."', ' "a" and "b" '], ['"', "'All of it.'", '"All" of it', "“All of it.”"]),
    ],
    "change_case:capital_word_frequency": [
        (
            {"capital_frequency": 2, "capital_relation": "at least"},
            ["NO WAY", "WELL-KNOWN, **YES**", "DON'T"],
            ["NO way", "x"],
        ),
        ({"capital_frequency": 2, "capital_relation": "less than"}, ["One USA", "none"], ["I AM here"]),
    ],
    "change_case:english_capital": [
        ({}, [ENGLISH.upper(), "WE LIKE THE GARDEN BECAUSE IT IS QUIET."], [ENGLISH, FRENCH.upper(), "1234"]),
    ],
    "change_case:english_lowercase": [
        ({}, [ENGLISH.lower()], [ENGLISH, FRENCH.lower(), "1234"]),
    ],
    "punctuation:no_comma": [({}, ["No comma here; none."], ["One, two"])],
}


def test_all_25_types_have_a_check_and_cases() -> None:
    assert len(CHECKS) == 25
    assert set(CASES) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_each_type_by_hand(name: str) -> None:
    for arguments, following, failing in CASES[name]:
        for answer in following:
            assert follow_strictly([(name, arguments)], answer) == [True], answer
        for answer in failing:
            assert follow_strictly([(name, arguments)], answer) == [False], answer


# Counts of NLTK 3.10's Punkt with the English model, and below of its word tokenizer on those sentences.
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("No stop at all", 1),
        ("One. Two! Three?", 3),
        ("Dr. Smith met Mrs. Jones at 5 p.m. on Main St. yesterday.", 1),
        ("It costs 3.50 dollars. Fine.", 2),
        ('He said "Stop!" She stopped.', 2),
        ("Wait... what? Yes.", 2),
        ("J. R. Smith wrote it. It sold well.", 2),
        ("See www.example.com for more. Bye.", 2),
        ("A first line\nand a second one without a stop", 1),
        ("It ended (at last.) Then it rained.", 2),
        ("We ate apples, pears, etc. and slept.", 2),
        ('{"a": "One.", "b": "Two."}', 2),
        ("He asked (why?), then left.", 2),
        ("**Bold.** Next one.", 2),
        ("Hi!!! How are you??? ok", 3),
        ("Really?! Yes!!", 3),
        ("Find the value of x. Then add.", 2),
        ("It weighs 5 g. The rest is lost.", 1),
        ("Notes\nI. Intro\nII. Body", 3),
        ("1. First\n2. Second\n3. Third", 4),
        ("Hello.(aside) World", 2),
        ("He left.She stayed.", 1),
        ("No. 5 is alive.", 2),
        ("It was in the U.S. However, he left.", 2),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert count_sentences(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("NASA and the FBI", 2),
        ("I AM HERE.", 3),
        ("DON'T", 2),
        ("I'm sure that I'd like IBM's", 3),
        ("**YES** A*B", 3),
        ("HELLO—WORLD – X", 3),
        ("CANNOT", 2),
        ("COVID-19 IS OVER", 3),
        ("A/B", 1),
        ('"STOP", (NOW)', 2),
        ("Title Case Words", 0),
        ("123 !!! ---", 0),
    ],
)
def test_shouted_words(text: str, count: int) -> None:
    assert count_shouted_words(text) == count


@pytest.mark.slow
def test_language_detection_is_seeded() -> None:
    doubtful = "no me to la de"
    first = detect_language(doubtful)
    for _ in range(5):
        detect_language.cache_clear()
        assert detect_language(doubtful) == first


def test_loose_versions_drop_first_and_last_line_and_asterisks() -> None:
    assert loose_versions("a\n*b*\nc") == ["a\n*b*\nc", "a\nb\nc", "*b*\nc", "b\nc", "a\n*b*", "a\nb", "*b*", "b"]


def test_loose_is_more_lenient_than_strict() -> None:
    answer = "Sure, here it is:\nno comma here\n\nAnything else, Sir?"
    instructions = [("punctuation:no_comma", {}), ("startend:quotation", {})]
    assert follow_strictly(instructions, answer) == [False, False]
    assert follow_loosely(instructions, answer) == [True, False]


def item(**extra: Any) -> dict[str, Any]:
    return {"benchmark": "ifeval", "item_id": "1", "gold": [], "choices": [], "extra": json.dumps(extra)}


def test_the_grade_is_strict_and_notes_the_rest() -> None:
    asked = item(
        instruction_id_list=["punctuation:no_comma", "keywords:existence"],
        kwargs=[{"keywords": None}, {"keywords": ["sea"], "num_words": None}],
    )
    good = get_grader("ifeval")(asked, "<think>well, a comma</think>\n\nThe sea")
    assert (good.verdict, good.strict, good.lenient, good.how, good.note) == ("yes", True, True, "whole", "")
    half = get_grader("ifeval")(asked, "Sure, sir:\nThe sea")
    assert (half.verdict, half.strict, half.lenient) == ("no", False, True)
    assert half.note == "failed=punctuation:no_comma"
    neither = get_grader("ifeval")(asked, "The sky, the earth")
    assert (neither.verdict, neither.strict, neither.lenient) == ("no", False, False)
    assert get_grader("ifeval")(asked, " ").verdict == "no"
    assert get_grader("ifeval")(asked, "<think>The sea").how == "unclosed-think"


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"instruction_id_list": ["punctuation:no_comma"], "kwargs": []},
        {"instruction_id_list": ["punctuation:no_full_stop"], "kwargs": [{}]},
        {"instruction_id_list": ["keywords:existence"], "kwargs": [{}]},
        {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": ["("]}]},
        {
            "instruction_id_list": ["keywords:frequency"],
            "kwargs": [{"keyword": "a", "frequency": 1, "relation": "about"}],
        },
    ],
)
def test_instructions_that_cannot_be_checked_are_an_error(extra: dict[str, Any]) -> None:
    with pytest.raises(StudyError, match="IFEval"):
        get_grader("ifeval")(item(**extra), "text")
