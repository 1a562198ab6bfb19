"""One training at a time for each model, on whatever machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.lease import lease
from scale_or_reason.training.trainer import launch


@contextmanager
def only_writer(output: Path) -> Iterator[None]:
    """The block in which this training alone writes ``output`` and its checkpoints.

    Call it in all processes of the training. Raises :class:`StudyError` in each if another training writes there.
    """
    with ExitStack() as stack:
        refusal = launch.from_first(lambda: _refusal(stack, output.with_name(f".{output.name}.lease")))
        if refusal is not None:
            raise refusal
        yield


def _refusal(stack: ExitStack, path: Path) -> StudyError | None:
    try:
        stack.enter_context(lease(path))
    except StudyError as error:
        return error
    return None
