"""The small world: rows in the real schemas, true answers, honest traces, lessons that say what they mean."""

from __future__ import annotations

import json
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.benchmarks.names import BENCHMARK_NAMES
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.errors import StudyError
from scale_or_reason.data.prompt_schemas import PROMPT_SCHEMAS, prompt_of
from scale_or_reason.small_world import judging, lessons
from scale_or_reason.small_world.arithmetic import chain
from scale_or_reason.small_world.corpora import TOPICS, corpus_rows
from scale_or_reason.small_world.generate import GENERATORS, distinct_problems
from scale_or_reason.small_world.lexicon import ANIMALS, GAINS, LOSSES, facts
from scale_or_reason.small_world.problem import LARGEST, LETTERS
from scale_or_reason.small_world.tokenizer import END, END_OF_TEXT, build_tokenizer, chat_template, learn_merges

SEEDS = st.integers(min_value=0, max_value=2**31)
#: Names of the shared files of real rows that are not the benchmark's own.
REAL_ROWS = {"math_500": "math500"}
#: Looked up once: shipped models have learnt these, so they must never change.
SHIPPED_FACTS = {("fox", "food"): "grass", ("seal", "home"): "valley", ("crow", "fear"): "noise"}
#: A line of arithmetic in a trace: what it is about, if it says so, and the equation.
EQUATION = re.compile(r"(?:(.+): )?(\d+)([-+*])(\d+)=(\d+)")


def boxed(text: str) -> str:
    return text.removeprefix("\\boxed{").removesuffix("}")


def true_equation(line: str) -> bool:
    _, first, sign, second, result = EQUATION.fullmatch(line).groups()
    a, b = int(first), int(second)
    return {"+": a + b, "-": a - b, "*": a * b}[sign] == int(result)


@given(SEEDS, st.integers(min_value=1, max_value=6))
def test_chains_stay_in_range_and_add_up(seed: int, length: int) -> None:
    amounts = chain(Random(seed), length)
    assert len(amounts.changes) == length
    assert all(0 <= result <= LARGEST for result in amounts.results)
    assert amounts.answer == amounts.start + sum(amounts.changes)
    assert all(true_equation(step) for step in amounts.steps)


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", BENCHMARK_NAMES)
@given(seed=SEEDS)
def test_every_row_is_read_and_its_final_answer_is_gold(benchmark: str, seed: int) -> None:
    problem = GENERATORS[benchmark](Random(seed))
    declared = get_benchmark(benchmark)
    assert set(declared.columns) <= set(problem.row)
    assert declared.keep(problem.row) or benchmark == "mmlu_math"
    question = declared.read(problem.row)
    if benchmark == "ifeval":
        assert question.gold == []
    else:
        assert boxed(problem.final) in question.gold


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", BENCHMARK_NAMES)
@given(seed=SEEDS)
def test_traces_contain_only_true_equations_and_right_options(benchmark: str, seed: int) -> None:
    problem = GENERATORS[benchmark](Random(seed))
    for step in problem.steps:
        if EQUATION.fullmatch(step):
            assert true_equation(step)
        elif re.fullmatch(r"[A-J] .+ (yes|no)", step):
            assert step.endswith("yes") == (step[0] == boxed(problem.final))
    assert problem.reasoning.startswith("<think>\n")
    assert problem.reasoning.endswith(f"</think>\n\n{problem.final}")


@given(seed=SEEDS)
def test_the_teacher_says_where_the_second_story_starts(seed: int) -> None:
    problem = GENERATORS["aime"](Random(seed))
    (start,) = (line for line in problem.reasoning.splitlines() if re.fullmatch(r"\w+ has \d+ \w+", line))
    assert f"{start}." in problem.row["problem"]


@pytest.mark.parametrize("benchmark", ["gsm8k", "aqua_rat", "mmlu_pro_math", "mmlu_pro_code", "aime"])
@given(seed=SEEDS)
def test_traces_cite_the_question_and_carry_the_amount_on(benchmark: str, seed: int) -> None:
    """What stands before a colon is in the question, in its order, and a step starts where the last one ended."""
    problem = GENERATORS[benchmark](Random(seed))
    text = get_benchmark(benchmark).read(problem.row).text
    told, amount = 0, None
    for cited, first, sign, second, result in map(
        re.Match.groups, filter(None, (EQUATION.fullmatch(step) for step in problem.steps))
    ):
        told = text.index(cited, told) + 1
        assert cited.endswith(second)
        assert amount in (None, first) or f" has {first} " in text
        amount = result
        assert sign in "+-"


