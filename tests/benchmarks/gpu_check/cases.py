"""What is measured, the most important first."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: hidden, feed-forward, layers, heads, key and value heads, vocabulary, tied: the numbers of the hub's config.json.
SHAPES: dict[str, tuple[int, int, int, int, int, int, bool]] = {
    "0.5B": (896, 4864, 24, 14, 2, 151_936, True),
    "1.5B": (1536, 8960, 28, 12, 2, 151_936, True),
    "3B": (2048, 11_008, 36, 16, 2, 151_936, True),
    "7B": (3584, 18_944, 28, 28, 4, 152_064, False),
    "tiny": (64, 192, 2, 2, 1, 512, True),
}
#: Mean tokens of a prompt and of an answer, as the config plans for the general corpus, and the spread of logarithms.
FORMATS = {"ift": (140, 435, 0.9), "reasoning": (140, 2590, 0.8)}


class LeftOut(Exception):
    """Why a case cannot be measured here."""


@dataclass(frozen=True)
class Scale:
    """How large the rows are. ``batch``: unit and size of an optimizer step, as in ``training.batch``."""

    row: int = 16_384
    batch: tuple[str, int] = ("tokens", 65_536)
    shrink: int = 1


@dataclass(frozen=True)
class Case:
    """One measurement.

    ``kind``: attention (``shape`` has its heads), step, or train. ``way``: our rule, TRL's own packing with our kernel
    (trl), or with transformers' mask (trl masked). ``layers``: as our rule has them, plain, or of Liger.
    ``seconds``: an estimate, start and warm-up included.
    """

    name: str
    kind: str
    shape: str = ""
    format: str = ""
    way: str = "ours"
    kernel: str = "auto"
    checkpointing: bool = False
    layers: str = "rule"
    warm: int = 2
    timed: int = 4
    seconds: float = 12.0
    scale: Scale = Scale()


def all_cases(tiny: bool) -> list[Case]:
    """The whole list, or the same kinds of cases on tiny models."""
    kernels = [
        Case("attention, width 128", "attention", "12/2/128/0", seconds=15),
        Case("attention, width 64", "attention", "14/2/64/0", seconds=6),
        Case("attention, width 256, window 512", "attention", "4/1/256/512", seconds=8),
        Case("training step", "step", seconds=20),
    ]
    if tiny:
        small = Scale(row=256, batch=("tokens", 1024), shrink=12)
        kernels = [Case("attention, tiny", "attention", "4/2/32/16"), Case("training step", "step")]
        ways = _of_shape("tiny", warm=1, timed=2, seconds=5)
        return [replace(case, scale=small) for case in [*kernels, *ways]]
    return [
        *kernels,
        *_of_shape("1.5B", timed=4, seconds=14),
        *_of_shape("0.5B", timed=6, seconds=10),
        *_large("3B", timed=3, seconds=20),
        *_large("7B", warm=2, timed=3, seconds=30, scale=Scale(batch=("tokens", 32_768))),
    ]


def _of_shape(shape: str, warm: int = 2, timed: int = 4, seconds: float = 12.0) -> list[Case]:
    base = Case(shape, "train", shape, warm=warm, timed=timed, seconds=seconds)
    reasoning = replace(base, name=f"{shape} reasoning: ours", format="reasoning")
    ift = replace(base, name=f"{shape} ift: ours", format="ift")
    items = replace(ift.scale, batch=("items", 32))
    return [
        reasoning,
        replace(reasoning, name=f"{shape} reasoning: TRL packed", way="trl"),
        ift,
        replace(ift, name=f"{shape} ift: TRL packed", way="trl"),
        replace(reasoning, name=f"{shape} reasoning: ours, not compiled", layers="plain"),
        replace(reasoning, name=f"{shape} reasoning: ours, Liger in place of compiling", layers="liger"),
        replace(reasoning, name=f"{shape} reasoning: ours, checkpointing", checkpointing=True),
        replace(ift, name=f"{shape} ift: ours, checkpointing", checkpointing=True),
        replace(ift, name=f"{shape} ift: ours, 32 items a step", scale=items, timed=3 * timed),
        replace(reasoning, name=f"{shape} reasoning: TRL packed, masked", way="trl masked"),
        # a new length of document is a new plan of cuDNN's to some versions of torch: a minute
        replace(ift, name=f"{shape} ift: ours, attention by document", kernel="sdpa", seconds=4 * seconds),
    ]


def _large(shape: str, warm: int = 2, timed: int = 3, seconds: float = 20.0, scale: Scale = Scale()) -> list[Case]:
    base = Case(f"{shape} reasoning: ours, checkpointing", "train", shape, "reasoning", checkpointing=True)
    base = replace(base, warm=warm, timed=timed, seconds=seconds, scale=scale)
    return [
        base,
        replace(base, name=f"{shape} reasoning: TRL packed, checkpointing", way="trl"),
        replace(base, name=f"{shape} ift: ours, checkpointing", format="ift"),
        replace(base, name=f"{shape} reasoning: ours", checkpointing=False),
        replace(base, name=f"{shape} reasoning: ours, checkpointing, not compiled", layers="plain"),
    ]
