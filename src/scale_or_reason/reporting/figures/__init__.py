"""Figures of both versions of the paper. Each figure type is a module with ``table`` (the data) and ``draw``.

:mod:`~scale_or_reason.reporting.figures.registry` maps figures to types.
"""
