# Verdicts become scores, token counts become costs: a table for each model, then one for all.


rule score_model:
    input:
        item_tables=items_of,
        answered="<results>/answers/{model_id}/manifest.json",
        judged=JUDGED,
        graded=graded_of,
    output:
        scores="<results>/scores/{model_id}.parquet",
    log:
        "<logs>/score_model/{model_id}.log",
    benchmark:
        "<benchmarks>/score_model/{model_id}.tsv"
    wildcard_constraints:
        model_id=SCORED,
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        families=json_option("families", config["study"]["families"]),
        answers=answers_of,
        verdicts=votes_of,
        graders=grades_of,
        jury=json_option("jury", config["jury"]),
        version=version_of("scores"),
    message:
        "score {wildcards.model_id}"
    shell:
        "python workflow/scripts/score_model.py --model-id {wildcards.model_id} {params.families}"
        " --items {input.item_tables} --answers {params.answers} --verdicts {params.verdicts}"
        " --graders {params.graders} {params.jury} --output {output.scores} &> {log}"


rule count_costs:
    input:
        trainings=trainings_of,
        mixtures=mixtures_of,
        pairs=pairs_of,
        answered="<results>/answers/{model_id}/manifest.json",
        judged=JUDGED,
    output:
        costs="<results>/costs/{model_id}.parquet",
    log:
        "<logs>/count_costs/{model_id}.log",
    benchmark:
        "<benchmarks>/count_costs/{model_id}.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        families=json_option("families", config["study"]["families"]),
        answers=answers_of,
        verdicts=verdicts_of,
        architecture=architecture_options,
        teacher=option("teacher_architecture", f"teacher={STUDY.teacher.source if STUDY.teacher else ''}"),
        judges=option("judge_architecture", *JUDGE_ARCHITECTURES),
        version=version_of("costs"),
    message:
        "count the costs of {wildcards.model_id}"
    shell:
        "python workflow/scripts/count_costs.py --model-id {wildcards.model_id} {params.families}"
        " {params.architecture} --mixtures {input.mixtures} --pairs {input.pairs} {params.teacher}"
        " --answers {params.answers} --answers-manifest {input.answered}"
        " --verdicts {params.verdicts} --judging-manifests {input.judged}"
        " {params.judges} --output {output.costs} &> {log}"


rule collect_scores:
    input:
        models=expand("<results>/scores/{model_id}.parquet", model_id=MODEL_IDS),
    output:
        parquet="<results>/tables/scores.parquet",
        csv=report(
            "<results>/tables/scores.csv",
            caption="../report/scores.rst",
            category="Tables",
            labels={"table": "scores", "of": "all models and benchmarks"},
        ),
    log:
        "<logs>/collect_scores.log",
    benchmark:
        "<benchmarks>/collect_scores.tsv"
    conda:
        CONDA_ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory("small"),
        runtime=runtime("small"),
    params:
        schema="scores",
    message:
        "collect the {params.schema} of all models"
    shell:
        "python workflow/scripts/collect_tables.py --schema {params.schema} --inputs {input.models}"
        " --parquet {output.parquet} --csv {output.csv} &> {log}"


use rule collect_scores as collect_costs with:
    input:
        models=expand("<results>/costs/{model_id}.parquet", model_id=MODEL_IDS),
    output:
        parquet="<results>/tables/costs.parquet",
        csv=report(
            "<results>/tables/costs.csv",
            caption="../report/costs.rst",
            category="Tables",
            labels={"table": "costs", "of": "all models and stages"},
        ),
    log:
        "<logs>/collect_costs.log",
    benchmark:
        "<benchmarks>/collect_costs.tsv"
    params:
        schema="costs",


rule scores:
    input:
        rules.collect_scores.output,
        rules.collect_costs.output,
    localrule: True
