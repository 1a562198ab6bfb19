"""What the screen shows of a failed job: the error itself, and where the rest is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from snakemake_logger_plugin_terse.text import last_lines

#: How much of a log is shown where no line says what the error is, such as after a traceback.
_LAST_LINES = 20
#: How long an error may be.
_MOST_LINES = 40
_ERROR = "error: "


@dataclass(frozen=True)
class Failure:
    """A failed job: its name, its error in one line, and its logs."""

    name: str
    error: str
    logs: tuple[str, ...]

    def summary(self) -> str:
        """The failure in one line."""
        logs = f" ({', '.join(self.logs)})" if self.logs else ""
        return f"  {self.name}: {self.error or 'no message'}{logs}"


def error_lines(log: Path) -> list[str]:
    """The last error in a log, with the indented lines that belong to it; else the log's end."""
    lines = last_lines(log)
    starts = [number for number, line in enumerate(lines) if line.lower().startswith(_ERROR)]
    if not starts:
        return [line.strip() for line in lines[-_LAST_LINES:]]
    end = starts[-1] + 1
    while end < len(lines) and lines[end][:1].isspace():
        end += 1
    return [line.rstrip() for line in lines[starts[-1] : end]][:_MOST_LINES]


def describe(name: str, message: str, logs: Iterable[str], is_member: bool = False) -> tuple[Failure | None, str]:
    """A failed job, and the lines about it: the executor's ``message``, the error, the logs that exist.

    Of a group of jobs (``is_member``) Snakemake does not report which one has failed. None for a job without output.
    """
    found = [(log, error_lines(Path(log))) for log in logs if Path(log).is_file()]
    shown = max((lines for _, lines in found), key=_names_its_error, default=[])
    if is_member and not _names_its_error(shown):
        return None, ""
    first = shown[0] if _names_its_error(shown) else "".join(shown[-1:])
    failure = Failure(name, first or message.strip(), tuple(log for log, _ in found))
    lines = [f"failed: {name}", *([f"  {message.strip()}"] if message.strip() else [])]
    lines += [f"  | {line}" for line in shown]
    lines += [f"  the whole log: {log}" for log, _ in found]
    return failure, "\n".join(lines)


def _names_its_error(lines: list[str]) -> bool:
    return bool(lines) and lines[0].lower().startswith(_ERROR)