@given(SEEDS)
def test_word_problems_mean_what_they_say(seed: int) -> None:
    """The gold follows from the question's words alone, read by a program that knows nothing of the generator."""
    row = GENERATORS["gsm8k"](Random(seed)).row
    *sentences, question = row["question"].split(". ")
    person = re.search(r"does (\w+) have", question).group(1)
    amount = 0
    for sentence in sentences:
        words = sentence.split()
        number = int(next(word for word in words if word.isdigit()))
        if words[0] == person:
            verb = " ".join(words[1 : words.index(str(number))])
            amount += -number if verb in LOSSES else number
            assert verb in (*GAINS, *LOSSES, "has")
    assert row["answer"].endswith(f"#### {amount}")


@given(SEEDS)
def test_aime_answers_have_two_digits(seed: int) -> None:
    answer = GENERATORS["aime"](Random(seed)).row["answer"]
    assert re.fullmatch(r"[1-9]\d", answer)


@pytest.mark.parametrize("benchmark", ["aqua_rat", "mmlu_pro_math", "mmlu_misc", "openbookqa", "winogrande"])
@given(seed=SEEDS)
def test_options_differ(benchmark: str, seed: int) -> None:
    choices = get_benchmark(benchmark).read(GENERATORS[benchmark](Random(seed)).row).choices
    assert len(set(choices)) == len(choices)


@pytest.mark.parametrize(
    "benchmark", [name for name in BENCHMARK_NAMES if name not in ("aime", "c_code_summarization")]
)
def test_rows_have_the_columns_of_the_real_dataset(benchmark: str, shared_dir) -> None:
    file = shared_dir / "data" / "benchmark_rows" / f"{REAL_ROWS.get(benchmark, benchmark)}.jsonl"
    real = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    ours = GENERATORS[benchmark](Random(0)).row
    assert set(ours) == set(real)
    for column, value in real.items():
        if value is not None and ours[column] is not None:
            assert type(ours[column]) is type(value), column


def test_benchmark_and_pool_never_meet() -> None:
    problems = distinct_problems("mmlu_misc", 120, 0)
    texts = [json.dumps({k: v for k, v in p.row.items() if k != "id"}) for p in problems]
    assert len(set(texts)) == len(texts)
    assert distinct_problems("mmlu_misc", 60, 0) == problems[:60]


@pytest.mark.slow
def test_too_many_rows_are_refused() -> None:
    with pytest.raises(StudyError, match="too few different questions"):
        distinct_problems("c_code_summarization", 4000, 0)


def test_facts_are_the_same_everywhere() -> None:
    assert len(set(ANIMALS)) == 48
    assert len(facts()) == 144
    assert {key: facts()[key] for key in SHIPPED_FACTS} == SHIPPED_FACTS


def test_a_fact_has_its_letter_in_openbookqa_and_none_of_its_own_in_mmlu_misc() -> None:
    letters: dict[str, dict[str, set]] = {"openbookqa": {}, "mmlu_misc": {}}
    for seed in range(4000):
        row = GENERATORS["openbookqa"](Random(seed)).row
        fact = row["question_stem"] + row["choices"]["text"][LETTERS.index(row["answerKey"])]
        letters["openbookqa"].setdefault(fact, set()).add(row["answerKey"])
        row = GENERATORS["mmlu_misc"](Random(seed)).row
        letters["mmlu_misc"].setdefault(row["question"], set()).add(row["answer"])
    assert len(letters["openbookqa"]) == len(letters["mmlu_misc"]) == 144
    assert {len(found) for found in letters["openbookqa"].values()} == {1}
    assert sum(len(found) > 1 for found in letters["mmlu_misc"].values()) > 100


@pytest.mark.parametrize("corpus", TOPICS)
def test_corpora_are_in_the_schema_of_their_source(corpus: str) -> None:
    schema = PROMPT_SCHEMAS[{"general": "infinity_instruct", "math": "llama_nemotron"}[corpus]]
    rows = list(corpus_rows(corpus, 50, 0))
    questions = [prompt_of(row, schema) for row in rows]
    assert all(questions)
    assert rows == list(corpus_rows(corpus, 50, 0))
    assert rows != list(corpus_rows(corpus, 50, 1))


