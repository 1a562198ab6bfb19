# How options of command lines are spelled. A rule gives its script only the settings that affect its results; those that
# do not are in execution_options.smk.
import os
import shlex
from pathlib import Path

from scale_or_reason.study.stage_versions import STAGE_VERSIONS
from scale_or_reason.study.study import as_json


include: "view_options.smk"


def option(name, *values):
    """A command-line option.

    Snakemake compares the set of a rule's parameters without their names: a bare 1 could take another one's place
    unseen. So every parameter says what it is.
    """
    return " ".join([f"--{name.replace('_', '-')}", *(shlex.quote(str(value)) for value in values)])


def options(values):
    """Several options."""
    return " ".join(option(name, value) for name, value in values.items())


def json_option(name, value):
    """Like :func:`option`, for values with several words."""
    return option(name, as_json(value))


CONFIG_VARIABLE = "SCALE_OR_REASON_CONFIG"


def config_option(wildcards):
    """The study's whole config, by the environment: Snakemake prints the command line of a failed job."""
    os.environ[CONFIG_VARIABLE] = as_json(config)
    return option("config", f"env:{CONFIG_VARIABLE}")


def version_of(stage):
    """The stage's version as a parameter; raising it invalidates results."""
    return f"{stage} version {STAGE_VERSIONS[stage]}"


def output_folder(depth):
    """The output folder of a job, the given number of levels below ``results/STUDY``."""
    return lambda wildcards, output: str(Path(*Path(output[0]).parts[: 2 + depth]))
