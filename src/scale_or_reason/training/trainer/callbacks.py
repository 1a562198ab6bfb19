"""Trainer callbacks: progress, complete checkpoints, stopping on SIGTERM or a bad loss."""

from __future__ import annotations

import json
import math
import shutil
import signal
import sys
import time
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from scale_or_reason.common.errors import DivergedError
from scale_or_reason.common.files import sync_folder, write_json
from scale_or_reason.training.trainer.launch import any_process, rank, wait_for_all

#: Written into a checkpoint last; a checkpoint without it is a partial write of a killed run.
_WHOLE = "whole.json"
#: Beside the checkpoints of a diverged run.
_DIVERGED = "diverged.json"
_SECONDS_BETWEEN_LINES = 15
#: Divergence threshold, in nats per token above the initial loss: each token is seven times less probable.
_DIVERGED_BY = 2.0
_RECENT_STEPS = 5
_MOST_RANGES = 40


def last_whole_checkpoint(folder: Path) -> Path | None:
    """The latest complete checkpoint; ``None`` to start from the beginning.

    Removes partial writes, which would count towards the limit of kept checkpoints.
    """
    checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    whole = [path for path in checkpoints if (path / _WHOLE).is_file()]
    for partial_write in set(checkpoints) - set(whole):
        shutil.rmtree(partial_write)
    return whole[-1] if whole else None


def refuse_diverged(folder: Path) -> None:
    """Raise the :class:`DivergedError` with which the same run has ended before, since it would diverge again."""
    file = folder / _DIVERGED
    if file.is_file():
        fields = json.loads(file.read_text(encoding="utf-8"))
        remedy = f"{fields.pop('remedy')}. This result is from an earlier run; remove this file to run it again"
        raise DivergedError(**fields, where=file, remedy=remedy)


class WholeCheckpoints(TrainerCallback):
    """Marks checkpoints as complete, and stores the training time in them."""

    def __init__(self, resumed: Path | None) -> None:
        self.before = json.loads((resumed / _WHOLE).read_text())["seconds"] if resumed else 0.0
        self.began = time.monotonic()

    def seconds(self) -> float:
        """Time in training steps over all runs, without work lost by kills."""
        return self.before + time.monotonic() - self.began

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.began = time.monotonic()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        wait_for_all()  # each rank writes its part
        if rank() == 0:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            sync_folder(folder)  # otherwise a crash of the machine could leave the mark beside empty files
            write_json({"seconds": self.seconds()}, folder / _WHOLE)
        wait_for_all()  # a rank that exits earlier would make its launcher kill the others


class StepSeconds(TrainerCallback):
    """Logs the duration of each step, without the time for checkpoints."""

    def __init__(self) -> None:
        self.mark = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.mark = time.monotonic()

    on_save = on_train_begin

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        now = time.monotonic()
        state.log_history[-1]["seconds"] = now - self.mark
        self.mark = now


class StopOnSigterm(TrainerCallback):
    """Ends the run with a checkpoint after the current step, once any process has received SIGTERM.

    Slurm sends it before the time limit, and torchrun's wrapper forwards it. All ranks must agree on the step, since
    all of them write the checkpoint; transformers' ``enable_jit_checkpoint`` does not synchronise them. Before the
    first step SIGTERM ends the process as usual, since nothing is lost. After the last step it is ignored, since saving
    the model takes no longer than a checkpoint.
    """

    def __init__(self) -> None:
        self.signalled = self.stopped = False

    def _on_signal(self, *_: object) -> None:
        self.signalled = True

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if any_process(self.signalled) and state.global_step < state.max_steps:
            self.stopped = control.should_save = control.should_training_stop = True
            if rank() == 0:
                step = f"step {state.global_step} of {state.max_steps}"
                print(f"SIGTERM: writing a checkpoint at {step}", file=sys.stderr, flush=True)


