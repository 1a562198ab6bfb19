"""Group sequences into optimizer steps, and distribute each step over processes and micro-batches.

The grouping depends only on the mixture and the batch size: for any number of processes and any memory limit, a step
has the same sequences, in the order of the mixture. The distribution affects only speed. (The loss of a step is the
mean over all its completion tokens, so another distribution changes only rounding.)

A micro-batch is one row of complete concatenated sequences, without padding; attention stays within each sequence.

Our own, since TRL first packs sequences into rows of a fixed length, and a step then depends on these rows.
"""

from __future__ import annotations

import bisect
import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

BATCH_UNITS = ("items", "tokens")
#: On a GPU, starting the kernels of a micro-batch takes about as long as ``micro_batch_tokens`` / this many tokens.
LAUNCH_SHARE = 4

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class BatchPlan:
    """All micro-batches of one epoch, as sequence indices.

    ``micro_batches[(step * accumulation + micro_step) * processes + rank]``; every step has the same number;
    smaller steps are padded with empty ones.
    """

    steps: list[Indices]
    micro_batches: list[Indices]
    accumulation: int
    processes: int
    #: Tokens of the largest micro-batch.
    largest: int
    #: Tokens of all micro-batches, divided by the capacity of the processes in the same time: in each round all wait
    #: for the fullest row. 1 for a single process.
    utilisation: float


def plan_batches(
    lengths: Indices,
    phases: Indices,
    *,
    unit: str,
    size: int,
    processes: int,
    micro_batch_tokens: int,
    launch_tokens: int = 0,
    accumulation: int = 1,
) -> BatchPlan:
    """Plan one epoch over sequences of ``lengths`` tokens, in their order.

    ``unit`` and ``size`` define an optimizer step (:func:`optimizer_steps`); ``micro_batch_tokens`` is the limit per
    process and micro-batch. ``launch_tokens`` is for GPUs, where starting the kernels of a micro-batch takes as long as
    computing that many tokens: a step is then spread over its micro-batches if that is faster. ``accumulation`` is the
    least number of micro-batches of a step and process: that of a longer run, whose steps these sequences begin.
    Raises :class:`StudyError` if there is nothing to train on or a sequence is longer than a micro-batch.
    """
    if not len(lengths):
        raise StudyError("there are no sequences to train on", remedy="check the audit of the pairs and max_length")
    if lengths.max() > micro_batch_tokens:
        raise StudyError(
            "the longest sequence does not fit into a micro-batch",
            key="micro_batch_tokens",
            found=f"{counted(lengths.max(), 'token')} in a sequence, {micro_batch_tokens} in a micro-batch",
            expected="micro-batches at least as large as max_length",
            remedy="raise micro_batch_tokens or lower max_length",
        )
    steps = optimizer_steps(lengths, phases, unit, size)
    assigned = [_assign(step, lengths, processes, micro_batch_tokens) for step in steps]
    accumulation = max(accumulation, max(map(len, assigned)) // processes)
    if launch_tokens:
        assigned = [_spread(rows, lengths, accumulation, processes, launch_tokens) for rows in assigned]
    empty = np.empty(0, dtype=np.int64)
    micro_batches = [row for rows in assigned for row in rows + [empty] * (accumulation * processes - len(rows))]
    loads = np.array([lengths[row].sum() for row in micro_batches])
    waited_for = processes * loads.reshape(-1, processes).max(axis=1).sum()
    return BatchPlan(steps, micro_batches, accumulation, processes, int(loads.max()), float(loads.sum() / waited_for))


def optimizer_steps(lengths: Indices, phases: Indices, unit: str, size: int) -> list[Indices]:
    """The sequences of each optimizer step: contiguous blocks that never cross the border of two phases.

    ``items`` (v2): ``size`` sequences. ``tokens`` (v1): a new step starts with the first sequence that begins at or
    after a multiple of ``size`` tokens, so steps have ``size`` tokens on average, prompts included. The last step of
    a phase has the rest.
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


def _assign(step: Indices, lengths: Indices, processes: int, limit: int) -> list[Indices]:
    """Rows of at most ``limit`` tokens, fullest first; their number is a multiple of ``processes``.

    The number of rounds is minimal, then the time that processes wait for each other.
    """
    ordered = step[np.argsort(-lengths[step], kind="stable")]
    full = _in_rounds(_fill_to(limit, ordered, lengths), lengths, processes)
    fewest = -(-int(lengths[step].sum()) // (processes * limit)) * processes
    candidates = [full]
    for count in range(fewest, len(full) + 1, processes):
        candidates.append(_in_rounds(_fill_evenly(count, ordered, lengths), lengths, processes))
    possible = [rows for rows in candidates if lengths[rows[0]].sum() <= limit]
    return min(possible, key=lambda rows: (len(rows), _waited_for(rows, lengths, processes)))


def _spread(
    rows: list[Indices], lengths: Indices, accumulation: int, processes: int, launch_tokens: int
) -> list[Indices]:
    """The sequences of ``rows`` spread over all rounds of a step, or ``rows`` themselves if that is not faster."""
    step = np.concatenate(rows)
    ordered = step[np.argsort(-lengths[step], kind="stable")]
    spread = _in_rounds(_fill_evenly(accumulation * processes, ordered, lengths), lengths, processes)
    fullest = max(int(lengths[row].sum()) for row in rows)

    def duration(rows: list[Indices]) -> int:
        rounds = [int(lengths[row].sum()) for row in rows[::processes]]
        return sum(max(launch_tokens, tokens) for tokens in rounds) + launch_tokens * (accumulation - len(rounds))

    return spread if duration(spread) < duration(rows) and lengths[spread[0]].sum() <= fullest else rows


def _fill_evenly(count: int, ordered: Indices, lengths: Indices) -> list[list[int]]:
    """Longest sequence first, each into the emptiest of ``count`` rows."""
    rows: list[list[int]] = [[] for _ in range(count)]
    heap = [(0, row) for row in range(count)]
    for index in ordered.tolist():
        load, row = heap[0]
        rows[row].append(index)
        heapq.heapreplace(heap, (load + int(lengths[index]), row))
    return rows


def _fill_to(limit: int, ordered: Indices, lengths: Indices) -> list[list[int]]:
    """Longest sequence first, each into the fullest row with room for it (best-fit decreasing)."""
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # sorted
    for index in ordered.tolist():
        length = int(lengths[index])
        place = bisect.bisect_left(room, (length, -1))
        if place == len(room):
            rows.append([index])
            bisect.insort(room, (limit - length, len(rows) - 1))
        else:
            left, row = room.pop(place)
            rows[row].append(index)
            bisect.insort(room, (left - length, row))
    return rows


def _in_rounds(rows: list[list[int]], lengths: Indices, processes: int) -> list[Indices]:
    """Rows sorted by size, so that the processes of a round, which are neighbours in the list, have similar loads."""
    ordered = sorted(rows, key=lambda row: -sum(int(lengths[index]) for index in row))
    ordered += [[] for _ in range(-len(rows) % processes)]
    return [np.array(row, dtype=np.int64) for row in ordered]


def _waited_for(rows: list[Indices], lengths: Indices, processes: int) -> int:
    """The sum over rounds of the tokens of the fullest row."""
    return sum(int(lengths[row].sum()) for row in rows[::processes])
