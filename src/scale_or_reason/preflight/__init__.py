"""Checks before the first job: the schema of the config, cross-checks between keys, missing files.

Takes the raw config and the names that the other packages know; gives one readable error or nothing.
"""
