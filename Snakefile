# Scale or reason? The whole study as one workflow. See README.md to run it, docs/architecture.md to understand it.
#
#     snakemake -n                                       the paper's study: what would run
#     snakemake -c2 --configfile config/studies/micro.yaml   the small study, on any laptop

from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.20")

# Snakemake's own remark on overlays would come before the line that says which study is running.
level = logger.level
logger.setLevel("WARNING")


configfile: "config/config.yaml"


logger.setLevel(level)


include: "workflow/rules/scheduling.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/options.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/prompts.smk"
include: "workflow/rules/benchmarks.smk"
include: "workflow/rules/pairs.smk"
include: "workflow/rules/mixtures.smk"
include: "workflow/rules/learning_rates.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/judging.smk"
include: "workflow/rules/jury.smk"
include: "workflow/rules/scoring.smk"
include: "workflow/rules/length_limits.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/explorer.smk"
include: "workflow/rules/resource_usage.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/advise.smk"
include: "workflow/rules/inspect.smk"


if "small_world" in config:

    include: "workflow/rules/small_world.smk"
    include: "workflow/rules/small_world_models.smk"


rule all:
    default_target: True
    input:
        rules.figures.input,
        rules.tables.input,
        rules.explorer.input,
    localrule: True
