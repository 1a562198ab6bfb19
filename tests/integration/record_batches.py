"""Run a training script and record what the model really sees: ``record_batches.py FOLDER SCRIPT ARGUMENTS...``.

Writes FOLDER/rank-N.json: a list of the micro-batches in the order of the forward passes, each a list of token rows.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    folder, script = Path(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    seen: list[list[list[int]]] = []

    import transformers.trainer

    original = transformers.trainer.Trainer.training_step

    def recorded(self, model, inputs, *rest, **named):  # type: ignore[no-untyped-def]
        seen.append(inputs["input_ids"].tolist())
        return original(self, model, inputs, *rest, **named)

    transformers.trainer.Trainer.training_step = recorded
    runpy.run_path(script, run_name="__main__")
    (folder / f"rank-{os.environ['RANK']}.json").write_text(json.dumps(seen))
