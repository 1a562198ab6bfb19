"""Training data of the small world's models as token batches: text for students, chats for teacher and judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.small_world.exercises import chat_prompt, user_message
from scale_or_reason.small_world.generate import GENERATORS
from scale_or_reason.small_world.judging import judge_lesson
from scale_or_reason.small_world.pretraining import document
from scale_or_reason.small_world.tokenizer import END, END_OF_TEXT

Encode = Callable[[str], list[int]]
#: Lessons are drawn in pools of this many batches and sorted by length, so that a batch has little padding.
POOL_BATCHES = 32
#: Weights of benchmarks in the teacher's training, default 1: facts, searches and pairs of stories need more samples.
TEACHER_WEIGHTS = {
    "openbookqa": 2,
    "mmlu_misc": 2,
    "gsm8k": 2,
    "aime": 4,
    "aqua_rat": 2,
    "mmlu_pro_math": 2,
    "squad": 3,
    "coqa": 3,
    "consumer_qa": 2,
    "mmlu_pro_law": 3,
    "ifeval": 2,
}
#: Label of tokens without loss.
IGNORED = -100


@dataclass(frozen=True)
class Lesson:
    """Token ids and labels of equal length; ``IGNORED`` for tokens without loss."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class Batch:
    """Lessons of similar length after one shared ``prefix`` (token ids; may be empty)."""

    lessons: list[Lesson]
    prefix: list[int]

    @property
    def tokens(self) -> int:
        return sum(len(lesson.ids) for lesson in self.lessons)


def _completion_lesson(encode: Encode, prompt: str, completion: str) -> Lesson:
    before, after = encode(prompt), encode(completion + END)
    return Lesson(before + after, [IGNORED] * len(before) + after)


def student_lesson(rng: Random, encode: Encode) -> Lesson:
    """A document of the world, with loss on every token."""
    ids = encode(document(rng) + END_OF_TEXT)
    return Lesson(ids, ids)


def teacher_lesson(rng: Random, encode: Encode) -> Lesson:
    """A question of any benchmark with its true answer, thinking on or off.

    One lesson in three is plain text with loss on every token, which speeds up learning facts, sums and exercises.
    """
    if rng.random() < 1 / 3:
        return student_lesson(rng, encode)
    benchmark = rng.choices(list(GENERATORS), [TEACHER_WEIGHTS.get(name, 1) for name in GENERATORS])[0]
    problem = GENERATORS[benchmark](rng)
    prompt = chat_prompt(user_message(benchmark, problem))
    if rng.random() < 0.5:
        return _completion_lesson(encode, prompt, problem.reasoning)
    return _completion_lesson(encode, f"{prompt}{THINK_OPEN}\n\n{THINK_CLOSE}\n\n", problem.ift)


def judge_chat_lesson(rng: Random, encode: Encode) -> Lesson:
    """A judge's prompt with the true verdict, thinking off."""
    lesson = judge_lesson(rng)
    return _completion_lesson(encode, chat_prompt(lesson.prompt) + f"{THINK_OPEN}\n\n{THINK_CLOSE}\n\n", lesson.reply)


_LESSONS: dict[str, Callable[[Random, Encode], Lesson]] = {
    "student": student_lesson,
    "teacher": teacher_lesson,
    "judge": judge_chat_lesson,
}


def sample_texts(count: int, seed: int) -> Iterator[str]:
    """Texts of every kind in the small world, for building the tokenizer."""
    rng = Random(derive_seed("small world", "texts", seed))
    for _ in range(count):
        yield document(rng)
        benchmark = rng.choice(list(GENERATORS))
        problem = GENERATORS[benchmark](rng)
        yield user_message(benchmark, problem)
        yield "\n".join([*problem.steps, problem.final])
        lesson = judge_lesson(rng)
        yield lesson.prompt
        yield lesson.reply
    yield chat_prompt("")


def _shared_prefix(lessons: list[Lesson]) -> int:
    """The number of leading tokens that all lessons share and that have no loss."""
    first = lessons[0]
    for position, token in enumerate(first.ids):
        if any(
            position >= len(lesson.ids) or lesson.ids[position] != token or lesson.labels[position] != IGNORED
            for lesson in lessons
        ):
            return position
    return len(first.ids)


def _batch(lessons: list[Lesson]) -> Batch:
    """Split off the shared prefix (mostly the judge's instructions), which is computed once per batch."""
    shared = _shared_prefix(lessons)
    # One token stays before the first label, which is predicted from it.
    shared = max(0, shared - 1)
    rest = [Lesson(lesson.ids[shared:], lesson.labels[shared:]) for lesson in lessons]
    return Batch(rest, lessons[0].ids[:shared])


def batches(role: str, rng: Random, encode: Encode, tokens: int) -> Iterator[Batch]:
    """Endless batches of fresh lessons, about ``tokens`` tokens each (the shared prefix not counted)."""
    while True:
        pool: list[Lesson] = []
        size = 0
        while size < POOL_BATCHES * tokens:
            lesson = _LESSONS[role](rng, encode)
            pool.append(lesson)
            size += len(lesson.ids)
        # Group lessons with the same first tokens (a shared judging prompt), and sort the others by length.
        pool.sort(key=lambda lesson: (lesson.ids[:60] if role == "judge" else [], len(lesson.ids)))
        cut: list[list[Lesson]] = [[]]
        filled = 0
        for lesson in pool:
            if filled >= tokens:
                cut.append([])
                filled = 0
            cut[-1].append(lesson)
            filled += len(lesson.ids)
        rng.shuffle(cut)
        yield from (_batch(lessons) for lessons in cut)


def loss(model: Any, batch: Batch, pad: int) -> Any:
    """Mean cross entropy of the batch's labels, as a torch scalar; the shared prefix is computed once."""
    import torch

    longest = max(len(lesson.ids) for lesson in batch.lessons)
    shape = (len(batch.lessons), longest)
    ids, labels = torch.full(shape, pad), torch.full(shape, IGNORED)
    seen = torch.zeros(shape, dtype=torch.long)
    for row, lesson in enumerate(batch.lessons):
        ids[row, : len(lesson.ids)] = torch.tensor(lesson.ids)
        labels[row, : len(lesson.ids)] = torch.tensor(lesson.labels)
        seen[row, : len(lesson.ids)] = 1
    cache = None
    if batch.prefix:
        cache = model(input_ids=torch.tensor([batch.prefix]), use_cache=True, logits_to_keep=1).past_key_values
        cache.batch_repeat_interleave(len(batch.lessons))
        seen = torch.cat([torch.ones(shape[0], len(batch.prefix), dtype=torch.long), seen], dim=1)
    hidden = model.model(
        input_ids=ids, attention_mask=seen, past_key_values=cache, use_cache=cache is not None
    ).last_hidden_state[:, :-1]
    targets = labels[:, 1:]
    learnt = targets != IGNORED
    # Only positions with loss go through the output layer, which dominates a small model.
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[learnt]).float(), targets[learnt])
