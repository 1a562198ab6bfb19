# Further answers of some students to an item (`study.votes`), for majority votes and pass@k. The answers that exist stay
# as they are: the further ones are tables of their own, below a model id that ends with samples-K. Only those that a
# student lacks of K answers are generated.
from scale_or_reason.study.batches import Batch, vote_groups, without_variants

VOTE_BENCHMARKS = STUDY.votes.benchmarks
VOTE_ITEMS = expand("<results>/benchmarks/{benchmark}.parquet", benchmark=VOTE_BENCHMARKS)
VOTE_BATCHES = batches_of(vote_groups(STUDY, by_student=BY_STUDENT), [""], None)
SAMPLED_ID = "{model_id}/samples-{samples}"

if VOTE_BENCHMARKS:
    alone = Batch("for_votes", (SAMPLED_ID,), VOTE_BENCHMARKS, "{model_id}", SAMPLED_ID, (), True)
    for batch in [alone, *VOTE_BATCHES]:
        here = outside(VOTE_BATCHES) if batch is alone and workflow.is_main_process else batch.only_here()

        rule:
            name:
                f"evaluate_{batch.name}"
            input:
                models=expand("<results>/models/{cell}", cell=without_variants(batch.model_ids)),
                item_tables=VOTE_ITEMS,
            output:
                answers=expand(
                    "<results>/answers/{id}/{benchmark}.parquet", id=batch.model_ids, benchmark=batch.benchmarks
                ),
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
                program=warm_program("evaluate_model"),
                model=models_of_variants_option(*batch.model_ids),
                model_ids=model_ids_option(*batch.model_ids),
                pools="",
                directory=output_folder(1),
                sampling=json_option("sampling", config["evaluation"]["sampling"]),
                samples=further_samples_option(),
                engine=student_engine,
                engine_of_results=lambda wildcards: engine_of_results(student_of(wildcards)),
                seed=option("seed", STUDY.seed),
                version=version_of("answers"),
            message:
                f"further answers of {batch.owner.replace('{', '{wildcards.')}"
            shell:
                EVALUATE

    use rule grade_answers as grade_for_votes with:
        input:
            item_tables=VOTE_ITEMS,
            answers=expand(
                "<results>/answers/{{model_id}}/samples-{{samples}}/{benchmark}.parquet", benchmark=VOTE_BENCHMARKS
            ),
        output:
            verdicts=expand(
                "<results>/verdicts/rule_graders/{{model_id}}/samples-{{samples}}/{benchmark}.parquet",
                benchmark=VOTE_BENCHMARKS,
            ),
        log:
            "<logs>/grade_answers/{model_id}/samples-{samples}.log",
        benchmark:
            "<benchmarks>/grade_answers/{model_id}/samples-{samples}.tsv"
        wildcard_constraints:
            model_id=LIMITABLE,
        params:
            version=graders_version(VOTE_BENCHMARKS),
        message:
            "grade further answers of {wildcards.model_id} by rules"
