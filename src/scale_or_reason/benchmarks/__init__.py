"""The benchmarks: where their rows are and how a row becomes an item. Each is declared in a file of ``catalogue/``.

Import :mod:`~scale_or_reason.benchmarks.names` for the names alone (no data library).
"""
