"""Running the training program in tests: its options, and its processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from made_mixture import MadeMixture
from warm_engines import warm_trainer

ITEMS, STEPS, WARMUP, DECAY, PEAK = 8, 13, 2, 5, 1e-3
PATIENCE = 900  # seconds; a process takes about 8 on an idle machine
TEMPLATE = Path("src/scale_or_reason/training/templates/chatml.jinja")


def command(root: Path, student: Path, made: MadeMixture, output: Path, **changes: object) -> list[str]:
    options: dict[str, object] = {
        "model": student,
        "mixture": made.mixture,
        "tokens": made.tokens,
        "chat_template": root / TEMPLATE,
        "deepspeed": root / "config/deepspeed/cpu.json",
        "learning_rate": PEAK,
        "gradient_clipping": 0.1,
        "batch_unit": "items",
        "batch_size": ITEMS,
        "max_length": 160,
        "warmup_steps": WARMUP,
        "decay_steps": DECAY,
        "seed": 0,
        "threads": 1,
        "output": output,
    }
    script = [str(root / "workflow/scripts/train_student.py")]
    return script + [
        text for key, value in (options | changes).items() for text in (f"--{key.replace('_', '-')}", str(value))
    ]


def warm_launcher(processes: int) -> list[str]:
    """What comes before a program's words to have several processes of it, as forks of ``warm_trainer``."""
    return [str(Path(__file__).with_name("warm_torchrun.py")), "--nproc-per-node", str(processes)]


def run(
    arguments: list[str], processes: int = 1, record: Path | None = None, by_itself: bool = False
) -> subprocess.CompletedProcess[str]:
    """A program's run; its processes start with their libraries imported, unless it is to start ``by_itself``."""
    words = warm_launcher(processes) if processes > 1 else []
    if record is not None:
        record.mkdir()
        words += [str(Path(__file__).with_name("record_batches.py")), str(record)]
    words += arguments
    if by_itself:
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=PATIENCE)
    return warm_trainer().run(words)
