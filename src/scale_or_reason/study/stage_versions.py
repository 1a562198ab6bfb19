"""Stage versions decide which results a change of the code invalidates.

Snakemake does not track the code of the scripts: a reworded comment must not retrain 80 models. Instead every stage has
a version here, which its rules pass on as a parameter. Raise a stage's version in the commit that changes its results
for the same inputs; Snakemake then reruns that stage and all later ones. (Figures and tables are cheap: their code is
an input of their rules, so that they rerun whenever it changes.)

Jobs with a model that run again still take the replies that exist. If the same request would now get another reply,
raise ``REPLIES_VERSION`` in ``inference/reply_store.py`` as well.
"""

from __future__ import annotations

STAGE_VERSIONS: dict[str, int] = {
    "small_world": 5,
    "prompts": 3,
    "overlaps": 2,
    "benchmarks": 1,  # each benchmark also has a version of its own
    "generations": 1,
    "pairs": 3,
    "mixtures": 2,
    "tokens": 2,
    "learning_rates": 1,
    "training": 1,
    "answers": 1,
    "verdicts": 4,
    "grades": 3,
    "scores": 5,
    "costs": 4,
}
