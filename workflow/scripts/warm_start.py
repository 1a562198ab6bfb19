"""Start a script as a fork of a process that has imported its libraries, or by itself where there is none.

    python workflow/scripts/warm_start.py engine workflow/scripts/evaluate_model.py ...
    python workflow/scripts/warm_start.py --serve engine FOLDER/engine < PIPE

With `compute.warm_start` the workflow starts a server for engines, one for trainings and one for rule graders, tables
and figures. They serve until their standard input ends. Only for CPUs, and for models in local folders: with these
libraries imported, a program no longer decides whether they use a GPU or the hub.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scale_or_reason.common import warm_start


def load_engine() -> None:
    """Import vLLM as an engine on CPU does."""
    from scale_or_reason.inference.vllm_engine import import_vllm

    import_vllm(local=True)
    warm_start.import_all(
        "vllm.entrypoints.llm",
        "vllm.v1.engine.core",
        "vllm.v1.worker.cpu_worker",
        "vllm.model_executor.models.qwen2",
    )


def load_trainer() -> None:
    """Import the libraries of a training as a training on CPU does."""
    from scale_or_reason.training.trainer import launch

    os.environ["DS_ACCELERATOR"] = "cpu"
    launch.quiet_libraries()
    warm_start.import_all(
        "torch",
        "deepspeed",
        "datasets",
        "trl.trainer.sft_trainer",
        "transformers.models.qwen2.modeling_qwen2",
    )


def load_analysis() -> None:
    """Import what rule graders, tables and figures need, without polars: its threads would be missing in a fork."""
    warm_start.import_all(
        "numpy",
        "scipy.optimize",
        "scipy.stats",
        "jinja2",
        "pandas",
        "matplotlib.backends.backend_agg",
        "matplotlib.backends.backend_pdf",
        "seaborn",
        "concurrent.futures.process",
        "scale_or_reason.common.errors",
        "scale_or_reason.grading",
    )


LOADERS = {"engine": load_engine, "trainer": load_trainer, "analysis": load_analysis}


def main() -> None:
    if sys.argv[1] == "--serve":
        kind, path = sys.argv[2:]
        warm_start.serve(Path(path), LOADERS[kind])
    else:
        warm_start.run_program(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    main()
