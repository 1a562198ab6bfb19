"""Check that this environment can train and generate on this machine's GPUs: driver, torch, vLLM and the project.

    .venv-gpu/bin/python envs/check_gpu.py     # `make venv-gpu` ends with it

Prints a line per part. Status 1 with a remedy if one does not work.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

_DRIVER_QUERY = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
#: What the jobs import.
_MODULES = ("torch", "transformers", "trl", "deepspeed", "vllm", "scale_or_reason")


def gpus() -> list[str]:
    """A line per GPU: name, memory, driver version. Raises SystemExit without a driver."""
    if shutil.which(_DRIVER_QUERY[0]) is None:
        raise SystemExit(
            "error: no NVIDIA driver: nvidia-smi was not found\n"
            "what to do: run this on a machine with a GPU, such as a node of the cluster: srun --gpus=1 --pty bash"
        )
    asked = subprocess.run(_DRIVER_QUERY, capture_output=True, text=True, check=False)
    if asked.returncode or not all(line.count(",") == 2 for line in asked.stdout.strip().splitlines() or [""]):
        raise SystemExit(f"error: nvidia-smi finds no GPU: {(asked.stdout + asked.stderr).strip()}")
    return asked.stdout.strip().splitlines()


def import_all() -> None:
    """Import what the jobs import. Raises SystemExit with the first failure."""
    for name in _MODULES:
        try:
            import_module(name)
        except Exception as error:  # whatever a library raises at its import
            raise SystemExit(f"error: {name} cannot be imported: {type(error).__name__}: {error}") from error
        print(f"{name} {version(name.replace('_', '-'))}", flush=True)


def use_gpu(driver: str) -> None:
    """Multiply two matrices on the GPU in bfloat16. Raises SystemExit if that fails."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit(
            f"error: torch {torch.__version__} cannot use the GPU (it is built for CUDA {torch.version.cuda}; "
            f"driver {driver})\n"
            "what to do: update the driver to one that supports this version of CUDA, or unset CUDA_VISIBLE_DEVICES"
        )
    ones = torch.ones(256, 256, dtype=torch.bfloat16, device="cuda")
    if not bool(((ones @ ones) == 256).all()):
        raise SystemExit("error: a product of two matrices on the GPU is wrong")
    major, minor = torch.cuda.get_device_capability()
    print(f"GPU works: compute capability {major}.{minor}, CUDA {torch.version.cuda}", flush=True)
    if major < 8:
        raise SystemExit("error: this GPU has no bfloat16; the studies need compute capability 8.0 (A100) or newer")


def main() -> None:
    found = gpus()
    print(*found, sep="\n", flush=True)
    import_all()
    use_gpu(found[0].rpartition(",")[2].strip())


if __name__ == "__main__":
    sys.exit(main())
