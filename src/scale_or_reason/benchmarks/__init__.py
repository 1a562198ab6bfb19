"""The 18 benchmarks of the papers: where their rows are and how a row becomes an item.

Import :mod:`~scale_or_reason.benchmarks.names` for the names alone (no data library).
"""
