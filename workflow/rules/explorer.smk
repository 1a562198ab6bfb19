# The explorer page, built from the study's tables and manifests.

EXPLORER_CODE = [
    *(
        file
        for suffix in ("py", "jinja", "css", "js")
        for file in library_files("reporting/explorer", f"**/*.{suffix}")
    ),
    *library(
        "analysis/paid_once",
        "common/table_schemas",
        "common/tables",
        "common/web_page",
        "flops/counts",
        "planning/measured_hours",
        "scoring/evidence",
        "scoring/families",
        "study/labels",
    ),
    *library(*(f"reporting/figures/{name}" for name in ("drawing", "legends", "parts", "style"))),
]

# GPUs of jobs, for measured hours. Without GPUs a job of an engine counts as one process; a server's are not known.
EXPLORER_GPUS = {
    "unit": "GPU-hours" if ON_GPU else "process-hours",
    "training": {name: student.processes for name, student in STUDY.students.items()},
    "answering": {model.name: gpus_of_hours(model) for model in [*STUDY.students.values(), *STUDY.adopted.values()]},
    "teacher": gpus_of_hours(STUDY.teacher) if STUDY.teacher else 0,
    "adaptation_corpora": STUDY.adaptation_corpora,
}


rule build_explorer:
    """The explorer page, even if `study.explorer` is false."""
    input:
        uncertainty="<summary>/tables/uncertainty.parquet",
        # scores and costs of models represent their manifests
        scores="<summary>/tables/scores.parquet",
        costs="<summary>/tables/costs.parquet",
        test_time=["<summary>/tables/test_time.parquet"] if WAYS_TO_ANSWER else [],
        style=STYLE,
        code=EXPLORER_CODE,
        script=script_file("build_explorer"),
    output:
        page=report(
            "<summary>/explorer.html",
            caption="../report/explorer.rst",
            category="Explorer",
            subcategory="All results",
            labels={"page": "explorer", "of": "accuracy against FLOPs, cell by cell"},
        ),
    log:
        "<logs>/build_explorer.log",
    benchmark:
        "<benchmarks>/build_explorer.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        python=warm_python("analysis"),
        study=option("study", STUDY.name),
        models=option("models", f"results/{STUDY.name}/models"),
        answers=option("answers", f"results/{STUDY.name}/answers"),
        families=json_option("families", config["study"]["families"]),
        sizes=json_option("sizes", ALL_SIZES),
        shots=option("shots", STUDY.shown_shots) + FLOPS,
        test_time=lambda wildcards, input: option("test_time", input.test_time) if input.test_time else "",
        gpus=json_option("gpus", EXPLORER_GPUS),
        timings=option("timings", f"results/{STUDY.name}/timings"),
        teacher_share=option("teacher_share", ADVISE["teacher_share"]),
        pages=option("pages", f"results/{STUDY.name}/inspect/items"),
        existing_pages=state_of_pages,
        note=NOTE,
        look=LOOK,
    message:
        "build the explorer page"
    shell:
        "{params.python} {input.script:q} {params.study} --uncertainty {input.uncertainty} --scores {input.scores}"
        " --costs {input.costs} {params.test_time} {params.models} {params.answers} {params.families} {params.sizes}"
        " {params.shots} {params.gpus} {params.timings} {params.teacher_share} {params.pages} {params.note}"
        " --style {input.style:q} --output {output.page} &> {log}"


rule explorer:
    """The explorer page, if the study has one."""
    input:
        rules.build_explorer.output if STUDY.explorer else [],
    localrule: True
