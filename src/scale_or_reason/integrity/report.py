"""The findings of a check as text for a terminal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from scale_or_reason.common.wording import counted
from scale_or_reason.integrity.findings import DAMAGED, KINDS, Checked

#: Findings that are listed in full; a broken disk can have thousands.
_LISTED = 50
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def report(checked: Checked, results: Path) -> str:
    """A table by folder, the findings, notes, and a last line with the outcome and what to do."""
    parts = [_table(checked, results), *(str(finding) for finding in checked.findings[:_LISTED])]
    if len(checked.findings) > _LISTED:
        parts.append(f"and {len(checked.findings) - _LISTED} more")
    parts += [f"note: {note}" for note in checked.notes]
    return "\n".join([*parts, outcome(checked, results)])


def outcome(checked: Checked, results: Path) -> str:
    """The last line."""
    total = sum(checked.files.values())
    if not checked.findings:
        return f"{results}: nothing is wrong with {counted(total, 'file')}"
    kinds = Counter(finding.kind for finding in checked.findings)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])
    remedy = "run the study again to make them"
    if kinds[DAMAGED]:
        remedy = (
            f"`snakemake quarantine` moves what is damaged to {results / 'damaged'} and prints how to make it again"
        )
    return f"{results}: {counts}, of {counted(total, 'file')}: {remedy}"


def size(count: float) -> str:
    """``12.3 MB``."""
    for limit, unit in _UNITS:
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count:.0f} B"


def _table(checked: Checked, results: Path) -> str:
    wrong: Counter[str] = Counter()
    for finding in checked.findings:
        parts = finding.path.relative_to(results).parts if finding.path.is_relative_to(results) else ()
        wrong[parts[0] if len(parts) > 1 else "."] += 1
    rows = [["folder", "files", "size", "with checksum", "wrong"]]
    for top in sorted({*checked.files, *wrong}):
        rows.append(_row(top, checked.files[top], checked.bytes[top], checked.compared[top], wrong[top]))
    totals = (sum(part.values()) for part in (checked.files, checked.bytes, checked.compared, wrong))
    rows.append(_row("all", *totals))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )


def _row(name: str, files: int, count: int, compared: int, wrong: int) -> list[str]:
    return [name, f"{files:,}", size(count), f"{compared:,}", f"{wrong:,}"]
