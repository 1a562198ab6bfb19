# The explorer page, built from the study's tables and manifests.

EXPLORER_CODE = [
    *(
        file
        for suffix in ("py", "jinja", "css", "js")
        for file in library_files("reporting/explorer", f"**/*.{suffix}")
    ),
    *library(
        "common/table_schemas",
        "common/tables",
        "common/web_page",
        "scoring/evidence",
        "scoring/families",
        "scoring/model_points",
        "study/labels",
    ),
    *library(*(f"reporting/figures/{name}" for name in ("drawing", "parts", "style"))),
]


rule build_explorer:
    """The explorer page, even if `study.explorer` is false."""
    input:
        uncertainty="<summary>/tables/uncertainty.csv",
        # scores and costs of models represent their manifests
        scores="<summary>/tables/scores.parquet",
        costs="<summary>/tables/costs.parquet",
        style=STYLE,
        code=EXPLORER_CODE,
        script=script_file("build_explorer"),
    output:
        page=report(
            "<summary>/explorer.html",
            caption="../report/explorer.rst",
            category="Explorer",
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
        study=option("study", STUDY.name),
        models=option("models", f"results/{STUDY.name}/models"),
        answers=option("answers", f"results/{STUDY.name}/answers"),
        families=json_option("families", config["study"]["families"]),
        sizes=json_option("sizes", ALL_SIZES),
        shots=option("shots", STUDY.shown_shots) + FLOPS,
        note=NOTE,
        look=LOOK,
    message:
        "build the explorer page"
    shell:
        "python {input.script:q} {params.study} --uncertainty {input.uncertainty} --scores {input.scores}"
        " --costs {input.costs} {params.models} {params.answers} {params.families} {params.sizes} {params.shots}"
        " {params.note} --style {input.style:q} --output {output.page} &> {log}"


rule explorer:
    """The explorer page, if the study has one."""
    input:
        rules.build_explorer.output if STUDY.explorer else [],
    localrule: True
