# Evaluation of some students on some benchmarks under other length limits (`study.length_limits`; v1 figure 10, v2
# figure 13). For judges, graders and scores they are separate models, whose ids end with max-tokens-N.

LIMITED_BENCHMARKS = STUDY.length_limits.benchmarks
LIMITED_ITEMS = expand("<results>/benchmarks/{benchmark}.parquet", benchmark=LIMITED_BENCHMARKS)


if LIMITED_BENCHMARKS:

    use rule evaluate_model as evaluate_within_limit with:
        input:
            model="<results>/models/{model_id}",
            item_tables=LIMITED_ITEMS,
        output:
            answers=expand(
                "<results>/answers/{{model_id}}/max-tokens-{{max_tokens}}/{benchmark}.parquet",
                benchmark=LIMITED_BENCHMARKS,
            ),
            manifest="<results>/answers/{model_id}/max-tokens-{max_tokens}/manifest.json",
        log:
            "<logs>/evaluate_model/{model_id}/max-tokens-{max_tokens}.log",
        benchmark:
            "<benchmarks>/evaluate_model/{model_id}/max-tokens-{max_tokens}.tsv"
        wildcard_constraints:
            model_id=LIMITABLE,
        params:
            model=lambda wildcards, input: option("model", input.model),
            model_ids=model_ids_option("{model_id}/max-tokens-{max_tokens}"),
            sampling=sampling_within_limit,
        message:
            "evaluate {wildcards.model_id} within {wildcards.max_tokens} tokens"

    use rule grade_answers as grade_within_limit with:
        input:
            item_tables=LIMITED_ITEMS,
            answers=expand(
                "<results>/answers/{{model_id}}/max-tokens-{{max_tokens}}/{benchmark}.parquet",
                benchmark=LIMITED_BENCHMARKS,
            ),
        output:
            verdicts=expand(
                "<results>/verdicts/rule_graders/{{model_id}}/max-tokens-{{max_tokens}}/{benchmark}.parquet",
                benchmark=LIMITED_BENCHMARKS,
            ),
        log:
            "<logs>/grade_answers/{model_id}/max-tokens-{max_tokens}.log",
        benchmark:
            "<benchmarks>/grade_answers/{model_id}/max-tokens-{max_tokens}.tsv"
        wildcard_constraints:
            model_id=LIMITABLE,
        params:
            version=graders_version(LIMITED_BENCHMARKS),
        message:
            "grade {wildcards.model_id} within {wildcards.max_tokens} tokens by rules"


if LIMITED_IDS:

    # includes the same models under the study's limit, so that this table waits for no other model
    use rule score_models as score_models_within_limit with:
        input:
            item_tables=LIMITED_ITEMS,
            answered=expand("<results>/answers/{model_id}/manifest.json", model_id=LIMITED_IDS + UNLIMITED_IDS),
            judged=expand(JUDGED, model_id=LIMITED_IDS + UNLIMITED_IDS),
            graded=graded_of(LIMITED_IDS + UNLIMITED_IDS),
        output:
            parquet="<summary>/tables/limited_scores.parquet",
            csv="<summary>/tables/limited_scores.csv",
        log:
            "<logs>/score_models_within_limit.log",
        benchmark:
            "<benchmarks>/score_models_within_limit.tsv"
        params:
            model_ids=option("model_ids", *LIMITED_IDS, *UNLIMITED_IDS),
            benchmarks=option("benchmarks", *LIMITED_BENCHMARKS),

    rule compare_length_limits:
        """Accuracy under each limit on the length of answers."""
        input:
            scores="<summary>/tables/limited_scores.parquet",
        output:
            parquet="<summary>/tables/length_limits.parquet",
            csv=report(
                "<summary>/tables/length_limits.csv",
                caption="../report/length_limits.rst",
                category="Tables",
                subcategory="Answers",
                labels={"table": "length limits", "of": "accuracy under each limit on the length of answers"},
            ),
        log:
            "<logs>/compare_length_limits.log",
        benchmark:
            "<benchmarks>/compare_length_limits.tsv"
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_small"),
        params:
            program=program("compare_length_limits"),
            max_tokens=option("max_tokens", config["evaluation"]["sampling"]["max_tokens"]),
        message:
            "compare the length limits"
        shell:
            "python {params.program} --scores {input.scores}"
            " {params.max_tokens} --parquet {output.parquet} --csv {output.csv} &> {log}"
