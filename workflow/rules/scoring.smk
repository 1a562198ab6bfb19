# Scores from verdicts and costs from token counts, for all models in one job, since a model takes less time than the
# start of a script. The tables of a single model can be requested by path.


rule score_models:
    """The table of scores: every model on every benchmark."""
    input:
        item_tables=ITEMS,
        answered=expand("<results>/answers/{model_id}/manifest.json", model_id=MODEL_IDS),
        judged=expand(JUDGED, model_id=MODEL_IDS),
        graded=graded_of(MODEL_IDS),
    output:
        parquet="<summary>/tables/scores.parquet",
        csv=report(
            "<summary>/tables/scores.csv",
            caption="../report/scores.rst",
            category="Tables",
            subcategory="Scores and costs",
            labels={"table": "scores", "of": "all models and benchmarks"},
        ),
    log:
        "<logs>/score_models.log",
    benchmark:
        "<benchmarks>/score_models.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=warm_program("score_models", "analysis"),
        model_ids=option("model_ids", *MODEL_IDS),
        benchmarks=option("benchmarks", *STUDY.benchmarks),
        folders=options({"items": f"results/{STUDY.name}/benchmarks", **ANSWER_FOLDERS}),
        jurors=jurors_options(),
        jury=json_option("jury", config["jury"]),
        families=json_option("families", config["study"]["families"]),
        version=version_of("scores"),
    message:
        "score {output.parquet}"
    shell:
        "python {params.program} {params.model_ids} {params.benchmarks} {params.families}"
        " {params.folders} {params.jurors} {params.jury}"
        " --parquet {output.parquet} --csv {output.csv} &> {log}"


use rule score_models as score_model with:
    input:
        item_tables=items_of,
        answered="<results>/answers/{model_id}/manifest.json",
        judged=JUDGED,
        graded=lambda wildcards: graded_of([wildcards.model_id]),
    output:
        parquet="<results>/scores/{model_id}.parquet",
        csv="<results>/scores/{model_id}.csv",
    log:
        "<logs>/score_model/{model_id}.log",
    benchmark:
        "<benchmarks>/score_model/{model_id}.tsv"
    wildcard_constraints:
        model_id=SCORED,
    params:
        model_ids=option("model_ids", "{model_id}"),
        benchmarks=lambda wildcards: option("benchmarks", *benchmarks_of(wildcards)),


# To read, not for a table or figure: on request.
rule list_wrong_answers:
    input:
        item_tables=items_of,
        answered="<results>/answers/{model_id}/manifest.json",
        judged=JUDGED,
        graded=lambda wildcards: graded_of([wildcards.model_id]),
    output:
        csv="<results>/wrong_answers/{model_id}.csv",
    log:
        "<logs>/list_wrong_answers/{model_id}.log",
    benchmark:
        "<benchmarks>/list_wrong_answers/{model_id}.tsv"
    wildcard_constraints:
        model_id=SCORED,
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        program=program("list_wrong_answers"),
        model_ids=option("model_ids", "{model_id}"),
        benchmarks=lambda wildcards: option("benchmarks", *benchmarks_of(wildcards)),
        folders=options({"items": f"results/{STUDY.name}/benchmarks", **ANSWER_FOLDERS}),
        jurors=option("jurors", *STUDY.jurors),
        jury=json_option("jury", config["jury"]),
    message:
        "list the wrong answers of {wildcards.model_id}"
    shell:
        "python {params.program} {params.model_ids} {params.benchmarks} {params.folders} {params.jurors} {params.jury}"
        " --output {output.csv} &> {log}"


rule wrong_answers:
    """The wrong answers of all models."""
    input:
        expand("<results>/wrong_answers/{model_id}.csv", model_id=MODEL_IDS),
    localrule: True


rule compute_flops:
    """The table of costs: tokens, FLOPs and seconds of every model and stage."""
    input:
        trainings=trainings_of(MODEL_IDS),
        mixtures=mixtures_of(MODEL_IDS),
        pairs=pairs_of(MODEL_IDS),
        answered=expand("<results>/answers/{model_id}/manifest.json", model_id=MODEL_IDS),
        judged=expand(JUDGED, model_id=MODEL_IDS),
    output:
        parquet="<summary>/tables/costs.parquet",
        csv=report(
            "<summary>/tables/costs.csv",
            caption="../report/costs.rst",
            category="Tables",
            subcategory="Scores and costs",
            labels={"table": "costs", "of": "all models and stages"},
        ),
    log:
        "<logs>/compute_flops.log",
    benchmark:
        "<benchmarks>/compute_flops.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: 1
    resources:
        **memory_and_runtime("cpu_large"),
    params:
        program=warm_program("compute_flops", "analysis"),
        model_ids=option("model_ids", *MODEL_IDS),
        benchmarks=option("benchmarks", *STUDY.benchmarks),
        results=option("results", f"results/{STUDY.name}"),
        adaptation_corpora=json_option("adaptation_corpora", STUDY.adaptation_corpora),
        architectures=architectures_option(untrained(MODEL_IDS)) + STATED_TRAINING,
        teacher=option("teacher", f"teacher={architecture_of(STUDY.teacher) if STUDY.teacher else ''}"),
        judges=option("judges", *JUDGE_ARCHITECTURES),
        families=json_option("families", config["study"]["families"]),
        version=version_of("costs"),
    message:
        "count {output.parquet}"
    shell:
        "python {params.program} {params.model_ids} {params.benchmarks} {params.families}"
        " {params.results} {params.adaptation_corpora} {params.architectures} {params.teacher} {params.judges}"
        " --parquet {output.parquet} --csv {output.csv} &> {log}"


use rule compute_flops as compute_flops_of_model with:
    input:
        trainings=lambda wildcards: trainings_of([wildcards.model_id]),
        mixtures=lambda wildcards: mixtures_of([wildcards.model_id]),
        pairs=lambda wildcards: pairs_of([wildcards.model_id]),
        answered="<results>/answers/{model_id}/manifest.json",
        judged=JUDGED,
    output:
        parquet="<results>/costs/{model_id}.parquet",
        csv="<results>/costs/{model_id}.csv",
    log:
        "<logs>/compute_flops/{model_id}.log",
    benchmark:
        "<benchmarks>/compute_flops/{model_id}.tsv"
    params:
        model_ids=option("model_ids", "{model_id}"),
        architectures=lambda wildcards: architectures_option(untrained([wildcards.model_id])) + STATED_TRAINING,


rule scores:
    """The tables of scores and costs."""
    input:
        rules.score_models.output,
        rules.compute_flops.output,
    localrule: True
