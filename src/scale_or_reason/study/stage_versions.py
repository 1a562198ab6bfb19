"""When code changes, which results are old.

Snakemake does not see inside programs, and that is as well: a better comment must not train 80 models again. Instead
every stage has a version here, and its rules pass it on as a parameter. Raise a stage's version in the change that
makes it give other results from the same inputs; Snakemake then runs that stage again, and what follows from it.
(Figures and tables are cheap: their rules name their code as an input and run whenever it changes.)
"""

from __future__ import annotations

STAGE_VERSIONS: dict[str, int] = {
    "small_world": 5,
    "prompts": 3,
    "overlaps": 2,
    "benchmarks": 1,  # each benchmark also has a version of its own
    "generations": 1,
    "pairs": 2,
    "mixtures": 2,
    "tokens": 1,
    "learning_rates": 1,
    "training": 1,
    "answers": 1,
    "verdicts": 4,
    "grades": 3,
    "scores": 4,
    "costs": 2,
}
