"""What belongs to the whole process: a test that changes it would change the next tests of the same worker."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What pytest and libraries set, some when they are imported.
OF_OTHERS = ("PYTEST_", "PYTORCH_", "TORCH", "KMP_", "TRITON_", "VLLM_", "DS_", "_RJEM_")
#: pytest-timeout uses SIGALRM.
SIGNALS = sorted(signal.valid_signals() - {signal.SIGALRM})


def process_state() -> dict[str, object]:
    """By what it is; all of it is easily changed by a program that runs within the process."""
    (umask,) = re.findall(r"^Umask:\s*(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    state: dict[str, object] = {
        "the working directory": os.getcwd(),
        "sys.argv": list(sys.argv),
        "sys.path": list(sys.path),
        "the umask": umask,
        "the level of logging.disable": logging.root.manager.disable,
    }
    state |= {f"the variable {name}": value for name, value in os.environ.items() if not name.startswith(OF_OTHERS)}
    return state | {f"the handler of signal {number}": signal.getsignal(number) for number in SIGNALS}


@contextmanager
def unchanged_process() -> Iterator[None]:
    """Raise AssertionError if the block changes something of it; values of variables may be secret."""
    before = process_state()
    yield
    after = process_state()
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    assert not changed, f"the test has changed what later tests share: {', '.join(changed)}"
