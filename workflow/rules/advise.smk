# What to train for a budget. Not part of `all`, since it takes a budget: ask for it by its name.


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
        program=program("advise"),
        config=json_option("config", config),
        budget=advice_options,
        directory=option("output_dir", f"results/{STUDY.name}/advice"),
    message:
        "advise what to train"
    # without an output, since it is asked again with other numbers. For eyes, so the log is a copy.
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.budget} --outcomes {input.outcomes}"
        " --costs {input.costs} {params.directory} 2>&1 | tee {log}"
