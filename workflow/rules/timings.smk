# Where the time of a run went. Not part of `all`: ask for it when the run is done.


rule time_table:
    input:
        results=[*rules.figures.input, *rules.tables.input],
        code="src/scale_or_reason/timings.py",
        script="workflow/scripts/time_table.py",
    output:
        csv="<results>/tables/timings.csv",
    log:
        "<logs>/time_table.log",
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        timings=option("timings", f"results/{STUDY.name}/timings"),
    message:
        "tabulate how long the jobs of each rule took"
    shell:
        "python {input.script} {params.timings} --output {output.csv} &> {log}"
