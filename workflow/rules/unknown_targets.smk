# A misspelt target: an error with the nearest name, in place of Snakemake's words about input functions.
from scale_or_reason.preflight.targets import refuse_unknown
from scale_or_reason.reporting.figures.registry import figures_of
from snakemake_study.graph import TrueGraph

DRAWABLE = [name for figure_type in FIGURE_TYPES for name in figures_of(figure_type)]


def check_files(files):
    """End the run if no rule makes one of these files and it does not exist. Snakemake takes unknown words for files."""
    for file in sorted(files):
        if not os.path.lexists(file) and not any(one.is_producer(file) for one in workflow.rules):
            names = [one.name for one in workflow.rules if one.docstring]
            made = [str(output) for one in workflow.rules if not one.has_wildcards() for output in one.output]
            made += [f"{SUMMARY}/figures/{name}{suffix}" for name in DRAWABLE for suffix in (".pdf", ".png", ".csv")]
            try:
                refuse_unknown(file, names, made, f"results/{STUDY.name}")
            except StudyError as error:
                sys.exit(f"error: {error}")


if workflow.is_main_process:
    TrueGraph.check_files = staticmethod(check_files)
