"""The whole config, section by section."""

from __future__ import annotations

from typing import Annotated

from scale_or_reason.preflight.description.catalogues import Adopted, Corpus, Judge, Student, Teacher
from scale_or_reason.preflight.description.machine import Compute, SmallWorld
from scale_or_reason.preflight.description.parts import Name, Section, key
from scale_or_reason.preflight.description.planning import Advise, Archive, Plan, Push
from scale_or_reason.preflight.description.protocol import (
    Benchmarks,
    Decontamination,
    Deduplication,
    Evaluation,
    Hub,
    Mixtures,
    Pairs,
    Prompts,
    Training,
)
from scale_or_reason.preflight.description.selection import Jury, Labels, PaperResults, Study
from scale_or_reason.preflight.description.shared import Engine, matching


class Config(Section):
    """A study of reasoning distillation."""

    study: Study = key()
    jury: Jury = key(
        when="`tables/jury_sensitivity.csv` shows how much depends on this choice, so there is no need to try the "
        "others.",
    )
    labels: Labels = key()
    paper_results: PaperResults = key()

    students: dict[str, Student] = key("The catalogue of base models.", named=True)
    teachers: dict[str, Teacher] = key("The catalogue of teachers.", named=True)
    adopted: dict[str, Adopted] = key(
        "The catalogue of finished models that are evaluated beside the students trained here. They answer in their "
        "own chat format.",
        named=True,
    )
    judges: dict[str, Judge] = key(
        "The catalogue of judges. The names `rule_graders` and `human` are reserved.", named=True
    )
    corpora: dict[str, Corpus] = key(
        "The catalogue of prompt sets. The names `adapted`, `adopted`, `base` and `teacher` are reserved.", named=True
    )

    hub: Hub = key()
    benchmarks: Benchmarks = key()
    prompts: Prompts = key()
    deduplication: Deduplication = key()
    decontamination: Decontamination = key()
    pairs: Pairs = key()
    mixtures: Mixtures = key()
    training: Training = key()
    evaluation: Evaluation = key()
    engine: Engine = key("vLLM settings of every model.", when="A model's own `engine` is merged into them.")

    compute: Compute = key()
    confirm: Annotated[str, matching("^(pairs|[bcdfghjkmpqrstvwxz]{6})$", "the word of an error message")] | None = key(
        "The word that allows a run to make existing trainings, teacher answers or pairs again; `null` for none.",
        when="Give it on the command line (`--config confirm=WORD`). A run that needs it names the word and what is at "
        "stake.",
        default=None,
    )
    new_study: Name | None = key(
        "The name of an overlay that `snakemake new_study` writes: `NAME.yaml` in the working directory.",
        when="Give it on the command line: `snakemake new_study --config new_study=my_study`.",
        default=None,
    )
    small_world: SmallWorld = key(default=None)
    plan: Plan = key()
    advise: Advise = key()
    archive: Archive = key()
    push: Push = key()
