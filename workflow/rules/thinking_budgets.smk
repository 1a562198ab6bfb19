# Answers whose thoughts are cut at a budget (`study.thinking_budgets`). For judges and graders they are separate models,
# whose ids end with think-tokens-N, or with think-tokens-pN for a percentile.
from scale_or_reason.study.batches import Batch, budget_groups, without_variants

BUDGET_BENCHMARKS = STUDY.thinking_budgets.benchmarks
BUDGET_ITEMS = expand("<results>/benchmarks/{benchmark}.parquet", benchmark=BUDGET_BENCHMARKS)
BUDGET_BATCHES = batches_of(budget_groups(STUDY, by_student=BY_STUDENT), [""], None)
BUDGETED_ID = "{model_id}/think-tokens-{budget}"

if BUDGET_BENCHMARKS:
    alone = Batch("within_budget", (BUDGETED_ID,), BUDGET_BENCHMARKS, "{model_id}", BUDGETED_ID, (), True)
    for batch in [alone, *BUDGET_BATCHES]:
        here = outside(BUDGET_BATCHES) if batch is alone and workflow.is_main_process else batch.only_here()

        rule:
            name:
                f"evaluate_{batch.name}"
            input:
                models=expand("<results>/models/{cell}", cell=without_variants(batch.model_ids)),
                item_tables=BUDGET_ITEMS,
                answers=expand(
                    "<results>/answers/{cell}/{benchmark}.parquet",
                    cell=without_variants(batch.model_ids),
                    benchmark=BUDGET_BENCHMARKS,
                ),
            output:
                answers=expand(
                    "<results>/answers/{id}/{benchmark}.parquet", id=batch.model_ids, benchmark=batch.benchmarks
                ),
                cuts=expand("<results>/answers/{id}/cuts.parquet", id=batch.model_ids),
                manifests=expand("<results>/answers/{id}/manifest.json", id=batch.model_ids),
            log:
                f"<logs>/evaluate_model/{batch.log}.log",
            benchmark:
                f"<benchmarks>/evaluate_model/{batch.log}.tsv"
            wildcard_constraints:
                model_id=f"{here}{LIMITABLE}",
                corpus=f"{here}{OWNER['corpus']}",
            priority: PRIORITIES["evaluation"]
            retries: RESTARTS
            conda:
                CONDA_ENVIRONMENT
            threads: JOBS["engine"]["threads"]
            resources:
                **memory_and_runtime("engine", models=len(batch.model_ids)),
                vllm=1,
                gpu=lambda wildcards: gpus(student_of(wildcards).engine),
                gpu_model=GPU_TYPE,
            params:
                program=warm_program("evaluate_within_budget"),
                model=models_of_variants_option(*batch.model_ids),
                model_ids=model_ids_option(*batch.model_ids),
                answers=option("answers", ANSWER_FOLDERS["answers"]),
                directory=output_folder(1),
                sampling=json_option("sampling", config["evaluation"]["sampling"]),
                engine=student_engine,
                engine_of_results=lambda wildcards: engine_of_results(student_of(wildcards)),
                seed=option("seed", STUDY.seed),
                version=version_of("answers"),
            message:
                f"cut thoughts of {batch.owner.replace('{', '{wildcards.')} and continue"
            shell:
                # exec: Slurm's SIGTERM would kill a waiting shell, and with it the job
                "exec python {params.program} {params.model} {params.model_ids} --items {input.item_tables}"
                " {params.answers} {params.sampling} {params.engine} {params.seed}"
                " --output-dir {params.directory} &> {log}"

    use rule grade_answers as grade_within_budget with:
        input:
            item_tables=BUDGET_ITEMS,
            answers=expand(
                "<results>/answers/{{model_id}}/think-tokens-{{budget}}/{benchmark}.parquet",
                benchmark=BUDGET_BENCHMARKS,
            ),
        output:
            verdicts=expand(
                "<results>/verdicts/rule_graders/{{model_id}}/think-tokens-{{budget}}/{benchmark}.parquet",
                benchmark=BUDGET_BENCHMARKS,
            ),
        log:
            "<logs>/grade_answers/{model_id}/think-tokens-{budget}.log",
        benchmark:
            "<benchmarks>/grade_answers/{model_id}/think-tokens-{budget}.tsv"
        wildcard_constraints:
            model_id=LIMITABLE,
        params:
            version=graders_version(BUDGET_BENCHMARKS),
        message:
            "grade {wildcards.model_id} with thoughts cut at {wildcards.budget} by rules"
