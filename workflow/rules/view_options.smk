# Options of the scripts that draw figures and write inspection pages, from the study's settings.
from pathlib import Path

from scale_or_reason.reporting.figures.registry import FIGURES, FIGURE_TYPES


def study_of_figure_type(figure_type):
    """The study's settings for a figure type, so that missing results leave gaps."""
    own_limit = config["evaluation"]["sampling"]["max_tokens"]
    settings = {
        "sizes": SIZES,
        "families": config["study"]["families"],
        "corpora": STUDY.grid_corpora,
        "ratios": STUDY.ratios,
        "curricula": STUDY.curricula,
        "adaptations": ["-then-".join(formats) for formats in STUDY.adaptations],
        "adaptation_corpora": STUDY.adaptation_corpora,
        "base_shots": STUDY.base_shots,
        "shots": STUDY.shown_shots,
        "limits": sorted({own_limit, *STUDY.length_limits.max_tokens}),
        "limited_benchmarks": STUDY.length_limits.benchmarks if LIMITED_IDS else [],
        "seed": STUDY.seed,
        "data_fractions": STUDY.data_fractions.fractions,
        **STUDY.part_cells(),
    }
    names = [name for name in FIGURE_TYPES[figure_type].settings if name in settings]
    chosen = json_option("study", {name: settings[name] for name in names})
    return chosen + (FLOPS if {"costs", "early_stopping"} & {*FIGURE_TYPES[figure_type].tables} else "")


def parameters_of_figure(wildcards):
    """The parameters of a figure."""
    return json_option("parameters", FIGURES[wildcards.figure].parameters)


def tables_of_figure(wildcards, input):
    """The tables by name."""
    return option("tables", *(f"{Path(file).stem}={file}" for file in input.tables))


def labels_of_figure(wildcards):
    """The labels of a figure in the report."""
    version, _, name = wildcards.figure.partition("/")
    numbered = name.replace("fig", "figure ").replace("table", "table ").replace(" 0", " ")
    label = f"{version} {numbered}" if numbered else version.replace("_", " ")
    return {"figure": label, "shows": FIGURES[wildcards.figure].shows}


def subcategory_of_figure(wildcards):
    """The paper that a figure is from."""
    version, _, name = wildcards.figure.partition("/")
    return f"Paper {version}" if name else "Other"


def page_options(wildcards):
    """The models and judges on an item's page, with their prompts' settings."""
    study = f"results/{STUDY.name}"
    limited = wildcards.benchmark in STUDY.length_limits.benchmarks and LIMITED_IDS
    return " ".join(
        [
            options({"results": study, "study": STUDY.name, "item": wildcards.item, "seed": STUDY.seed}),
            option("model_ids", *models_on_page(wildcards.benchmark)),
            option("judges", *STUDY.verdict_sources),
            option("jurors", *STUDY.jurors),
            json_option("jury", config["jury"]),
            json_option("templates", {student.name: student.template for student in STUDY.students.values()}),
            json_option("modes", STUDY.teacher.modes if STUDY.teacher else {}),
            option("complete", "scores", *([f"{study}/tables/length_limits.csv"] if limited else [])),
        ]
    )
