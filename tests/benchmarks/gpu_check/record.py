"""The results file of the check, and the table made from it."""

from __future__ import annotations

import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "trl", "accelerate", "deepspeed", "triton", "liger-kernel", "flash-attn-4")


class Record:
    """``{"facts": ..., "results": {case: result}}`` in a JSON file; results of another machine or code are not kept.

    A result has a ``status``: running, measured, or left out with a ``reason``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts: dict[str, Any] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.read()

    def read(self) -> None:
        if self.path.is_file():
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self.facts, self.results = content["facts"], content["results"]

    def begin(self, facts: dict[str, Any]) -> None:
        """Keep only results of the same machine and code; the date may differ."""
        same = {key: value for key, value in facts.items() if key not in ("date", "matmul_tflops", "peak_tflops")}
        if any(self.facts.get(key) != value for key, value in same.items()):
            self.results = {}
        self.facts = facts
        self._save()

    def write(self, name: str, result: dict[str, Any]) -> None:
        self.results[name] = result
        self._save()

    def open(self, names: list[str]) -> list[str]:
        """Those without a result."""
        return [name for name in names if self.results.get(name, {}).get("status") not in ("measured", "left out")]

    def running(self) -> str | None:
        return next((name for name, result in self.results.items() if result["status"] == "running"), None)

    def leave_out(self, names: list[str], reason: str) -> None:
        for name in self.open(names):
            self.write(name, {"status": "left out", "reason": reason})

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        scratch.write_text(json.dumps({"facts": self.facts, "results": self.results}, indent=1), encoding="utf-8")
        scratch.replace(self.path)


def versions() -> dict[str, str]:
    """Of the packages that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def table(record: Record) -> str:
    """Markdown: what was measured on which machine, kernels, trainings, and what was left out."""
    facts = record.facts
    if not facts:
        return f"no process started: {record.results}\n"
    measured = {name: result for name, result in record.results.items() if result["status"] == "measured"}
    lines = [
        f"{facts['device']}, {facts['memory_gb']:.0f} GB, {facts['date']}, revision {facts['revision']}: "
        + ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        + f". Peak {facts['peak_tflops']:.0f} TFLOP/s by the maker; a matrix product reached "
        f"{facts['matmul_tflops']:.0f}.",
        "",
        *_trainings({name: result for name, result in measured.items() if "tokens_per_second" in result}),
        "",
        *_checks({name: result for name, result in measured.items() if "right" in result}),
        "",
        *(f"- left out: {name}: {r['reason']}" for name, r in record.results.items() if r["status"] == "left out"),
    ]
    return "\n".join(lines) + "\n"


def _trainings(results: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "| training | tokens/s | MFU | MFU, full | against ours | memory, GB | predicted | loss, norm |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, result in results.items():
        base = results.get(result["base"])
        ratio = f"{result['tokens_per_second'] / base['tokens_per_second']:.2f}" if base and base is not result else ""
        memory = f"{result['allocated_gb'] or 0:.1f} ({result['reserved_gb'] or 0:.1f})"
        lines.append(
            f"| {name}{result['note']} | {result['tokens_per_second']:,.0f} | {result['mfu']:.1%} | "
            f"{result['mfu_full']:.1%} | {ratio} | {memory} | "
            f"{result['predicted_gb']:.1f} | {result['losses'][-1]:.4f}, {result['norms'][-1]:.4f} |"
        )
    return lines


def _checks(results: dict[str, dict[str, Any]]) -> list[str]:
    lines = ["| check | right | found |", "|---|---|---|"]
    for name, result in results.items():
        found = "; ".join(f"{key} {value:.3g}" for key, value in result["numbers"].items())
        lines.append(f"| {name} | {'yes' if result['right'] else 'NO'} | {found} |")
    return lines
