"""The style of all figures, from ``config/style.yaml``, and the saving of figures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import matplotlib
import polars as pl
import seaborn as sns
import yaml
from matplotlib.figure import Figure

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_path
from scale_or_reason.common.tables import write_csv

_SERIES = {"ift", "reasoning", "base"}
#: The exact keys of each mapping in the style file.
_NAMES = {
    "colours": _SERIES | {"teacher", "frontier", "suboptimal", "note"},
    "markers": _SERIES | {"mixture"},
    "lines": _SERIES | {"teacher", "frontier"},
    "labels": _SERIES | {"teacher", "frontier", "suboptimal", "seq", "mix"},
}
#: Keys that the file may omit: those that style files of earlier versions do not have.
_DEFAULTS = {"labels": {"seq-reversed": "Reasoning first"}}


@dataclass(frozen=True)
class Style:
    """The content of ``config/style.yaml``: lengths in inches, fonts in points, marker areas in square points."""

    width_in: float
    panel_height_in: float
    png_dpi: int
    font_family: str
    font_size: float
    colours: dict[str, str]
    markers: dict[str, str]
    lines: dict[str, str]
    line_width: float
    interval_width: float
    marker_area: list[float]
    band_opacity: float
    suboptimal_opacity: float
    palette: list[str]
    size_colours: str
    labels: dict[str, str]
    #: A sentence below every figure; no key of the file.
    note: str = ""

    @classmethod
    def from_file(cls, path: str | Path, note: str = "") -> Style:
        """Read the style file. Raises :class:`StudyError` for missing or unknown keys."""
        if not Path(path).is_file():
            raise StudyError("the style file is missing", where=path, remedy="use config/style.yaml")
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        _check_names(content, {field.name for field in fields(cls)} - {"note"}, path, key=None)
        for key, names in _NAMES.items():
            defaults = _DEFAULTS.get(key, {})
            _check_names(content[key], names | defaults.keys(), path, key, optional=defaults.keys())
            content[key] = defaults | content[key]
        return cls(**content, note=note)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Context in which matplotlib uses this style; global settings are restored."""
        settings = sns.axes_style("ticks") | {
            "font.family": self.font_family,
            "font.size": self.font_size,
            "axes.titlesize": self.font_size + 1,
            "axes.labelsize": self.font_size,
            "xtick.labelsize": self.font_size - 1,
            "ytick.labelsize": self.font_size - 1,
            "legend.fontsize": self.font_size,
            "axes.linewidth": 0.6,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.minor.width": 0.4,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "xtick.minor.size": 1.5,
            "xtick.bottom": True,
            "ytick.left": True,
            "lines.linewidth": self.line_width,
            "pdf.fonttype": 42,  # text remains searchable and editable
            "savefig.dpi": self.png_dpi,
        }
        with matplotlib.rc_context():
            matplotlib.rcdefaults()  # a matplotlibrc of the user changes no figure
            matplotlib.rcParams.update(settings)
            yield

    def marker_areas(self, sizes: list[float]) -> dict[float, float]:
        """Marker area of each student size, in equal steps from the smallest to the largest."""
        low, high = self.marker_area
        steps = max(len(sizes) - 1, 1)
        return {size: low + (high - low) * rank / steps for rank, size in enumerate(sorted(sizes))}


def _check_names(
    found: object, expected: set[str], path: object, key: str | None, optional: Collection[str] = ()
) -> None:
    names = set(found) if isinstance(found, dict) else set()
    if names | set(optional) != expected:
        raise StudyError(
            "the style file has unknown or missing keys",
            where=path,
            key=key,
            found=f"unknown: {sorted(names - expected)}, missing: {sorted(expected - names - set(optional))}",
            expected=", ".join(sorted(expected)),
            remedy="correct the file; its comments explain each key",
        )


def save_figure(
    stem: str | Path, table: pl.DataFrame, draw: Callable[[pl.DataFrame, Style], Figure], style: Style
) -> None:
    """Draw ``table`` and write ``stem``.pdf, .png and .csv (the table) atomically.

    The files contain no date, so that equal tables give equal bytes.
    """
    with style.applied():
        figure = draw(table, style)
        for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None})):
            with atomic_path(Path(f"{stem}{suffix}")) as temporary:
                figure.savefig(temporary, metadata=metadata)
            figure.set_layout_engine("none")  # the layout is final: computing it again would take as long as drawing
    write_csv(table, f"{stem}.csv")
