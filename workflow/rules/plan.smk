# What the study will cost, before anything of it runs. Not part of `all`, and it needs nothing: ask for it by its name.


rule plan:
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        CONDA_ENVIRONMENT
    params:
        program=program("plan_study"),
        config=json_option("config", config),
        results=option("results", f"results/{STUDY.name}"),
        directory=option("output_dir", f"results/{STUDY.name}/plan"),
    message:
        "plan the study"
    # without an output, since a plan is never up to date: it looks at what is done. For eyes, so the log is a copy.
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.results} {params.directory}"
        " 2>&1 | tee {log}"
