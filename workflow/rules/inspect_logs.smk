# Answers and verdicts as logs of inspect_ai (docs/how-to/inspect_with_inspect_ai.md). Not part of `all`: the package has
# an environment of its own.


rule write_inspect_log:
    input:
        item_table="<results>/benchmarks/{benchmark}.parquet",
        answered="<results>/answers/{model_id}/manifest.json",
        judged=JUDGED,
        graded=lambda wildcards: graded_of([wildcards.model_id]),
        labelled=LABELLED,
        code=library_files("reporting/eval_logs", "*.py"),
        script=script_file("write_inspect_log"),
    output:
        log="<results>/inspect_logs/{model_id}/{benchmark}.eval",
    log:
        "<logs>/write_inspect_log/{model_id}/{benchmark}.log",
    benchmark:
        "<benchmarks>/write_inspect_log/{model_id}/{benchmark}.tsv"
    wildcard_constraints:
        model_id=SCORED,
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        place=lambda wildcards: options(
            {
                "results": f"results/{STUDY.name}",
                "study": STUDY.name,
                "model_id": wildcards.model_id,
                "benchmark": wildcards.benchmark,
                "seed": STUDY.seed,
            }
        ),
        judges=option("judges", *STUDY.verdict_sources),
        jury=f"{option('jurors', *STUDY.jurors)} {json_option('jury', config['jury'])}",
        families=json_option("families", config["study"]["families"]),
        templates=json_option("templates", {student.name: student.template for student in STUDY.students.values()}),
        modes=json_option("modes", STUDY.teacher.modes if STUDY.teacher else {}),
    message:
        "write the inspect_ai log of {wildcards.model_id}, {wildcards.benchmark}"
    shell:
        "python {input.script:q} {params.place} {params.judges} {params.jury} {params.families} {params.templates}"
        " {params.modes} --output {output.log} &> {log}"


rule inspect_logs:
    """All answers and verdicts as logs for `inspect view`."""
    input:
        [
            f"<results>/inspect_logs/{model_id}/{benchmark}.eval"
            for model_id in MODEL_IDS
            for benchmark in STUDY.benchmarks_of(parse_model_id(model_id))
        ],
    localrule: True
