"""Shared by all packages: errors, atomic files, table schemas, manifests, seeds, logs of records.

Takes nothing from the other packages. Must not know what a study, a model or a benchmark is.
"""