class StopOnBadLoss(TrainerCallback):
    """Ends the run at the first step whose loss is not finite, or when the loss diverges.

    It has diverged if the median loss of the last steps is more than :data:`_DIVERGED_BY` above that of the first step
    of their phase, before the student has trained on it. A single unusual batch does not count.
    """

    def __init__(self, positions: list[list[int]], phases: list[int], learning_rate: float) -> None:
        self.positions, self.learning_rate = positions, learning_rate
        #: For each step, the first step (from 0) of its phase.
        first: dict[int, int] = {}
        self.begins = [first.setdefault(phase, step) for step, phase in enumerate(phases)]

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        loss, step = (logs or {}).get("loss"), state.global_step
        if loss is None:
            return
        if not math.isfinite(loss):
            self._stop(f"the loss is {loss}", "a finite loss", args.output_dir, state)
        begin = self.begins[step - 1]
        first, recent = state.log_history[begin]["loss"], state.log_history[max(begin, step - _RECENT_STEPS) : step]
        if len(recent) == _RECENT_STEPS and median(entry["loss"] for entry in recent) > first + _DIVERGED_BY:
            expected = (
                f"at most {first + _DIVERGED_BY:.3g}; it was {first:.3g} at the start of this phase, step {begin + 1}"
            )
            self._stop(f"the loss has risen to {loss:.3g}", expected, args.output_dir, state)

    def _stop(self, problem: str, expected: str, folder: str, state: Any) -> None:
        rows = _ranges(self.positions[state.global_step - 1])
        fields = {
            "problem": f"{problem} at step {state.global_step} of {state.max_steps}",
            "key": "learning rate",
            "found": f"peak {self.learning_rate:g}; the step's samples are rows {rows} of the mixture (position)",
            "expected": expected,
            "remedy": "lower the learning rate or the gradient clipping, or train in float32, and run again",
        }
        if rank() == 0:
            write_json(fields, Path(folder) / _DIVERGED)
        raise DivergedError(**fields)


class GradientNorm(TrainerCallback):
    """Makes DeepSpeed's stage 0 report the gradient norm, as the other stages do."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        from torch.nn.utils import clip_grad_norm_

        engine = self.trainer.model_wrapped

        def clip() -> None:
            engine._global_grad_norm = clip_grad_norm_(engine.module.parameters(), engine.gradient_clipping())

        engine.clip_fp32_gradients = clip


class Progress(TrainerCallback):
    """A progress bar with loss, tokens per second and time left; plain lines at intervals if stderr is no terminal."""

    def __init__(self, tokens_per_step: list[int]) -> None:
        self.tokens_after = [0, *accumulate(tokens_per_step)]
        self.loss = float("nan")
        self.bar: tqdm | None = None
        self.first = self.last_printed = 0
        self.began = self.printed_at = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.first, self.began = state.global_step, time.monotonic()
        self.printed_at = self.began
        if self.first:
            print(f"resuming after step {self.first} of {state.max_steps}", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            self.bar = tqdm(total=state.max_steps, initial=self.first, unit="step", desc="train", dynamic_ncols=True)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.loss = (logs or {}).get("loss", self.loss)
        step, now = state.global_step, time.monotonic()
        done = self.tokens_after[step] - self.tokens_after[self.first]
        speed = done / max(now - self.began, 1e-9)
        fields = f"loss {self.loss:.3f}, {speed:,.0f} tokens/s"
        if self.bar is not None:
            self.bar.set_postfix_str(fields, refresh=False)
            self.bar.update(step - self.bar.n)
        elif step > self.last_printed and (
            now - self.printed_at > _SECONDS_BETWEEN_LINES or step in (1, state.max_steps)
        ):
            left = (self.tokens_after[-1] - self.tokens_after[step]) / max(speed, 1e-9)
            minutes, seconds = divmod(round(left), 60)
            print(f"step {step}/{state.max_steps}: {fields}, {minutes}:{seconds:02d} left", file=sys.stderr, flush=True)
            self.last_printed, self.printed_at = step, now

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.bar is not None:
            self.bar.close()


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a finished run and those of earlier settings."""
    stem = folder.name.rpartition("-")[0]
    for old in folder.parent.glob(f"{stem}-*"):
        shutil.rmtree(old, ignore_errors=True)


def _ranges(positions: list[int]) -> str:
    """The sorted positions as ranges, ``3..7, 9``; shortened for long batches."""
    parts: list[list[int]] = []
    for position in sorted(positions):
        if parts and position == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], position]
        else:
            parts.append([position])
    shown = ", ".join("..".join(map(str, part)) for part in parts[:_MOST_RANGES])
    return f"{shown}, ..." if len(parts) > _MOST_RANGES else shown
