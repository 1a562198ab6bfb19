"""Which sequences share an optimizer step, and how a step is dealt to processes and micro-batches.

The first is science: it depends on the mixture and the batch size alone. The second is speed: whatever the number of
processes, the memory limit and the layout, every step holds the same sequences, in the order of the mixture. (The
loss of a step is the mean over all its completion tokens, so dealing them differently changes only rounding.)
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.errors import StudyError

BATCH_UNITS = ("items", "tokens")
#: ``padded``: a micro-batch is a rectangle, short sequences are padded to the longest.
#: ``packed``: a micro-batch is one row of sequences end to end; fast with attention kernels for variable lengths only.
LAYOUTS = ("padded", "packed")

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class BatchPlan:
    """All micro-batches of one epoch, as indices of sequences.

    ``micro_batches[(step * accumulation + micro_step) * processes + rank]``; every step has the same number, and
    where a step has less to do than others the rest is empty.
    """

    steps: list[Indices]
    micro_batches: list[Indices]
    accumulation: int
    processes: int
    #: Slots that the micro-batches take, padding included, and the largest of them.
    slots: int
    largest: int


def plan_batches(
    lengths: Indices, phases: Indices, *, unit: str, size: int, processes: int, micro_batch_tokens: int, layout: str
) -> BatchPlan:
    """Plan one epoch over sequences of ``lengths`` tokens, in their order.

    ``unit`` and ``size`` say what an optimizer step holds (:func:`optimizer_steps`); ``micro_batch_tokens`` is the
    most that one process takes at a time, padding included.
    Raises :class:`StudyError` if there is nothing to train on or a sequence is longer than a micro-batch.
    """
    if not len(lengths):
        raise StudyError("there is no sequence to train on", remedy="look at the audit of the pairs and at max_length")
    if lengths.max() > micro_batch_tokens:
        raise StudyError(
            "the longest sequence does not fit into a micro-batch",
            key="micro_batch_tokens",
            found=f"{lengths.max()} tokens in a sequence, {micro_batch_tokens} in a micro-batch",
            expected="micro-batches at least as large as max_length",
            remedy="raise micro_batch_tokens or lower max_length",
        )
    steps = optimizer_steps(lengths, phases, unit, size)
    if layout == "padded":
        dealt = [_deal_padded(step, lengths, processes, micro_batch_tokens) for step in steps]
    else:
        rounds = max(_packed_rounds(step, lengths, processes, micro_batch_tokens) for step in steps)
        dealt = [_fill_rows(step, lengths, rounds * processes) for step in steps]
    accumulation = max(len(parts) for parts in dealt) // processes
    empty = np.empty(0, dtype=np.int64)
    micro_batches = [part for parts in dealt for part in parts + [empty] * (accumulation * processes - len(parts))]
    slots = _padded_slots if layout == "padded" else _packed_slots
    sizes = [slots(part, lengths) for part in micro_batches]
    return BatchPlan(steps, micro_batches, accumulation, processes, sum(sizes), max(sizes))


def optimizer_steps(lengths: Indices, phases: Indices, unit: str, size: int) -> list[Indices]:
    """The sequences of each optimizer step: contiguous blocks, and no block across the border of two phases.

    ``items`` (v2): ``size`` sequences. ``tokens`` (v1): a new step starts with the first sequence that begins at or
    after a multiple of ``size`` tokens, so steps hold ``size`` tokens on average, prompts included. The last step of
    a phase holds what is left.
    """
    if unit not in BATCH_UNITS:
        raise StudyError("unknown batch unit", key="batch unit", found=unit, expected=" or ".join(BATCH_UNITS))
    if size < 1:
        raise StudyError("the batch is empty", key="batch size", found=size, expected="at least 1")
    steps = []
    borders = np.flatnonzero(np.diff(phases)) + 1
    for block in np.split(np.arange(len(lengths), dtype=np.int64), borders):
        start = np.arange(len(block)) if unit == "items" else np.cumsum(lengths[block]) - lengths[block]
        steps += np.split(block, np.flatnonzero(np.diff(start // size)) + 1)
    return steps


def _deal_padded(step: Indices, lengths: Indices, processes: int, limit: int) -> list[Indices]:
    """Longest first, as many as fit at a time, dealt to the processes in turn: neighbours need little padding."""
    ordered = _longest_first(step, lengths)
    parts: list[Indices] = []
    while len(ordered):
        take = processes * (limit // int(lengths[ordered[0]]))
        now, ordered = ordered[:take], ordered[take:]
        parts += [now[rank::processes] for rank in range(processes)]
    return parts


def _packed_rounds(step: Indices, lengths: Indices, processes: int, limit: int) -> int:
    """The fewest rounds of ``processes`` rows in which :func:`_fill_rows` keeps to the limit."""
    rounds = -(-int(lengths[step].sum()) // (processes * limit))
    while max(int(lengths[row].sum()) for row in _fill_rows(step, lengths, rounds * processes)) > limit:
        rounds += 1
    return rounds


def _fill_rows(step: Indices, lengths: Indices, count: int) -> list[Indices]:
    """Longest first, each into the emptiest of ``count`` rows; the fullest rows come first.

    So the processes of one round, neighbours in the list, have about the same to do.
    """
    rows: list[list[int]] = [[] for _ in range(count)]
    heap = [(0, row) for row in range(count)]
    for index in _longest_first(step, lengths).tolist():
        load, row = heap[0]
        rows[row].append(index)
        heapq.heapreplace(heap, (load + int(lengths[index]), row))
    rows.sort(key=lambda row: -sum(int(lengths[index]) for index in row))
    return [np.array(row, dtype=np.int64) for row in rows]


def _longest_first(step: Indices, lengths: Indices) -> Indices:
    return step[np.argsort(-lengths[step], kind="stable")]


def _padded_slots(part: Indices, lengths: Indices) -> int:
    return len(part) * int(lengths[part].max()) if len(part) else 0


def _packed_slots(part: Indices, lengths: Indices) -> int:
    return int(lengths[part].sum())
