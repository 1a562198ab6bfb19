"""Figures of both versions of the paper: few figure types, each a module with ``table`` (what is drawn) and ``draw``
(how).

:mod:`~scale_or_reason.reporting.figures.registry` says which figure has which type.
"""
