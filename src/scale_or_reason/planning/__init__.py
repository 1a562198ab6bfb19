"""What a study will cost, from its config alone: work, FLOPs, GPU-hours, memory, disk, wall time, price.

Nothing here asks a network or starts a job of the study. The way of the data: :mod:`assumptions` (the config's
``plan``, or what a pilot has measured) and :mod:`work` (every job of the study, and whether its results are there) go
into :mod:`estimate`; :mod:`report` and :mod:`page` say what came out.
"""
