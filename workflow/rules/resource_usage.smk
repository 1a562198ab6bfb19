# Timings of a run, and its requested and used resources. Not part of `all`: request the rules after the run.


rule job_timings:
    """How long the jobs of each rule took."""
    input:
        results=[*rules.figures.input, *rules.tables.input, *rules.explorer.input],
        code=library("planning/timings"),
        script=script_file("job_timings"),
    output:
        csv="<results>/tables/job_timings.csv",
    log:
        "<logs>/job_timings.log",
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        timings=option("timings", f"results/{STUDY.name}/timings"),
    message:
        "tabulate how long the jobs of each rule took"
    shell:
        "python {input.script:q} {params.timings} --output {output.csv} &> {log}"


rule resource_usage:
    """Requested and used resources of the jobs of each rule."""
    input:
        results=[*rules.figures.input, *rules.tables.input, *rules.explorer.input],
        code=library("planning/resource_usage", "planning/timings"),
        script=script_file("resource_usage"),
    output:
        csv="<results>/tables/resource_usage.csv",
    log:
        "<logs>/resource_usage.log",
    # needs sacct
    localrule: True
    conda:
        ANALYSIS_ENVIRONMENT
    params:
        timings=option("timings", f"results/{STUDY.name}/timings"),
        study=option("study", STUDY.name),
    message:
        "tabulate requested and used resources"
    shell:
        "python {input.script:q} {params.timings} {params.study} --output {output.csv} &> {log}"
