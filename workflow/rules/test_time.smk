# Ways to answer an item at their inference FLOPs: majority votes of several answers (`benchmarks.samples_per_item` for
# all models, `study.votes` for some) and cut thoughts (`study.thinking_budgets`).

SAMPLED = [
    name
    for name in STUDY.benchmarks
    if config["benchmarks"]["samples_per_item"].get(name, 1) > 1 or (SAMPLED_IDS and name in VOTE_BENCHMARKS)
]
#: Whether there is another way to answer than once.
WAYS_TO_ANSWER = bool(SAMPLED or BUDGETED_IDS)
# Empty without any, so that the parameters of existing results stay as they are.
FURTHER_ANSWERS = (
    f" {option('further', *SAMPLED_IDS)} {option('further_benchmarks', *VOTE_BENCHMARKS)}" if SAMPLED_IDS else ""
)


if WAYS_TO_ANSWER:

    rule measure_test_time:
        """Accuracy and cost of votes and of cut thoughts."""
        input:
            outcomes="<summary>/tables/outcomes.parquet",
            costs="<summary>/tables/costs.parquet",
            item_tables=expand("<results>/benchmarks/{benchmark}.parquet", benchmark=SAMPLED or BUDGET_BENCHMARKS),
            answered=expand("<results>/answers/{model_id}/manifest.json", model_id=BUDGETED_IDS + SAMPLED_IDS),
            judged=expand(JUDGED, model_id=BUDGETED_IDS + SAMPLED_IDS),
            graded=graded_of(BUDGETED_IDS + SAMPLED_IDS),
            code=EVIDENCE_CODE
            + library(
                "analysis/serving",
                "analysis/serving_contrasts",
                "grading/votes",
                "judging/jury",
                "scoring/outcomes",
                "scoring/servings",
                "scoring/voting",
            ),
            script=script_file("measure_test_time"),
        output:
            servings="<summary>/tables/servings.parquet",
            parquet="<summary>/tables/test_time.parquet",
            csv=report(
                "<summary>/tables/test_time.csv",
                caption="../report/test_time.rst",
                category="Tables",
                subcategory="Answers",
                labels={"table": "test-time compute", "of": "votes and cut thoughts"},
            ),
            contrasts=report(
                "<summary>/tables/test_time_contrasts.csv",
                caption="../report/test_time_contrasts.rst",
                category="Tables",
                subcategory="Answers",
                labels={"table": "equal inference compute", "of": "one trace against plain votes"},
            ),
        log:
            "<logs>/measure_test_time.log",
        benchmark:
            "<benchmarks>/measure_test_time.tsv"
        conda:
            ANALYSIS_ENVIRONMENT
        threads: 1
        resources:
            **memory_and_runtime("cpu_large"),
        params:
            python=warm_python("analysis"),
            folders=options(ANSWER_FOLDERS),
            jurors=option("jurors", *STUDY.jurors),
            jury=json_option("jury", config["jury"]),
            budgets=option("budgets", *BUDGETED_IDS) if BUDGETED_IDS else "",
            budget_benchmarks=(option("budget_benchmarks", *BUDGET_BENCHMARKS) if BUDGETED_IDS else "")
            + FURTHER_ANSWERS,
            graders="--rule-graders" if STUDY.rule_graders else "",
            families=json_option("families", config["study"]["families"]),
            sizes=json_option("sizes", SIZES) + FLOPS,
            architectures=architectures_option([*STUDY.students.values(), *([STUDY.teacher] if STUDY.teacher else [])]),
            seed=option("seed", STUDY.seed),
        message:
            "measure ways to answer"
        shell:
            "{params.python} {input.script:q} --outcomes {input.outcomes} --costs {input.costs} --items {input.item_tables}"
            " {params.folders} {params.jurors} {params.jury} {params.graders} {params.budgets}"
            " {params.budget_benchmarks} {params.families} {params.sizes} {params.architectures} {params.seed}"
            " --servings {output.servings} --parquet {output.parquet} --csv {output.csv}"
            " --contrasts {output.contrasts} &> {log}"
