"""Reports: figures, the explorer, inspection pages.

Takes tables; provides PDF, PNG, CSV and HTML. Must not compute numbers that are in no table.
"""
