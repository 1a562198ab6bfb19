"""A test that changes its process fails, rather than another one after it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from process_state import unchanged_process

CHANGES: dict[str, Callable[[Path], object]] = {
    "the variable OF_THIS_TEST": lambda _: os.environ.update(OF_THIS_TEST="1"),
    "the working directory": os.chdir,
    "sys.argv": lambda _: sys.argv.append("--more"),
    "sys.path": lambda folder: sys.path.append(str(folder)),
    "the umask": lambda _: os.umask(0o77),
    "the level of logging.disable": lambda _: logging.disable(),
    f"the handler of signal {int(signal.SIGTERM)}": lambda _: signal.signal(signal.SIGTERM, signal.SIG_IGN),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THIS_TEST", "0")
    monkeypatch.chdir(".")
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(logging.root.manager, "disable", logging.root.manager.disable)
    handler, umask = signal.getsignal(signal.SIGTERM), os.umask(0o22)
    os.umask(umask)
    try:
        with pytest.raises(AssertionError, match=f"later tests share: {name}$"), unchanged_process():
            CHANGES[name](tmp_path)
    finally:
        signal.signal(signal.SIGTERM, handler)
        os.umask(umask)
