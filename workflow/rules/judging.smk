# Verdicts on answers, by each judge of the jury and by the rule graders. A judge handles `compute.models_per_judge_job`
# models of a student per job, as far as they have no verdicts; each model's verdicts are separate files.
from scale_or_reason.study.batches import Batch

ALONE = [Batch("answers", ("{model_id}",), STUDY.benchmarks, "{model_id}", "{model_id}", (), True)]
if limited := STUDY.length_limits.benchmarks:
    ALONE.append(Batch("within_limit", ("{limited_id}",), limited, "{limited_id}", "{limited_id}", (), True))
if thought := STUDY.thinking_budgets.benchmarks:
    ALONE.append(Batch("within_budget", ("{budgeted_id}",), thought, "{budgeted_id}", "{budgeted_id}", (), True))
if voted := STUDY.votes.benchmarks:
    ALONE.append(Batch("for_votes", ("{sampled_id}",), voted, "{sampled_id}", "{sampled_id}", (), True))
for batch in ALONE + JUDGE_BATCHES:
    judged = batch.owner.replace("{", "{wildcards.")
    here = NOT_IN_JUDGE_BATCH if batch in ALONE else batch.only_here()

    rule:
        name:
            f"judge_{batch.name}"
        input:
            item_tables=expand("<results>/benchmarks/{benchmark}.parquet", benchmark=batch.benchmarks),
            answers=expand("<results>/answers/{id}/{benchmark}.parquet", id=batch.model_ids, benchmark=batch.benchmarks),
            model_files=files_of_judge,
            protocol=lambda wildcards: protocol_file(STUDY.judges[wildcards.judge].protocol),
        output:
            verdicts=expand(
                "<results>/verdicts/{{judge}}/{id}/{benchmark}.parquet", id=batch.model_ids, benchmark=batch.benchmarks
            ),
            manifests=expand("<results>/verdicts/{{judge}}/{id}/manifest.json", id=batch.model_ids),
        log:
            f"<logs>/judge_answers/{{judge}}/{batch.log}.log",
        benchmark:
            f"<benchmarks>/judge_answers/{{judge}}/{batch.log}.tsv"
        wildcard_constraints:
            judge=f"{here}(?:{one_of(STUDY.judges)})",
            model_id=EVALUATED,
            limited_id=rf"{LIMITABLE}/max-tokens-{NUMBER}",
            budgeted_id=rf"{LIMITABLE}/think-tokens-{BUDGET}",
            sampled_id=rf"{LIMITABLE}/samples-{STUDY.votes.samples}",
        priority: PRIORITIES["judging"]
        retries: RESTARTS
        conda:
            CONDA_ENVIRONMENT
        threads: JOBS["judging"]["threads"]
        resources:
            **memory_and_runtime("judging"),
            vllm=lambda wildcards: engine_jobs(STUDY.judges[wildcards.judge])["vllm"],
            gpu=lambda wildcards: engine_jobs(STUDY.judges[wildcards.judge])["gpu"],
            gpu_model=lambda wildcards: engine_jobs(STUDY.judges[wildcards.judge])["gpu_model"],
        params:
            program=warm_program("judge_answers"),
            judge=judge_options,
            directory=output_folder(2),
            sampling=lambda wildcards: json_option("sampling", STUDY.judges[wildcards.judge].sampling),
            engine=judge_engine,
            engine_of_results=lambda wildcards: engine_of_results(STUDY.judges[wildcards.judge]),
            seed=option("seed", STUDY.seed),
            version=version_of("verdicts"),
        message:
            f"{{wildcards.judge}} judges {judged}"
        shell:
            # exec: Slurm's SIGTERM would kill a waiting shell, and with it the job
            "exec python {params.program} --judge {wildcards.judge} {params.judge}"
            " --items {input.item_tables} --answers {input.answers} {params.sampling} {params.engine}"
            " {params.seed} --output-dir {params.directory} &> {log}"


rule grade_answers:
    input:
        item_tables=ITEMS,
        answers=expand("<results>/answers/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
    output:
        verdicts=expand("<results>/verdicts/rule_graders/{{model_id}}/{benchmark}.parquet", benchmark=STUDY.benchmarks),
    log:
        "<logs>/grade_answers/{model_id}.log",
    benchmark:
        "<benchmarks>/grade_answers/{model_id}.tsv"
    conda:
        ANALYSIS_ENVIRONMENT
    threads: JOBS["cpu_small"]["threads"]
    resources:
        **memory_and_runtime("cpu_small"),
    params:
        python=warm_python("analysis"),
        program=program("grade_answers"),
        directory=subpath(output[0], parent=True),
        version=graders_version(STUDY.benchmarks),
    message:
        "grade {wildcards.model_id} by rules"
    shell:
        "{params.python} {params.program} --items {input.item_tables} --answers {input.answers}"
        " --processes {threads} --output-dir {params.directory} &> {log}"
