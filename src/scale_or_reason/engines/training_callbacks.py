"""What happens around the steps of a training: progress, checkpoints that are whole, a stop on a bad loss."""

from __future__ import annotations

import json
import math
import shutil
import sys
import time
from itertools import accumulate
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from scale_or_reason.engines.launch import rank, wait_for_all
from scale_or_reason.errors import StudyError
from scale_or_reason.files import write_json

#: Written into a checkpoint after everything else: without it a checkpoint is a torso of a killed run.
_WHOLE = "whole.json"
_SECONDS_BETWEEN_LINES = 15


def last_whole_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint that was completely written; ``None`` to start from the beginning."""
    whole = [path.parent for path in folder.glob(f"checkpoint-*/{_WHOLE}")]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


class WholeCheckpoints(TrainerCallback):
    """Marks checkpoints as whole, and keeps the time spent so far in them."""

    def __init__(self, resumed: Path | None) -> None:
        self.before = json.loads((resumed / _WHOLE).read_text())["seconds"] if resumed else 0.0
        self.began = time.monotonic()

    def seconds(self) -> float:
        """Time in training steps, over all starts of this run; work that a kill threw away is not counted."""
        return self.before + time.monotonic() - self.began

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.began = time.monotonic()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        wait_for_all()  # each rank writes its own part
        if rank() == 0:
            write_json({"seconds": self.seconds()}, Path(args.output_dir) / f"checkpoint-{state.global_step}" / _WHOLE)


class StopOnBadLoss(TrainerCallback):
    """Ends the run at the first step whose loss is no number."""

    def __init__(self, positions: list[list[int]], learning_rate: float) -> None:
        self.positions, self.learning_rate = positions, learning_rate

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        step = state.global_step
        raise StudyError(
            f"the loss is {loss} at step {step} of {state.max_steps}",
            key="learning rate",
            found=f"{self.learning_rate:g} at its peak; rows {_short(self.positions[step - 1])} of the mixture",
            expected="a finite loss",
            remedy="lower the learning rate or the gradient clipping, or train in float32; then run again",
        )


class GradientNorm(TrainerCallback):
    """Makes DeepSpeed's stage 0 report the norm of the gradients that it clips; the other stages do."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        from torch.nn.utils import clip_grad_norm_

        engine = self.trainer.model_wrapped

        def clip() -> None:
            engine._global_grad_norm = clip_grad_norm_(engine.module.parameters(), engine.gradient_clipping())

        engine.clip_fp32_gradients = clip


class Progress(TrainerCallback):
    """A bar with loss, tokens per second and time left; plain lines now and then where no one watches a terminal."""

    def __init__(self, tokens_per_step: list[int]) -> None:
        self.tokens_after = [0, *accumulate(tokens_per_step)]
        self.loss = float("nan")
        self.bar: tqdm | None = None
        self.first = self.spoken = 0
        self.began = self.spoke_at = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.first, self.began = state.global_step, time.monotonic()
        self.spoke_at = self.began
        if self.first:
            print(f"goes on after step {self.first} of {state.max_steps}", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            self.bar = tqdm(total=state.max_steps, initial=self.first, unit="step", desc="train", dynamic_ncols=True)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.loss = (logs or {}).get("loss", self.loss)
        step, now = state.global_step, time.monotonic()
        done = self.tokens_after[step] - self.tokens_after[self.first]
        speed = done / max(now - self.began, 1e-9)
        facts = f"loss {self.loss:.3f}, {speed:,.0f} tokens/s"
        if self.bar is not None:
            self.bar.set_postfix_str(facts, refresh=False)
            self.bar.update(step - self.bar.n)
        elif step > self.spoken and (now - self.spoke_at > _SECONDS_BETWEEN_LINES or step in (1, state.max_steps)):
            left = (self.tokens_after[-1] - self.tokens_after[step]) / max(speed, 1e-9)
            minutes, seconds = divmod(round(left), 60)
            print(f"step {step}/{state.max_steps}: {facts}, {minutes}:{seconds:02d} left", file=sys.stderr, flush=True)
            self.spoken, self.spoke_at = step, now

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.bar is not None:
            self.bar.close()


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished run, and what earlier settings left beside them."""
    stem = folder.name.rpartition("-")[0]
    for old in folder.parent.glob(f"{stem}-*"):
        shutil.rmtree(old, ignore_errors=True)


def _short(positions: list[int]) -> str:
    return f"{positions[0]}..{positions[-1]}" if len(positions) > 1 else str(positions[0])
