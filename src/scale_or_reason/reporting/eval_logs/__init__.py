"""Answers and verdicts as logs of inspect_ai (`.eval`), for `inspect view` and its data frames.

Takes the tables of a model on a benchmark; gives a file. Only `log` imports inspect_ai, and only when it writes: the
library has requirements that do not fit into the project's locked environments, so it lives in one of its own.
"""
