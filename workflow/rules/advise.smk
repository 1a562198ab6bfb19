# Advice on what to train for a budget. Not part of `all`, since it requires a budget: request the rule by name.


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
    # no declared output, since it is rerun with other numbers; it prints to the terminal, and the log has a copy
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.budget} --outcomes {input.outcomes}"
        " --costs {input.costs} {params.directory} 2>&1 | tee {log}"
