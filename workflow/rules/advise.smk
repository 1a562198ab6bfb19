# What to train for a budget. Not part of `all`, since it takes a budget: ask for it by its name.


def advice_options(wildcards):
    """The budget, in one of its two units, and the number of answers. Ends with an error where there is no budget."""
    budgets = {name: config[name] for name in ("budget_flops", "budget_gpu_hours") if config[name] is not None}
    if len(budgets) != 1:
        problem = "advice needs one budget" if budgets else "advice needs a budget"
        found = ", ".join(budgets) or "neither budget_flops nor budget_gpu_hours"
        remedy = "snakemake -c1 advise --config budget_flops=1e21 queries=1e6"
        sys.exit(f"error: {StudyError(problem, where='config', found=found, remedy=remedy)}")
    return options({**budgets, "queries": config["queries"]})


rule advise:
    input:
        outcomes="<results>/tables/outcomes.parquet",
        costs="<results>/tables/costs.parquet",
    log:
        "<logs>/advise.log",
    localrule: True
    conda:
        CONDA_ENVIRONMENT
    params:
        config=json_option("config", config),
        budget=advice_options,
        directory=option("output_dir", f"results/{STUDY.name}/advice"),
    message:
        "advise what to train"
    # without an output, since it is asked again with other numbers. For eyes, so the log is a copy.
    shell:
        "set -o pipefail; python workflow/scripts/advise.py {params.config} {params.budget} --outcomes {input.outcomes}"
        " --costs {input.costs} {params.directory} 2>&1 | tee {log}"
