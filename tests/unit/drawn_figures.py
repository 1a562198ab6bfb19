"""Figures of the registry in tests."""

from __future__ import annotations

import importlib

import polars as pl

from scale_or_reason.reporting.figures.registry import FIGURES
from scale_or_reason.reporting.figures.results import Results


def figure_type_of(figure: str):
    return importlib.import_module(f"scale_or_reason.reporting.figures.{FIGURES[figure].figure_type}")


def table_of(figure: str, study: Results) -> pl.DataFrame:
    return figure_type_of(figure).table(study, **FIGURES[figure].parameters)
