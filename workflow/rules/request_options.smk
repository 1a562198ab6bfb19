# Options of what is requested by its name, and errors where the config lacks what the request needs.
import os
import sys
from pathlib import Path

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.local_files import project_file

ADVISE = config["advise"]
#: The option with the study's overlays, for the commands that errors recommend.
OVERLAYS = [os.path.relpath(file) for file in workflow.overwrite_configfiles]
OVERLAYS = option("configfile", *OVERLAYS) + " " if OVERLAYS else ""


def advice_options(wildcards):
    """The budget in one of its two units, and the number of answers; an error without a budget."""
    budgets = {name: ADVISE[name] for name in ("budget_flops", "budget_gpu_hours") if ADVISE[name] is not None}
    if len(budgets) != 1:
        source = "from: papers, " if ADVISE["from"] == "papers" else ""
        error = StudyError(
            "advice needs one budget" if budgets else "advice needs a budget",
            where="config",
            key="advise.budget_flops, advise.budget_gpu_hours",
            found=", ".join(budgets) or "neither budget_flops nor budget_gpu_hours",
            expected="one of the two, the other null",
            remedy=f"snakemake {OVERLAYS}--config 'advise={{{source}budget_flops: 1e21, queries: 1e6}}' -- advise",
        )
        sys.exit(f"error: {error}")
    if ADVISE["from"] == "papers" and "budget_gpu_hours" in budgets:
        refuse_hours(budgets["budget_gpu_hours"])
    return options({**budgets, "queries": ADVISE["queries"]})


def refuse_hours(hours):
    """End with an error that states the budget in FLOPs: the papers publish no times."""
    gpu, mfu = config["plan"]["gpu"], config["plan"]["mfu"]["training"]
    flops = hours * 3600 * config["plan"]["gpu_types"][gpu]["tflops"] * 1e12 * mfu
    error = StudyError(
        "advice from the papers needs a budget in FLOPs",
        where="config",
        key="advise.budget_gpu_hours",
        found=f"{hours:g} GPU-hours",
        expected="advise.budget_flops, since the papers publish no times",
        remedy=f"{hours:g} hours of an {gpu} that trains at {mfu:.0%} of its peak are {flops:.2g} FLOPs: snakemake"
        f" --config 'advise={{from: papers, budget_flops: {flops:.2g}, queries: {ADVISE['queries']:g}}}' -- advise",
    )
    sys.exit(f"error: {error}")


def sources_of_advice(wildcards):
    """The tables that advice is computed from. Ends with an error where one is missing."""
    if ADVISE["from"] == "papers":
        return option("from_papers", papers_folder())
    names = ("outcomes", "costs", *(["servings"] if WAYS_TO_ANSWER else []))
    tables = {name: f"results/{STUDY.name}/tables/{name}.parquet" for name in names}
    missing = [path for path in tables.values() if not Path(path).is_file()]
    if missing:
        error = StudyError(
            "advice needs the tables of a finished study",
            where=", ".join(missing),
            found="no such file",
            expected=f"the tables of {', '.join(names[:-1])} and {names[-1]}",
            remedy=f"run the study: snakemake --profile profiles/local {OVERLAYS}-- tables; or use the papers' numbers:"
            " snakemake --config 'advise={from: papers, "
            f"budget_flops: {ADVISE['budget_flops'] or 1e21:g}, queries: {ADVISE['queries']:g}}}' -- advise",
        )
        sys.exit(f"error: {error}")
    return options(tables)


def papers_folder():
    """The folder of the papers' tables. Ends with an error where the config names none."""
    folder = config["paper_results"]["path"]
    if folder is None:
        error = StudyError(
            "advice from the papers needs their tables",
            where="config",
            key="paper_results.path",
            found="null",
            expected="the folder of the papers' tables",
            remedy="set it to resources/papers, which is the default",
        )
        sys.exit(f"error: {error}")
    return folder


def new_study_options(wildcards):
    """The name of the new study. Ends with an error where none is given."""
    name = config["new_study"]
    if name is None:
        error = StudyError(
            "a new study needs a name",
            where="config",
            key="new_study",
            found="null",
            expected="the name of a study that does not exist yet",
            remedy="snakemake new_study --config new_study=my_study",
        )
        sys.exit(f"error: {error}")
    if os.path.lexists(f"{name}.yaml"):
        error = StudyError(
            "this study has a file already",
            where=f"{name}.yaml",
            found="an existing file",
            expected="no such file",
            remedy="choose another name, or edit the file",
        )
        sys.exit(f"error: {error}")
    return options({"name": name, "template": project_file("config/new_study.yaml", PROJECT)})