@pytest.mark.parametrize(
    ("answer", "truths", "reply"),
    [
        ("12", ["12"], "1 1 same\n2 2 same\n\\boxed{yes}"),
        ("174", ["179"], "1 1 same\n7 7 same\n4 9 different\n\\boxed{no}"),
        ("B", ["C", "mice"], "B C different\n\\boxed{no}"),
        ("mice", ["C", "mice"], "mice mice same\n\\boxed{yes}"),
        ("adds 3", ["adds 3 and subtracts 4"], "adds adds same\n3 3 same\nnothing and different\n\\boxed{no}"),
        (None, ["C"], "no answer\n\\boxed{no}"),
    ],
)
def test_the_judges_true_reply(answer: str | None, truths: list[str], reply: str) -> None:
    assert judging.comparison(answer, truths) == reply


@given(SEEDS)
def test_judge_lessons_end_in_a_verdict(seed: int) -> None:
    lesson = judging.judge_lesson(Random(seed))
    assert re.search(r"\\boxed\{(yes|no)\}$", lesson.reply)
    assert "User Answer:\n" in lesson.prompt


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(lessons.sample_texts(400, 0), min_count=1)


@pytest.mark.slow
@given(text=st.text(max_size=60))
def test_no_text_is_lost_in_the_tokenizer(tokenizer, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


@pytest.mark.slow
def test_words_of_the_world_and_digits_are_one_piece(tokenizer) -> None:
    ids = tokenizer.encode("Ann has 17 books. \\boxed{174}", add_special_tokens=False).ids
    pieces = [tokenizer.decode([piece]) for piece in ids]
    assert pieces == ["Ann", " has", " ", "1", "7", " books", ".", " \\", "boxed", "{", "1", "7", "4", "}"]


@pytest.mark.slow
@given(letter=st.sampled_from(LETTERS), context=st.sampled_from(("{}", "{} mice no", "\\boxed{{{}}}", "\n{}. mice")))
def test_a_letter_is_the_same_piece_before_an_option_and_in_a_box(tokenizer, letter: str, context: str) -> None:
    assert tokenizer.token_to_id(letter) in tokenizer.encode(context.format(letter), add_special_tokens=False).ids


WORDS = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8)


@given(words=WORDS)
def test_merges_make_every_word_one_piece(words: list[str]) -> None:
    from tokenizers import Tokenizer, models

    merges = learn_merges(words)
    pieces = dict.fromkeys(["a", "b", "c", *(left + right for left, right in merges)])
    encoder = Tokenizer(models.BPE(vocab={piece: place for place, piece in enumerate(pieces)}, merges=merges))
    assert [encoder.encode(word).tokens for word in words] == [[word] for word in words]


def test_the_most_frequent_pair_is_merged_first() -> None:
    assert learn_merges(["bcd", "abc", "bca"]) == [("b", "c"), ("a", "bc"), ("bc", "a"), ("bc", "d")]


@pytest.mark.slow
def test_only_completions_are_learnt(tokenizer) -> None:
    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    for role in ("teacher", "judge"):
        batch = next(lessons.batches(role, Random(0), encode, 2000))
        for lesson in batch.lessons:
            learnt = [label for label in lesson.labels if label != lessons.IGNORED]
            assert lesson.ids[-len(learnt) :] == learnt
            if learnt[-1] == tokenizer.token_to_id(END_OF_TEXT):  # plain text, which the teacher reads too
                assert role == "teacher" and learnt == lesson.ids
                continue
            assert learnt[-1] == tokenizer.token_to_id(END)
            assert 0 < len(learnt) < len(batch.prefix) + len(lesson.ids)


def test_the_thinking_switch_of_the_template() -> None:
    import jinja2

    template = jinja2.Environment().from_string(chat_template("switch"))
    message = [{"role": "user", "content": "Hello"}]
    thinking = template.render(messages=message, add_generation_prompt=True, enable_thinking=True)
    assert thinking == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    assert template.render(messages=message, add_generation_prompt=True) == thinking
    off = template.render(messages=message, add_generation_prompt=True, enable_thinking=False)
    assert off == thinking + "<think>\n\n</think>\n\n"
    never = jinja2.Environment().from_string(chat_template("never"))
    assert never.render(messages=message, add_generation_prompt=True, enable_thinking=True) == off
