"""Estimate the cost of a study from its config: work, FLOPs, GPU-hours, memory, disk, wall time, price.

Nothing here uses the network or starts a job. Data flow: :mod:`assumptions` (the config's ``plan``, or measurements of
a pilot) and :mod:`work` (every job of the study, done or not) are the input of :mod:`estimate`; :mod:`report` and
:mod:`page` show its result.
"""
