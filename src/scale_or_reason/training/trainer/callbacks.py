"""Trainer callbacks: progress, seconds of a step, stopping on SIGTERM."""

from __future__ import annotations

import signal
import sys
import time
from itertools import accumulate
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from scale_or_reason.training.trainer.launch import any_process, rank

_SECONDS_BETWEEN_LINES = 15


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
