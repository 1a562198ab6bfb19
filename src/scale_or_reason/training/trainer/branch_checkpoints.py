"""Checkpoints of a full run for the trainings on parts of its data, which branch off it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from scale_or_reason.training.branches import BranchStart
from scale_or_reason.training.trainer.checkpoints import hand_over
from scale_or_reason.training.trainer.launch import rank, wait_for_all


class BranchCheckpoints(TrainerCallback):
    """Writes a checkpoint where a branch leaves the run, and puts it where the branch's training resumes from.

    Its place among the callbacks is after :class:`WholeCheckpoints`, which completes a checkpoint.
    """

    def __init__(self, starts: Sequence[BranchStart], resumed: Path | None) -> None:
        self.starts, self.resumed = starts, resumed

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.resumed is not None:  # the run may have been killed before it handed this checkpoint over
            self._hand_over(self.resumed, state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if any(start.step == state.global_step for start in self.starts):
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._hand_over(Path(args.output_dir) / f"checkpoint-{state.global_step}", state.global_step)

    def _hand_over(self, checkpoint: Path, step: int) -> None:
        here = [start for start in self.starts if start.step == step]
        if not here:
            return
        if rank() == 0:
            for start in here:
                start.folder.mkdir(parents=True, exist_ok=True)
                hand_over(checkpoint, start.folder, start.identity)
        wait_for_all()  # otherwise another rank could remove the checkpoint meanwhile
