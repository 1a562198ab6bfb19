"""Measure cases in one process, one after the other, and free the GPU in between."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cases import Case, LeftOut
from record import Record, versions

ROOT = Path(__file__).parents[3]
#: If a case leaves more than this on the GPU, the next one gets a fresh process.
MOST_LEFT_GB = 1.0


def work_off(cases: list[Case], record: Record, deadline: float) -> None:
    """Every open case that would end before ``deadline``; ends early where a fresh process is better."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from scale_or_reason.training.trainer.launch import joined_processes

    with joined_processes(None), tempfile.TemporaryDirectory() as folder:
        import torch

        record.begin(facts())
        for case in cases:
            if case.name not in record.open([case.name]) or time.time() + case.seconds > deadline:
                continue
            began = time.time()
            record.write(case.name, {"status": "running", "began": began})
            result = one(case, record.facts, Path(folder))
            record.write(case.name, result | {"took": round(time.time() - began, 1)})
            print(f"{time.time() - began:6.1f} s  {case.name}: {summary(result)}", flush=True)
            release()
            if torch.cuda.is_available() and torch.cuda.memory_allocated() / 2**30 > MOST_LEFT_GB:
                print(f"{torch.cuda.memory_allocated() / 2**30:.1f} GiB stay: a fresh process", flush=True)
                break


def release() -> None:
    """Free what a training held: DeepSpeed's hooks keep its engine alive until `destroy` removes them."""
    import torch
    from deepspeed.runtime.engine import DeepSpeedEngine

    gc.collect()
    for thing in gc.get_objects():
        if isinstance(thing, DeepSpeedEngine):
            thing.destroy()
    del thing
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def one(case: Case, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The result of a case, whatever happens."""
    import torch

    try:
        if case.kind == "attention":
            from kernels import check_attention as measure
        elif case.kind == "step":
            from steps import check_step as measure
        else:
            from trainings import measure_training as measure
        return {"status": "measured"} | measure(case, facts, folder)
    except ImportError as error:
        return {"status": "left out", "reason": f"a package is missing: {first_line(error)}"}
    except torch.OutOfMemoryError as error:
        return {"status": "left out", "reason": f"out of memory: {first_line(error)}"}
    except LeftOut as reason:
        return {"status": "left out", "reason": str(reason)}
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        return {"status": "left out", "reason": f"{type(error).__name__}: {first_line(error)}"}


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def summary(result: dict[str, Any]) -> str:
    if result["status"] != "measured":
        return f"left out, {result['reason']}"
    if "tokens_per_second" in result:
        return (
            f"{result['tokens_per_second']:,.0f} tokens/s, MFU {result['mfu']:.1%} ({result['mfu_full']:.1%} full), "
            f"{result['allocated_gb'] or 0:.1f} GB, predicted {result['predicted_gb']:.1f}"
        )
    return (
        ("right" if result["right"] else "WRONG")
        + ", "
        + str({key: float(f"{value:.3g}") for key, value in result["numbers"].items()})
    )


def facts() -> dict[str, Any]:
    """The machine, the code and the day."""
    import torch
    import yaml

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} CPU cores"
    memory = torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else 0
    product = matmul_peak()
    types = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))["plan"]["gpu_types"]
    peak = next((kind["tflops"] for text, kind in types.items() if text in name), product / 1e12)
    return {
        "device": name,
        "memory_gb": memory / 1e9,
        "peak_tflops": peak,
        "matmul_tflops": product / 1e12,
        "versions": versions(),
        "revision": revision(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def revision() -> str:
    """Of git, with a mark if files were changed; ``SCALE_OR_REASON_REVISION`` gives it for a copy without a history."""
    if stated := os.environ.get("SCALE_OR_REASON_REVISION"):
        return stated
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def matmul_peak() -> float:
    """The best of several square products, in FLOP/s, in the number format that is trained in."""
    import torch

    on_gpu = torch.cuda.is_available()
    device, dtype, size = ("cuda", torch.bfloat16, 8192) if on_gpu else ("cpu", torch.float32, 512)
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = 0.0
    for _ in range(20 if on_gpu else 3):
        if on_gpu:
            torch.cuda.synchronize()
        began = time.perf_counter()
        left @ right
        if on_gpu:
            torch.cuda.synchronize()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best
