"""A training that goes no further than a test allows: ``held_training.py FOLDER SCRIPT ARGUMENTS...``.

FOLDER/allowed has the number of steps after which all processes wait. Each that has received SIGTERM writes
FOLDER/signalled-RANK. Without both, a busy machine would end the training before the test can disturb it.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

ENDLESS = 1_000_000


def allow(folder: Path, steps: int = ENDLESS) -> None:
    """Let trainings in ``folder`` do so many steps, counted from the first of all."""
    (folder / "allowed.new").write_text(str(steps))
    (folder / "allowed.new").rename(folder / "allowed")


def hold(folder: Path) -> None:
    import transformers.trainer

    from scale_or_reason.training.trainer.callbacks import StopOnSigterm

    train, on_signal = transformers.trainer.Trainer.training_step, StopOnSigterm._on_signal

    def held(self: Any, *arguments: Any, **options: Any) -> Any:
        while self.state.global_step >= int((folder / "allowed").read_text()):
            time.sleep(0.005)
        return train(self, *arguments, **options)

    def on_signal_and_note(self: Any, *arguments: object) -> None:
        on_signal(self, *arguments)
        (folder / f"signalled-{os.environ['RANK']}").touch()

    transformers.trainer.Trainer.training_step = held
    StopOnSigterm._on_signal = on_signal_and_note  # type: ignore[method-assign]


if __name__ == "__main__":
    held_in, script = Path(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    hold(held_in)
    runpy.run_path(script, run_name="__main__")
