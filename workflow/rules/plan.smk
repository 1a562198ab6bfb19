# The estimated cost of the study. Not part of `all`, and without inputs: request the rule by name.
import time

PLAN_TABLES = ("plan", "stages", "memory", "assumptions")


rule plan:
    """FLOPs, GPU-hours, memory, disk and price of the study, before it runs."""
    output:
        tables=expand("<results>/plan/{table}.csv", table=PLAN_TABLES),
        page="<results>/plan/plan.html",
        text="<results>/plan/plan.txt",
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        program=program("plan_study"),
        config=config_option,
        style=option("style", find_file("config/style.yaml", PROJECT)),
        results=option("results", f"results/{STUDY.name}"),
        directory=option("output_dir", f"results/{STUDY.name}/plan"),
        # a plan depends on what is finished, so none is up to date
        requested_at=lambda wildcards: time.time_ns(),
    message:
        "plan the study"
    # people read what it prints, so the log is a copy
    shell:
        "set -o pipefail; python {params.program} {params.config} {params.results} {params.directory}"
        " {params.style} 2>&1 | tee {log}"
