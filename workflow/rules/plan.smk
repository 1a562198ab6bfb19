# The estimated cost of the study. Not part of `all`, and without inputs: request the rule by name.


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
    # no declared output, since the plan depends on finished jobs; it prints to the terminal, and the log has a copy
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.results} {params.directory}"
        " 2>&1 | tee {log}"
