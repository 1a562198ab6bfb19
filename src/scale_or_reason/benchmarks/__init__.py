"""The benchmarks: the source of their rows and the conversion of a row to an item, one file each in ``catalogue/``.

:mod:`~scale_or_reason.benchmarks.names` has the names alone and imports no data library.
"""
